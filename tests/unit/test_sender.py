"""What the sender does with every answer, over hand-written outboxes and over the real ones on an embedded Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from service.mailbox import (
    EndedLease,
    OutboxLease,
    StateUnavailableError,
)
from service.messages import Reaction
from service.whatsapp import (
    GraphError,
    NoAnswerError,
    NotSentError,
    RejectedError,
    SendingStoppedError,
    TransientError,
)
from simulator.whatsapp_cloud.virtual_time import Clock, run
from tests.unit.sender_scene import (
    FARAI,
    RUDO,
    START,
    Boxes,
    HandWritten,
    OnRedis,
    Play,
    World,
    player,
)


@pytest.fixture(params=[HandWritten, OnRedis])
def play(request: pytest.FixtureRequest) -> Play:
    """Plays over hand-written outboxes, then over the real ones."""
    return player(request.param)


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
        world.graph.answers.append(NoAnswerError("lost"))
        await world.put(RUDO, "1")
        await world.until(1)
        assert await world.boxes.confirm_delivery(world.graph.ids[0], world.clock.now_ms())
        assert await world.waiting() == 0

    (lease_id,) = play(scenario).graph.ids
    assert lease_id.split(":")[:2] == ["0", RUDO]


def test_a_message_without_answer_is_sent_once_more_after_half_a_minute(play: Play) -> None:
    """When nobody knows whether it was taken, 30 s are left for a status; what follows it waits, too."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 10_000
        world.graph.answers.append(NoAnswerError("deadline"))
        await world.put(RUDO, "1", "2")
        await world.until(120)

    graph = play(scenario).graph
    assert (graph.labels(), graph.times()) == (["1", "1", "2"], [0, 30, 40])


def test_a_status_makes_the_second_sending_needless(play: Play) -> None:
    """A status that carries the entry's id ends the doubt, and the next message leaves at once."""

    async def scenario(world: World) -> None:
        world.graph.answers.append(NoAnswerError("reset"))
        await world.put(RUDO, "1", "2")
        await world.until(12)
        await world.boxes.confirm_delivery(world.graph.ids[0], world.clock.now_ms())
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
        await world.boxes.confirm_delivery(world.graph.ids[0], world.clock.now_ms())
        await world.until(60)
        assert await world.waiting() == 0

    assert play(scenario).graph.labels() == ["1", "2"]


def test_every_lost_answer_has_its_half_minute(play: Play) -> None:
    """The wait counts from the newest attempt."""

    async def scenario(world: World) -> None:
        world.graph.answers.extend([NoAnswerError("reset")] * 3)
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
        lease = await world.boxes.claim_outbox(world.clock.now_ms())
        assert isinstance(lease, OutboxLease)
        await world.boxes.reschedule(lease, START, due_ms=START + 5000, uncertain_since_ms=START)
        world.wake.set()
        await world.until(120)

    assert play(scenario).graph.times() == [30]


@pytest.mark.parametrize("error", [NotSentError("refused"), TransientError("away", code=131016, http_status=500)])
def test_a_certain_failure_ends_a_doubt(play: Play, error: GraphError) -> None:
    """After a failure that is certain the next attempt follows the back-off, and not the wait for a status."""

    async def scenario(world: World) -> None:
        world.graph.answers.extend([NoAnswerError("reset"), error])
        await world.put(RUDO, "1")
        await world.until(300)

    assert play(scenario).graph.times() == [0, 30, 32]


class Flaky:
    """Outboxes whose acknowledging fails for a while: the answer is lost, or the step with it."""

    def __init__(self, boxes: Boxes, failures: int, *, runs: bool) -> None:
        self.boxes = boxes
        self.failures = failures
        self.runs = runs
        self.claim_outbox = boxes.claim_outbox
        self.confirm_delivery, self.put, self.waiting = boxes.confirm_delivery, boxes.put, boxes.waiting

    async def ack(self, lease: OutboxLease, now_ms: int, /) -> EndedLease[OutboxLease]:
        return await self._end(lambda: self.boxes.ack(lease, now_ms))

    async def reschedule(
        self, lease: OutboxLease, now_ms: int, /, *, due_ms: int, uncertain_since_ms: int | None
    ) -> EndedLease[OutboxLease]:
        return await self._end(
            lambda: self.boxes.reschedule(lease, now_ms, due_ms=due_ms, uncertain_since_ms=uncertain_since_ms)
        )

    async def _end(self, step: Callable[[], Awaitable[EndedLease[OutboxLease]]]) -> EndedLease[OutboxLease]:
        self.failures -= 1
        if self.failures >= 0:
            if self.runs:
                await step()
            raise StateUnavailableError("away")
        return await step()


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
    assert world.log.count("lease_lost") == 1
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
                NoAnswerError("reset"),
                TransientError("down", code=2, http_status=503),
                RejectedError("no", code=131026, http_status=400),
                SendingStoppedError("expired", code=190, http_status=401),
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
        world.graph.answers.extend(
            [None, NoAnswerError("reset"), None, TransientError("down", code=2, http_status=503), None]
        )
        for n in range(20):
            await world.put(f"26377200030{n % 7}", str(n))
        await world.until(300)

    assert play(scenario).graph.asked == play(scenario).graph.asked
