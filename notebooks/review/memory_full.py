"""Experiments with a full Redis: eviction policies under the mailbox, then both instances under the service."""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
from redis.exceptions import OutOfMemoryError

from notebooks.review.memory_keys import snapshot
from notebooks.review.memory_members import DAY_MS, NOW_MS, Records
from notebooks.review.memory_timeline import OFFER
from service.mailbox import Idle, InboxEntry, InboxLease, Mailbox, StateFullError, open_state
from simulator.processes.programs import STATE_OPTIONS, Program, bot, free_port, redis_server
from simulator.script.conversation import load
from simulator.server.services import SimulatedServices, run_services
from simulator.server.virtual_user import VirtualUser
from simulator.whatsapp_cloud import Config
from simulator.whatsapp_cloud.wire import signature
from simulator.world.fixtures import load_fixtures

__all__ = ("Chat", "Flood", "Full", "chat", "flood", "full_state")

POLICIES: Final = ("noeviction", "volatile-lru", "allkeys-lru")
ROOM: Final = 512 * 1024
STATE_ROOM: Final = 2 * 1024 * 1024
SERVED: Final = 200
FLOODING: Final = 1_200

SHOP: Final = "farai_shop"
PHONE: Final = "263771234567"
READY_WITHIN_S: Final = 120.0
ANSWER_WITHIN_S: Final = 120.0
BALLAST: Final = "ballast"
FILL: Final = "#!lua flags=allow-oom\nredis.call('SET', KEYS[1], string.rep('x', ARGV[1]))"
CONFIG: Final = Config(pair_every_ms=None, per_second=None, window_ms=None, sent_ms=20, delivered_ms=40)


# -- policies under the mailbox ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flood:
    """The result of storing more messages than fit, under one policy.

    Attributes:
        policy: the eviction policy.
        stored: messages that were acknowledged to WhatsApp.
        refused: messages that WhatsApp will deliver again.
        answered: messages that a worker then handled.
        twice: redelivered messages that were not recognised as duplicates.
    """

    policy: str
    stored: int
    refused: int
    answered: int
    twice: int

    @property
    def lost(self) -> int:
        """Messages that were acknowledged to WhatsApp and then lost."""
        return self.stored - self.answered


async def flood(records: Records) -> list[Flood]:
    """The fate of messages that exceed the memory limit, under each policy."""
    return [await _flooded(policy, records) for policy in POLICIES]


async def _flooded(policy: str, records: Records) -> Flood:
    with redis_server("--maxmemory-policy", policy) as server:
        client: Any = open_state(f"redis://127.0.0.1:{server.port}")
        try:
            mailbox = Mailbox(client)
            earlier = [_arrival(number, records) for number in range(SERVED)]
            await mailbox.ingest(earlier, NOW_MS)
            await _drained(mailbox, NOW_MS, records)
            await client.config_set("maxmemory", (await client.info("memory"))["used_memory"] + ROOM)
            stored = 0
            for number in range(SERVED, SERVED + FLOODING):
                try:
                    stored += sum(await mailbox.ingest([_arrival(number, records)], NOW_MS + 1))
                except StateFullError:
                    continue
            answered = await _drained(mailbox, NOW_MS + DAY_MS, records)
            await client.config_set("maxmemory", 0)
            twice = sum(await mailbox.ingest(earlier, NOW_MS + DAY_MS))
        finally:
            await client.aclose()
    return Flood(policy, stored, FLOODING - stored, answered, twice)


def _arrival(number: int, records: Records) -> InboxEntry:
    return InboxEntry(f"{263_770_000_000 + number}", f"wamid.flood{number}", NOW_MS, records.inbound[0])


async def _drained(mailbox: Mailbox, now_ms: int, records: Records) -> int:
    """Handle all messages as a worker; returns their number."""
    found = 0
    while not isinstance(claim := await mailbox.claim(now_ms), Idle):
        following: InboxLease | None = claim
        while following is not None:
            found += 1
            following = (await mailbox.commit(following, now_ms, session=records.sessions[0])).next
    return found


