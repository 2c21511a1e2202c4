"""Processes of the service on real Redis servers, and the simulated services around them.

A `Stack` is a state Redis, a cache, processes of the service, and WhatsApp, Credex core and users in this process. All
of it stops at the end of its block. The processes connect through proxies that can break connections.
"""

from __future__ import annotations

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from redis.asyncio import Redis

from service.mailbox import Mailbox, open_state
from service.runtime.progress import STILL_WORKING
from simulator.errors import SimulatorError
from simulator.people import Persona
from simulator.processes.programs import STATE_OPTIONS, Program, ProgramError, bot, free_port, start_redis
from simulator.processes.tcp_proxy import TcpProxy, tcp_proxy
from simulator.server.services import SimulatedServices, run_services
from simulator.server.virtual_user import VirtualUser
from simulator.whatsapp_cloud import Config, Event, Shown

__all__ = ("CONFIG", "NotInTimeError", "Proxies", "Stack", "eventually", "handle_of", "phone_of", "start_stack")

START_WITHIN_S: Final = 300
QUIET_WITHIN_S: Final = 300
CACHE_OPTIONS: Final = ("--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
MAX_LOG_BYTES: Final = 4_000_000
LOGS_KEPT: Final = 40
"""The number of ended processes whose logs are kept."""

SETTINGS: Final = {
    "credex_calls_per_minute": "100000",
    "whatsapp_messages_per_second": "1000",
    "django_env": "development",
}
"""Rate limits are lifted; everything else is as deployed."""

CONFIG: Final = Config(
    # Shorter than Meta's waits, whose third attempt comes after 10 s, to keep the runs short.
    retry_after_ms=(0, 500, 1_000, *[2_000] * 60),
    sent_ms=20,
    delivered_ms=40,
    read_ms=60,
    per_second=None,
)


class NotInTimeError(SimulatorError):
    """A condition did not become true in time."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies between the processes of the service and their Redis servers and HTTP services."""

    state: TcpProxy
    cache: TcpProxy
    core: TcpProxy
    graph: TcpProxy

    def clear_faults(self) -> None:
        """Remove all faults."""
        for proxy in (self.state, self.cache, self.core, self.graph):
            proxy.clear_faults()


@dataclass
class Stack:
    """A running stack.

    Attributes:
        world: WhatsApp, Credex core and the users.
        bots: the processes of the service; a restarted one keeps its index and port.
        redis: a client of the state Redis without a proxy.
        folder: of all files and logs.
        shown: the number of messages that phones have shown.
        news: set by every event at WhatsApp.
        on_event: called with every event at WhatsApp.
    """

    world: SimulatedServices
    bots: list[Program]
    state: Program
    cache: Program
    redis: Redis
    proxies: Proxies
    folder: Path
    environment: dict[str, str]
    module: str
    shown: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)
    on_event: Callable[[Event], None] = field(default=lambda _: None)
    started: int = 0
    programs: list[Program] = field(default_factory=list)
    restarting: set[asyncio.Task[Program]] = field(default_factory=set)

    # -- the service ------------------------------------------------------------------------------------------------

    def kill(self, index: int) -> None:
        """Kill a process with SIGKILL if it runs."""
        if not self.bots[index].ended:
            self.bots[index].kill()

    def start(self, index: int) -> None:
        """Start an ended process again."""
        assert self.bots[index].ended
        self.bots[index] = self.run_bot(self.bots[index].port)

    def run_bot(self, port: int) -> Program:
        """Start the service on a port; it stops with the stack."""
        self.started += 1
        log = self.folder / f"bot-{self.started}.log"
        program = bot(self.environment, port=port, log=log, module=self.module)
        self.programs.append(program)
        return program

    def truncate_logs(self) -> None:
        """Delete old logs and truncate long ones."""
        ended = [program for program in self.programs if program.ended]
        for program in ended[:-LOGS_KEPT]:
            self.programs.remove(program)
            program.log.unlink()
        for program in (*self.bots, self.state, self.cache):
            program.truncate_log(MAX_LOG_BYTES)

    async def restart_state(self) -> None:
        """Start the killed state Redis again, on its port and its files."""
        self.state = await self._restarted("state", self.state.port, STATE_OPTIONS)
        # The old connections are dead, and this client does not retry.
        await self.redis.connection_pool.disconnect()

    async def restart_cache(self) -> None:
        """Start the killed cache again, empty."""
        self.cache = await self._restarted("cache", self.cache.port, CACHE_OPTIONS)

    async def _restarted(self, name: str, port: int, options: Sequence[str]) -> Program:
        work = asyncio.to_thread(start_redis, self.folder / name, *options, port=port)
        starting = asyncio.create_task(work)
        self.restarting.add(starting)
        # If the caller is cancelled, the process still starts; `end` must know it to stop it.
        program = await asyncio.shield(starting)
        self.restarting.discard(starting)
        return program

    async def end(self) -> None:
        """Kill everything that was started here and still runs."""
        restarted = await asyncio.gather(*self.restarting, return_exceptions=True)
        begun = [program for program in restarted if isinstance(program, Program)]
        _end_all([*self.programs, *begun, self.state, self.cache])

    async def health(self, index: int = 0) -> tuple[int, dict[str, Any]]:
        """Status and body of ``/health/``; 0 and empty if the process does not answer."""
        return await self.health_of(self.bots[index])

    async def health_of(self, program: Program) -> tuple[int, dict[str, Any]]:
        """As `health`, of a process that is not in `bots` yet."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
                answer = await http.get(f"http://127.0.0.1:{program.port}/health/")
        except httpx.HTTPError:
            return 0, {}
        return answer.status_code, answer.json()

    async def healthy(self, status: int = 200, *, index: int = 0) -> dict[str, Any]:
        """Wait until ``/health/`` answers with this status, and return its body.

        Raises:
            ProgramError: the process has ended.
            NotInTimeError: it did not in time.
        """
        body: dict[str, Any] = {}

        async def answers() -> bool:
            nonlocal body
            code, body = await self.health(index)
            if self.bots[index].ended:
                raise ProgramError(f"a process of the service has ended:\n{self.bots[index].log_tail()}")
            return code == status

        await eventually(answers, f"/health/ says {status}", within_s=START_WITHIN_S)
        return body

    def turn_logs(self) -> list[dict[str, Any]]:
        """The `turn` log lines of all processes."""
        proxies = [line for log in self.folder.glob("bot-*.log") for line in log.read_text("utf-8").splitlines()]
        read = [json.loads(line) for line in proxies if line.startswith("{") and line.endswith("}")]
        return [line for line in read if line.get("event") == "turn"]

    # -- Redis ------------------------------------------------------------------------------------------------------

    async def held_leases(self) -> list[str]:
        """The keys of the held leases, including those of killed processes."""
        keys = [key async for key in self.redis.scan_iter(match="{0}:lease:*", count=1000)]
        fields = [await _awaited(self.redis.hget(key, "held")) for key in keys]
        return sorted(key.decode() for key, value in zip(keys, fields, strict=True) if value is not None)

    async def unfinished_work(self) -> list[str]:
        """Unfinished work in the state Redis: all keys but sessions, seen messages and free leases."""
        keys = [key.decode() async for key in self.redis.scan_iter(count=1000)]
        work = [key for key in keys if not key.startswith(("{0}:session:", "{0}:seen:", "{0}:lease:"))]
        return sorted([*work, *[f"held: {lease}" for lease in await self.held_leases()]])

    async def wait_until_idle(self, *, within_s: float = QUIET_WITHIN_S) -> list[str]:
        """Wait until no work is left. Returns the work that is still there in the end."""
        left: list[str] = []

        async def nothing_left() -> bool:
            nonlocal left
            left = await self.unfinished_work()
            return not left

        try:
            await eventually(nothing_left, "no work is left", within_s=within_s)
        except NotInTimeError:
            return left
        stats = await Mailbox(self.redis).queue_stats()
        return [] if (stats.inbox_members, stats.outbox_members, stats.dead_letters) == (0, 0, 0) else [str(stats)]

    async def durability(self) -> tuple[str, str, str]:
        """Appendonly, appendfsync and maxmemory-policy, from CONFIG GET of the running state Redis."""
        config: dict[str, str] = {}
        for name in ("appendonly", "appendfsync", "maxmemory-policy"):
            found = await _awaited(self.redis.config_get(name))
            config |= {_text(key): _text(value) for key, value in found.items()}
        return config["appendonly"], config["appendfsync"], config["maxmemory-policy"]

    # -- users ------------------------------------------------------------------------------------------------------

    def handle_event(self, event: Event) -> None:
        """Note an event at WhatsApp and pass it on."""
        self.shown += isinstance(event, Shown)
        self.news.set()
        self.on_event(event)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds; it is checked after each event at WhatsApp."""
        while not condition():
            self.news.clear()
            await self.news.wait()

    def add_user(self, person: Persona, number: int) -> VirtualUser:
        """Add a user with the phone of this number; two personas may have the same phone, two numbers not."""
        return self.world.add_user(phone_of(number), person.name, skip=frozenset({STILL_WORKING}))

    def add_member(self, person: Persona, number: int, *, tier: int = 3) -> VirtualUser:
        """Add a user who is a member, with the handle ``member_<number>``."""
        phone, last = phone_of(number), person.last_name
        self.world.core.add_member(phone, person.first_name, last, tier=tier, handle=handle_of(number))
        return self.add_user(person, number)


