"""Accept all, as plays: a few at a time, each a write of its own, and a summary that is true."""

from __future__ import annotations

from datetime import date

import pytest

from service.conversation import Option, WriteReconciled, take_turn
from service.domain import Offer
from service.domain.commands import (
    DidNotHappen,
    Done,
    Known,
    Login,
    NotFound,
    Outcome,
    PossibleDuplicate,
    Refused,
    Unavailable,
    Unknown,
)
from service.flows.pending.accept_all import AT_ONCE
from service.writes.accept_offer import AcceptOffer
from tests.unit.flows_play import DAY, MEMBER, MINUTE, NOON, Play, Stage, text_of
from tests.unit.flows_world import REFUSALS, XAU, account, dashboard, known, member, money, offer

FARAI = "Farai Ncube Personal"


@pytest.fixture
def stage() -> Stage:
    return Stage()


def waiting(count: int) -> tuple[Offer, ...]:
    """Offers of 1 USD, 2 USD, and so on."""
    return tuple(offer(f"cx-{number}", f"{number}.00") for number in range(1, count + 1))


def asked(stage: Stage, count: int) -> Play:
    """Accept these?"""
    return stage.member().say("accept all").core(known(incoming=waiting(count)))


def through(stage: Stage, *outcomes: Outcome) -> Play:
    """All of these are confirmed, and come to this, one after the other, until no more are accepted."""
    play = asked(stage, len(outcomes)).tap("Confirm")
    for outcome in outcomes:
        if play.call is not None:
            play.core(outcome)
    return play


def accepting(number: int) -> AcceptOffer:
    return AcceptOffer("acc-1", f"cx-{number}", money(f"{number}.00"), FARAI)


# -- the question ---------------------------------------------------------------------------------------------------


def test_all_can_be_accepted_from_the_list_and_by_word_after_a_fresh_look(stage: Stage) -> None:
    """With amount and person of each, and the sums."""
    look = known(incoming=(*waiting(2), offer("cx-3", "0.50", "Rudo Dube Personal")))
    for play in (
        stage.member().say("Accept all"),
        stage.member().say("pending").core(look).tap("Accept all (3)"),
        stage.member().tap_again(Option("n:accept_all", "Accept all (9)")),
    ):
        assert play.call == Login(fresh=True)
        assert play.core(look).text == (
            "Accept these 3 offers?\n\n"
            "- *1.00 USD* from Farai Ncube Personal\n"
            "- *2.00 USD* from Farai Ncube Personal\n"
            "- *0.50 USD* from Rudo Dube Personal\n\n"
            "In all: *3.50 USD*, which they will then owe you."
        )
        assert play.titles == ["Confirm", "Cancel"]


def test_each_denomination_has_a_sum_of_its_own_and_terms_are_shown(stage: Stage) -> None:
    """To the last digit."""
    gold = Offer("cx-4", money("0.0001", XAU), FARAI, secured=False, due=date(2026, 12, 26))
    more = Offer("cx-5", money("0.9999", XAU), FARAI, secured=False)
    play = stage.member().say("accept all").core(known(incoming=(*waiting(1), gold, more)))
    assert "- *0.0001 XAU* from Farai Ncube Personal, without backing, due on 26 December 2026\n" in play.text
    assert "- *0.9999 XAU* from Farai Ncube Personal, without backing\n" in play.text
    assert "In all: *1.00 USD, 1.0000 XAU*, which" in play.text


@pytest.mark.parametrize(
    ("count", "question"),
    [
        (1, "Accept this offer?"),
        (2, "Accept these 2 offers?"),
        (5, "Accept these 5 offers?"),
        (6, "Accept the first 5 of 6 offers?"),
        (30, "Accept the first 5 of 30 offers?"),
    ],
)
def test_never_more_than_five_are_accepted_in_one_go(count: int, question: str) -> None:
    """Exactly those that were shown, in their order; the others are offered next."""
    play = asked(Stage(), count)
    assert play.text.startswith(f"{question}\n\n")
    assert play.text.count("\n- *") == min(count, AT_ONCE)
    made = []
    play.tap("Confirm")
    while play.call is not None:
        made.append(play.call)
        play.core(member())
    assert made == [accepting(number) for number in range(1, min(count, 5) + 1)]
    onward = {1: [], 2: [], 5: [], 6: ["The last one"], 30: ["The other 25"]}[count]
    assert play.titles == [*onward, "Incoming offers", "Menu"]


