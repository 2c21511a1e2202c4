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
"""Bytes that Redis 7 asks for an entry of a table: key, value, next."""

LIST: Final = 40
LIST_NODE: Final = 40
"""Bytes that it asks for a list, and for each of its nodes, besides what stands in them."""

LARGEST_SMALL: Final = 128
QUANTUM: Final = re.compile(r"Quantum size: (\d+)")
USUAL_QUANTUM: Final = 16
"""What other allocators than jemalloc round up to, too."""

MODELLED: Final = "7.0."
"""The version whose entries, lists and tables the prediction knows. Later ones keep short lists without a node (7.2)
and keys within their values (8), and take less."""

_REST_READINGS: Final = 12
_REST_BYTES: Final = 256
_REST_WITHIN_S: Final = 120.0
_REST_PAUSE_S: Final = 0.12
"""Redis moves its tables every 100 ms, and counts what a connection holds once a second: twelve readings see both."""


@dataclass(frozen=True, slots=True)
class Allocator:
    """jemalloc, as it was built: Redis's own images have a quantum of 8 bytes, Debian's packages one of 16."""

    quantum: int

    def given(self, asked: int) -> int:
        """Bytes that a request gets: 8, multiples of the quantum up to 128, then four sizes to each doubling."""
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
    """What the figures were measured on.

    Attributes:
        name: Redis, or what took its place.
        version: of it.
        allocator: what gives it memory, with its version.
    """

    name: str
    version: str
    allocator: str

    @classmethod
    async def of(cls, client: Any) -> Server:
        """What answers there."""
        told = {**await client.info("server"), **await client.info("memory")}
        name = str(told.get("server_name", "redis"))
        version = told.get(f"{name}_version", told["redis_version"])
        return cls(name.capitalize(), str(version), str(told["mem_allocator"]))

    @property
    def modelled(self) -> bool:
        """Whether it is one for which the prediction was made: only then it is held to that."""
        return self.name == "Redis" and self.version.startswith(MODELLED) and self.allocator.startswith("jemalloc")

    def __str__(self) -> str:
        return f"{self.name} {self.version} with {self.allocator}"


@dataclass(frozen=True, slots=True)
class Stored:
    """One key.

    Attributes:
        key: its name.
        type: Redis's word: string, list, hash, zset.
        encoding: how Redis keeps it: listpack, hashtable, skiplist, …
        payload: bytes of what we put in, without anything of Redis's own.
        usage: bytes that ``MEMORY USAGE`` tells.
        ttl_ms: how long it has to live; 0 without an end.
        parts: what is in it: a string's value, a list's entries, a hash's fields as ``name=value``, a sorted set's
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
        """All that the key takes, but for its places in the tables, which keys share.

        ``MEMORY USAGE`` tells what was asked of the allocator for entries and lists, not what was given, and knows
        nothing of the table of expiry times.
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
    """Bytes that connections and the file's buffer hold at this moment, of what ``INFO memory`` tells."""
    return int(told["mem_clients_normal"]) + int(told["mem_aof_buffer"])


async def at_rest(client: Redis) -> int:
    """Bytes of ``used_memory`` for data, once Redis has come to rest: tables moved, buffers given back.

    What Redis notes of its own work is no data, and hangs on how busy the machine is: the log of slow commands, with
    copies of what was sent, and 24 KiB of times for each command that was ever used. Both are emptied and stay off.

    Raises:
        TimeoutError: it does not come to rest within two minutes.
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
            continue  # it went while it was looked at
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
