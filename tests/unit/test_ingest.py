"""What becomes of a webhook's messages and statuses."""

from __future__ import annotations

from service.mailbox import Mailbox, StateUnavailableError, open_state
from service.observability.emf import EmfWriter
from service.web.ingest import Ingest
from service.whatsapp import Status, WebhookPayload


class CountingMailbox(Mailbox):
    """Counts the confirmations, and fails them when told to."""

    def __init__(self) -> None:
        super().__init__(open_state("embedded://"))
        self.confirmed: list[str] = []
        self.away = False

    async def confirm_delivery(self, callback_id: str, now_ms: int) -> bool:
        self.confirmed.append(callback_id)
        if self.away:
            raise StateUnavailableError("away")
        return await super().confirm_delivery(callback_id, now_ms)


def payload(*callback_ids: str) -> WebhookPayload:
    statuses = tuple(Status("wamid", "sent", 0, None, callback_id, ()) for callback_id in callback_ids)
    return WebhookPayload((), statuses, 0)


def ingest_of(mailbox: Mailbox, remembered: int = 100) -> Ingest:
    return Ingest(
        mailbox,
        EmfWriter("test", None),
        clock_ms=lambda: 0,
        pseudonym=str,
        inbox_woken=lambda: None,
        outbox_woken=lambda: None,
        remembered=remembered,
    )


async def test_only_the_first_status_of_a_message_asks_the_mailbox() -> None:
    """Sent, delivered and read prove the same."""
    mailbox = CountingMailbox()
    ingest = ingest_of(mailbox)
    await ingest.store(payload("0:1:1", "0:1:2", "0:1:1"))
    await ingest.store(payload("0:1:1"))
    assert mailbox.confirmed == ["0:1:1", "0:1:2"]


async def test_a_status_that_could_not_be_handled_is_tried_again() -> None:
    """While the state Redis is away nothing counts as confirmed."""
    mailbox = CountingMailbox()
    ingest = ingest_of(mailbox)
    mailbox.away = True
    await ingest.store(payload("0:1:1"))
    mailbox.away = False
    await ingest.store(payload("0:1:1"))
    assert mailbox.confirmed == ["0:1:1", "0:1:1"]


async def test_the_ids_that_are_remembered_are_bounded() -> None:
    """However many messages are confirmed, the newest ids are remembered and the oldest are forgotten."""
    mailbox = CountingMailbox()
    ingest = ingest_of(mailbox, remembered=2)
    await ingest.store(payload("0:1:1", "0:1:2", "0:1:3", "0:1:2", "0:1:1"))
    assert mailbox.confirmed == ["0:1:1", "0:1:2", "0:1:3", "0:1:1"]
