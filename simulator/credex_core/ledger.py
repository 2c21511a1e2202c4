"""The ledger: members, accounts, credexes, and the balances that follow from them. Clock and ids are injected.

Amounts are exact decimals in the denomination of the offer. (The real core keeps binary fractions of its own unit and
therefore sometimes refuses the exact balance; a quirk reproduces that.)
"""

from __future__ import annotations

import random
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import StrEnum

from service.domain import Denomination
from simulator.credex_core.amounts import Rates

__all__ = (
    "ACCEPTED",
    "DAY_MS",
    "EXPIRES_AFTER_DAYS",
    "PENDING",
    "Account",
    "Credex",
    "Ledger",
    "Member",
    "NotConservedError",
    "State",
    "check_conserved",
)

DAY_MS = 86_400_000
EXPIRES_AFTER_DAYS = 2
"""An offer made on day D vanishes at the end of day D+2."""

ZERO = Decimal(0)


class NotConservedError(AssertionError):
    """The ledger does not balance: a bug in this simulator."""


class State(StrEnum):
    """The state of a credex.

    REQUESTS is a credex that its receiver asked for; no endpoint that is simulated makes one. EXPIRED exists only here:
    the real core deletes what has expired.
    """

    OFFERS = "OFFERS"
    REQUESTS = "REQUESTS"
    OWES = "OWES"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    CLEARED = "CLEARED"
    EXPIRED = "EXPIRED"


PENDING = frozenset({State.OFFERS, State.REQUESTS})
"""The states that a credex leaves: the issuer or the receiver has not agreed yet."""

ACCEPTED = frozenset({State.OWES, State.CLEARED})
"""The states of the credexes that an account's ledger lists: owed, and redeemed since."""


@dataclass(slots=True)
class Member:
    """A member. The tier may be changed at any time."""

    member_id: str
    phone: str
    first_name: str
    last_name: str
    handle: str
    tier: int
    denomination: Denomination
    created_ms: int


@dataclass(slots=True)
class Account:
    """An account. An audited one secures its own credexes without limit, and so issues money."""

    account_id: str
    name: str
    handle: str
    kind: str
    denomination: Denomination
    owner_id: str
    created_ms: int
    authorised: list[str] = field(default_factory=list)
    send_offers_to: str = ""
    audited: bool = False


@dataclass(slots=True)
class Credex:
    """An IOU, from offer to end. ``ended_ms`` is when it stopped being an offer."""

    credex_id: str
    issuer_id: str
    receiver_id: str
    amount: Decimal
    denomination: Denomination
    securer_id: str | None
    due: date | None
    state: State
    outstanding: Decimal
    created_ms: int
    ended_ms: int | None = None

    @property
    def secured(self) -> bool:
        """Whether a securer backs it."""
        return self.securer_id is not None


