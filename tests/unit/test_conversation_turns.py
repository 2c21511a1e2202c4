"""One turn: words that work anywhere, taps of today and yesterday, answers that cannot be read, calls."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from service.conversation import (
    CallFinished,
    ConversationError,
    Option,
    Session,
    Transition,
    WriteReconciled,
    take_turn,
)
from service.domain.commands import DidNotHappen, Done, Login, NotFound, Refused, Unavailable, Unknown
from service.messages import Text
from service.writes.register import Register
from tests.unit.conversation_kiosk import SYSTEM_TEXTS, kiosk
from tests.unit.flows_play import DAY, MEMBER, MINUTE, NOON, SECOND, Play

OPEN = NotFound()
"""Any answer but `Unavailable` opens the kiosk."""


def at_the_desk() -> Play:
    play = Play(kiosk()).say("hi").core(OPEN)
    assert play.at == "desk.menu"
    return play


def at_cups() -> Play:
    play = at_the_desk().tap("Order tea")
    assert play.at == "tea.cups"
    return play


def at_confirm(cups: str = "2") -> Play:
    play = at_cups().say(cups)
    assert play.at == "tea.confirm"
    return play


# -- words understood anywhere --------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["menu", "Home", " CANCEL ", "x", "X.", "hi", "Good   morning!", "hi 👋", "*menu*"])
@pytest.mark.parametrize("begin", [at_cups, at_confirm])
def test_a_leaving_word_or_greeting_leaves_any_flow_and_says_what_was_left(
    begin: Callable[[], Play], word: str
) -> None:
    """However it is written, and nothing of the flow is kept."""
    play = begin().say(word)
    assert isinstance(play.call, Login)
    play.core(OPEN)
    assert play.at == "desk.menu"
    assert play.text == "No tea was ordered.\n\nWhat will it be?"
    assert play.answers == {}


def test_leaving_what_is_finished_says_nothing_about_it() -> None:
    """At rest nothing is left behind."""
    play = at_the_desk().say("menu").core(OPEN)
    assert play.text == "What will it be?"


def test_a_keyword_leads_to_its_place_from_anywhere() -> None:
    """And says what was left."""
    assert Play(kiosk()).say("TEA!").at == "tea.cups"
    play = at_cups().say("5").say("tea")
    assert play.at == "tea.cups"
    assert play.text == "No tea was ordered.\n\nHow many cups?"


def test_a_shortcut_is_understood_anywhere_and_says_what_was_left() -> None:
    """Also as the very first word."""
    assert Play(kiosk()).say("!3").text == "3 cups of tea?"
    assert at_confirm().say("!7").text == "No tea was ordered.\n\n7 cups of tea?"
    assert at_the_desk().say("!7").text == "7 cups of tea?"


def test_a_shortcut_that_cannot_be_read_says_how_and_keeps_the_place() -> None:
    """Or leads to the desk, for who stands nowhere."""
    play = at_cups().say("!seven")
    assert play.at == "tea.cups"
    assert play.text == "Like this: !2\n\nHow many cups?"
    assert Play(kiosk()).say("!seven").core(OPEN).text == "Like this: !2\n\nWhat will it be?"


def test_help_in_the_middle_keeps_the_place() -> None:
    """The help is said, and the same question asked again; its answers are kept."""
    play = at_confirm("4").say("help")
    assert play.said[0] == Text(SYSTEM_TEXTS.help)
    assert play.at == "tea.confirm"
    assert play.text.endswith("4 cups of tea?")
    assert play.tap("Help").at == "tea.confirm"
    assert isinstance(play.tap("Yes please").call, Register)


@pytest.mark.parametrize("word", ["help", "about"])
def test_help_at_rest_is_a_place_of_its_own(word: str) -> None:
    """With a way back."""
    assert at_the_desk().say(word).at == "help.text"
    assert Play(kiosk()).say(word).at == "help.text"


def test_unknown_words_of_a_stranger_lead_to_the_desk() -> None:
    """Who never wrote before is not told off for their first words."""
    play = Play(kiosk()).say("what is this")
    assert play.core(OPEN).text == "What will it be?"


# -- answers --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["many", "-", "", "٥", "1e3", "🫖", "a" * 4096])
def test_an_unreadable_answer_gets_the_reason_and_the_same_question(answer: str) -> None:
    """In one message, and the next answer counts."""
    play = at_cups().say(answer)
    assert play.text == "How many, in digits?\n\nHow many cups?"
    assert play.say("2").at == "tea.confirm"


def test_words_that_are_no_option_get_a_general_reason() -> None:
    """Where a step has nothing better to say."""
    play = at_confirm().say("perhaps")
    assert play.text == "Please pick one.\n\n2 cups of tea?"


def test_a_screen_that_needs_core_is_made_again_by_asking_core() -> None:
    """It never shows what may be old."""
    play = at_the_desk().say("perhaps")
    assert isinstance(play.call, Login)
    assert play.core(OPEN).text == "Please pick one.\n\nWhat will it be?"
    again = at_the_desk().say("perhaps").core(Unavailable())
    assert again.text == "Please pick one.\n\nThe kiosk is shut."


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("image", "pictures"),
        ("audio", "voice notes"),
        ("sticker", "stickers"),
        ("unsupported", "polls, changed messages and the like"),
        ("{0}", "that"),
    ],
)
def test_what_is_no_text_is_named_and_the_question_asked_again(kind: str, name: str) -> None:
    """A picture is no answer."""
    play = at_cups().send(kind)
    assert play.text == f"I cannot read {name}.\n\nHow many cups?"
    assert Play(kiosk()).send(kind).core(OPEN).text == f"I cannot read {name}.\n\nWhat will it be?"


def test_an_exit_may_say_something_before_the_next_screen_and_above_it() -> None:
    """Messages of their own, and a preface in the same message."""
    play = at_cups().say("100")
    assert [message.body for message in play.said if isinstance(message, Text)] == [
        "Oh!",
        "So many cups we have not.\n\nHow many cups?",
    ]


def test_a_preface_that_does_not_fit_is_a_message_of_its_own() -> None:
    """WhatsApp's limit for a body is kept."""
    room = 1024 - len("\n\nHow many cups?")
    fits, play = "a" * room, at_cups()
    play.registry = kiosk(texts=replace(SYSTEM_TEXTS, cannot_read=fits))
    assert play.send("image").said == (Text(f"{fits}\n\nHow many cups?"),)
    play.registry = kiosk(texts=replace(SYSTEM_TEXTS, cannot_read=f"{fits}a"))
    assert play.wait(MINUTE).send("image").said == (Text(f"{fits}a"), Text("How many cups?"))


