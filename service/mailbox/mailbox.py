"""Durable queues per member: messages in, messages out, one at a time and in order.

Every step may be repeated when its answer was lost: steps that name a claim know their own repeat, `ingest` knows the
message, and a claim that never arrived waits for its lease to end. Times are passed in, in milliseconds.
"""

from __future__ import annotations

import re
from hashlib import blake2s
from typing import TYPE_CHECKING, Any

from service.mailbox.errors import translate_redis_errors
from service.mailbox.keys import Keys
from service.mailbox.scripts import Argument, Runner, ScriptCall, Scripts
from service.mailbox.values import (
    CommitResult,
    Committed,
    DeadLetter,
    Idle,
    InboxEntry,
    InboxLease,
    OutboxLease,
    QueueStats,
    Settled,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from redis.asyncio import Redis

LEASE_MS = 40_000
_POSTING_ID = re.compile(r"(?P<shard>[^:]+):(?P<member>.+):(?P<seq>[1-9][0-9]{0,15})", re.DOTALL)


class Mailbox:
    """The queues of one shard. Every method raises `MailboxError` as its errors say, and nothing else."""

    def __init__(self, redis: Redis, *, shard: str = "0", scripts: Runner | None = None) -> None:
        """Takes a client from `open_state` (one that never retries by itself); `scripts` is for tests."""
        self._redis = redis
        self._shard = shard
        self._keys = Keys(shard)
        self._scripts: Runner = Scripts(redis) if scripts is None else scripts

    async def ingest(self, arrivals: Sequence[InboxEntry], now_ms: int) -> list[bool]:
        """Stores messages, each at the end of its member's inbox; True where it is new, False where seen before.

        Raises:
            StateUnavailable: None, some or all are stored; repeat the whole call.
            StateFull: The same, once there is room.
        """
        calls = [self._ingest_call(arrival, now_ms) for arrival in arrivals]
        return [reply == 1 for reply in await self._scripts.run_each("ingest", calls)]

    def _ingest_call(self, arrival: InboxEntry, now_ms: int) -> ScriptCall:
        member = _bytes(arrival.member)
        return ScriptCall(
            keys=[*self._keys.inbox_of(member), self._keys.seen_of(member)],
            args=[member, _digest(arrival.wamid), arrival.sent_at_ms, now_ms, arrival.entry],
        )

    async def claim(self, now_ms: int, lease_ms: int = LEASE_MS) -> InboxLease | Idle:
        """Holds the member that is due first, or says when one will be."""
        call = ScriptCall(keys=[self._keys.inbox], args=[self._keys.tag, now_ms, lease_ms])
        reply = await self._scripts.run("claim", call)
        return _claim(reply) if len(reply) > 1 else Idle(reply[0] if reply else None)

    async def commit(
        self,
        claim: InboxLease,
        now_ms: int,
        *,
        session: bytes | None,
        outbox: Sequence[bytes] = (),
        intent: bytes | None = None,
        due_ms: int | None = None,
        lease_ms: int = LEASE_MS,
    ) -> Committed:
        """Finishes a claim in one step: session and intent as given (None deletes), `outbox` appended, the head gone.

        A kept intent makes the member due again at `due_ms`, with or without a message. If another message waits, it
        comes back as the next claim under the same token, with the lease extended.
        """
        member = _bytes(claim.member)
        args: list[Argument] = [*_named(claim), now_ms, lease_ms]
        args += [_optional(session), _optional(intent), "" if due_ms is None else due_ms, *outbox]
        outcome, following = await self._scripts.run("commit", ScriptCall(self._member_keys(member), args))
        return Committed(_outcome(outcome), _claim(following) if following else None)

    async def release(self, claim: InboxLease, now_ms: int, *, due_ms: int, counted: bool) -> CommitResult:
        """Ends the lease and leaves the head where it is, due again at `due_ms`; uncounted claims do not add up."""
        keys = self._keys.inbox_of(_bytes(claim.member))
        args = [*_named(claim), now_ms, due_ms, int(counted)]
        return _outcome(await self._scripts.run("give_back", ScriptCall(keys, args)))

    async def dead_letter(
        self,
        claim: InboxLease,
        now_ms: int,
        *,
        reason: str,
        outbox: Sequence[bytes] = (),
        lease_ms: int = LEASE_MS,
    ) -> Committed:
        """Gives the head up (for seq 0, the intent): it goes to the dead, with reason and time; the session is reset.

        A buried message leaves its intent in place, due when it was due. One that was stored during this very claim
        has no time yet and is looked at at once: a write may be under way.
        """
        keys = [*self._member_keys(_bytes(claim.member)), self._keys.dead]
        args = [*_named(claim), now_ms, lease_ms, _bytes(reason), *outbox]
        outcome, following = await self._scripts.run("bury", ScriptCall(keys, args))
        return Committed(_outcome(outcome), _claim(following) if following else None)

    async def store_intent(
        self, claim: InboxLease, now_ms: int, intent: bytes, *, lease_ms: int = LEASE_MS
    ) -> CommitResult:
        """Writes the intent down while the claim is held, and extends the lease. Repeating is harmless."""
        member = _bytes(claim.member)
        inbox, _, lease = self._keys.inbox_of(member)
        call = ScriptCall([inbox, lease, self._keys.intent_of(member)], [*_named(claim), now_ms, lease_ms, intent])
        return _outcome(await self._scripts.run("store_intent", call))

    async def notice(self, claim: InboxLease, now_ms: int, entry: bytes) -> CommitResult:
        """Sends one extra message while the claim is held ("still working on it"); at most once for a head."""
        member = _bytes(claim.member)
        lease = self._keys.inbox_of(member)[2]
        call = ScriptCall([lease, *self._keys.outbox_of(member)], [*_named(claim), now_ms, entry])
        return _outcome(await self._scripts.run("notice", call))

    async def post(self, member: str, entry: bytes, *, key: str, now_ms: int) -> bool:
        """Puts a message that answers nobody at the end of a member's outbox; False when this key was posted before.

        A key is known for a day, among the member's newest 64.

        Raises:
            StateUnavailable: It may or may not be stored; repeat the call with the same key.
            StateFull: It is not stored; repeat once there is room.
        """
        name = _bytes(member)
        call = ScriptCall(
            [*self._keys.outbox_of(name), self._keys.posted_of(name)], [name, _digest(key), now_ms, entry]
        )
        return bool(await self._scripts.run("post", call) == 1)

    async def claim_outbox(self, now_ms: int, lease_ms: int = LEASE_MS) -> OutboxLease | Idle:
        """Holds the outbox that is due first, or says when one will be.

        The attempt is counted here, before it is made: from now on the head is uncertain, and the posting says since
        when it was before.
        """
        call = ScriptCall(keys=[self._keys.outbox], args=[self._keys.tag, now_ms, lease_ms])
        reply = await self._scripts.run("claim_outbox", call)
        return self._posting(reply) if len(reply) > 1 else Idle(reply[0] if reply else None)

    async def settle(
        self,
        posting: OutboxLease,
        now_ms: int,
        *,
        again_ms: int | None = None,
        uncertain_since_ms: int | None = None,
        lease_ms: int = LEASE_MS,
    ) -> Settled:
        """Ends an attempt: sent (`again_ms` None, the head goes), or due again at `again_ms`.

        `uncertain_since_ms` is then the mark the head keeps; None says that it certainly did not leave.
        """
        member = _bytes(posting.member)
        keys = [*self._keys.outbox_of(member), self._keys.seen_of(member)]
        again = "" if again_ms is None else again_ms
        since = "" if uncertain_since_ms is None else uncertain_since_ms
        args: list[Argument] = [member, posting.token, posting.seq, now_ms, lease_ms, again, since]
        outcome, following = await self._scripts.run("settle", ScriptCall(keys, args))
        return Settled(_outcome(outcome), self._posting(following) if following else None)

    async def confirm(self, posting_id: str, now_ms: int) -> bool:
        """A status carried this id, so it was sent: it goes, if it is still the head. False otherwise."""
        found = _POSTING_ID.fullmatch(posting_id)
        if found is None or found["shard"] != self._shard:
            return False
        member = _bytes(found["member"])
        call = ScriptCall(self._keys.outbox_of(member), [member, found["seq"], now_ms])
        return bool(await self._scripts.run("confirm", call) == 1)

    async def depths(self) -> QueueStats:
        """How much waits, and since when."""
        with translate_redis_errors():
            async with self._redis.pipeline(transaction=False) as pipeline:
                pipeline.zcard(self._keys.inbox)
                pipeline.zcard(self._keys.outbox)
                pipeline.llen(self._keys.dead)
                pipeline.zrange(self._keys.inbox, 0, 0, withscores=True)
                pipeline.zrange(self._keys.outbox, 0, 0, withscores=True)
                inbox, outbox, dead, first_in, first_out = await pipeline.execute()
        return QueueStats(inbox, outbox, dead, _first_due(first_in), _first_due(first_out))

    async def dead_letters(self, start: int = 0, count: int = 50) -> list[DeadLetter]:
        """The dead, oldest first: at most `count` of them, from number `start` on (from 0)."""
        if count < 1:
            return []
        with translate_redis_errors():
            stored: list[Any] = await self._redis.lrange(self._keys.dead, start, start + count - 1)
        return [DeadLetter.parse(letter) for letter in stored]

    async def redrive(self, letter: DeadLetter, now_ms: int) -> CommitResult:
        """Takes a letter out of the dead: a message goes to the end of its inbox, and the session starts fresh.

        `DONE` when it is no longer there. An intent is looked at at once; `LOST` (and still dead) while a worker holds
        the member or another intent stands.
        """
        member = _bytes(letter.member)
        keys = [self._keys.dead, *self._keys.inbox_of(member)]
        keys += [self._keys.session_of(member), self._keys.intent_of(member)]
        kind = "intent" if letter.is_intent else "message"
        args: list[Argument] = [member, now_ms, kind, letter.stored, letter.entry_offset + 1]  # Lua counts from 1
        return _outcome(await self._scripts.run("put_back", ScriptCall(keys, args)))

    async def drop(self, letter: DeadLetter) -> CommitResult:
        """Removes a letter from the dead for good; `DONE` when it is no longer there."""
        with translate_redis_errors():
            removed = await self._redis.lrem(self._keys.dead, 1, letter.stored)  # type: ignore[arg-type]
        return CommitResult.COMMITTED if removed else CommitResult.DONE

    def _member_keys(self, member: bytes) -> list[bytes]:
        keys = self._keys
        own = [keys.session_of(member), keys.intent_of(member), keys.seen_of(member)]
        return [*keys.inbox_of(member), *own, *keys.outbox_of(member)]

    def _posting(self, reply: list[Any]) -> OutboxLease:
        member, token, seq, entry, claims, since, last_wrote = reply
        return OutboxLease(_text(member), token, seq, entry, claims, since, last_wrote, self._shard)


def _named(claim: InboxLease) -> list[Argument]:
    return [_bytes(claim.member), claim.token, claim.seq]


def _claim(reply: list[Any]) -> InboxLease:
    member, *rest = reply
    return InboxLease(_text(member), *rest)


def _outcome(reply: bytes) -> CommitResult:
    return CommitResult(reply.decode())


def _digest(text: str) -> bytes:
    return blake2s(_bytes(text), digest_size=16).digest()


def _optional(value: bytes | None) -> bytes:
    return b"" if value is None else b"=" + value


def _first_due(first: list[Any]) -> int | None:
    return int(first[0][1]) if first else None


def _bytes(text: str) -> bytes:
    # Half a surrogate pair can come out of JSON: it must not stop the messages around it.
    return text.encode("utf-8", "surrogatepass")


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogatepass")
