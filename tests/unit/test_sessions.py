"""Sessions written by the first release are resumed by today's: members stood there when it was exchanged."""

from __future__ import annotations

import msgspec
import pytest

from service.conversation import Option, Session
from service.domain.commands import Known
from service.flows import flow_registry
from tests.sessions import asking_steps, kept
from tests.unit.flows_play import MINUTE, Play
from tests.unit.test_flows_explore import USUAL, WORLDS

KEPT = kept()
CALLS_A_TURN = 8


def resumed(step: str) -> Play:
    """A member who stands where that session says, and writes a moment after it was stored."""
    session = msgspec.json.decode(KEPT[step], type=Session)
    return Play(flow_registry(), now_ms=session.prompted_at_ms + MINUTE, session=session)


def settled(play: Play) -> Play:
    """With every call answered by the usual world, the first answer that the flow can use."""
    for _ in range(CALLS_A_TURN):
        if play.call is None:
            return play
        play.core(Known(USUAL))
    raise AssertionError(f"no end of calls at {play.at}")


def test_there_is_a_session_for_every_step_that_waits_for_the_member() -> None:
    """Whoever adds a step adds its session: ``python -m tests.sessions``."""
    anonymous = {flow_registry().anonymous}  # who hide their number stand nowhere that matters
    assert sorted(set(asking_steps()) - anonymous - set(KEPT)) == []


@pytest.mark.parametrize("step", KEPT)
def test_a_session_is_read_as_it_was_written(step: str) -> None:
    """Nothing of it is lost."""
    session = msgspec.json.decode(KEPT[step], type=Session)
    assert f"{session.flow}.{session.step}" == step
    assert msgspec.json.decode(KEPT[step]) == msgspec.json.decode(msgspec.json.encode(session))


@pytest.mark.parametrize("step", KEPT)
def test_a_member_who_stood_there_gets_home_from_it(step: str) -> None:
    """By a word, and also when the step is no more."""
    assert settled(resumed(step).say("menu")).at == "dashboard.menu"
    assert settled(resumed(step).wait(10 * MINUTE).say("hi")).at == "dashboard.menu"


@pytest.mark.parametrize("step", KEPT)
def test_every_choice_of_the_old_screen_still_does_something(step: str) -> None:
    """An answer, or the same question again; no exception and no silence."""
    for option in resumed(step).session.options:  # type: ignore[union-attr]
        play = resumed(step).tap_again(Option(option.id, option.title))
        assert play.said or play.call, option
    play = resumed(step).say("perhaps")
    assert play.said or play.call


def test_the_usual_world_is_the_one_that_sessions_were_written_in() -> None:
    """Answers of core fit to what members had said."""
    assert Known(USUAL) in WORLDS["usual"]
