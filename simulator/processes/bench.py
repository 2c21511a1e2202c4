"""The benchmark: speed of replay, throughput of one process, and bytes per member in Redis.

The numbers are comparable on one machine only; nothing passes or fails.
"""

from __future__ import annotations

import asyncio
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import aiohttp
import redis.asyncio
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from service.mailbox import Mailbox
from simulator.errors import SimulatorError
from simulator.playback.player import replay
from simulator.processes.programs import (
    STATE_OPTIONS,
    Program,
    ProgramError,
    bot,
    free_port,
    have_redis_server,
    redis_server,
)
from simulator.script.conversation import load
from simulator.script.library import stored
from simulator.server.services import SimulatedServices, run_services
from simulator.whatsapp_cloud import Config, DeliveryFault
from simulator.whatsapp_cloud.wire import Update, envelope, escaped, signature

__all__ = ("bench",)

CONNECTIONS: Final = 16
SHOP: Final = "bench_shop"
FIRST_PHONE: Final = 263_771_000_000
QUIET_WITHIN_S: Final = 300
READY_WITHIN_S: Final = 120

STABLE_READINGS: Final = 8
STABLE_BYTES: Final = 512
MAX_READINGS: Final = 40
"""Memory is stable when STABLE_READINGS readings in a row, 0.5 s apart, differ by at most STABLE_BYTES."""

CONFIG: Final = Config(pair_every_ms=None, per_second=None, window_ms=None, sent_ms=20, delivered_ms=40)
"""Without WhatsApp's rate limits, which are not what is measured; statuses are sent as always."""

Step = Callable[[int], None]
Bars = Callable[[str, int], Step]


@dataclass(frozen=True, slots=True)
class Measurement:
    """One row of the table."""

    what: str
    value: str
    how: str


def bench(*, members: int, seconds: int, out: Console, progress: Console) -> None:
    """Measure everything and print a table.

    Args:
        members: the number of members who write.
        seconds: the time limit of each load.
        out: for the table.
        progress: for progress bars.

    Raises:
        ProgramError: not everything could be measured; the rest has been printed.
    """
    problem: ProgramError | None = None
    with _bars(progress) as bars:
        figures = _measure_replay(seconds, bars)
        try:
            figures += asyncio.run(_measure_service(members, seconds, bars))
        except ProgramError as error:
            problem = error
    _show(out, figures)
    if problem is not None:
        raise problem


@contextmanager
def _bars(console: Console) -> Iterator[Bars]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:

        def bar(what: str, total: int) -> Step:
            task = progress.add_task(what, total=total)
            return lambda done: progress.update(task, completed=done)

        yield bar


def _show(out: Console, figures: Sequence[Measurement]) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
    table.add_column("measured")
    table.add_column("", justify="right", style="bold")
    table.add_column("how", style="grey50")
    for figure in figures:
        table.add_row(figure.what, figure.value, figure.how)
    out.print(table)
    out.print()
    out.print(_machine(), style="grey50", highlight=False)


def _machine() -> str:
    model = platform.processor() or platform.machine()
    described = Path("/proc/cpuinfo")
    if described.exists():
        names = [line.partition(":")[2].strip() for line in described.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    packages = ", ".join(f"{name} {version(name)}" for name in ("uvicorn", "litestar", "redis", "aiohttp"))
    return f"{os.cpu_count()} x {model}, {platform.system()}, Python {platform.python_version()}, {packages}"


# -- replay ---------------------------------------------------------------------------------------------------------


def _measure_replay(seconds: int, bars: Bars) -> list[Measurement]:
    conversations = [load(path) for path in stored()]
    if not conversations:
        return []
    step = bars("replaying", seconds)
    turns = played = 0
    began = time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        turns += replay(conversations[played % len(conversations)]).turns
        played += 1
        step(int(spent))
    step(seconds)
    how = f"{played} conversations in one process, virtual time, embedded Redis"
    return [Measurement("replayed turns a second", f"{turns / spent:,.0f}", how)]


# -- one process of the service -------------------------------------------------------------------------------------


async def _measure_service(members: int, seconds: int, bars: Bars) -> list[Measurement]:
    """Load one process of the service, and measure Redis.

    Raises:
        ProgramError: redis-server is not installed, or a program did not start.
    """
    if not have_redis_server():
        raise ProgramError(
            "Webhooks and bytes were not measured: redis-server is not installed. Install it (Debian and Ubuntu: "
            "apt-get install redis-server; macOS: brew install redis) and try again."
        )
    port = free_port()
    with (
        redis_server(*STATE_OPTIONS) as state,
        redis_server() as cache,
        tempfile.TemporaryDirectory(prefix="vimbisopay-bench-") as folder,
    ):
        async with run_services(bots=[f"http://127.0.0.1:{port}"], config=CONFIG) as world:
            environment = world.environment(
                redis_state_url=f"redis://127.0.0.1:{state.port}",
                redis_url=f"redis://127.0.0.1:{cache.port}",
                credex_calls_per_minute="100000",
                whatsapp_messages_per_second="1000",
            )
            program = bot(environment, port=port, log=Path(folder) / "bot.log")
            client = redis.asyncio.Redis(port=state.port)
            try:
                await _ready(program)
                await world.cloud.start()
                return await _Load(world, program, client, members, seconds, bars).figures()
            finally:
                program.stop()
                await client.aclose()


async def _ready(program: Program) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    async with aiohttp.ClientSession() as http:
        while time.monotonic() < deadline and not program.ended:
            try:
                async with http.get(f"http://127.0.0.1:{program.port}/health/") as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.05)
    raise ProgramError(f"the service did not become ready:\n{program.log_tail()}")


