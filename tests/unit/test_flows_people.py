"""People of an account, as plays: who they are, letting one act, removing one, saying who is told of offers."""

from __future__ import annotations

import pytest

from service.conversation import Option, WriteReconciled, take_turn
from service.domain import Account, Person
from service.domain.commands import (
    Call,
    DidNotHappen,
    Done,
    FindMember,
    Known,
    Login,
    NotFound,
    Outcome,
    PossibleDuplicate,
    Refused,
    Unavailable,
    Unknown,
)
from service.messages import List
from service.writes.authorise import Authorise
from service.writes.offer_recipient import SetOfferRecipient
from service.writes.unauthorise import Unauthorise
from tests.unit.flows_play import DAY, MEMBER, MINUTE, NOON, Play, Stage, text_of
from tests.unit.flows_world import REFUSALS, account, dashboard, known

TARIRO = Person("member-1", "Tariro Moyo")
FARAI = Person("member-farai", "Farai Ncube")
RUDO = Person("member-rudo", "Rudo Dube")


def owned(*people: Person, told: Person | None = TARIRO, **given: object) -> Account:
    """Tariro's account, and who may act for it besides."""
    return account(authorised=(TARIRO, *people), send_offers_to=told, **given)


LOOK = Known(dashboard(owned(FARAI), tier=4))
OTHERS = Known(dashboard(account(owned=False), tier=4))
ACCOUNT = "*Tariro Moyo Personal*"

DEEDS: dict[str, Call] = {
    "authorise": Authorise("acc-1", "member-rudo", "Rudo Dube", "rudo"),
    "remove": Unauthorise("acc-1", "member-farai", "Farai Ncube"),
    "notices": SetOfferRecipient("acc-1", "member-farai", "Farai Ncube"),
}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def listed(stage: Stage) -> Play:
    """The list of people."""
    return stage.member().say("people").core(LOOK)


def shown(stage: Stage, name: str = "Farai Ncube", look: Known = LOOK) -> Play:
    """One of them."""
    return stage.member().say("people").core(look).tap(name).core(look)


def wanted(stage: Stage, look: Known = LOOK) -> Play:
    """Whose handle?"""
    return stage.member().say("people").core(look).tap("Let another act").core(look)


def asked(stage: Stage, deed: str) -> Play:
    """Is that what you want?"""
    if deed == "authorise":
        return wanted(stage).say("Rudo").core(Known(RUDO))
    return shown(stage).tap({"remove": "Remove", "notices": "Tell them of offers"}[deed])


def done(stage: Stage, deed: str, outcome: Outcome) -> Play:
    """It is confirmed, and core's answer is this."""
    return asked(stage, deed).tap("Confirm").core(outcome)


# -- who they are ---------------------------------------------------------------------------------------------------


def test_people_are_in_the_menu_of_owners_only(stage: Stage) -> None:
    """Others are told kindly, by whichever way they come."""
    assert "People of this account" in stage.member().say("hi").core(LOOK).titles
    assert "People of this account" not in stage.member().say("hi").core(OTHERS).titles
    for play in (stage.member().say("people").core(OTHERS), stage.member().say("authorise").core(OTHERS)):
        assert play.at == "people.not_owner"
        assert play.text.startswith("Only the owner of an account can see and change who acts for it")
        assert play.titles == ["Accounts", "Menu"]


def test_the_list_marks_the_owner_and_who_is_told_of_offers(stage: Stage) -> None:
    """One row each."""
    play = stage.member().say("hi").core(LOOK).tap("People of this account")
    assert play.call == Login(fresh=True)
    play.core(Known(dashboard(owned(FARAI, RUDO, told=FARAI), tier=4)))
    assert play.text == f"People who may act for {ACCOUNT}: 3."
    assert play.titles == ["Tariro Moyo", "Farai Ncube", "Rudo Dube", "Let another act", "Menu"]
    (screen,) = play.said
    assert isinstance(screen, List)
    assert [row.description for row in screen.sections[0].rows][:3] == [
        "Owner",
        "May act for it, is told of new offers",
        "May act for it",
    ]


def test_an_empty_list_is_one_that_core_kept_to_itself(stage: Stage) -> None:
    """The owner is always among them; so it is not said that there is nobody."""
    play = stage.member().say("people").core(known())
    assert play.text == f"Credex did not say who may act for {ACCOUNT}."
    assert play.titles == ["Let another act", "Menu"]


def test_more_people_than_core_allows_today_do_not_break_the_list() -> None:
    """Ten rows at most."""
    crowd = tuple(Person(f"member-{n}", f"Person {n}") for n in range(2, 40))
    play = Stage().member().say("people").core(Known(dashboard(owned(*crowd), tier=5)))
    assert len(play.titles) == 10


