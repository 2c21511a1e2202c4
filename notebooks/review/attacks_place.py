"""Where attacks take place: the service in a simulated world, with members to be robbed and somebody who tries.

The service is the real one, whole; only time, WhatsApp, Credex core and Redis around it are simulated.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from io import StringIO
from types import MappingProxyType
from typing import Any, Final, TextIO, TypeVar

import httpx
import redis.asyncio
import structlog

from service.domain import Denomination, Money
from service.mailbox import open_cache, open_state
from service.observability.logging import configure
from service.whatsapp import sign
from simulator.whatsapp_cloud import Bubble
from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.connections import API_KEY, BOT_URL, BUSINESS, WEBHOOK_SECRET, Connections, run_service
from simulator.world.people import MemberSpec, Person
from simulator.world.process import Bot
from simulator.world.world import START_UP_MS, World

__all__ = (
    "DAY_MS",
    "FARAI",
    "HIDDEN",
    "MALLORY",
    "SECRETS",
    "STRANGER",
    "TARIRO",
    "Answer",
    "Heard",
    "Place",
    "Try",
    "apart",
    "cache_of",
    "in_a_world",
    "logging_to",
    "raw",
    "usd",
)

_T = TypeVar("_T")

TARIRO: Final = "263771234567"
FARAI: Final = "263712345678"
MALLORY: Final = "263772000666"
HIDDEN: Final = "263773000777"
STRANGER: Final = "263774000888"
"""Somebody who is no member and whose phone is not here: numbers that only an envelope names."""

SECRETS: Final = (BUSINESS.access_token, BUSINESS.app_secret, BUSINESS.verify_token, API_KEY, WEBHOOK_SECRET)
STARTS_MS: Final = 1_793_599_200_000
"""Monday 2 November 2026, 08:00 in Harare."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Try:
    """One attempt, what was answered to it, what came of it, and whether the defence held."""

    what: str
    answer: str
    came_of_it: str
    held: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered on the web."""

    status: int
    text: str
    headers: Mapping[str, str]

    def __str__(self) -> str:
        try:
            told = json.loads(self.text)
        except ValueError:
            return f"{self.status}\u00a0{self.text[:40]}".strip()
        said = (told.get("error") or told.get("status")) if isinstance(told, dict) else told
        return f"{self.status}\u00a0{said}"


@dataclass(frozen=True, slots=True)
class _Picture:
    state: Mapping[bytes, object]
    bubbles: Mapping[str, int]
    core: object


def usd(amount: str) -> Money:
    """So many US dollars."""
    return Money(Decimal(amount), Denomination.USD)


def _people() -> tuple[Person, ...]:
    return (
        Person("Tariro", TARIRO, "Tariro Moyo", MemberSpec(tier=3, handle="tariro", balances=(usd("50"),))),
        Person("Farai", FARAI, "Farai Ncube", MemberSpec(tier=3, handle="farai_shop", balances=(usd("100"),))),
        Person("Mallory", MALLORY, "Mallory Dube", MemberSpec(tier=4, handle="mallory", balances=(usd("5"),))),
        Person("Hidden", HIDDEN, "Nobody Knows", None, identity="hidden"),
    )


@dataclass
class Place:
    """A world in which somebody attacks.

    Attributes:
        world: all of it.
        answers: everything that was answered on the web.
        deliveries: what WhatsApp brought so far, as bytes.
    """

    world: World
    answers: list[Answer] = field(default_factory=list)
    deliveries: list[bytes] = field(default_factory=list)
    _sent: int = 0

    # -- on the web -------------------------------------------------------------------------------------------------

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Answer:
        """Ask the service whatever one likes, from anywhere."""
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with httpx.AsyncClient(transport=self.world.process, base_url=BOT_URL) as http:
            response = await http.request(method, path, content=body, headers=named)
        answer = Answer(response.status_code, response.text, dict(response.headers))
        self.answers.append(answer)
        return answer

    async def deliver(self, body: bytes, **headers: str) -> Answer:
        """Bring a webhook as WhatsApp does, rightly signed unless the headers say otherwise."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = {"X-Hub-Signature-256": sign(BUSINESS.app_secret, body), **named}
        return await self.request("POST", "/bot/webhook", body, signed)

    def envelope(self, *messages: Mapping[str, Any], number_id: str = BUSINESS.phone_number_id) -> bytes:
        """The bytes of a webhook with these messages."""
        metadata = {"display_phone_number": BUSINESS.display_phone_number, "phone_number_id": number_id}
        value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": list(messages)}
        change = {"value": value, "field": "messages"}
        entry = {"id": BUSINESS.business_id, "changes": [change]}
        return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()

    def text(self, body: str, *, sender: str = TARIRO, wamid: str = "") -> dict[str, Any]:
        """A text message; each has an id of its own unless one is given."""
        self._sent += 1
        at_s = str(self.world.clock_ms() // 1000)
        wamid = wamid or f"wamid.attack-{self._sent}"
        return {"from": sender, "id": wamid, "timestamp": at_s, "type": "text", "text": {"body": body}}

    # -- on phones --------------------------------------------------------------------------------------------------

    async def say(self, who: str, *texts: str) -> str:
        """Somebody types this; what their phone shows then."""
        for text in texts:
            self.world.handsets[who].type(text)
            await self.world.settle()
        return self.screen(who).body

    async def tap(self, who: str, *titles: str) -> str:
        """Somebody taps what has this title; what their phone shows then."""
        for title in titles:
            self.world.handsets[who].tap(None, title)
            await self.world.settle()
        return self.screen(who).body

    async def forge_tap(self, who: str, identifier: str, title: str = "Confirm") -> str:
        """Somebody's altered WhatsApp sends a tap with an id that no button of theirs has; what it shows then."""
        reply = {"type": "button_reply", "button_reply": {"id": identifier, "title": title}}
        return await self.forge_message(who, {"type": "interactive", "interactive": reply})

    async def forge_form(self, who: str, answers: Mapping[str, str]) -> str:
        """Somebody's altered WhatsApp sends answers to a form; what it shows then."""
        reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(answers)}
        return await self.forge_message(
            who, {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}
        )

    async def forge_message(self, who: str, message: Mapping[str, Any]) -> str:
        """Somebody's altered WhatsApp sends a message in any shape; what it shows then."""
        self.world.handsets[who].raw(message)
        await self.world.settle()
        return self.screen(who).body

    def screen(self, who: str) -> Bubble:
        """The newest message on somebody's phone."""
        return self.world.handsets[who].screen[-1]

    def id_of(self, who: str, title: str) -> str:
        """The id behind what somebody could tap."""
        choices = (choice for bubble in reversed(self.world.handsets[who].screen) for choice in bubble.choices)
        return next(choice.id for choice in choices if choice.title == title)

    async def forget_ids(self) -> None:
        """The state forgets which messages it has seen, as it does after a week: its own clock is not virtual."""
        state: Any = self.world.open_quietly(open_state, 0)
        keys = [key async for key in state.scan_iter(match="{0}:seen:*")]
        await state.delete(*keys)
        await state.aclose()

    # -- what came of it --------------------------------------------------------------------------------------------

    async def picture(self) -> _Picture:
        """All that an attack could change."""
        state = self.world.open_quietly(open_state, 0)
        held = await raw(state)
        await state.aclose()
        bubbles = {name: len(handset.bubbles) for name, handset in self.world.handsets.items()}
        return _Picture(held, bubbles, copy.deepcopy(self.world.core.dump()))

    async def since(self, before: _Picture) -> str:
        """What has changed since, in words; ``nothing`` when nothing has."""
        await self.world.settle()
        now = await self.picture()
        told = [name for name, count in now.bubbles.items() if count != before.bubbles[name]]
        changed = [
            *(["money or accounts changed"] if now.core != before.core else []),
            *([f"{', '.join(told)} is told something"] if told else []),
            *(["something is stored"] if now.state != before.state and not told else []),
        ]
        return "; ".join(changed) or "nothing"

    async def attempt(self, what: str, trying: Awaitable[Answer], *statuses: int) -> Try:
        """Try something on the web that must be refused with one of these statuses, and must change nothing at all."""
        before = await self.picture()
        answer = await trying
        came = await self.since(before)
        return Try(what, str(answer), came, held=answer.status in statuses and came == "nothing")

    async def members_try(self, what: str, trying: Awaitable[str], shows: str) -> Try:
        """Try something on a phone that must change neither money nor accounts, and is answered with these words."""
        before = await self.picture()
        screen = await trying
        came = await self.since(before)
        moved = before.core != (await self.picture()).core
        said = next((line for line in screen.split("\n") if shows in line), screen.split("\n")[0])
        came = "money or accounts changed" if moved else "no money moves, no account changes"
        return Try(what, f"“{_short(said, shows)}”", came, held=not moved and shows in screen)


