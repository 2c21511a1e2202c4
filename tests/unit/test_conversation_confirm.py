"""Confirmations: one acts only if it was given after its prompt, and soon enough."""

from __future__ import annotations

import pytest

from service.domain.commands import Login, NotFound
from service.writes.register import Register
from tests.unit.conversation_kiosk import kiosk
from tests.unit.flows_play import MINUTE, NOON, SECOND, Play

AGAIN = "Please look again.\n\n2 cups of tea?"


def prompted(now_ms: int = NOON) -> Play:
    """Two cups, asked for and to be confirmed, at this moment."""
    return Play(kiosk(), now_ms=now_ms).say("!2")


@pytest.mark.parametrize("early_ms", [0, 1, SECOND, 2 * SECOND])
def test_a_tap_up_to_two_seconds_before_its_prompt_acts(early_ms: int) -> None:
    """WhatsApp's clock and ours may differ by that much; the button is on the prompt, so it came after it."""
    assert isinstance(prompted().tap("Yes please", sent_ms=NOON - early_ms).call, Register)


@pytest.mark.parametrize("early_ms", [0, 1, SECOND, 2 * SECOND, 60 * MINUTE])
@pytest.mark.parametrize("word", ["yes", "1", "Yes please"])
def test_a_word_of_before_the_prompt_does_not_confirm_it(early_ms: int, word: str) -> None:
    """It has no tie to the question but the time: of an hour or a moment before, it is none of its answers."""
    play = prompted().say(word, sent_ms=NOON - early_ms)
    assert play.call is None
    assert play.text == AGAIN
    assert isinstance(play.wait(SECOND).say(word).call, Register)


@pytest.mark.parametrize("part_ms", [0, 1, 500, 999])
@pytest.mark.parametrize("word", ["yes", "1", "Yes please"])
def test_a_word_of_the_second_after_the_prompt_confirms_it(part_ms: int, word: str) -> None:
    """WhatsApp stamps seconds: a word of the prompt's own second may have been written before it."""
    play = prompted(NOON + part_ms)
    assert play.fork().say(word, sent_ms=NOON).call is None
    assert isinstance(play.say(word, sent_ms=NOON + SECOND).call, Register)


def test_a_tap_of_before_the_prompt_does_not_confirm_it() -> None:
    """Neither does one whose stamp is older than what it answers."""
    play = prompted().tap("Yes please", sent_ms=NOON - MINUTE)
    assert play.call is None
    assert play.text == AGAIN


@pytest.mark.parametrize("word", ["yes", "1", "Yes please"])
def test_a_word_does_not_confirm_a_prompt_that_waits_to_be_sent(word: str) -> None:
    """Whoever gets no answer and types their "1" once more means the screen before; it is asked again."""
    play = prompted().wait(10 * SECOND).say(word, last_delivered_ms=None)
    assert play.call is None
    assert play.text == AGAIN
    assert isinstance(play.wait(SECOND).say(word).call, Register)


@pytest.mark.parametrize("word", ["yes", "1", "Yes please"])
def test_a_word_of_before_a_late_prompt_left_does_not_confirm_it(word: str) -> None:
    """It was typed while the prompt waited, and came to its turn only when that had left."""
    play = prompted().wait(30 * SECOND)
    left = NOON + 20 * SECOND
    assert play.fork().say(word, sent_ms=left, last_delivered_ms=left).text == AGAIN
    assert isinstance(play.say(word, sent_ms=left + SECOND, last_delivered_ms=left + 999).call, Register)


@pytest.mark.parametrize("word", ["no", "2", "cancel"])
def test_a_word_cancels_also_what_waits_to_be_sent(word: str) -> None:
    """Doing nothing is safe."""
    assert prompted().say(word, last_delivered_ms=None).at == "desk.look"


def test_a_tap_confirms_also_when_something_else_waits_to_be_sent() -> None:
    """The button is on the prompt: it has been seen."""
    assert isinstance(prompted().tap("Yes please", last_delivered_ms=None).call, Register)


@pytest.mark.parametrize("part_ms", [0, 1, 500, 999])
def test_a_prompt_is_compared_to_the_second(part_ms: int) -> None:
    """WhatsApp's stamps have no milliseconds: a tap within the second of its prompt counts as after it."""
    play = prompted(NOON + part_ms)
    assert isinstance(play.fork().tap("Yes please", sent_ms=NOON - 2 * SECOND).call, Register)
    assert play.tap("Yes please", sent_ms=NOON - 2 * SECOND - 1).call is None


def test_a_confirmation_acts_for_five_minutes() -> None:
    """To the millisecond."""
    play = prompted().wait(5 * MINUTE).tap("Yes please")
    assert isinstance(play.call, Register)


def test_a_confirmation_that_we_get_to_too_late_does_not_act() -> None:
    """It was given and received in time, but handled after five minutes: the member looks once more."""
    play = prompted()
    received = play.now_ms + 4 * MINUTE
    play.wait(5 * MINUTE + 1).say("yes", received_ms=received)
    assert play.call is None
    assert play.text == AGAIN


def test_a_confirmation_received_after_five_minutes_starts_afresh() -> None:
    """With word of what was let go."""
    play = prompted().wait(5 * MINUTE + 1).tap("Yes please")
    assert isinstance(play.call, Login)
    assert play.core(NotFound()).text == "Your tea got cold.\n\nWhat will it be?"


def test_showing_a_prompt_again_starts_its_five_minutes_anew_and_only_its_new_button_confirms() -> None:
    """The old button stays old."""
    play = prompted()
    old = play.option("Yes please")
    play.wait(4 * MINUTE).say("perhaps").wait(4 * MINUTE)
    assert play.fork().tap_again(old).call is None
    assert isinstance(play.fork().tap("Yes please").call, Register)
    assert play.say("yes", sent_ms=NOON).call is None


def test_cancelling_is_held_to_no_such_rule() -> None:
    """It moves nothing, whenever it was said."""
    play = prompted().say("no", sent_ms=NOON - 60 * MINUTE)
    assert play.core(NotFound()).text == "No tea then.\n\nWhat will it be?"


def test_a_step_that_confirms_nothing_is_held_to_no_such_rule() -> None:
    """An answer to a question counts, however its stamp reads."""
    play = Play(kiosk()).say("tea").say("2", sent_ms=NOON - 60 * MINUTE)
    assert play.at == "tea.confirm"
