"""A write leaves in time or not at all: whoever judges later what became of it relies on that."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from service.credex.errors import CredexError, NotSentError
from service.credex.values import Written
from service.domain import Denomination
from simulator.world.faults import Effect, Fault
from tests.credex_world import TARIRO, World, in_world, usd

Write = Callable[[World, float], Awaitable[Written]]


async def _create(world: World, within_s: float) -> Written:
    return await world.client.create_credex(
        TARIRO,
        issuer_account_id=world.account_id(TARIRO),
        receiver_account_id=world.account_id("farai_shop"),
        amount=usd("1"),
        due=None,
        send_within_s=within_s,
    )


async def _register(world: World, within_s: float) -> Written:
    return await world.client.onboard(
        "263773456789",
        first_name="Chipo",
        last_name="Dube",
        denomination=Denomination.USD,
        send_within_s=within_s,
    )


async def _cancel(world: World, within_s: float) -> Written:
    (credex,) = world.core.offers()
    return await world.client.cancel_credex(TARIRO, credex.credex_id, send_within_s=within_s)


WRITES = {"createCredex": _create, "onboardMember": _register, "cancelCredex": _cancel}


async def _ready(world: World) -> None:
    """Tariro is logged in and has one offer waiting."""
    await world.client.login(TARIRO)
    await world.offered(usd("2"))
    world.core.calls.clear()


@pytest.mark.parametrize("endpoint", WRITES)
@pytest.mark.parametrize(("within_s", "sent"), [(3.9, False), (4.1, True)])
def test_a_write_does_not_wait_longer_for_its_turn_than_it_may(endpoint: str, within_s: float, *, sent: bool) -> None:
    """Core wants to be left alone for 4 s."""

    async def play(world: World) -> tuple[bool, list[str]]:
        await _ready(world)
        await world.budget.pause(4)
        try:
            await WRITES[endpoint](world, within_s)
        except NotSentError:
            return False, world.endpoints()
        return True, world.endpoints()

    assert in_world(play) == (sent, [endpoint] if sent else [])


@pytest.mark.parametrize(("within_s", "sent"), [(2.9, False), (3.1, True)])
def test_a_login_that_takes_long_may_leave_no_time_to_send(within_s: float, *, sent: bool) -> None:
    """The token has run out, and the login before the write takes 3 s."""

    async def play(world: World) -> tuple[bool, list[str]]:
        await _ready(world)
        token = await world.tokens.get(TARIRO)
        assert token is not None
        await world.tokens.drop(TARIRO, token)
        world.faults.add(Fault(Effect.SLOW, "login", slow_ms=3_000))
        try:
            await _create(world, within_s)
        except NotSentError:
            return False, world.endpoints()
        return True, world.endpoints()

    assert in_world(play) == (sent, ["login", "createCredex"] if sent else ["login"])


def test_what_has_left_in_time_is_waited_for_as_long_as_any_call() -> None:
    """The time to send is no time to answer."""

    async def play(world: World) -> tuple[bool, float]:
        await _ready(world)
        world.faults.add(Fault(Effect.SLOW, "createCredex", after=True, slow_ms=9_000))
        began = asyncio.get_running_loop().time()
        try:
            written = await _create(world, 1)
        except CredexError:
            return False, 0
        return written.credex_id is not None, asyncio.get_running_loop().time() - began

    assert in_world(play) == (True, 9.0)