# -- both instances under the service ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Chat:
    """The result of a conversation while the cache is in some condition.

    Attributes:
        cache: the condition of the cache.
        answers: the first lines of the answers.
        evicted: keys that the cache evicted.
        refused: commands that it refused for lack of memory.
        slowest_s: the longest waiting time of the member.
        offers: the number of offers in Credex core afterwards.
    """

    cache: str
    answers: tuple[str, ...]
    evicted: int
    refused: int
    slowest_s: float
    offers: int


async def chat(cache: str, *, policy: str = "allkeys-lru", full: bool = False) -> Chat:
    """Make an offer while the cache is full or has room."""
    async with _running_service("--maxmemory-policy", policy) as service:
        if full:
            await service.fill_cache()
        answers = [
            await service.says("hi"),
            await service.says(f"12.50=>{SHOP}"),
            await service.taps("Confirm"),
        ]
        told = await service.cache.info("all")
        refused = told.get("errorstat_OOM", {}).get("count", 0)
        texts = tuple(text for text, _ in answers)
        slowest = max(waited for _, waited in answers)
        return Chat(cache, texts, told["evicted_keys"], refused, slowest, service.offers())


@dataclass(frozen=True, slots=True)
class Full:
    """A step of the experiment with a full state Redis, and its result."""

    did: str
    came: str


async def full_state() -> list[Full]:
    """The state Redis fills up during a conversation, and is then freed."""
    async with _running_service() as service:
        await service.state.config_set("maxmemory", (await service.state.info("memory"))["used_memory"] + STATE_ROOM)
        steps = [Full("Tariro greets; there is room", _first(await service.says("hi")))]
        service.world.core_proxy.latency_ms = 1500
        answers = len(service.user.answers)
        service.user.type(f"12.50=>{SHOP}")
        await service.until_stored(answers)
        await service.fill_state()
        steps.append(Full("she offers; the state runs full while core thinks", await service.next_answer(answers)))
        service.world.core_proxy.latency_ms = 0
        await service.quiet()
        before = await service.keys()
        status = await service.post("wamid.full", "hi")
        changed = "nothing was stored" if await service.keys() == before else "something was stored"
        steps.append(Full("a message comes while it is full", f"HTTP {status}, {changed}"))
        steps.append(Full("is it healthy?", f"HTTP {await service.health()}"))
        await service.state.delete(BALLAST)
        steps.append(
            Full(
                "there is room again, and WhatsApp delivers it again", f"HTTP {await service.post('wamid.full', 'hi')}"
            )
        )
        steps.append(Full("and the answer", await service.next_answer(answers + 1)))
        again = await service.post("wamid.full", "hi")
        await service.quiet()
        steps.append(Full("and again", f"HTTP {again}, answers: {len(service.user.answers)}"))
        return steps


def _first(answer: tuple[str, float]) -> str:
    return answer[0]


