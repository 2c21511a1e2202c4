"""A sender at work in the tests: hand-written outboxes and real ones, a Graph API that answers as told, a log."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec

from service.mailbox import CommitResult, EndedLease, Idle, InboxEntry, InboxLease, Mailbox, OutboxLease, open_state
from service.messages import Message, Outgoing, Template, Text
from service.runtime.outbox_sender import Sender
from service.runtime.rate_limiter import LocalGcraLimiter
from service.whatsapp import GraphError
from simulator.whatsapp_cloud.virtual_time import Clock, run

START = 1_793_606_400_000
LEASE_MS = 40_000
MINUTE = 60_000
HOUR = 60 * MINUTE
RUDO, FARAI, TINO = "263772000101", "263713000102", "263733000103"


class Boxes(Protocol):
    """Outboxes that a test can fill."""

    async def claim_outbox(self, now_ms: int, /) -> OutboxLease | Idle: ...
    async def ack(self, lease: OutboxLease, now_ms: int, /) -> EndedLease[OutboxLease]: ...
    async def reschedule(
        self, lease: OutboxLease, now_ms: int, /, *, due_ms: int, uncertain_since_ms: int | None
    ) -> EndedLease[OutboxLease]: ...
    async def confirm_delivery(self, callback_id: str, now_ms: int, /) -> bool: ...
    async def put(self, member: str, entries: list[bytes], now_ms: int, *, wrote_ms: int) -> None: ...
    async def waiting(self) -> int: ...


class HandWritten:
    """Outboxes in a few lines: what the mailbox promises, without Redis."""

    def __init__(self) -> None:
        self.queues: dict[str, list[tuple[int, bytes]]] = {}
        self.due: dict[str, int] = {}
        self.wrote: dict[str, int] = {}
        self.marks: dict[str, tuple[int, int | None]] = {}  # attempts of the head, uncertain since
        self.held: dict[str, int] = {}
        self.last = 0

    async def put(self, member: str, entries: list[bytes], now_ms: int, *, wrote_ms: int) -> None:
        self.wrote[member] = wrote_ms
        queue = self.queues.setdefault(member, [])
        for entry in entries:
            self.last = max(self.last + 1, now_ms)
            queue.append((self.last, entry))
        self.due.setdefault(member, now_ms)

    async def waiting(self) -> int:
        return sum(len(queue) for queue in self.queues.values())

    async def claim_outbox(self, now_ms: int, /) -> OutboxLease | Idle:
        if not self.due:
            return Idle(None)
        due, member = min((due, member) for member, due in self.due.items())
        if due > now_ms:
            return Idle(due)
        self.last += 1
        self.held[member] = self.last
        return self._hand_out(member, self.last, now_ms)

    def _hand_out(self, member: str, token: int, now_ms: int) -> OutboxLease:
        seq, entry = self.queues[member][0]
        claims, since = self.marks.get(member, (0, None))
        self.marks[member] = (claims + 1, now_ms)
        self.due[member] = now_ms + LEASE_MS
        wrote: int | None = self.wrote[member]
        if wrote is not None and wrote < now_ms - 7 * 24 * HOUR:
            wrote = None
        return OutboxLease(member, token, seq, entry, claims + 1, since, wrote)

    async def ack(self, lease: OutboxLease, now_ms: int, /) -> EndedLease[OutboxLease]:
        return self._end_attempt(lease, now_ms, None, None)

    async def reschedule(
        self, lease: OutboxLease, now_ms: int, /, *, due_ms: int, uncertain_since_ms: int | None
    ) -> EndedLease[OutboxLease]:
        return self._end_attempt(lease, now_ms, due_ms, uncertain_since_ms)

    def _end_attempt(
        self, lease: OutboxLease, now_ms: int, due_ms: int | None, uncertain_since_ms: int | None
    ) -> EndedLease[OutboxLease]:
        member = lease.member
        if self.held.get(member) != lease.fencing_token:
            return EndedLease(CommitResult.LOST, None)
        queue = self.queues[member]
        confirmed = not queue or queue[0][0] != lease.seq
        if due_ms is not None and not confirmed:
            del self.held[member]
            self.due[member] = due_ms
            self.marks[member] = (lease.attempts, uncertain_since_ms)
            return EndedLease(CommitResult.COMMITTED, None)
        if not confirmed:
            del queue[0]
        self.marks.pop(member, None)
        outcome = CommitResult.DONE if confirmed else CommitResult.COMMITTED
        if queue:
            return EndedLease(outcome, self._hand_out(member, lease.fencing_token, now_ms))
        del self.held[member], self.due[member]
        return EndedLease(outcome, None)

    async def confirm_delivery(self, callback_id: str, now_ms: int, /) -> bool:
        _, member, seq = callback_id.split(":")
        queue = self.queues.get(member, [])
        if not queue or queue[0][0] != int(seq):
            return False
        del queue[0]
        self.marks.pop(member, None)
        if member not in self.held:
            self.due[member] = now_ms
            if not queue:
                del self.due[member]
        return True


class OnRedis(Mailbox):
    """The mailbox itself, filled as the worker fills it."""

    def __init__(self) -> None:
        super().__init__(open_state("embedded://"))
        self._arrivals = 0

    async def put(self, member: str, entries: list[bytes], now_ms: int, *, wrote_ms: int) -> None:
        self._arrivals += 1
        await self.ingest([InboxEntry(member, f"wamid.{self._arrivals}", wrote_ms, b"")], now_ms)
        claim = await self.claim(now_ms)
        assert isinstance(claim, InboxLease)
        await self.commit(claim, now_ms, session=None, outbox=entries)

    async def waiting(self) -> int:
        return (await self.queue_stats()).outbox_members


class FakeGraph:
    """Takes messages, or answers as told; keeps when it was asked for what."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.takes_ms = 0
        self.answers: deque[GraphError | None] = deque()
        self.rule: Callable[[int, str], GraphError | None] = lambda _at, _member: None
        self.asked: list[tuple[int, str, str]] = []
        self.ids: list[str] = []

    async def send(self, message: Message, *, to: str, callback_id: str) -> str:
        at = self.clock.now_ms() - START
        self.asked.append((at, to, _label(message)))
        self.ids.append(callback_id)
        answer = self.answers.popleft() if self.answers else self.rule(at, to)
        await asyncio.sleep(self.takes_ms / 1000)
        if answer is not None:
            raise answer
        return f"wamid.{len(self.asked)}"

    def times(self, member: str = RUDO) -> list[float]:
        """When the member was written to, in seconds, to a tenth."""
        return [round(at / 1000, 1) for at, to, _ in self.asked if to == member]

    def labels(self, member: str = RUDO) -> list[str]:
        return [label for _, to, label in self.asked if to == member]


