"""The control API: people, screens, faults, deliveries over HTTP; errors that say what to do instead."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
from litestar import Litestar

from service.whatsapp.forms import DEFINITIONS
from simulator.whatsapp_cloud import CloudApi, Config, EventSignal, FlowForm, InProcessTransport, graph_app
from simulator.whatsapp_cloud.control import control_router
from simulator.whatsapp_cloud.virtual_time import Clock, run
from tests.contract.cloud_bot import BUSINESS, FARAI, START, TARIRO, Bot, buttons, text
from tests.unit.cloud_requests import form

T = TypeVar("T")
PEOPLE = "/control/people"


@dataclass
class Desk:
    """A bot, the Cloud API, and who controls it."""

    bot: Bot
    cloud: CloudApi
    http: httpx.AsyncClient
    graph: httpx.AsyncClient

    async def ask(self, method: str, path: str, **body: Any) -> tuple[int, Any]:
        """Status and answer of a request."""
        answer = await self.http.request(method, path, json=body or None)
        return answer.status_code, answer.json() if answer.content else None

    async def say(self, content: dict[str, Any]) -> int:
        """The bot sends something to Tariro. The error's code, or 0."""
        body = {"messaging_product": "whatsapp", "to": TARIRO, **content}
        headers = {"Authorization": "Bearer a-token"}
        answer = await self.graph.post("/v25.0/506914307656634/messages", json=body, headers=headers)
        return int(answer.json().get("error", {}).get("code", 0))


@asynccontextmanager
async def desk(clock: Clock, config: Config | None = None) -> AsyncIterator[Desk]:
    """All of it, started."""
    bot, news = Bot(clock), EventSignal()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=bot)) as to_bot:
        cloud = CloudApi(
            BUSINESS, to_bot=to_bot, clock_ms=clock.now_ms, rng=random.Random(1), config=config, on_event=news.notify
        )
        app: Any = Litestar([control_router(cloud, news)], openapi_config=None, logging_config=None)
        async with (
            httpx.AsyncClient(transport=InProcessTransport(app), base_url="http://control.test", timeout=90) as http,
            httpx.AsyncClient(transport=InProcessTransport(graph_app(cloud)), base_url="http://graph.test") as graph,
        ):
            await cloud.start()
            try:
                yield Desk(bot, cloud, http, graph)
            finally:
                await cloud.stop()


def play(scenario: Callable[[Desk], Awaitable[T]]) -> T:
    """Run a scenario in virtual time."""

    async def main(clock: Clock) -> T:
        async with desk(clock) as made:
            return await scenario(made)

    return run(main, start_ms=START)


async def tariro(here: Desk) -> None:
    """Tariro has a phone and has written."""
    await here.ask("POST", PEOPLE, phone="+263 77 123 4567", name="Tariro")
    await here.ask("POST", f"{PEOPLE}/{TARIRO}/type", text="hi")
    await asyncio.sleep(1)


def test_people_get_phones_act_and_see_what_the_bot_answers() -> None:
    """A text goes out, buttons come in, a tap is told to the bot."""

    async def scenario(here: Desk) -> tuple[list[Any], list[str]]:
        await tariro(here)
        await here.say(buttons("Yes", "No"))
        _, screen = await here.ask("GET", f"{PEOPLE}/{TARIRO}/screen?wait_ms=5000")
        status, did = await here.ask("POST", f"{PEOPLE}/{TARIRO}/tap", choice="Yes")
        await asyncio.sleep(1)
        (shown,) = screen["messages"]
        seen = [shown["body"], [choice["title"] for choice in shown["choices"]], status, did["screen"]["messages"]]
        return seen, [message["type"] for message in here.bot.messages]

    assert play(scenario) == (["Choose", ["Yes", "No"], 201, []], ["text", "interactive"])


def test_a_form_is_looked_at_and_filled_in() -> None:
    """Its fields are listed; what it does not take is refused with the reason, unless somebody goes past it."""

    async def scenario(here: Desk) -> list[Any]:
        definition = DEFINITIONS[0]
        here.cloud.account.forms["1"] = FlowForm("1", definition.name, ["SIGN_UP"], published=definition.source)
        await tariro(here)
        none = await here.ask("GET", f"{PEOPLE}/{TARIRO}/form")
        await here.say(form(flow_id="1", flow_action_payload=None))
        await asyncio.sleep(1)
        asked = await here.ask("GET", f"{PEOPLE}/{TARIRO}/form")
        fill = f"{PEOPLE}/{TARIRO}/fill"
        refused = await here.ask("POST", fill, answers={"first_name": "T", "last_name": "Moyo"})
        past = await here.ask("POST", fill, answers={"first_name": "T"}, checked=False)
        await asyncio.sleep(1)
        reply = here.bot.messages[-1]["interactive"]["nfm_reply"]["response_json"]
        fields = [(one["name"], one["label"], one["required"]) for one in asked[1]["fields"]]
        return [none[0], fields, refused, past[0], json.loads(reply)["form"]]

    assert play(scenario) == [
        409,
        [("first_name", "First name", True), ("last_name", "Last name", True)],
        (409, {"error": "first_name (First name) takes 3 to 50 characters, not 1: 'T'"}),
        201,
        "member_signup",
    ]


