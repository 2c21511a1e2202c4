"""What the sender does with every answer, over hand-written outboxes and over the real ones on an embedded Redis."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Protocol

import msgspec
import pytest
from fakeredis import FakeAsyncRedis, FakeServer

from service.mailbox import (
    Arrival,
    Claim,
    Idle,
    Mailbox,
    Outcome,
    Posting,
    Settled,
    StateUnavailable,
)
from service.messages import Message, Outgoing, Reaction, Template, Text
from service.rate import LocalBucket
from service.sender import Sender
from service.whatsapp import (
    GraphError,
    NoAnswer,
    NotSent,
    PairLimited,
    Rejected,
    Stopped,
    Throttled,
    Transient,
    WindowClosed,
)
from simulator.virtual_time import Clock, run

START = 1_793_606_400_000
LEASE_MS = 40_000
MINUTE = 60_000
HOUR = 60 * MINUTE
RUDO, FARAI, TINO = "263772000101", "263713000102", "263733000103"


class Boxes(Protocol):
    """Outboxes that a test can fill."""

    async def claim_outbox(self, now_ms: int, /) -> Posting | Idle: ...
    async def settle(
        self, posting: Posting, now_ms: int, /, *, again_ms: int | None, uncertain_since_ms: int | None
    ) -> Settled: ...
    async def confirm(self, posting_id: str, now_ms: int, /) -> bool: ...
    async def put(self, member: str, entries: list[bytes], now_ms: int, *, wrote_ms: int) -> None: ...
    async def waiting(self) -> int: ...


class HandWritten:
    """Outboxes in a few lines: what the mailbox promises, without Redis."""

    def __init__(self) -> None:
        self.queues: dict[str, list[tuple[int, bytes]]] = {}
        self.due: dict[str, int] = {}
        self.wrote: dict[str, int] = {}
        self.marks: dict[str, tuple[int, int | None]] = {}  # claims of the head, uncertain since
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

    async def claim_outbox(self, now_ms: int, /) -> Posting | Idle:
        if not self.due:
            return Idle(None)
        due, member = min((due, member) for member, due in self.due.items())
        if due > now_ms:
            return Idle(due)
        self.last += 1
        self.held[member] = self.last
        return self._hand_out(member, self.last, now_ms)

    def _hand_out(self, member: str, token: int, now_ms: int) -> Posting:
        seq, entry = self.queues[member][0]
        claims, since = self.marks.get(member, (0, None))
        self.marks[member] = (claims + 1, now_ms)
        self.due[member] = now_ms + LEASE_MS
        wrote: int | None = self.wrote[member]
        if wrote is not None and wrote < now_ms - 7 * 24 * HOUR:
            wrote = None
        return Posting(member, token, seq, entry, claims + 1, since, wrote)

    async def settle(
        self, posting: Posting, now_ms: int, /, *, again_ms: int | None, uncertain_since_ms: int | None
    ) -> Settled:
        member = posting.member
        if self.held.get(member) != posting.token:
            return Settled(Outcome.LOST, None)
        queue = self.queues[member]
        confirmed = not queue or queue[0][0] != posting.seq
        if again_ms is not None and not confirmed:
            del self.held[member]
            self.due[member] = again_ms
            self.marks[member] = (posting.claims, uncertain_since_ms)
            return Settled(Outcome.COMMITTED, None)
        if not confirmed:
            del queue[0]
        self.marks.pop(member, None)
        outcome = Outcome.DONE if confirmed else Outcome.COMMITTED
        if queue:
            return Settled(outcome, self._hand_out(member, posting.token, now_ms))
        del self.held[member], self.due[member]
        return Settled(outcome, None)

    async def confirm(self, posting_id: str, now_ms: int, /) -> bool:
        _, member, seq = posting_id.split(":")
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
        super().__init__(FakeAsyncRedis(server=FakeServer()))
        self._arrivals = 0

    async def put(self, member: str, entries: list[bytes], now_ms: int, *, wrote_ms: int) -> None:
        self._arrivals += 1
        await self.ingest([Arrival(member, f"wamid.{self._arrivals}", wrote_ms, b"")], now_ms)
        claim = await self.claim(now_ms)
        assert isinstance(claim, Claim)
        await self.commit(claim, now_ms, session=None, outbox=entries)

    async def waiting(self) -> int:
        return (await self.depths()).outbox_members


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
            bucket=LocalBucket(),
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


@pytest.fixture(params=[HandWritten, OnRedis])
def play(request: pytest.FixtureRequest) -> Play:
    """Plays over hand-written outboxes, then over the real ones."""
    return player(request.param)


@pytest.fixture
def play_long() -> Play:
    """Plays days, over hand-written outboxes only: thousands of attempts take Redis long."""
    return player(HandWritten)


def test_a_members_messages_leave_in_order_and_members_beside_one_another(play: Play) -> None:
    """Each member's next message waits for the one before; another member does not."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 1000
        await world.put(RUDO, "1", "2", "3")
        await world.put(FARAI, "a", Reaction("wamid.IN", "👍"))
        await world.until(60)

    graph = play(scenario).graph
    assert (graph.labels(RUDO), graph.times(RUDO)) == (["1", "2", "3"], [0, 1, 2])
    assert (graph.labels(FARAI), graph.times(FARAI)) == (["a", "Reaction"], [0, 1])