def test_a_reaction_needs_no_answer() -> None:
    """It says what it says, and the question stands."""
    play = at_cups().react()
    assert (play.said, play.call) == ((), None)
    assert play.say("2").at == "tea.confirm"
    assert Play(kiosk()).react().said == ()


def test_a_change_of_number_ends_the_conversation_without_a_word() -> None:
    """Whoever has the number next knows nothing of it; only the turn's number is kept, for it never goes back."""
    play = at_cups()
    turn = play.turn
    play.change_number()
    assert (play.said, play.call, play.session) == ((), None, Session(turn=turn))


def test_a_form_is_read_where_a_form_was_asked_for() -> None:
    """Anything else there is refused with the reason."""
    play = at_the_desk().tap("Loyalty card")
    assert play.say("my name").text == "Please use the form.\n\nYour card"
    assert isinstance(play.fill(name="Tariro").call, Login)


def test_a_form_of_earlier_is_answered_as_old_and_the_question_asked_again() -> None:
    """What was under way is kept."""
    play = at_confirm().fill(name="Tariro")
    assert play.text == "That is an old button.\n\n2 cups of tea?"
    assert Play(kiosk()).fill(name="Tariro").core(OPEN).text == "That is an old button.\n\nWhat will it be?"


# -- options --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["1", "1.", "yes please", "Yes, please!", "YES PLEASE", "yes", "OK", "1️⃣"])
def test_a_number_a_title_or_yes_counts_as_a_tap_on_the_current_screen(typed: str) -> None:
    """However it is written."""
    assert isinstance(at_confirm().wait(SECOND).say(typed).call, Register)


