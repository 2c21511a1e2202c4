"""Registration by questions, as plays."""

from __future__ import annotations

import pytest

from service.conversation import WriteReconciled, take_turn
from service.domain.commands import (
    DidNotHappen,
    Done,
    Known,
    Login,
    NotFound,
    PossibleDuplicate,
    Refused,
    Unavailable,
    Unknown,
)
from service.writes.register import Register
from tests.unit.flows_play import MEMBER, MINUTE, NOON, Play, Stage, text_of
from tests.unit.flows_world import REFUSALS, dashboard, known, member


@pytest.fixture
def stage() -> Stage:
    return Stage()


def stranger(stage: Stage) -> Play:
    return stage.member().say("hi").core(NotFound())


def named(stage: Stage, first: str = "Tariro", last: str = "Moyo") -> Play:
    return stranger(stage).tap("Become a member").say(first).say(last)


def test_a_stranger_becomes_a_member_by_two_questions_and_a_look_at_what_is_stored(stage: Stage) -> None:
    """And sees their dashboard."""
    play = stranger(stage).tap("Become a member")
    assert play.text == "What is your first name?"
    assert play.say("Tariro").text == "And your last name?"
    play.say("Moyo")
    assert play.at == "registration.confirm"
    assert "*Tariro Moyo*" in play.text
    assert f"Your handle will be {MEMBER}" in play.text
    assert "You typed" not in play.text
    assert play.titles == ["Confirm", "Change the name", "Cancel"]
    assert play.tap("Confirm").call == Register("Tariro", "Moyo")
    assert play.core(member()).call == Login(fresh=True)
    assert play.core(known()).text.startswith("You are now a member.\n\nGood afternoon, Tariro.")
    assert play.at == "dashboard.menu"


def test_what_core_will_store_is_shown_before_it_is_confirmed(stage: Stage) -> None:
    """Beside what was typed, where they differ."""
    play = named(stage, "Zoë-Anne", "O'Brien")
    assert "*Zo-Anne OBrien*" in play.text
    assert "You typed “Zoë-Anne O'Brien”. Credex keeps only the letters A to Z, spaces and hyphens." in play.text
    assert play.tap("Confirm").call == Register("Zo-Anne", "OBrien")


@pytest.mark.parametrize("name", ["Ng", "Zoë", "", "123", "a" * 51, "🐘" * 300])
def test_a_name_that_core_would_refuse_gets_the_reason_and_the_question_again(name: str) -> None:
    """The first name and the last."""
    play = stranger(Stage()).tap("Become a member").say(name)
    assert play.at == "registration.first_name"
    assert play.text.startswith("A name ")
    assert play.text.endswith("\n\nWhat is your first name?")
    play.say("Tariro").say(name)
    assert play.at == "registration.last_name"
    assert play.text.endswith("\n\nAnd your last name?")


def test_the_name_can_be_changed(stage: Stage) -> None:
    """Before anything is stored."""
    play = named(stage).tap("Change the name").say("Rudo").say("Moyo").tap("Confirm")
    assert play.call == Register("Rudo", "Moyo")


def test_cancelling_leads_back_to_the_welcome_and_says_that_nothing_was_stored(stage: Stage) -> None:
    """By the button, and by "no"."""
    for play in (named(stage).tap("Cancel"), named(stage).say("no")):
        assert play.call is None
        assert play.at == "registration.welcome"
        assert play.text.startswith("Registration stopped. Nothing was stored.\n\n")


def test_leaving_or_being_late_says_that_nothing_was_stored(stage: Stage) -> None:
    """Whoever comes back starts at the welcome."""
    left = named(stage).say("menu").core(NotFound())
    assert left.text.startswith("Registration stopped. Nothing was stored.\n\n")
    late = named(stage).wait(5 * MINUTE + 1).say("yes").core(NotFound())
    assert late.text.startswith("Your registration was left for more than five minutes")
    assert late.at == left.at == "registration.welcome"


def test_help_in_the_middle_keeps_the_place(stage: Stage) -> None:
    """Nothing has to be typed again."""
    play = stranger(stage).tap("Become a member").say("Tariro").say("help")
    assert play.text.endswith("---\nAnd your last name?")
    assert play.say("Moyo").tap("Confirm").call == Register("Tariro", "Moyo")


def test_an_old_confirm_registers_nobody(stage: Stage) -> None:
    """Not a second later, not a day later."""
    play = named(stage)
    confirm = play.option("Confirm")
    play.say("perhaps").tap_again(confirm)
    assert play.call is None
    assert play.at == "registration.confirm"


def test_each_outcome_of_registering_is_told_as_it_is(stage: Stage) -> None:
    """A member already, refused, not reached, not known: each in its own words, each with a way on."""
    play = named(stage)
    already = play.fork().tap("Confirm").core(Refused("duplicate_phone")).core(known())
    assert already.text.startswith("This number is a member already.\n\n")
    for code in REFUSALS:
        if code != "duplicate_phone":
            refused = play.fork().tap("Confirm").core(Refused(code))
            assert refused.at == "registration.first_name"
            assert refused.text.startswith("Credex refused")
    for outcome in (DidNotHappen(), Unavailable()):
        not_done = play.fork().tap("Confirm").core(outcome)
        assert not_done.at == "registration.not_done"
        assert "you are *not* registered yet" in not_done.text
        assert not_done.tap("Try again").core(NotFound()).at == "registration.welcome"
    for unclear in (Unknown(), PossibleDuplicate(), NotFound(), Known(dashboard())):
        unknown = play.fork().tap("Confirm").core(unclear)
        assert unknown.at == "registration.unknown"
        assert "I do not know yet" in unknown.text
        assert unknown.tap("Look now").core(known()).at == "dashboard.menu"


def test_what_is_found_out_later_is_told(stage: Stage) -> None:
    """That it went through, that it did not, or that it cannot be known."""
    call = Register("Tariro", "Moyo")
    told = []
    for outcome in (Done(), DidNotHappen(), Unknown()):
        turn = take_turn(
            stage.registry, None, WriteReconciled(MEMBER, "registration.register", call, outcome, {}), NOON
        )
        told += [text_of(message) for message in turn.messages]
    assert ["went through: you are" in told[0], "did not go" in told[1], "could not find out" in told[2]] == [True] * 3
