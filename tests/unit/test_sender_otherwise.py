"""Which of two forms of a message goes out is decided when it is sent."""

from __future__ import annotations

import msgspec
import pytest

from service.messages import Outgoing, Template, Text
from service.whatsapp import RejectedError, WindowClosedError
from tests.unit.sender_scene import HOUR, MINUTE, RUDO, START, HandWritten, OnRedis, Play, World, player

TEMPLATE = Template("incoming_notification", "en_US", ("Rudo", "News"), ("n:incoming",))
ENTRY = msgspec.json.encode(Outgoing(Text("News"), otherwise=TEMPLATE))


@pytest.fixture(params=[HandWritten, OnRedis])
def play(request: pytest.FixtureRequest) -> Play:
    """Plays over hand-written outboxes, then over the real ones."""
    return player(request.param)


def test_within_24_hours_the_message_itself_goes_out(play: Play) -> None:
    """The member wrote not long ago, so no template is needed."""

    async def scenario(world: World) -> None:
        await world.put_raw(RUDO, ENTRY, wrote_ms=START - 23 * HOUR)
        await world.until(60)

    assert play(scenario).graph.labels() == ["News"]


def test_after_24_hours_the_template_goes_out(play: Play) -> None:
    """Silence of a day closes the window for everything else."""

    async def scenario(world: World) -> None:
        await world.put_raw(RUDO, ENTRY, wrote_ms=START - 24 * HOUR)
        await world.until(60)

    world = play(scenario)
    assert (world.graph.labels(), world.sender.counts) == ([TEMPLATE.name], {"sent": 1})


def test_a_message_that_waited_past_the_window_becomes_the_template(play: Play) -> None:
    """It was stored in time, and WhatsApp could be reached only later."""

    async def scenario(world: World) -> None:
        world.graph.answers.append(RejectedError("first", code=100))
        world.graph.takes_ms = 5 * 1000
        await world.put_raw(
            RUDO, msgspec.json.encode(Outgoing(Text("slow"))), ENTRY, wrote_ms=START - 24 * HOUR + MINUTE + 2
        )
        await world.until(60)

    assert play(scenario).graph.labels() == ["slow", TEMPLATE.name]


def test_when_whatsapp_says_that_the_window_is_closed_the_template_goes_out(play: Play) -> None:
    """Its clock decides, not ours; the message is not lost."""

    async def scenario(world: World) -> None:
        world.graph.answers.append(WindowClosedError("24 hours", code=131047))
        await world.put_raw(RUDO, ENTRY)
        await world.until(60)

    world = play(scenario)
    assert (world.graph.labels(), world.sender.counts) == (["News", TEMPLATE.name], {"sent": 1})


def test_a_template_that_is_refused_for_the_window_is_not_tried_again(play: Play) -> None:
    """There is nothing left to try."""

    async def scenario(world: World) -> None:
        world.graph.answers += [WindowClosedError("24 hours", code=131047), WindowClosedError("24 hours", code=131047)]
        await world.put_raw(RUDO, ENTRY)
        await world.until(60)

    world = play(scenario)
    assert (world.graph.labels(), world.sender.counts) == (["News", TEMPLATE.name], {"lost:window_closed:131047": 1})
