"""The memory model of both Redises: bytes per member, sizes of tasks and nodes. Used by alarms and notebooks.

`notebooks/redis-memory-management.ipynb` measures these numbers and fails if a kind of key has grown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = (
    "FARGATE_MIB",
    "KEY_BYTES",
    "MIB",
    "NODE_MIB",
    "RESERVED_PERCENT",
    "Load",
    "StateSize",
    "message_dedup_bytes",
    "smallest_node_type",
)

MIB: Final = 1024 * 1024

KEY_BYTES: Final[Mapping[str, int]] = MappingProxyType(
    {
        "session": 624,
        "lease:inbox": 208,
        "lease:outbox": 208,
        "inbox": 432,
        "outbox": 1456,
        "intent": 1136,
        "dashboard": 1392,
        "token": 240,
    }
)
"""The largest size in bytes of each key of a member while an offer is made, with Redis 7.0 and Debian's jemalloc, whose
small size classes are coarser than those of the official Redis images."""

DEDUP_FIRST_BYTES: Final = 160
DEDUP_ENTRY_BYTES: Final = 30
DEDUP_MAX_ENTRIES: Final = 64
"""The deduplication key: bytes with one message, bytes per further message, and the maximum number of messages."""

QUEUE_ENTRY_BYTES: Final = 112
"""Bytes of a member's entry in a queue of due members."""

TABLE_SLOT_BYTES: Final = 2 * 16
"""Bytes of a key's slots in the hash tables of keys and of expiry times, just after a table has doubled."""

MESSAGES_PER_WEEK: Final = 10
WEEKLY_TO_DAILY: Final = 4.0
ACTIVE_FRACTION: Final = 0.2
"""Assumptions about members: see `Load`."""

RESERVED_PERCENT: Final = 25
"""The part of a cache node's memory that is kept free of data: ElastiCache's default."""

NODE_MIB: Final[Mapping[str, int]] = MappingProxyType(
    {
        "cache.t4g.micro": 512,
        "cache.t4g.small": 1_402,
        "cache.t4g.medium": 3_164,
        "cache.m6g.large": 6_533,
        "cache.m6g.xlarge": 13_250,
        "cache.r6g.large": 13_383,
        "cache.r6g.xlarge": 26_951,
    }
)
"""MiB of node types, ascending (AWS, "Supported node types": 0.5, 1.37, 3.09, 6.38, 12.94, 13.07 and 26.32 GiB)."""

FARGATE_MIB: Final = (512, 1024, 2048, *range(3072, 30721, 1024))
"""The memory sizes of Fargate tasks in MiB."""


def message_dedup_bytes(messages: float) -> float:
    """Bytes of the key that deduplicates a member's messages of the last seven days."""
    return DEDUP_FIRST_BYTES + DEDUP_ENTRY_BYTES * (min(max(messages, 1), DEDUP_MAX_ENTRIES) - 1)


@dataclass(frozen=True, slots=True)
class Load:
    """The number of members and their activity at the busiest moment of a week.

    Attributes:
        daily_members: members who write on one day.
        messages_per_week: messages of each member within seven days.
        weekly_to_daily: members of seven days divided by members of one day; 7 if no member writes on two days.
        active_fraction: the fraction of the day's members who are inside a flow at the same moment.
    """

    daily_members: int
    messages_per_week: float = MESSAGES_PER_WEEK
    weekly_to_daily: float = WEEKLY_TO_DAILY
    active_fraction: float = ACTIVE_FRACTION

    @property
    def weekly_members(self) -> float:
        """Members who write within seven days, the time for which message ids are kept."""
        return self.daily_members * self.weekly_to_daily

    @property
    def active_members(self) -> float:
        """Members who are inside a flow at the same moment."""
        return self.daily_members * self.active_fraction

    @property
    def state_bytes(self) -> Mapping[str, float]:
        """Bytes in the state Redis, by purpose."""
        day, active_members = self.daily_members, self.active_members
        sessions = day * sum(KEY_BYTES[part] for part in ("session", "lease:inbox", "lease:outbox"))
        in_progress = active_members * (
            sum(KEY_BYTES[part] for part in ("inbox", "outbox", "intent")) + 2 * QUEUE_ENTRY_BYTES
        )
        return MappingProxyType(
            {
                "message ids, 7 days": self.weekly_members * message_dedup_bytes(self.messages_per_week),
                "sessions and leases, 1 day": float(sessions),
                "work in progress": in_progress,
                "hash tables": TABLE_SLOT_BYTES * (self.weekly_members + 3 * day + 3 * active_members),
            }
        )

    @property
    def cache_bytes(self) -> float:
        """Bytes in the cache: dashboards and tokens of active members."""
        return self.active_members * (KEY_BYTES["dashboard"] + KEY_BYTES["token"] + 2 * TABLE_SLOT_BYTES)


@dataclass(frozen=True, slots=True)
class StateSize:
    """The task of the state Redis.

    Attributes:
        cpu: CPU units of the task; 1024 are one core. Redis uses one core, writing the append-only file another.
        memory_mib: memory of the task.
        max_memory_mib: Redis's `maxmemory`, with `noeviction`. While the append-only file is rewritten, every page that
            changes exists twice; the rest of the task's memory is for that, for buffers and for the page cache.
        alarm_percent: the percentage of `maxmemory` that raises an alarm. At 100 no message is stored any more.
    """

    cpu: int
    memory_mib: int
    max_memory_mib: int
    alarm_percent: int = 60

    def __post_init__(self) -> None:
        """Reject a size at which rewriting the append-only file could exhaust the task's memory."""
        if self.max_memory_mib * 2 > self.memory_mib:
            raise ValueError(
                f"maxmemory {self.max_memory_mib} MiB needs a task of twice that, not {self.memory_mib} MiB"
            )

    @property
    def bytes_per_member(self) -> float:
        """Average bytes per member of the last seven days at the busiest moment."""
        load = Load(daily_members=1000)
        return sum(load.state_bytes.values()) / load.weekly_members

    @property
    def members_until_alarm(self) -> int:
        """The number of members of seven days at which the alarm is raised."""
        return int(self.max_memory_mib * MIB * self.alarm_percent / 100 / self.bytes_per_member)

    @classmethod
    def smallest_for(cls, load: Load, *, cpu: int = 1024, alarm_percent: int = 60) -> StateSize:
        """The smallest task with which this load raises no alarm.

        Raises:
            ValueError: no task is large enough; the state needs another shard.
        """
        least_mib = sum(load.state_bytes.values()) / MIB * 100 / alarm_percent
        for memory_mib in FARGATE_MIB:
            if memory_mib / 2 >= least_mib:
                return cls(cpu, memory_mib, memory_mib // 2, alarm_percent)
        raise ValueError(f"{least_mib:,.0f} MiB of maxmemory are more than one task can have: divide the state")


def smallest_node_type(load: Load) -> str:
    """The smallest type of cache node that holds this load in its unreserved memory.

    Raises:
        ValueError: no node type is large enough; the cache needs shards.
    """
    for node, mib in NODE_MIB.items():
        if mib * MIB * (100 - RESERVED_PERCENT) / 100 >= load.cache_bytes:
            return node
    raise ValueError(f"{load.cache_bytes / MIB:,.0f} MiB fit on no node: the cache needs more shards")
