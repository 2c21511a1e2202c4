"""The keys in a Redis, with kind, encoding, content and memory."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

__all__ = (
    "ENTRY",
    "MODELLED",
    "POINTER",
    "Allocator",
    "Server",
    "Stored",
    "at_rest",
    "clients_of",
    "kind_of",
    "snapshot",
)

POINTER: Final = 8
ENTRY: Final = 24
"""Bytes that Redis 7 requests for an entry of a hash table: key, value, next."""

LIST: Final = 40
LIST_NODE: Final = 40
"""Bytes that it requests for a list and for each of its nodes, without their content."""

LARGEST_SMALL: Final = 128
QUANTUM: Final = re.compile(r"Quantum size: (\d+)")
USUAL_QUANTUM: Final = 16
"""The quantum assumed for allocators other than jemalloc."""

MODELLED: Final = "7.0."
"""The version that the prediction models. Later versions store short lists without a node (7.2) and keys inside their
values (8), and need less memory."""

_REST_READINGS: Final = 12
_REST_BYTES: Final = 256
_REST_WITHIN_S: Final = 120.0
_REST_PAUSE_S: Final = 0.12
"""Redis rehashes every 100 ms and updates the memory of clients once a second; twelve readings cover both."""


@dataclass(frozen=True, slots=True)
class Allocator:
    """The size classes of jemalloc: the official Redis images have a quantum of 8 bytes, Debian's packages of 16."""

    quantum: int

    def given(self, asked: int) -> int:
        """The allocated bytes of a request: 8, multiples of the quantum up to 128, then four classes per doubling."""
        wanted = max(asked, POINTER)
        if wanted <= POINTER:
            return POINTER
        step = self.quantum if wanted <= LARGEST_SMALL else 1 << ((wanted - 1).bit_length() - 3)
        step = max(step, 16) if LARGEST_SMALL // 2 < wanted <= LARGEST_SMALL else step
        return -(-wanted // step) * step

    @classmethod
    async def of(cls, client: Redis) -> Allocator:
        """The allocator of a server."""
        told = await client.memory_malloc_stats()
        found = QUANTUM.search(told.decode() if isinstance(told, bytes) else str(told))
        return cls(int(found[1]) if found else USUAL_QUANTUM)


@dataclass(frozen=True, slots=True)
class Server:
    """The server on which the figures were measured.

    Attributes:
        name: Redis or a compatible server.
        version: its version.
        allocator: its allocator, with version.
    """

    name: str
    version: str
    allocator: str

    @classmethod
    async def of(cls, client: Any) -> Server:
        """The server behind a client."""
        told = {**await client.info("server"), **await client.info("memory")}
        name = str(told.get("server_name", "redis"))
        version = told.get(f"{name}_version", told["redis_version"])
        return cls(name.capitalize(), str(version), str(told["mem_allocator"]))

    @property
    def modelled(self) -> bool:
        """Whether the prediction models this server; only then it is checked."""
        return self.name == "Redis" and self.version.startswith(MODELLED) and self.allocator.startswith("jemalloc")

    def __str__(self) -> str:
        return f"{self.name} {self.version} with {self.allocator}"


@dataclass(frozen=True, slots=True)
class Stored:
    """One key.

    Attributes:
        key: the name.
        type: Redis's type: string, list, hash, zset.
        encoding: Redis's encoding: listpack, hashtable, skiplist, …
        payload: bytes of the content, without Redis's overhead.
        usage: bytes that ``MEMORY USAGE`` reports.
        ttl_ms: the time to live; 0 if it does not expire.
        parts: the content: a string's value, a list's entries, a hash's fields as ``name=value``, or a sorted set's
            members.
    """

    key: str
    type: str
    encoding: str
    payload: int
    usage: int
    ttl_ms: int
    parts: tuple[bytes, ...]

    @property
    def expires(self) -> bool:
        """Whether it has a time to live."""
        return self.ttl_ms > 0

    def takes(self, allocator: Allocator) -> int:
        """The memory of the key, without its slots in the shared hash tables.

        For entries and lists ``MEMORY USAGE`` reports the requested bytes, not the allocated bytes, and it omits the
        entry in the table of expiry times.
        """
        hidden = allocator.given(ENTRY) - ENTRY + (allocator.given(ENTRY) if self.expires else 0)
        if self.encoding == "quicklist":
            hidden += allocator.given(LIST) - LIST + allocator.given(LIST_NODE) - LIST_NODE
        return self.usage + hidden

    @property
    def kind(self) -> str:
        """The kind of key: session, inbox, lease:inbox, …; `due:` for the sets of due members."""
        return kind_of(self.key)


def kind_of(key: str) -> str:
    """The kind of a key, by its name: ``{0}:session:263…`` is a session, ``{0}:inbox`` is due:inbox."""
    words = key.split(":")
    if not key.startswith("{"):
        return words[0]
    if words[1] == "lease":
        return f"lease:{words[2]}"
    return words[1] if len(words) > 2 else f"due:{words[1]}"  # noqa: PLR2004 - tag, kind, member


def clients_of(told: dict[str, Any]) -> int:
    """Bytes of client connections and of the append-only file's buffer, from ``INFO memory``."""
    return int(told["mem_clients_normal"]) + int(told["mem_aof_buffer"])


async def at_rest(client: Redis) -> int:
    """Bytes of ``used_memory`` for data, once rehashing has ended and buffers have been freed.

    Redis's statistics about itself depend on the load of the machine: the slow log, and 24 KiB of latencies for each
    command that was used. Both are reset and disabled.

    Raises:
        TimeoutError: ``used_memory`` does not settle within two minutes.
    """
    await client.config_set("slowlog-log-slower-than", -1)
    await client.config_set("latency-tracking", "no")
    await client.slowlog_reset()
    await client.config_resetstat()
    readings: list[int] = []
    deadline = time.monotonic() + _REST_WITHIN_S
    while time.monotonic() < deadline:
        told = await client.info("memory")
        readings.append(int(told["used_memory"]) - clients_of(told))
        last = readings[-_REST_READINGS:]
        if len(last) == _REST_READINGS and max(last) - min(last) <= _REST_BYTES:
            return readings[-1]
        await asyncio.sleep(_REST_PAUSE_S)
    raise TimeoutError(f"after {_REST_WITHIN_S:.0f} s Redis still moves: {readings[-_REST_READINGS:]} bytes")


async def snapshot(client: Any) -> dict[str, Stored]:
    """All keys, by their names."""
    found: dict[str, Stored] = {}
    for key in sorted(await client.keys("*")):
        parts = await _parts(client, key)
        if parts is None:
            continue
        kind, contents = parts
        encoding = await client.object("ENCODING", key)
        usage = await client.memory_usage(key, samples=0)
        ttl_ms = await client.pttl(key)
        if encoding is None or usage is None:
            continue  # it expired meanwhile
        name = key.decode("utf-8", "replace")
        payload = sum(len(part) for part in contents)
        found[name] = Stored(name, kind, encoding.decode(), payload, int(usage), max(0, ttl_ms), contents)
    return found


async def _parts(client: Any, key: bytes) -> tuple[str, tuple[bytes, ...]] | None:
    kind = (await client.type(key)).decode()
    match kind:
        case "string":
            return kind, (await client.get(key) or b"",)
        case "list":
            return kind, tuple(await client.lrange(key, 0, -1))
        case "hash":
            return kind, tuple(name + b"=" + value for name, value in (await client.hgetall(key)).items())
        case "zset":
            return kind, tuple(await client.zrange(key, 0, -1))
        case _:
            return None
