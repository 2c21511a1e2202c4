"""One world: WhatsApp, Credex core, Redis, the network between them, people with phones, and the bot.

Everything random in it comes from one seed, all time from one clock.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final, Protocol

import httpx
import redis.asyncio
from fakeredis import FakeServer
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import OutOfMemoryError

from service.mailbox import open_cache, open_state
from service.mailbox.scripts import sources
from service.settings import EMBEDDED
from service.whatsapp.templates import INCOMING
from simulator.credex_core import Core, asgi_app
from simulator.errors import UnsettledError
from simulator.whatsapp_cloud import (
    ApprovedTemplate,
    CloudApi,
    Config,
    Event,
    FlowForm,
    Handset,
    InProcessTransport,
    graph_app,
)
from simulator.whatsapp_cloud.transcript.model import Kind, Recorder
from simulator.whatsapp_cloud.transcript.recorder import TranscriptRecorder
from simulator.whatsapp_cloud.virtual_time import VirtualTimeLoop
from simulator.world.connections import API_KEY, BUSINESS, FORMS, Connections, run_service
from simulator.world.failpoints import Failpoints, scripts_in
from simulator.world.faults import Faults
from simulator.world.fixtures import load_fixtures
from simulator.world.network import CommandHook, Network, Switch, with_switches
from simulator.world.people import Person
from simulator.world.process import Bot, BotProcess, LoadBalancer, ProcessRun
from simulator.world.proxy import Proxy
from simulator.world.redis_client import virtual_time_client

__all__ = ("START_UP_MS", "AnyClock", "World")

TEMPLATES: Final = (ApprovedTemplate(INCOMING.name, INCOMING.language, INCOMING.body, INCOMING.quick_replies),)

# Latencies in the order of magnitude of a phone network, so that the times in transcripts look real.
WEBHOOK_MS: Final = 150
GRAPH_MS: Final = 150
CORE_MS: Final = 400

HORIZON_MS: Final = 5_000
"""The world settles without what WhatsApp does later than this, such as repeating a webhook."""

START_UP_MS: Final = 1_000
"""How long the bot takes to start and WhatsApp to verify its callback."""

FROZEN_S: Final = 60
"""Longer than a worker's lease of 40 s."""

POLL_MS: Final = 500
"""The longest time after which another process notices work that one has left, as in production."""

BRINGS_WORK: Final = frozenset(sources()) - {"claim", "claim_outbox"}
"""The scripts after which work can be due."""

GROWS: Final = frozenset(name for name, text in sources().items() if "allow-oom" not in text.split("\n", 1)[0])
"""The scripts that Redis refuses when it is full."""

NOBODY: Final = -1
POLL_WORLD_MS: Final = 200
SETTLE_WITHIN_MS: Final = 15 * 60_000


