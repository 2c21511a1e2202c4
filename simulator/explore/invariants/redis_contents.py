"""The bot's keys in Redis: pending work, and the design's limits for type, size and lifetime of each key."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, Protocol

__all__ = ("CACHE_TTL_MS", "EmbeddedStore", "Entry", "KeyRule", "KeyStore", "RedisContents", "StoredKeys")

DAY_MS: Final = 86_400_000
CACHE_TTL_MS: Final = 3_600_000
"""The longest lifetime of a key in the cache."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key: its type, its number of elements, their size in bytes, and its TTL in ms (None: without)."""

    name: str
    type: str
    parts: int
    size: int
    ttl_ms: int | None


class KeyStore(Protocol):
    """A Redis database, read from outside."""

    def entries(self) -> Iterator[Entry]:
        """All keys."""

    def due(self, queue: str) -> dict[str, int]:
        """The members with work in ``inbox`` or ``outbox``, and when it is due."""


class EmbeddedStore:
    """The embedded Redis: its memory is read directly, without commands."""

    def __init__(self, server: Any) -> None:
        self._server = server

    def entries(self) -> Iterator[Entry]:
        """All keys."""
        database = self._server.dbs.get(0)
        if database is None:
            return
        now = database.time
        for key, item in list(database.items()):
            kind, parts = _parts(item.value)
            life = None if item.expireat is None else int((item.expireat - now) * 1000)
            if life is None or life > 0:
                yield Entry(key.decode(), kind, len(parts), sum(len(part) for part in parts), life)

    def due(self, queue: str) -> dict[str, int]:
        """The members with work, and when it is due."""
        database = self._server.dbs.get(0)
        item = None if database is None else database.get(f"{{0}}:{queue}".encode())
        return {} if item is None else {name.decode(): int(score) for name, score in item.value.items()}


def _parts(value: Any) -> tuple[str, list[bytes]]:
    if isinstance(value, bytes):
        return "string", [value]
    if isinstance(value, list):
        return "list", [bytes(part) for part in value]
    pairs = list(value.items())
    kind = "hash" if type(value).__name__ == "Hash" else "zset"
    return kind, [_bytes(key) + (_bytes(part) if kind == "hash" else b"") for key, part in pairs]


def _bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()


@dataclass(frozen=True, slots=True)
class KeyRule:
    """The design's limits for one kind of a member's keys.

    Attributes:
        parts: the most entries or fields.
        size: the most bytes.
        ttl_ms: the longest TTL; None if it lives while there is work.
    """

    type: str
    parts: int
    size: int
    ttl_ms: int | None


KEY_RULES: Final = {
    "inbox": KeyRule("list", 200, 200_000, None),
    "outbox": KeyRule("list", 400, 800_000, None),
    "lease:inbox": KeyRule("hash", 10, 400, None),
    "lease:outbox": KeyRule("hash", 10, 400, None),
    "session": KeyRule("string", 1, 4_096, DAY_MS),
    "intent": KeyRule("string", 1, 65_536, 4 * DAY_MS),
    "seen": KeyRule("zset", 64, 64 * 16, 7 * DAY_MS),
    "posted": KeyRule("zset", 64, 64 * 16, DAY_MS),
}
"""The keys of a member: one of each kind, and no other."""

_QUEUES: Final = ("inbox", "outbox")


@dataclass(frozen=True, slots=True)
class StoredKeys:
    """The keys of all members at one moment, by kind and member."""

    by_kind: dict[str, dict[str, Entry]]
    unknown_keys: tuple[Entry, ...]
    dead_letters: int

    def has(self, kind: str, member: str) -> bool:
        """Whether a member has a key of this kind."""
        return member in self.by_kind.get(kind, {})


class RedisContents:
    """Reads the state Redis and the cache, and compares them with the design."""

    def __init__(self, state: KeyStore, cache: KeyStore) -> None:
        self.state = state
        self.cache = cache

    def keys(self) -> StoredKeys:
        """Read the keys of the state Redis."""
        by_kind: dict[str, dict[str, Entry]] = {kind: {} for kind in KEY_RULES}
        unknown_keys: list[Entry] = []
        dead = 0
        for entry in self.state.entries():
            tag, _, rest = entry.name.partition(":")
            kind, member = _split(rest)
            if tag == "{0}" and kind in KEY_RULES and member:
                by_kind[kind][member] = entry
            elif entry.name == "{0}:dead" and entry.type == "list":
                dead = entry.parts
            elif not (entry.name in {"{0}:inbox", "{0}:outbox"} and entry.type == "zset"):
                unknown_keys.append(entry)
        return StoredKeys(by_kind, tuple(unknown_keys), dead)

    def rule_violations(self, keys: StoredKeys) -> Iterator[str]:
        """Keys that are unknown, too large, of another type, or that live too long."""
        for entry in keys.unknown_keys:
            yield f"{entry.name} ({entry.type}) is no key of the design"
        for kind, entries in keys.by_kind.items():
            rule = KEY_RULES[kind]
            for entry in entries.values():
                yield from _exceeded(entry, rule)
        for queue in _QUEUES:
            yield from self._leases(keys, queue)
        for entry in self.cache.entries():
            if entry.ttl_ms is None or entry.ttl_ms > CACHE_TTL_MS:
                yield f"{entry.name} in the cache lives {_ttl(entry.ttl_ms)}"

    def _leases(self, keys: StoredKeys, queue: str) -> Iterator[str]:
        working = self.state.due(queue)
        for member, entry in keys.by_kind[f"lease:{queue}"].items():
            if member not in working and entry.ttl_ms is None:
                yield f"{entry.name} has no TTL, though {member} has no work"

    def orphaned_work(self, keys: StoredKeys) -> Iterator[str]:
        """Work of members who are never due."""
        for queue in _QUEUES:
            due = self.state.due(queue)
            for member, entry in keys.by_kind[queue].items():
                if member not in due:
                    yield f"{entry.name} holds {entry.parts} and is never due"

    def members_with_work(self, keys: StoredKeys) -> set[str]:
        """The members with an entry in a queue."""
        return {member for queue in _QUEUES for member in keys.by_kind[queue]}


def _split(rest: str) -> tuple[str, str]:
    for kind in KEY_RULES:
        if rest.startswith(f"{kind}:"):
            return kind, rest.removeprefix(f"{kind}:")
    return "", ""


def _exceeded(entry: Entry, rule: KeyRule) -> Iterator[str]:
    if entry.type != rule.type:
        yield f"{entry.name} is a {entry.type}, not a {rule.type}"
    if entry.parts > rule.parts:
        yield f"{entry.name} has {entry.parts} entries, more than {rule.parts}"
    if entry.size > rule.size:
        yield f"{entry.name} holds {entry.size} bytes, more than {rule.size}"
    if rule.ttl_ms is not None and (entry.ttl_ms is None or entry.ttl_ms > rule.ttl_ms):
        yield f"{entry.name} lives {_ttl(entry.ttl_ms)}"


def _ttl(ttl_ms: int | None) -> str:
    return "without a TTL" if ttl_ms is None else f"for {ttl_ms // 60_000} minutes"
