"""Stores what a webhook brings: messages into inboxes, and what statuses say about messages that we sent."""

from collections.abc import Callable
from typing import Final

import msgspec
import structlog
from cachetools import LRUCache

from service.mailbox import InboxEntry, Mailbox, MailboxError
from service.observability import metrics
from service.observability.emf import EmfWriter
from service.whatsapp import NotStoredError, Status, WebhookPayload

NO_CODE: Final = "none"
_CONFIRMED_IDS: Final = 10_000
"""How many ids of confirmed messages are remembered, so that their later statuses cost no round trip."""

log = structlog.get_logger(__name__)


class Ingest:
    """Stores the payloads of WhatsApp's webhooks; `pseudonym` names a member in logs."""

    def __init__(
        self,
        mailbox: Mailbox,
        metric_writer: EmfWriter,
        *,
        clock_ms: Callable[[], int],
        pseudonym: Callable[[str], str],
        inbox_woken: Callable[[], None],
        outbox_woken: Callable[[], None],
        remembered: int = _CONFIRMED_IDS,
    ) -> None:
        self._mailbox = mailbox
        self._metrics = metric_writer
        self._clock_ms = clock_ms
        self._pseudonym = pseudonym
        self._inbox_woken = inbox_woken
        self._outbox_woken = outbox_woken
        self._confirmed = LRUCache[str, bool](remembered)

    async def store(self, payload: WebhookPayload) -> None:
        """Stores the messages durably, then handles the statuses.

        Raises:
            NotStoredError: at least one message is not stored; Meta has to deliver the payload again.
        """
        entries = [
            InboxEntry(member, inbound.wamid, inbound.sent_at_ms, msgspec.json.encode(inbound))
            for member, inbound in payload.messages
        ]
        if entries:
            try:
                stored = await self._mailbox.ingest(entries, self._clock_ms())
            except MailboxError as error:
                raise NotStoredError(str(error)) from error
            self._metrics.count(metrics.MESSAGES_RECEIVED, sum(stored))
            self._inbox_woken()
        for status in payload.statuses:
            await self._handle_status(status)

    async def _handle_status(self, status: Status) -> None:
        """A status that carries an outbox entry's id proves that it was sent. Losing one may cost a second sending."""
        if status.status == "failed":
            log.warning("message_failed", codes=status.codes, member=self._pseudonym(status.recipient or ""))
            self._metrics.count(metrics.SEND_FAILURES, of=str(next(iter(status.codes), NO_CODE)))
        if status.callback_id is None or status.callback_id in self._confirmed:
            return
        try:
            if await self._mailbox.confirm_delivery(status.callback_id, self._clock_ms()):
                self._outbox_woken()
        except MailboxError as error:
            log.warning("status_not_noted", error=type(error).__name__)
        else:
            # Sent, delivered and read all prove the same, so only the first of them needs the mailbox.
            self._confirmed[status.callback_id] = True