def test_the_fields_of_a_form_that_nobody_made_here_are_not_known() -> None:
    """Any answers will do, as its owner is somewhere else."""

    async def scenario(here: Desk) -> tuple[int, Any]:
        await tariro(here)
        await here.say(form(flow_id="1", flow_action_payload=None))
        await asyncio.sleep(1)
        return await here.ask("GET", f"{PEOPLE}/{TARIRO}/form")

    assert play(scenario) == (404, {"error": "only the id of this form is known here: any answers will do"})


def test_an_act_waits_for_the_bots_next_message_and_no_longer() -> None:
    """The answer has what the screen shows anew; without any it comes when the time is over."""

    async def scenario(here: Desk) -> list[tuple[int, int]]:
        await tariro(here)
        times = []
        for soon in (True, False):
            before = here.cloud.now_ms()
            asking = asyncio.create_task(here.ask("POST", f"{PEOPLE}/{TARIRO}/type", text="x", wait_ms=5_000))
            await asyncio.sleep(1)
            if soon:
                await here.say(buttons("Yes"))
            _, did = await asking
            times.append((len(did["screen"]["messages"]), here.cloud.now_ms() - before))
        return times

    assert play(scenario) == [(1, 1_600), (0, 5_000)]


def test_every_way_of_acting_reaches_the_bot() -> None:
    """Files, locations, reactions, corrections, deletions, raw messages and new numbers."""

    async def scenario(here: Desk) -> list[str]:
        await tariro(here)
        await here.say(buttons("Yes"))
        await asyncio.sleep(2)
        own = here.cloud.handsets[TARIRO].sent[0].wamid
        for act, body in (
            ("send", {"kind": "image", "fields": {"caption": "x"}}),
            ("send", {"kind": "location"}),
            ("react", {"emoji": "👍"}),
            ("react", {"emoji": None}),
            ("edit", {"message": own, "text": "new", "coexistence": True}),
            ("edit", {"message": own}),
            ("raw", {"message": {"type": "novelty"}}),
            ("number", {"phone": "+263 78 200 0909", "form": "old"}),
        ):
            status, _ = await here.ask("POST", f"{PEOPLE}/{TARIRO}/{act}", **body)
            assert status == 201
        await asyncio.sleep(2)
        return [message["type"] for message in here.bot.messages[1:]]

    expected = ["image", "location", "reaction", "reaction", "edit", "revoke", "novelty", "system"]
    assert play(scenario) == expected


def test_faults_are_added_listed_and_removed() -> None:
    """By number; the list says how often each has struck."""

    async def scenario(here: Desk) -> list[Any]:
        await tariro(here)
        added = await here.ask("POST", "/control/faults", on="webhooks", do="duplicate", times=None)
        await here.ask("POST", f"{PEOPLE}/{TARIRO}/type", text="x")
        listed = await here.ask("GET", "/control/faults")
        removed = await here.ask("DELETE", "/control/faults/1")
        again = await here.ask("DELETE", "/control/faults/1")
        return [added, listed, removed, again[0]]

    rule = {"on": "webhooks", "do": "duplicate", "times": None}
    listed = [{"number": 1, "rule": rule, "seen": 1, "struck": 1}]
    assert play(scenario) == [(201, {"number": 1}), (200, listed), (200, []), 404]


def test_the_log_of_deliveries_keeps_every_attempt_and_delivers_again() -> None:
    """A webhook that was refused once is in it twice; the same bytes can be sent once more."""

    async def scenario(here: Desk) -> tuple[list[tuple[int, int]], int, bool]:
        here.bot.answers = [500]
        await tariro(here)
        _, log = await here.ask("GET", f"/control/deliveries?phone={TARIRO}&wait_ms=1000")
        status, _ = await here.ask("POST", "/control/deliveries/0/redeliver")
        await asyncio.sleep(1)
        same = here.bot.received[0].body == here.bot.received[-1].body
        return [(each["webhook"], each["status"]) for each in log], status, same and len(here.bot.received) == 3

    assert play(scenario) == ([(1, 500), (1, 200)], 201, True)


def test_phones_go_off_networks_are_cut_and_knobs_turned() -> None:
    """What is changed shows in what the bot gets."""

    async def scenario(here: Desk) -> list[Any]:
        await tariro(here)
        off = await here.ask("PATCH", f"{PEOPLE}/{TARIRO}", online=False)
        refused = await here.ask("POST", f"{PEOPLE}/{TARIRO}/type", text="x")
        await here.ask("PATCH", f"{PEOPLE}/{TARIRO}", online=True)
        await here.ask("POST", "/control/network", held=True)
        await here.ask("POST", f"{PEOPLE}/{TARIRO}/type", text="held")
        await asyncio.sleep(5)
        held = here.bot.texts
        await here.ask("POST", "/control/network", held=False)
        await asyncio.sleep(1)
        turned = await here.ask("PATCH", "/control/knobs", skip_delivered=True, sent_ms=100)
        return [
            off[1]["online"],
            refused[0],
            held,
            here.bot.texts,
            turned[1]["sent_ms"],
            here.cloud.config.skip_delivered,
        ]

    assert play(scenario) == [False, 409, ["hi"], ["hi", "held"], 100, True]


