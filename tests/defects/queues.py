"""Defects that concern queues, leases, and messages in transit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from litestar import Litestar
from redis.asyncio import Redis

from service.app import Service
from service.conversation import Session
from service.domain.commands import Outcome, Read, Unavailable
from service.mailbox import Idle, InboxEntry, InboxLease, Mailbox, OutboxLease
from service.mailbox.errors import translate_redis_errors
from service.mailbox.mailbox import _bytes, _digest
from service.runtime.inbox_worker import Worker, _entries, _Work
from service.runtime.outbox_sender import Reschedule, Sender
from service.whatsapp import GraphError, NotStoredError, WebhookPayload
from tests.defects.build import (
    ChangedScripts,
    RunBot,
    changed,
    with_mailbox,
    with_scripts,
    with_sender,
    with_service,
    with_worker,
)

__all__ = ("DEFECTS",)

DAY_MS: Final = 86_400_000
FOR_EVER_MS: Final = 3650 * DAY_MS
WEEK_MS: Final = 7 * DAY_MS


def _reversed(kind: type[Mailbox]) -> type[Mailbox]:
    class Reversed(kind):  # type: ignore[misc, valid-type]
        """Stores the messages of a POST last one first."""

        async def ingest(self, arrivals: Sequence[InboxEntry], now_ms: int) -> list[bool]:
            stored: list[bool] = await super().ingest(list(reversed(arrivals)), now_ms)
            return stored[::-1]

    return Reversed


def _first_only(kind: type[Mailbox]) -> type[Mailbox]:
    class FirstOnly(kind):  # type: ignore[misc, valid-type]
        """Reads the first message of a POST."""

        async def ingest(self, arrivals: Sequence[InboxEntry], now_ms: int) -> list[bool]:
            stored: list[bool] = await super().ingest(arrivals[:1], now_ms)
            return stored

    return FirstOnly


def _seen_first(kind: type[Mailbox]) -> type[Mailbox]:
    class SeenFirst(kind):  # type: ignore[misc, valid-type]
        """Marks a message as seen, and then stores it: two steps, and much can happen between them."""

        def __init__(self, redis: Redis) -> None:
            super().__init__(redis, scripts=ChangedScripts(redis, _UNSEEN))

        async def ingest(self, arrivals: Sequence[InboxEntry], now_ms: int) -> list[bool]:
            with translate_redis_errors():
                fresh = [arrival for arrival in arrivals if await self._mark(arrival, now_ms)]
            stored = set(await super().ingest(fresh, now_ms)) if fresh else set()
            return [arrival in fresh and True in stored for arrival in arrivals]

        async def _mark(self, arrival: InboxEntry, now_ms: int) -> bool:
            seen = self._keys.message_dedup_of(_bytes(arrival.member))
            added = await self._redis.zadd(seen, {_digest(arrival.wamid): now_ms}, nx=True)
            await self._redis.pexpire(seen, WEEK_MS)
            return bool(added)

    return SeenFirst


def _never_released(kind: type[Mailbox]) -> type[Mailbox]:
    class NeverReleased(kind):  # type: ignore[misc, valid-type]
        """A claim lasts until it is committed, however long that takes."""

        async def claim(self, now_ms: int, lease_ms: int = FOR_EVER_MS) -> InboxLease | Idle:
            claimed: InboxLease | Idle = await super().claim(now_ms, lease_ms)
            return claimed

    return NeverReleased


def _impatient(kind: type[Mailbox]) -> type[Mailbox]:
    class Impatient(kind):  # type: ignore[misc, valid-type]
        """Takes up at once what it has just given back because it cannot read it."""

        async def release(self, claim: InboxLease, now_ms: int, *, due_ms: int, counted: bool = True) -> None:
            await super().release(claim, now_ms, due_ms=due_ms if counted else now_ms, counted=counted)

    return Impatient


class Careless(Service):
    """Answers 200 for messages that were not stored."""

    def _litestar(self) -> Litestar:
        store = self._ingest

        async def careless(payload: WebhookPayload) -> None:
            with suppress(NotStoredError):
                await store(payload)

        self._ingest = careless
        return super()._litestar()


class Ahead(Worker):
    """Posts the answers before the commit."""

    async def _commit(self, work: _Work, session: Session | None) -> InboxLease | None:
        for place, entry in enumerate(_entries(work.messages)):
            key = f"{work.lease.fencing_token}:{work.lease.seq}:{place}"
            await self._mailbox.post(work.member, entry, key=key, now_ms=self._clock_ms())
        self._outbox_woken()
        work.messages.clear()
        return await super()._commit(work, session)


class Waiting(Worker):
    """Waits without a deadline for an answer of core."""

    async def _read_core(self, work: _Work, call: Read) -> Outcome:
        outcome = await super()._read_core(work, call)
        if isinstance(outcome, Unavailable):
            await asyncio.Event().wait()
        return outcome


class Once(Sender):
    """Does not retry a message."""

    async def _handle_failure(self, error: GraphError, lease: OutboxLease, sent_at_ms: int) -> Reschedule | None:
        await super()._handle_failure(error, lease, sent_at_ms)
        return None


_DEDUPED: Final = "if redis.call('ZSCORE', KEYS[4], digest) then return 0 end"
_UNSEEN: Final = changed((_DEDUPED, ""))

DEFECTS: Final[dict[str, RunBot]] = {
    "a late commit is not refused": with_scripts(
        ("if holds and fields[2] == seq then return 'current', true end", "if true then return 'current', true end"),
        ("if verdict == 'lost' or (seq ~= '0' and not head_is(k.list, seq)) then", "if verdict == 'lost' then"),
    ),
    "the head is popped when it is claimed": with_scripts(
        (
            "local head = redis.call('LINDEX', k.list, 0)\n  local seq = head and seq_of(head) or 0",
            "local head = redis.call('LPOP', k.list)\n  local seq = head and seq_of(head) or 0",
        ),
        ("if verdict == 'lost' or (seq ~= '0' and not head_is(k.list, seq)) then", "if verdict == 'lost' then"),
        (
            "  redis.call('LPOP', k.list)\n  redis.call('HSET', k.lease, 'done', seq)",
            "  redis.call('HSET', k.lease, 'done', seq)",
        ),
    ),
    "a commit is repeated without its number": with_scripts(
        ("if holds and fields[2] == seq then return 'current', true end", "if holds then return 'current', true end"),
        ("if verdict == 'lost' or (seq ~= '0' and not head_is(k.list, seq)) then", "if verdict == 'lost' then"),
    ),
    "no message is known again": with_scripts(
        (_DEDUPED, ""),
    ),
    "seen before it is stored": with_mailbox(_seen_first),
    "the second message of a POST is dropped": with_mailbox(_first_only),
    "a POST is stored last one first": with_mailbox(_reversed),
    "a lease never ends": with_mailbox(_never_released),
    "what is too new is taken up again at once": with_mailbox(_impatient),
    "200 for what is not stored": with_service(Careless),
    "answered before it is committed": with_worker(Ahead),
    "what could not be sent is not sent again": with_sender(Once),
    "an answer waited for without end": with_worker(Waiting),
    "a session lives for ever": with_scripts(
        ("redis.call('SET', k.session, session, 'PX', DAY)", "redis.call('SET', k.session, session)"),
    ),
}
"""By name, a function that starts a bot with the defect."""
