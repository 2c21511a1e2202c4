"""Processes of the service on a real Redis, and the world around them on sockets of this machine.

A `Town` is one state Redis, one cache, some processes of the service, and WhatsApp, Credex core and people in this
process. All of it ends with its block, also when a test fails.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from redis.asyncio import Redis

from service.company import STILL_WORKING
from service.mailbox import Mailbox, open_state
from simulator.people import Persona, persona
from simulator.programs import Program, bot, free_port
from simulator.standalone import Standalone, Visitor, standalone
from simulator.whatsapp_cloud import Event, Knobs, Shown
from tests.redis_server import RunningRedis, redis_server

STATE = ("--save", "", "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction")
"""The state Redis as it is deployed: acknowledged is on disk."""

START_WITHIN_S = 30
QUIET_WITHIN_S = 60

SETTINGS = {
    "credex_calls_per_minute": "100000",
    "whatsapp_messages_per_second": "1000",
    "django_env": "development",
}
"""No rate is to be the reason for a wait here; nothing else differs from what is deployed."""

KNOBS = Knobs(
    # Sooner than Meta's ladder, whose third attempt comes after 10 s: it is the bot that is tried here, not patience.
    retry_after_ms=(0, 500, 1_000, *[2_000] * 60),
    sent_ms=20,
    delivered_ms=40,
    read_ms=60,
    per_second=None,
)


@dataclass
class Town:
    """Where one test takes place. `bots` are in the order of their ports; a restarted one takes its old place."""

    world: Standalone
    bots: list[Program]
    state: RunningRedis
    cache: RunningRedis
    redis: Redis
    folder: Path
    environment: dict[str, str]
    stack: ExitStack
    shown: int = 0
    news: asyncio.Event = field(default_factory=asyncio.Event)

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
        program = bot(self.environment, port=port, log=self.folder / f"bot-{port}.log")
        self.stack.callback(program.kill)  # waiting would hold up what else runs in this loop
        return program

    def revive_state(self) -> None:
        """Start the state Redis that was killed again, on its port and its file."""
        again = redis_server(*STATE, port=self.state.port, directory=str(self.folder / "state"))
        self.state = self.stack.enter_context(again)

    async def health(self, place: int = 0) -> tuple[int, dict[str, Any]]:
        """What ``/health/`` says; 0 and nothing when nobody answers."""
        try:
            async with httpx.AsyncClient(trust_env=False, timeout=5) as http:
                answer = await http.get(f"http://127.0.0.1:{self.bots[place].port}/health/")
        except httpx.HTTPError:
            return 0, {}
        return answer.status_code, answer.json()

    async def healthy(self, status: int = 200, *, place: int = 0) -> dict[str, Any]:
        """Wait until ``/health/`` answers with this status; what it says."""
        said: dict[str, Any] = {}

        async def answers() -> bool:
            nonlocal said
            code, said = await self.health(place)
            assert not self.bots[place].ended, self.bots[place].said()
            return code == status

        await eventually(answers, f"/health/ says {status}", within_s=START_WITHIN_S)
        return said

    def turns(self) -> list[dict[str, Any]]:
        """The log lines of all processes about turns."""
        lines = [line for log in self.folder.glob("bot-*.log") for line in log.read_text("utf-8").splitlines()]
        read = [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]
        return [line for line in read if line.get("event") == "turn"]

    # -- Redis ------------------------------------------------------------------------------------------------------

    async def held(self) -> list[str]:
        """The leases that are in somebody's hands, the dead's included."""
        keys = [key async for key in self.redis.scan_iter(match="{0}:lease:*", count=1000)]
        fields = [await _awaited(self.redis.hget(key, "held")) for key in keys]
        return sorted(key.decode() for key, value in zip(keys, fields, strict=True) if value is not None)

    async def left_over(self) -> list[str]:
        """What is in the state Redis and should not stay there: anything but sessions, seen messages and free leases.

        Session and seen are memory, not work.
        """
        keys = [key.decode() async for key in self.redis.scan_iter(count=1000)]
        work = [key for key in keys if not key.startswith(("{0}:session:", "{0}:seen:", "{0}:lease:"))]
        return sorted([*work, *[f"held: {lease}" for lease in await self.held()]])

    async def quiet(self) -> list[str]:
        """Wait until no work is left; what is left all the same when it takes too long."""
        left: list[str] = []

        async def nothing_left() -> bool:
            nonlocal left
            left = await self.left_over()
            return not left

        try:
            await eventually(nothing_left, "no work is left", within_s=QUIET_WITHIN_S)
        except AssertionError:
            return left
        depths = await Mailbox(self.redis).depths()
        return [] if (depths.inbox_members, depths.outbox_members, depths.dead) == (0, 0, 0) else [str(depths)]

    async def durability(self) -> tuple[str, str, str]:
        """Appendonly, appendfsync and maxmemory-policy of the state Redis."""
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

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that an event at WhatsApp brings about."""
        while not condition():
            self.news.clear()
            await self.news.wait()

    def visitor(self, person: Persona, number: int) -> Visitor:
        """Somebody comes with a phone; numbers keep people apart whose personas share one."""
        return self.world.visitor(phone_of(number), person.name, skip=frozenset({STILL_WORKING}))

    def member(self, person: Persona, number: int, *, tier: int = 3) -> Visitor:
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


