"""How webhooks may come: in batches, in any order, statuses backwards, keys shuffled, until a bot is there."""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

import httpx
import pytest

from simulator.whatsapp_cloud import CloudApi, Config, Rule
from tests.contract.cloud_bot import BUSINESS, FARAI, TARIRO, World, greeted, play, text


def sizes(world: World) -> list[int]:
    """How many messages and statuses each POST held."""
    return [
        sum(len(value.get("messages", [])) + len(value.get("statuses", [])) for value in one.values)
        for one in world.bot.received
    ]


def test_what_happens_within_a_batch_shares_a_post() -> None:
    """Messages of several people and statuses, all in one; the next begins anew."""

    async def scenario(world: World) -> tuple[list[int], list[str]]:
        await greeted(world)
        world.cloud.change(batch_ms=3_000)
        world.bot.received.clear()
        await world.say(text("x"))
        await asyncio.sleep(1)
        world.cloud.handsets[TARIRO].type("a")
        world.cloud.handset(FARAI, name="Farai").type("b")
        await world.settle()
        world.cloud.handsets[TARIRO].type("c")
        await world.settle()
        return sizes(world), world.bot.texts

    assert play(scenario) == ([5, 1], ["a", "b", "c"])


def test_messages_and_statuses_may_share_one_value() -> None:
    """With the shape `messages` a bot finds both beside each other."""

    async def scenario(world: World) -> list[list[str]]:
        await greeted(world)
        world.cloud.change(batch_ms=2_000, batch_shape="messages")
        world.bot.received.clear()
        await world.say(text("x"))
        world.cloud.handsets[TARIRO].type("a")
        await world.settle()
        return [sorted(set(value) & {"messages", "statuses"}) for one in world.bot.received for value in one.values]

    assert play(scenario) == [["messages", "statuses"]]


def test_a_post_holds_no_more_than_a_thousand_updates() -> None:
    """What is more comes in further POSTs, in order and none lost."""

    async def scenario(world: World) -> tuple[list[int], bool]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        world.cloud.change(batch_ms=1_000)
        for number in range(2_300):
            tariro.type(str(number))
        await world.settle()
        return sizes(world), world.bot.texts == [str(number) for number in range(2_300)]

    assert play(scenario, Config(per_second=None)) == ([1_000, 1_000, 300], True)


def test_without_order_webhooks_overtake_each_other_by_chance_that_repeats() -> None:
    """All come, not in the order of writing; the same seed gives the same order, another one another."""

    async def scenario(world: World) -> list[str]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        for number in range(10):
            tariro.type(str(number))
        await world.settle()
        return world.bot.texts

    config = Config(in_order=False, jitter_ms=3_000)
    orders = [play(scenario, config, seed=seed) for seed in (1, 1, 2)]
    assert all(sorted(order) == [str(number) for number in range(10)] for order in orders)
    assert orders[0] == orders[1] != orders[2]
    assert sorted(orders[0]) != orders[0]
    assert play(scenario, Config(jitter_ms=3_000)) == [str(number) for number in range(10)]


def test_statuses_may_come_backwards() -> None:
    """The last first, and all of them; a phone that is off holds none back."""

    async def scenario(world: World) -> list[str]:
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        world.cloud.handsets[TARIRO].switch_off()
        await world.say(text("y"))
        await world.settle()
        return [status["status"] for status in world.bot.statuses]

    assert play(scenario, Config(reversed_statuses=True)) == ["read", "delivered", "sent", "sent"]


def test_what_tells_of_the_arrival_is_priced_once() -> None:
    """`sent` and `delivered`; or `read`, when that comes in place of it."""

    async def scenario(world: World) -> list[tuple[str, bool]]:
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        return [(status["status"], "pricing" in status) for status in world.bot.statuses]

    assert play(scenario) == [("sent", True), ("delivered", True), ("read", False)]
    assert play(scenario, Config(skip_delivered=True)) == [("sent", True), ("read", True)]


def test_statuses_have_contacts_beside_them_or_as_before_none() -> None:
    """Since April 2026 they do, except where a message failed."""

    async def scenario(world: World) -> list[bool]:
        await greeted(world)
        await world.say(text("x"))
        await world.settle()
        world.cloud.rules.add(Rule("messages", "fail", code=131053))
        await world.say(text("x"))
        await world.settle()
        return ["contacts" in value for one in world.bot.received for value in one.values if "statuses" in value]

    assert play(scenario) == [True, True, True, False]
    assert play(scenario, Config(contacts_beside_statuses=False)) == [False] * 4


def test_keys_may_come_in_any_order_and_are_signed_like_that() -> None:
    """The same values under a right signature, in other bytes."""

    async def scenario(world: World) -> tuple[list[Any], list[bytes], bool]:
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        bodies = []
        for shuffled in (False, True):
            world.cloud.change(shuffle_keys=shuffled)
            world.bot.received.clear()
            tariro.raw({"type": "text", "text": {"body": "x"}, "id": "wamid.1", "timestamp": "1"})
            await world.settle()
            bodies.append(world.bot.received[0])
        return [json.loads(one.body) for one in bodies], [one.body for one in bodies], all(one.signed for one in bodies)

    values, bodies, signed = play(scenario)
    assert signed
    assert values[0] == values[1]
    assert bodies[0] != bodies[1]


def test_a_message_for_a_phone_that_stays_off_is_forgotten_after_thirty_days() -> None:
    """It is never shown, and the bot is told nothing."""

    async def scenario(world: World) -> tuple[int, list[str]]:
        await greeted(world)
        tariro = world.cloud.handsets[TARIRO]
        tariro.switch_off()
        await world.say(text("x"))
        await asyncio.sleep(30 * 86_400 + 1)
        tariro.switch_on()
        await asyncio.sleep(60)
        return len(tariro.screen), [status["status"] for status in world.bot.statuses]

    assert play(scenario) == (0, ["sent"])


def test_a_patient_courier_keeps_what_comes_before_the_bot_is_there() -> None:
    """Webhooks wait for the handshake, and are not dropped as Meta would."""

    async def scenario(world: World) -> tuple[int, list[str]]:
        world.cloud.dispatcher.wait_for_verification = True
        tariro = world.cloud.handset(TARIRO, name="Tariro")
        tariro.type("a")
        tariro.type("b")
        await asyncio.sleep(600)
        early = len(world.bot.received)
        await world.cloud.start()
        await world.settle()
        return early, world.bot.texts

    assert play(scenario, started=False) == (0, ["a", "b"])


@pytest.mark.parametrize("number", [0, 3])
def test_the_log_outlives_what_it_forgets(number: int) -> None:
    """An attempt that is not in the log is told as such."""

    async def scenario(world: World) -> str:
        await greeted(world)
        world.cloud.deliveries.clear()
        with pytest.raises(LookupError) as unknown:
            world.cloud.redeliver(number)
        return str(unknown.value)

    assert play(scenario) == f"no delivery {number} in the log, which holds nothing; nothing was delivered"


def test_two_apis_of_one_seed_draw_alike() -> None:
    """Ids do not depend on how often the handshake was tried."""

    async def scenario(world: World) -> bool:
        def make() -> CloudApi:
            to_bot = httpx.AsyncClient(transport=httpx.ASGITransport(app=world.bot))
            return CloudApi(BUSINESS, to_bot=to_bot, clock_ms=world.clock.now_ms, rng=random.Random(5))

        one, other = make(), make()
        for _ in range(3):
            await other.start()
        return one.ids.dump() == other.ids.dump()

    assert play(scenario)
