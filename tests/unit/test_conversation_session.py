"""The session: how long it is valid, what it says when it is not, and turn numbers that never repeat."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.conversation import Option, Session
from service.domain.commands import NotFound
from tests.unit.conversation_kiosk import kiosk
from tests.unit.flows_play import DAY, MINUTE, NOON, SECOND, Play, read_back

OPEN = NotFound()
VALID = 5 * MINUTE


def at_cups() -> Play:
    return Play(kiosk()).say("tea")


def test_a_conversation_left_alone_for_five_minutes_goes_on() -> None:
    """To the millisecond."""
    assert at_cups().wait(VALID).say("2").at == "tea.confirm"


@pytest.mark.parametrize("late_ms", [1, SECOND, DAY])
@pytest.mark.parametrize("word", ["2", "hi", "menu", "perhaps"])
def test_after_five_minutes_any_word_starts_afresh_and_hears_what_was_left_unfinished(late_ms: int, word: str) -> None:
    """Once."""
    play = at_cups().wait(VALID + late_ms).say(word).core(OPEN)
    assert play.text == "Your tea got cold.\n\nWhat will it be?"
    assert play.say("menu").core(OPEN).text == "What will it be?"


@pytest.mark.parametrize(
    ("word", "expected"),
    [("!3", "3 cups of tea?"), ("tea", "How many cups?"), ("help", "We sell tea."), ("about", "We sell tea.")],
)
def test_after_five_minutes_words_that_lead_somewhere_lead_there_and_the_notice_stands_above(
    word: str, expected: str
) -> None:
    """What was meant is done, and what was let go is said."""
    play = at_cups().wait(VALID + 1).say(word)
    assert play.text == f"Your tea got cold.\n\n{expected}"


def test_the_notice_survives_all_that_needs_no_answer_or_cannot_be_read() -> None:
    """A reaction must not swallow it, nor a shortcut with a mistake, a picture, an unknown button, a form."""
    late = at_cups().wait(VALID + 1)
    notice = "Your tea got cold.\n\n"
    assert late.fork().react().react().say("hi").core(OPEN).text == f"{notice}What will it be?"
    assert late.fork().say("!seven").core(OPEN).text == f"{notice}Like this: !2\n\nWhat will it be?"
    assert late.fork().send("image").core(OPEN).text == f"{notice}I cannot read pictures.\n\nWhat will it be?"
    assert late.fork().tap_again(Option("n:cellar", "?")).core(OPEN).text == f"{notice}What will it be?"
    assert late.fork().fill(a="b").core(OPEN).text == f"{notice}What will it be?"


def test_what_was_finished_ends_without_a_notice() -> None:
    """At rest nothing is left unfinished, but what nobody understands is said to be so."""
    play = Play(kiosk()).say("hi").core(OPEN).wait(VALID + 1)
    assert play.fork().say("hi").core(OPEN).text == "What will it be?"
    assert play.say("perhaps").core(OPEN).text == "I did not understand that.\n\nWhat will it be?"


@pytest.mark.parametrize("choice", ["1", "Loyalty card"])
def test_what_is_chosen_too_late_is_understood_and_said_to_be_late(choice: str) -> None:
    """By its number or its name. It does nothing: what it would choose from now may be something else."""
    play = Play(kiosk()).say("hi").core(OPEN).wait(VALID + 1)
    assert play.fork().say("5").core(OPEN).text == "I did not understand that.\n\nWhat will it be?"
    assert play.say(choice).core(OPEN).text == "That came too late.\n\nWhat will it be?"


def test_validity_is_judged_by_when_the_message_reached_us() -> None:
    """A member is not to pay for our being slow."""
    play = at_cups()
    received = play.now_ms + VALID
    assert play.wait(DAY).say("2", received_ms=received).at == "tea.confirm"


def test_each_answer_makes_the_conversation_valid_for_five_more_minutes() -> None:
    """An unreadable one as well."""
    play = at_cups().wait(4 * MINUTE).say("many").wait(4 * MINUTE).say("2")
    assert play.at == "tea.confirm"


# -- turn numbers ---------------------------------------------------------------------------------------------------


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(st.lists(st.tuples(st.integers(-DAY, DAY), st.sampled_from(["2", "tea", "perhaps", "!4", "help"])), max_size=15))
def test_turn_numbers_never_repeat_even_when_the_clock_goes_back(script: list[tuple[int, str]]) -> None:
    """Each screen has a number that no screen before it had, so no old button is ever taken for a new one."""
    play = at_cups()
    seen = [play.turn]
    for wait_ms, word in script:
        play.wait(wait_ms).say(word)
        if play.call is not None:
            play.core(OPEN)
        seen.append(play.turn)
    assert sorted(set(seen)) == seen


def test_turn_numbers_follow_the_clock_so_that_a_forgotten_session_repeats_none() -> None:
    """A member of whom nothing is known any more gets a number that is later than any before."""
    before = at_cups().say("!2").say("!3")
    after = Play(kiosk(), now_ms=before.now_ms + DAY).say("tea")
    assert after.turn == after.now_ms > before.turn


def test_screens_of_the_same_millisecond_have_different_numbers() -> None:
    """The clock alone would not do."""
    play = at_cups()
    assert [play.turn, play.say("x1").turn, play.say("x2").turn] == [NOON, NOON + 1, NOON + 2]


# -- the record -----------------------------------------------------------------------------------------------------


def test_a_session_is_stored_and_read_back_unchanged() -> None:
    """With all its fields, and with none."""
    full = Session("f", "s", 5, {"a": "b"}, "acc", (Option("a:5:x", "X"),), "Said before.", NOON, NOON + VALID)
    assert full == read_back(full)
    assert Session() == read_back(Session())


def test_a_session_of_an_older_release_without_newer_fields_can_be_read() -> None:
    """What is missing has its default."""
    assert Session("f", "s") == msgspec.json.decode(b'{"flow":"f","step":"s"}', type=Session)
