"""Processes of the service on a real Redis, and the world around them on sockets of this machine.

A `Stack` is one state Redis, one cache, some processes of the service, and WhatsApp, Credex core and people in this
process. All of it ends with its block, however the block ends. Between the processes and everything they talk to stand
proxies that can break connections.
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
from simulator.server.services import SimulatedServices, VirtualUser, run_services
from simulator.whatsapp_cloud import Config, Event, Shown

__all__ = ("CONFIG", "NotInTimeError", "Proxies", "Stack", "eventually", "handle_of", "phone_of", "start_stack")

START_WITHIN_S: Final = 300
QUIET_WITHIN_S: Final = 300
CACHE_OPTIONS: Final = ("--appendonly", "no", "--maxmemory", "64mb", "--maxmemory-policy", "allkeys-lru")
MOST_LOG_BYTES: Final = 4_000_000
LOGS_KEPT: Final = 40
"""Logs of ended processes; those of older ones are thrown away."""

SETTINGS: Final = {
    "credex_calls_per_minute": "100000",
    "whatsapp_messages_per_second": "1000",
    "django_env": "development",
}
"""No rate is to be the reason for a wait here; nothing else differs from what is deployed."""

CONFIG: Final = Config(
    # Sooner than Meta's ladder, whose third attempt comes after 10 s: it is the bot that is tried here, not patience.
    retry_after_ms=(0, 500, 1_000, *[2_000] * 60),
    sent_ms=20,
    delivered_ms=40,
    read_ms=60,
    per_second=None,
)


class NotInTimeError(SimulatorError):
    """Something that was waited for did not come about."""


@dataclass(frozen=True, slots=True)
class Proxies:
    """The proxies between the processes of the service and what they talk to."""

    state: TcpProxy
    cache: TcpProxy
    core: TcpProxy
    graph: TcpProxy

    def clear_faults(self) -> None:
        """No faults from now on."""
        for proxy in (self.state, self.cache, self.core, self.graph):
            proxy.clear_faults()


@dataclass
class Stack:
    """Where it takes place. `bots` are in the order of their places; a restarted one takes its old place.

    Attributes:
        world: WhatsApp, Credex core and people.
        redis: a client of the state Redis that goes past the proxies.
        folder: of all files and logs.
        shown: how many messages phones have shown.
        news: set by everything that happens at WhatsApp.
        watch: told of everything that happens at WhatsApp.
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
    watch: Callable[[Event], None] = field(default=lambda _: None)
    started: int = 0
    programs: list[Program] = field(default_factory=list)
    reviving: set[asyncio.Task[Program]] = field(default_factory=set)

    # -- the service ------------------------------------------------------------------------------------------------

    def kill(self, place: int) -> None:
        """SIGKILL, if it runs."""
        if not self.bots[place].ended:
            self.bots[place].kill()

    def start(self, place: int) -> None:
        """Start the service in this place, once more."""
        assert self.bots[place].ended
        self.bots[place] = self.run_bot(self.bots[place].port)

    def run_bot(self, port: int) -> Program:
        """Start the service on a port; it ends with the town."""
        self.started += 1
        log = self.folder / f"bot-{self.started}.log"
        program = bot(self.environment, port=port, log=log, module=self.module)
        self.programs.append(program)
        return program

    def truncate_logs(self) -> None:
        """Throw away what is too much of the logs."""
        ended = [program for program in self.programs if program.ended]
        for program in ended[:-LOGS_KEPT]:
            self.programs.remove(program)
            program.log.unlink()
        for program in (*self.bots, self.state, self.cache):
            program.truncate_log(MOST_LOG_BYTES)

    async def restart_state(self) -> None:
        """Start the state Redis that was killed again, on its port and its file."""
        self.state = await self._revived("state", self.state.port, STATE_OPTIONS)
        # Its connections went with the killed one, and nothing here is repeated.
        await self.redis.connection_pool.disconnect()

    async def restart_cache(self) -> None:
        """Start the cache that was killed again, with nothing in it."""
        self.cache = await self._revived("cache", self.cache.port, CACHE_OPTIONS)

    async def _revived(self, name: str, port: int, options: Sequence[str]) -> Program:
        work = asyncio.to_thread(start_redis, self.folder / name, *options, port=port)
        starting = asyncio.create_task(work)
        self.reviving.add(starting)
        # Who waits may be cancelled; the process would still start, and nobody would know to end it.
        program = await asyncio.shield(starting)
        self.reviving.discard(starting)
        return program

    async def end(self) -> None:
        """End everything that was started here and still runs, at once."""
        revived = await asyncio.gather(*self.reviving, return_exceptions=True)
        begun = [program for program in revived if isinstance(program, Program)]
        _end_all([*self.programs, *begun, self.state, self.cache])

    async def health(self, place: int = 0) -> tuple[int, dict[str, Any]]:
        """What ``/health/`` says; 0 and nothing when nobody answers."""
        return await self.health_of(self.bots[place])

    async def health_of(self, program: Program) -> tuple[int, dict[str, Any]]:
        """As `health`, of a process that has no place yet."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
                answer = await http.get(f"http://127.0.0.1:{program.port}/health/")
        except httpx.HTTPError:
            return 0, {}
        return answer.status_code, answer.json()

    async def healthy(self, status: int = 200, *, place: int = 0) -> dict[str, Any]:
        """Wait until ``/health/`` answers with this status; what it says.

        Raises:
            ProgramError: the process has ended.
            NotInTimeError: it takes too long.
        """
        said: dict[str, Any] = {}

        async def answers() -> bool:
            nonlocal said
            code, said = await self.health(place)
            if self.bots[place].ended:
                raise ProgramError(f"a process of the service has ended:\n{self.bots[place].said()}")
            return code == status

        await eventually(answers, f"/health/ says {status}", within_s=START_WITHIN_S)
        return said

    def turn_logs(self) -> list[dict[str, Any]]:
        """The log lines of all processes about turns."""
        proxies = [line for log in self.folder.glob("bot-*.log") for line in log.read_text("utf-8").splitlines()]
        read = [json.loads(line) for line in proxies if line.startswith("{") and line.endswith("}")]
        return [line for line in read if line.get("event") == "turn"]

    # -- Redis ------------------------------------------------------------------------------------------------------

    async def held_leases(self) -> list[str]:
        """The leases that are in somebody's hands, the dead's included."""
        keys = [key async for key in self.redis.scan_iter(match="{0}:lease:*", count=1000)]
        fields = [await _awaited(self.redis.hget(key, "held")) for key in keys]
        return sorted(key.decode() for key, value in zip(keys, fields, strict=True) if value is not None)

    async def unfinished_work(self) -> list[str]:
        """What is in the state Redis and should not stay there: anything but sessions, seen messages and free leases.

        Session and seen are memory, not work.
        """
        keys = [key.decode() async for key in self.redis.scan_iter(count=1000)]
        work = [key for key in keys if not key.startswith(("{0}:session:", "{0}:seen:", "{0}:lease:"))]
        return sorted([*work, *[f"held: {lease}" for lease in await self.held_leases()]])

    async def wait_until_idle(self, *, within_s: float = QUIET_WITHIN_S) -> list[str]:
        """Wait until no work is left; what is left all the same when it takes too long."""
        left: list[str] = []

        async def nothing_left() -> bool:
            nonlocal left
            left = await self.unfinished_work()
            return not left

        try:
            await eventually(nothing_left, "no work is left", within_s=within_s)
        except NotInTimeError:
            return left
        depths = await Mailbox(self.redis).queue_stats()
        return [] if (depths.inbox_members, depths.outbox_members, depths.dead) == (0, 0, 0) else [str(depths)]

    async def durability(self) -> tuple[str, str, str]:
        """Appendonly, appendfsync and maxmemory-policy of the state Redis, as it says itself."""
        told: dict[str, str] = {}
        for name in ("appendonly", "appendfsync", "maxmemory-policy"):
            found = await _awaited(self.redis.config_get(name))
            told |= {_text(key): _text(value) for key, value in found.items()}
        return told["appendonly"], told["appendfsync"], told["maxmemory-policy"]

    # -- people -----------------------------------------------------------------------------------------------------

    def see(self, event: Event) -> None:
        """Something happened at WhatsApp."""
        self.shown += isinstance(event, Shown)
        self.news.set()
        self.watch(event)

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that an event at WhatsApp brings about."""
        while not condition():
            self.news.clear()
            await self.news.wait()

    def visitor(self, person: Persona, number: int) -> VirtualUser:
        """Somebody comes with a phone; numbers keep people apart whose personas share one."""
        return self.world.visitor(phone_of(number), person.name, skip=frozenset({STILL_WORKING}))

    def member(self, person: Persona, number: int, *, tier: int = 3) -> VirtualUser:
        """Somebody comes who is a member, with the handle ``member_<number>``."""
        phone, last = phone_of(number), person.last_name
        self.world.core.add_member(phone, person.first_name, last, tier=tier, handle=handle_of(number))
        return self.visitor(person, number)


