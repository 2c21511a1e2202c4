"""Offering from one of several accounts, and to be paid later, as plays."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from service.domain import Account, Recipient
from service.domain.commands import Done, FindAccount, Known, Login, NotFound, Refused, Unavailable
from service.writes.create_offer import CreateOffer
from tests.unit.flows_play import DAY, Play, Stage
from tests.unit.flows_world import FARAI, XAU, account, dashboard, known, member, money

TODAY = date(2026, 11, 28)
USUAL = TODAY + timedelta(weeks=4)
SHOP = account(account_id="acc-2", name="Shop", handle="moyo_shop", balances=(money("3.00"),))
BOTH = Known(dashboard(account(), SHOP))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def in_one_line(stage: Stage, typed: str = "5->farai_shop", **given: object) -> Play:
    """Is it right?"""
    return stage.member().say(typed).core(known(**given)).core(Known(FARAI)).core(known(**given))


def five(due: date | None, account_id: str = "acc-1") -> CreateOffer:
    return CreateOffer(account_id, "acc-farai", "Farai Ncube Personal", money("5.00"), due)


# -- to be paid later -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "due"),
    [
        ("5->farai_shop", USUAL),
        ("5 -> farai_shop", USUAL),
        ("5 - > farai_shop =", USUAL),
        ("5->farai_shop=2026-12-10", date(2026, 12, 10)),
        ("5 USD -> @Farai_Shop = in 3 weeks", TODAY + timedelta(weeks=3)),
        ("$5->farai_shop=10 December", date(2026, 12, 10)),
    ],
)
def test_one_line_with_the_other_arrow_is_an_offer_to_be_paid_later(typed: str, due: date) -> None:
    """In four weeks, unless a date is added."""
    play = in_one_line(Stage(), typed)
    assert play.titles == ["Confirm", "Other terms", "Cancel"]
    assert play.text.endswith(f"\nWithout backing: you pay by {due.day} December 2026.")
    assert play.tap("Confirm").call == five(due)
    sent = play.core(member())
    assert f"\n\nThey have two days to accept it. If they do, you pay by {due.day} December 2026." in sent.text


def test_a_bad_date_in_one_line_is_asked_for_again_and_the_rest_kept(stage: Stage) -> None:
    """With what was wrong and which dates there are."""
    play = stage.member().say("5->farai_shop=2026-12-01").core(known())
    assert play.at == "offer.due"
    assert play.text == (
        "1 December 2026 is too soon.\n\nBy when will you pay? From 5 December 2026 to 1 January 2027.\n\n"
        "For example: 5 December 2026, or in 3 weeks."
    )
    assert play.say("soon").text.startswith("I cannot read that date.\n\nBy when will you pay?")
    assert play.say("1 January").call == FindAccount("farai_shop")
    assert play.core(Known(FARAI)).core(known()).tap("Confirm").call == five(date(2027, 1, 1))


def test_a_bad_amount_in_one_line_does_not_turn_an_offer_to_be_paid_later_into_another(stage: Stage) -> None:
    """The date is kept; one that was bad as well is asked for after the amount."""
    kept = stage.member().say("x->farai_shop").core(known())
    assert kept.at == "offer.amount"
    assert kept.say("5").core(Known(FARAI)).core(known()).tap("Confirm").call == five(USUAL)
    lost = stage.member().say("x->farai_shop=tomorrow").core(known()).say("5")
    assert lost.at == "offer.due"
    assert lost.say("in 2 weeks").core(Known(FARAI)).core(known()).tap("Confirm").call == five(date(2026, 12, 12))


def test_an_offer_out_of_the_balance_has_no_due_date_and_says_how_to_type_one(stage: Stage) -> None:
    """Nothing is guessed."""
    play = stage.member().say("offer").core(known()).say("5=>farai_shop=2026-12-10")
    assert play.call is None
    assert play.text.startswith(
        "An offer out of your balance has no due date. To pay later, type: 0.5->farai_shop=in 3 weeks"
    )
    assert stage.member().say("5->farai_shop=2026-12-10").call == Login()


def test_a_bad_handle_in_one_line_is_shown_how_to_type_it_with_the_same_arrow(stage: Stage) -> None:
    """Whichever it was."""
    play = stage.member().say("offer").core(known()).say("5->fa")
    assert "Type it like this: 0.5->farai_shop" in play.text


def test_at_the_question_the_member_can_choose_to_pay_later(stage: Stage) -> None:
    """By one of a few dates, as late as possible, by another date, or out of the balance again."""
    play = in_one_line(stage, "5=>farai_shop").tap("Pay later instead")
    assert play.titles == [
        "From my balance", "In 1 week", "In 2 weeks", "In 3 weeks", "In 4 weeks", "As late as possible", "Another date",
    ]  # fmt: skip
    dates = {"In 1 week": 7, "In 2 weeks": 14, "In 3 weeks": 21, "In 4 weeks": 28, "As late as possible": 34}
    for title, ahead in dates.items():
        chosen = play.fork().tap(title).core(known())
        assert chosen.titles == ["Confirm", "Other terms", "Cancel"]
        assert chosen.tap("Confirm").call == five(TODAY + timedelta(days=ahead))
    typed = play.fork().say("15 December").core(known())
    assert typed.tap("Confirm").call == five(date(2026, 12, 15))
    other = play.fork().tap("Another date")
    assert other.at == "offer.due"
    assert other.say("15 December").core(known()).tap("Confirm").call == five(date(2026, 12, 15))
    balance = in_one_line(stage).tap("Other terms").tap("From my balance").core(known())
    assert balance.tap("Confirm").call == five(None)


def test_a_typed_date_that_cannot_be_taken_leaves_the_list_with_the_reason(stage: Stage) -> None:
    """The list does not say which dates there are, so the reason does."""
    play = in_one_line(stage).tap("Other terms").say("tomorrow")
    assert play.at == "offer.terms"
    assert play.text.startswith("I cannot read that date. It can be from 5 December 2026 to 1 January 2027.")


def test_a_list_of_yesterday_chooses_nothing(stage: Stage) -> None:
    """Its dates would be others today."""
    play = in_one_line(stage).tap("Other terms")
    row = play.option("In 1 week")
    late = play.wait(DAY).tap_again(row)
    assert late.call == Login(fresh=True)
    assert late.core(known()).text.startswith("Your offer was left for more than five minutes")


def test_without_backing_the_balance_is_no_limit_but_the_open_tier_is_warned(stage: Stage) -> None:
    """Core decides."""
    open_tier = in_one_line(stage, "6->farai_shop", balances=())
    assert open_tier.text.startswith("⚠️ Members of the open tier may not offer without backing. Credex may refuse it.")
    assert open_tier.text.count("⚠️") == 1
    verified = Known(dashboard(account(balances=()), tier=2))
    play = stage.member().say("6->farai_shop").core(verified).core(Known(FARAI)).core(verified)
    assert "⚠️" not in play.text


def test_what_is_refused_for_its_terms_can_have_others(stage: Stage) -> None:
    """Without typing the rest again."""
    for reason in ("tier", "due_date", "insufficient_balance"):
        play = in_one_line(stage).tap("Confirm").core(Refused(reason)).tap("Other terms").tap("From my balance")
        assert play.core(known()).tap("Confirm").call == five(None)


# -- from which account ---------------------------------------------------------------------------------------------


def test_whoever_has_several_accounts_is_asked_which_one(stage: Stage) -> None:
    """With their balances; the offer is made from the one chosen, and its denomination is the usual one."""
    shop = replace(SHOP, default_denomination=XAU)
    both = Known(dashboard(account(), shop))
    play = stage.member().say("offer").core(both)
    assert play.text == "From which account do you want to offer?"
    assert play.titles == ["Tariro Moyo Personal", "Shop"]
    (screen,) = play.said
    assert [row.description for row in screen.sections[0].rows] == ["87.50 USD", "3.00 USD"]  # type: ignore[union-attr]
    asked = play.tap("Shop").core(both)
    assert "Your balance: about 3.00 USD." in asked.text
    assert "Without a code I take XAU." in asked.text
    confirm = asked.say("5 USD").say("farai_shop").core(Known(FARAI)).core(both)
    assert "⚠️ That is more than your balance of about 3.00 USD." in confirm.text
    assert "\nFrom: Shop\n" in confirm.text
    assert confirm.tap("Confirm").call == five(None, "acc-2")


def test_another_of_ones_own_accounts_may_receive_but_not_the_same_one(stage: Stage) -> None:
    """Moving value between one's accounts is an offer like any other."""
    play = stage.member().say("offer").core(BOTH).tap("Shop").core(BOTH).say("2").say("moyo_shop")
    own = play.core(Known(Recipient("acc-2", "Shop", "moyo_shop")))
    assert own.text.startswith("That is your own account.")
    other = own.say("263771234567").core(Known(Recipient("acc-1", "Tariro Moyo Personal", "263771234567")))
    assert other.core(BOTH).at == "offer.confirm"