def test_one_of_them_is_shown_with_what_can_be_changed(stage: Stage) -> None:
    """The owner cannot be removed; whoever is told already need not be chosen."""
    farai = shown(stage)
    assert farai.text == f"*Farai Ncube* may act for {ACCOUNT}.\n\nThey are *not* told of new offers to it."
    assert farai.titles == ["Tell them of offers", "Remove", "Back"]
    tariro = shown(stage, "Tariro Moyo")
    assert tariro.text == f"You are the owner of {ACCOUNT}.\n\nYou are told of new offers to it."
    assert tariro.titles == ["Back"]
    told = Known(dashboard(owned(FARAI, told=FARAI), tier=4))
    assert shown(stage, "Farai Ncube", told).titles == ["Remove", "Back"]
    assert shown(stage, "Tariro Moyo", told).titles == ["Tell me of offers", "Back"]
    assert farai.tap("Back").core(LOOK).at == "people.listed"


def test_an_old_row_opens_that_person_of_that_account_or_says_that_they_are_gone(stage: Stage) -> None:
    """Whichever account the member acts for by then."""
    row = listed(stage).option("Farai Ncube")
    shop = account(account_id="acc-2", name="Shop", authorised=(TARIRO,))
    both = Known(dashboard(owned(FARAI), shop, tier=4))
    later = stage.member(account="acc-2").wait(DAY).tap_again(row).core(both)
    assert later.text.startswith(f"*Farai Ncube* may act for {ACCOUNT}.")
    assert later.tap("Remove").tap("Confirm").call == DEEDS["remove"]
    gone = (Known(dashboard(owned(), tier=4)), OTHERS, Known(dashboard(shop, tier=4)))
    assert stage.goes(listed(stage), "Farai Ncube", *gone) == ["people.gone"] * 3
    for nonsense in ("n:person", "n:person:acc-1", "n:person:/member-farai"):
        assert stage.member().tap_again(Option(nonsense, "Farai")).core(LOOK).at == "people.gone"
    assert stage.member().tap_again(row).core(OTHERS).titles == ["People", "Menu"]


def test_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """From the list, from a person, and before somebody is let."""
    looks: tuple[Outcome, ...] = (NotFound(), Known(dashboard()), Unavailable())
    places = ["registration.welcome", "greeting.no_account", "greeting.away"]
    assert stage.goes(stage.member(), "people", *looks) == places
    assert stage.goes(listed(stage), "Farai Ncube", *looks) == places
    assert stage.goes(listed(stage), "Let another act", *looks) == places


# -- another one ----------------------------------------------------------------------------------------------------


def test_somebody_is_let_by_handle_with_the_name_that_core_has(stage: Stage) -> None:
    """In any case of letters."""
    play = wanted(stage).say("@Rudo")
    assert play.call == FindMember("rudo")
    play.core(Known(RUDO))
    assert play.text.startswith(f"Let *Rudo Dube* (rudo) act for {ACCOUNT}?")
    assert play.tap("Confirm").call == DEEDS["authorise"]


def test_a_handle_that_is_none_or_nobodys_is_asked_again(stage: Stage) -> None:
    """With the reason; core away is another matter."""
    play = wanted(stage).say("R")
    assert play.at == "people.handle"
    assert play.text.startswith("A handle has 3 to 30 characters")
    for outcome in (NotFound(), Refused("validation")):
        nobody = wanted(stage).say("nobody").core(outcome)
        assert nobody.at == "people.handle"
        assert nobody.text.startswith("No member has the handle “nobody”.")
    assert wanted(stage).say("rudo").core(Unavailable()).at == "greeting.away"


def test_whoever_may_act_already_is_told_before_anything_is_confirmed(stage: Stage) -> None:
    """The owner, too."""
    for person in (FARAI, TARIRO):
        play = wanted(stage).say("somebody").core(Known(person))
        assert play.at == "people.stands"
        assert play.text == f"*{person.name}* may act for {ACCOUNT} already. Nothing had to be changed."


def test_tier_and_number_warn_and_core_decides(stage: Stage) -> None:
    """A tier that core kept to itself warns of nothing."""
    crowd = tuple(Person(f"member-{n}", f"Person {n}") for n in range(2, 6))
    low = wanted(stage, Known(dashboard(owned(), tier=3)))
    full = wanted(stage, Known(dashboard(owned(*crowd), tier=4)))
    assert low.text.startswith("⚠️ Letting others act needs the entrepreneur tier")
    assert full.text.startswith("⚠️ 5 may act for it already, which is the most.")
    assert low.say("rudo").core(Known(RUDO)).tap("Confirm").call == DEEDS["authorise"]
    assert "⚠️" not in wanted(stage, Known(dashboard(owned(), tier=None))).text
    assert stage.member().say("authorise").core(LOOK).at == "people.handle"


