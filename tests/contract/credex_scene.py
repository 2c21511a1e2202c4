"""A Credex core with something of everything in it, and a hand that writes raw requests."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from service.domain import Denomination, Money
from simulator.credex_core import API_KEY, DAY_MS, Core, Quirks, asgi_app
from tests.credex_world import FARAI, START_MS, TARIRO, usd

__all__ = ("NOBODY", "RUDO", "STRANGER", "TODAY", "Scene")

RUDO = "263773456789"
STRANGER = "263774567890"
NOBODY = "7b0c5f2e-1d7a-4c1b-9a53-0f3f4f1e2d3c"
TODAY = date(2026, 11, 2)


class Hands:
    """A clock moved by hand."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        """What it was set to."""
        return self.at_ms


class Scene:
    """Tariro, of tier 5, has 50 USD, a shop, and Rudo who may act for it; Farai is of tier 1 and has 5 USD."""

    def __init__(self, quirks: Quirks | None = None) -> None:
        self.clock = Hands()
        self.core = core = Core(clock_ms=self.clock.now_ms, rng=random.Random(1), quirks=quirks or Quirks())
        self.tariro = core.add_member(TARIRO, "Tariro", "Moyo", tier=5)
        self.farai = core.add_member(FARAI, "Farai", "Ncube")
        self.rudo = core.add_member(RUDO, "Rudo", "Dube", tier=2)
        self.shop = core.add_account(self.tariro, "Moyo Shop", "moyo_shop")
        core.authorise(self.shop, self.rudo)
        core.fund(TARIRO, usd("50"))
        core.fund(FARAI, usd("5"))
        core.fund(FARAI, Money(Decimal(1000), Denomination.ZWG))
        self.incoming = core.offer(TARIRO, FARAI, usd("2")).credex_id
        self.outgoing = core.offer(FARAI, TARIRO, usd("1")).credex_id

    def account(self, handle: str) -> str:
        """The id of an account."""
        return self.core.account(handle).account_id

    def offer(self, **changes: Any) -> dict[str, Any]:
        """Farai offers Tariro a dollar; with changes."""
        body: dict[str, Any] = {
            "issuerAccountID": self.account(FARAI),
            "receiverAccountID": self.account(TARIRO),
            "Denomination": "USD",
            "InitialAmount": "1",
            "credexType": "PURCHASE",
            "OFFERSorREQUESTS": "OFFERS",
            "securedCredex": True,
        }
        return body | changes

    def ended(self, how: str) -> str:
        """An offer to Farai that has ended like this."""
        credex = self.core.offer(TARIRO, FARAI, usd("3"))
        if how == "expired":
            self.clock.at_ms += 3 * DAY_MS
        else:
            getattr(self.core, how)(credex)
        return credex.credex_id

    def full(self) -> dict[str, Any]:
        """The shop, for which five may act already."""
        for number in range(3):
            self.core.authorise(self.shop, self.core.add_member(f"26377900000{number}", "Another", "Member"))
        self.core.add_member(STRANGER, "Nyasha", "Banda")
        return {"accountID": self.shop.account_id, "memberHandleToBeAuthorized": STRANGER}

    def spent(self, money: Money) -> dict[str, Any]:
        """Farai, who has much, issued this much today."""
        self.core.fund(FARAI, usd("500"))
        self.core.offer(FARAI, TARIRO, money)
        return self.offer(InitialAmount="0.01")

    async def dashboard(self, who: str) -> dict[str, Any]:
        """What somebody is shown after a login, as it is on the wire."""
        found: dict[str, Any] = (await self.ask("", "login", {"phone": who})).json()["data"]["dashboard"]
        return found

    async def ask(self, who: str, endpoint: str, body: dict[str, Any]) -> httpx.Response:
        """One call by somebody who has just logged in; by nobody, without a token."""
        transport = httpx.ASGITransport(app=asgi_app(self.core))
        headers = {"x-client-api-key": API_KEY}
        async with httpx.AsyncClient(transport=transport, base_url="http://core.test/v1/", headers=headers) as http:
            if who:
                details = (await http.post("login", json={"phone": who})).json()["data"]["action"]["details"]
                http.headers["Authorization"] = f"Bearer {details['token']}"
            return await http.post(endpoint, json=body)
