"""A Credex core of one account, written by hand: what stands in it is set, what it was asked is kept."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, TypeVar

from service.conversation import Session
from service.credex.endpoints import Endpoint
from service.credex.errors import CredexError, NotFoundError
from service.credex.values import CredexKind, CredexState, LedgerEntry, Written
from service.domain import Account, Dashboard, Denomination, Money, Offer, Person
from service.domain.commands import Write
from service.writes.accept_offer import AcceptOffer
from service.writes.cancel_offer import CancelOffer
from service.writes.create_offer import CreateOffer
from service.writes.decline_offer import DeclineOffer
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.reconciler import Reconciler
from service.writes.register import Register
from service.writes.registry import operation_of
from simulator.whatsapp_cloud.virtual_time import Clock, run

T = TypeVar("T")

Request = tuple[Endpoint, Mapping[str, object]]

START_MS: Final = 1_793_606_400_000
"""Monday 2 November 2026, 08:00 UTC."""

TARIRO: Final = "263771234567"
MINE: Final = "account-of-tariro"
FARAI: Final = "Farai Ncube Personal"


def usd(amount: str) -> Money:
    """An amount in USD."""
    return Money(Decimal(amount), Denomination.USD)


def offer(credex_id: str, amount: Money, counterparty: str = FARAI, *, secured: bool = True) -> Offer:
    """A pending offer."""
    return Offer(credex_id, amount, counterparty, secured)


def request(command: Write) -> Request:
    """What is sent for a write."""
    operation = operation_of(command)
    return operation.endpoint, operation.request(command)


FIVE: Final = CreateOffer(MINE, "account-of-farai", FARAI, usd("5"))
ACCEPT: Final = AcceptOffer(MINE, "c-in", usd("2"), FARAI)
DECLINE: Final = DeclineOffer(MINE, "c-in", usd("2"), FARAI)
CANCEL: Final = CancelOffer(MINE, "c-out", usd("2"), FARAI)
JOIN: Final = Register("Tariro", "Moyo")
SESSION: Final = Session(flow="offer", step="create", turn=7, answers={"amount": "5.00 USD"})


@dataclass
class MoneyCore:
    """What `WritesToCore` asks for. Reads fail as often as ``failing`` says; a write has its effect, then its answer.

    Attributes:
        failing: what the next reads come to; None is a read that works.
        effect: what a write does to this core before it is answered.
        answer: what a write is answered.
        takes_s: how long the answer of a write takes; ``reads_take_s``: of a read.
        asked: what was read, in order.
        sent: what was written, and within how many seconds it had to leave.
    """

    clock: Clock
    known: bool = True
    listed: bool = True
    owned: bool = True
    balance: Money = field(default_factory=lambda: usd("12.50"))
    outgoing: list[Offer] = field(default_factory=list)
    incoming: list[Offer] = field(default_factory=list)
    ledger: list[LedgerEntry] = field(default_factory=list)
    authorised: tuple[Person, ...] = (Person("m-1", "Tariro Moyo"),)
    told: Person | None = field(default_factory=lambda: Person("m-1", "Tariro Moyo"))
    tier: int | None = 1
    others: tuple[Account, ...] = ()
    states: dict[str, CredexKind | CredexError] = field(default_factory=dict)
    failing: deque[CredexError | None] = field(default_factory=deque)
    effect: Callable[[], None] = lambda: None
    answer: Written | CredexError = field(default_factory=lambda: Written("c-new", None))
    takes_s: float = 0
    reads_take_s: float = 0
    asked: list[str] = field(default_factory=list)
    sent: list[tuple[Request, float]] = field(default_factory=list)

    async def dashboard(self, member: str) -> Dashboard:
        assert member == TARIRO
        await self._read("dashboard")
        if not self.known:
            raise NotFoundError("member", http_status=404)
        return self.shown()

    async def send(self, member: str, endpoint: Endpoint, body: Mapping[str, object], *, within_s: float) -> Written:
        assert member == TARIRO
        self.sent.append(((endpoint, body), within_s))
        self.effect()
        await asyncio.sleep(self.takes_s)
        if isinstance(self.answer, CredexError):
            raise self.answer
        return self.answer

    async def state(self, member: str, credex_id: str, account_id: str) -> CredexState:
        assert (member, account_id) == (TARIRO, MINE)
        await self._read("state")
        found = self.states[credex_id]
        if isinstance(found, CredexError):
            raise found
        return CredexState(credex_id, found)

    async def accepted(self, member: str, account_id: str) -> Sequence[LedgerEntry]:
        assert (member, account_id) == (TARIRO, MINE)
        await self._read("accepted")
        return tuple(self.ledger)

    def shown(self) -> Dashboard:
        """The dashboard as it stands."""
        account = Account(
            account_id=MINE,
            name="Tariro Moyo Personal",
            handle=TARIRO,
            kind="PERSONAL",
            default_denomination=Denomination.USD,
            owned=self.owned,
            balances=(self.balance,),
            incoming=tuple(self.incoming),
            outgoing=tuple(self.outgoing),
            authorised=self.authorised,
            send_offers_to=self.told,
        )
        accounts = (account, *self.others) if self.listed else ()
        return Dashboard("m-1", "Tariro", "Moyo", TARIRO, self.tier, Denomination.USD, Decimal(10), accounts)

    def offered(self, *, credex_id: str = "c-new", amount: Money | None = None, to: str = FARAI) -> None:
        """An offer stands, and what it promises is set aside."""
        money = amount or FIVE.amount
        self.outgoing.append(offer(credex_id, money, to))
        self.balance = Money(self.balance.amount - money.amount, Denomination.USD)

    def taken(self, *, credex_id: str = "c-new") -> None:
        """The other side accepts the offer."""
        (one,) = [each for each in self.outgoing if each.credex_id == credex_id]
        self.outgoing.remove(one)
        self.ledger.insert(0, LedgerEntry(-one.amount, one.counterparty, self.clock.now_ms(), credex_id))

    def later(self, seconds: float, change: Callable[[], None]) -> None:
        """Something happens in core after a while."""
        asyncio.get_running_loop().call_later(seconds, change)

    async def _read(self, what: str) -> None:
        self.asked.append(what)
        await asyncio.sleep(self.reads_take_s)
        error = self.failing.popleft() if self.failing else None
        if error is not None:
            raise error


@dataclass
class Desk:
    """A core, the money calls on it, and the clock they share."""

    clock: Clock
    core: MoneyCore
    money: Reconciler

    @property
    def passed_ms(self) -> int:
        """How long it has been since the start."""
        return self.clock.now_ms() - START_MS

    async def prepared(self, call: Write = FIVE, *unresolved: PendingWrite) -> PendingWrite:
        """The intent of a call; it must be one."""
        prepared = await self.money.prepare(
            TARIRO, call, seq=3, session=SESSION, pending=PendingWrites(unresolved=unresolved)
        )
        assert isinstance(prepared, PendingWrite), prepared
        self.core.asked.clear()
        return prepared


def at_desk(play: Callable[[Desk], Awaitable[T]]) -> T:
    """Play in virtual time: Tariro has 12.50 USD, one incoming offer ``c-in`` and one outgoing offer ``c-out``."""

    async def main(clock: Clock) -> T:
        core = MoneyCore(clock)
        core.incoming.append(offer("c-in", usd("2")))
        core.outgoing.append(offer("c-out", usd("2")))
        return await play(Desk(clock, core, Reconciler(core, clock.now_ms)))

    return run(main, start_ms=START_MS)