@pytest.mark.parametrize("typed", ["2", "rather not", "no", "No!"])
def test_a_number_a_title_or_no_counts_as_the_tap_that_cancels(typed: str) -> None:
    """Nothing is ordered."""
    play = at_confirm().say(typed)
    assert isinstance(play.call, Login)
    assert play.core(OPEN).text == "No tea then.\n\nWhat will it be?"


@pytest.mark.parametrize("typed", ["0", "4", "99", "100", "01x", "²", "١", "1 2", "yes or no"])
def test_a_number_of_no_option_is_no_tap(typed: str) -> None:
    """The reason is shown, and the same screen."""
    play = at_confirm().say(typed)
    assert play.at == "tea.confirm"
    assert play.text.startswith("Please pick one.")


def test_yes_and_no_are_taps_only_where_something_is_confirmed() -> None:
    """Elsewhere they are words like any other."""
    for word in ("yes", "no"):
        assert at_the_desk().say(word).core(OPEN).text.startswith("Please pick one.")
    assert at_cups().say("yes").text.startswith("How many, in digits?")


def test_a_number_typed_at_an_open_question_is_its_answer() -> None:
    """There is nothing there to count."""
    assert at_cups().say("1").answers == {"cups": "1"}


def test_a_typed_number_counts_the_rows_of_a_list_too() -> None:
    """Those that lead somewhere, and those that answer."""
    assert at_the_desk().say("1").at == "tea.cups"
    assert at_the_desk().say("2").text == "The blue shelf."
    assert at_the_desk().say("the BLUE tin").text == "The blue shelf."


# -- taps of earlier ------------------------------------------------------------------------------------------------


def test_an_old_answer_is_answered_as_old_and_the_current_screen_shown() -> None:
    """The same button of the screen before does nothing."""
    play = at_confirm()
    old = play.option("Yes please")
    play.say("perhaps").tap_again(old)
    assert play.call is None
    assert play.text == "That is an old button.\n\n2 cups of tea?"
    assert isinstance(play.tap("Yes please").call, Register)


def test_a_second_tap_on_a_used_button_does_nothing() -> None:
    """A double tap confirms once."""
    play = at_confirm()
    confirm = play.option("Yes please")
    play.tap("Yes please").core(Done())
    assert play.at == "tea.poured"
    play.tap_again(confirm)
    assert play.call is None
    assert play.text == "That is an old button.\n\nHere is your tea."


def test_an_old_answer_a_day_later_is_answered_as_old() -> None:
    """Also when nothing is known of the conversation any more."""
    play = at_confirm()
    confirm = play.option("Yes please")
    later = play.wait(DAY).fork().tap_again(confirm)
    assert later.core(OPEN).text == "Your tea got cold.\n\nWhat will it be?"
    forgotten = Play(kiosk(), now_ms=play.now_ms).tap_again(confirm)
    assert forgotten.core(OPEN).text == "That is an old button.\n\nWhat will it be?"


def test_navigation_works_a_day_later() -> None:
    """With what it is about, and also when nothing is known of the conversation any more."""
    play = at_the_desk()
    tin, tea = play.option("The blue tin"), play.option("Order tea")
    play.wait(DAY)
    assert play.fork().tap_again(tin).text == "The blue shelf."
    assert play.fork().tap_again(tea).text == "How many cups?"
    assert Play(kiosk()).tap_again(tin).text == "The blue shelf."


def test_navigation_in_the_middle_says_what_was_left() -> None:
    """And leaves it."""
    tin = at_the_desk().option("The blue tin")
    play = at_confirm().tap_again(tin)
    assert play.text == "No tea was ordered.\n\nThe blue shelf."
    assert play.answers == {"target": "blue"}


@pytest.mark.parametrize(
    "unknown", ["n:cellar", "n:", "n::", "", "a", "a:", "a:1:confirm", "z:1", "confirm", ":", "a:x:y"]
)
def test_a_button_that_nobody_knows_is_answered_as_old(unknown: str) -> None:
    """One of an earlier release, say."""
    button = Option(unknown, "?")
    assert at_confirm().tap_again(button).text == "That is an old button.\n\n2 cups of tea?"
    assert Play(kiosk()).tap_again(button).core(OPEN).text == "That is an old button.\n\nWhat will it be?"


