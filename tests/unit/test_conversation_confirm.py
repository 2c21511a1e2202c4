"""Confirmations: only a tap on the button of the prompt itself confirms, after the prompt and soon enough."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.commands import Login, NotFound
from service.writes.register import Register
from tests.unit.conversation_kiosk import kiosk
from tests.unit.flows_play import MINUTE, NOON, SECOND, Play

AGAIN = "Please look again.\n\n2 cups of tea?"
TAP_IT = "Tap it.\n\n2 cups of tea?"


def prompted(now_ms: int = NOON) -> Play:
    """Two cups, asked for and to be confirmed, at this moment."""
    return Play(kiosk(), now_ms=now_ms).say("!2")


# -- nothing typed confirms -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed",
    [
        "yes",
        "YES!",
        "ok",
        "1",
        "1.",
        "1️⃣",
        "Yes please",
        "yes, please!",
        "confirm",
        "hongu",
        "yebo",
        "ndizvo",
        "👍",
        "✅",
        "",
    ],
)
def test_a_text_does_not_confirm_and_the_prompt_is_shown_again_with_what_does(typed: str) -> None:
    """In any language, and also when the button's own title or number is typed."""
    play = prompted().wait(10 * SECOND).say(typed)
    assert play.call is None
    assert (play.at, play.text) == ("tea.confirm", TAP_IT)
    assert isinstance(play.tap("Yes please").call, Register)


@pytest.mark.parametrize("typed", ["2", "no", "rather not", "3", "Help me", "perhaps", "thanks"])
def test_a_text_chooses_no_other_button_of_a_prompt_either(typed: str) -> None:
    """All buttons of a prompt are tapped."""
    play = prompted().say(typed)
    assert (play.call, play.at, play.text) == (None, "tea.confirm", TAP_IT)


@given(st.text(max_size=30))
def test_no_text_at_all_confirms(typed: str) -> None:
    """The screen is left or shown again."""
    assert not isinstance(prompted().wait(10 * SECOND).say(typed).call, Register)


@pytest.mark.parametrize("word", ["menu", "cancel", "X", "hi", "stop"])
def test_a_leaving_word_leaves_a_prompt(word: str) -> None:
    """Nothing is ordered."""
    play = prompted().say(word)
    assert isinstance(play.call, Login)
    assert play.core(NotFound()).text == "No tea was ordered.\n\nWhat will it be?"


# -- a tap confirms -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("early_ms", [0, 1, SECOND, 2 * SECOND])
def test_a_tap_up_to_two_seconds_before_its_prompt_confirms(early_ms: int) -> None:
    """WhatsApp's clock and ours may differ by that much; the button is on the prompt, so the tap came after it."""
    assert isinstance(prompted().tap("Yes please", sent_ms=NOON - early_ms).call, Register)


@pytest.mark.parametrize("early_ms", [3 * SECOND, MINUTE, 60 * MINUTE])
def test_a_tap_with_an_earlier_timestamp_than_its_prompt_does_not_confirm(early_ms: int) -> None:
    """The prompt is shown again."""
    play = prompted().tap("Yes please", sent_ms=NOON - early_ms)
    assert (play.call, play.text) == (None, AGAIN)


@pytest.mark.parametrize("part_ms", [0, 1, 500, 999])
def test_a_prompt_is_compared_to_the_second(part_ms: int) -> None:
    """WhatsApp's stamps have no milliseconds: a tap within the second of its prompt counts as after it."""
    play = prompted(NOON + part_ms)
    assert isinstance(play.fork().tap("Yes please", sent_ms=NOON - 2 * SECOND).call, Register)
    assert play.tap("Yes please", sent_ms=NOON - 2 * SECOND - 1).call is None


def test_a_confirmation_acts_for_five_minutes() -> None:
    """To the millisecond."""
    assert isinstance(prompted().wait(5 * MINUTE).tap("Yes please").call, Register)


def test_a_confirmation_that_we_get_to_too_late_does_not_act() -> None:
    """It was given and received in time, but handled after five minutes: the member looks once more."""
    play = prompted()
    received = play.now_ms + 4 * MINUTE
    play.wait(5 * MINUTE + 1).tap("Yes please", received_ms=received)
    assert (play.call, play.text) == (None, AGAIN)


def test_a_confirmation_received_after_five_minutes_starts_afresh() -> None:
    """The member is told what was left unfinished."""
    play = prompted().wait(5 * MINUTE + 1).tap("Yes please")
    assert isinstance(play.call, Login)
    assert play.core(NotFound()).text == "Your tea got cold.\n\nWhat will it be?"


def test_showing_a_prompt_again_starts_its_five_minutes_anew_and_only_its_new_button_confirms() -> None:
    """The button of the earlier one is old."""
    play = prompted()
    old = play.option("Yes please")
    play.wait(4 * MINUTE).say("perhaps").wait(4 * MINUTE)
    assert play.fork().tap_again(old).call is None
    assert isinstance(play.tap("Yes please").call, Register)


def test_cancelling_is_held_to_no_such_rule() -> None:
    """It moves nothing, whenever it was tapped."""
    play = prompted().tap("Rather not", sent_ms=NOON - 60 * MINUTE)
    assert play.core(NotFound()).text == "No tea then.\n\nWhat will it be?"


def test_a_step_that_confirms_nothing_is_held_to_no_such_rule() -> None:
    """An answer to a question counts, however its stamp reads."""
    play = Play(kiosk()).say("tea").say("2", sent_ms=NOON - 60 * MINUTE)
    assert play.at == "tea.confirm"