class AnyClock(Protocol):
    """A virtual clock, or the system's."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""


class World:
    """WhatsApp, Credex core, Redis, people with phones and the processes of the bot, connected and ready to start.

    Args:
        clock: of the event loop in which everything runs.
        people: who takes part.
        seed: of everything random.
        redis_url: a real Redis with a database of its own (see `simulator.world.redis_database`), or ``embedded://``.
        run_bot: starts a bot on its connections; the service by default.
        forms: the bot asks by WhatsApp forms.
        processes: how many processes of the bot share one Redis.
        trace: called before and after every Redis command and every request to core and WhatsApp, and for every event
            at WhatsApp. Two runs with the same calls took the same course.

    Attributes:
        skews_ms: the error of each process's clock.
        next_releases: the processes that run the next release from their next start on.
        backup: when the state was last backed up, and its content then.
        lost_writes: the spans of time whose writes the state has lost.
        ran_next_release: the next release has run, so there may be records that only it can read.
        kill_points: failpoints at which a process is killed.
        freeze_points: failpoints at which a worker freezes.
        drop_points: failpoints at which a connection to the state breaks.
        full: the state Redis is at its memory limit.
        watchers: called for every event at WhatsApp.
    """

    def __init__(
        self,
        clock: AnyClock,
        people: Sequence[Person],
        *,
        seed: int = 1,
        redis_url: str = EMBEDDED,
        run_bot: Callable[[Connections], Bot] = run_service,
        forms: bool = False,
        processes: int = 1,
        trace: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self._forms = forms
        self._trace = trace
        self.skews_ms = [0] * processes
        self.next_releases: set[int] = set()
        self.ran_next_release = False
        self.backup: tuple[int, dict[bytes, tuple[bytes, int]]] | None = None
        self.lost_writes: list[tuple[int, int]] = []
        self.full = False
        self.watchers: list[Callable[[Event], None]] = []
        self.clock_ms = clock.now_ms
        self.people = {person.key: person for person in people}
        self.recorder = Recorder()
        self.kill_points = Failpoints()
        self.freeze_points = Failpoints()
        self.drop_points = Failpoints()
        self.core_faults = Faults()
        self.graph_faults = Faults()
        self.webhook_faults = Faults()
        self.cache_switch = Switch()
        self.state_switch = Switch()
        self._seed = seed
        self._redis_url = redis_url
        self._servers = (FakeServer(), FakeServer())
        self._run_bot = run_bot
        self._clients: list[redis.asyncio.Redis] = []
        self._bot_chance = self._chance("bot")
        self._polls = self._chance("polls")
        self._nudges: dict[int, asyncio.TimerHandle] = {}
        self.processes = tuple(BotProcess(partial(self._build, place)) for place in range(processes))
        self.process = self.processes[0]
        self.core = Core(clock_ms=self.clock_ms, rng=self._chance("core"), api_key=API_KEY)
        self.transcript_recorder = TranscriptRecorder(self.recorder, {person.phone: person.key for person in people})
        front = self.process if processes == 1 else LoadBalancer(self.processes, self._chance("balancer"))
        self.webhooks = Proxy(Network(front, faults=self.webhook_faults, latency_ms=WEBHOOK_MS))
        self._to_bot = httpx.AsyncClient(transport=self.webhooks, timeout=None)  # noqa: S113 - WhatsApp has its own
        self.cloud = self._cloud(forms=forms)
        self.handsets = {person.key: self._handset(person) for person in people}

    def _cloud(self, *, forms: bool) -> CloudApi:
        cloud = CloudApi(
            BUSINESS,
            to_bot=self._to_bot,
            clock_ms=self.clock_ms,
            rng=self._chance("cloud"),
            config=Config(horizon_ms=HORIZON_MS, templates=TEMPLATES, known_forms=True),
            on_event=self._happened,
        )
        if forms:
            cloud.account.forms |= {
                form_id: FlowForm(form_id, form.name, list(form.categories), published=form.source)
                for form_id, form in FORMS.items()
            }
        return cloud

    def _handset(self, person: Person) -> Handset:
        return self.cloud.handset(
            person.phone,
            name=person.name,
            receipts=person.receipts,
            online=person.online,
            blocked=person.blocked,
            **_identity(person),
        )

    def _chance(self, what: str) -> random.Random:
        return random.Random(f"{self._seed}:{what}")

    # -- the bot and its connections ----------------------------------------------------------------------------

    def _build(self, place: int, run: ProcessRun) -> Bot:
        ended, process = run.switch, self.processes[place]

        async def request(point: str) -> None:
            self._note(place, point, b"")
            if self.kill_points.reached(point):
                await self._die(process)

        async def command(when: str, packed: bytes) -> None:
            self._note(place, when, packed)
            if self.full and when == "before" and not GROWS.isdisjoint(scripts_in(packed)):
                raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.")
            if when == "after" and len(self.processes) > 1 and not BRINGS_WORK.isdisjoint(scripts_in(packed)):
                self._nudge(place)
            if self.kill_points.reached_script(when, packed):
                await self._die(process)
            if self.freeze_points.reached_script(when, packed):
                await self._freeze()
            if self.drop_points.reached_script(when, packed):
                # The process does not know that it left work, and finds it at its next poll.
                if not BRINGS_WORK.isdisjoint(scripts_in(packed)):
                    self._nudge(NOBODY)
                raise RedisConnectionError("Connection closed by server.")

        connections = Connections(
            clock_ms=lambda: self.clock_ms() + self.skews_ms[place],
            state=self._open(open_state, 0, [self.state_switch, ended], command),
            cache=self._open(open_cache, 1, [self.cache_switch, ended], self._watch_cache(place)),
            core=Network(_asgi(asgi_app(self.core)), faults=self.core_faults, latency_ms=CORE_MS, hook=request),
            graph=Network(
                InProcessTransport(graph_app(self.cloud)),
                faults=self.graph_faults,
                latency_ms=GRAPH_MS,
                hook=request,
                endpoint=_graph_endpoint,
            ),
            random_bytes=self._bot_chance.randbytes,
            forms=self._forms,
            next_release=place in self.next_releases,
        )
        return self._run_bot(connections)

    def _note(self, place: int, what: str, content: bytes) -> None:
        if self._trace is not None:
            self._trace(f"{self.clock_ms()} {place} {what}", content)

    def _watch_cache(self, place: int) -> CommandHook | None:
        async def command(when: str, packed: bytes) -> None:
            self._note(place, f"cache {when}", packed)

        return None if self._trace is None else command

    def _happened(self, event: Event) -> None:
        if self._trace is not None:
            self._trace("WhatsApp", repr(event).encode("utf-8", "surrogatepass"))
        self.transcript_recorder.see(event)
        for watcher in self.watchers:
            watcher(event)

    def _nudge(self, by: int) -> None:
        """Wake the other processes, each within its polling interval, because one has left work.

        In production they poll twice a second. Polls that find nothing would take most of the time of a long run.
        """
        for place, process in enumerate(self.processes):
            if place != by and place not in self._nudges:
                pause_s = self._polls.randrange(POLL_MS) / 1000
                self._nudges[place] = asyncio.get_running_loop().call_later(pause_s, self._wake, place, process)

    def _wake(self, place: int, process: BotProcess) -> None:
        del self._nudges[place]
        process.wake()

    def _open(
        self,
        opener: Callable[..., Any],
        place: int,
        switches: Sequence[Switch],
        hook: CommandHook | None,
    ) -> redis.asyncio.Redis:
        client = self.open_quietly(opener, place)
        self._clients.append(client)
        return with_switches(client, switches, hook)

    def open_quietly(self, opener: Callable[..., Any], place: int) -> redis.asyncio.Redis:
        """A client of the state (0) or the cache (1) without faults and hooks. The caller closes it."""
        client = opener(self._redis_url, server=self._servers[place])
        # Only the pool is replaced, because the mailbox asks whether the client is an embedded one.
        client.connection_pool = virtual_time_client(client).connection_pool
        embedded: redis.asyncio.Redis = client
        return embedded

    async def _die(self, process: BotProcess) -> None:
        which = f"Process {self.processes.index(process) + 1}" if len(self.processes) > 1 else "The bot"
        self.recorder.record(self.clock_ms(), "", Kind.STAGE, text=f"{which} is killed")
        process.kill()
        # The caller belongs to the killed process, and is cancelled with it.
        await asyncio.Event().wait()

    async def _freeze(self) -> None:
        """Freeze the worker that runs this script for longer than a lease, while the rest of the bot goes on."""
        self.recorder.record(self.clock_ms(), "", Kind.STAGE, text="The worker freezes for a minute")
        await asyncio.sleep(FROZEN_S)
        self.recorder.record(self.clock_ms(), "", Kind.STAGE, text="The worker wakes up")

    async def call_bot(self, request: httpx.Request) -> int:
        """Send the bot a request that is not from WhatsApp. Returns the status of its answer."""
        return (await self._to_bot.send(request)).status_code

    # -- start, stop, time --------------------------------------------------------------------------------------

    async def start(self, *, at_ms: int | None = None) -> None:
        """Fill Credex core and start the bot; then let time pass until ``at_ms``, if it is given."""
        load_fixtures(self.core, self.people.values())
        for process in self.processes:
            await process.start()
        await self.cloud.start()
        if at_ms is not None:
            await self.pass_time(at_ms - self.clock_ms())

    async def stop(self) -> None:
        """Stop the bot, close all connections."""
        for process in self.processes:
            await process.stop()
        for nudge in self._nudges.values():
            nudge.cancel()
        await self.cloud.stop()
        for client in self._clients:
            await client.aclose()
        await self._to_bot.aclose()

    async def pass_time(self, duration_ms: int) -> None:
        """Let virtual time pass."""
        await asyncio.sleep(duration_ms / 1000)

    async def settle(self) -> None:
        """Let time pass until neither WhatsApp nor the bot has work due or in progress.

        Raises:
            UnsettledError: work stays in progress for a quarter of an hour.
        """
        limit, polls = self.clock_ms() + SETTLE_WITHIN_MS, 1
        while True:
            await self.pass_time(polls * POLL_WORLD_MS)
            waits_for = await self._in_hand()
            if not waits_for:
                return
            polls = await _polls_without_change()
            # Work in progress may have ended without taking any time.
            if polls > 1 and not await self._in_hand():
                polls = 1
            if self.clock_ms() > limit:
                raise UnsettledError(f"a quarter of an hour passed and {waits_for} still had work in hand")

    async def _in_hand(self) -> str:
        """Who still has work. WhatsApp is asked first: asking the bot takes a call to Redis."""
        if self.cloud.busy():
            return "WhatsApp"
        return "the bot" if await self._at_work() else ""

    async def _at_work(self) -> bool:
        # Without its state the bot can do nothing and cannot be asked.
        if self.state_switch.down:
            return False
        for process in self.processes:
            if await process.busy():
                return True
        return False


async def _polls_without_change() -> int:
    """How many polling intervals from now the state of the world can first have changed."""
    loop = asyncio.get_running_loop()
    quiet_us = await loop.until_next_timer_us() if isinstance(loop, VirtualTimeLoop) else 0
    return max(1, -(-quiet_us // (POLL_WORLD_MS * 1000)))


def _identity(person: Person) -> dict[str, Any]:
    """Meta's four kinds of test users: without a username, with one, with a hidden number, with a parent id."""
    named: dict[str, dict[str, Any]] = {
        "number": {},
        "username": {"username": person.key.lower()},
        "hidden": {"username": person.key.lower(), "hides_number": True},
        "parent": {"username": person.key.lower(), "parent_id": f"ZW.ENT.{person.phone}"},
    }
    return named[person.identity]


def _graph_endpoint(request: httpx.Request) -> str:
    """``typing`` for read receipts with typing indicators, which differ from messages only in the body."""
    return "typing" if b'"status"' in request.content and b'"read"' in request.content else "messages"


def _asgi(app: Any) -> httpx.AsyncBaseTransport:
    # Any: Litestar and httpx type ASGI differently.
    return httpx.ASGITransport(app=app)