# -- calls ----------------------------------------------------------------------------------------------------------


def test_a_call_is_made_of_what_was_said_and_its_outcome_decides_the_way() -> None:
    """The message that led to it is known to the call."""
    play = at_confirm("6").tap("Yes please")
    assert play.call == Register("6", "wamid.4")
    assert play.fork().core(Done()).at == "tea.poured"
    assert play.fork().core(Refused("no milk")).at == "tea.spilt"


def test_an_exit_may_change_the_account_that_the_member_acts_for() -> None:
    """And it stays so, also after leaving."""
    play = at_confirm().tap("Yes please").core(DidNotHappen()).say("menu").core(OPEN).wait(DAY).say("hi").core(OPEN)
    assert play.session is not None
    assert play.session.account == "kitchen"


def test_answers_are_kept_within_a_flow_and_forgotten_between_flows() -> None:
    """What was said for one purpose serves no other."""
    play = at_confirm("6").tap("Yes please").core(Done())
    assert play.answers == {"cups": "6"}
    assert play.tap("To the desk").core(OPEN).answers == {}


def test_exits_taken_are_told() -> None:
    """For coverage, and for logs."""
    play = at_confirm().tap("Yes please").core(Done())
    assert play.walked == [
        Transition("desk", "look", "open"),
        Transition("tea", "cups", "ok"),
        Transition("tea", "confirm", "confirm"),
        Transition("tea", "pour", "poured"),
    ]


def test_an_end_says_what_there_is_to_say_and_the_next_word_starts_afresh() -> None:
    """Nothing is under way after it."""
    play = at_the_desk().tap("Bye")
    assert play.session is not None
    assert play.session.flow == ""
    assert play.said == ()
    assert play.say("well").core(OPEN).text == "I did not understand that.\n\nWhat will it be?"


def test_leaving_by_an_exit_that_is_not_declared_is_a_defect() -> None:
    """It is raised, naming the step and the exit; nothing is guessed."""
    play = at_confirm().tap("Yes please")
    with pytest.raises(ConversationError, match=r"tea\.pour left by 'explode', which it does not declare"):
        play.core(Unknown())


@pytest.mark.parametrize("session", [None, Session(), Session(flow="tea", step="cups"), Session("gone", "gone")])
def test_an_outcome_that_nobody_waits_for_is_a_defect(session: Session | None) -> None:
    """Outcomes come to calls."""
    with pytest.raises(ConversationError, match="waits for none"):
        take_turn(kiosk(), session, CallFinished(MEMBER, Done()), NOON)


# -- what is found later --------------------------------------------------------------------------------------------


def test_what_became_of_a_write_is_told_without_touching_the_conversation() -> None:
    """It is told in the words of the step that made it, with the answers of then."""
    play = at_cups()
    found = WriteReconciled(MEMBER, "tea.pour", Register("6", ""), Done(), {"cups": "6"})
    turn = take_turn(play.registry, play.session, found, play.now_ms)
    assert turn.messages == (Text("Register of 6 cups: Done."),)
    assert turn.session == play.session
    assert turn.call is None
    assert take_turn(play.registry, None, found, NOON).session == Session()


@pytest.mark.parametrize("step", ["tea.cups", "desk.look", "gone.gone", ""])
def test_only_a_step_that_makes_writes_can_tell_what_became_of_one(step: str) -> None:
    """Anything else is a defect."""
    with pytest.raises(ConversationError, match="cannot tell what became of its call"):
        take_turn(kiosk(), None, WriteReconciled(MEMBER, step, Register("6", ""), Done(), {}), NOON)


# -- sessions of another release ------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", ["gone.gone", "tea.gone", "tea.pour"])
@pytest.mark.parametrize("text", ["2", "perhaps", "1"])
def test_a_session_at_a_step_that_asks_nothing_starts_afresh(step: str, text: str) -> None:
    """An earlier release may have left it there."""
    flow, _, name = step.partition(".")
    standing = Session(flow, name, turn=NOON, valid_until_ms=NOON + MINUTE)
    play = Play(kiosk(), session=standing).say(text)
    assert isinstance(play.call, Login)
    assert play.core(OPEN).at == "desk.menu"
