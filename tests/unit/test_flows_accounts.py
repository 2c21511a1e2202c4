"""Accounts, as plays: the list, the switch, and which account a greeting leads to."""

from __future__ import annotations

import pytest

from service.conversation import Option
from service.domain import Account
from service.domain.commands import Known, Login, NotFound, Outcome, Unavailable
from service.messages import List
from tests.unit.flows_play import DAY, MINUTE, Play, Stage
from tests.unit.flows_world import account, dashboard, known, money

SHOP = account(
    account_id="acc-2", name="Moyo Hardware", handle="moyo_hardware", kind="BUSINESS", net_assets=money("120.00")
)
OTHERS = account(account_id="acc-3", name="Farai Shop", handle="farai_shop", kind="BUSINESS", owned=False)
TWO = Known(dashboard(account(), SHOP, tier=3))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def descriptions(play: Play) -> list[str]:
    """What stands below the titles of the rows."""
    (screen,) = play.said
    assert isinstance(screen, List)
    return [row.description for row in screen.sections[0].rows]


def test_accounts_are_listed_with_handle_and_net_assets_and_the_current_one_is_marked(stage: Stage) -> None:
    """Also those that belong to others; an account whose net assets core left out has none."""
    bare = account(account_id="acc-4", name="Bare", handle="bare", net_assets=None)
    play = stage.member().say("hi").core(TWO).tap("Accounts")
    assert play.call == Login(fresh=True)
    play.core(Known(dashboard(account(), SHOP, OTHERS, bare, tier=3)))
    assert play.titles == [
        "Tariro Moyo Personal", "Moyo Hardware", "Farai Shop", "Bare", "Open an account", "Menu"
    ]  # fmt: skip
    assert descriptions(play)[:4] == [
        "263771234567: 87.50 USD, current account",
        "moyo_hardware: 120.00 USD",
        "farai_shop: 87.50 USD, you may act for it",
        "bare",
    ]
    assert "You act for *Tariro Moyo Personal*." in play.text


