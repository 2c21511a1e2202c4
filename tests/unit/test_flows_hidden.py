"""Members who hide their number, and numbers that change, as plays."""

from __future__ import annotations

import pytest

from service.conversation import Session
from service.domain.commands import Login, NotFound
from service.flows import flow_registry
from tests.unit.flows_play import DAY, MINUTE, Play

HIDING = "ZW.8842019377265501"


@pytest.fixture
def hiding() -> Play:
    """Somebody of whom WhatsApp tells the user id only."""
    return Play(flow_registry(), member=HIDING)


def test_whoever_hides_their_number_is_told_what_is_needed(hiding: Play) -> None:
    """And core is asked nothing: there is no number to log in with."""
    hiding.say("Mhoro")
    assert (hiding.at, hiding.call, hiding.titles) == ("hidden.explain", None, ["I have done that"])
    assert "phone number" in hiding.text
    assert "Settings" in hiding.text


@pytest.mark.parametrize("words", ["menu", "5=>farai_shop", "offer", "register", "help", "yes", "1", "pending"])
def test_nothing_typed_leads_anywhere_else(hiding: Play, words: str) -> None:
    """Neither words understood everywhere, nor shortcuts, nor numbers."""
    assert hiding.say(words).at == "hidden.explain"
    assert hiding.say(words).call is None


def test_no_button_leads_anywhere_else(hiding: Play) -> None:
    """Not even the durable ones, which may come from another's screen."""
    hiding.say("hi").tap("I have done that")
    assert (hiding.at, hiding.call) == ("hidden.explain", None)
    hiding.fill(first_name="Tariro", last_name="Moyo")
    assert (hiding.at, hiding.call) == ("hidden.explain", None)


def test_a_contact_card_is_never_taken_for_identity(hiding: Play) -> None:
    """Anyone can share anyone's; that is said, and the rest again."""
    hiding.send("contacts")
    assert hiding.text.startswith("Thank you for the contact card. But anyone can send anyone's card")
    assert (hiding.at, hiding.call) == ("hidden.explain", None)
    assert not hiding.send("image").text.startswith("Thank you")


def test_a_reaction_needs_no_answer(hiding: Play) -> None:
    """It asks nothing."""
    assert hiding.say("hi").react().said == ()


@pytest.mark.parametrize("kind", ["system", "revoke"])
def test_what_whatsapp_itself_says_and_what_was_deleted_needs_no_answer(hiding: Play, kind: str) -> None:
    """Such as that a security code changed; nobody wrote it."""
    assert hiding.say("hi").send(kind).said == ()
    shown = Play(flow_registry()).say("hi").core(NotFound())
    assert (shown.send(kind).said, shown.at) == ((), "registration.welcome")


def test_whoever_shows_their_number_starts_afresh() -> None:
    """To us it is somebody else: the number."""
    shown = Play(flow_registry()).say("Mhoro")
    assert (shown.call, shown.session is not None) == (Login(fresh=True), True)


def test_a_number_that_changed_is_forgotten_without_a_word() -> None:
    """In the middle of a registration; whoever has it next is a stranger to what was begun."""
    play = Play(flow_registry()).say("hi").core(NotFound()).tap("Become a member").say("Tariro")
    turn = play.turn
    play.change_number()
    assert (play.said, play.session, play.call) == ((), Session(turn=turn), None)
    assert play.wait(MINUTE).say("Moyo").call == Login(fresh=True)
    assert "left" not in play.core(NotFound()).text
    assert play.wait(DAY).say("hi").core(NotFound()).text.startswith("Welcome")
