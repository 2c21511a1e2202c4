"""How amounts, names, dates and dashboards are written for a small screen."""

import re
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, Final

from service.conversation import TurnContext
from service.domain import Account, Dashboard, Denomination, Money, Tier
from service.domain.commands import Done
from service.messages import shorten, visible

HARARE: Final = timezone(timedelta(hours=2))
"""Central Africa Time; Zimbabwe has no summer time."""

LONGEST_NAME: Final = 60
LONGEST_HANDLE: Final = 30

UNSECURED: Final = "without backing"
"""How members read of an unsecured credex; the others are ``secured``."""

WILL_OWE: Final = "They will then owe you this amount."
"""The consequence of accepting an offer."""

_MARKUP: Final = re.compile(r"[*_~`]+")


def name(text: str, most: int = LONGEST_NAME) -> str:
    """A name from core without WhatsApp's markup, so that it can be emphasised, and shortened."""
    return shorten(visible(_MARKUP.sub(" ", text)) or "(no name)", most)


def handle(text: str, most: int = LONGEST_HANDLE) -> str:
    """A handle from core without invisible characters, and shortened; underscores are part of it."""
    return shorten(visible(text), most)


def day(value: date) -> str:
    """A date as people say it: ``3 December 2026``."""
    return f"{value.day} {value:%B %Y}"


def one_of_several(dashboard: Dashboard, account: Account) -> str:
    """The account's name where the member has several; else an empty text."""
    return account.name if len(dashboard.accounts) > 1 else ""


def terms(*, secured: bool, due: date | None) -> str:
    """The terms of a credex: ``secured``, or ``without backing, due on 3 December 2026``."""
    return "secured" if secured else f"{UNSECURED}{f', due on {day(due)}' if due else ''}"


def usd(amount: Decimal) -> str:
    return str(Money(amount, Denomination.USD))


def greeting(now_ms: int, first_name: str) -> str:
    """A greeting that fits the hour in Harare."""
    hour = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(HARARE).hour
    hello = {range(5, 12): "Good morning", range(12, 18): "Good afternoon", range(18, 22): "Good evening"}
    said = next((words for hours, words in hello.items() if hour in hours), "Hello")
    return f"{said}, {name(first_name, 30)}."


def overview(dashboard: Dashboard, account: Account) -> str:
    """The dashboard of one account: name, handle, balances, net assets, what may still be offered today."""
    lines = [f"*{name(account.name)}*", f"Handle: {handle(account.handle)}", ""]
    lines += ["Balance:", *(f"  *{balance}*" for balance in balances(account))]
    if account.unsecured and account.unsecured.any:
        lines += [
            "Without backing:",
            f"  you owe {account.unsecured.payables}",
            f"  owed to you {account.unsecured.receivables}",
        ]
    if account.net_assets is not None:
        lines.append(f"Net assets: {account.net_assets}")
    lines += limit(dashboard)
    return "\n".join(lines)


def balances(account: Account) -> tuple[Money, ...]:
    """What the account holds, by denomination: at least the one that it counts in, zero where it holds nothing."""
    return account.balances or (account.balance(account.default_denomination),)


def limit(dashboard: Dashboard) -> list[str]:
    """What the member may still offer today, if core said that there is a limit."""
    if dashboard.remaining_today is None:
        return []
    tier = f" ({Tier(dashboard.tier).name.lower()} tier)" if dashboard.tier in set(Tier) else ""
    return [f"You can still offer {usd(dashboard.remaining_today)} today{tier}."]


_REFUSALS: Final = {
    "insufficient_balance": "your balance is too small for it",
    "daily_limit": "it goes over what you may offer in one day",
    "tier": "your membership tier does not allow it",
    "same_account": "an account cannot make an offer to itself",
    "due_date": "the due date is not allowed",
    "duplicate_phone": "this number is already a member's",
    "not_pending": "the offer is no longer waiting: it was accepted, declined, cancelled, or it ended after two days",
    "not_authorised": "you are not allowed to act for that account",
}


def explain_refusal(code: str) -> str:
    """Why core refused, as a clause that follows "Credex refused it:"."""
    return _REFUSALS.get(code, "it gave a reason that I cannot explain")


def new_balance(context: TurnContext[Any], account_id: str, denomination: Denomination) -> Money | None:
    """An account's balance after the write just made; None where core's answer does not show it."""
    dashboard = context.outcome.dashboard if isinstance(context.outcome, Done) else None
    account = dashboard.account(account_id) if dashboard else None
    return account.balance(denomination) if account else None