def phone_of(number: int) -> str:
    """A Zimbabwean mobile number, one for each number."""
    return f"26377{1_000_000 + number}"


def handle_of(number: int) -> str:
    """A handle, one for each number."""
    return f"member_{number}"


async def eventually(
    condition: Callable[[], Awaitable[bool]], what: str, *, within_s: float, every_s: float = 0.1
) -> None:
    """Look again and again until an awaited condition holds.

    Raises:
        NotInTimeError: it did not in time.
    """
    deadline = time.monotonic() + within_s
    while not await condition():
        if time.monotonic() > deadline:
            raise NotInTimeError(f"after {within_s:g} s it is still not so that {what}")
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
    """A town with so many processes of the service, all healthy and verified by WhatsApp.

    Args:
        bots: processes of the service, on one Redis.
        seed: of ids.
        config: of WhatsApp.
        core_ms: what Credex core takes for each call.
        module: what is started as the service.
        variables: more of its environment.
        folder: where files and logs go; one of its own, thrown away at the end, unless given.
    """
    ports = [free_port() for _ in range(bots)]
    async with AsyncExitStack() as stack:
        if folder is None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="vimbisopay-town-")))
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
        world.watch = made.see
        made.bots = [made.run_bot(port) for port in ports]
        for place in range(bots):
            await made.healthy(place=place)
        await world.cloud.start()
        yield made


def _end_all(programs: Sequence[Program]) -> None:
    for program in programs:
        if not program.ended:
            program.kill()


async def _awaited(result: Any) -> Any:
    """Redis's types say "perhaps awaitable" where it always is."""
    return await result


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
