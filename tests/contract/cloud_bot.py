"""A tiny bot behind the simulated Cloud API, and the virtual world that both live in."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import parse_qs

import httpx

from simulator.whatsapp_cloud import Business, CloudApi, Config, Event, graph_app
from simulator.whatsapp_cloud.virtual_time import Clock, run

T = TypeVar("T")

START = 1_795_340_400_000
TARIRO = "263771234567"
FARAI = "263712345678"
BUSINESS = Business(
    phone_number_id="506914307656634",
    business_id="215589313241560883",
    display_phone_number="263242700100",
    access_token="a-token",
    app_secret="an-app-secret",
    verify_token="a-verify-token",
    callback_url="http://bot.test/hook",
)


@dataclass
class Received:
    """A webhook as the bot got it."""

    at_ms: int
    headers: dict[str, str]
    body: bytes

    @property
    def envelope(self) -> dict[str, Any]:
        envelope: dict[str, Any] = json.loads(self.body)
        return envelope

    @property
    def values(self) -> list[dict[str, Any]]:
        return [change["value"] for entry in self.envelope["entry"] for change in entry["changes"]]

    @property
    def signed(self) -> bool:
        expected = hmac.new(b"an-app-secret", self.body, hashlib.sha256).hexdigest()
        return self.headers.get("x-hub-signature-256") == f"sha256={expected}"


@dataclass
class Bot:
    """Answers webhooks as it is told: with a status, after a while, or never."""

    clock: Clock
    verify_token: str = "a-verify-token"
    answers: list[int] = field(default_factory=list)
    takes_s: float = 0
    received: list[Received] = field(default_factory=list)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """The ASGI application."""
        if scope["method"] == "GET":
            await self._handshake(scope, send)
            return
        body = b""
        while True:
            event = await receive()
            body += event.get("body", b"")
            if not event.get("more_body"):
                break
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        self.received.append(Received(self.clock.now_ms(), headers, body))
        await asyncio.sleep(self.takes_s)
        await self._answer(send, self.answers.pop(0) if self.answers else 200, b"{}")

    async def _handshake(self, scope: Any, send: Any) -> None:
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        right = query["hub.mode"] == "subscribe" and query["hub.verify_token"] == self.verify_token
        await self._answer(send, 200 if right else 403, query["hub.challenge"].encode() if right else b"no")

    async def _answer(self, send: Any, status: int, body: bytes) -> None:
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": body})

    @property
    def messages(self) -> list[dict[str, Any]]:
        """The messages of people, in the order in which they came."""
        return [message for one in self.received for value in one.values for message in value.get("messages", [])]

    @property
    def texts(self) -> list[str]:
        return [message["text"]["body"] for message in self.messages]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [status for one in self.received for value in one.values for status in value.get("statuses", [])]


@dataclass
class World:
    """A bot, the Cloud API, and a way to send."""

    clock: Clock
    bot: Bot
    cloud: CloudApi
    graph: httpx.AsyncClient
    events: list[Event]

    async def post(self, payload: Any, *, path: str = "", authorization: str = "Bearer a-token") -> httpx.Response:
        """A request to the Graph API."""
        headers = {"Authorization": authorization} if authorization else {}
        return await self.graph.post(path or "/v25.0/506914307656634/messages", json=payload, headers=headers)

    async def say(self, content: dict[str, Any], to: str = "+" + TARIRO, **more: Any) -> httpx.Response:
        """Send a message with this content."""
        return await self.post({"messaging_product": "whatsapp", "to": to, **content, **more})

    async def settle(self) -> None:
        """Let time pass until nothing is under way."""
        while self.cloud.busy():  # noqa: ASYNC110  (whoever plays a world asks it so)
            await asyncio.sleep(0.05)


def code_of(answer: httpx.Response) -> int | None:
    """The error's code, or None for a success."""
    code: int | None = answer.json().get("error", {}).get("code")
    return code


async def greeted(world: World, **persona: Any) -> None:
    """Tariro has a phone and has opened the 24-hour window."""
    world.cloud.handset(TARIRO, name="Tariro", **persona).type("Mhoro")
    await asyncio.sleep(1)


def text(body: str) -> dict[str, Any]:
    """A text message's content."""
    return {"type": "text", "text": {"body": body}}


def buttons(*titles: str, body: str = "Choose") -> dict[str, Any]:
    """A message with buttons; their ids are their titles in lower case."""
    replies = [{"type": "reply", "reply": {"id": title.lower(), "title": title}} for title in titles]
    return {
        "type": "interactive",
        "interactive": {"type": "button", "body": {"text": body}, "action": {"buttons": replies}},
    }


def rows(*rows_: dict[str, Any], button: str = "Open", title: str | None = None) -> dict[str, Any]:
    """A list message of one section."""
    section: dict[str, Any] = {"rows": list(rows_)}
    if title is not None:
        section["title"] = title
    return {
        "type": "interactive",
        "interactive": {"type": "list", "body": {"text": "Pick"}, "action": {"button": button, "sections": [section]}},
    }


def play(
    scenario: Callable[[World], Awaitable[T]], config: Config | None = None, *, started: bool = True, seed: int = 1
) -> T:
    """Run a scenario in virtual time."""

    async def main(clock: Clock) -> T:
        bot = Bot(clock)
        events: list[Event] = []
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=bot)) as to_bot:
            cloud = CloudApi(
                BUSINESS,
                to_bot=to_bot,
                clock_ms=clock.now_ms,
                rng=random.Random(seed),
                config=config,
                on_event=events.append,
            )
            app: Any = graph_app(cloud)
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://graph.test") as graph:
                if started:
                    await cloud.start()
                try:
                    return await scenario(World(clock, bot, cloud, graph, events))
                finally:
                    await cloud.stop()

    return run(main, start_ms=START)


async def shown(world: World, *contents: dict[str, Any]) -> list[str]:
    """Tariro has written, and sees these messages. Returns their wamids."""
    world.cloud.handset(TARIRO, name="Tariro Moyo").type("Mhoro")
    await world.settle()
    wamids = []
    for content in contents:
        wamids.append((await world.say(content)).json()["messages"][0]["id"])
        await world.settle()
    return wamids


def last(world: World) -> dict[str, Any]:
    """The last message that the bot got, without what all have."""
    message = dict(world.bot.messages[-1])
    for common in ("from", "from_user_id", "id", "timestamp"):
        assert message.pop(common)
    return message
