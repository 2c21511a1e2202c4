"""Offering a credex, as plays."""

from __future__ import annotations

import re

import pytest

from service.conversation import Option, WriteReconciled, take_turn
from service.domain import Denomination, Recipient
from service.domain.commands import (
    DidNotHappen,
    Done,
    FindAccount,
    Known,
    Login,
    NotFound,
    Outcome,
    PossibleDuplicate,
    Refused,
    Unavailable,
    Unknown,
)
from service.writes.create_offer import CreateOffer
from tests.unit.flows_play import DAY, MEMBER, MINUTE, NOON, Play, Stage, text_of
from tests.unit.flows_world import FARAI, OWN, REFUSALS, XAU, account, dashboard, known, member, money, offer

FIVE = CreateOffer("acc-1", "acc-farai", "Farai Ncube Personal", money("5.00"))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def asked(stage: Stage) -> Play:
    """How much?"""
    return stage.member().say("offer").core(known())


def to_confirm(stage: Stage, amount: str = "5", **given: object) -> Play:
    """Is it right?"""
    return asked(stage).say(amount).say("farai_shop").core(Known(FARAI)).core(known(**given))


def confirmed(stage: Stage) -> Play:
    """It is being offered."""
    return to_confirm(stage).tap("Confirm")


# -- how much, to whom, is it right ---------------------------------------------------------------------------------


def test_an_offer_is_an_amount_a_handle_and_a_look_at_both_with_the_name_from_core(stage: Stage) -> None:
    """Then it is made, and the member hears what happened, the new balance, and what the other side must do."""
    play = stage.member().say("hi").core(known()).tap("Offer a credex")
    assert play.call == Login()
    play.core(known())
    assert play.text.startswith("How much do you want to offer?\n\nYour balance: about 87.50 USD.\n")
    assert play.say("5").text == "Who is it for? Please type their handle, for example: farai_shop."
    assert play.say("@Farai_Shop").call == FindAccount("farai_shop")
    assert play.core(Known(FARAI)).call == Login()
    play.core(known())
    assert play.text == (
        "Offer *5.00 USD* to *Farai Ncube Personal* (farai_shop)?\n\n"
        "From: Tariro Moyo Personal\nSecured: it comes out of your balance."
    )
    assert play.titles == ["Confirm", "Pay later instead", "Cancel"]
    assert play.tap("Confirm").call == FIVE
    play.core(member(balances=(money("82.50"),)))
    assert play.text == (
        "✅ You offered *5.00 USD* to *Farai Ncube Personal*.\n\n"
        "They have two days to accept it. Your balance is now 82.50 USD."
    )
    assert play.titles == ["Offer again", "Outgoing offers", "Menu"]


@pytest.mark.parametrize(
    ("typed", "amount", "denomination"),
    [
        ("0.01", "0.01", Denomination.USD),
        ("999,999,999,999.99", "999999999999.99", Denomination.USD),
        ("87.50", "87.50", Denomination.USD),
        ("0.0001 XAU", "0.0001", XAU),
        ("CXX 0.001", "0.001", Denomination.CXX),
        ("ZWG 1,000", "1000.00", Denomination.ZWG),
    ],
)
def test_what_is_confirmed_is_what_core_gets_to_the_last_digit(
    typed: str, amount: str, denomination: Denomination
) -> None:
    """The smallest, the largest, the whole balance."""
    play = to_confirm(Stage(), typed)
    call = play.fork().tap("Confirm").call
    assert isinstance(call, CreateOffer)
    assert call.amount == money(amount, denomination)
    assert f"*{call.amount}*" in play.text


@pytest.mark.parametrize("typed", ["nan", "1e5", "0", "-5", "1,5", "5 EUR", "0.001", "lots", "", "٥"])
def test_a_refused_amount_says_what_is_wrong_and_asks_again(typed: str) -> None:
    """With an example where it helps."""
    play = asked(Stage()).say(typed)
    assert play.at == "offer.amount"
    assert play.text.endswith("\n\nHow much do you want to offer?")
    assert play.say("5").at == "offer.handle"