def _label(message: Message) -> str:
    match message:
        case Text():
            return message.body
        case Template():
            return message.name
        case _:
            return type(message).__name__


class Log:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, dict[str, object]]] = []

    def info(self, event: str, **fields: object) -> None:
        self.lines.append((event, fields))

    warning = error = exception = info

    def count(self, event: str) -> int:
        return sum(1 for name, _ in self.lines if name == event)


class World:
    """A sender at work."""

    def __init__(self, clock: Clock, boxes: Boxes) -> None:
        self.clock = clock
        self.boxes = boxes
        self.graph = FakeGraph(clock)
        self.log = Log()
        self.wake, self.stop = asyncio.Event(), asyncio.Event()
        self.sender = self.another()

    def another(self) -> Sender:
        """A sender over the same outboxes, as another process would be."""
        return Sender(
            self.boxes,
            self.graph,
            limiter=LocalGcraLimiter(),
            clock_ms=self.clock.now_ms,
            poll_ms=None,
            pseudonym=lambda member: f"member-{member[-2:]}",
            log=self.log,
        )

    async def put(self, member: str, *messages: Message | str, wrote_ms: int | None = None) -> None:
        """Leaves messages in an outbox; the member wrote a moment ago, unless said otherwise."""
        entries = [
            msgspec.json.encode(Outgoing(Text(message) if isinstance(message, str) else message))
            for message in messages
        ]
        await self.put_raw(member, *entries, wrote_ms=wrote_ms)

    async def put_raw(self, member: str, *entries: bytes, wrote_ms: int | None = None) -> None:
        now = self.clock.now_ms()
        await self.boxes.put(member, list(entries), now, wrote_ms=now if wrote_ms is None else wrote_ms)
        self.wake.set()

    async def until(self, seconds: float) -> None:
        """Lets the time since the start come."""
        await asyncio.sleep(max(0.0, seconds - (self.clock.now_ms() - START) / 1000))

    async def waiting(self) -> int:
        return await self.boxes.waiting()


Scenario = Callable[[World], Awaitable[None]]


Play = Callable[[Scenario], World]


def player(make_boxes: Callable[[], Boxes]) -> Play:
    """Plays a scenario with a sender at work, and returns the world as it was left."""

    def played(scenario: Scenario) -> World:
        async def main(clock: Clock) -> World:
            world = World(clock, make_boxes())
            sending = asyncio.create_task(world.sender.run(world.stop, world.wake))
            await scenario(world)
            world.stop.set()
            await sending
            return world

        return run(main, start_ms=START)

    return played
