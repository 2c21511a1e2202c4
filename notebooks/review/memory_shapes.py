"""The stepwise growth of memory through Redis's encodings and size classes, measured one key at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2s
from itertools import pairwise
from typing import Any, Final

import msgspec

from notebooks.review.memory_keys import POINTER, Allocator, Stored, at_rest, snapshot
from notebooks.review.memory_members import NOW_MS
from notebooks.review.memory_model import slots
from service.mailbox import open_state
from simulator.processes.programs import redis_server
from tests.sessions import written

__all__ = ("Hidden", "Seen", "Stair", "field_stairs", "hidden", "sessions_today", "stairs", "treads", "wamids")

KEY: Final = "{0}:session:263771234567"
DIGEST_BYTES: Final = 16
MANY: Final = 4096
FEW: Final = 512
"""Powers of two, so that the hash tables are full and a key's share of them is known."""


@dataclass(frozen=True, slots=True)
class Stair:
    """The memory of a string of one length.

    Attributes:
        length: bytes of the value.
        usage: bytes that ``MEMORY USAGE`` reports.
    """

    length: int
    usage: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The deduplication key with this number of messages, in each representation: encoding and bytes."""

    messages: int
    digests: Stored
    raw_ids: Stored
    hash_of_ids: Stored


@dataclass(frozen=True, slots=True)
class Hidden:
    """The memory of a kind of key that ``MEMORY USAGE`` does not report.

    Attributes:
        what: the kind of key.
        told: bytes that ``MEMORY USAGE`` reports.
        measured: further bytes of ``used_memory`` per key, without slots in hash tables.
        predicted: the same, from the allocator's size classes.
    """

    what: str
    told: int
    measured: float
    predicted: int


def sessions_today() -> dict[str, int]:
    """The largest size of the session at each step that waits for the member."""
    return {step: len(msgspec.json.encode(session)) for step, session in written().items()}


async def stairs(lengths: Sequence[int]) -> list[Stair]:
    """The memory of strings of these lengths."""
    with redis_server() as server:
        client: Any = open_state(f"redis://127.0.0.1:{server.port}")
        try:
            found = []
            for length in lengths:
                await client.set(KEY, b"x" * length)
                found.append(Stair(length, int(await client.memory_usage(KEY, samples=0))))
            return found
        finally:
            await client.aclose()


def treads(found: Sequence[Stair]) -> list[tuple[int, int]]:
    """The last length before each step, and the bytes up to there."""
    return [(before.length, before.usage) for before, after in pairwise(found) if after.usage != before.usage]


async def field_stairs(lengths: Sequence[int]) -> list[Stair]:
    """The memory of a lease with a field of these lengths; above 64 bytes it is not a listpack."""
    with redis_server() as server:
        client: Any = open_state(f"redis://127.0.0.1:{server.port}")
        try:
            found = []
            for length in lengths:
                await client.delete(KEY)
                await client.hset(KEY, mapping={"token": NOW_MS, "done": NOW_MS, "mark": b"x" * length})
                found.append(Stair(length, int(await client.memory_usage(KEY, samples=0))))
            return found
        finally:
            await client.aclose()


async def wamids(example: str, counts: Sequence[int]) -> list[Seen]:
    """The memory of message ids: as digests in a sorted set (today), as raw ids, and as a hash of raw ids."""
    with redis_server() as server:
        client: Any = open_state(f"redis://127.0.0.1:{server.port}")
        try:
            found = []
            for count in counts:
                await client.flushdb()
                ids = [f"{example[:-6]}{number:06d}".encode() for number in range(count)]
                times = {name: NOW_MS - number for number, name in enumerate(ids)}
                digests = {blake2s(name, digest_size=DIGEST_BYTES).digest(): at for name, at in times.items()}
                await client.zadd("{0}:seen:263771234567", digests)
                await client.zadd("{0}:rawz:263771234567", times)
                await client.hset("{0}:rawh:263771234567", mapping=times)
                kept = await snapshot(client)
                found.append(Seen(count, *(kept[f"{{0}}:{name}:263771234567"] for name in ("seen", "rawz", "rawh"))))
            return found
        finally:
            await client.aclose()


async def hidden() -> list[Hidden]:
    """The memory of keys that ``MEMORY USAGE`` does not report, from the growth of ``used_memory``."""
    kinds: dict[str, tuple[str, bool]] = {
        "string": ("set", False),
        "string that expires": ("set", True),
        "hash that expires": ("hset", True),
        "sorted set that expires": ("zadd", True),
        "list": ("rpush", False),
    }
    each = (_hidden(what, command, expires=expires) for what, (command, expires) in kinds.items())
    return list(await asyncio.gather(*each))


async def _hidden(what: str, command: str, *, expires: bool) -> Hidden:
    with redis_server() as server:
        return await _grown(f"redis://127.0.0.1:{server.port}", what, command, expires=expires)


async def _grown(url: str, what: str, command: str, *, expires: bool) -> Hidden:
    client: Any = open_state(url)
    try:
        allocator = await Allocator.of(client)
        used = []
        for first, end in ((0, FEW), (FEW, MANY)):
            async with client.pipeline(transaction=False) as pipeline:
                for number in range(first, end):
                    _write(pipeline, f"{{0}}:session:{263_770_000_000 + number}", command, expires=expires)
                await pipeline.execute()
            used.append(await at_rest(client) - POINTER * slots(end) * (2 if expires else 1))
        one = next(iter((await _first(client)).values()))
    finally:
        await client.aclose()
    return Hidden(what, one.usage, (used[1] - used[0]) / (MANY - FEW) - one.usage, one.takes(allocator) - one.usage)


async def _first(client: Any) -> dict[str, Stored]:
    await client.delete(*(f"{{0}}:session:{263_770_000_000 + number}" for number in range(1, MANY)))
    return await snapshot(client)


def _write(pipeline: Any, key: str, command: str, *, expires: bool) -> None:
    match command:
        case "set":
            pipeline.set(key, b"x" * 300)
        case "hset":
            pipeline.hset(key, mapping={"token": NOW_MS, "mark": f"commit:{NOW_MS}:{NOW_MS}"})
        case "zadd":
            pipeline.zadd(key, {b"x" * DIGEST_BYTES: NOW_MS})
        case _:
            pipeline.rpush(key, b"x" * 300)
    if expires:
        pipeline.pexpire(key, 86_400_000)