class Ledger:
    """All records and their indexes. Reading credexes first expires old offers."""

    def __init__(self, *, clock_ms: Callable[[], int], rng: random.Random, rates: Rates) -> None:
        """Create an empty ledger."""
        self.clock_ms = clock_ms
        self.rates = rates
        self.keep_expired_outstanding = False
        self.expires_after_days = EXPIRES_AFTER_DAYS
        self.rng = rng
        self.members: dict[str, Member] = {}
        self.accounts: dict[str, Account] = {}
        self.credexes: dict[str, Credex] = {}
        self.issued: dict[Denomination, Decimal] = defaultdict(Decimal)
        """Money issued by audited accounts less what returned to them, counted as it happens."""
        self.shared: set[str] = set()
        """Accounts that have or had other authorised members than the owner."""
        self._phones: dict[str, str] = {}
        self._member_handles: dict[str, str] = {}
        self._account_handles: dict[str, str] = {}
        self._of_account: dict[str, list[Credex]] = defaultdict(list)
        self._swept_day = -1

    # Time and ids

    @property
    def today(self) -> date:
        """The active day, in UTC."""
        return datetime.fromtimestamp(self.clock_ms() / 1000, UTC).date()

    def new_id(self) -> str:
        """A UUID from the injected generator that no record has; a loaded state may already hold the next ones."""
        while True:
            made = str(uuid.UUID(int=self.rng.getrandbits(128), version=4))
            if not (made in self.members or made in self.accounts or made in self.credexes):
                return made

    def expire(self) -> None:
        """Expire pending offers and requests past their last day, as the midnight job of the real core does."""
        today = self.clock_ms() // DAY_MS
        if today == self._swept_day:
            return
        self._swept_day = today
        for credex in self.credexes.values():
            last_day = credex.created_ms // DAY_MS + self.expires_after_days
            if credex.state in PENDING and today > last_day:
                self.end(credex, State.EXPIRED, (last_day + 1) * DAY_MS)

    # Records

    def add_member(self, member: Member) -> Member:
        """Add a member; the caller has checked that phone and handle are free."""
        self.members[member.member_id] = member
        self._phones[member.phone] = member.member_id
        self._member_handles[member.handle] = member.member_id
        return member

    def add_account(self, account: Account) -> Account:
        """Add an account; the caller has checked that the handle is free."""
        self.accounts[account.account_id] = account
        self._account_handles[account.handle] = account.account_id
        if len(account.authorised) > 1:
            self.shared.add(account.account_id)
        return account

    def drop_member(self, member: Member) -> None:
        """Remove a member; the caller deals with the accounts."""
        del self.members[member.member_id]
        del self._phones[member.phone]
        del self._member_handles[member.handle]

    def rename_account(self, account: Account, handle: str) -> None:
        """Change the handle of an account; the old one becomes free."""
        del self._account_handles[account.handle]
        account.handle = handle
        self._account_handles[handle] = account.account_id

    def drop_account(self, account: Account) -> None:
        """Remove an account that has no credexes."""
        del self.accounts[account.account_id]
        del self._account_handles[account.handle]

    def add_credex(self, credex: Credex) -> Credex:
        """Add a credex; an accepted one also counts as issued money."""
        self.credexes[credex.credex_id] = credex
        self._of_account[credex.issuer_id].append(credex)
        self._of_account[credex.receiver_id].append(credex)
        if credex.state is State.OWES:
            self._count_issued(credex)
        return credex

    def end(self, credex: Credex, state: State, at_ms: int) -> None:
        """Move a pending credex to its final state."""
        if credex.state not in PENDING:
            raise NotConservedError(f"credex {credex.credex_id} is {credex.state} and cannot become {state}")
        credex.state = state
        credex.ended_ms = at_ms
        if state is State.OWES:
            self._count_issued(credex)
        elif state is not State.EXPIRED or not self.keep_expired_outstanding:
            credex.outstanding = ZERO

    def _count_issued(self, credex: Credex) -> None:
        if not credex.secured:
            return
        if self.accounts[credex.issuer_id].audited:
            self.issued[credex.denomination] += credex.amount
        if self.accounts[credex.receiver_id].audited:
            self.issued[credex.denomination] -= credex.amount

    # Looking up

    def member_by_phone(self, phone: str) -> Member | None:
        """The member with this phone."""
        return self.members.get(self._phones.get(phone, ""))

    def member_by_handle(self, handle: str) -> Member | None:
        """The member with this handle."""
        return self.members.get(self._member_handles.get(handle, ""))

    def account_by_handle(self, handle: str) -> Account | None:
        """The account with this handle."""
        return self.accounts.get(self._account_handles.get(handle, ""))

    def accounts_of(self, member_id: str) -> list[Account]:
        """The accounts a member may act for, owned ones first."""
        accounts = [account for account in self.accounts.values() if member_id in account.authorised]
        return sorted(accounts, key=lambda account: account.owner_id != member_id)

    def of_account(self, account_id: str) -> Iterator[Credex]:
        """All credexes of an account, incoming and outgoing, in order of creation."""
        self.expire()
        yield from self._of_account[account_id]

    def pending(self, account_id: str, *, incoming: bool) -> list[Credex]:
        """Pending offers of an account in one direction."""
        return [
            credex
            for credex in self.of_account(account_id)
            if credex.state is State.OFFERS and account_id == (credex.receiver_id if incoming else credex.issuer_id)
        ]

    # Balances

    def displayed_balances(self, account_id: str) -> dict[Denomination, Decimal]:
        """Secured balances as the dashboard shows them: pending outgoing offers are subtracted; no zeros."""
        balances: dict[Denomination, Decimal] = defaultdict(Decimal)
        for credex in self.of_account(account_id):
            if credex.secured and credex.issuer_id == account_id:
                balances[credex.denomination] -= credex.outstanding
            elif credex.secured and credex.state is State.OWES:
                balances[credex.denomination] += credex.outstanding
        return {denomination: balance for denomination, balance in sorted(balances.items()) if balance}

    def balances_by_securer(self, account_id: str, denomination: Denomination) -> dict[str, Decimal]:
        """Spendable amounts in one denomination, per securer: accepted income less what is owed or offered."""
        buckets: dict[str, Decimal] = defaultdict(Decimal)
        for credex in self.of_account(account_id):
            if credex.securer_id is None or credex.denomination is not denomination:
                continue
            if credex.issuer_id == account_id and credex.state in {State.OWES, State.OFFERS}:
                buckets[credex.securer_id] -= credex.outstanding
            elif credex.receiver_id == account_id and credex.state is State.OWES:
                buckets[credex.securer_id] += credex.outstanding
        return dict(buckets)

    def securable(self, account_id: str, denomination: Denomination) -> tuple[str | None, Decimal]:
        """The securer with the largest spendable amount, and that amount: the most that one offer may spend."""
        buckets = self.balances_by_securer(account_id, denomination)
        securer = max(buckets, key=lambda one: (buckets[one], one), default=None)
        return (securer, buckets[securer]) if securer is not None else (None, ZERO)

    def unsecured(self, account_id: str) -> tuple[Decimal, Decimal]:
        """Unsecured payables and receivables, in the account's own denomination."""
        own = self.accounts[account_id].denomination
        owed = [c for c in self.of_account(account_id) if not c.secured and c.state is State.OWES]
        payables = self._sum((credex for credex in owed if credex.issuer_id == account_id), own)
        receivables = self._sum((credex for credex in owed if credex.receiver_id == account_id), own)
        return payables, receivables

    def _sum(self, credexes: Iterable[Credex], wanted: Denomination) -> Decimal:
        return sum((self.rates.convert(c.outstanding, c.denomination, wanted) for c in credexes), ZERO)

    def issued_today_usd(self, owner_id: str) -> Decimal:
        """The sum in USD that an owner's accounts issued today and that is still offered or owed."""
        today = self.clock_ms() // DAY_MS
        return sum(
            (
                self.rates.convert(credex.amount, credex.denomination, Denomination.USD)
                for account in self.accounts.values()
                if account.owner_id == owner_id
                for credex in self.of_account(account.account_id)
                if credex.issuer_id == account.account_id
                and credex.state in {State.OFFERS, State.OWES}
                and credex.created_ms // DAY_MS == today
            ),
            ZERO,
        )

    def total(self) -> dict[Denomination, Decimal]:
        """Secured money that unaudited accounts hold, without pending offers."""
        held: dict[Denomination, Decimal] = defaultdict(Decimal)
        for credex in self.credexes.values():
            if credex.secured and credex.state is State.OWES:
                held[credex.denomination] += 0 if self.accounts[credex.receiver_id].audited else credex.outstanding
                held[credex.denomination] -= 0 if self.accounts[credex.issuer_id].audited else credex.outstanding
        return {denomination: amount for denomination, amount in sorted(held.items()) if amount}