@pytest.mark.parametrize(("count", "acting"), [(9, 0), (10, 0), (10, 9), (14, 12)])
def test_the_account_acted_for_comes_first_so_that_any_of_many_can_be_offered_from(count: int, acting: int) -> None:
    """A list holds ten rows; where that is not enough, the last one leads to all accounts."""
    accounts = [account(account_id=f"acc-{n}", name=f"Shop {n}", handle=f"shop_{n}") for n in range(count)]
    look = Known(dashboard(*accounts))
    play = Stage().member(account=f"acc-{acting}").say("offer").core(look)
    assert play.titles[0] == f"Shop {acting}"
    assert len(play.titles) == min(count, 10)
    assert (play.titles[-1] == "Other accounts") is (count > 9)
    assert play.tap(f"Shop {acting}").core(look).at == "offer.amount"
    if count > 9:
        play = Stage().member().say("offer").core(look).tap("Other accounts").core(look)
        assert play.at == "accounts.picker"


def test_an_account_that_went_away_meanwhile_is_said_to_be_and_another_asked_for(stage: Stage) -> None:
    """Before the amount, and before the confirmation; what was typed otherwise is kept."""
    one = known()
    early = stage.member().say("offer").core(BOTH).tap("Shop").core(one)
    assert early.at == "offer.source"
    assert early.text.startswith("You cannot act for that account any more.\n\nFrom which account")
    assert early.tap("Tariro Moyo Personal").core(one).at == "offer.amount"
    typed = stage.member().say("offer").core(BOTH).tap("Shop").core(BOTH).say("2").say("farai_shop")
    late = typed.core(Known(FARAI)).core(one)
    assert late.at == "offer.source"
    assert late.tap("Tariro Moyo Personal").core(one).say("5").core(Known(FARAI)).core(one).at == "offer.confirm"


