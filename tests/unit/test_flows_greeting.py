"""Greeting, dashboard and help, as plays."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from service.domain import Unsecured
from service.domain.commands import Known, Login, NotFound, Refused, Unavailable
from tests.unit.flows_play import MINUTE, Stage
from tests.unit.flows_world import XAU, account, dashboard, known, money, offer

HOUR = 60 * MINUTE


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_a_member_who_greets_sees_their_dashboard(stage: Stage) -> None:
    """Name, handle, balance, net assets, what may still be offered, and what can be done."""
    tariro = stage.member().say("Mhoro!")
    assert tariro.call == Login(fresh=True)
    tariro.core(known())
    assert tariro.at == "dashboard.menu"
    assert tariro.text == (
        "Good afternoon, Tariro.\n\n"
        "*Tariro Moyo Personal*\nHandle: 263771234567\n\n"
        "Balance:\n  *87.50 USD*\nNet assets: 87.50 USD\n"
        "You can still offer 7.50 USD today (open tier)."
    )
    rest = ["Ledger", "Accounts", "People of this account", "Upgrade", "Cash in and out", "Refresh", "Help"]
    assert tariro.titles == ["Offer a credex", *rest]


def test_the_greeting_fits_the_hour_in_harare(stage: Stage) -> None:
    """Two hours ahead of UTC, all year."""
    heard = []
    for hour in (4, 5, 11, 12, 17, 18, 21, 22):
        tariro = stage.member().wait((hour - 12) * HOUR).say("hi").core(known())
        heard.append(tariro.text.split(",")[0])
    expected = ["Hello", "Good morning", "Good morning", "Good afternoon", "Good afternoon"]
    assert heard == [*expected, "Good evening", "Good evening", "Hello"]


def test_offers_that_wait_are_counted_on_the_menu(stage: Stage) -> None:
    """Each way, and in good English."""
    one = stage.member().say("hi").core(known(incoming=(offer(),)))
    assert one.titles[:3] == ["Offer a credex", "Incoming offers (1)", "Ledger"]
    many = stage.member().say("hi").core(known(incoming=(offer(), offer("cx-2")), outgoing=(offer("cx-3"),)))
    assert many.titles[:4] == ["Offer a credex", "Incoming offers (2)", "Outgoing offers (1)", "Ledger"]
    assert len(many.titles) == 10


def test_an_empty_account_says_so_and_debts_without_backing_are_shown(stage: Stage) -> None:
    """And where core says nothing of limits or net assets, nothing is said."""
    unsecured = Unsecured(money("3.00"), money("1.00"), money("-2.00"))
    poor = account(balances=(), net_assets=None, unsecured=unsecured)
    tariro = stage.member().say("hi").core(Known(dashboard(poor, remaining_today=None, tier=None)))
    assert "Balance:\n  *0.00 USD*\nWithout backing:\n  you owe 3.00 USD\n  owed to you 1.00 USD" in tariro.text
    assert "Net assets" not in tariro.text
    assert "still offer" not in tariro.text


def test_every_balance_has_the_decimals_of_its_denomination(stage: Stage) -> None:
    """And thousands are grouped."""
    tariro = stage.member().say("hi").core(known(balances=(money("1234.5"), money("0.5", XAU))))
    assert "*1,234.50 USD*\n  *0.5000 XAU*" in tariro.text


def test_refresh_asks_core_again(stage: Stage) -> None:
    """By a tap or by the word, and never shows what is cached."""
    tariro = stage.member().say("hi").core(known()).tap("Refresh")
    assert tariro.call == Login(fresh=True)
    tariro.core(known(balances=(money("90.00"),)))
    assert "*90.00 USD*" in tariro.text
    assert tariro.fork().say("refresh").core(Unavailable()).at == "greeting.away"
    assert stage.goes(tariro, "refresh", known(), NotFound(), Known(dashboard()), Refused("tier"), Unavailable()) == [
        "dashboard.menu",
        "registration.welcome",
        "greeting.no_account",
        "greeting.away",
        "greeting.away",
    ]


def test_a_stranger_is_welcomed_and_led_to_registration(stage: Stage) -> None:
    """Whatever their first words are."""
    for word in ("hi", "what is this", "menu", "register", "🐘"):
        stranger = stage.member().say(word).core(NotFound())
        assert stranger.at == "registration.welcome"
        assert stranger.text.startswith("Welcome to *VimbisoPay*.")


def test_when_core_is_away_the_member_is_told_and_can_try_again(stage: Stage) -> None:
    """Failure of a look at the dashboard never makes a stranger of a member."""
    for failure in (Unavailable(), Refused("unknown")):
        tariro = stage.member().say("hi").core(failure)
        assert tariro.at == "greeting.away"
        assert "Nothing is lost" in tariro.text
        assert tariro.tap("Try again").core(known()).at == "dashboard.menu"


def test_a_member_without_an_account_is_told_so(stage: Stage) -> None:
    """And not that core was away."""
    tariro = stage.member().say("hi").core(Known(dashboard()))
    assert tariro.at == "greeting.no_account"
    assert tariro.titles == ["Try again"]


def test_a_chosen_account_that_is_gone_gives_way_to_the_personal_one(stage: Stage) -> None:
    """A member who may no longer act for it is back at their own."""
    shop = account(account_id="acc-2", name="Shop", kind="BUSINESS", owned=False)
    tariro = stage.member(account="acc-2").say("hi").core(Known(dashboard(account(), shop)))
    assert "*Shop*" in tariro.text
    tariro.say("menu").core(known())
    assert "*Tariro Moyo Personal*" in tariro.text
    assert tariro.session is not None
    assert tariro.session.account == ""


def test_a_member_who_types_register_is_not_told_that_they_are_no_member(stage: Stage) -> None:
    """They are led home."""
    assert stage.member().say("register").core(known()).at == "dashboard.menu"


def test_help_tells_what_it_is_and_leads_back(stage: Stage) -> None:
    """By word and by tap."""
    tariro = stage.member().say("hi").core(known()).tap("Help")
    assert tariro.at == "help.text"
    assert "0.5=>farai_shop" in tariro.text
    assert tariro.tap("Menu").core(known()).at == "dashboard.menu"


def test_words_nobody_understands_get_the_menu_again_with_a_reason(stage: Stage) -> None:
    """And so do pictures."""
    tariro = stage.member().say("hi").core(known())
    assert tariro.fork().say("blah").core(known()).text.startswith("I did not understand that. Please tap")
    assert tariro.fork().send("image").core(known()).text.startswith("I can read text and taps only, not pictures.")


def test_names_from_core_cannot_dress_up_the_text(stage: Stage) -> None:
    """Marks of emphasis and control characters are taken out of them."""
    tariro = stage.member().say("hi").core(known(name="*Bank*\n_Paid_ ~now~ `x`\x00"))
    assert "*Bank Paid now x*" in tariro.text


def test_dates_are_written_as_people_say_them(stage: Stage) -> None:
    """Day, month by name, year."""
    promise = offer(secured=False, due=date(2026, 12, 3))
    tariro = stage.member().say("pending").core(known(incoming=(promise,))).say("1").core(known(incoming=(promise,)))
    assert "It is without backing, due on 3 December 2026." in tariro.text


def test_what_may_still_be_offered_is_shown_to_the_cent(stage: Stage) -> None:
    """And zero is shown, too."""
    tariro = stage.member().say("hi").core(Known(dashboard(account(), remaining_today=Decimal(0), tier=9)))
    assert tariro.text.endswith("You can still offer 0.00 USD today.")
