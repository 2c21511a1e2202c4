"""The environment of the attacks: the service in a simulated world, with victims and an attacker.

The service is the real one; only time, WhatsApp, Credex core and Redis are simulated.
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
    "AttackWorld",
    "Attempt",
    "Observations",
    "Response",
    "cache_of",
    "dump_redis",
    "logging_to",
    "run_in_thread",
    "run_in_world",
    "usd",
)

_T = TypeVar("_T")

TARIRO: Final = "263771234567"
FARAI: Final = "263712345678"
MALLORY: Final = "263772000666"
HIDDEN: Final = "263773000777"
STRANGER: Final = "263774000888"
"""The number of a non-member without a phone in the world; only forged envelopes contain it."""

SECRETS: Final = (BUSINESS.access_token, BUSINESS.app_secret, BUSINESS.verify_token, API_KEY, WEBHOOK_SECRET)
STARTS_MS: Final = 1_793_599_200_000
"""Monday 2 November 2026, 08:00 in Harare."""
DAY_MS: Final = 86_400_000


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: what was tried, the answer, the effect, and whether the defence held."""

    what: str
    answer: str
    effect: str
    held: bool


@dataclass(frozen=True, slots=True)
class Response:
    """An HTTP response of the service."""

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
class _Snapshot:
    state: Mapping[bytes, object]
    bubbles: Mapping[str, int]
    core: object


def usd(amount: str) -> Money:
    """An amount in US dollars."""
    return Money(Decimal(amount), Denomination.USD)


def _people() -> tuple[Person, ...]:
    return (
        Person("Tariro", TARIRO, "Tariro Moyo", MemberSpec(tier=3, handle="tariro", balances=(usd("50"),))),
        Person("Farai", FARAI, "Farai Ncube", MemberSpec(tier=3, handle="farai_shop", balances=(usd("100"),))),
        Person("Mallory", MALLORY, "Mallory Dube", MemberSpec(tier=4, handle="mallory", balances=(usd("5"),))),
        Person("Hidden", HIDDEN, "Nobody Knows", None, identity="hidden"),
    )


@dataclass
class AttackWorld:
    """A simulated world with an attacker.

    Attributes:
        world: the simulated world.
        answers: all HTTP responses so far.
        deliveries: the bodies of all webhooks so far.
    """

    world: World
    answers: list[Response] = field(default_factory=list)
    deliveries: list[bytes] = field(default_factory=list)
    _sent: int = 0

    # -- HTTP -------------------------------------------------------------------------------------------------------

    async def request(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})
    ) -> Response:
        """Send a request to the service."""
        named = [(name.encode(), value.encode()) for name, value in headers.items()]
        async with httpx.AsyncClient(transport=self.world.process, base_url=BOT_URL) as http:
            response = await http.request(method, path, content=body, headers=named)
        answer = Response(response.status_code, response.text, dict(response.headers))
        self.answers.append(answer)
        return answer

    async def deliver(self, body: bytes, **headers: str) -> Response:
        """Post a webhook as WhatsApp does, with a valid signature unless the headers override it."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        signed = {"X-Hub-Signature-256": sign(BUSINESS.app_secret, body), **named}
        return await self.request("POST", "/bot/webhook", body, signed)

    def envelope(self, *messages: Mapping[str, Any], number_id: str = BUSINESS.phone_number_id) -> bytes:
        """The body of a webhook with these messages."""
        metadata = {"display_phone_number": BUSINESS.display_phone_number, "phone_number_id": number_id}
        value = {"messaging_product": "whatsapp", "metadata": metadata, "messages": list(messages)}
        change = {"value": value, "field": "messages"}
        entry = {"id": BUSINESS.business_id, "changes": [change]}
        return json.dumps({"object": "whatsapp_business_account", "entry": [entry]}).encode()

    def text(self, body: str, *, sender: str = TARIRO, wamid: str = "") -> dict[str, Any]:
        """A text message, with a fresh id unless one is given."""
        self._sent += 1
        at_s = str(self.world.clock_ms() // 1000)
        wamid = wamid or f"wamid.attack-{self._sent}"
        return {"from": sender, "id": wamid, "timestamp": at_s, "type": "text", "text": {"body": body}}

    # -- on phones --------------------------------------------------------------------------------------------------

    async def say(self, who: str, *texts: str) -> str:
        """A person types these texts; returns the newest message on the phone."""
        for text in texts:
            self.world.handsets[who].type(text)
            await self.world.settle()
        return self.screen(who).body

    async def tap(self, who: str, *titles: str) -> str:
        """A person taps the options with these titles; returns the newest message on the phone."""
        for title in titles:
            self.world.handsets[who].tap(None, title)
            await self.world.settle()
        return self.screen(who).body

    async def forge_tap(self, who: str, identifier: str, title: str = "Confirm") -> str:
        """A modified WhatsApp sends a tap with a forged id; returns the newest message on the phone."""
        reply = {"type": "button_reply", "button_reply": {"id": identifier, "title": title}}
        return await self.forge_message(who, {"type": "interactive", "interactive": reply})

    async def forge_form(self, who: str, answers: Mapping[str, str]) -> str:
        """A modified WhatsApp sends a form reply; returns the newest message on the phone."""
        reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(answers)}
        return await self.forge_message(
            who, {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}
        )

    async def forge_message(self, who: str, message: Mapping[str, Any]) -> str:
        """A modified WhatsApp sends an arbitrary message; returns the newest message on the phone."""
        self.world.handsets[who].raw(message)
        await self.world.settle()
        return self.screen(who).body

    def screen(self, who: str) -> Bubble:
        """The newest message on a person's phone."""
        return self.world.handsets[who].screen[-1]

    def id_of(self, who: str, title: str) -> str:
        """The id of the option with this title on a person's phone."""
        choices = (choice for bubble in reversed(self.world.handsets[who].screen) for choice in bubble.choices)
        return next(choice.id for choice in choices if choice.title == title)

    async def forget_ids(self) -> None:
        """Delete the ids of known messages, as Redis does after a week; the clock of Redis is not virtual."""
        state: Any = self.world.open_quietly(open_state, 0)
        keys = [key async for key in state.scan_iter(match="{0}:seen:*")]
        await state.delete(*keys)
        await state.aclose()

    # -- effects ---------------------------------------------------------------------------------------------------

    async def snapshot(self) -> _Snapshot:
        """Everything that an attack could change."""
        state = self.world.open_quietly(open_state, 0)
        held = await dump_redis(state)
        await state.aclose()
        bubbles = {name: len(handset.bubbles) for name, handset in self.world.handsets.items()}
        return _Snapshot(held, bubbles, copy.deepcopy(self.world.core.dump()))

    async def changes_since(self, before: _Snapshot) -> str:
        """The changes since a snapshot, in words; ``nothing`` if there are none."""
        await self.world.settle()
        now = await self.snapshot()
        told = [name for name, count in now.bubbles.items() if count != before.bubbles[name]]
        changed = [
            *(["money or accounts changed"] if now.core != before.core else []),
            *([f"{', '.join(told)} is told something"] if told else []),
            *(["something is stored"] if now.state != before.state and not told else []),
        ]
        return "; ".join(changed) or "nothing"

    async def attempt(self, what: str, trying: Awaitable[Response], *statuses: int) -> Attempt:
        """An HTTP attempt: it must be refused with one of these statuses and must change nothing."""
        before = await self.snapshot()
        answer = await trying
        effect = await self.changes_since(before)
        return Attempt(what, str(answer), effect, held=answer.status in statuses and effect == "nothing")

    async def member_attempt(self, what: str, trying: Awaitable[str], shows: str) -> Attempt:
        """An attempt on a phone: it must change neither money nor accounts, and the answer must contain `shows`."""
        before = await self.snapshot()
        screen = await trying
        effect = await self.changes_since(before)
        moved = before.core != (await self.snapshot()).core
        said = next((line for line in screen.split("\n") if shows in line), screen.split("\n")[0])
        effect = "money or accounts changed" if moved else "no money moves, no account changes"
        return Attempt(what, f"“{_short(said, shows)}”", effect, held=not moved and shows in screen)


