"""Upgrade: the hustler tier, for one US dollar from the personal account."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from service.conversation import Exit, Flow, MenuEntry, TurnContext
from service.domain import Dashboard, Denomination, Money, Tier
from service.domain.commands import DidNotHappen, Done, Outcome, PossibleDuplicate, Refused
from service.flows import formatting
from service.flows.confirmed_write import WriteAnswers, confirmed_write, failure_screens
from service.flows.login import read_dashboard, seen
from service.flows.screens import MENU, link, screen
from service.writes.upgrade import Upgrade

PRICE: Final = Money(Decimal(1), Denomination.USD)
"""For 28 days; what core takes."""


class UpgradeAnswers(WriteAnswers, frozen=True):
    """The account that pays."""

    account: str = ""
    account_name: str = ""


Context = TurnContext[UpgradeAnswers]


def _begun(dashboard: Dashboard, context: Context) -> Exit:
    account = dashboard.account()
    if account is None or _has_tier(dashboard):
        return Exit("already")
    return context.exit("explain", account=account.account_id, account_name=account.name)


def _has_tier(dashboard: Dashboard) -> bool:
    return (dashboard.tier or 0) >= Tier.HUSTLER


def _explain(context: Context) -> str:
    account = seen(context).account(context.answers.account)
    balance = account.balance(PRICE.denomination) if account else None
    warning = ""
    if balance is not None and balance.amount < PRICE.amount:
        warning = f"⚠️ You have about {balance} there. Credex may refuse it.\n\n"
    return (
        f"{warning}Get the *hustler tier* for *{PRICE}*?\n\nIt is for 28 days and brings:\n"
        "- no limit on what you can offer in a day\n- more than one account, for example for a business\n\n"
        f"It is paid from {_account(context)}."
    )


def _account(context: Context) -> str:
    return f"*{formatting.name(context.answers.account_name)}*"


def _paid(outcome: Outcome, _: Context) -> Exit | None:
    match outcome:
        case Done():
            return Exit("upgraded")
        case Refused(code="already") | PossibleDuplicate(made=True):
            return Exit("already")
        case Refused(code="insufficient_balance"):
            return Exit("too_little")
        case _:
            return None


def _upgraded(context: Context) -> str:
    paid = f"✅ You now have the *hustler tier*.\n\n*{PRICE}* was paid from {_account(context)}."
    balance = formatting.new_balance(context, context.answers.account, PRICE.denomination)
    return f"{paid} Your balance there is now {balance}." if balance else paid


def _reconciled(_: Upgrade, outcome: Outcome, __: Context) -> str:
    match outcome:
        case Done():
            return f"✅ I looked again: you now have the *hustler tier*, and {PRICE} was paid for it."
        case Refused(code="already"):
            return "I looked again: you have the hustler tier or a higher one."
        case DidNotHappen() | Refused():
            return "I looked again: the upgrade did *not* happen, and nothing was paid. You can try again."
        case _:
            return (
                "I could not find out what became of your upgrade, and I have stopped looking. "
                "Your balance shows whether it was paid."
            )


UPGRADE = Flow(
    name="upgrade",
    title="Upgrade: the hustler tier for 1 USD",
    answers=UpgradeAnswers,
    routes={"upgrade": "begin"},
    keywords={"upgrade": "upgrade"},
    menu=(
        MenuEntry(
            "upgrade",
            "Upgrade",
            "The hustler tier for 1 USD",
            shown=lambda context: not _has_tier(seen(context)),
        ),
    ),
    cancelled_text="Nothing was paid.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was paid.",
    steps=(
        read_dashboard("begin", _begun, {"explain": "explain", "already": "already"}),
        *confirmed_write(
            "pay",
            confirm="explain",
            question=_explain,
            cancelled="Cancelled. Nothing was paid.",
            reenter_at="begin",
            call=lambda context: Upgrade(context.answers.account),
            result=_paid,
            exits={"upgraded": "upgraded", "already": "already", "too_little": "too_little"},
            reconciled=_reconciled,
        ),
        screen("upgraded", _upgraded, link("open_business", "Open an account"), MENU),
        screen("already", "You have the hustler tier or a higher one already, so there is nothing to pay."),
        screen(
            "too_little",
            lambda context: (
                f"Credex refused: {_account(context)} has not enough to pay {PRICE}. Nothing was paid.\n\n"
                "Your balance grows when you accept a secured offer, or by cash in."
            ),
            link("cash", "Cash in and out"),
            MENU,
        ),
        *failure_screens(
            refused=lambda context: (
                f"Credex refused the upgrade: {formatting.explain_refusal(context.answers.reason or '')}.\n\n"
                "Nothing was paid, and your tier is what it was."
            ),
            did_not_happen="Credex did not take it, and I have looked: nothing was paid, and your tier is what it was.",
            not_sent="I could not reach Credex, so nothing was paid, and your tier is what it was.",
            unknown=f"Credex did not answer clearly. I do *not know yet* whether {PRICE} was paid and your tier raised."
            "\n\nI keep looking and will tell you. Please do not try again until then.",
            again="begin",
        ),
    ),
)