def test_a_message_carries_the_id_of_its_outbox_entry(play: Play) -> None:
    """What comes back on statuses names shard, member and sequence number, and confirms that very entry."""

    async def scenario(world: World) -> None:
        world.graph.answers.append(NoAnswer("lost"))
        await world.put(RUDO, "1")
        await world.until(1)
        assert await world.boxes.confirm(world.graph.ids[0], world.clock.now_ms())
        assert await world.waiting() == 0

    (posting_id,) = play(scenario).graph.ids
    assert posting_id.split(":")[:2] == ["0", RUDO]


def test_a_message_without_answer_is_sent_once_more_after_half_a_minute(play: Play) -> None:
    """When nobody knows whether it was taken, 30 s are left for a status; what follows it waits, too."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 10_000
        world.graph.answers.append(NoAnswer("deadline"))
        await world.put(RUDO, "1", "2")
        await world.until(120)

    graph = play(scenario).graph
    assert (graph.labels(), graph.times()) == (["1", "1", "2"], [0, 30, 40])


def test_a_status_makes_the_second_sending_needless(play: Play) -> None:
    """A status that carries the entry's id ends the doubt, and the next message leaves at once."""

    async def scenario(world: World) -> None:
        world.graph.answers.append(NoAnswer("reset"))
        await world.put(RUDO, "1", "2")
        await world.until(12)
        await world.boxes.confirm(world.graph.ids[0], world.clock.now_ms())
        world.wake.set()
        await world.until(120)

    graph = play(scenario).graph
    assert (graph.labels(), graph.times()) == (["1", "2"], [0, 12])