@dataclass(slots=True)
class _Burst:
    """The result of many messages at once."""

    accepted: int
    posting_s: float
    answering_s: float


class _Load:
    """Load from members who all write at the same time."""

    def __init__(
        self,
        world: SimulatedServices,
        program: Program,
        client: redis.asyncio.Redis,
        members: int,
        seconds: int,
        bars: Bars,
    ) -> None:
        self._world = world
        self._program = program
        self._redis = client
        self._mailbox = Mailbox(client)
        self._seconds = seconds
        self._bars = bars
        self._wamids = 0
        world.core.add_member(str(FIRST_PHONE), "Bench", "Shop", tier=3, handle=SHOP)
        self._phones = [str(FIRST_PHONE + 1 + number) for number in range(members + 1)]
        for phone in self._phones:
            world.core.add_member(phone, "Tariro", "Moyo", tier=3)
            world.add_user(phone, "Tariro Moyo")

    async def figures(self) -> list[Measurement]:
        """Measure a real process on a real Redis."""
        # The first messages load scripts and open connections.
        for text in ("hi", f"1=>{SHOP}"):
            await self._burst("warming up", self._phones[:1], text)
        empty = await self._memory()
        greeted = await self._burst("messages of idle members", self._phones[1:], "hi")
        idle = await self._memory()
        wrote = self._phones[1 : 1 + greeted.accepted]
        await self._burst("messages of members who offer", wrote, f"1=>{SHOP}")
        offering = await self._memory()
        redis_version = (await self._redis.info("server"))["redis_version"]
        kept = f"redis-server {redis_version}, appendfsync always, {len(wrote)} members"
        load = f"one process, {CONNECTIONS} connections, loopback, {kept}"
        return [
            Measurement(
                "webhooks a second", f"{greeted.accepted / greeted.posting_s:,.0f}", f"answering meanwhile; {load}"
            ),
            Measurement(
                "messages answered a second",
                f"{greeted.accepted / greeted.answering_s:,.0f}",
                "until all were sent; simulated core and WhatsApp share the machine",
            ),
            Measurement("bytes an idle member", f"{(idle - empty) / len(wrote):,.0f}", f"after a greeting; {kept}"),
            Measurement(
                "bytes a member in an offer",
                f"{(offering - empty) / len(wrote):,.0f}",
                "in all, at the question whether to confirm",
            ),
        ]

    async def _burst(self, what: str, phones: Sequence[str], text: str) -> _Burst:
        """Post this text for each phone within the time limit, and wait until all are answered."""
        bodies = [self._webhook(phone, text) for phone in phones]
        waiting = iter(bodies)
        step = self._bars(what, len(phones))
        taken = 0
        began = time.perf_counter()

        async def post(http: aiohttp.ClientSession) -> None:
            nonlocal taken
            for body, headers in waiting:
                async with http.post(
                    f"http://127.0.0.1:{self._program.port}/bot/webhook", data=body, headers=headers
                ) as answer:
                    if not answer.ok:
                        raise ProgramError(
                            f"the service answered a webhook {answer.status}:\n{self._program.log_tail()}"
                        )
                taken += 1
                step(taken)
                if time.perf_counter() - began > self._seconds:
                    return

        async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as posts:
            for _ in range(CONNECTIONS):
                posts.create_task(post(http))
        posting_s = time.perf_counter() - began
        await self._quiet(f"answers to {what}", taken)
        return _Burst(taken, posting_s, time.perf_counter() - began)

    def _webhook(self, phone: str, text: str) -> tuple[bytes, dict[str, str]]:
        self._wamids += 1
        business = self._world.cloud.business
        message = {
            "from": phone,
            "id": f"wamid.bench{self._wamids}",
            "timestamp": str(int(time.time())),
            "type": "text",
            "text": {"body": text},
        }
        contact: dict[str, Any] = {"profile": {"name": "Tariro Moyo"}, "wa_id": phone}
        update = Update(phone, "messages", message, contact)
        body = escaped(envelope(business, [update], "natural", DeliveryFault()))
        signed = signature(business.app_secret, body)
        return body, {"Content-Type": "application/json", "X-Hub-Signature-256": signed}

    async def _quiet(self, what: str, count: int) -> None:
        """Wait until no work is left.

        Raises:
            SimulatorError: there is still some after QUIET_WITHIN_S.
        """
        step = self._bars(what, count)
        deadline = time.monotonic() + QUIET_WITHIN_S
        while time.monotonic() < deadline:
            stats = await self._mailbox.queue_stats()
            left = stats.inbox_members + stats.outbox_members
            step(max(0, count - left))
            if not left:
                return
            await asyncio.sleep(0.02)
        raise SimulatorError(f"after {QUIET_WITHIN_S} s there is still work in the queues:\n{self._program.log_tail()}")

    async def _memory(self) -> int:
        """Bytes of data in Redis, once they are stable.

        Memory of connections and of the file's buffer is subtracted: Redis releases it over some seconds.
        """
        step = self._bars("waiting for stable memory", STABLE_READINGS)
        readings: list[int] = []
        for number in range(MAX_READINGS):
            info = await self._redis.info("memory")
            readings.append(int(info["used_memory"]) - int(info["mem_clients_normal"]) - int(info["mem_aof_buffer"]))
            last = readings[-STABLE_READINGS:]
            if len(last) == STABLE_READINGS and max(last) - min(last) <= STABLE_BYTES:
                break
            step(min(number, STABLE_READINGS - 1))
            await asyncio.sleep(0.5)
        step(STABLE_READINGS)
        return readings[-1]
