"""What Credex core knows in the plays: Tariro's accounts and offers, and the largest that core allows."""

from __future__ import annotations

from datetime import date
from decimal import ROUND_DOWN, Decimal

from service.domain import Account, Dashboard, Denomination, Money, Offer, Person, Recipient, Unsecured
from service.engine.calls import Done, Known

__all__ = (
    "FARAI",
    "OWN",
    "REFUSALS",
    "account",
    "dashboard",
    "known",
    "largest",
    "member",
    "money",
    "offer",
)

USD, XAU = Denomination.USD, Denomination.XAU

FARAI = Recipient("acc-farai", "Farai Ncube Personal", "farai_shop")
OWN = Recipient("acc-1", "Tariro Moyo Personal", "263771234567")

REFUSALS = (
    "insufficient_balance",
    "daily_limit",
    "tier",
    "same_account",
    "due_date",
    "duplicate_phone",
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


def largest(letter: str = "W") -> Dashboard:
    """The most that core allows: names of 110 letters, handles of 30, five balances, 30 offers each way."""
    name = (f"{letter * 9}-" * 11)[:110]
    nines = Decimal("999999999999.9999")
    amounts = [Money(nines.quantize(Decimal(1).scaleb(-unit.decimals), ROUND_DOWN), unit) for unit in Denomination]
    amounts.sort(key=lambda amount: amount.denomination is not XAU)  # the one with the most decimals first
    debts = tuple(-amount for amount in amounts)
    due = date(2026, 12, 30)

    def offers(mark: str) -> tuple[Offer, ...]:
        ids = (f"{mark}{number:07x}-6a52-4a0f-9d7c-0b1c5c1f2a10" for number in range(30))
        return tuple(
            Offer(each, amounts[n % 5], name, bool(n % 2), None if n % 2 else due) for n, each in enumerate(ids)
        )

    return Dashboard(
        member_id="m" * 36,
        first_name=name[:50],
        last_name=name[:50],
        handle="h" * 30,
        tier=4,
        default_denomination=Denomination.CXX,
        remaining_today=Decimal("999999999999.99"),
        accounts=(
            Account(
                account_id="a" * 36,
                name=name,
                handle="h" * 30,
                kind="PERSONAL_CONSUMPTION",
                default_denomination=Denomination.CXX,
                owned=True,
                balances=debts,
                unsecured=Unsecured(amounts[0], amounts[0], -amounts[0]),
                net_assets=debts[0],
                incoming=offers("a"),
                outgoing=offers("b"),
                authorised=tuple(Person(f"p{number}", name) for number in range(5)),
                send_offers_to=Person("p1", name),
            ),
        ),
    )
