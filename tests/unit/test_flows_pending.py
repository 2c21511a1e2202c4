"""Pending offers, as plays: lists, one offer, accept, decline, take back."""

from __future__ import annotations

from datetime import date

import pytest

from service.conversation import Option, WriteReconciled, take_turn
from service.domain import Offer
from service.domain.commands import (
    Call,
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
from service.writes.accept_offer import AcceptOffer
from service.writes.cancel_offer import CancelOffer
from service.writes.decline_offer import DeclineOffer
from tests.unit.flows_play import DAY, MEMBER, MINUTE, NOON, Play, Stage, text_of
from tests.unit.flows_world import REFUSALS, account, dashboard, known, member, money, offer

FARAI = "Farai Ncube Personal"
FIVE = ("acc-1", "cx-1", money("5.00"), FARAI)
IN, OUT = known(incoming=(offer(),)), known(outgoing=(offer(),))

SHOP = account(account_id="acc-2", name="Shop")

DEEDS: dict[str, tuple[str, str, Known, Call]] = {
    "accept": ("incoming", "Accept", IN, AcceptOffer(*FIVE)),
    "decline": ("incoming", "Decline", IN, DeclineOffer(*FIVE)),
    "cancel_offer": ("outgoing", "Cancel the offer", OUT, CancelOffer(*FIVE)),
}


@pytest.fixture
def stage() -> Stage:
    return Stage()


def opened(stage: Stage, way: str, look: Known) -> Play:
    """One offer, on the screen."""
    return stage.member().say(way).core(look).say("1").core(look)


def asked(stage: Stage, deed: str) -> Play:
    """Is that what you want?"""
    way, title, look, _ = DEEDS[deed]
    return opened(stage, way, look).tap(title)


def done(stage: Stage, deed: str, outcome: Outcome) -> Play:
    """It is confirmed, and core's answer is this."""
    return asked(stage, deed).tap("Confirm").core(outcome)


# -- the lists ------------------------------------------------------------------------------------------------------


def test_pending_offers_can_be_looked_at_from_anywhere(stage: Stage) -> None:
    """By word and by tap, and always afresh."""
    for play in (
        stage.member().say("View pending"),
        stage.member().say("pending"),
        stage.member().say("hi").core(IN).tap("Incoming offers (1)"),
        stage.member().say("offer").core(IN).say("incoming"),
    ):
        assert play.call == Login(fresh=True)
        assert play.core(IN).at == "pending.incoming_list"
    assert stage.member().say("hi").core(OUT).tap("Outgoing offers (1)").core(OUT).at == "pending.outgoing_list"


def test_a_list_shows_amount_and_person_of_each_offer(stage: Stage) -> None:
    """And which are without backing."""
    offers = (offer(), offer("cx-2", "1234.50", "Rudo Dube Personal", secured=False))
    play = stage.member().say("pending").core(known(incoming=offers))
    assert play.text == "Offers that wait for you: 2."
    assert play.titles == ["5.00 USD", "1,234.50 USD", "Accept all (2)", "Menu"]
    (screen,) = play.said
    assert [row.description for row in screen.sections[0].rows] == [  # type: ignore[union-attr]
        "from Farai Ncube Personal",
        "from Rudo Dube Personal, without backing",
        "Up to five at a time; you see them first",
        "",
    ]


@pytest.mark.parametrize("count", [1, 7, 8, 9, 14, 15, 30])
def test_every_offer_is_on_exactly_one_page_of_at_most_ten_rows(count: int) -> None:
    """Whatever their number, the pages lead from one to the next and back to the first."""
    offers = tuple(offer(f"cx-{number}", f"{number + 1}.00") for number in range(count))
    look = known(outgoing=offers)
    play = Stage().member().say("outgoing").core(look)
    shown: list[str] = []
    for _ in range(-(-count // 7)):
        shown += [title for title in play.titles if title.endswith("USD")]
        assert play.titles[-1] == "Menu"
        assert len(play.titles) <= 10
        if count > 7:
            play.tap(next(title for title in play.titles if title.endswith("page"))).core(look)
    assert shown == [f"{number + 1}.00 USD" for number in range(count)]
    assert ("page 1 of" in play.text) is (count > 7)


def test_a_page_that_is_no_longer_there_gives_way_to_the_last(stage: Stage) -> None:
    """And a number that is none to the first."""
    look = known(incoming=tuple(offer(f"cx-{number}") for number in range(9)))
    pages = {"3": "page 2 of 2", "0": "page 1 of 2", "٣": "page 1 of 2", "9" * 60: "page 1 of 2", "x": "page 1 of 2"}
    for asked_for, page in pages.items():
        play = stage.member().tap_again(Option(f"n:incoming:{asked_for}", "Next page")).core(look)
        assert page in play.text


def test_a_page_is_shown_again_after_a_word_that_nobody_understands(stage: Stage) -> None:
    """The same page."""
    look = known(incoming=tuple(offer(f"cx-{number}") for number in range(9)))
    play = stage.member().say("pending").core(look).tap("Next page").core(look).say("perhaps").core(look)
    assert "page 2 of 2" in play.text


def test_when_nothing_waits_that_is_said(stage: Stage) -> None:
    """With a way home."""
    for word, words in {"incoming": "No offers wait for you.", "outgoing": "You have no offers waiting."}.items():
        play = stage.member().say(word).core(known())
        assert play.text == words
        assert play.tap("Menu").core(known()).at == "dashboard.menu"


def test_whoever_has_several_accounts_is_told_whose_offers_are_listed_and_where_others_are(stage: Stage) -> None:
    """Both ways; offers of an account that is not acted for are not passed over in silence."""
    shop = account(account_id="acc-2", name="Shop", incoming=(offer(),), outgoing=(offer("cx-2"),))
    look = Known(dashboard(account(), shop))
    for word, listed, empty in (
        ("incoming", "Offers that wait for *Shop*: 1.", "No offers wait for *Tariro Moyo Personal*."),
        ("outgoing", "Offers of *Shop* that wait: 1.", "*Tariro Moyo Personal* has no offers waiting."),
    ):
        assert stage.member(account="acc-2").say(word).core(look).text == listed
        play = stage.member().say(word).core(look)
        assert play.text == f"{empty}\n\nAnother account of yours has some: choose it under Accounts."
        assert play.fork().say("perhaps").text.endswith(play.text)
        assert play.tap("Accounts").core(look).at == "accounts.picker"
        assert stage.member().say(word).core(Known(dashboard(account(), SHOP))).text == empty


def test_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """Each is told as it is, from each list and each offer."""
    looks = (NotFound(), Known(dashboard()), Unavailable(), Refused("tier"))
    places = ["registration.welcome", "greeting.no_account", "greeting.away", "greeting.away"]
    assert stage.goes(stage.member(), "incoming", *looks) == places
    assert stage.goes(stage.member(), "outgoing", *looks) == places
    assert stage.goes(stage.member().say("pending").core(IN), "5.00 USD", *looks) == places


# -- one offer ------------------------------------------------------------------------------------------------------


def test_an_offer_is_shown_with_what_accepting_it_means(stage: Stage) -> None:
    """And can be accepted, declined, or left."""
    play = opened(stage, "incoming", IN)
    assert play.at == "pending.incoming_offer"
    assert play.text == (
        "*5.00 USD* offered to you by *Farai Ncube Personal*.\nIt is secured.\n\n"
        "If you accept, they owe you this amount."
    )
    assert play.titles == ["Accept", "Decline", "Back"]
    assert play.tap("Back").core(IN).at == "pending.incoming_list"


def test_an_own_offer_is_shown_with_what_can_be_done(stage: Stage) -> None:
    """Taken back, or left."""
    play = opened(stage, "outgoing", OUT)
    assert play.text.startswith("You offered *5.00 USD* to *Farai Ncube Personal*.")
    assert play.titles == ["Cancel the offer", "Back"]
    assert play.tap("Back").core(OUT).at == "pending.outgoing_list"


def test_yesterdays_list_still_opens_an_offer_and_says_so_when_it_is_gone(stage: Stage) -> None:
    """The row names the offer, not its place in a list."""
    play = stage.member().say("pending").core(known(incoming=(offer("cx-0", "9.00"), offer())))
    row = play.option("5.00 USD")
    assert play.fork().wait(DAY).tap_again(row).core(IN).text.startswith("*5.00 USD* offered to you")
    gone = stage.member().tap_again(row).core(known())
    assert gone.at == "pending.gone"
    assert gone.titles == ["Incoming offers", "Outgoing offers", "Menu"]


def test_an_offer_of_another_account_of_the_member_is_found(stage: Stage) -> None:
    """It is said which account that is, and the offer is accepted for it."""
    shop = account(account_id="acc-2", name="Shop", incoming=(offer("cx-7"),))
    look = Known(dashboard(account(), shop))
    play = stage.member().tap_again(Option("n:open:cx-7", "5.00 USD")).core(look)
    assert "It is secured.\nYour account: Shop\n\n" in play.text
    assert play.tap("Accept").tap("Confirm").call == AcceptOffer("acc-2", "cx-7", money("5.00"), FARAI)


def test_an_offer_without_backing_is_shown_with_its_due_date(stage: Stage) -> None:
    """Core leaves the date out now and then; then it is not invented."""
    for due, words in ((date(2026, 12, 26), ", due on 26 December 2026."), (None, ".")):
        look = known(incoming=(offer(secured=False, due=due),))
        play = opened(stage, "incoming", look)
        assert f"\nIt is without backing{words}\n\n" in play.text
        asked = play.tap("Accept")
        assert asked.text.endswith(f"\n\nThey will then owe you this amount.\nIt is without backing{words}")
        done = asked.tap("Confirm").core(member())
        assert done.text.endswith("\n\nIt is due on 26 December 2026." if due else "They now owe you this amount.")
        assert "balance" not in done.text  # which stays as it was


# -- accept, decline, take back -------------------------------------------------------------------------------------


def test_each_deed_is_confirmed_before_it_is_done_and_then_told(stage: Stage) -> None:
    """With amount and person before and after, and the new balance."""
    for deed, (_, _, _, call) in DEEDS.items():
        play = asked(stage, deed)
        assert play.at == f"pending.confirm_{deed}"
        assert "*5.00 USD*" in play.text
        assert "*Farai Ncube Personal*?" in play.text
        assert play.tap("Confirm").call == call
        play.core(member(balances=(money("92.50"),)))
        assert play.at == f"pending.{deed}_done"
        assert "*5.00 USD*" in play.text
        assert play.text.endswith("Your balance is now 92.50 USD.")
        assert play.titles == ["Pending offers", "Menu"]


def test_cancelling_a_deed_changes_nothing_and_leads_back_to_the_offer(stage: Stage) -> None:
    """By the button and by the word."""
    for deed, (way, _, look, _) in DEEDS.items():
        for play in (asked(stage, deed).tap("Cancel"), asked(stage, deed).say("no")):
            assert play.call == Login(fresh=True)
            play.core(look)
            assert play.at == f"pending.{way}_offer"
            assert play.text.startswith("Nothing was changed.\n\n")


def test_leaving_a_deed_or_being_late_says_that_nothing_was_changed(stage: Stage) -> None:
    """And changes nothing."""
    for deed in DEEDS:
        left = asked(stage, deed).say("x").core(known())
        assert left.text.startswith("Nothing was changed.\n\n")
        late = asked(stage, deed).wait(5 * MINUTE + 1).say("yes").core(known())
        assert late.text.startswith("That was left for more than five minutes, so I let it go. Nothing was changed.")


def test_no_old_confirm_ever_does_anything(stage: Stage) -> None:
    """Of this deed or of another."""
    for deed in DEEDS:
        play = asked(stage, deed)
        confirm = play.option("Confirm")
        assert play.fork().tap("Confirm").core(member()).tap_again(confirm).call is None
        assert play.fork().wait(DAY).tap_again(confirm).call == Login(fresh=True)
        assert play.say("perhaps").tap_again(confirm).call is None


def test_each_outcome_of_a_deed_is_told_as_it_is(stage: Stage) -> None:
    """Ended by whoever, gone before, refused, not reached, not known: each with a way on."""
    expected: list[tuple[Outcome, str, str]] = [
        (Done(), "_done", "5.00 USD"),
        (Done(proven=True, by_us=False), "ended", "I cannot tell whether it was you or the other side"),
        (Refused("not_pending"), "gone", "That offer is no longer waiting"),
        (NotFound(), "gone", "That offer is no longer waiting"),
        (DidNotHappen(), "not_done", "nothing was changed"),
        (Unavailable(), "not_done", "nothing was changed"),
        (Unknown(), "unknown", "I do *not know yet* what became of the offer of *5.00 USD*"),
        (PossibleDuplicate(), "unknown", "I do *not know yet*"),
        (known(), "unknown", "I do *not know yet*"),
    ]
    for deed in DEEDS:
        for outcome, place, words in expected:
            play = done(stage, deed, outcome)
            assert play.at == f"pending.{deed + place if place == '_done' else place}"
            assert words in play.text
            assert "Menu" in play.titles
        for code in REFUSALS:
            if code != "not_pending":
                refused = done(stage, deed, Refused(code))
                assert refused.at == "pending.refused"
                assert refused.text.endswith("Nothing was changed.")


def test_what_was_not_done_can_be_tried_again_after_another_look(stage: Stage) -> None:
    """And another confirmation."""
    for deed, (_, title, look, call) in DEEDS.items():
        play = done(stage, deed, DidNotHappen()).tap("Try again").core(look).tap(title).tap("Confirm")
        assert play.call == call


def test_a_screen_of_what_was_done_stays_true_when_it_is_shown_again(stage: Stage) -> None:
    """Only the balance, which may be another by then, is left out."""
    for deed in DEEDS:
        play = done(stage, deed, member())
        first = play.text
        again = play.say("perhaps").text
        assert again.endswith(first.split("\n\nYour balance")[0])
        assert "Your balance" not in again


def test_what_is_found_out_later_is_told_with_amount_and_person(stage: Stage) -> None:
    """Done, ended by whoever, ended otherwise, still waiting, or never to be known."""
    expected: dict[Outcome, str] = {
        Done(): "I looked again. ",
        Done(by_us=False): "I cannot tell whether it was you or the other side",
        Refused("not_pending"): "it ended in another way than you asked for",
        DidNotHappen(): "still waits. Nothing was changed.",
        Unknown(): "I could not find out whether you",
    }
    for deed, (*_, call) in DEEDS.items():
        for outcome, words in expected.items():
            (said,) = take_turn(
                stage.registry, None, WriteReconciled(MEMBER, f"pending.{deed}", call, outcome, {}), NOON
            ).messages
            assert words in text_of(said)
            assert "*5.00 USD*" in text_of(said)
            assert "*Farai Ncube Personal*" in text_of(said)


def test_what_is_confirmed_is_the_offer_that_was_opened_though_the_list_has_changed(stage: Stage) -> None:
    """Ids lead, not places."""
    two: tuple[Offer, ...] = (offer("cx-1", "5.00"), offer("cx-2", "7.00"))
    play = stage.member().say("pending").core(known(incoming=two)).tap("7.00 USD").core(known(incoming=two[1:]))
    assert play.tap("Accept").tap("Confirm").call == AcceptOffer("acc-1", "cx-2", money("7.00"), FARAI)
