"""The costs of the append-only file (bytes, latency, memory during a rewrite), and fragmentation."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import textwrap
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from notebooks.review.memory_keys import at_rest
from notebooks.review.memory_members import BATCH, NOW_MS, Member, Records, load, members
from service.mailbox import InboxEntry, Mailbox, open_state
from simulator.processes.programs import Program, redis_server, start_redis

__all__ = ("Disk", "Fragments", "Speed", "fragments", "log_of", "overcommit", "speeds")

OVERCOMMIT: Final = Path("/proc/sys/vm/overcommit_memory")
FOLDER: Final = Path(__file__).resolve().parents[2]
REWRITE_WITHIN_S: Final = 180.0
LINE: Final = 96
LANES: Final = 8
ROUND: Final = 40
"""Messages per member of one writer."""


@dataclass(frozen=True, slots=True)
class Disk:
    """Measurements of a state Redis with an append-only file.

    Attributes:
        members: the number of members.
        messages: messages that were stored, answered and sent.
        log: bytes of the file as written.
        rewritten: bytes of the rewritten file.
        steady: bytes of ``used_memory`` afterwards.
        peak: the peak of ``used_memory``.
        resident: resident bytes of the process.
        copied: bytes copied by copy-on-write during a rewrite under load.
    """

    members: int
    messages: int
    log: int
    rewritten: int
    steady: int
    peak: int
    resident: int
    copied: int


@dataclass(frozen=True, slots=True)
class Fragments:
    """The fragmentation at one moment.

    Attributes:
        when: the moment, in words.
        asked: bytes of the data.
        pages: bytes of the pages that hold the data.
        resident: resident bytes of the process.
    """

    when: str
    asked: int
    pages: int
    resident: int


@dataclass(frozen=True, slots=True)
class Speed:
    """The throughput under one ``appendfsync`` policy, and the 99th percentile of the latency in ms."""

    fsync: str
    per_second: float
    slow_ms: float
    messages: int


def overcommit() -> str | None:
    """The warning about overcommit that Redis prints at its start; None if there is none."""
    with redis_server() as server:
        found = [line for line in server.log_tail(last=8_000).splitlines() if "overcommit" in line.lower()]
    return textwrap.fill(found[0].split("# ", 1)[-1], LINE, break_long_words=False) if found else None


async def log_of(records: Records, count: int) -> Disk:
    """Load members into a Redis with an append-only file, rewrite the file under load, and measure."""
    everybody = list(members(0, 2 * count, len(records.sessions)))
    with redis_server(
        "--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"
    ) as server:
        client: Any = open_state(f"redis://127.0.0.1:{server.port}")
        try:
            await load(client, everybody[:count], records)
            log = (await client.info("persistence"))["aof_current_size"]
            rewritten = await _rewritten(client)
            copied = await _copied(client, everybody[count:], records)
            steady, told = await at_rest(client), await client.info("memory")
        finally:
            await client.aclose()
    messages = sum(member.messages for member in everybody[:count])
    peak, resident = told["used_memory_peak"], told["used_memory_rss"]
    return Disk(count, messages, log, rewritten, steady, peak, resident, copied)


async def fragments(records: Records, count: int) -> list[Fragments]:
    """Store sessions, delete three of four, store as many others, and measure the fragmentation."""
    with redis_server() as server:
        client: Any = open_state(f"redis://127.0.0.1:{server.port}")
        try:
            await _put(client, records, range(count))
            found = [await _fragments(client, f"{count:,} sessions are there")]
            await _drop(client, [number for number in range(count) if number % 4])
            found.append(await _fragments(client, "three of four have gone"))
            await _put(client, records, range(count, count + 3 * count // 4))
            return [*found, await _fragments(client, "as many others have come")]
        finally:
            await client.aclose()


async def _put(client: Any, records: Records, numbers: Sequence[int]) -> None:
    async with client.pipeline(transaction=False) as pipeline:
        for number in numbers:
            pipeline.set(_session(number), records.sessions[number % len(records.sessions)])
        await pipeline.execute()


async def _drop(client: Any, numbers: Sequence[int]) -> None:
    async with client.pipeline(transaction=False) as pipeline:
        for number in numbers:
            pipeline.delete(_session(number))
        await pipeline.execute()


def _session(number: int) -> str:
    return f"{{0}}:session:{263_770_000_000 + number}"


async def _fragments(client: Any, when: str) -> Fragments:
    asked = await at_rest(client)
    told = await client.info("memory")
    return Fragments(when, asked, told["allocator_active"], told["used_memory_rss"])


async def _rewritten(client: Any) -> int:
    await client.bgrewriteaof()
    await _until_written(client)
    return int((await client.info("persistence"))["aof_base_size"])


async def _copied(client: Any, others: Sequence[Member], records: Records) -> int:
    """The bytes copied by copy-on-write during a rewrite while these members are loaded."""
    await client.bgrewriteaof()
    for start in range(0, len(others), BATCH):
        await load(client, others[start : start + BATCH], records)
    await _until_written(client)
    return int((await client.info("persistence"))["aof_last_cow_size"])


async def _until_written(client: Any) -> None:
    deadline = time.monotonic() + REWRITE_WITHIN_S
    while time.monotonic() < deadline:
        told = await client.info("persistence")
        if not (told["aof_rewrite_in_progress"] or told["aof_rewrite_scheduled"]):
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(f"the file was not rewritten within {REWRITE_WITHIN_S:.0f} s")


async def speeds(records: Records, seconds: float = 0.8, rounds: int = 2) -> list[Speed]:
    """The throughput of concurrent writers for each ``appendfsync`` policy.

    The policies alternate, and the best round of each counts, because other processes use the machine too.
    """
    found: dict[str, Speed] = {}
    for _ in range(rounds):
        for fsync in ("always", "everysec"):
            with _on_disk("--appendonly", "yes", "--appendfsync", fsync) as server:
                client: Any = open_state(f"redis://127.0.0.1:{server.port}")
                try:
                    now = await _speed(Mailbox(client), records, fsync, seconds)
                finally:
                    await client.aclose()
            found[fsync] = max(now, found.get(fsync, now), key=lambda speed: speed.per_second)
    return list(found.values())


async def _speed(mailbox: Mailbox, records: Records, fsync: str, seconds: float) -> Speed:
    took: list[float] = []

    async def write(lane: int) -> None:
        number = 0
        while time.monotonic() < end:
            arrival = InboxEntry(
                f"2637{lane:02d}{number // ROUND:06d}", f"wamid.{lane}.{number}", NOW_MS, records.inbound[0]
            )
            before = time.perf_counter()
            await mailbox.ingest([arrival], NOW_MS)
            took.append(time.perf_counter() - before)
            number += 1

    began = time.monotonic()
    end = began + seconds
    await asyncio.gather(*(write(lane) for lane in range(LANES)))
    slow = sorted(took)[int(len(took) * 0.99)]
    return Speed(fsync, len(took) / (time.monotonic() - began), slow * 1000, len(took))


@contextmanager
def _on_disk(*options: str) -> Iterator[Program]:
    """A server whose files are in the repository's file system, because /tmp may be in memory."""
    folder = Path(tempfile.mkdtemp(prefix=".redis-", dir=FOLDER))
    try:
        program = start_redis(folder, *options)
        try:
            yield program
        finally:
            program.stop()
    finally:
        shutil.rmtree(folder)