def _short(said: str, shows: str) -> str:
    """The sentence of the answer that contains `shows`, or the last sentence."""
    sentences = said.split(". ")
    found = next(place for place, sentence in enumerate(sentences) if shows in sentence or place == len(sentences) - 1)
    return f"{'… ' * (found > 0)}{sentences[found].rstrip('.')}{'…' * (found < len(sentences) - 1)}"


async def dump_redis(client: redis.asyncio.Redis) -> dict[bytes, object]:
    """The content of every key of a Redis, without the expiry times."""
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


def run_in_thread(work: Callable[[], _T]) -> _T:
    """Run `work` in another thread, because the thread of a notebook already runs an event loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@contextmanager
def logging_to(file: TextIO) -> Iterator[None]:
    """Configure the service's logging as in production, but write to this file."""
    before = structlog.get_config()
    configure()
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(file))
    try:
        yield
    finally:
        structlog.configure(**before)


@dataclass
class Observations:
    """What an attacker or a reader of the logs can observe: all responses and the log."""

    answers: list[Response] = field(default_factory=list)
    log: StringIO = field(default_factory=StringIO)

    def text(self) -> str:
        """All responses and log lines as text."""
        told = [f"{answer.status} {answer.text} {sorted(answer.headers.items())}" for answer in self.answers]
        return "\n".join([*told, self.log.getvalue()])


def run_in_world(
    attack: Callable[[AttackWorld], Awaitable[_T]],
    *,
    forms: bool = False,
    observations: Observations | None = None,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> _T:
    """Run an attack in a fresh world.

    Args:
        attack: makes the attempts.
        forms: whether the bot asks by WhatsApp forms.
        observations: collects all responses and log lines.
        run_bot: starts the bot; by default the service.
    """
    observations = Observations() if observations is None else observations

    async def main(clock: Clock) -> _T:
        world = World(clock, _people(), seed=1, forms=forms, run_bot=run_bot)
        place = AttackWorld(world, observations.answers)
        world.webhooks.route = partial(_noted, place)
        await world.start(at_ms=STARTS_MS)
        try:
            result = await attack(place)
            world.core.check_conserved()
        finally:
            await world.stop()
        return result

    with logging_to(observations.log):
        return run_in_thread(lambda: run(main, start_ms=STARTS_MS - START_UP_MS))


async def _noted(place: AttackWorld, proxy: Any, request: httpx.Request) -> httpx.Response:
    place.deliveries.append(request.content)
    response: httpx.Response = await proxy.forward(request)
    return response


def cache_of(world: World) -> redis.asyncio.Redis:
    """A client of the world's cache."""
    return world.open_quietly(open_cache, 1)
