"""What needs no answer gets none but a reaction, and what cannot be read is said once."""

from __future__ import annotations

import pytest

from service.conversation.text import thanked
from service.domain.commands import NotFound
from service.flows import flow_registry
from service.flows.keywords import VOCABULARY
from service.messages import Reaction
from service.writes.register import Register
from tests.unit.conversation_kiosk import kiosk
from tests.unit.flows_play import MINUTE, SECOND, Play

OPEN = NotFound()


def at_the_desk() -> Play:
    return Play(kiosk()).say("hi").core(OPEN)


def at_cups() -> Play:
    return at_the_desk().say("tea")


# -- thanks -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "emoji"),
    [
        ("thanks", "🙏"),
        ("Thanks!!", "🙏"),
        ("ok", "👍"),
        ("Great.", "👍"),
        ("👍", "👍"),
        ("👍🏾👍🏾", "👍"),
        ("❤️", "🙏"),
        ("👍🙏", "👍"),
    ],
)
def test_thanks_are_answered_with_a_reaction_to_them_and_never_with_a_menu(said: str, emoji: str) -> None:
    """At rest and before anything is known of the member; the place is kept."""
    at_help = Play(kiosk()).say("help")
    for play in (at_help.fork(), Play(kiosk()), at_the_desk().wait(9 * MINUTE)):
        play.say(said)
        [reaction] = play.said
        assert isinstance(reaction, Reaction)
        assert (reaction.message_id, reaction.emoji) == (f"wamid.{play._received}", emoji)
        assert play.call is None
    assert at_help.say(said).at == "help.text"


def test_thanks_in_the_middle_lose_nothing() -> None:
    """The question stands, and the next answer counts."""
    play = at_cups().say("thanks")
    assert (play.text, play.at) == ("🙏", "tea.cups")
    assert play.say("ok").text == "👍"
    assert play.say("2").at == "tea.confirm"


def test_what_a_step_can_read_is_an_answer_and_not_thanks() -> None:
    """Whoever is called Tatenda may say so."""
    play = Play(flow_registry()).say("hi").core(NotFound()).say("1")
    assert play.at == "registration.first_name"
    assert play.fork().say("thanks 🙏").at == "registration.last_name"
    assert play.fork().say("🙏").text == "🙏"
    assert play.say("Tatenda").at == "registration.last_name"


@pytest.mark.parametrize("said", ["great", "👍"])
def test_where_there_is_something_to_choose_agreeing_chooses_nothing_and_does_not_look_like_it(said: str) -> None:
    """Thanks are thanks even there."""
    assert at_the_desk().say(said).core(NotFound()).text == "Please pick one.\n\nWhat will it be?"
    assert at_the_desk().say("thanks").text == "🙏"


@pytest.mark.parametrize("said", ["great", "👍", "thanks", "🙏"])
def test_at_a_confirmation_nothing_but_a_choice_is_taken_for_one(said: str) -> None:
    """A thumb under a question about money would look like a yes that was understood."""
    play = at_cups().say("2").say(said)
    assert play.at == "tea.confirm"
    assert play.text == "Please pick one.\n\n2 cups of tea?"


def test_ok_at_a_confirmation_is_a_yes() -> None:
    """It answers what is on the screen."""
    assert isinstance(at_cups().say("2").wait(SECOND).say("ok").call, Register)


@pytest.mark.parametrize("said", ["ok", "thanks", "👍"])
def test_thanks_that_come_too_late_for_something_unfinished_hear_that_it_is_over(said: str) -> None:
    """Before all else: a reaction would look as if it had been done."""
    play = at_cups().say("2").wait(6 * MINUTE).say(said).core(OPEN)
    assert play.text == "Your tea got cold.\n\nWhat will it be?"


def test_a_reaction_of_the_member_needs_no_answer() -> None:
    """WhatsApp refuses reactions to reactions."""
    play = at_cups().react("❤️")
    assert (play.said, play.call, play.at) == ((), None, "tea.cups")


@pytest.mark.parametrize("word", ["thank you", "Ok 👍", "ngiyabonga", "Maita basa!", "asante", "okay thanks", "👌"])
def test_thanks_are_understood_in_the_languages_of_the_members(word: str) -> None:
    """With and without emoji and punctuation."""
    assert thanked(word, VOCABULARY, agreeing=True)


@pytest.mark.parametrize(
    "word", ["", " ", "no thanks", "thanks for nothing, where is my money", "5", "😡", "👍👎", "👎"]
)
def test_other_words_are_no_thanks(word: str) -> None:
    """They are answered."""
    assert thanked(word, VOCABULARY, agreeing=True) == ""


# -- what cannot be read ----------------------------------------------------------------------------------------------


def test_an_album_gets_one_hint() -> None:
    """Whatever it consists of, and though the member reacts between."""
    play = at_cups().send("image")
    assert play.text == "I cannot read pictures.\n\nHow many cups?"
    for more in ("image", "video", "image"):
        assert play.wait(5 * SECOND).send(more).said == ()
    assert play.react().send("image").said == ()
    assert play.at == "tea.cups"


def test_after_a_minute_the_hint_is_given_again() -> None:
    """Silence is no answer for long."""
    play = at_cups().send("image").wait(MINUTE - 1)
    assert play.fork().send("image").said == ()
    assert play.wait(1).send("image").text == "I cannot read pictures.\n\nHow many cups?"


def test_a_picture_that_answers_the_next_question_is_a_burst_of_its_own() -> None:
    """Something else came between."""
    play = at_cups().send("image").say("2").send("image")
    assert play.text == "I cannot read pictures.\n\n2 cups of tea?"


def test_an_album_sent_to_somebody_who_stands_nowhere_gets_one_hint() -> None:
    """And one menu."""
    play = Play(kiosk()).send("image").core(OPEN)
    assert play.text == "I cannot read pictures.\n\nWhat will it be?"
    assert play.send("image").said == ()


@pytest.mark.parametrize(
    ("kind", "hint"),
    [
        ("order", "orders"),
        ("edit", "changed messages"),
        ("unsupported", "polls, changed messages and the like"),
        ("of_tomorrow", "that"),
    ],
)
def test_whatever_whatsapp_thinks_of_next_gets_the_hint(kind: str, hint: str) -> None:
    """Polls and, on numbers like ours, edits come as unsupported."""
    assert at_cups().send(kind).text == f"I cannot read {hint}.\n\nHow many cups?"


def test_a_deleted_message_needs_no_answer() -> None:
    """Whoever deletes something wants less said about it; and what is asked stays asked."""
    assert at_cups().send("revoke").said == ()
    assert at_cups().send("revoke").at == "tea.cups"
    assert at_cups().send("revoke").say("2").text == "2 cups of tea?"
    assert at_cups().send("image").send("revoke").send("image").said == ()


def test_a_reaction_taken_back_needs_no_answer_either() -> None:
    """It is an empty one."""
    assert at_cups().react("").said == ()
