"""The upgrade, as plays."""

from __future__ import annotations

import pytest

from service.conversation import WriteReconciled, take_turn
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
from service.writes.upgrade import Upgrade
from tests.unit.flows_play import DAY, MEMBER, MINUTE, NOON, Play, Stage, text_of
from tests.unit.flows_world import REFUSALS, account, dashboard, known, member, money


@pytest.fixture
def stage() -> Stage:
    return Stage()


def asked(stage: Stage) -> Play:
    """The price, on the screen."""
    return stage.member().say("upgrade").core(known())


def paid(stage: Stage, outcome: Outcome) -> Play:
    """It is confirmed, and core's answer is this."""
    return asked(stage).tap("Confirm").core(outcome)


def test_the_upgrade_is_in_the_menu_of_those_who_can_use_it(stage: Stage) -> None:
    """Of tiers 1 and 2, and of those whose tier core kept to itself."""
    for tier, there in ((1, True), (2, True), (None, True), (3, False), (5, False)):
        menu = stage.member().say("hi").core(Known(dashboard(account(), tier=tier)))
        assert ("Upgrade" in menu.titles) is there


def test_the_upgrade_is_explained_before_it_is_paid(stage: Stage) -> None:
    """What it costs, for how long, what it brings, and from which account."""
    play = stage.member().say("hi").core(known()).tap("Upgrade")
    assert play.call == Login(fresh=True)
    play.core(known())
    for words in ("*1.00 USD*", "28 days", "no limit", "more than one account", "*Tariro Moyo Personal*"):
        assert words in play.text
    assert play.titles == ["Confirm", "Cancel"]
    assert play.tap("Confirm").call == Upgrade("acc-1")


def test_it_is_paid_from_the_personal_account_whichever_they_act_for(stage: Stage) -> None:
    """Core takes it from no other."""
    shop = account(account_id="acc-2", name="Moyo Hardware", kind="BUSINESS")
    play = stage.member(account="acc-2").say("upgrade").core(Known(dashboard(shop, account())))
    assert play.tap("Confirm").call == Upgrade("acc-1")


def test_too_small_a_balance_warns_and_core_decides(stage: Stage) -> None:
    """What is displayed and what may be spent can differ."""
    play = stage.member().say("upgrade").core(known(balances=(money("0.99"),)))
    assert play.text.startswith("⚠️ You have about 0.99 USD there.")
    assert play.tap("Confirm").call == Upgrade("acc-1")
    assert "⚠️" not in stage.member().say("upgrade").core(known(balances=(money("1.00"),))).text


def test_whoever_has_the_tier_is_told_that_there_is_nothing_to_pay(stage: Stage) -> None:
    """Seen at the look before, or found by core."""
    for tier in (3, 4, 5):
        assert stage.member().say("upgrade").core(Known(dashboard(account(), tier=tier))).at == "upgrade.already"
    assert paid(stage, Refused("already")).at == "upgrade.already"


def test_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """Each is told as it is."""
    looks = (NotFound(), Known(dashboard()), Unavailable())
    places = ["registration.welcome", "greeting.no_account", "greeting.away"]
    assert stage.goes(stage.member(), "upgrade", *looks) == places


def test_each_outcome_is_told_as_it_is(stage: Stage) -> None:
    """With a way on."""
    expected: list[tuple[Outcome, str, str]] = [
        (Done(), "upgraded", "✅ You now have the *hustler tier*.\n\n*1.00 USD* was paid"),
        (Done(proven=True), "upgraded", "✅ You now have the *hustler tier*."),
        (Refused("insufficient_balance"), "too_little", "has not enough to pay 1.00 USD. Nothing was paid."),
        (DidNotHappen(), "not_done", "I have looked: nothing was paid"),
        (Unavailable(), "not_done", "I could not reach Credex, so nothing was paid"),
        (Unknown(), "unknown", "I do *not know yet* whether 1.00 USD was paid"),
        (PossibleDuplicate(), "unknown", "I do *not know yet*"),
        (NotFound(), "unknown", "I do *not know yet*"),
    ]
    for outcome, place, words in expected:
        play = paid(stage, outcome)
        assert play.at == f"upgrade.{place}"
        assert words in play.text
        assert "Menu" in play.titles
    for code in set(REFUSALS) - {"insufficient_balance", "already"}:
        refused = paid(stage, Refused(code))
        assert refused.at == "upgrade.refused"
        assert "Nothing was paid" in refused.text


def test_the_new_balance_is_shown_once(stage: Stage) -> None:
    """It may be another one when the screen is shown again."""
    play = paid(stage, member(balances=(money("86.50"),)))
    assert play.text.endswith("Your balance there is now 86.50 USD.")
    assert "balance" not in play.say("perhaps").text


def test_what_can_be_done_after_each_outcome(stage: Stage) -> None:
    """Open an account, get money, try again with another look."""
    assert paid(stage, Done()).tap("Open an account").core(known()).at == "business.name"
    assert paid(stage, Refused("insufficient_balance")).tap("Cash in and out").at == "cash.text"
    assert paid(stage, DidNotHappen()).tap("Try again").core(known()).tap("Confirm").call == Upgrade("acc-1")


def test_nothing_is_paid_without_a_fresh_yes(stage: Stage) -> None:
    """Not after Cancel, not by a word that leads away, not by an old button, not after five minutes."""
    for word in ("Cancel", "no"):
        assert (
            asked(stage).say(word).core(known()).text.startswith(("Cancelled. Nothing was paid.", "Nothing was paid."))
        )
    assert asked(stage).say("x").core(known()).text.startswith("Nothing was paid.")
    old = asked(stage).option("Confirm")
    assert stage.member().wait(DAY).tap_again(old).call == Login(fresh=True)
    late = asked(stage).wait(5 * MINUTE + 1).say("yes").core(known())
    assert "Nothing was paid." in late.text
    assert asked(stage).say("perhaps").core(known()).at == "upgrade.explain"


def test_what_is_found_out_later_is_told(stage: Stage) -> None:
    """Done, done before, not done, never to be known."""
    expected: dict[Outcome, str] = {
        Done(proven=True): "✅ I looked again: you now have the *hustler tier*",
        Refused("already"): "you have the hustler tier or a higher one",
        DidNotHappen(): "did *not* happen, and nothing was paid",
        Refused("tier"): "did *not* happen, and nothing was paid",
        Unknown(): "I could not find out what became of your upgrade",
    }
    for outcome, words in expected.items():
        (said,) = take_turn(
            stage.registry, None, WriteReconciled(MEMBER, "upgrade.pay", Upgrade("acc-1"), outcome, {}), NOON
        ).messages
        assert words in text_of(said)
