"""A business account by questions, as plays; by a form, see `test_flows_forms`."""

from __future__ import annotations

import pytest

from service.conversation import WriteReconciled, take_turn
from service.domain import AccountName, Denomination, NameRefused
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
from service.writes.open_account import OpenAccount
from tests.unit.flows_play import DAY, MEMBER, MINUTE, NOON, Play, Stage, text_of
from tests.unit.flows_world import REFUSALS, account, dashboard, known

CALL = OpenAccount("Moyo Hardware", "moyo_hardware", Denomination.ZWG)
SHOP = account(account_id="acc-2", name="Moyo Hardware", handle="moyo_hardware", kind="BUSINESS")
LOOK = Known(dashboard(account(), tier=3))
AFTER = Known(dashboard(account(), SHOP, tier=3))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def begun(stage: Stage) -> Play:
    """The first question."""
    return stage.member().say("accounts").core(LOOK).tap("Open an account").core(LOOK)


def asked(stage: Stage) -> Play:
    """Is that what you want?"""
    return begun(stage).say("Moyo Hardware").tap("ZWG").say("Moyo_Hardware")


def opened(stage: Stage, outcome: Outcome) -> Play:
    """It is confirmed, and core's answer is this."""
    return asked(stage).tap("Confirm").core(outcome)


def test_name_denomination_and_handle_are_asked_and_shown_before_anything_is_opened(stage: Stage) -> None:
    """By tap or by word."""
    for unit in ("ZWG", "zwg", "2"):
        play = begun(stage).say("Moyo Hardware")
        assert play.titles == ["USD", "ZWG", "CXX", "CAD", "XAU"]
        play.say(unit).say("Moyo_Hardware")
        assert play.text == "Open this account?\n\n*Moyo Hardware*\nHandle: moyo_hardware\nDenomination: ZWG"
        assert play.titles == ["Confirm", "Change it", "Cancel"]
        assert play.tap("Confirm").call == CALL


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("Moyo Hardware", "Moyo Hardware"),
        ("  Moyo   Hardware ", "Moyo Hardware"),
        ("Zoë & Sons 2", "Zo Sons 2"),
        ("7-Eleven", "7-Eleven"),
        ("a" * 50, "a" * 50),
        ("123", "123"),
    ],
)
def test_a_name_is_kept_as_core_keeps_it(typed: str, stored: str) -> None:
    """Letters, digits, spaces and hyphens; core deletes the rest without a word."""
    assert AccountName.read(typed).stored == stored


@pytest.mark.parametrize("typed", ["", "ab", "é&é", "- - -", "a" * 51, "é" * 98 + "abc"])
def test_a_name_that_core_would_refuse_is_asked_again_with_the_reason(typed: str) -> None:
    """Also one that is too long to be shown beside what is stored of it."""
    with pytest.raises(NameRefused) as refused:
        AccountName.read(typed)
    if typed:
        play = begun(Stage()).say(typed)
        assert play.at == "business.name"
        assert play.text.startswith(str(refused.value))


def test_a_name_that_core_would_change_is_shown_as_it_will_be_stored(stage: Stage) -> None:
    """And can be changed."""
    play = begun(stage).say("Zoë & Sons 2").tap("USD").say("zoe")
    assert "*Zo Sons 2*" in play.text
    assert "You typed “Zoë & Sons 2”. Credex keeps only the letters A to Z, digits, spaces and hyphens." in play.text
    assert play.tap("Change it").at == "business.name"


def test_handles_and_denominations_that_are_none_are_asked_again(stage: Stage) -> None:
    """With the reason."""
    play = begun(stage).say("Moyo Hardware").say("dollars")
    assert play.at == "business.denomination"
    play.tap("USD").say("moyo.hardware")
    assert play.at == "business.handle"
    assert play.text.startswith("A handle has only letters, digits and _ in it")


def test_a_low_tier_is_warned_and_core_decides(stage: Stage) -> None:
    """Members who own no account yet, and those whose tier core kept to itself, are not."""
    warned = {1: True, 2: True, 3: False, None: False}
    for tier, warns in warned.items():
        look = Known(dashboard(account(), tier=tier))
        play = stage.member().say("accounts").core(look).tap("Open an account").core(look)
        assert play.text.startswith("⚠️ More than one account needs the hustler tier") is warns
    others = Known(dashboard(account(owned=False), tier=1))
    assert "⚠️" not in stage.member().say("accounts").core(others).tap("Open an account").core(others).text


