"""Registration by a form, as plays."""

from __future__ import annotations

import pytest

from service.conversation import Option
from service.domain import Denomination
from service.domain.commands import NotFound, Refused
from service.flows import Forms, flow_registry
from service.flows.forms import BUSINESS, PERSON
from service.messages import Form
from service.whatsapp.forms import DEFINITIONS, form_tokens
from service.writes.open_account import OpenAccount
from service.writes.register import Register
from tests.unit.flows_play import MEMBER, MINUTE, Play
from tests.unit.flows_world import known, member

TOKEN = form_tokens("a-secret")
NAMES = {"form": "member_signup", "first_name": "Tariro", "last_name": "Moyo"}


@pytest.fixture
def at_form() -> Play:
    """A stranger who is shown the form."""
    forms = Forms(TOKEN, person="1111", business="2222")
    return Play(flow_registry(forms)).say("hi").core(NotFound()).tap("Become a member")


def shown(play: Play) -> Form:
    """The form on the screen."""
    (form,) = play.said
    assert isinstance(form, Form)
    return form


def test_a_stranger_becomes_a_member_by_one_form_and_a_look_at_what_is_stored(at_form: Play) -> None:
    """The form is this deployment's, opens on its first screen, and carries the token of this turn."""
    form = shown(at_form)
    assert (form.form_id, form.screen, form.token) == ("1111", "MEMBER_SIGNUP", TOKEN(MEMBER, at_form.turn))
    at_form.fill(form_token=form.token, **NAMES)
    assert at_form.at == "registration.confirm"
    assert "*Tariro Moyo*" in at_form.text
    assert at_form.tap("Confirm").call == Register("Tariro", "Moyo")
    assert at_form.core(member()).core(known()).at == "dashboard.menu"


def test_names_are_shown_as_they_will_be_stored(at_form: Play) -> None:
    """By the same rule as when they are typed."""
    at_form.fill(form_token=shown(at_form).token, **{**NAMES, "first_name": " Zoë-Anne ", "last_name": "O'Brien"})
    assert "*Zo-Anne OBrien*" in at_form.text
    assert "You typed “Zoë-Anne O'Brien”" in at_form.text


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ({**NAMES, "first_name": "T"}, "First name: A name needs at least 3 letters."),
        ({**NAMES, "last_name": "Моё"}, "Last name: A name needs at least 3 letters."),
        ({**NAMES, "last_name": "M" * 51}, "Last name: A name has 50 letters at most."),
        ({"form": "member_signup"}, "First name: A name needs at least 3 letters."),
    ],
)
def test_answers_are_checked_again_and_the_form_comes_back_with_the_reason(
    at_form: Play, answers: dict[str, str], reason: str
) -> None:
    """They come from the member's phone; the form that comes back is a new one."""
    first = shown(at_form)
    at_form.fill(form_token=first.token, **answers)
    again = shown(at_form)
    assert at_form.text.startswith(reason)
    assert (at_form.at, again.form_id) == ("registration.form", first.form_id)
    assert again.token != first.token
    assert at_form.fill(form_token=again.token, **NAMES).at == "registration.confirm"


def test_a_form_of_an_earlier_turn_is_void(at_form: Play) -> None:
    """Its token is of another turn; the form is shown again."""
    old = shown(at_form).token
    at_form.say("what?")
    at_form.fill(form_token=old, **NAMES)
    assert at_form.at == "registration.form"
    assert at_form.text.startswith("That was an earlier form")


@pytest.mark.parametrize("token", ["", "token", "é", TOKEN("263712345678", 1)])
def test_a_token_that_is_not_this_members_is_refused(at_form: Play, token: str) -> None:
    """Whether guessed, or somebody else's."""
    assert at_form.fill(form_token=token, **NAMES).at == "registration.form"
    assert at_form.fill(form_token=TOKEN("263712345678", at_form.turn), **NAMES).at == "registration.form"


def test_without_a_token_the_form_on_the_screen_is_meant(at_form: Play) -> None:
    """Some iPhones leave it out. Another form, or one that no screen asks for, is not taken."""
    other = at_form.fork().fill(form_token=None, form="open_account", name="Shop", denomination="USD", handle="shop")
    assert other.at == "registration.form"
    assert at_form.fill(form_token=None, **NAMES).at == "registration.confirm"
    assert at_form.fill(form_token=None, **NAMES).at == "registration.confirm"
    assert at_form.text.startswith("That form is from an earlier message")


def test_submitting_twice_is_harmless(at_form: Play) -> None:
    """The second one changes nothing of what is confirmed, before and after."""
    token = shown(at_form).token
    at_form.fill(form_token=token, **NAMES)
    at_form.fill(form_token=token, **{**NAMES, "first_name": "Another"})
    assert at_form.at == "registration.confirm"
    assert "*Tariro Moyo*" in at_form.text
    at_form.tap("Confirm").core(member()).core(known())
    again = at_form.fill(form_token=token, **NAMES)
    assert again.call is not None  # the menu is made afresh, and nothing else
    assert again.core(known()).at == "dashboard.menu"