# -- what is changed ------------------------------------------------------------------------------------------------


def test_each_deed_is_confirmed_before_it_is_done_and_then_told(stage: Stage) -> None:
    """With person and account before and after."""
    after = {
        "authorise": f"✅ *Rudo Dube* may now act for {ACCOUNT}.",
        "remove": f"✅ *Farai Ncube* can no longer act for {ACCOUNT}.",
        "notices": f"✅ *Farai Ncube* is now told of new offers to {ACCOUNT}.",
    }
    for deed, call in DEEDS.items():
        play = asked(stage, deed)
        assert play.at == f"people.confirm_{deed}"
        assert ACCOUNT in play.text
        assert play.tap("Confirm").call == call
        play.core(Done())
        assert play.at == "people.done"
        assert play.text == after[deed]
        assert play.titles == ["People", "Menu"]
        assert play.say("perhaps").text.endswith(after[deed])


def test_the_owner_takes_the_notices_back(stage: Stage) -> None:
    """By the same way."""
    play = shown(stage, "Tariro Moyo", Known(dashboard(owned(FARAI, told=FARAI), tier=4))).tap("Tell me of offers")
    assert play.tap("Confirm").call == SetOfferRecipient("acc-1", "member-1", "Tariro Moyo")


def test_nothing_is_changed_without_a_fresh_yes(stage: Stage) -> None:
    """Not after Cancel, not by a word that leads away, not by an old button, not after five minutes."""
    for deed in DEEDS:
        for cancelled in (asked(stage, deed).tap("Cancel").core(LOOK), asked(stage, deed).say("no").core(LOOK)):
            assert cancelled.text.startswith("Nothing was changed.\n\n")
            assert cancelled.at == ("people.listed" if deed == "authorise" else "people.person")
        assert asked(stage, deed).say("x").core(LOOK).text.startswith("Nothing was changed.\n\n")
        old = asked(stage, deed).option("Confirm")
        assert stage.member().wait(DAY).tap_again(old).call == Login(fresh=True)
        late = asked(stage, deed).wait(5 * MINUTE + 1).say("yes").core(LOOK)
        assert late.text.startswith("That was left for more than five minutes, so I let it go. Nothing was changed.")
        assert asked(stage, deed).say("perhaps").at == f"people.confirm_{deed}"


def test_each_outcome_of_a_deed_is_told_as_it_is(stage: Stage) -> None:
    """Stands already, refused, not done, not known."""
    not_done = {
        "authorise": "*Rudo Dube* may *not* act for",
        "remove": "*Farai Ncube* may still act for",
        "notices": "*Farai Ncube* is *not* told of new offers to",
    }
    for deed in DEEDS:
        expected: list[tuple[Outcome, str, str]] = [
            (Refused("already"), "stands", "Nothing had to be changed."),
            (Refused("too_many"), "refused", "five may act for an account at most"),
            (Refused("tier"), "refused", "it needs the entrepreneur tier"),
            (DidNotHappen(), "not_done", f"I have looked: {not_done[deed]}"),
            (Unavailable(), "not_done", f"I could not reach Credex, so {not_done[deed]}"),
            (Unknown(), "unknown", "I do *not know yet* whether"),
            (PossibleDuplicate(), "unknown", "I do *not know yet* whether"),
            (LOOK, "unknown", "I do *not know yet* whether"),
        ]
        for outcome, place, words in expected:
            play = done(stage, deed, outcome)
            assert play.at == f"people.{place}"
            assert words in play.text
            assert play.titles[-2:] == ["People", "Menu"]
        for code in set(REFUSALS) - {"already"}:
            assert done(stage, deed, Refused(code)).text.endswith("Nothing was changed.")
        assert done(stage, deed, NotFound()).at == ("people.stands" if deed == "remove" else "people.refused")
        assert done(stage, deed, DidNotHappen()).tap("Try again").core(LOOK).at == "people.listed"


def test_what_is_found_out_later_is_told_with_person_and_account(stage: Stage) -> None:
    """Done, not done, never to be known."""
    for deed, call in DEEDS.items():
        expected: dict[Outcome, str] = {
            Done(proven=True): "I looked again. ✅ ",
            Refused("already"): "I looked again. ✅ ",
            DidNotHappen(): "Nothing was changed.",
            NotFound(): "Nothing was changed.",
            Unknown(): "I could not find out whether",
        }
        answers = {"account_name": "Tariro Moyo Personal"}
        for outcome, words in expected.items():
            (said,) = take_turn(
                stage.registry, None, WriteReconciled(MEMBER, f"people.{deed}", call, outcome, answers), NOON
            ).messages
            assert words in text_of(said)
            assert ACCOUNT in text_of(said)