def check_conserved(ledger: Ledger) -> None:
    """Recompute all sums from the credexes, per denomination, and compare.

    Incoming equals outgoing over all accounts; displayed balances equal the sum of the credexes; members hold exactly
    what audited accounts issued; no account spent more of one securer's money than it had.

    Raises:
        NotConservedError: a comparison fails.
    """
    ledger.expire()
    _check_both_sides(ledger)
    _check_displayed(ledger)
    issued = {denomination: amount for denomination, amount in sorted(ledger.issued.items()) if amount}
    if ledger.total() != issued:
        raise NotConservedError(f"members hold {ledger.total()}, but {issued} was issued")
    for account in ledger.accounts.values():
        for denomination in Denomination:
            buckets = {} if account.audited else ledger.balances_by_securer(account.account_id, denomination)
            if any(bucket < 0 for bucket in buckets.values()):
                raise NotConservedError(f"{account.handle} spent more {denomination} than it had: {buckets}")


def _check_both_sides(ledger: Ledger) -> None:
    """Each owed credex is indexed once on either side, so incoming and outgoing sums are equal."""
    incoming: dict[Denomination, Decimal] = defaultdict(Decimal)
    outgoing: dict[Denomination, Decimal] = defaultdict(Decimal)
    for account_id in ledger.accounts:
        for credex in ledger.of_account(account_id):
            if not ZERO <= credex.outstanding <= credex.amount:
                raise NotConservedError(
                    f"credex {credex.credex_id} has {credex.outstanding} of {credex.amount} outstanding"
                )
            if credex.state is State.OWES:
                side = outgoing if account_id == credex.issuer_id else incoming
                side[credex.denomination] += credex.outstanding
    owed: dict[Denomination, Decimal] = defaultdict(Decimal)
    for credex in ledger.credexes.values():
        if credex.state is State.OWES:
            owed[credex.denomination] += credex.outstanding
    if not incoming == outgoing == owed:
        raise NotConservedError(f"{dict(incoming)} come in, {dict(outgoing)} go out, {dict(owed)} are owed")


def _check_displayed(ledger: Ledger) -> None:
    """All displayed balances plus pending (and expired but displayed) offers add up to zero."""
    balances: dict[Denomination, Decimal] = defaultdict(Decimal)
    for account_id in ledger.accounts:
        for denomination, balance in ledger.displayed_balances(account_id).items():
            balances[denomination] += balance
    underway: dict[Denomination, Decimal] = defaultdict(Decimal)
    for credex in ledger.credexes.values():
        if credex.secured and credex.state in {State.OFFERS, State.EXPIRED}:
            underway[credex.denomination] += credex.outstanding
    for denomination in Denomination:
        if balances[denomination] + underway[denomination]:
            raise NotConservedError(
                f"all balances in {denomination} add up to {balances[denomination]}, "
                f"though {underway[denomination]} are offered"
            )
