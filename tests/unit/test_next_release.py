"""Two releases side by side: what a newer one has stored, the older one leaves to it."""

from __future__ import annotations

import msgspec
import pytest

from service.mailbox import CommitResult, EndedLease, Idle, InboxEntry, InboxLease, Mailbox, OutboxLease, open_state
from service.mailbox.versioning import NewerRecordError, read_record
from service.messages import Message, Outgoing, Text
from service.runtime.outbox_sender import DEFER_MS, UNREADABLE_WAIT_MS, Sender
from service.runtime.rate_limiter import LocalGcraLimiter
from service.runtime.records import OUTBOX_ENTRY
from service.settings import EMBEDDED
from simulator.world.next_release import NextMailbox

NOW_MS = 1_790_000_000_000


class Outboxes:
    """One entry that waits, put back as often as it is claimed."""

    def __init__(self, entry: bytes) -> None:
        self.due_ms = NOW_MS
        self._entry = entry

    async def claim_outbox(self, now_ms: int) -> OutboxLease | Idle:
        if now_ms < self.due_ms:
            return Idle(self.due_ms)
        return OutboxLease("263771234567", NOW_MS, NOW_MS, self._entry, 1, None, NOW_MS)

    async def ack(self, lease: OutboxLease, now_ms: int) -> EndedLease[OutboxLease]:
        raise AssertionError(f"{lease} was acknowledged at {now_ms}")

    async def reschedule(
        self, lease: OutboxLease, now_ms: int, *, due_ms: int, uncertain_since_ms: int | None
    ) -> EndedLease[OutboxLease]:
        assert lease.entry == self._entry
        assert (now_ms, uncertain_since_ms) == (NOW_MS, None)
        self.due_ms = due_ms
        return EndedLease(CommitResult.COMMITTED, None)


class Graph:
    """Must not be asked."""

    async def send(self, message: Message, *, to: str, callback_id: str) -> str:
        raise AssertionError(f"{callback_id} was sent to {to}: {message}")


async def test_the_older_sender_looks_later_than_others_for_what_it_gave_back() -> None:
    """Otherwise the one that is nearest to Redis would claim it first, each time, for ever."""
    newer = msgspec.json.encode(Outgoing(Text("hi"), version=2))
    outboxes = Outboxes(newer)
    sender = Sender(outboxes, Graph(), limiter=LocalGcraLimiter(), clock_ms=lambda: NOW_MS)
    assert await sender.run_once() == 0
    assert outboxes.due_ms == NOW_MS + UNREADABLE_WAIT_MS
    assert await sender.run_once() == UNREADABLE_WAIT_MS + DEFER_MS


async def test_a_sender_that_gave_nothing_back_looks_when_it_is_due() -> None:
    """Others' due times are its own."""
    outboxes = Outboxes(b"")
    outboxes.due_ms = NOW_MS + 5_000
    sender = Sender(outboxes, Graph(), limiter=LocalGcraLimiter(), clock_ms=lambda: NOW_MS)
    assert await sender.run_once() == 5_000


async def test_what_the_next_release_stores_only_it_can_read() -> None:
    """It reads its own as this release's form; this release finds a newer record."""
    redis = open_state(EMBEDDED)
    entry = msgspec.json.encode(Outgoing(Text("hi")))
    await NextMailbox(redis).ingest([InboxEntry("263771234567", "wamid.1", NOW_MS, entry)], NOW_MS)
    theirs = await NextMailbox(redis).claim(NOW_MS, lease_ms=1)
    ours = await Mailbox(redis).claim(NOW_MS + 10)
    await redis.aclose()
    assert isinstance(theirs, InboxLease)
    assert isinstance(ours, InboxLease)
    assert read_record(theirs.entry, OUTBOX_ENTRY) == Outgoing(Text("hi"))
    with pytest.raises(NewerRecordError):
        read_record(ours.entry, OUTBOX_ENTRY)
