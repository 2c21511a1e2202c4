"""All that WhatsApp holds goes into one JSON value and comes out of it elsewhere, with what was under way."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import msgspec
import pytest

from simulator.whatsapp_cloud import CloudApi, Config, InProcessTransport, Rule, graph_app
from simulator.whatsapp_cloud.state import StateError, dump, load
from simulator.whatsapp_cloud.virtual_time import Clock, run
from tests.contract.cloud_bot import BUSINESS, FARAI, START, TARIRO, Bot, buttons, text

T = TypeVar("T")


@dataclass
class Site:
    """One Cloud API before the bot, and a way to send."""

    cloud: CloudApi

    async def say(self, content: dict[str, Any], to: str = TARIRO) -> httpx.Response:
        """The bot sends something."""
        body = {"messaging_product": "whatsapp", "to": to, **content}
        async with httpx.AsyncClient(
            transport=InProcessTransport(graph_app(self.cloud)), base_url="http://graph.test"
        ) as http:
            return await http.post(
                "/v25.0/506914307656634/messages", json=body, headers={"Authorization": "Bearer a-token"}
            )


def play(scenario: Callable[[Site, Site, Bot], Awaitable[T]], config: Config | None = None) -> T:
    """Two sites with other seeds; the second has not begun yet."""

    async def main(clock: Clock) -> T:
        bot = Bot(clock)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=bot)) as to_bot:
            sites = [
                Site(CloudApi(BUSINESS, to_bot=to_bot, clock_ms=clock.now_ms, rng=random.Random(seed), config=config))
                for seed in (1, 2)
            ]
            await sites[0].cloud.start()
            try:
                return await scenario(sites[0], sites[1], bot)
            finally:
                for site in sites:
                    await site.cloud.stop()

    return run(main, start_ms=START)


async def moved(old: Site, new: Site) -> None:
    """The first stops and the second goes on, from bytes as a file holds them."""
    kept = msgspec.json.encode(dump(old.cloud))
    await old.cloud.stop()
    await load(new.cloud, msgspec.json.decode(kept))
    await new.cloud.start()


def test_what_is_dumped_and_loaded_is_dumped_again_the_same() -> None:
    """People, messages, windows, rules, forms, templates, files, log: nothing changes on the way."""

    async def scenario(old: Site, new: Site, _: Bot) -> tuple[dict[str, Any], dict[str, Any]]:
        cloud = old.cloud
        tariro = cloud.handset(TARIRO, name="Tariro", username="tari", receipts=False)
        cloud.handset(FARAI, name="Farai", blocked=True)
        tariro.type("hi")
        tariro.send("image", caption="é")
        await asyncio.sleep(1)
        await old.say(buttons("Yes", "No"))
        await old.say({"type": "reaction", "reaction": {"message_id": tariro.sent[0].wamid, "emoji": "👍"}})
        cloud.rules.add(Rule("webhooks", "strip", times=None, every=3, without=("contacts",)))
        cloud.account.subscribed = True
        cloud.account.create_form(BUSINESS.business_id, {"name": "f", "categories": ["OTHER"]})
        await asyncio.sleep(10)
        kept = dump(cloud)
        await load(new.cloud, msgspec.json.decode(msgspec.json.encode(kept)))
        return kept, dump(new.cloud)

    once, again = play(scenario)
    assert again == once
    assert len(once["handsets"]) == 2
    assert once["files"]
    assert once["rules"]


def test_what_was_not_delivered_is_delivered_after_the_restart_in_order() -> None:
    """The bot was away: both messages come once it is back, the first before the second."""

    async def scenario(old: Site, new: Site, bot: Bot) -> list[str]:
        tariro = old.cloud.handset(TARIRO, name="Tariro")
        bot.answers = [503] * 3
        tariro.type("first")
        tariro.type("second")
        await asyncio.sleep(15)
        bot.received.clear()
        await moved(old, new)
        await asyncio.sleep(100)
        return bot.texts

    assert play(scenario) == ["first", "second"]


@pytest.mark.parametrize(("after_ms", "before"), [(100, []), (400, ["sent"]), (1_000, ["sent", "delivered"])])
def test_messages_on_their_way_go_on_from_where_they_were(after_ms: int, before: list[str]) -> None:
    """Whatever status was the last to be told, the others follow, each once."""

    async def scenario(old: Site, new: Site, bot: Bot) -> tuple[list[str], list[str], int]:
        old.cloud.handset(TARIRO, name="Tariro").type("hi")
        await asyncio.sleep(1)
        await old.say(text("x"))
        await asyncio.sleep(after_ms / 1000)
        told = [status["status"] for status in bot.statuses]
        await moved(old, new)
        await asyncio.sleep(10)
        return told, [status["status"] for status in bot.statuses], len(new.cloud.handsets[TARIRO].screen)

    assert play(scenario) == (before, ["sent", "delivered", "read"], 1)


def test_a_phone_that_was_off_gets_its_messages_from_the_new_site() -> None:
    """And one that will fail still fails, for the same reason."""

    async def scenario(old: Site, new: Site, bot: Bot) -> list[tuple[str, str]]:
        for phone in (TARIRO, FARAI):
            old.cloud.handset(phone, name=phone).type("hi")
        old.cloud.handsets[TARIRO].switch_off()
        await asyncio.sleep(1)
        await old.say(text("x"))
        await asyncio.sleep(1)
        old.cloud.rules.add(Rule("messages", "fail", code=131053, details="why", stage="sent"))
        await old.say(text("y"), to=FARAI)
        await moved(old, new)
        await asyncio.sleep(10)
        new.cloud.handsets[TARIRO].switch_on()
        await asyncio.sleep(10)
        return [
            (status["status"], status.get("errors", [{}])[0].get("error_data", {}).get("details", ""))
            for status in bot.statuses
        ]

    expected = [("sent", ""), ("sent", ""), ("failed", "why"), ("delivered", ""), ("read", "")]
    assert play(scenario) == expected


def test_the_window_rules_and_ids_outlive_a_restart() -> None:
    """No id is minted twice, the 24-hour window stays open, and a rule that struck once is spent once."""

    async def scenario(old: Site, new: Site, _: Bot) -> tuple[int, int, list[tuple[int, int]]]:
        tariro = old.cloud.handset(TARIRO, name="Tariro")
        ids = {tariro.type("hi")}
        await asyncio.sleep(1)
        old.cloud.rules.add(Rule("messages", "refuse", code=131056, times=2))
        await old.say(text("x"))
        await moved(old, new)
        refused = await new.say(text("x"))
        ids.add(new.cloud.handsets[TARIRO].type("again"))
        ids |= {(await new.say(text("y"))).json()["messages"][0]["id"] for _ in range(2)}
        await asyncio.sleep(5)
        statuses = [note.status for bubble in new.cloud.accepted for note in bubble.statuses]
        assert "failed" not in statuses
        return refused.status_code, len(ids), [(armed.number, armed.struck) for armed in new.cloud.rules]

    assert play(scenario) == (400, 4, [])


def test_what_was_borrowed_is_still_owed_after_a_restart() -> None:
    """The burst to one person is used up, and knobs that came with the state are in force."""

    async def scenario(old: Site, new: Site, _: Bot) -> list[int]:
        tariro = old.cloud.handset(TARIRO, name="Tariro")
        tariro.type("hi")
        tariro.change_identity()
        for _number in range(2):
            await old.say(text("x"))
        await moved(old, new)
        assert new.cloud.handsets[TARIRO].identity == tariro.identity
        codes = [(await new.say(text("x"))).json().get("error", {}).get("code", 0)]
        await asyncio.sleep(6)
        return [*codes, (await new.say(text("x"))).json().get("error", {}).get("code", 0)]

    assert play(scenario, Config(pair_burst=2)) == [131056, 0]


def test_what_gathers_for_a_batch_is_kept_and_not_hurried() -> None:
    """To look at the state changes nothing: both messages share a POST, here and after a restart."""

    async def scenario(old: Site, new: Site, bot: Bot) -> list[list[str]]:
        tariro = old.cloud.handset(TARIRO, name="Tariro")
        posts = []
        for cloud, restarts in ((old.cloud, False), (old.cloud, True)):
            cloud.handsets[TARIRO].type("one")
            dump(cloud)
            await asyncio.sleep(3)
            tariro.type("two")
            if restarts:
                await moved(old, new)
            await asyncio.sleep(30)
            posts += [[each["text"]["body"] for each in one.values[0]["messages"]] for one in bot.received]
            bot.received.clear()
        return posts

    assert play(scenario, Config(batch_ms=5_000)) == [["one", "two"], ["one", "two"]]


def test_who_was_typing_still_is() -> None:
    """For as long as it would have been shown."""

    async def scenario(old: Site, new: Site, _: Bot) -> list[bool]:
        wamid = old.cloud.handset(TARIRO, name="Tariro").type("hi")
        read = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        await old.cloud.handle({**read, "typing_indicator": {"type": "text"}})
        await moved(old, new)
        shown = [new.cloud.handsets[TARIRO].typing_shown]
        await asyncio.sleep(25)
        return [*shown, new.cloud.handsets[TARIRO].typing_shown]

    assert play(scenario) == [True, False]


def test_a_state_can_be_loaded_while_things_are_under_way() -> None:
    """What was under way here before is forgotten, not mixed in."""

    async def scenario(old: Site, new: Site, bot: Bot) -> tuple[list[str], list[str]]:
        old.cloud.handset(TARIRO, name="Tariro").type("kept")
        kept = dump(old.cloud)
        await old.cloud.stop()
        await new.cloud.start()
        new.cloud.handset(FARAI, name="Farai").type("forgotten")
        await load(new.cloud, kept)
        await asyncio.sleep(60)
        return bot.texts, list(new.cloud.handsets)

    assert play(scenario) == (["kept"], [TARIRO])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda state: state.update(version=99), "version 99 cannot be read"),
        (lambda state: state.pop("handsets"), "missing required field `handsets`"),
        (lambda state: state["mint"].pop("seed"), "'seed'"),
        (lambda state: state.update(accepted=[]), "messages that were never accepted"),
        (lambda state: state.update(phone_number_id="1"), "of the phone number id 1, not 506914307656634"),
        (lambda state: state["handsets"][0].update(phone=5), r"Expected `str`, got `int`"),
    ],
)
def test_a_state_that_is_none_is_refused_and_changes_nothing(spoil: Callable[[dict[str, Any]], Any], said: str) -> None:
    """The error says what is wrong with it."""

    async def scenario(old: Site, new: Site, _: Bot) -> tuple[str, list[str]]:
        old.cloud.handset(TARIRO, name="Tariro").type("hi")
        await asyncio.sleep(1)
        await old.say(text("x"))
        await asyncio.sleep(1)
        state = msgspec.json.decode(msgspec.json.encode(dump(old.cloud)))
        spoil(state)
        new.cloud.handset(FARAI, name="Farai")
        with pytest.raises(StateError) as refused:
            await load(new.cloud, state)
        return str(refused.value), list(new.cloud.handsets)

    text_, there = play(scenario)
    assert said in text_
    assert "nothing has changed" in text_
    assert there == [FARAI]