def test_whoever_cannot_open_the_form_is_asked_question_by_question(at_form: Play) -> None:
    """By typing the word that stands under it; anything else shows the form again."""
    assert at_form.fork().say("my name is Tariro").text.startswith("Please tap the button below")
    for typed in ("questions", "Questions.", "*questions*"):
        assert at_form.fork().say(typed).text == "What is your first name?"
    assert at_form.say("questions").say("Tariro").say("Moyo").at == "registration.confirm"


def test_a_name_to_be_changed_or_refused_is_asked_by_the_form_again(at_form: Play) -> None:
    """With a token of its own."""
    at_form.fill(form_token=shown(at_form).token, **NAMES)
    assert at_form.fork().tap("Change the name").at == "registration.form"
    refused = at_form.fork().tap("Confirm").core(Refused("name"))
    assert refused.at == "registration.form"
    assert refused.text.startswith("Credex refused")


def test_a_form_left_for_five_minutes_is_let_go(at_form: Play) -> None:
    """As any other question."""
    token = shown(at_form).token
    at_form.wait(5 * MINUTE + 1).fill(form_token=token, **NAMES).core(NotFound())
    assert at_form.at == "registration.welcome"
    assert at_form.text.startswith("Your registration was left for more than five minutes")


# -- a business account -----------------------------------------------------------------------------------------------

SHOP = {"form": "open_account", "name": "Moyo & Sons", "denomination": "ZWG", "handle": "@Moyo_Sons"}


@pytest.fixture
def at_business_form() -> Play:
    """A member who is shown the form for a business account."""
    play = Play(flow_registry(Forms(TOKEN, person="1111", business="2222")))
    return play.tap_again(Option("n:open_business", "Open an account")).core(known())


def test_a_business_account_is_opened_by_one_form(at_business_form: Play) -> None:
    """As core will store it, after a look and a confirmation."""
    form = shown(at_business_form)
    assert (form.form_id, form.screen) == ("2222", "OPEN_ACCOUNT")
    at_business_form.fill(form_token=form.token, **SHOP)
    assert (at_business_form.at, "*Moyo Sons*" in at_business_form.text) == ("business.confirm", True)
    assert at_business_form.tap("Confirm").call == OpenAccount("Moyo Sons", "moyo_sons", Denomination.ZWG)


@pytest.mark.parametrize("wrong", [{"name": "?"}, {"handle": "a.b.c"}, {"denomination": "EUR"}, {"denomination": ""}])
def test_business_answers_are_checked_again(at_business_form: Play, wrong: dict[str, str]) -> None:
    """A dropdown binds nobody who sends something else."""
    token = shown(at_business_form).token
    at_business_form.fill(form_token=token, **{**SHOP, **wrong})
    assert at_business_form.at == "business.form"
    assert shown(at_business_form).token != token


def test_whoever_cannot_open_the_business_form_is_asked_question_by_question(at_business_form: Play) -> None:
    """As in registration."""
    assert at_business_form.say("questions").at == "business.name"


def test_forms_add_these_exits_and_no_others() -> None:
    """All of them are walked above."""
    forms = Forms(TOKEN, person="1111", business="2222")
    added = {(step, way) for step, way, _ in flow_registry(forms).edges()} - {
        (step, way) for step, way, _ in flow_registry().edges()
    }
    assert added == {(f"{flow}.form", way) for flow in ("registration", "business") for way in ("ok", "questions")}


# -- tokens and definitions -------------------------------------------------------------------------------------------


def test_tokens_tell_members_turns_and_deployments_apart() -> None:
    """And cannot be made without the secret."""
    tokens = {TOKEN("1", 11), TOKEN("11", 1), TOKEN("1", 12), form_tokens("b-secret")("1", 11)}
    assert len(tokens) == 4
    assert all(len(token) == 40 for token in tokens)


def test_flows_and_definitions_agree_on_names_and_first_screens() -> None:
    """What the flow reads is what the form sends."""
    about = [(each.name, each.content["screens"][0]["id"]) for each in DEFINITIONS]
    assert about == [(paper.name, paper.screen) for paper in (PERSON, BUSINESS)]
    for definition in DEFINITIONS:
        children = definition.content["screens"][-1]["layout"]["children"]
        asked = {child["name"] for child in children if "name" in child}
        (footer,) = [child for child in children if child["type"] == "Footer"]
        payload = footer["on-click-action"]["payload"]
        assert payload == {"form": definition.name, **{name: f"${{form.{name}}}" for name in asked}}
