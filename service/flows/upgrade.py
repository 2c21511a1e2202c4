"""Upgrade: the hustler tier, for one US dollar from the personal account."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from service.conversation import CoreCall, Exit, Flow, Question, TurnContext
from service.domain import Dashboard, Denomination, Money, Tier
from service.domain.commands import (
    Call,
    DidNotHappen,
    Done,
    Known,
    Login,
    Outcome,
    PossibleDuplicate,
    Refused,
    Unavailable,
)
from service.flows import formatting
from service.flows.confirming import confirm_or_cancel, unless_cancelled
from service.flows.dashboard import seen
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.messages import Button, Buttons, Message
from service.writes.upgrade import Upgrade as UpgradeCall

__all__ = ("UPGRADE",)

PRICE: Final = Money(Decimal(1), Denomination.USD)
"""For 28 days; what core takes."""


def _begun(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if account := dashboard.account():
            if (dashboard.tier or 0) >= Tier.HUSTLER:
                return Exit("already")
            return Exit("explain", {"account": account.account_id, "account_name": account.name})
        case _:
            return dashboard_failed(outcome)


def _explain(context: TurnContext) -> Sequence[Message]:
    account = seen(context).account(context.answers["account"])
    balance = account.balance(PRICE.denomination) if account else None
    warning = ""
    if balance is not None and balance.amount < PRICE.amount:
        warning = f"⚠️ You have about {balance} there. Credex may refuse it.\n\n"
    return [
        Buttons(
            body=f"{warning}Get the *hustler tier* for *{PRICE}*?\n\nIt is for 28 days and brings:\n"
            "- no limit on what you can offer in a day\n- more than one account, for example for a business\n\n"
            f"It is paid from {_account(context)}.",
            buttons=confirm_or_cancel(context),
        )
    ]


def _pay(context: TurnContext) -> Call:
    return UpgradeCall(context.answers["account"])


def _paid(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Done():
            return Exit("upgraded")
        case Refused(code="already") | PossibleDuplicate(made=True):
            return Exit("already")
        case Refused(code="insufficient_balance"):
            return Exit("too_little")
        case Refused(code=code):
            return Exit("refused", {"reason": code})
        case DidNotHappen() | Unavailable():
            return Exit("not_done", {"looked": "yes" * isinstance(outcome, DidNotHappen)})
        case _:
            return Exit("unknown")


def _show_upgraded(context: TurnContext) -> Sequence[Message]:
    balance = ""
    if isinstance(context.outcome, Done) and context.outcome.dashboard:
        account = context.outcome.dashboard.account(context.answers["account"])
        balance = f" Your balance there is now {account.balance(PRICE.denomination)}." if account else ""
    return [
        Buttons(
            body=f"✅ You now have the *hustler tier*.\n\n*{PRICE}* was paid from {_account(context)}.{balance}",
            buttons=(context.link("open_business", "Open an account"), formatting.menu(context)),
        )
    ]


def _show_already(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="You have the hustler tier or a higher one already, so there is nothing to pay.",
            buttons=(formatting.menu(context),),
        )
    ]


def _show_too_little(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex refused: {_account(context)} has not enough to pay {PRICE}. Nothing was paid.\n\n"
            "Your balance grows when you accept a secured offer, or by cash in.",
            buttons=(_cash(context), formatting.menu(context)),
        )
    ]


def _cash(context: TurnContext) -> Button:
    return context.link("cash", "Cash in and out")


def _show_refused(context: TurnContext) -> Sequence[Message]:
    why = formatting.explain_refusal(context.answers["reason"])
    return [
        Buttons(
            body=f"Credex refused the upgrade: {why}.\n\nNothing was paid, and your tier is what it was.",
            buttons=(formatting.menu(context),),
        )
    ]


def _show_not_done(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"{formatting.why_not_done(context)} nothing was paid, and your tier is what it was.",
            buttons=(context.option("again", "Try again"), formatting.menu(context)),
        )
    ]


def _show_unknown(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body=f"Credex did not answer clearly. I do *not know yet* whether {PRICE} was paid and your tier raised."
            "\n\nI keep looking and will tell you. Please do not try again until then.",
            buttons=(formatting.menu(context),),
        )
    ]


def _show_reconciled(_: Call, outcome: Outcome, context: TurnContext) -> Sequence[Message]:
    match outcome:
        case Done():
            body = f"✅ I looked again: you now have the *hustler tier*, and {PRICE} was paid for it."
        case Refused(code="already"):
            body = "I looked again: you have the hustler tier or a higher one."
        case DidNotHappen() | Refused():
            body = "I looked again: the upgrade did *not* happen, and nothing was paid. You can try again."
        case _:
            body = (
                "I could not find out what became of your upgrade, and I have stopped looking. "
                "Your balance shows whether it was paid."
            )
    return [Buttons(body=body, buttons=(formatting.menu(context),))]


def _account(context: TurnContext) -> str:
    return f"*{formatting.name(context.answers['account_name'])}*"


UPGRADE = Flow(
    name="upgrade",
    title="Upgrade: the hustler tier for 1 USD",
    cancelled_text="Nothing was paid.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was paid.",
    steps=(
        CoreCall(
            "begin",
            call=lambda _: Login(fresh=True),
            result=_begun,
            exits={"explain": "explain", "already": "already", **DASHBOARD_FAILED_EXITS},
        ),
        Question(
            "explain",
            "buttons",
            _explain,
            {"confirm": "pay", "cancel": "greeting.look_up"},
            unless_cancelled("Cancelled. Nothing was paid."),
            confirms=True,
            reenter_at="begin",
        ),
        CoreCall(
            "pay",
            call=_pay,
            result=_paid,
            on_reconciled=_show_reconciled,
            exits={
                "upgraded": "upgraded",
                "already": "already",
                "too_little": "too_little",
                "refused": "refused",
                "not_done": "not_done",
                "unknown": "unknown",
            },
        ),
        Question("upgraded", "buttons", _show_upgraded, interruptible=True),
        Question("already", "buttons", _show_already, interruptible=True),
        Question("too_little", "buttons", _show_too_little, interruptible=True),
        Question("refused", "buttons", _show_refused, interruptible=True),
        Question("not_done", "buttons", _show_not_done, {"again": "begin"}, interruptible=True),
        Question("unknown", "buttons", _show_unknown, interruptible=True),
    ),
)
