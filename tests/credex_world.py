"""A small world to try the client in: the simulated core, a faulty wire to it, and two members who trade."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

import httpx

from service.credex import CredexClient, MemoryTokens, SlidingWindowLimiter, Tokens
from service.domain import Denomination, Money
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


@dataclass
class World:
    """Tariro has 12.50 USD and 1,040 ZWG, Farai (``farai_shop``) nothing; both are of tier 1."""

    clock: Clock
    core: Core
    client: CredexClient
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
            client = CredexClient(
                http, base_url=base_url, api_key=api_key, tokens=kept, budget=budget, deadline_s=deadline_s
            )
            return await play(World(clock, core, client, kept, budget, faults))

    return run(main, start_ms=START_MS)