def test_a_status_may_come_before_the_answer(play: Play) -> None:
    """A status that overtakes the answer to the POST takes nothing away from the next message."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 5000
        await world.put(RUDO, "1", "2")
        await world.until(2)
        await world.boxes.confirm(world.graph.ids[0], world.clock.now_ms())
        await world.until(60)
        assert await world.waiting() == 0

    assert play(scenario).graph.labels() == ["1", "2"]


def test_every_lost_answer_has_its_half_minute(play: Play) -> None:
    """The wait counts from the newest attempt."""

    async def scenario(world: World) -> None:
        world.graph.answers.extend([NoAnswer("reset")] * 3)
        await world.put(RUDO, "1")
        await world.until(300)

    assert play(scenario).graph.times() == [0, 30, 60, 90]


def test_a_message_of_a_dead_process_waits_for_its_status(play: Play) -> None:
    """A head that was claimed by someone who never returned is sent when its lease has ended and 30 s have passed."""

    async def scenario(world: World) -> None:
        await world.put(RUDO, "1")
        await world.boxes.claim_outbox(world.clock.now_ms())
        await world.until(120)

    assert play(scenario).graph.times() == [40]


def test_a_doubt_is_kept_when_a_message_is_claimed_early(play: Play) -> None:
    """Whoever claims an uncertain head before its 30 s are over leaves the wait as it was."""

    async def scenario(world: World) -> None:
        await world.put(RUDO, "1")
        posting = await world.boxes.claim_outbox(world.clock.now_ms())
        assert isinstance(posting, Posting)
        await world.boxes.settle(posting, START, again_ms=START + 5000, uncertain_since_ms=START)
        world.wake.set()
        await world.until(120)

    assert play(scenario).graph.times() == [30]


@pytest.mark.parametrize("error", [NotSent("refused"), Transient("away", code=131016, http_status=500)])
def test_a_certain_failure_ends_a_doubt(play: Play, error: GraphError) -> None:
    """After a failure that is certain the next attempt follows the back-off, and not the wait for a status."""

    async def scenario(world: World) -> None:
        world.graph.answers.extend([NoAnswer("reset"), error])
        await world.put(RUDO, "1")
        await world.until(300)

    assert play(scenario).graph.times() == [0, 30, 32]


@pytest.mark.parametrize("error", [NotSent("refused"), Transient("away", code=2, http_status=503)])
def test_passing_trouble_is_met_with_growing_patience(play: Play, error: GraphError) -> None:
    """1, 2, 4 ... 60 s lie between attempts; other members are not held up."""

    async def scenario(world: World) -> None:
        world.graph.rule = lambda at, member: error if member == RUDO and at < 183_000 else None
        await world.put(RUDO, "1")
        await world.until(10)
        await world.put(FARAI, "a")
        await world.until(400)

    graph = play(scenario).graph
    assert (graph.times(RUDO), graph.times(FARAI)) == ([0, 1, 3, 7, 15, 31, 63, 123, 183], [10])


def test_too_much_for_one_member_delays_that_member_only(play: Play) -> None:
    """131056: this member waits 1, 4, 16 ... s, at most five minutes; others go on."""

    async def scenario(world: World) -> None:
        world.graph.rule = lambda at, member: (
            PairLimited("pair", code=131056, http_status=400) if member == RUDO and at < 900_000 else None
        )
        await world.put(RUDO, "1", "2")
        for second in range(0, 60, 10):
            await world.until(second)
            await world.put(FARAI, str(second))
        await world.until(2000)

    graph = play(scenario).graph
    assert graph.times(RUDO) == [0, 1, 5, 21, 85, 341, 641, 941, 941]
    assert graph.times(FARAI) == [0, 10, 20, 30, 40, 50]


def test_too_much_for_the_number_slows_everyone(play: Play) -> None:
    """130429: nobody is written to for 1, then 2, then 4 s; a success ends the growth."""

    async def scenario(world: World) -> None:
        throttled = Throttled("throughput", code=130429, http_status=400)
        world.graph.answers.extend([throttled, throttled, throttled])
        await world.put(RUDO, "1")
        await world.until(0.5)
        await world.put(FARAI, "a")
        await world.until(30)
        world.graph.answers.append(throttled)
        await world.put(RUDO, "2")
        await world.until(60)

    graph = play(scenario).graph
    assert sorted({round(at / 1000, 1) for at, _, _ in graph.asked}) == [0, 1, 3, 7, 30, 31]
    assert (graph.labels(RUDO)[-1], graph.labels(FARAI)[-1]) == ("2", "a")


def test_what_was_throttled_at_the_same_time_counts_once(play: Play) -> None:
    """Eight refusals of messages that were under way together make one pause, not one of minutes."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 200
        world.graph.answers.extend([Throttled("throughput", code=130429, http_status=400)] * 8)
        for n in range(8):
            await world.put(f"26377200020{n}", "x")
        await world.until(60)
        assert await world.waiting() == 0

    assert max(at for at, _, _ in play(scenario).graph.asked) < 2000


