"""Credex core in memory: set up what the world holds, let the other side act, look at everything, serve HTTP."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import msgspec

from service.domain import Denomination, Money
from simulator.credex_core import rules, trading
from simulator.credex_core.amounts import Rates
from simulator.credex_core.http import application
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
    """One request that reached core."""

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
    """A Credex core that keeps the rules strictly and in exact numbers.

    From the start it has a foundation with an audited trust account, from which money comes, and a treasury, to
    which tier upgrades are paid.

    Args:
        clock_ms: now, in milliseconds since the epoch; drives days, caps, due dates and expiry.
        rng: ids come from it, and nothing else does.
        api_key: callers must send it.
        quirks: oddities to show; may be changed at any time.
        rates: what denominations are worth; may be changed at any time.
        rate_limit: calls in fixed windows of 60 s, for all callers together; None for no limit.

    Attributes:
        calls: every request so far, the refused ones, too.
        asgi: the application that serves it, under ``/v1``.
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
    ) -> None:
        """Found the foundation."""
        self.clock_ms = clock_ms
        self._ahead_ms = 0
        self.api_key = api_key
        self.rate_limit = rate_limit
        # Tokens and request ids have their own chance: how often somebody logs in changes no other id.
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
        self.asgi: Callable[..., Awaitable[None]] = application(self)

    # Knobs

    @property
    def quirks(self) -> Quirks:
        """The oddities shown; setting them counts anew those that count."""
        return self._quirks

    @quirks.setter
    def quirks(self, quirks: Quirks) -> None:
        self._quirks = quirks
        self._stumbles = quirks.stumbles()
        self.ledger.keep_expired_outstanding = quirks.expired_still_shown
        self.ledger.expires_after_days = 0 if quirks.vanishing_offers else EXPIRES_AFTER_DAYS

    @property
    def rates(self) -> Rates:
        """What denominations are worth."""
        return self.ledger.rates

    @rates.setter
    def rates(self, rates: Rates) -> None:
        self.ledger.rates = rates

    def stumbles(self, endpoint: str) -> int | None:
        """The status to hide the next success of this endpoint behind, if any is left to."""
        left = self._stumbles.get(endpoint)
        return left.pop(0) if left else None

    @property
    def misreports_left(self) -> dict[str, list[int]]:
        """By endpoint, the statuses that successes are still to be hidden behind."""
        return {endpoint: list(left) for endpoint, left in self._stumbles.items() if left}

    @misreports_left.setter
    def misreports_left(self, left: Mapping[str, list[int]]) -> None:
        self._stumbles = {endpoint: list(statuses) for endpoint, statuses in left.items()}

    def record_call(self, endpoint: str, phone: str, status: int, body: Mapping[str, Any]) -> None:
        """Write a request down."""
        self.calls.append(HandledCall(endpoint, phone, self.clock_ms(), status, body))

    # What the world holds at the start

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
        """A member with a personal account, under the same rules as over HTTP; ``handle`` names both."""
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
        """Another account; the owner needs tier 3."""
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
        """Let a member act for an account of another one, who needs tier 4."""
        trading.authorise(self.ledger, self._account(account), member)

    def unauthorise(self, account: Account | str, member: Member) -> None:
        """Let a member no longer act for an account of another one."""
        trading.unauthorise(self._account(account), member)

    def set_offer_recipient(self, account: Account | str, member: Member) -> None:
        """Have a member who may act for an account told of new offers to it."""
        trading.set_offer_recipient(self._account(account), member)

    def leave(self, member: Member) -> None:
        """Somebody is no member any more."""
        trading.leave(self.ledger, member)

    def upgrade(self, member: Member) -> None:
        """A member pays for tier 3 from the personal account."""
        trading.upgrade(self.ledger, member, self.ledger.accounts_of(member.member_id)[0], self.treasury)

    def fund(self, account: Account | str, money: Money, *, securer: Account | None = None) -> Credex:
        """Give an account money: an accepted secured credex from the trust account, or another audited one."""
        return trading.fund(self.ledger, securer or self.trust, self._account(account), money)

    def owe(self, from_handle: str, to_handle: str, money: Money, *, due: date | None = None) -> Credex:
        """One account has owed another since yesterday: an accepted unsecured credex, due in two weeks by default."""
        return trading.owe(
            self.ledger,
            self._account(from_handle),
            self._account(to_handle),
            money,
            due=due or self.ledger.today + timedelta(days=14),
        )

    def history(self, from_handle: str, to_handle: str, money: Money, *, at_ms: int) -> Credex:
        """One account owed another in the past; it has been redeemed since, and only the ledgers still know it."""
        issuer, receiver = self._account(from_handle), self._account(to_handle)
        return trading.clear(self.ledger, self.trust, issuer, receiver, money, at_ms=at_ms)

    def advance(self, days: int = 1) -> None:
        """Core's own day moves ahead of the clock, as its forced daily job does: caps, due dates and expiry follow.

        Tokens go by the clock as ever.
        """
        self._ahead_ms += days * DAY_MS
        self.ledger.expire()

    def _day_clock_ms(self) -> int:
        return self.clock_ms() + self._ahead_ms

    # What the other side does, without HTTP

    def gimme_secured(self, handle: str, money: Money) -> Credex:
        """The trust account offers secured money; as with the real helper, it is there once it is accepted."""
        return self.offer(TRUST, handle, money)

    def offer(self, from_handle: str, to_handle: str, money: Money, *, due: date | None = None) -> Credex:
        """The owner of one account makes an offer to another account."""
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
        """The owner of the receiving account accepts."""
        one = self._credex(credex)
        return trading.accept(self.ledger, self._owner(one.receiver_id), one.credex_id)

    def decline(self, credex: Credex | str) -> Credex:
        """The owner of the receiving account declines."""
        one = self._credex(credex)
        return trading.decline(self.ledger, self._owner(one.receiver_id), one.credex_id)

    def cancel(self, credex: Credex | str) -> Credex:
        """The owner of the issuing account cancels."""
        one = self._credex(credex)
        return trading.cancel(self.ledger, self._owner(one.issuer_id), one.credex_id)

    # Looking

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
        """All that ever were, in the order they were made, each with its state and times."""
        self.ledger.expire()
        return list(self.ledger.credexes.values())

    def offers(self, handle: str | None = None) -> list[Credex]:
        """Pending offers, all or those of one account, whichever way they go."""
        account_id = None if handle is None else self.account(handle).account_id
        return [
            credex
            for credex in self.credexes()
            if credex.state is State.OFFERS and account_id in {None, credex.issuer_id, credex.receiver_id}
        ]

    def balance(self, handle: str, denomination: Denomination = Denomination.USD) -> Money:
        """What the dashboard of this account shows, exactly."""
        shown = self.ledger.displayed_balances(self.account(handle).account_id)
        return Money(shown.get(denomination, Decimal(0)), denomination)

    def total(self) -> dict[Denomination, Decimal]:
        """Money in members' hands, per denomination; trading among them never changes it."""
        return self.ledger.total()

    def check_conserved(self) -> None:
        """See `check_conserved`."""
        check_conserved(self.ledger)

    # State

    def dump(self) -> dict[str, Any]:
        """All records as one JSON-able dict. Tokens and knobs are not among them; see `state`."""
        ledger = self.ledger
        self.ledger.expire()
        state = _State(
            list(ledger.members.values()), list(ledger.accounts.values()), list(ledger.credexes.values()), ledger.issued
        )
        dumped: dict[str, Any] = msgspec.to_builtins(state)
        return dumped

    def load(self, dumped: Mapping[str, Any]) -> None:
        """Take over what another core dumped, in place of everything here."""
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