def people(seed: int, count: int) -> list[Persona]:
    """Invented people, always the same for a seed."""
    return [persona(seed, number) for number in range(count)]


async def eventually(condition: Callable[[], Any], what: str, *, within_s: float, every_s: float = 0.1) -> None:
    """Look again and again until an awaited condition holds.

    Raises:
        AssertionError: it did not in time.
    """
    deadline = time.monotonic() + within_s
    while not await condition():
        assert time.monotonic() < deadline, f"after {within_s:g} s it is still not so that {what}"
        await asyncio.sleep(every_s)


async def all_of(
    doings: Iterable[Coroutine[Any, Any, None] | asyncio.Task[None]], visitors: Sequence[Visitor], *, within_s: float
) -> None:
    """Let people do what they do, all at the same time.

    Raises:
        AssertionError: somebody still waits for an answer at the end; the text shows what their phones say.
    """
    tasks = [asyncio.ensure_future(doing) for doing in doings]
    try:
        _, waiting = await asyncio.wait(tasks, timeout=within_s, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        unfinished = [visitor for visitor, task in zip(visitors, tasks, strict=True) if not task.done()]
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
    for end in ends:
        if isinstance(end, Exception):
            raise end
    shown = "\n".join(f"  {visitor.phone}: {_screen(visitor)}" for visitor in unfinished[:10])
    assert not waiting, f"{len(waiting)} people got no answer within {within_s:g} s:\n{shown}"


def _screen(visitor: Visitor) -> str:
    written = [str(one.message.get("text", one.message.get("interactive")))[:60] for one in visitor.handset.written]
    return f"wrote {written}, was told {[bubble.body[:40] for bubble in visitor.answers]}"


@asynccontextmanager
async def town(*, bots: int, seed: int, knobs: Knobs = KNOBS, core_ms: int = 0) -> AsyncIterator[Town]:
    """A town with so many processes of the service, all healthy and verified by WhatsApp.

    Args:
        bots: processes of the service, on one Redis.
        seed: of ids.
        knobs: of WhatsApp.
        core_ms: what Credex core takes for each call.
    """
    ports = [free_port() for _ in range(bots)]
    addresses = [f"http://127.0.0.1:{port}" for port in ports]
    async with AsyncExitStack() as outer:
        stack = outer.enter_context(ExitStack())
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="vimbisopay-town-")))
        kept = folder / "state"
        kept.mkdir()
        # By hand, not by the stack: one that was killed and started again has another process.
        state = stack.enter_context(redis_server(*STATE, directory=str(kept)))
        cache = stack.enter_context(redis_server())
        world = await outer.enter_async_context(standalone(bots=addresses, seed=seed, knobs=knobs))
        world.core_front.latency_ms = core_ms
        redis = open_state(state.url)
        outer.push_async_callback(redis.aclose)
        environment = world.environment(**SETTINGS, redis_state_url=state.url, redis_url=cache.url)
        programs = stack.enter_context(ExitStack())
        made = Town(world, [], state, cache, redis, folder, environment, programs)
        world.watch = made.see
        made.bots = [made.run_bot(port) for port in ports]
        for place in range(bots):
            await made.healthy(place=place)
        await world.cloud.start()
        yield made


async def _awaited(result: Any) -> Any:
    """Redis's types say "perhaps awaitable" where it always is."""
    return await result


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