@pytest.mark.parametrize("count", [1, 2, 7, 8, 14, 15, 30])
def test_every_account_is_on_exactly_one_page_of_at_most_ten_rows(count: int) -> None:
    """The pages lead from one to the next and back to the first."""
    accounts = [account(account_id=f"acc-{n}", name=f"Stall {n}", handle=f"stall_{n}") for n in range(count)]
    look = Known(dashboard(*accounts, tier=4))
    play = Stage().member().say("accounts").core(look)
    shown: list[str] = []
    for _ in range(-(-count // 7)):
        shown += [title for title in play.titles if title.startswith("Stall")]
        assert play.titles[-2:] == ["Open an account", "Menu"]
        assert len(play.titles) <= 10
        if count > 7:
            play.tap(next(title for title in play.titles if title.endswith("page"))).core(look)
    assert shown == [f"Stall {n}" for n in range(count)]


def test_a_page_that_is_no_longer_there_gives_way_to_the_last(stage: Stage) -> None:
    """And a number that is none to the first."""
    look = Known(dashboard(*(account(account_id=f"acc-{n}") for n in range(8)), tier=4))
    pages = {"3": "page 2 of 2", "0": "page 1 of 2", "٣": "page 1 of 2", "9" * 60: "page 1 of 2", "x": "page 1 of 2"}
    for asked_for, page in pages.items():
        assert page in stage.member().tap_again(Option(f"n:accounts:{asked_for}", "Next page")).core(look).text


def test_amounts_in_the_list_are_never_cut(stage: Stage) -> None:
    """Names and handles are."""
    most = money("-999999999999.99")
    long = account(account_id="acc-9", name="N" * 110, handle="h" * 30, net_assets=most)
    play = stage.member(account="acc-9").say("accounts").core(Known(dashboard(account(), long)))
    assert descriptions(play)[1] == f"{'h' * 23}…: {most}, current account"


def test_whoever_has_one_account_is_told_so(stage: Stage) -> None:
    """With the way to another."""
    play = stage.member().say("accounts").core(known())
    assert play.text.endswith("It is your only account.")
    assert play.tap("Open an account").core(known()).at == "business.name"


def test_an_account_chosen_stays_chosen(stage: Stage) -> None:
    """Across screens, words, and a long silence."""
    play = stage.member().say("accounts").core(TWO).tap("Moyo Hardware")
    assert play.call == Login(fresh=True)
    play.core(TWO)
    assert play.at == "dashboard.menu"
    assert play.text.startswith("You now act for *Moyo Hardware*.\n\n")
    assert "*Moyo Hardware*\nHandle: moyo_hardware" in play.say("menu").core(TWO).text
    assert "*Moyo Hardware*\nHandle: moyo_hardware" in play.wait(DAY).say("hello").core(TWO).text
    assert ", current account" in descriptions(play.say("accounts").core(TWO))[1]


def test_only_what_the_fresh_dashboard_lists_can_be_chosen(stage: Stage) -> None:
    """Whatever a button says: another's account, one that is gone, or none at all."""
    for target in ("n:switch:acc-farai", "n:switch:acc-2", "n:switch"):
        play = stage.member().tap_again(Option(target, "Moyo Hardware")).core(known())
        assert play.at == "accounts.gone"
        assert play.session is not None
        assert play.session.account == ""
        assert play.titles == ["Accounts", "Menu"]
        assert play.fork().tap("Accounts").core(known()).at == "accounts.picker"


def test_an_account_that_is_theirs_no_longer_is_let_go_and_said(stage: Stage) -> None:
    """Whoever believes that they act for a shop must not act for themselves unawares."""
    play = stage.member(account="acc-2").say("hi").core(known())
    assert play.at == "dashboard.menu"
    assert play.text.startswith("You can no longer act for the account that you had chosen.")
    assert "no longer" not in play.say("menu").core(known()).text


@pytest.mark.parametrize(
    ("tier", "accounts", "chosen", "asked"),
    [
        (5, (account(), SHOP), "", True),
        (5, (account(), SHOP), "acc-2", False),
        (5, (account(), SHOP), "acc-1", False),
        (5, (account(),), "", False),
        (4, (account(), SHOP), "", False),
        (None, (account(), SHOP), "", False),
    ],
)
def test_the_highest_tier_chooses_first_where_there_is_a_choice(
    tier: int | None, accounts: tuple[Account, ...], chosen: str, *, asked: bool
) -> None:
    """And once."""
    play = Stage().member(account=chosen).say("hi").core(Known(dashboard(*accounts, tier=tier)))
    assert play.at == ("accounts.picker" if asked else "dashboard.menu")


def test_the_first_choice_offers_nothing_that_leads_back_to_it(stage: Stage) -> None:
    """No row for the menu, which would be this list again; no account is marked."""
    look = Known(dashboard(account(), SHOP, tier=5))
    play = stage.member().say("hi").core(look)
    assert play.titles == ["Tariro Moyo Personal", "Moyo Hardware", "Open an account"]
    assert "current" not in "".join(descriptions(play))
    assert play.text == "Good afternoon, Tariro.\n\nWhich account do you want to act for?"
    assert play.tap("Tariro Moyo Personal").core(look).at == "dashboard.menu"
    assert play.say("menu").core(look).at == "dashboard.menu"


def test_a_row_can_be_chosen_by_its_number_and_the_list_is_shown_again_after_nonsense(stage: Stage) -> None:
    """Afresh."""
    play = stage.member().say("accounts").core(TWO)
    assert play.fork().say("2").core(TWO).text.startswith("You now act for *Moyo Hardware*.")
    assert play.say("perhaps").core(TWO).at == "accounts.picker"
    assert stage.member().say("accounts").core(TWO).wait(6 * MINUTE).say("2").core(TWO).at == "dashboard.menu"


def test_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """From the list and from the switch."""
    looks: tuple[Outcome, ...] = (NotFound(), Known(dashboard()), Unavailable())
    places = ["registration.welcome", "greeting.no_account", "greeting.away"]
    assert stage.goes(stage.member(), "accounts", *looks) == places
    assert stage.goes(stage.member().say("accounts").core(TWO), "Moyo Hardware", *looks) == places