def test_a_rate_that_is_turned_is_in_force_at_once() -> None:
    """Slower, faster, or none at all."""

    async def scenario(here: Desk) -> list[int]:
        await tariro(here)

        codes = [await here.say(text("x"))]
        turns: list[dict[str, Any]] = [{"pair_burst": 1}, {"pair_every_ms": None}, {"per_second": 1}]
        for config in (*turns, {"per_second": None}):
            await here.ask("PATCH", "/control/knobs", **config)
            codes.append(await here.say(text("x")))
        return codes

    assert play(scenario) == [0, 131056, 0, 130429, 0]


def test_other_webhook_fields_are_announced() -> None:
    """With an example of their value, or with one given; a name without example needs a value."""

    async def scenario(here: Desk) -> tuple[list[int], list[str]]:
        statuses = [
            (await here.ask("POST", "/control/announce", field="account_update"))[0],
            (await here.ask("POST", "/control/announce", field="novelty", value={"a": 1}))[0],
            (await here.ask("POST", "/control/announce", field="novelty"))[0],
        ]
        await asyncio.sleep(1)
        fields = [change["field"] for one in here.bot.received for change in one.envelope["entry"][0]["changes"]]
        return statuses, fields

    assert play(scenario) == ([202, 202, 400], ["account_update", "novelty"])


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "said"),
    [
        ("POST", PEOPLE, {"phone": "nobody"}, 400, "'nobody' is no phone number"),
        ("POST", PEOPLE, {"phone": TARIRO}, 400, "is taken"),
        ("POST", PEOPLE, {"phne": TARIRO}, 400, "unknown field `phne`"),
        ("POST", f"{PEOPLE}/{FARAI}/type", {"text": "x"}, 404, f"nobody has the phone {FARAI} (there are: {TARIRO})"),
        ("POST", f"{PEOPLE}/{TARIRO}/type", {}, 400, "missing required field `text`"),
        ("POST", f"{PEOPLE}/{TARIRO}/type", {"text": 5}, 400, "Expected `str`, got `int`"),
        ("POST", f"{PEOPLE}/{TARIRO}/type", {"text": "x", "wait_ms": 99_999_999}, 400, "wait_ms is from 0 to 60000"),
        ("POST", f"{PEOPLE}/{TARIRO}/tap", {"choice": "Yes"}, 409, "cannot tap 'Yes'. The screen is empty."),
        ("POST", f"{PEOPLE}/{TARIRO}/fill", {"answers": {}}, 409, "sees no such form"),
        ("POST", f"{PEOPLE}/{TARIRO}/react", {"emoji": "x"}, 409, "there is nothing to react to"),
        ("POST", f"{PEOPLE}/{TARIRO}/number", {"phone": TARIRO}, 400, "is taken"),
        ("POST", "/control/faults", {"on": "messages", "do": "refuse"}, 400, "'refuse' needs 'code'"),
        ("POST", "/control/faults", {"on": "nonsense", "do": "hang"}, 400, "there are: messages, typing, media"),
        ("DELETE", "/control/faults/7", {}, 404, "no rule in force has the number 7"),
        ("POST", "/control/deliveries/99/redeliver", {}, 404, "no delivery 99 in the log"),
        ("PATCH", "/control/knobs", {"sent": 1}, 400, "no knob is called sent"),
        ("PATCH", "/control/knobs", {"sent_ms": "soon"}, 400, "Expected `int`, got `str`"),
        ("PATCH", "/control/knobs", {"batch_most": 0}, 400, "batch_most is 1 or more, not 0"),
        ("PATCH", "/control/knobs", {"retry_after_ms": [0, -1]}, 400, "retry_after_ms is 0 or more, not (0, -1)"),
        ("PATCH", "/control/knobs", {"webhook_version": "new"}, 400, "webhook_version is like v25.0, not 'new'"),
        (
            "POST",
            f"{PEOPLE}/{TARIRO}/send",
            {"kind": "contacts", "fields": {"contacts": 5}},
            409,
            "contacts are a list",
        ),
        ("GET", f"{PEOPLE}/{TARIRO}/screen?after=-1", {}, 400, ""),
        ("GET", "/control/nothing", {}, 404, "Not Found"),
    ],
)
def test_what_cannot_be_done_is_told_with_4xx_and_a_reason(
    method: str, path: str, body: dict[str, Any], status: int, said: str
) -> None:
    """Never a 500; the error says what was wrong."""

    async def scenario(here: Desk) -> tuple[int, str]:
        await here.ask("POST", PEOPLE, phone=TARIRO, name="Tariro")
        answer = await here.http.request(method, path, json=body)
        return answer.status_code, str(answer.json().get("error", answer.json()))

    given, text = play(scenario)
    assert given == status, text
    assert said in text
