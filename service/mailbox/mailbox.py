"""Durable queues per member: an inbox of messages and an outbox of answers, handled one at a time and in order.

Every step may be repeated when its reply was lost: steps that name a lease recognise their repeat, `ingest` and `post`
recognise the message, and the lease of a lost claim ends by itself. Times are passed in, in milliseconds.
"""

import re
from collections.abc import Callable, Sequence
from hashlib import blake2s
from typing import Any

from redis.asyncio import Redis

from service.mailbox.errors import translate_redis_errors
from service.mailbox.keys import Keys
from service.mailbox.scripts import Argument, Runner, ScriptCall, Scripts
from service.mailbox.values import (
    CommitResult,
    DeadLetter,
    EndedLease,
    Idle,
    InboxEntry,
    InboxLease,
    LeaseT,
    OutboxLease,
    QueueStats,
)

LEASE_MS = 40_000
_OUTBOX_ID = re.compile(r"(?P<shard>[^:]+):(?P<member>.+):(?P<seq>[1-9][0-9]{0,15})", re.DOTALL)


class Mailbox:
    """The queues of one shard. What methods raise is a `MailboxError`."""

    def __init__(self, redis: Redis, *, shard: str = "0", scripts: Runner | None = None) -> None:
        """Takes a client from `open_state` (one that never retries by itself); `scripts` is for tests."""
        self._redis = redis
        self._shard = shard
        self._keys = Keys(shard)
        self._scripts: Runner = Scripts(redis) if scripts is None else scripts

    async def ingest(self, entries: Sequence[InboxEntry], now_ms: int) -> list[bool]:
        """Stores messages, each at the end of its member's inbox; True where it is new, False for a duplicate.

        Raises:
            StateUnavailableError: None, some or all are stored; repeat the whole call.
            StateFullError: The same, once there is room.
        """
        calls = [self._ingest_call(entry, now_ms) for entry in entries]
        return [reply == 1 for reply in await self._scripts.run_each("ingest", calls)]

    def _ingest_call(self, inbox_entry: InboxEntry, now_ms: int) -> ScriptCall:
        member = _bytes(inbox_entry.member)
        return ScriptCall(
            keys=[*self._keys.inbox_of(member), self._keys.message_dedup_of(member)],
            args=[member, _digest(inbox_entry.wamid), inbox_entry.sent_at_ms, now_ms, inbox_entry.entry],
        )

    async def claim(self, now_ms: int, lease_ms: int = LEASE_MS) -> InboxLease | Idle:
        """Leases the inbox that is due first, or says when one will be."""
        call = ScriptCall(keys=[self._keys.inbox], args=[self._keys.tag, now_ms, lease_ms])
        reply = await self._scripts.run("claim", call)
        return _inbox_lease(reply) if len(reply) > 1 else Idle(reply[0] if reply else None)

    async def commit(
        self,
        lease: InboxLease,
        now_ms: int,
        *,
        session: bytes | None,
        outbox: Sequence[bytes] = (),
        pending_writes: bytes | None = None,
        due_ms: int | None = None,
        lease_ms: int = LEASE_MS,
    ) -> EndedLease[InboxLease]:
        """Finishes the head in one step: it is popped, `outbox` is appended, session and pending writes are replaced.

        A `session` or `pending_writes` of None is deleted. Kept pending writes make the member due again at `due_ms`,
        with or without a message. If another message waits, its lease is returned, under the same fencing token and
        extended.
        """
        member = _bytes(lease.member)
        args: list[Argument] = [*_holder(lease), now_ms, lease_ms]
        args += [_optional(session), _optional(pending_writes), "" if due_ms is None else due_ms, *outbox]
        return _ended(await self._scripts.run("commit", ScriptCall(self._member_keys(member), args)), _inbox_lease)

    async def release(self, lease: InboxLease, now_ms: int, *, due_ms: int, counted: bool) -> CommitResult:
        """Ends the lease and keeps the head, due again at `due_ms`; with `counted` False this was no attempt."""
        keys = self._keys.inbox_of(_bytes(lease.member))
        args = [*_holder(lease), now_ms, due_ms, int(counted)]
        return _result(await self._scripts.run("release", ScriptCall(keys, args)))

    async def dead_letter(
        self,
        lease: InboxLease,
        now_ms: int,
        *,
        reason: str,
        outbox: Sequence[bytes] = (),
        lease_ms: int = LEASE_MS,
    ) -> EndedLease[InboxLease]:
        """Moves the head (for seq 0, the pending writes) to the dead letters and deletes the session.

        When a message is moved, pending writes stay and are due when they were due. Pending writes stored under this
        very lease have no due time yet and are due at once, because a write may be under way.
        """
        keys = [*self._member_keys(_bytes(lease.member)), self._keys.dead_letters]
        args = [*_holder(lease), now_ms, lease_ms, _bytes(reason), *outbox]
        return _ended(await self._scripts.run("dead_letter", ScriptCall(keys, args)), _inbox_lease)

    async def store_pending_writes(
        self, lease: InboxLease, now_ms: int, pending_writes: bytes, *, lease_ms: int = LEASE_MS
    ) -> CommitResult:
        """Stores the pending writes under the lease, and extends it. May be repeated."""
        member = _bytes(lease.member)
        inbox, _, lease_key = self._keys.inbox_of(member)
        keys = [inbox, lease_key, self._keys.pending_writes_of(member)]
        args = [*_holder(lease), now_ms, lease_ms, pending_writes]
        return _result(await self._scripts.run("store_pending_writes", ScriptCall(keys, args)))

    async def post_progress(self, lease: InboxLease, now_ms: int, entry: bytes) -> CommitResult:
        """Appends a progress message ("still working on it") to the outbox under the lease; once for each head."""
        member = _bytes(lease.member)
        keys = [self._keys.inbox_of(member)[2], *self._keys.outbox_of(member)]
        return _result(await self._scripts.run("post_progress", ScriptCall(keys, [*_holder(lease), now_ms, entry])))

    async def post(self, member: str, entry: bytes, *, key: str, now_ms: int) -> bool:
        """Appends a message that answers nobody to a member's outbox; False when its key was posted before.

        A key is remembered for a day, among the member's newest 64.

        Raises:
            StateUnavailableError: It may or may not be stored; repeat the call with the same key.
            StateFullError: It is not stored; repeat once there is room.
        """
        name = _bytes(member)
        keys = [*self._keys.outbox_of(name), self._keys.event_dedup_of(name)]
        return bool(await self._scripts.run("post", ScriptCall(keys, [name, _digest(key), now_ms, entry])) == 1)

    async def claim_outbox(self, now_ms: int, lease_ms: int = LEASE_MS) -> OutboxLease | Idle:
        """Leases the outbox that is due first, or says when one will be.

        The attempt is counted here, before it is made: from now on the head may have been sent. The lease says since
        when that was so before.
        """
        call = ScriptCall(keys=[self._keys.outbox], args=[self._keys.tag, now_ms, lease_ms])
        reply = await self._scripts.run("claim_outbox", call)
        return self._outbox_lease(reply) if len(reply) > 1 else Idle(reply[0] if reply else None)

    async def ack(self, lease: OutboxLease, now_ms: int, *, lease_ms: int = LEASE_MS) -> EndedLease[OutboxLease]:
        """Pops the head: it was sent, or is given up. The next entry's lease, if one waits, is the same extended."""
        return await self._end_attempt(lease, now_ms, lease_ms, "", "")

    async def reschedule(
        self, lease: OutboxLease, now_ms: int, *, due_ms: int, uncertain_since_ms: int | None = None
    ) -> EndedLease[OutboxLease]:
        """Ends the lease and keeps the head, due again at `due_ms`.

        `uncertain_since_ms` is since when it may have been sent; None says that it certainly was not.
        """
        since = "" if uncertain_since_ms is None else uncertain_since_ms
        return await self._end_attempt(lease, now_ms, LEASE_MS, due_ms, since)

    async def _end_attempt(
        self, lease: OutboxLease, now_ms: int, lease_ms: int, due: int | str, since: int | str
    ) -> EndedLease[OutboxLease]:
        member = _bytes(lease.member)
        keys = [*self._keys.outbox_of(member), self._keys.message_dedup_of(member)]
        args: list[Argument] = [*_holder(lease), now_ms, lease_ms, due, since]
        return _ended(await self._scripts.run("ack", ScriptCall(keys, args)), self._outbox_lease)

    async def confirm_delivery(self, callback_id: str, now_ms: int) -> bool:
        """Pops the entry with this id if it is still the head: a status carried the id, so it was sent."""
        found = _OUTBOX_ID.fullmatch(callback_id)
        if found is None or found["shard"] != self._shard:
            return False
        member = _bytes(found["member"])
        call = ScriptCall(self._keys.outbox_of(member), [member, found["seq"], now_ms])
        return bool(await self._scripts.run("confirm_delivery", call) == 1)

    async def queue_stats(self) -> QueueStats:
        """How many members have work, how many dead letters there are, and when the first work is due."""
        with translate_redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.zcard(self._keys.inbox)
                pipeline.zcard(self._keys.outbox)
                pipeline.llen(self._keys.dead_letters)
                pipeline.zrange(self._keys.inbox, 0, 0, withscores=True)
                pipeline.zrange(self._keys.outbox, 0, 0, withscores=True)
                inbox, outbox, dead_letters, first_in, first_out = await pipeline.execute()
        return QueueStats(inbox, outbox, dead_letters, _first_due(first_in), _first_due(first_out))

    async def dead_letters(self, start: int = 0, count: int = 50) -> list[DeadLetter]:
        """At most `count` dead letters, oldest first, from number `start` on (from 0)."""
        if count < 1:
            return []
        with translate_redis_errors():
            stored: list[Any] = await self._redis.lrange(self._keys.dead_letters, start, start + count - 1)
        return [DeadLetter.parse(letter) for letter in stored]

    async def redrive(self, letter: DeadLetter, now_ms: int) -> CommitResult:
        """Moves a dead letter back: a message goes to the end of its inbox, and the session is deleted.

        `DONE` when it is no longer there. Pending writes are due at once; `LOST` (and still a dead letter) while a
        worker holds the member or the member has other pending writes.
        """
        member = _bytes(letter.member)
        keys = [self._keys.dead_letters, *self._keys.inbox_of(member)]
        keys += [self._keys.session_of(member), self._keys.pending_writes_of(member)]
        kind = "intent" if letter.is_pending_writes else "message"
        args: list[Argument] = [member, now_ms, kind, letter.stored, letter.entry_offset + 1]  # Lua counts from 1
        return _result(await self._scripts.run("redrive", ScriptCall(keys, args)))

    async def drop(self, letter: DeadLetter) -> CommitResult:
        """Deletes a dead letter; `DONE` when it is no longer there."""
        with translate_redis_errors():
            removed = await self._redis.lrem(self._keys.dead_letters, 1, letter.stored)  # type: ignore[arg-type]
        return CommitResult.COMMITTED if removed else CommitResult.DONE

    def _member_keys(self, member: bytes) -> list[bytes]:
        keys = self._keys
        own = [keys.session_of(member), keys.pending_writes_of(member), keys.message_dedup_of(member)]
        return [*keys.inbox_of(member), *own, *keys.outbox_of(member)]

    def _outbox_lease(self, reply: list[Any]) -> OutboxLease:
        member, fencing_token, seq, entry, attempts, since, last_wrote = reply
        return OutboxLease(_text(member), fencing_token, seq, entry, attempts, since, last_wrote, self._shard)


def _holder(lease: InboxLease | OutboxLease) -> list[Argument]:
    return [_bytes(lease.member), lease.fencing_token, lease.seq]


def _inbox_lease(reply: list[Any]) -> InboxLease:
    member, *rest = reply
    return InboxLease(_text(member), *rest)


def _ended(reply: list[Any], read: Callable[[list[Any]], LeaseT]) -> EndedLease[LeaseT]:
    result, following = reply
    return EndedLease(_result(result), read(following) if following else None)


def _result(reply: bytes) -> CommitResult:
    return CommitResult(reply.decode())


def _digest(text: str) -> bytes:
    return blake2s(_bytes(text), digest_size=16).digest()


def _optional(value: bytes | None) -> bytes:
    return b"" if value is None else b"=" + value


def _first_due(first: list[Any]) -> int | None:
    return int(first[0][1]) if first else None


def _bytes(text: str) -> bytes:
    # JSON may hold a lone surrogate, which must not stop the messages around it.
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")