@pytest.mark.parametrize("typed", ["farai.shop", "ab", "", "a" * 31, "zoë_shop"])
def test_a_refused_handle_says_what_is_wrong_and_asks_again(typed: str) -> None:
    """With an example."""
    play = asked(Stage()).say("5").say(typed)
    assert play.at == "offer.handle"
    assert play.text.startswith("A handle has ")
    assert play.text.endswith("for example: farai_shop.")


def test_an_unknown_handle_is_asked_for_again_and_the_amount_kept(stage: Stage) -> None:
    """So is one's own."""
    play = asked(stage).say("5").say("fari_shop").core(NotFound())
    assert play.text.startswith("No account has the handle “fari_shop”.")
    assert play.say(MEMBER).core(Known(OWN)).text.startswith("That is your own account.")
    assert play.say("farai_shop").core(Known(FARAI)).core(known()).tap("Confirm").call == FIVE


def test_the_amount_without_a_code_is_in_the_default_denomination_of_the_account(stage: Stage) -> None:
    """And the question says which that is."""
    play = stage.member().say("offer").core(known(default_denomination=XAU))
    assert "Without a code I take XAU." in play.text
    assert play.say("2").answers["amount"] == "2.0000 XAU"


def test_limits_known_here_warn_and_never_refuse(stage: Stage) -> None:
    """More than the balance, more than today's rest, the same once more: core decides."""
    play = to_confirm(stage, "90", outgoing=(offer("cx-2", "90.00"),))
    assert play.text.count("⚠️") == 3
    assert "more than your balance of about 87.50 USD" in play.text
    assert "still offer 7.50 USD today" in play.text
    assert "already have an offer of this amount to them" in play.text
    assert isinstance(play.tap("Confirm").call, CreateOffer)


def test_a_warning_is_given_only_where_it_is_true(stage: Stage) -> None:
    """Not for the exact balance, nor for another person or another amount."""
    others = (offer("cx-2", "7.50", "Rudo Dube Personal"), offer("cx-3", "7.49"))
    assert "⚠️" not in to_confirm(stage, "7.50", outgoing=others, balances=(money("7.50"),)).text


# -- the shortcut ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("typed", ["5=>farai_shop", " 5 USD => @Farai_Shop ", "5 = > farai_shop", "$5=>\nfarai_shop"])
def test_the_shortcut_leads_straight_to_the_confirmation(typed: str) -> None:
    """From anywhere."""
    stage = Stage()
    for play in (stage.member(), stage.member().say("hi").core(known()), asked(stage), to_confirm(stage, "9")):
        play.say(typed).core(known()).core(Known(FARAI)).core(known())
        assert play.at == "offer.confirm"
        assert play.tap("Confirm").call == FIVE


def test_a_shortcut_in_the_middle_of_another_offer_says_that_nothing_was_offered(stage: Stage) -> None:
    """It begins a new one."""
    play = to_confirm(stage, "9").say("5=>farai_shop").core(known()).core(Known(FARAI)).core(known())
    assert play.text.startswith("Nothing was offered.\n\nOffer *5.00 USD*")


def test_a_shortcut_with_a_bad_amount_asks_for_the_amount_and_keeps_the_handle(stage: Stage) -> None:
    """With what was wrong."""
    play = stage.member().say("1,5=>farai_shop").core(known())
    assert play.at == "offer.amount"
    assert play.text.startswith("I cannot tell thousands from decimals there.")
    assert play.say("5").call == FindAccount("farai_shop")


def test_a_shortcut_with_a_bad_handle_says_how_to_type_it(stage: Stage) -> None:
    """And keeps the place."""
    play = asked(stage).say("5=>farai.shop")
    assert play.at == "offer.amount"
    assert "Type it like this: 0.5=>farai_shop" in play.text


@pytest.mark.parametrize(
    "typed", ["=>", "=>farai_shop", "5=>", "5>farai_shop", "5 to farai", "->farai_shop", "a" * 4096]
)
def test_what_only_looks_like_a_shortcut_is_an_answer_like_any_other(typed: str) -> None:
    """And is refused as one, if it is none."""
    assert asked(Stage()).say(typed).at == "offer.amount"


