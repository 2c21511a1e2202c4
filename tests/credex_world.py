"""A small world to try the client in: the simulated core, a faulty wire to it, and two members who trade."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import TypeVar

import httpx

from service.credex.client import CredexClient
from service.credex.tokens import USABLE_MS, Tokens
from service.credex.values import Written
from service.domain import Denomination, Money
from service.domain.commands import Write
from service.runtime.sliding_window import SlidingWindowLimiter
from service.writes.accept_offer import AcceptOffer
from service.writes.authorise import Authorise
from service.writes.cancel_offer import CancelOffer
from service.writes.create_offer import CreateOffer
from service.writes.decline_offer import DeclineOffer
from service.writes.offer_recipient import SetOfferRecipient
from service.writes.open_account import OpenAccount
from service.writes.register import Register
from service.writes.registry import operation_of
from service.writes.unauthorise import Unauthorise
from service.writes.upgrade import Upgrade
from simulator.credex_core import API_KEY, Core, Quirks, asgi_app
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.faults import Faults
from simulator.world.network import Network

T = TypeVar("T")

START_MS = 1_793_606_400_000
"""Monday 2 November 2026, 08:00 UTC."""

TARIRO = "263771234567"
FARAI = "263772345678"


def usd(amount: str) -> Money:
    """An amount in USD."""
    return Money(Decimal(amount), Denomination.USD)


class MemoryTokens:
    """Tokens in memory, as a fake of those in the cache."""

    def __init__(self, clock_ms: Callable[[], int]) -> None:
        self._clock_ms = clock_ms
        self._kept: dict[str, tuple[int, str]] = {}

    async def get(self, member: str) -> str | None:
        """See `Tokens.get`."""
        expires_ms, token = self._kept.get(member, (0, ""))
        return token if self._clock_ms() < expires_ms else None

    async def put(self, member: str, token: str) -> None:
        """See `Tokens.put`."""
        self._kept[member] = (self._clock_ms() + USABLE_MS, token)

    async def drop(self, member: str, token: str) -> None:
        """See `Tokens.drop`."""
        if self._kept.get(member, (0, ""))[1] == token:
            del self._kept[member]


class WritingClient(CredexClient):
    """The client, with a method for each write: what a command has besides is of no matter to core."""

    async def send(self, phone: str, command: Write, send_within_s: float | None = None) -> Written:
        """Send a write as its operation says; the credex is the one that the outcome names."""
        operation = operation_of(command)
        written = await self.write(phone, operation.endpoint, operation.request(command), send_within_s=send_within_s)
        return replace(written, credex_id=operation.done(command, written).credex_id or None)

    async def onboard(
        self,
        phone: str,
        *,
        first_name: str,
        last_name: str,
        denomination: Denomination,
        send_within_s: float | None = None,
    ) -> Written:
        """Make somebody a member."""
        return await self.send(phone, Register(first_name, last_name, denomination), send_within_s)

    async def create_credex(
        self,
        phone: str,
        *,
        issuer_account_id: str,
        receiver_account_id: str,
        amount: Money,
        due: date | None,
        send_within_s: float | None = None,
    ) -> Written:
        """Offer a credex."""
        return await self.send(
            phone, CreateOffer(issuer_account_id, receiver_account_id, "", amount, due), send_within_s
        )

    async def accept_credex(self, phone: str, credex_id: str) -> Written:
        """Accept an offer."""
        return await self.send(phone, AcceptOffer("", credex_id, usd("1"), ""))

    async def decline_credex(self, phone: str, credex_id: str) -> Written:
        """Decline an offer."""
        return await self.send(phone, DeclineOffer("", credex_id, usd("1"), ""))

    async def cancel_credex(self, phone: str, credex_id: str, *, send_within_s: float | None = None) -> Written:
        """Take back an offer."""
        return await self.send(phone, CancelOffer("", credex_id, usd("1"), ""), send_within_s)

    async def create_account(self, phone: str, *, name: str, handle: str, denomination: Denomination) -> Written:
        """Open a business account."""
        return await self.send(phone, OpenAccount(name, handle, denomination))

    async def authorise(self, phone: str, *, account_id: str, handle: str) -> Written:
        """Authorise a member."""
        return await self.send(phone, Authorise(account_id, "", "", handle))

    async def unauthorise(self, phone: str, *, account_id: str, member_id: str) -> Written:
        """Withdraw an authorisation."""
        return await self.send(phone, Unauthorise(account_id, member_id, ""))

    async def send_offers_to(self, phone: str, *, account_id: str, member_id: str) -> Written:
        """Choose who is told of offers."""
        return await self.send(phone, SetOfferRecipient(account_id, member_id, ""))

    async def upgrade(self, phone: str, *, account_id: str) -> Written:
        """Upgrade to tier 3."""
        return await self.send(phone, Upgrade(account_id))


@dataclass
class World:
    """Tariro has 12.50 USD and 1,040 ZWG, Farai (``farai_shop``) nothing; both are of tier 1."""

    clock: Clock
    core: Core
    client: WritingClient
    tokens: Tokens
    budget: SlidingWindowLimiter
    faults: Faults

    def endpoints(self) -> list[str]:
        """What core was asked, in order."""
        return [call.endpoint for call in self.core.calls]

    def account_id(self, handle: str) -> str:
        """The id of an account."""
        return self.core.account(handle).account_id

    async def offered(self, money: Money) -> str:
        """Tariro offers to Farai over the wire; the id of the credex."""
        written = await self.client.create_credex(
            TARIRO,
            issuer_account_id=self.account_id(TARIRO),
            receiver_account_id=self.account_id("farai_shop"),
            amount=money,
            due=None,
        )
        assert written.credex_id is not None
        return written.credex_id


def in_world(
    play: Callable[[World], Awaitable[T]],
    *,
    quirks: Quirks | None = None,
    tokens: Callable[[Callable[[], int]], Tokens] = MemoryTokens,
    per_minute: int = 1000,
    deadline_s: float = 10.0,
    base_url: str = "http://core.test/v1/",
    api_key: str = API_KEY,
) -> T:
    """Run a play in a new world, in virtual time."""

    async def main(clock: Clock) -> T:
        core = Core(clock_ms=clock.now_ms, rng=random.Random(1), quirks=quirks or Quirks())
        core.add_member(TARIRO, "Tariro", "Moyo")
        core.add_member(FARAI, "Farai", "Ncube", handle="farai_shop")
        core.fund(TARIRO, usd("12.50"))
        core.fund(TARIRO, Money(Decimal(1040), Denomination.ZWG))
        faults, kept = Faults(), tokens(clock.now_ms)
        budget = SlidingWindowLimiter(None, clock_ms=clock.now_ms, per_minute=per_minute)
        async with httpx.AsyncClient(transport=Network(httpx.ASGITransport(app=asgi_app(core)), faults=faults)) as http:
            client = WritingClient(
                http, base_url=base_url, api_key=api_key, tokens=kept, budget=budget, deadline_s=deadline_s
            )
            return await play(World(clock, core, client, kept, budget, faults))

    return run(main, start_ms=START_MS)
