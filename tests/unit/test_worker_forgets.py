"""A number that changed leaves nothing behind in the mailbox."""

from __future__ import annotations

import msgspec
from fakeredis import FakeServer

from service import flows
from service.domain import Content, InboundMessage, NumberChanged, TextMessage
from service.domain.commands import NotFound, Outcome, Read
from service.mailbox import InboxEntry, InboxLease, Mailbox, open_state
from service.runtime.inbox_worker import Worker
from service.writes.reconciler import Reconciler

NOW = 1_793_606_400_000
TARIRO = "263771234567"


class NobodyKnown:
    """Credex core, to which everybody is a stranger."""

    async def read(self, member: str, call: Read) -> Outcome:  # noqa: ARG002
        return NotFound()


async def test_the_session_of_a_number_that_changed_is_deleted_and_nothing_is_said() -> None:
    """Whoever has the number next starts like anybody else."""
    state = open_state("embedded://", server=FakeServer())
    mailbox = Mailbox(state)
    money: Reconciler = Reconciler.__new__(Reconciler)  # no money moves here
    worker = Worker(mailbox, NobodyKnown(), money, flows.flow_registry(), clock_ms=lambda: NOW)
    contents: list[Content] = [TextMessage("Mhoro"), NumberChanged("263782000909")]
    for number, content in enumerate(contents):
        inbound = InboundMessage(f"wamid.{number}", NOW, NOW, content)
        await mailbox.ingest([InboxEntry(TARIRO, inbound.wamid, NOW, msgspec.json.encode(inbound))], NOW)
        await worker.run_once()
        stored = await state.exists(f"{{0}}:session:{TARIRO}")
        assert (stored, await state.llen(f"{{0}}:outbox:{TARIRO}")) == ((1, 1) if number == 0 else (0, 1))
    await mailbox.ingest([InboxEntry(TARIRO, "wamid.later", NOW, b"")], NOW)
    claim = await mailbox.claim(NOW)
    assert isinstance(claim, InboxLease)
    assert claim.session is None
    await state.aclose()
