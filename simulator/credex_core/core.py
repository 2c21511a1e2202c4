"""Credex core in memory: its records, its configuration, and what tests do in it without HTTP."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from service.domain import Denomination, Money
from simulator.credex_core import rules, trading
from simulator.credex_core.amounts import Rates
from simulator.credex_core.endpoints import ENDPOINTS, Endpoint
from simulator.credex_core.ledger import (
    DAY_MS,
    EXPIRES_AFTER_DAYS,
    Account,
    Credex,
    Ledger,
    Member,
    State,
    check_conserved,
)
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.sessions import Sessions

__all__ = ("API_KEY", "Core", "HandledCall")

API_KEY = "core-api-key"
FOUNDATION_PHONE = "10000000001"
FOUNDATION_TIER = 5
TRUST = "vimbiso_trust"
TREASURY = "credex_foundation"


@dataclass(frozen=True, slots=True)
class HandledCall:
    """One HTTP request that core answered."""

    endpoint: str
    phone: str
    at_ms: int
    status: int
    body: Mapping[str, Any]


class _State(msgspec.Struct):
    members: list[Member]
    accounts: list[Account]
    credexes: list[Credex]
    issued: dict[Denomination, Decimal]


class Core:
    """A Credex core that enforces the rules strictly, with exact amounts. `asgi_app` serves it over HTTP.

    It starts with one member, the foundation, with an audited trust account that issues money and a treasury that
    receives the price of tier upgrades.

    Args:
        clock_ms: now, in milliseconds since the epoch; decides days, caps, due dates and expiry.
        rng: the source of ids, and of nothing else.
        api_key: the client key that every request must carry.
        quirks: deviations of real cores to reproduce; may be changed at any time.
        rates: the worth of each denomination; may be changed at any time.
        rate_limit: calls per fixed window of 60 s, for all callers together; None for no limit.
        endpoints: those that are served; add to `ENDPOINTS` to serve more.

    Attributes:
        calls: every request so far, including refused ones.
    """

    def __init__(
        self,
        *,
        clock_ms: Callable[[], int],
        rng: random.Random,
        api_key: str = API_KEY,
        quirks: Quirks = Quirks(),  # noqa: B008 - frozen
        rates: Rates = Rates(),  # noqa: B008 - frozen
        rate_limit: int | None = None,
        endpoints: Mapping[str, Endpoint] = ENDPOINTS,
    ) -> None:
        """Create the foundation and its accounts."""
        self.clock_ms = clock_ms
        self._ahead_ms = 0
        self.api_key = api_key
        self.rate_limit = rate_limit
        self.endpoints = endpoints
        # Tokens and request ids are drawn from a generator of their own: a login changes no other id.
        self.token_rng = random.Random(rng.getrandbits(64))
        self.sessions = Sessions(clock_ms=clock_ms, rng=self.token_rng)
        self.ledger = Ledger(clock_ms=self._day_clock_ms, rng=rng, rates=rates)
        self.quirks = quirks
        self.calls: list[HandledCall] = []
        self.foundation = trading.join(
            self.ledger,
            phone=FOUNDATION_PHONE,
            first_name="Credex",
            last_name="Foundation",
            denomination=Denomination.CXX,
            handle="foundation",
        )
        self.foundation.tier = FOUNDATION_TIER
        self.trust = self.add_account(self.foundation, "Vimbiso Trust", TRUST, kind="TRUST", audited=True)
        self.treasury = self.add_account(self.foundation, "Credex Foundation", TREASURY, kind="CREDEX_FOUNDATION")

    # Configuration

    @property
    def quirks(self) -> Quirks:
        """The quirks in force. Setting them restarts the counts of those that happen a number of times."""
        return self._quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._misreports = quirks.misreported_statuses()
        self.ledger.keep_expired_outstanding = quirks.expired_still_shown
        self.ledger.expires_after_days = 0 if quirks.vanishing_offers else EXPIRES_AFTER_DAYS

    @property
    def rates(self) -> Rates:
        """The worth of each denomination."""
        return self.ledger.rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self.ledger.rates = rates

    def take_misreported_status(self, endpoint: str) -> int | None:
        """The error status with which the next success of an endpoint is answered; None if none is left."""
        left = self._misreports.get(endpoint)
        return left.pop(0) if left else None

    @property
    def misreports_left(self) -> dict[str, list[int]]:
        """By endpoint, the error statuses that its next successes will be answered with."""
        return {endpoint: list(left) for endpoint, left in self._misreports.items() if left}

    @misreports_left.setter
    def misreports_left(self, left: Mapping[str, list[int]]) -> None:
        self._misreports = {endpoint: list(statuses) for endpoint, statuses in left.items()}

    def record_call(self, endpoint: str, phone: str, status: int, body: Mapping[str, Any]) -> None:
        """Add a request to ``calls``."""
        self.calls.append(HandledCall(endpoint, phone, self.clock_ms(), status, body))

    # Initial contents

    def add_member(
        self,
        phone: str,
        first: str,
        last: str,
        *,
        tier: int = 1,
        denom: Denomination = Denomination.USD,
        handle: str | None = None,
    ) -> Member:
        """Add a member with a personal account, under the rules that hold over HTTP; both get ``handle``."""
        given = {"phone": phone, "firstname": first, "lastname": last, "memberHandle": handle}
        member = trading.join(
            self.ledger,
            phone=rules.phone(given),
            first_name=rules.person_name(given, "firstname"),
            last_name=rules.person_name(given, "lastname"),
            denomination=denom,
            handle=None if handle is None else rules.account_handle(given, "memberHandle"),
        )
        member.tier = tier
        return member

    def add_account(
        self,
        owner: Member,
        name: str,
        handle: str,
        *,
        kind: str = "BUSINESS",
        denom: Denomination | None = None,
        audited: bool = False,
    ) -> Account:
        """Open another account; the owner needs tier 3."""
        given = {"accountName": name, "accountHandle": handle}
        return trading.open_account(
            self.ledger,
            owner,
            name=rules.account_name(given),
            handle=rules.account_handle(given),
            kind=kind,
            denomination=denom or owner.denomination,
            audited=audited,
        )

    def authorise(self, account: Account | str, member: Member) -> None:
        """Authorise a member for an account of another member, who needs tier 4."""
        trading.authorise(self.ledger, self._account(account), member)

    def unauthorise(self, account: Account | str, member: Member) -> None:
        """Withdraw a member's authorisation for an account."""
        trading.unauthorise(self._account(account), member)

    def set_offer_recipient(self, account: Account | str, member: Member) -> None:
        """Choose which authorised member is notified of new offers to an account."""
        trading.set_offer_recipient(self._account(account), member)

    def leave(self, member: Member) -> None:
        """Remove a member."""
        trading.leave(self.ledger, member)

    def upgrade(self, member: Member) -> None:
        """Upgrade a member to tier 3, paid from the personal account."""
        trading.upgrade(self.ledger, member, self.ledger.accounts_of(member.member_id)[0], self.treasury)

    def fund(self, account: Account | str, money: Money, *, securer: Account | None = None) -> Credex:
        """Add an accepted secured credex to an account, from the trust account or another audited one."""
        return trading.fund(self.ledger, securer or self.trust, self._account(account), money)

    def owe(self, from_handle: str, to_handle: str, money: Money, *, due: date | None = None) -> Credex:
        """Add an accepted unsecured credex of yesterday between two accounts; by default due in two weeks."""
        return trading.owe(
            self.ledger,
            self._account(from_handle),
            self._account(to_handle),
            money,
            due=due or self.ledger.today + timedelta(days=14),
        )

    def history(self, from_handle: str, to_handle: str, money: Money, *, at_ms: int) -> Credex:
        """Add a credex of the past that has been redeemed since: it appears in ledgers only."""
        issuer, receiver = self._account(from_handle), self._account(to_handle)
        return trading.clear(self.ledger, self.trust, issuer, receiver, money, at_ms=at_ms)

    def advance(self, days: int = 1) -> None:
        """Move core's day ahead of the clock, as forcing its daily job does: caps, due dates and expiry follow.

        Tokens still expire by the clock.
        """
        self._ahead_ms += days * DAY_MS
        self.ledger.expire()

    def _day_clock_ms(self) -> int:
        return self.clock_ms() + self._ahead_ms

    # Acts of other members, without HTTP

    def gimme_secured(self, handle: str, money: Money) -> Credex:
        """Offer secured money from the trust account; like the real helper, it counts once it is accepted."""
        return self.offer(TRUST, handle, money)

    def offer(self, from_handle: str, to_handle: str, money: Money, *, due: date | None = None) -> Credex:
        """Make an offer in the name of the issuing account's owner."""
        issuer = self._account(from_handle)
        return trading.offer(
            self.ledger,
            self.ledger.members[issuer.owner_id],
            issuer_id=issuer.account_id,
            receiver_id=self._account(to_handle).account_id,
            amount=money.amount,
            denomination=money.denomination,
            due=due,
        )

    def accept(self, credex: Credex | str) -> Credex:
        """Accept an offer in the name of the receiving account's owner."""
        one = self._credex(credex)
        return trading.accept(self.ledger, self._owner(one.receiver_id), one.credex_id)

    def decline(self, credex: Credex | str) -> Credex:
        """Decline an offer in the name of the receiving account's owner."""
        one = self._credex(credex)
        return trading.decline(self.ledger, self._owner(one.receiver_id), one.credex_id)

    def cancel(self, credex: Credex | str) -> Credex:
        """Cancel an offer in the name of the issuing account's owner."""
        one = self._credex(credex)
        return trading.cancel(self.ledger, self._owner(one.issuer_id), one.credex_id)

    # Reading

    def member(self, phone: str) -> Member:
        """The member with this phone.

        Raises:
            KeyError: there is none.
        """
        member = self.ledger.member_by_phone(phone)
        if member is None:
            raise KeyError(f"no member has the phone {phone}")
        return member

    def account(self, handle: str) -> Account:
        """The account with this handle.

        Raises:
            KeyError: there is none.
        """
        account = self.ledger.account_by_handle(handle)
        if account is None:
            raise KeyError(f"no account has the handle {handle}")
        return account

    def credexes(self) -> list[Credex]:
        """All credexes ever made, in order of creation, including ended ones."""
        self.ledger.expire()
        return list(self.ledger.credexes.values())

    def offers(self, handle: str | None = None) -> list[Credex]:
        """Pending offers, of all accounts or of one, incoming and outgoing."""
        account_id = None if handle is None else self.account(handle).account_id
        return [
            credex
            for credex in self.credexes()
            if credex.state is State.OFFERS and account_id in {None, credex.issuer_id, credex.receiver_id}
        ]

    def balance(self, handle: str, denomination: Denomination = Denomination.USD) -> Money:
        """The balance that the account's dashboard shows, exact."""
        shown = self.ledger.displayed_balances(self.account(handle).account_id)
        return Money(shown.get(denomination, Decimal(0)), denomination)

    def total(self) -> dict[Denomination, Decimal]:
        """The money that members hold, per denomination; trading among them does not change it."""
        return self.ledger.total()

    def check_conserved(self) -> None:
        """See `check_conserved`."""
        check_conserved(self.ledger)

    # State

    def dump(self) -> dict[str, Any]:
        """All records as one JSON-compatible dict, without tokens and configuration; see `state`."""
        ledger = self.ledger
        self.ledger.expire()
        state = _State(
            list(ledger.members.values()), list(ledger.accounts.values()), list(ledger.credexes.values()), ledger.issued
        )
        dumped: dict[str, Any] = msgspec.to_builtins(state)
        return dumped

    def load(self, dumped: Mapping[str, Any]) -> None:
        """Replace all records by those that another core dumped."""
        state = msgspec.convert(dumped, _State)
        old = self.ledger
        self.ledger = Ledger(clock_ms=self._day_clock_ms, rng=old.rng, rates=old.rates)
        self.quirks = self.quirks
        for member in state.members:
            self.ledger.add_member(member)
        for account in state.accounts:
            self.ledger.add_account(account)
        for credex in state.credexes:
            self.ledger.add_credex(credex)
        self.ledger.issued.update(state.issued)
        self.sessions.forget()
        self.foundation = self.member(FOUNDATION_PHONE)
        self.trust = self.account(TRUST)
        self.treasury = self.account(TREASURY)

    def _account(self, account: Account | str) -> Account:
        return self.account(account) if isinstance(account, str) else account

    def _credex(self, credex: Credex | str) -> Credex:
        return self.ledger.credexes[credex] if isinstance(credex, str) else credex

    def _owner(self, account_id: str) -> Member:
        return self.ledger.members[self.ledger.accounts[account_id].owner_id]
