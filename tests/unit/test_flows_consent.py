"""Consent is a tap: on each confirmation of each flow nothing typed leads to a write, and neither does an old tap."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.conversation import Question, Session
from service.domain import Person
from service.domain.commands import FindAccount, FindMember, Known, NotFound, PossibleDuplicate, Write
from service.flows import flow_registry
from tests.unit.flows_play import MINUTE, SECOND, Play
from tests.unit.flows_world import FARAI, RUDO, account, dashboard, offer

REGISTRY = flow_registry()
CONFIRMATIONS = [
    f"{flow.name}.{step.name}"
    for flow in REGISTRY.flows
    for step in flow.steps
    if isinstance(step, Question) and step.confirms
]
LOW, HIGH = (
    Known(
        dashboard(
            account(
                incoming=(offer("cx-1"), offer("cx-2", "2.00")),
                outgoing=(offer("cx-3", "7.00"),),
                authorised=(Person("member-1", "Tariro Moyo"), Person("member-farai", "Farai Ncube")),
                send_offers_to=Person("member-1", "Tariro Moyo"),
            ),
            tier=tier,
        )
    )
    for tier in (1, 4)
)
"""A member before and after the upgrade, with offers that wait and a person who may act for the account."""
WORDS = (
    "yes",
    "y",
    "ok",
    "confirm",
    "Confirm",
    "1",
    "1.",
    "1️⃣",
    "2",
    "hongu",
    "ehe",
    "yebo",
    "sure",
    "oui",
    "sí",
    "نعم",
)
EMOJI = ("👍", "✅", "🙏", "👌", "🆗", "Confirm ✅")
"""What might be taken for a yes."""
EARLIER: list[Callable[[Play], Play]] = [
    lambda play: play.tap("Confirm", sent_ms=play.now_ms - 3 * SECOND),
    lambda play: play.tap("Confirm", sent_ms=play.now_ms - 60 * MINUTE),
    lambda play: play.wait(5 * MINUTE + 1).tap("Confirm", received_ms=play.now_ms - MINUTE),
    lambda play: play.wait(5 * MINUTE + 1).tap("Confirm"),
]


def answered(play: Play, look: Known = HIGH) -> Play:
    """The play after all that core is asked before the next screen or write."""
    while play.call is not None and not isinstance(play.call, Write):
        play.core({FindAccount: Known(FARAI), FindMember: Known(RUDO)}.get(type(play.call), look))
    return play


def begun(text: str, *titles: str, look: Known = HIGH) -> Play:
    """A member types this and taps these, one after the other."""
    play = answered(Play(REGISTRY).say(text), look)
    for title in titles:
        answered(play.tap(title), look)
    return play


def prompts() -> dict[str, Play]:
    """A play that stands at each confirmation."""
    incoming = answered(begun("pending").say("1"))
    person = begun("people", "Farai Ncube")
    offered = begun("5=>farai_shop")
    plays = (
        Play(REGISTRY).say("hi").core(NotFound()).tap("Become a member").say("Tariro").say("Moyo"),
        begun("upgrade", look=LOW),
        offered,
        offered.fork().tap("Confirm").core(PossibleDuplicate()),
        incoming.fork().tap("Accept"),
        incoming.fork().tap("Decline"),
        answered(begun("outgoing").say("1")).tap("Cancel the offer"),
        begun("accept all"),
        begun("accounts", "Open an account").say("Moyo Hardware").tap("ZWG").say("moyo_hardware"),
        answered(begun("people", "Let another act").say("rudo")),
        person.fork().tap("Remove"),
        person.fork().tap("Tell them of offers"),
    )
    return {play.at: play for play in plays}


PROMPTS = prompts()


def typed_at(name: str, text: str) -> Play:
    """What typing this at a confirmation leads to, with all that core is asked on the way."""
    play = PROMPTS[name].fork().wait(10 * SECOND).say(text)
    return answered(play, LOW if name.startswith("upgrade") else HIGH)


def test_there_is_a_play_for_each_confirmation() -> None:
    """A new one is met, too."""
    assert sorted(PROMPTS) == sorted(CONFIRMATIONS)


def test_writes_follow_only_from_the_button_that_confirms() -> None:
    """No exit of a question leads to a write but ``confirm`` of one that is declared to confirm."""
    writes = {play for play, _, _ in REGISTRY.edges() if _is_write(play)}
    for source, name, target in REGISTRY.edges():
        found = REGISTRY.find(source)
        if target in writes and found and isinstance(found[1], Question):
            assert (found[1].confirms, name) == (True, "confirm"), f"{source} leads to {target} by {name}"


def _is_write(target: str) -> bool:
    found = REGISTRY.find(target)
    return found is not None and getattr(found[1], "on_reconciled", None) is not None


@pytest.mark.parametrize("text", [*WORDS, *EMOJI])
@pytest.mark.parametrize("name", CONFIRMATIONS)
def test_no_word_for_yes_confirms_anything(name: str, text: str) -> None:
    """The prompt is shown again, with what does."""
    play = typed_at(name, text)
    assert play.call is None
    assert play.text.startswith("Tap *Confirm* to go on.\n\n"), play.text
    assert (play.at, "Confirm" in play.titles) == (name, True)


@given(name=st.sampled_from(CONFIRMATIONS), text=st.one_of(st.text(max_size=40), st.from_regex(r"a:\d+:confirm")))
def test_no_text_whatsoever_leads_to_a_write(name: str, text: str) -> None:
    """On any confirmation of any flow."""
    assert not isinstance(typed_at(name, text).call, Write)


@given(name=st.sampled_from(CONFIRMATIONS), data=st.data())
def test_no_text_made_of_the_screens_own_words_leads_to_a_write(name: str, data: st.DataObject) -> None:
    """Titles, ids, numbers, and words for yes, however they are put together."""
    session = PROMPTS[name].session or Session()
    options = session.options
    parts = [*WORDS, *(option.title for option in options), *(option.id for option in options), " ", "!", "\n", "*"]
    text = "".join(data.draw(st.lists(st.sampled_from(parts), min_size=1, max_size=4)))
    assert not isinstance(typed_at(name, text).call, Write)


@pytest.mark.parametrize("name", CONFIRMATIONS)
def test_a_tap_on_the_prompt_confirms(name: str) -> None:
    """Otherwise the rules above would prove nothing."""
    assert isinstance(PROMPTS[name].fork().tap("Confirm").call, Write)


@given(name=st.sampled_from(CONFIRMATIONS), back=st.integers(min_value=1, max_value=10_000_000))
def test_a_tap_of_an_older_turn_does_not_confirm(name: str, back: int) -> None:
    """Its id carries the turn of the screen that it was on."""
    play = PROMPTS[name].fork()
    turn = play.turn
    old = play.option("Confirm").id.replace(str(turn), str(turn - back))
    play.tap_again(type(play.option("Confirm"))(old, "Confirm"))
    assert not isinstance(play.call, Write)


@pytest.mark.parametrize("tap", EARLIER, ids=["3 s earlier", "an hour earlier", "handled late", "received late"])
@pytest.mark.parametrize("name", CONFIRMATIONS)
def test_a_tap_with_an_earlier_timestamp_or_too_late_does_not_confirm(name: str, tap: Callable[[Play], Play]) -> None:
    """The prompt is shown again, or was left for too long."""
    assert not isinstance(tap(PROMPTS[name].fork()).call, Write)


# -- free text ------------------------------------------------------------------------------------------------------


def asked_for(name: str) -> Play:
    """The question for the first name, for the last name, or for a handle."""
    play = Play(REGISTRY)
    if name == "offer.handle":
        return play.say("offer").core(HIGH).say("5")
    play.say("hi").core(NotFound()).tap("Become a member")
    return play if name == "registration.first_name" else play.say("Tariro")


COMMANDS = [
    ("registration.last_name", "Mambo", "Mambo"),
    ("registration.last_name", "  MAMBO ", "Mambo"),
    ("registration.first_name", "Rubatsiro", "Rubatsiro"),
    ("offer.handle", "people", "people"),
    ("offer.handle", "pending", "pending"),
]


@pytest.mark.parametrize(("at", "text", "answer"), COMMANDS)
def test_a_command_that_could_be_the_answer_is_asked_about(at: str, text: str, answer: str) -> None:
    """It becomes the answer by a tap, by its number or by its title; *Menu* leaves."""
    play = asked_for(at)
    assert play.at == at
    play.say(text)
    assert (play.at, play.call, play.titles) == (at, None, ["It is my answer", "Menu"])
    assert play.text == f"Is “{text.strip()}” your answer? If not, tap *Menu*, and I let go of what you have begun."
    for way in (play.fork().tap("It is my answer"), play.fork().say("1"), play.fork().say("it is my answer")):
        assert answer.casefold() in (value.casefold() for value in way.answers.values())
        assert way.at != at
    assert play.fork().tap("Menu").call is not None


def test_another_answer_may_be_typed_instead() -> None:
    """The question still stands; the buttons of it are old then."""
    play = asked_for("registration.last_name").say("Mambo")
    mine = play.option("It is my answer")
    assert play.fork().say("Moyo").at == "registration.confirm"
    assert play.fork().say("12").text.endswith("And your last name?")
    assert play.say("Moyo").tap_again(mine).at == "registration.confirm"
    assert "Moyo" in play.text


@pytest.mark.parametrize("text", ["hi", "Hie!", "pending offers 2", "refresh"])
def test_what_cannot_be_the_answer_acts_at_once(text: str) -> None:
    """An amount is no greeting, and *hi* is too short for a name."""
    amount = Play(REGISTRY).say("offer").core(HIGH)
    assert amount.say(text).at != "offer.amount" or amount.text.endswith("How much do you want to offer?")
    assert asked_for("registration.last_name").say("hi").call is not None


@pytest.mark.parametrize("at", ["registration.last_name", "offer.handle"])
@pytest.mark.parametrize("text", ["menu", "home", "cancel", "x", "back", "end", "stop", "Stop!"])
def test_leaving_words_leave_also_where_they_could_be_an_answer(at: str, text: str) -> None:
    """Whoever is stuck gets out."""
    assert asked_for(at).say(text).call is not None


@pytest.mark.parametrize("at", ["registration.last_name", "offer.handle"])
def test_help_helps_and_asks_again(at: str) -> None:
    """It is never taken for an answer."""
    play = asked_for(at)
    play.say("help")
    assert (play.at, len(play.said)) == (at, 2)


def test_a_release_before_this_one_reads_a_session_that_asks_about_an_answer() -> None:
    """It holds nothing new: the text is in the button's id."""
    play = asked_for("offer.handle").say("people")
    assert isinstance(play.session, Session)
    assert [option.id for option in play.session.options] == [f"a:{play.turn}:people", "n:menu"]
