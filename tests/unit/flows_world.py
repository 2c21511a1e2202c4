"""What Credex core knows in the plays: Tariro's accounts and offers, and the largest that core allows."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal

from service.domain import (
    Account,
    Credex,
    Dashboard,
    Denomination,
    LedgerLine,
    LedgerPage,
    Money,
    Offer,
    Person,
    Recipient,
    Unsecured,
)
from service.domain.commands import Done, Known
from tests.unit.flows_play import NOON

__all__ = (
    "FARAI",
    "OWN",
    "REFUSALS",
    "RUDO",
    "account",
    "credex",
    "dashboard",
    "known",
    "largest",
    "largest_answers",
    "ledger",
    "line",
    "member",
    "money",
    "offer",
    "shop",
)

USD, XAU = Denomination.USD, Denomination.XAU

FARAI = Recipient("acc-farai", "Farai Ncube Personal", "farai_shop")
RUDO = Person("member-rudo", "Rudo Dube")
OWN = Recipient("acc-1", "Tariro Moyo Personal", "263771234567")

REFUSALS = (
    "insufficient_balance",
    "daily_limit",
    "tier",
    "same_account",
    "due_date",
    "duplicate_phone",
    "duplicate_handle",
    "too_many",
    "already",
    "not_pending",
    "not_authorised",
    "unknown",
    "",
)


def money(amount: str, denomination: Denomination = USD) -> Money:
    return Money(Decimal(amount), denomination)


def offer(credex_id: str = "cx-1", amount: str = "5.00", who: str = "Farai Ncube Personal", **given: object) -> Offer:
    return Offer(credex_id, money(amount), who, **{"secured": True, **given})  # type: ignore[arg-type]


def account(**given: object) -> Account:
    """Tariro's personal account with 87.50 USD, unless told otherwise."""
    usual = {
        "account_id": OWN.account_id,
        "name": OWN.name,
        "handle": OWN.handle,
        "kind": "PERSONAL_CONSUMPTION",
        "default_denomination": USD,
        "owned": True,
        "balances": (money("87.50"),),
        "net_assets": money("87.50"),
    }
    return Account(**{**usual, **given})  # type: ignore[arg-type]


def dashboard(*accounts: Account, **given: object) -> Dashboard:
    """Tariro's dashboard with these accounts; without any, she has none."""
    usual = {
        "member_id": "member-1",
        "first_name": "Tariro",
        "last_name": "Moyo",
        "handle": OWN.handle,
        "tier": 1,
        "default_denomination": USD,
        "remaining_today": Decimal("7.5"),
    }
    return Dashboard(**{**usual, **given}, accounts=accounts)  # type: ignore[arg-type]


def known(**given: object) -> Known:
    """A dashboard of one account, with what is given about it."""
    return Known(dashboard(account(**given)))


def member(**given: object) -> Done:
    """A write that happened, with the dashboard after it."""
    return Done(dashboard(account(**given)), "cx-9")


def shop(**given: object) -> Account:
    """A second account, Tariro's hardware shop, unless told otherwise."""
    usual = {"account_id": "acc-2", "name": "Moyo Hardware", "handle": "moyo_hardware", "kind": "BUSINESS"}
    return account(**{**usual, "balances": (), "net_assets": None, **given})


def ledger(*lines: LedgerLine, page: int = 1, pages: int = 1) -> Known:
    """A page of the ledger."""
    return Known(LedgerPage(lines, page, pages))


def line(amount: str = "-5.00", who: str = "Farai Ncube Personal", **given: object) -> LedgerLine:
    """A line of the ledger, accepted at noon."""
    return LedgerLine(money(amount), who, **{"accepted_at_ms": NOON, "credex_id": "cx-1", **given})  # type: ignore[arg-type]


def credex(**given: object) -> Known:
    """One credex, owed by Tariro to Farai."""
    usual = {
        "credex_id": "cx-1",
        "state": "OWES",
        "outgoing": True,
        "counterparty": FARAI.name,
        "amount": money("5.00"),
    }
    return Known(Credex(**{**usual, **given}))  # type: ignore[arg-type]


def largest(letter: str = "W", *, accounts: int = 1) -> Dashboard:
    """The most that core allows: names of 110 letters, handles of 30, five balances, 30 offers each way."""
    name = (f"{letter * 9}-" * 11)[:110]
    nines = Decimal("999999999999.9999")
    amounts = [Money(nines.quantize(Decimal(1).scaleb(-unit.decimals), ROUND_DOWN), unit) for unit in Denomination]
    amounts.sort(key=lambda amount: amount.denomination is not XAU)  # the one with the most decimals first
    debts = tuple(-amount for amount in amounts)
    due = date(2026, 12, 30)

    def offers(mark: str) -> tuple[Offer, ...]:
        ids = (f"{mark}-{number:05}-6a52-4a0f-9d7c-0b1c5c1f2a10" for number in range(30))
        return tuple(
            Offer(each, amounts[n % 5], name, bool(n % 2), None if n % 2 else due) for n, each in enumerate(ids)
        )

    def one(number: int) -> Account:
        return Account(
            account_id=f"{number:036}",
            name=name,
            handle="h" * 30,
            kind="PERSONAL_CONSUMPTION",
            default_denomination=Denomination.XAU,
            owned=True,
            balances=debts,
            unsecured=Unsecured(amounts[0], amounts[0], -amounts[0]),
            net_assets=debts[0],
            incoming=offers(f"a{number}"),
            outgoing=offers(f"b{number}"),
            authorised=tuple(Person(f"{each:036}", name) for each in range(5)),
            send_offers_to=Person(f"{1:036}", name),
        )

    return Dashboard(
        member_id=f"{0:036}",
        first_name=name[:50],
        last_name=name[:50],
        handle="h" * 30,
        tier=2,
        default_denomination=Denomination.XAU,
        remaining_today=Decimal("999999999999.99"),
        accounts=tuple(one(number) for number in range(accounts)),
    )


def largest_answers(letter: str = "W") -> list[Known]:
    """The longest of everything else that core may tell."""
    (most,) = largest(letter).accounts
    amount, due = most.incoming[0].amount, date(2026, 12, 30)
    lines = tuple(LedgerLine(-amount, most.name, NOON, None if n % 2 else f"{n:036}") for n in range(7))
    return [
        Known(Recipient("r" * 36, most.name, "h" * 30)),
        Known(Person("p" * 36, most.name)),
        Known(LedgerPage(lines, 500, 999)),
        Known(
            Credex("c" * 36, "OWES", outgoing=True, counterparty=most.name, amount=amount, outstanding=-amount, due=due)
        ),
    ]