def test_an_offer_that_came_after_the_question_is_not_accepted(stage: Stage) -> None:
    """Only what was shown was confirmed, whatever core lists by now."""
    play = asked(stage, 1).tap("Confirm")
    assert play.call == accepting(1)
    after = play.core(Done(dashboard(account(incoming=waiting(3)[1:]))))
    assert after.call is None
    assert after.text.startswith("Accepted 1 of 1.")


def test_when_nothing_waits_that_is_said(stage: Stage) -> None:
    """And core may be away, or know the member no more."""
    looks = (known(), NotFound(), Known(dashboard()), Unavailable(), Refused("tier"))
    places = ["pending.incoming_none", "registration.welcome", "greeting.no_account", "greeting.away", "greeting.away"]
    assert stage.goes(stage.member(), "accept all", *looks) == places


def test_cancelling_leaving_or_being_late_changes_nothing_and_says_so(stage: Stage) -> None:
    """By button and by word."""
    for play in (asked(stage, 2).tap("Cancel"), asked(stage, 2).say("no")):
        assert play.call == Login(fresh=True)
        assert play.core(known(incoming=waiting(2))).text.startswith("Nothing was changed.\n\nOffers that wait")
    assert asked(stage, 2).say("x").core(known()).text.startswith("Nothing was changed.\n\nGood afternoon")
    late = asked(stage, 2).wait(5 * MINUTE + 1).say("yes").core(known())
    assert late.text.startswith("That was left for more than five minutes, so I let it go. Nothing was changed.")


def test_no_old_confirm_ever_accepts_anything(stage: Stage) -> None:
    """A double tap, one a day later, a word of before the question, one after the question was shown again."""
    play = asked(stage, 2)
    confirm = play.option("Confirm")
    assert through(stage, member(), member()).tap_again(confirm).call is None
    assert play.fork().wait(DAY).tap_again(confirm).call == Login(fresh=True)
    assert play.fork().say("yes", sent_ms=NOON - 10_000).at == "bulk.confirm"
    again = play.say("perhaps")
    assert again.at == "bulk.confirm"
    assert again.tap_again(confirm).call is None


# -- the summary ----------------------------------------------------------------------------------------------------


def test_all_accepted_is_told_with_the_new_balance(stage: Stage) -> None:
    """In the denominations of what was accepted."""
    play = through(stage, member(), member(balances=(money("90.50"), money("1", XAU))))
    assert play.text == (
        "Accepted 2 of 2.\n\n"
        "✅ *1.00 USD* from Farai Ncube Personal\n"
        "✅ *2.00 USD* from Farai Ncube Personal\n\n"
        "Your balance is now 90.50 USD."
    )
    again = play.say("perhaps")
    assert again.at == "bulk.summary"
    assert "Accepted 2 of 2." in again.text
    assert "balance" not in again.text  # it may be another by then


@pytest.mark.parametrize("last", [Refused("not_pending"), NotFound(), Refused("tier"), DidNotHappen(), Unavailable()])
def test_what_is_gone_or_not_done_leaves_the_balance_as_it_was_told(stage: Stage, last: Outcome) -> None:
    """Whichever of them it is: nothing that came after the last one accepted has moved it."""
    told = member(balances=(money("90.50"), money("1", XAU)))
    assert through(stage, told, last).text.endswith("\n\nYour balance is now 90.50 USD.")


@pytest.mark.parametrize("last", [Done(), Unknown(), PossibleDuplicate()])
def test_a_balance_that_may_have_moved_since_is_not_told(stage: Stage, last: Outcome) -> None:
    """Core did not say what it is after the last one, or whether that was accepted."""
    assert "balance is now" not in through(stage, member(), last).text


def test_no_balance_is_told_when_nothing_was_accepted(stage: Stage) -> None:
    """However well it is known."""
    gone = Done(dashboard(account()), by_us=False)
    assert "balance is now" not in through(stage, gone, gone).text


@pytest.mark.parametrize(
    ("outcome", "line"),
    [
        (Done(proven=True), "✅ *1.00 USD*"),
        (Done(proven=True, by_us=False), "❌ no longer waiting: *1.00 USD*"),
        (NotFound(), "❌ no longer waiting: *1.00 USD*"),
        *(
            (Refused(code), f"❌ {'no longer waiting' if code == 'not_pending' else 'Credex refused'}: *1.00 USD*")
            for code in REFUSALS
        ),
    ],
)
def test_what_is_clear_about_one_is_told_and_the_next_is_accepted(outcome: Outcome, line: str) -> None:
    """Each as it is."""
    play = through(Stage(), outcome, Done())
    assert play.text.splitlines()[2:4] == [
        f"{line} from Farai Ncube Personal",
        "✅ *2.00 USD* from Farai Ncube Personal",
    ]
    assert play.titles == ["Incoming offers", "Menu"]


