"""Amounts end to end: from the phone through the bot into core, and from there back onto both phones."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

import pytest

from service.domain import Denomination, Money
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.people import MemberSpec, Person
from simulator.world.stage import Stage
from simulator.world.world import World

START_MS: Final = 1_793_606_400_000
SMALLEST: Final = {
    Denomination.CXX: "0.001",
    Denomination.CAD: "0.01",
    Denomination.USD: "0.01",
    Denomination.XAU: "0.0001",
    Denomination.ZWG: "0.01",
}
LARGEST: Final = {
    Denomination.CXX: "999,999,999,999.999",
    Denomination.CAD: "999,999,999,999.99",
    Denomination.USD: "999,999,999,999.99",
    Denomination.XAU: "999,999,999,999.9999",
    Denomination.ZWG: "999,999,999,999.99",
}


class Trade:
    """Tariro, who has received something, and Farai, who has nothing."""

    def __init__(self, clock: Clock, received: tuple[Money, ...]) -> None:
        self.world = World(
            clock,
            (
                Person("Tariro", "263771234567", "Tariro Moyo", MemberSpec(tier=3, balances=received, handle="tariro")),
                Person("Farai", "263772345678", "Farai Ncube", MemberSpec(handle="farai_shop")),
            ),
        )
        self.stage = Stage(self.world)
        self.denomination = received[0].denomination

    async def types(self, who: str, text: str) -> str:
        """Somebody types; what they then read."""
        await self.stage.type(who, text)
        await self.world.settle()
        return self.reads(who)

    async def taps(self, who: str, title: str) -> str:
        """Somebody taps; what they then read."""
        await self.stage.tap(who, title)
        await self.world.settle()
        return self.reads(who)

    def reads(self, who: str) -> str:
        """The newest message on somebody's phone."""
        return self.stage.screens(who)[-1][1].body

    def balance(self, handle: str) -> Money:
        """What core has for somebody."""
        return self.world.core.balance(handle, self.denomination)


def traded(typed: str, *received: Money) -> dict[str, object]:
    """Offer what is typed, and have it accepted: what was read on the way, and what core has in the end."""

    async def main(clock: Clock) -> dict[str, object]:
        trade = Trade(clock, received)
        await trade.world.start()
        try:
            asked = await trade.types("Tariro", f"{typed}=>farai_shop")
            sent = await trade.taps("Tariro", "Confirm")
            reserved = trade.balance("tariro")
            listed = await trade.types("Farai", "pending")
            (row,) = [row for row in trade.stage.screens("Farai")[-1][1].choices if row.title != "Menu"]
            await trade.taps("Farai", row.title)
            await trade.taps("Farai", "Accept")
            accepted = await trade.taps("Farai", "Confirm")
            trade.world.core.check_conserved()
            return {
                "asked": asked,
                "sent": sent,
                "listed": (listed, row.title),
                "accepted": accepted,
                "reserved": reserved,
                "balances": (trade.balance("tariro"), trade.balance("farai_shop")),
            }
        finally:
            await trade.world.stop()

    return run(main, start_ms=START_MS)


def money(amount: str, denomination: Denomination) -> Money:
    """An amount as it is displayed."""
    return Money.displayed(f"{amount} {denomination}")


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("denomination", Denomination)
@pytest.mark.parametrize("amounts", [SMALLEST, LARGEST], ids=["smallest", "largest"])
def test_the_whole_balance_can_be_sent(denomination: Denomination, amounts: dict[Denomination, str]) -> None:
    """The smallest and the largest amount there is: to the last digit on every screen and in core."""
    whole = money(amounts[denomination], denomination)
    nothing = Money(Decimal(0), denomination)
    came = traded(f"{whole.plain} {denomination}", whole)
    assert f"Offer *{whole}* to" in str(came["asked"])
    assert f"You offered *{whole}*" in str(came["sent"])
    assert f"Your balance is now {nothing}" in str(came["sent"])
    assert f"You accepted *{whole}*" in str(came["accepted"])
    assert f"Your balance is now {whole}" in str(came["accepted"])
    assert (came["reserved"], came["balances"]) == (nothing, (nothing, whole))


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("denomination", Denomination)
def test_the_smallest_amount_of_the_largest_balance_leaves_all_the_rest(denomination: Denomination) -> None:
    """No digit is lost where the two are farthest apart."""
    whole, least = money(LARGEST[denomination], denomination), money(SMALLEST[denomination], denomination)
    rest = Money(whole.amount - least.amount, denomination)
    came = traded(f"{denomination} {least.plain}", whole)
    assert f"Your balance is now {rest}" in str(came["sent"])
    assert came["balances"] == (rest, least)


@pytest.mark.usefixtures("quiet")
def test_a_balance_received_in_parts_can_be_sent_whole() -> None:
    """0.10 and 0.20 are 0.30, and not a little more or less."""
    came = traded("0.3", money("0.10", Denomination.USD), money("0.20", Denomination.USD))
    assert came["balances"] == (money("0.00", Denomination.USD), money("0.30", Denomination.USD))