def test_a_handle_that_is_taken_leads_back_to_the_handle_alone(stage: Stage) -> None:
    """The name and the denomination need not be said again."""
    play = opened(stage, Refused("duplicate_handle"))
    assert play.at == "business.handle"
    assert play.text.startswith("The handle “moyo_hardware” is taken. No account was opened yet.")
    play.say("moyo_shop").tap("Confirm")
    assert play.call == OpenAccount("Moyo Hardware", "moyo_shop", Denomination.ZWG)


def test_each_outcome_is_told_as_it_is(stage: Stage) -> None:
    """With a way on."""
    expected: list[tuple[Outcome, str, str]] = [
        (Done(), "opened", "✅ The account *Moyo Hardware* is open."),
        (Done(AFTER.value), "opened", "✅ The account *Moyo Hardware* is open."),  # type: ignore[arg-type]
        (Refused("tier"), "tier_refused", "more than one account needs the hustler tier"),
        (DidNotHappen(), "not_done", "I have looked: the account *Moyo Hardware* was *not* opened."),
        (Unavailable(), "not_done", "I could not reach Credex, so the account *Moyo Hardware* was *not* opened."),
        (Unknown(), "unknown", "I do *not know yet* whether the account *Moyo Hardware* was opened."),
        (PossibleDuplicate(), "unknown", "I do *not know yet*"),
        (NotFound(), "unknown", "I do *not know yet*"),
    ]
    for outcome, place, words in expected:
        play = opened(stage, outcome)
        assert play.at == f"business.{place}"
        assert words in play.text
        assert "Menu" in play.titles
    for code in set(REFUSALS) - {"tier", "duplicate_phone", "duplicate_handle"}:
        refused = opened(stage, Refused(code))
        assert refused.at == "business.refused"
        assert refused.text.endswith("No account was opened.")


def test_what_can_be_done_after_each_outcome(stage: Stage) -> None:
    """Act for it, look at all, upgrade, change it, try again."""
    done = opened(stage, Done(AFTER.value))  # type: ignore[arg-type]
    assert done.tap("Act for it").core(AFTER).text.startswith("You now act for *Moyo Hardware*.")
    assert opened(stage, Done()).tap("Accounts").core(AFTER).at == "accounts.picker"
    assert opened(stage, Refused("tier")).tap("Upgrade").core(known()).at == "upgrade.explain"
    assert opened(stage, Refused("validation")).tap("Change it").at == "business.name"
    assert opened(stage, DidNotHappen()).tap("Try again").tap("Confirm").call == CALL


def test_nothing_is_opened_without_a_fresh_yes(stage: Stage) -> None:
    """Not after Cancel, not by a word that leads away, not by an old button, not after five minutes."""
    for play in (asked(stage).tap("Cancel"), asked(stage).say("no"), asked(stage).say("x")):
        assert play.core(LOOK).text.startswith("No account was opened.\n\n")
    assert asked(stage).say("perhaps").at == "business.confirm"
    old = asked(stage).option("Confirm")
    assert stage.member().wait(DAY).tap_again(old).call == Login(fresh=True)
    late = asked(stage).wait(5 * MINUTE + 1).say("yes").core(LOOK)
    assert late.text.startswith("That was left for more than five minutes, so I let it go. No account was opened.")


def test_what_is_found_out_later_is_told_with_name_and_handle(stage: Stage) -> None:
    """Open, not opened, never to be known."""
    expected: dict[Outcome, str] = {
        Done(proven=True): "is open.",
        DidNotHappen(): "was *not* opened",
        Refused("duplicate_handle"): "was *not* opened",
        Unknown(): "I could not find out whether",
    }
    for outcome, words in expected.items():
        (said,) = take_turn(
            stage.registry, None, WriteReconciled(MEMBER, "business.open", CALL, outcome, {}), NOON
        ).messages
        assert words in text_of(said)
        assert "the account *Moyo Hardware* (handle moyo_hardware)" in text_of(said)


def test_core_may_be_away_or_know_the_member_no_more(stage: Stage) -> None:
    """Each is told as it is."""
    looks: tuple[Outcome, ...] = (NotFound(), Known(dashboard()), Unavailable())
    places = ["registration.welcome", "greeting.no_account", "greeting.away"]
    assert stage.goes(stage.member().say("accounts").core(LOOK), "Open an account", *looks) == places
