"""What a member has in Credex core: accounts, balances, pending offers, the dashboard that shows them."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import IntEnum

from service.domain.money import Denomination, Money


@dataclass(frozen=True, slots=True)
class Person:
    """Another member, as an account names them."""

    member_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """An account found by its handle, with the fields that a payer may see."""

    account_id: str
    name: str
    handle: str


@dataclass(frozen=True, slots=True)
class Offer:
    """A pending credex. The amount is positive in both directions; ``due`` is set for unsecured ones only."""

    credex_id: str
    amount: Money
    counterparty: str
    secured: bool
    due: date | None = None


@dataclass(frozen=True, slots=True)
class LedgerLine:
    """An accepted credex in an account's ledger; the amount is negative where this account owes."""

    amount: Money
    counterparty: str
    accepted_at_ms: int | None = None
    credex_id: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerPage:
    """One page of a ledger, the newest lines first; pages count from 1."""

    lines: tuple[LedgerLine, ...]
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class Credex:
    """One credex as one of its two accounts sees it; amounts are positive in both directions.

    Attributes:
        state: in the words of the wire: OFFERS, REQUESTS, OWES, CLEARED, DECLINED, CANCELLED.
        outgoing: whether this account is the issuer; None if core did not say.
    """

    credex_id: str
    state: str
    outgoing: bool | None
    counterparty: str
    amount: Money | None = None
    outstanding: Money | None = None
    secured: bool = False
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Unsecured:
    """Unsecured credexes, in the account's default denomination."""

    payables: Money
    receivables: Money
    net: Money

    @property
    def any(self) -> bool:
        """Whether there is anything to show."""
        return bool(self.payables.amount or self.receivables.amount or self.net.amount)


@dataclass(frozen=True, slots=True)
class Account:
    """One account as its owner (or an authorised member) sees it."""

    account_id: str
    name: str
    handle: str
    kind: str
    default_denomination: Denomination
    owned: bool
    balances: tuple[Money, ...] = ()
    unsecured: Unsecured | None = None
    net_assets: Money | None = None
    incoming: tuple[Offer, ...] = ()
    outgoing: tuple[Offer, ...] = ()
    authorised: tuple[Person, ...] = ()
    send_offers_to: Person | None = None

    def balance(self, denomination: Denomination) -> Money:
        """The secured balance in one denomination; zero when core lists none."""
        for balance in self.balances:
            if balance.denomination is denomination:
                return balance
        return Money(Decimal(0), denomination)


class Tier(IntEnum):
    """Tiers of membership by core's numbers; there is a fifth, the highest, which has no name."""

    OPEN = 1
    VERIFIED = 2
    HUSTLER = 3
    ENTREPRENEUR = 4


@dataclass(frozen=True, slots=True)
class Dashboard:
    """The answer of core to a member's login.

    ``tier`` is None where core left it out; ``remaining_today`` (USD that may still be issued today) is None
    where there is no limit or core did not say.
    """

    member_id: str
    first_name: str
    last_name: str
    handle: str
    tier: int | None
    default_denomination: Denomination
    remaining_today: Decimal | None
    accounts: tuple[Account, ...] = ()

    def account(self, account_id: str | None = None) -> Account | None:
        """The account with this id if it is listed; without an id the personal account, else the first."""
        if account_id is not None:
            return next((account for account in self.accounts if account.account_id == account_id), None)
        own = [account for account in self.accounts if account.owned] or list(self.accounts)
        personal = [account for account in own if account.kind.startswith("PERSONAL")]
        return next(iter(personal or own), None)