def phone_of(number: int) -> str:
    """The Zimbabwean mobile number of a user."""
    return f"26377{1_000_000 + number}"


def handle_of(number: int) -> str:
    """The handle of a user."""
    return f"member_{number}"


async def eventually(
    condition: Callable[[], Awaitable[bool]], what: str, *, within_s: float, every_s: float = 0.1
) -> None:
    """Poll until a condition holds.

    Raises:
        NotInTimeError: it did not in time.
    """
    deadline = time.monotonic() + within_s
    while not await condition():
        if time.monotonic() > deadline:
            raise NotInTimeError(f"after {within_s:g} s it is still not true that {what}")
        await asyncio.sleep(every_s)


@asynccontextmanager
async def start_stack(
    *,
    bots: int,
    seed: int,
    config: Config = CONFIG,
    core_ms: int = 0,
    module: str = "service",
    variables: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> AsyncIterator[Stack]:
    """Start a stack whose processes are all healthy and verified by WhatsApp; it stops at the end of the block.

    Args:
        bots: the number of processes of the service.
        seed: of ids.
        config: of WhatsApp.
        core_ms: the latency of Credex core.
        module: the module to run as the service.
        variables: further environment variables of the service.
        folder: of files and logs; by default a temporary one that is deleted at the end.
    """
    ports = [free_port() for _ in range(bots)]
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vimbisopay-stack-")))
        for name in ("state", "cache"):
            (folder / name).mkdir()
        state = start_redis(folder / "state", *STATE_OPTIONS)
        running = [state]
        stack.callback(_end_all, running)
        cache = start_redis(folder / "cache", *CACHE_OPTIONS)
        running.append(cache)
        addresses = [f"http://127.0.0.1:{port}" for port in ports]
        world = await stack.enter_async_context(run_services(bots=addresses, seed=seed, config=config))
        world.core_proxy.latency_ms = core_ms
        before = [state.port, cache.port, world.port, world.port]
        proxies = Proxies(*[await stack.enter_async_context(tcp_proxy(port)) for port in before])
        redis = open_state(f"redis://127.0.0.1:{state.port}")
        stack.push_async_callback(redis.aclose)
        environment = world.environment(
            **SETTINGS,
            redis_state_url=f"redis://127.0.0.1:{proxies.state.port}",
            redis_url=f"redis://127.0.0.1:{proxies.cache.port}",
            mycredex_app_url=world.core_url.replace(f":{world.port}/", f":{proxies.core.port}/"),
            whatsapp_api_url=world.graph_url.replace(f":{world.port}/", f":{proxies.graph.port}/"),
        )
        made = Stack(world, [], state, cache, redis, proxies, folder, {**environment, **(variables or {})}, module)
        stack.push_async_callback(made.end)
        world.on_event = made.handle_event
        made.bots = [made.run_bot(port) for port in ports]
        for index in range(bots):
            await made.healthy(index=index)
        await world.cloud.start()
        yield made


def _end_all(programs: Sequence[Program]) -> None:
    for program in programs:
        if not program.ended:
            program.kill()


async def _awaited(result: Any) -> Any:
    """Await a result that redis-py types as possibly not awaitable."""
    return await result


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