# -- leaving --------------------------------------------------------------------------------------------------------


def test_cancelling_offers_nothing_and_says_so(stage: Stage) -> None:
    """By the button, by a word, by leaving, by being late."""
    said = {
        "Cancelled. Nothing was offered.": [to_confirm(stage).tap("Cancel"), to_confirm(stage).say("no")],
        "Nothing was offered.": [to_confirm(stage).say("cancel"), asked(stage).say("menu")],
        "Your offer was left for more than five minutes, so I let it go. Nothing was offered.": [
            to_confirm(stage).wait(5 * MINUTE + 1).say("yes"),
            to_confirm(stage).wait(DAY).tap_again(Option("a:1:confirm", "Confirm")),
        ],
    }
    for words, plays in said.items():
        for play in plays:
            assert play.call == Login(fresh=True)
            assert play.core(known()).text.startswith(f"{words}\n\nGood afternoon")


def test_no_old_confirm_ever_offers_anything(stage: Stage) -> None:
    """A double tap, a tap a day later, one after the screen was shown again."""
    play = to_confirm(stage)
    confirm = play.option("Confirm")
    assert play.fork().tap("Confirm").core(member()).tap_again(confirm).call is None
    assert play.fork().wait(DAY).tap_again(confirm).call == Login(fresh=True)
    again = play.fork().say("perhaps").core(known()).tap_again(confirm)
    assert again.call == Login()
    assert again.core(known()).text.startswith("That button is from an earlier message, so I did nothing with it.")


def test_a_yes_of_before_the_question_is_no_answer_to_it(stage: Stage) -> None:
    """The question is asked again, with what is known now."""
    play = to_confirm(stage).wait(60_000).say("yes", sent_ms=NOON - 3_600_000)
    assert play.call == Login()
    assert play.core(known()).text.startswith("I did nothing yet: that answer was given before this question")


def test_before_a_screen_of_offering_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """Each is told as it is."""
    looks = (NotFound(), Known(dashboard()), Unavailable(), Refused("tier"))
    places = ["registration.welcome", "greeting.no_account", "greeting.away", "greeting.away"]
    assert stage.goes(stage.member(), "offer", *looks) == places
    handle = asked(stage).say("5")
    assert stage.goes(handle, "farai_shop", Unavailable(), Refused("x")) == ["greeting.away", "offer.handle"]
    found = handle.say("farai_shop").core(Known(FARAI))
    assert [found.fork().core(look).at for look in looks] == places


# -- what came of it ------------------------------------------------------------------------------------------------


def test_an_offer_that_was_proven_says_how_it_is_known(stage: Stage) -> None:
    """And one that the other side has accepted already says that, also when shown again."""
    play = confirmed(stage)
    assert play.fork().core(Done(proven=True)).text.startswith("Credex answered unclearly, so I looked: it is there.")
    accepted = play.core(Done(proven=True, accepted=True))
    assert "They have accepted it already." in accepted.text
    assert "They have accepted it already." in accepted.say("perhaps").text


def test_a_refusal_is_explained_and_another_amount_can_be_tried(stage: Stage) -> None:
    """Core's own words are never shown; the handle is kept."""
    play = confirmed(stage)
    for code in REFUSALS:
        refused = play.fork().core(Refused(code))
        assert refused.at == "offer.refused"
        assert re.search(
            r"Credex refused the offer of \*5\.00 USD\* to \*Farai Ncube Personal\*: .+\.\n\nNothing was offered\.$",
            refused.text,
        )
    again = play.fork().core(Refused("insufficient_balance")).tap("Another amount").core(known()).say("4")
    assert again.call == FindAccount("farai_shop")
    assert play.core(Refused("tier")).tap("Other terms").at == "offer.terms"


def test_an_offer_that_was_certainly_not_made_can_be_tried_again(stage: Stage) -> None:
    """After another look, and with another confirmation."""
    for outcome in (DidNotHappen(), Unavailable(), NotFound()):
        play = confirmed(stage).core(outcome)
        assert play.at == "offer.not_done"
        assert "was *not* made" in play.text
        assert play.tap("Try again").core(known()).tap("Confirm").call == FIVE


