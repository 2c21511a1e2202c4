"""Predicts the memory of many members from one member of each kind, and compares it with a measurement.

A key needs the bytes that ``MEMORY USAGE`` reports, those that it does not report, and a slot in the hash table of
keys; a key with a TTL also needs a slot in the table of expiry times. Hash tables have a power of two of slots, each a
pointer. The due members are in one sorted set.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Final

from redis.asyncio import Redis

from notebooks.review.memory_keys import ENTRY, POINTER, Allocator, Stored, at_rest, snapshot
from notebooks.review.memory_members import BATCH, Member, Records, Stage, load, members
from service.mailbox import open_state
from simulator.processes.programs import redis_server

__all__ = ("Comparison", "Kind", "Prediction", "compared", "parts_of", "predicted", "slots", "sorted_set")

Kind = tuple[Stage, int, int]

LEAST_SLOTS: Final = 4
LISTPACK_MOST: Final = 128
"""The largest sorted set that is a listpack (`zset-max-listpack-entries`)."""

SKIPLIST_NODE: Final = 24
SKIPLIST_LEVEL: Final = 16
SKIPLIST_P: Final = 0.25
LISTPACK_ENTRY: Final = 20
"""Bytes of a number and a time in a listpack, both stored as integers."""

NAME_BYTES: Final = 14
"""Bytes of a number of twelve digits as a string."""


def slots(keys: int) -> int:
    """The slots of a hash table with this number of keys: a power of two."""
    return LEAST_SLOTS if keys <= LEAST_SLOTS else 1 << (keys - 1).bit_length()


def sorted_set(members: int, allocator: Allocator, *, ever: int = 0) -> float:
    """Bytes of the sorted set of due members; once a skip list (with `ever` members), it stays one."""
    if max(members, ever) <= LISTPACK_MOST:
        return float(allocator.given(LISTPACK_ENTRY * members))
    levels = range(1, 12)
    likely = [(1 - SKIPLIST_P) * SKIPLIST_P ** (level - 1) for level in levels]
    nodes = [allocator.given(SKIPLIST_NODE + SKIPLIST_LEVEL * level) for level in levels]
    node = sum(part * size for part, size in zip(likely, nodes, strict=True))
    return members * (node + allocator.given(NAME_BYTES) + allocator.given(ENTRY)) + POINTER * slots(members)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predicted memory.

    Attributes:
        of: bytes by kind of key; `tables` are the shared hash tables, `due:` the sets of due members.
        members: the number of members.
        keys: the number of their keys.
    """

    of: Mapping[str, float]
    members: int
    keys: int

    @property
    def total(self) -> float:
        """The total."""
        return sum(self.of.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """A prediction and the measurement."""

    prediction: Prediction
    measured: int

    @property
    def off(self) -> float:
        """The relative error of the prediction; positive if it is too high."""
        return self.prediction.total / self.measured - 1


async def parts_of(kinds: Mapping[Kind, Member], records: Records) -> dict[Kind, tuple[Stored, ...]]:
    """The keys of one member of each kind, each read from an otherwise empty Redis."""
    found: dict[Kind, tuple[Stored, ...]] = {}
    with redis_server() as server:
        async with _client(f"redis://127.0.0.1:{server.port}") as client:
            for kind, member in kinds.items():
                await client.flushdb()
                await load(client, [member], records)
                found[kind] = tuple((await snapshot(client)).values())
    return found


def predicted(
    parts: Mapping[Kind, tuple[Stored, ...]], counts: Mapping[Kind, int], allocator: Allocator, *, at_once: int = 0
) -> Prediction:
    """The predicted memory of these numbers of members, of whom at most `at_once` were due simultaneously."""
    of, due, keys, expiring = Counter[str](), Counter[str](), 0, 0
    for kind, count in counts.items():
        for stored in parts[kind]:
            if stored.kind.startswith("due:"):
                due[stored.kind] += count
                continue
            of[stored.kind] += stored.takes(allocator) * count
            keys += count
            expiring += count * stored.expires
    shared = {name: sorted_set(count, allocator, ever=at_once) for name, count in due.items()}
    tables = POINTER * (slots(keys) + slots(expiring))
    return Prediction({**of, **shared, "tables": tables}, sum(counts.values()), keys)


async def compared(
    records: Records, marks: tuple[int, ...], *, report: Callable[[int], None] = lambda _: None
) -> list[Comparison]:
    """Load members, and compare prediction and measurement at each of these numbers.

    Args:
        records: the records of the members.
        marks: ascending numbers of members.
        report: receives the number of members loaded so far.
    """
    everybody = list(members(0, marks[-1], len(records.sessions)))
    parts = await parts_of({member.kind: member for member in everybody}, records)
    comparisons, counts, last = [], Counter[Kind](), 0
    with redis_server() as server:
        url = f"redis://127.0.0.1:{server.port}"
        async with _client(url) as client:
            allocator = await Allocator.of(client)
            # Loaded scripts stay in memory.
            await load(client, everybody[: 2 * BATCH], records)
            await client.flushdb()
        empty = await _measured(url)
        for mark in marks:
            async with _client(url) as client:
                counts += await load(client, everybody[last:mark], records, report=partial(_from, report, last))
            last = mark
            prediction = predicted(parts, counts, allocator, at_once=min(mark, BATCH))
            comparisons.append(Comparison(prediction, await _measured(url) - empty))
    return comparisons


def _from(report: Callable[[int], None], first: int, done: int) -> None:
    report(first + done)


async def _measured(url: str) -> int:
    """Measure on a separate connection, because the loading connections hold buffers."""
    async with _client(url) as client:
        return await at_rest(client)


@asynccontextmanager
async def _client(url: str) -> AsyncIterator[Redis]:
    client = open_state(url)
    try:
        yield client
    finally:
        await client.aclose()
