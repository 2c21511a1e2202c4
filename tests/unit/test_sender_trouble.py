"""What the sender does when WhatsApp refuses, slows it down, or cannot be reached, over both kinds of outboxes."""

from __future__ import annotations

import pytest

from service.messages import Template
from service.whatsapp import (
    GraphError,
    NoAnswerError,
    NotSentError,
    PairLimitedError,
    RejectedError,
    SendingStoppedError,
    ThrottledError,
    TransientError,
    WindowClosedError,
)
from tests.unit.sender_scene import (
    FARAI,
    HOUR,
    MINUTE,
    RUDO,
    START,
    TINO,
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


@pytest.fixture
def play_long() -> Play:
    """Plays days, over hand-written outboxes only: thousands of attempts take Redis long."""
    return player(HandWritten)


@pytest.mark.parametrize("error", [NotSentError("refused"), TransientError("away", code=2, http_status=503)])
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
            PairLimitedError("pair", code=131056, http_status=400) if member == RUDO and at < 900_000 else None
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
        throttled = ThrottledError("throughput", code=130429, http_status=400)
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
        world.graph.answers.extend([ThrottledError("throughput", code=130429, http_status=400)] * 8)
        for n in range(8):
            await world.put(f"26377200020{n}", "x")
        await world.until(60)
        assert await world.waiting() == 0

    assert max(at for at, _, _ in play(scenario).graph.asked) < 2000


def test_a_stop_keeps_everything_and_tries_one_message_a_minute(play: Play) -> None:
    """190: sending stops with one alarm, one message a minute looks whether it is over, then all of them leave."""

    async def scenario(world: World) -> None:
        world.graph.takes_ms = 100
        world.graph.rule = lambda at, _: (
            SendingStoppedError("expired", code=190, http_status=401) if at < 150_000 else None
        )
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
        stopped = SendingStoppedError("locked", code=131031, http_status=403)
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
            [
                SendingStoppedError("expired", code=190, http_status=401),
                RejectedError("no", code=131026, http_status=400),
            ]
        )
        await world.put(RUDO, "1", "2")
        await world.until(600)

    world = play(scenario)
    assert world.sender.stopped is None
    assert (world.graph.labels(), world.graph.times()) == (["1", "1", "2"], [0, 60, 60])


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (RejectedError("Row title is too long", code=131009, http_status=400), "lost:rejected:131009"),
        (WindowClosedError("24 hours", code=131047, http_status=400), "lost:window_closed:131047"),
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
            return TransientError("odd", code=131000, http_status=500) if member == RUDO and failing <= 12 else None

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
        world.graph.rule = lambda at, _: TransientError("down", code=2, http_status=503) if at < 5 * HOUR else None
        await world.put(RUDO, "1", "2")
        await world.put(FARAI, "a")
        await world.until(6 * 3600)
        assert await world.waiting() == 0

    world = play(scenario)
    assert (world.graph.labels(RUDO)[-2:], world.graph.labels(FARAI)[-1]) == (["1", "2"], "a")
    assert [reason for reason in world.sender.counts if reason.startswith("lost")] == []


@pytest.mark.parametrize(
    "error", [NotSentError("refused"), NoAnswerError("reset"), TransientError("down", code=2, http_status=503)]
)
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
    assert text["may_have_been_sent"] == template["may_have_been_sent"] == isinstance(error, NoAnswerError)


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