def test_a_stop_keeps_everything_and_tries_one_message_a_minute(play: Play) -> None:
    """190: sending stops with one alarm, one message a minute looks whether it is over, then all of them leave."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 100
        world.graph.rule = lambda at, _: Stopped("expired", code=190, http_status=401) if at < 150_000 else None
        for member in (RUDO, FARAI, TINO):
            await world.put(member, "1", "2")
        await world.until(100)
        assert str(world.sender.stopped) == "stopped (190)"
        assert world.sender.stopped is not None
        assert START <= world.sender.stopped.since_ms < START + 1000
        await world.put("263772000104", "late")
        await world.until(600)
        assert await world.waiting() == 0

    world = play(scenario)
    during = [round(at / 1000) for at, _, _ in world.graph.asked if at < 180_000]
    assert during == [0, 0, 0, 60, 120]
    assert [world.graph.labels(member)[-2:] for member in (RUDO, FARAI, TINO)] == [["1", "2"]] * 3
    assert world.log.count("sending_stopped") == 1
    assert world.log.count("sending_resumed") == 1
    assert world.sender.stopped is None
    assert world.sender.counts["sent"] == 7


def test_each_stop_has_its_alarm(play: Play) -> None:
    """A stop after a recovery is a new one."""

    async def scenario(world: World) -> None:
        stopped = Stopped("locked", code=131031, http_status=403)
        world.graph.answers.extend([stopped, None, stopped, None])
        await world.put(RUDO, "1", "2")
        await world.until(600)

    world = play(scenario)
    assert world.log.count("sending_stopped") == 2
    assert world.graph.labels() == ["1", "1", "2", "2"]


def test_a_refusal_of_one_message_ends_a_stop(play: Play) -> None:
    """An answer about the message itself proves that sending works."""

    async def scenario(world: World) -> None:
        world.graph.answers.extend(
            [Stopped("expired", code=190, http_status=401), Rejected("no", code=131026, http_status=400)]
        )
        await world.put(RUDO, "1", "2")
        await world.until(600)

    world = play(scenario)
    assert world.sender.stopped is None
    assert (world.graph.labels(), world.graph.times()) == (["1", "1", "2"], [0, 60, 60])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Rejected("Row title is too long", code=131009, http_status=400), "lost:rejected:131009"),
        (WindowClosed("24 hours", code=131047, http_status=400), "lost:window_closed:131047"),
    ],
)
def test_a_message_that_can_never_be_sent_is_given_up_aloud(play: Play, error: GraphError, reason: str) -> None:
    """It leaves the outbox with a log line and a count that name the code, and the next message leaves at once."""

    async def scenario(world: World) -> None:
        world.graph.answers.append(error)
        await world.put(RUDO, "1", "2")
        await world.until(60)

    world = play(scenario)
    assert (world.graph.labels(), world.graph.times()) == (["1", "2"], [0, 0])
    assert world.sender.counts == {reason: 1, "sent": 1}
    (lost,) = (fields for event, fields in world.log.lines if event == "message_lost")
    assert (lost["code"], lost["details"], lost["member"]) == (error.code, error.details, "member-01")


@pytest.mark.parametrize(
    ("silent_ms", "expected"),
    [(0, ["text", "template"]), (24 * HOUR - MINUTE - 1, ["text", "template"]), (24 * HOUR - MINUTE, ["template"])],
)
def test_after_a_day_of_silence_only_templates_leave(play: Play, silent_ms: int, expected: list[str]) -> None:
    """A minute before the 24 hours are over free-form messages are given up without trying; templates leave."""

    async def scenario(world: World) -> None:
        await world.put(RUDO, "text", Template("template", "en"), wrote_ms=START - silent_ms)
        await world.until(60)
        assert await world.waiting() == 0

    world = play(scenario)
    assert world.graph.labels() == expected
    assert world.sender.counts["lost:window_closed"] == 2 - len(expected)
    assert world.log.count("message_lost") == 2 - len(expected)


def test_a_member_who_never_wrote_gets_templates_only(play: Play) -> None:
    """Not knowing when a member wrote is the same as a day of silence."""

    async def scenario(world: World) -> None:
        await world.put(RUDO, "text", Template("template", "en"), wrote_ms=START - 8 * 24 * HOUR)
        await world.until(60)

    assert play(scenario).graph.labels() == ["template"]


def test_a_message_that_alone_keeps_failing_is_given_up(play: Play) -> None:
    """Twelve failures while others get through, and the message is given up with its code; the next one leaves."""

    async def scenario(world: World) -> None:
        failing = 0

        def rule(_: int, member: str) -> GraphError | None:
            nonlocal failing
            failing += member == RUDO
            return Transient("odd", code=131000, http_status=500) if member == RUDO and failing <= 12 else None

        world.graph.rule = rule
        await world.put(RUDO, "1", "2")
        for second in [*range(40), *range(40, 700, 20)]:
            await world.until(second)
            await world.put(FARAI, "x")

    world = play(scenario)
    assert world.graph.labels() == ["1"] * 12 + ["2"]
    assert world.sender.counts["lost:given_up:131000"] == 1


def test_an_outage_of_hours_costs_no_message(play: Play) -> None:
    """While nothing gets through, failures are nobody's fault: hours later everything leaves."""

    async def scenario(world: World) -> None:
        world.graph.rule = lambda at, _: Transient("down", code=2, http_status=503) if at < 5 * HOUR else None
        await world.put(RUDO, "1", "2")
        await world.put(FARAI, "a")
        await world.until(6 * 3600)
        assert await world.waiting() == 0

    world = play(scenario)
    assert (world.graph.labels(RUDO)[-2:], world.graph.labels(FARAI)[-1]) == (["1", "2"], "a")
    assert [reason for reason in world.sender.counts if reason.startswith("lost")] == []