def test_an_offer_of_which_nothing_is_known_is_said_to_be_just_that(stage: Stage) -> None:
    """With amount and person, and with what happens next."""
    for outcome in (Unknown(), known()):
        play = confirmed(stage).core(outcome)
        assert play.at == "offer.unknown"
        assert "I do *not know yet* whether your offer of *5.00 USD* to *Farai Ncube Personal* was made" in play.text
        assert "Confirm" not in play.titles


def test_a_look_alike_of_an_unresolved_offer_is_asked_about_once_more(stage: Stage) -> None:
    """Nothing was sent; whoever wants it all the same says so."""
    play = confirmed(stage).core(PossibleDuplicate())
    assert play.at == "offer.doubt"
    assert "Not sent yet" in play.text
    cancelled = play.fork().tap("Cancel").core(known())
    assert cancelled.text.startswith("Cancelled. Nothing more was offered.\n\n")
    assert play.tap("Confirm").call == CreateOffer(
        "acc-1", "acc-farai", "Farai Ncube Personal", money("5.00"), allow_duplicate=True
    )
    outcomes = (Done(), Refused("tier"), DidNotHappen(), PossibleDuplicate(), Unknown())
    ends = [play.fork().core(outcome).at for outcome in outcomes]
    assert ends == ["offer.sent", "offer.refused", "offer.not_done", "offer.unknown", "offer.unknown"]


def test_a_look_alike_that_was_made_after_all_is_said_to_be_so_also_when_shown_again(stage: Stage) -> None:
    """It does not become doubtful again."""
    play = confirmed(stage).core(PossibleDuplicate(made=True))
    assert "was made after all" in play.text
    assert "was made after all" in play.say("perhaps").text
    assert play.say("no").core(known()).at == "dashboard.menu"


def test_a_word_of_before_the_doubt_does_not_confirm_it(stage: Stage) -> None:
    """The second tap of a double tap, say."""
    play = confirmed(stage).core(PossibleDuplicate()).say("yes", sent_ms=NOON - 10_000)
    assert play.call is None
    assert play.at == "offer.doubt"


def test_what_is_found_out_later_is_told_with_amount_and_person(stage: Stage) -> None:
    """Made, made and accepted, not made, or never to be known."""
    expected: dict[Outcome, str] = {
        Done(): "was made. They have two days to accept it.",
        Done(accepted=True): "was made. They have accepted it already.",
        DidNotHappen(): "was *not* made. You can offer it again.",
        Unknown(): "I could not find out whether your offer of",
    }
    for step in ("offer.create", "offer.create_despite"):
        for outcome, words in expected.items():
            (said,) = take_turn(stage.registry, None, WriteReconciled(MEMBER, step, FIVE, outcome, {}), NOON).messages
            assert words in text_of(said)
            assert "your offer of *5.00 USD* to *Farai Ncube Personal*" in text_of(said)


def test_a_name_from_core_cannot_pretend_to_be_another_amount(stage: Stage) -> None:
    """Marks of emphasis in names are dropped, and they are cut to their place."""
    odd = Recipient("acc-odd", "Rudo* for *0.01 USD*\n\n" + "x" * 200, "rudo")
    play = asked(stage).say("5").say("rudo").core(Known(odd)).core(known())
    assert "*Rudo for 0.01 USD xxx" in play.text
    assert "x" * 60 not in play.text


def test_in_one_line_the_offer_is_made_from_the_account_that_the_member_acts_for(stage: Stage) -> None:
    """It is shown with the question."""
    shop = account(account_id="acc-2", name="Shop", owned=False, balances=())
    both = Known(dashboard(account(), shop))
    play = stage.member(account="acc-2").say("5=>farai_shop").core(both).core(Known(FARAI)).core(both)
    assert "From: Shop" in play.text
    call = play.tap("Confirm").call
    assert isinstance(call, CreateOffer)
    assert call.account_id == "acc-2"