@pytest.mark.parametrize(
    "outcome", [DidNotHappen(), Unavailable(), Unknown(), PossibleDuplicate(), PossibleDuplicate(made=True), known()]
)
@pytest.mark.parametrize("which", [1, 2, 3, 4, 5])
def test_what_is_unclear_about_one_ends_it_and_the_rest_is_not_tried(which: int, outcome: Outcome) -> None:
    """What is not known is said to be that, and what certainly waits can be tried again after another look."""
    play = through(Stage(), *[Done()] * (which - 1), outcome, *[Done()] * (5 - which))
    assert play.call is None
    lines = play.text.splitlines()
    assert lines[0] == f"Accepted {which - 1} of 5."
    waits = isinstance(outcome, DidNotHappen | Unavailable)
    mark = "❌ not accepted, still waits:" if waits else "❓ not known yet:"
    marks = ["✅"] * (which - 1) + [mark] + ["– not tried:"] * (5 - which)
    assert lines[2:7] == [f"{mark} *{n}.00 USD* from Farai Ncube Personal" for n, mark in enumerate(marks, 1)]
    assert ("I keep looking for what is not known yet, and will tell you." in lines) is not waits
    rest = {1: "The other 4", 2: "The other 3", 3: "The other 2", 4: "The last one"}
    onward = ["Try again"] if waits else [rest[which]] if which in rest else []
    assert play.titles == [*onward, "Incoming offers", "Menu"]
    if onward:
        again = play.tap(onward[0])
        assert again.call == Login(fresh=True)
        assert again.core(known(incoming=waiting(5)[which - 1 :])).at == "bulk.confirm"


def test_every_place_in_the_row_can_be_the_last(stage: Stage) -> None:
    """All exits of all five."""
    for count in range(1, AT_ONCE + 1):
        for last in (Done(), Unknown(), DidNotHappen()):
            assert through(stage, *[Done()] * (count - 1), last).at == "bulk.summary"
    assert through(stage, DidNotHappen()).tap("Try again").core(known()).at == "pending.incoming_none"


def test_what_was_confirmed_more_than_five_minutes_ago_is_no_longer_begun(stage: Stage) -> None:
    """Say after a crash: what was under way is told, the rest is not tried."""
    play = asked(stage, 3).tap("Confirm").core(Done())
    assert play.call == accepting(2)
    late = play.wait(5 * MINUTE + 1).core(Done(proven=True))
    assert late.call is None
    assert late.text.splitlines()[0] == "Accepted 2 of 3."
    assert "– not tried: *3.00 USD*" in late.text
    assert late.titles[0] == "The last one"


def test_each_is_accepted_for_the_account_that_was_acted_for(stage: Stage) -> None:
    """Also when another is the member's own; it is said which one, and where nothing waits, that another has some."""
    shop = account(account_id="acc-2", name="Shop", incoming=waiting(2))
    look = Known(dashboard(account(), shop))
    play = stage.member(account="acc-2").say("accept all").core(look)
    assert play.text.endswith("which they will then owe you.\nYour account: Shop")
    assert play.tap("Confirm").call == AcceptOffer("acc-2", "cx-1", money("1.00"), FARAI)
    none = stage.member().say("accept all").core(look)
    assert none.text.startswith("No offers wait for *Tariro Moyo Personal*.\n\nAnother account of yours has some")


def test_a_second_lot_says_nothing_of_the_first(stage: Stage) -> None:
    """Nothing that was learnt then is left."""
    play = asked(stage, 7).tap("Confirm")
    for outcome in (Done(), Refused("tier"), Done(), Done(), Done()):
        play.core(outcome)
    second = play.tap("The other 2").core(known(incoming=waiting(7)[5:])).tap("Confirm").core(Done()).core(Done())
    assert second.text == (
        "Accepted 2 of 2.\n\n✅ *6.00 USD* from Farai Ncube Personal\n✅ *7.00 USD* from Farai Ncube Personal"
    )


def test_what_is_found_out_later_is_told_with_amount_and_person(stage: Stage) -> None:
    """As after accepting a single one."""
    for number in range(1, AT_ONCE + 1):
        found = WriteReconciled(MEMBER, f"bulk.accept_{number}", accepting(number), Done(proven=True), {})
        (said,) = take_turn(stage.registry, None, found, NOON).messages
        assert text_of(said).startswith(f"I looked again. ✅ You accepted *{number}.00 USD* from *{FARAI}*.")