def _short(said: str, shows: str) -> str:
    """The sentence that matters; what stands around it is courtesy and advice."""
    sentences = said.split(". ")
    found = next(place for place, sentence in enumerate(sentences) if shows in sentence or place == len(sentences) - 1)
    return f"{'… ' * (found > 0)}{sentences[found].rstrip('.')}{'…' * (found < len(sentences) - 1)}"


async def raw(client: redis.asyncio.Redis) -> dict[bytes, object]:
    """Everything that a Redis holds, as it lies there, without what only counts time."""
    found: dict[bytes, object] = {}
    commands: Any = client
    async for key in commands.scan_iter(count=1000):
        match await commands.type(key):
            case b"string":
                found[key] = await commands.get(key)
            case b"list":
                found[key] = await commands.lrange(key, 0, -1)
            case b"hash":
                found[key] = sorted((await commands.hgetall(key)).items())
            case _:
                found[key] = await commands.zrange(key, 0, -1, withscores=True)
    return found


def apart(work: Callable[[], _T]) -> _T:
    """Do it in a thread of its own: a notebook's own thread runs an event loop already."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@contextmanager
def logging_to(file: TextIO) -> Iterator[None]:
    """Have the service log as in production, but into this file."""
    before = structlog.get_config()
    configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file))
    try:
        yield
    finally:
        structlog.configure(**before)


@dataclass
class Heard:
    """What an attacker, or whoever reads the logs, gets to hear: all that was answered, and all that was logged."""

    answers: list[Answer] = field(default_factory=list)
    log: StringIO = field(default_factory=StringIO)

    def text(self) -> str:
        """All of it."""
        told = [f"{answer.status} {answer.text} {sorted(answer.headers.items())}" for answer in self.answers]
        return "\n".join([*told, self.log.getvalue()])


def in_a_world(
    attack: Callable[[Place], Awaitable[_T]],
    *,
    forms: bool = False,
    heard: Heard | None = None,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> _T:
    """Let an attack take place, in a world of its own.

    Args:
        attack: what to try there.
        forms: the bot asks by forms.
        heard: gets to hear all that is answered and logged.
        run_bot: starts the bot; the service by default.
    """
    heard = Heard() if heard is None else heard

    async def main(clock: Clock) -> _T:
        world = World(clock, _people(), seed=1, forms=forms, run_bot=run_bot)
        place = Place(world, heard.answers)
        world.webhooks.route = partial(_noted, place)
        await world.start(at_ms=STARTS_MS)
        try:
            result = await attack(place)
            world.core.check_conserved()
        finally:
            await world.stop()
        return result

    with logging_to(heard.log):
        return apart(lambda: run(main, start_ms=STARTS_MS - START_UP_MS))


async def _noted(place: Place, proxy: Any, request: httpx.Request) -> httpx.Response:
    place.deliveries.append(request.content)
    response: httpx.Response = await proxy.forward(request)
    return response


def cache_of(world: World) -> redis.asyncio.Redis:
    """A client of the world's cache."""
    return world.open_quietly(open_cache, 1)
