"""Loads members into Redis through the real mailbox, with records that the flows have written."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from redis.asyncio import Redis

from notebooks.review.memory_timeline import Moment
from service.mailbox import Idle, InboxEntry, InboxLease, Mailbox, OutboxLease
from service.mailbox.keys import Keys

__all__ = ("BATCH", "DAY_MS", "NOW_MS", "Member", "Records", "Stage", "load", "members", "name_of")

DAY_MS: Final = 86_400_000
NOW_MS: Final = 1_793_599_200_000
"""2 November 2026, 08:00 UTC: any time will do, because it is passed to the mailbox."""

BATCH: Final = 250
LANES: Final = 8
SHARD: Final = "0"
CHATTY: Final = 8
"""Messages of the one member in eight who writes several."""


class Stage(StrEnum):
    """The activity of a member."""

    WEEK = "wrote this week"
    TODAY = "wrote today"
    WAITING = "message waits"
    ANSWERED = "answer waits"
    PAYING = "write under way"


SHARES: Final = (
    *(Stage.WEEK,) * 10,
    *(Stage.TODAY,) * 7,
    Stage.WAITING,
    Stage.ANSWERED,
    Stage.PAYING,
)
"""The mixture of twenty members, with more activity than is realistic, so that every kind of key matters."""


@dataclass(frozen=True, slots=True)
class Records:
    """The records that the service stored during a conversation.

    Attributes:
        inbound: the inbox entries.
        sessions: the session after each answer.
        outgoing: the outbox entries.
        intent: the pending write.
    """

    inbound: tuple[bytes, ...]
    sessions: tuple[bytes, ...]
    outgoing: tuple[bytes, ...]
    intent: bytes

    @classmethod
    def of(cls, moments: Sequence[Moment]) -> Records:
        """The distinct records at these moments, in order."""
        found: dict[str, dict[bytes, None]] = {kind: {} for kind in ("inbox", "session", "outbox", "intent")}
        for moment in moments:
            for stored in moment.keys.values():
                found.get(stored.kind, {}).update(dict.fromkeys(stored.parts))
        return cls(
            inbound=tuple(_payload(entry) for entry in found["inbox"]),
            sessions=tuple(found["session"]),
            outgoing=tuple(_payload(entry) for entry in found["outbox"]),
            intent=next(iter(found["intent"])),
        )


@dataclass(frozen=True, slots=True)
class Member:
    """One member to be loaded.

    Attributes:
        number: the index, from 0.
        stage: the activity.
        messages: the number of messages.
        session: the index of the recorded session.
    """

    number: int
    stage: Stage
    messages: int
    session: int

    @property
    def kind(self) -> tuple[Stage, int, int]:
        """Members of the same kind need the same memory."""
        return self.stage, self.messages, self.session


def members(first: int, end: int, sessions: int) -> Iterator[Member]:
    """The members with these numbers, in a fixed mixture of kinds."""
    for number in range(first, end):
        stage = SHARES[number % len(SHARES)]
        messages = CHATTY if number // len(SHARES) % 8 == 0 else 1
        yield Member(number, stage, messages, number // len(SHARES) % sessions)


def name_of(member: Member) -> str:
    """The member's WhatsApp number: twelve digits, as in Zimbabwe."""
    return f"{263_770_000_000 + member.number}"


def _payload(entry: bytes) -> bytes:
    return entry.partition(b":")[2]


async def load(
    redis: Redis, chosen: Sequence[Member], records: Records, *, report: Callable[[int], None] = lambda _: None
) -> Counter[tuple[Stage, int, int]]:
    """Load members into Redis through the mailbox; returns the number of each kind.

    Args:
        redis: a client of the state Redis.
        chosen: the members.
        records: their records.
        report: receives the number of members loaded so far.
    """
    loading, done = _Loading(redis, records), 0
    while done < len(chosen):
        batch = chosen[done : done + BATCH]
        await loading.batch(batch)
        done += len(batch)
        report(done)
    return Counter(member.kind for member in chosen)


class _Loading:
    """Entries that must stay unclaimed are due one day later."""

    def __init__(self, redis: Redis, records: Records) -> None:
        self._redis = redis
        self._mailbox = Mailbox(redis, shard=SHARD)
        self._records = records
        self._keys = Keys(SHARD)

    async def batch(self, batch: Sequence[Member]) -> None:
        by_name = {name_of(member): member for member in batch}
        await self._talk({name: each for name, each in by_name.items() if each.stage is not Stage.WAITING})
        paying = {name: each for name, each in by_name.items() if each.stage is Stage.PAYING}
        await self._arrive(paying, NOW_MS, [each.messages for each in paying.values()], 1)
        await self._pay(len(paying))
        waiting = {name: each for name, each in by_name.items() if each.stage is Stage.WAITING}
        await self._arrive(waiting, NOW_MS + DAY_MS, [0] * len(waiting), 1)
        await self._age([name for name, each in by_name.items() if each.stage is Stage.WEEK])

    async def _arrive(
        self, who: dict[str, Member], now_ms: int, first: Sequence[int], count: int | None = None
    ) -> None:
        inbound = self._records.inbound
        arrivals = [
            InboxEntry(name, _wamid(member, message), NOW_MS - 1_000, inbound[message % len(inbound)])
            for (name, member), start in zip(who.items(), first, strict=True)
            for message in range(start, start + (member.messages if count is None else count))
        ]
        if arrivals:
            await self._mailbox.ingest(arrivals, now_ms)

    async def _talk(self, who: dict[str, Member]) -> None:
        """Handle all messages, and send all answers except those that must wait."""
        await self._arrive(who, NOW_MS, [0] * len(who))
        await asyncio.gather(*(self._answer(who) for _ in range(LANES)))
        await asyncio.gather(*(self._send() for _ in range(LANES)))

    async def _answer(self, who: dict[str, Member]) -> None:
        while not isinstance(claim := await self._mailbox.claim(NOW_MS), Idle):
            following: InboxLease | None = claim
            left = who[claim.member].messages
            while following is not None:
                left -= 1
                following = await self._commit(following, who[claim.member], last=left == 0)

    async def _commit(self, claim: InboxLease, member: Member, *, last: bool) -> InboxLease | None:
        session = self._records.sessions[member.session]
        outgoing = self._records.outgoing[member.session % len(self._records.outgoing)]
        kept = last and member.stage is Stage.ANSWERED
        now_ms = NOW_MS + DAY_MS if kept else NOW_MS
        committed = await self._mailbox.commit(claim, now_ms, session=session, outbox=[outgoing] if last else [])
        return committed.next

    async def _send(self) -> None:
        while not isinstance(found := await self._mailbox.claim_outbox(NOW_MS), Idle):
            posting: OutboxLease | None = found
            while posting is not None:
                posting = (await self._mailbox.ack(posting, NOW_MS)).next

    async def _pay(self, count: int) -> None:
        for _ in range(count):
            claim = await self._mailbox.claim(NOW_MS, DAY_MS)
            assert isinstance(claim, InboxLease)
            await self._mailbox.store_pending_writes(claim, NOW_MS, self._records.intent, lease_ms=DAY_MS)

    async def _age(self, names: Sequence[str]) -> None:
        """Delete the keys with a TTL of one day, as if a day had passed."""
        gone: list[bytes] = []
        for name in map(str.encode, names):
            gone += [self._keys.session_of(name), self._keys.inbox_of(name)[2], self._keys.outbox_of(name)[2]]
        if gone:
            await self._redis.delete(*gone)


def _wamid(member: Member, message: int) -> str:
    return f"wamid.HBgMMjYzNzcw{member.number:08d}FQIAEhgU{message:04d}"