class _RunningService:
    """The service as a process, with two redis-servers and one member."""

    def __init__(self, world: SimulatedServices, program: Program, state: Any, cache: Any) -> None:
        self.world, self.program, self.state, self.cache = world, program, state, cache
        load_fixtures(world.core, load(OFFER).people)
        self.user: VirtualUser = world.add_user(PHONE, "Tariro Moyo")

    async def says(self, text: str) -> tuple[str, float]:
        """The answer to the member, and the waiting time in seconds."""
        return await self._answered(lambda: self.user.type(text))

    async def taps(self, title: str) -> tuple[str, float]:
        newest = self.user.answers[-1]
        return await self._answered(lambda: self.user.tap(newest, title))

    async def _answered(self, act: Any) -> tuple[str, float]:
        known, began = len(self.user.answers), time.monotonic()
        act()
        return await self.next_answer(known), time.monotonic() - began

    async def next_answer(self, number: int) -> str:
        async with asyncio.timeout(ANSWER_WITHIN_S):
            bubble = await self.user.answer(number)
        return next(iter(str(bubble.body).splitlines()), "")

    def offers(self) -> int:
        return len(self.world.core.offers())

    async def keys(self) -> dict[str, tuple[bytes, ...]]:
        return {name: stored.parts for name, stored in (await snapshot(self.state)).items()}

    async def until_stored(self, answers: int) -> None:
        """Wait until the message is stored or already answered."""
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while len(self.user.answers) == answers:
                if await self.state.exists(f"{{0}}:inbox:{PHONE}"):
                    return
                await asyncio.sleep(0.01)

    async def fill_state(self) -> None:
        """Fill the state Redis beyond its limit with a value that nothing reads."""
        await self.state.eval(FILL, 1, BALLAST, 2 * STATE_ROOM)

    async def fill_cache(self) -> None:
        """Fill the cache Redis with more dashboards of other members than fit."""
        await self.cache.config_set("maxmemory", (await self.cache.info("memory"))["used_memory"] + ROOM)
        for number in range(3 * ROOM // 1024):
            try:
                await self.cache.set(f"dashboard:{263_780_000_000 + number}", b"x" * 900, px=DAY_MS)
            except OutOfMemoryError:
                break
        # From here on only the conversation is counted.
        await self.cache.config_resetstat()

    async def post(self, wamid: str, text: str) -> int:
        business = self.world.cloud.business
        body = _webhook(business.phone_number_id, wamid, text)
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature(business.app_secret, body)}
        async with httpx.AsyncClient(trust_env=False) as http:
            url = f"http://127.0.0.1:{self.program.port}/bot/webhook"
            return (await http.post(url, content=body, headers=headers)).status_code

    async def health(self) -> int:
        async with httpx.AsyncClient(trust_env=False) as http:
            return (await http.get(f"http://127.0.0.1:{self.program.port}/health/")).status_code

    async def quiet(self) -> None:
        mailbox = Mailbox(self.state)
        async with asyncio.timeout(ANSWER_WITHIN_S):
            while True:
                stats = await mailbox.queue_stats()
                if not stats.inbox_members and not stats.outbox_members:
                    return
                await asyncio.sleep(0.02)


def _webhook(phone_number_id: str, wamid: str, text: str) -> bytes:
    said = {"from": PHONE, "id": wamid, "timestamp": str(int(time.time())), "type": "text", "text": {"body": text}}
    value = {"messaging_product": "whatsapp", "metadata": {"phone_number_id": phone_number_id}, "messages": [said]}
    envelope = {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
    return httpx.Request("POST", "http://x", json=envelope).content


@asynccontextmanager
async def _running_service(*cache_options: str) -> AsyncIterator[_RunningService]:
    port = free_port()
    options: Sequence[str] = ("--appendonly", "no", *cache_options)
    with (
        redis_server(*STATE_OPTIONS) as state,
        redis_server(*options) as cache,
        tempfile.TemporaryDirectory(prefix="vimbisopay-memory-") as folder,
    ):
        async with run_services(bots=[f"http://127.0.0.1:{port}"], config=CONFIG) as world:
            environment = world.environment(
                redis_state_url=f"redis://127.0.0.1:{state.port}",
                redis_url=f"redis://127.0.0.1:{cache.port}",
                credex_calls_per_minute="100000",
            )
            program = bot(environment, port=port, log=Path(folder) / "bot.log")
            clients: list[Any] = [open_state(f"redis://127.0.0.1:{each.port}") for each in (state, cache)]
            try:
                await _ready(program)
                await world.cloud.start()
                yield _RunningService(world, program, *clients)
            finally:
                program.stop()
                for client in clients:
                    await client.aclose()


async def _ready(program: Program) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    async with httpx.AsyncClient(trust_env=False) as http:
        while time.monotonic() < deadline and not program.ended:
            try:
                if (await http.get(f"http://127.0.0.1:{program.port}/health/")).is_success:
                    return
            except httpx.HTTPError:
                await asyncio.sleep(0.05)
    raise RuntimeError(f"the service did not become ready:\n{program.log_tail()}")