def test_in_one_line_too_an_account_that_went_away_is_asked_for_until_it_is_chosen(stage: Stage) -> None:
    """A word that nobody understands chooses none."""
    look = Known(dashboard(account(), SHOP, account(account_id="acc-3", name="Stall")))
    play = stage.member(account="acc-2").say("5=>farai_shop").core(look).core(Known(FARAI))
    lost = play.core(Known(dashboard(account(), account(account_id="acc-3", name="Stall"))))
    assert lost.at == "offer.source"
    assert lost.say("perhaps").core(look).at == "offer.source"
    assert lost.tap("Stall").core(look).say("5").core(Known(FARAI)).core(look).tap("Confirm").call == five(
        None, "acc-3"
    )


def test_before_each_of_these_screens_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """Each is told as it is."""
    looks = (NotFound(), Known(dashboard()), Unavailable(), Refused("tier"))
    places = ["registration.welcome", "greeting.no_account", "greeting.away", "greeting.away"]
    picking = stage.member().say("offer").core(BOTH)
    assert stage.goes(picking, "Shop", *looks) == places
    assert stage.goes(in_one_line(stage).tap("Other terms"), "In 1 week", *looks) == places


def test_an_account_without_a_balance_says_so(stage: Stage) -> None:
    """On its row nothing, in the question plainly."""
    empty: Account = replace(SHOP, balances=())
    look = Known(dashboard(account(), empty))
    play = stage.member().say("offer").core(look).tap("Shop").core(look)
    assert "Your balance: about 0.00 USD." in play.text


def test_all_that_is_known_of_an_offer_made_is_told_also_where_core_gave_no_dashboard(stage: Stage) -> None:
    """Then only the balance is missing."""
    play = in_one_line(stage).tap("Confirm").core(Done())
    assert play.text == (
        "✅ You offered *5.00 USD* to *Farai Ncube Personal*.\n\n"
        "They have two days to accept it. If they do, you pay by 26 December 2026."
    )
    accepted = in_one_line(stage).tap("Confirm").core(Done(proven=True, accepted=True))
    assert accepted.text.endswith("They have accepted it already. You pay by 26 December 2026.")


def test_what_does_not_come_out_of_the_balance_says_nothing_of_it(stage: Stage) -> None:
    """It stays as it was, which could be taken for a sign that nothing was offered."""
    assert "balance" not in in_one_line(stage).tap("Confirm").core(member()).text
    assert "balance" in in_one_line(stage, "5=>farai_shop").tap("Confirm").core(member()).text