@pytest.mark.parametrize("error", [NotSent("refused"), NoAnswer("reset"), Transient("down", code=2, http_status=503)])
def test_after_a_day_of_failures_a_message_is_given_up(play_long: Play, error: GraphError) -> None:
    """A free-form message ends with its window, a template with its 24 hours: counted, and logged."""

    async def scenario(world: World) -> None:
        world.graph.rule = lambda at, _: error if at < 25 * HOUR else None
        await world.put(RUDO, "text")
        await world.put(FARAI, Template("template", "en"))
        await world.until(26 * 3600)
        assert await world.waiting() == 0

    world = play_long(scenario)
    given_up = "lost:given_up" if error.code is None else "lost:given_up:2"
    assert {reason: world.sender.counts[reason] for reason in ("lost:window_closed", given_up, "sent")} == {
        "lost:window_closed": 1,
        given_up: 1,
        "sent": 0,
    }
    (text, template) = [fields for event, fields in world.log.lines if event == "message_lost"]
    assert text["may_have_been_sent"] == template["may_have_been_sent"] == isinstance(error, NoAnswer)


@pytest.mark.parametrize(
    ("entry", "event"),
    [
        (b'{"version":2,"message":{"type":"hologram"}}', "outbox_entry_newer"),
        (b'{"version":1,"message":{"type":"text"}}', "outbox_entry_unreadable"),
        (b'{"version":1,"message":{"type":"text","body":""}}', "outbox_entry_unreadable"),
        (b"\xff\x00", "outbox_entry_unreadable"),
        (b"", "outbox_entry_unreadable"),
    ],
)
def test_what_cannot_be_read_is_kept(play: Play, entry: bytes, event: str) -> None:
    """A newer or damaged entry stays where it is, a log line a minute says so, and other members go on."""

    async def scenario(world: World) -> None:
        await world.put_raw(RUDO, entry)
        await world.put(FARAI, "a")
        await world.until(150)
        assert await world.waiting() == 1

    world = play(scenario)
    assert (world.graph.labels(RUDO), world.graph.labels(FARAI)) == ([], ["a"])
    assert world.log.count(event) == 3


class Flaky:
    """Outboxes whose settling fails for a while: the answer is lost, or the step with it."""

    def __init__(self, boxes: Boxes, failures: int, *, runs: bool) -> None:
        self.boxes = boxes
        self.failures = failures
        self.runs = runs
        self.claim_outbox = boxes.claim_outbox
        self.confirm, self.put, self.waiting = boxes.confirm, boxes.put, boxes.waiting

    async def settle(
        self, posting: Posting, now_ms: int, /, *, again_ms: int | None, uncertain_since_ms: int | None
    ) -> Settled:
        self.failures -= 1
        if self.failures >= 0:
            if self.runs:
                await self.boxes.settle(posting, now_ms, again_ms=again_ms, uncertain_since_ms=uncertain_since_ms)
            raise StateUnavailable("away")
        return await self.boxes.settle(posting, now_ms, again_ms=again_ms, uncertain_since_ms=uncertain_since_ms)


@pytest.mark.parametrize(("failures", "runs"), [(1, False), (4, False), (1, True), (4, True), (5, False), (30, False)])
def test_a_redis_that_is_away_for_a_moment_makes_no_duplicate(failures: int, runs: bool) -> None:  # noqa: FBT001
    """When what was sent cannot be written down, that is tried again, and the message is not sent again."""

    async def main(clock: Clock) -> World:
        world = World(clock, Flaky(OnRedis(), failures, runs=runs))
        sending = asyncio.create_task(world.sender.run(world.stop, world.wake))
        await world.put(RUDO, "1", "2")
        await world.until(600)
        assert await world.waiting() == 0
        world.stop.set()
        await sending
        return world

    assert run(main, start_ms=START).graph.labels() == ["1", "2"]


def test_a_stop_of_the_process_finishes_what_is_under_way(play: Play) -> None:
    """At SIGTERM the message in the POST is settled; the member's next one goes back, due at once for others."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 2000
        await world.put(RUDO, "1", "2")
        await world.until(1)
        assert world.sender.busy
        world.stop.set()
        await world.until(5)
        assert world.graph.labels() == ["1"]
        other, stop = world.another(), asyncio.Event()
        sending = asyncio.create_task(other.run(stop, asyncio.Event()))
        await world.until(10)
        stop.set()
        await sending

    world = play(scenario)
    assert not world.sender.busy
    graph = world.graph
    # It was claimed, and a claim is a doubt until somebody says otherwise: the one who gave it back did.
    assert (graph.labels(), graph.times()) == (["1", "2"], [0, 5])


def test_a_late_answer_changes_nothing_that_others_did(play: Play) -> None:
    """Whoever returns after the lease finds the message taken over, and leaves it alone."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 50_000
        await world.put(RUDO, "1", "2")
        await world.until(1)
        world.graph.takes_ms = 0
        other, stop = world.another(), asyncio.Event()
        sending = asyncio.create_task(other.run(stop, asyncio.Event()))
        await world.until(300)
        stop.set()
        await sending
        assert await world.waiting() == 0

    world = play(scenario)
    assert world.log.count("posting_taken_over") == 1
    assert (world.graph.labels(), world.graph.times()) == (["1", "1", "2"], [0, 40, 40])


def test_a_crowd_leaves_at_the_allowed_rate(play: Play) -> None:
    """Three hundred members' messages leave at no more than 80 in any second, and in about four seconds."""

    async def scenario(world: World) -> None:
        for n in range(300):
            await world.put(f"2637720{n:05}", "x")
        await world.until(60)
        assert await world.waiting() == 0

    times = [at for at, _, _ in play(scenario).graph.asked]
    assert max(sum(1 for other in times if at <= other < at + 1000) for at in times) <= 80
    assert max(times) < 4500


def test_an_idle_sender_is_quiet(play: Play) -> None:
    """Without messages nothing is asked, counted or logged."""

    async def scenario(world: World) -> None:
        await world.until(3600)
        assert not world.sender.busy

    world = play(scenario)
    assert (world.graph.asked, world.sender.counts, world.log.lines) == ([], {}, [])


def test_no_log_line_holds_a_number_or_a_text(play: Play) -> None:
    """Members' numbers and messages stay out of the logs, whatever happens to a message."""

    async def scenario(world: World) -> None:
        world.graph.answers.extend(
            [
                NoAnswer("reset"),
                Transient("down", code=2, http_status=503),
                Rejected("no", code=131026, http_status=400),
                Stopped("expired", code=190, http_status=401),
            ]
        )
        await world.put(RUDO, "secret one", "secret two")
        await world.put_raw(FARAI, b'{"message":{"type":"text","body":" secret "}}', b'{"message":{"secret":1}}')
        await world.until(3600)

    told = repr(play(scenario).log.lines)
    assert len(told) > 500
    assert [word for word in (RUDO, FARAI, "secret") if word in told] == []


def test_the_same_day_takes_the_same_course(play: Play) -> None:
    """Two runs of the same scenario ask for the same at the same moments."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 70
        world.graph.answers.extend([None, NoAnswer("reset"), None, Transient("down", code=2, http_status=503), None])
        for n in range(20):
            await world.put(f"26377200030{n % 7}", str(n))
        await world.until(300)

    assert play(scenario).graph.asked == play(scenario).graph.asked
