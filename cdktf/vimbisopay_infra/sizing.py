"""How large the two Redises are, and how many members that holds. Pure numbers, for alarms, documents and notebooks.

`notebooks/redis-memory-management.ipynb` measures what stands here, and fails when a part has grown.
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
"""Bytes of each key of a member at its largest while an offer is made: Redis 7.0 with Debian's jemalloc, whose smallest
sizes are coarser than those of Redis's own images."""

DEDUP_FIRST_BYTES: Final = 160
DEDUP_ENTRY_BYTES: Final = 30
DEDUP_MAX_ENTRIES: Final = 64
"""The key that knows the messages seen: with one, for each further one, and how many there are at most."""

QUEUE_ENTRY_BYTES: Final = 112
"""Of a member's place among those who have work."""

TABLE_SLOT_BYTES: Final = 2 * 16
"""Of a key's places in the tables of keys and of times, at the moment at which a table has just doubled."""

MESSAGES_PER_WEEK: Final = 10
WEEKLY_TO_DAILY: Final = 4.0
ACTIVE_FRACTION: Final = 0.2
"""What is assumed of members: see `Load`."""

RESERVED_PERCENT: Final = 25
"""Of a cache node's memory, kept free of data: ElastiCache's own default."""

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
"""Memory of node types, rising (AWS, "Supported node types": 0.5, 1.37, 3.09, 6.38, 12.94, 13.07 and 26.32 GiB)."""

FARGATE_MIB: Final = (512, 1024, 2048, *range(3072, 30721, 1024))
"""Memory that a task may have."""


def message_dedup_bytes(messages: float) -> float:
    """Of the key that knows a member's messages of the last seven days, so that none is answered twice."""
    return DEDUP_FIRST_BYTES + DEDUP_ENTRY_BYTES * (min(max(messages, 1), DEDUP_MAX_ENTRIES) - 1)


@dataclass(frozen=True, slots=True)
class Load:
    """How many members there are at the busiest moment of a week, and what they do.

    Attributes:
        members_a_day: who write on one day.
        messages_a_week: of each of them.
        week_to_day: how many times as many write within seven days; 7 if nobody comes twice.
        at_once: the part of the day's members who are in the middle of something at the same moment.
    """

    daily_members: int
    messages_per_week: float = MESSAGES_PER_WEEK
    weekly_to_daily: float = WEEKLY_TO_DAILY
    active_fraction: float = ACTIVE_FRACTION

    @property
    def weekly_members(self) -> float:
        """Who write within seven days: so long messages are known."""
        return self.daily_members * self.weekly_to_daily

    @property
    def active_members(self) -> float:
        """Who are in the middle of something at the same moment."""
        return self.daily_members * self.active_fraction

    @property
    def state_bytes(self) -> Mapping[str, float]:
        """What the state Redis takes, by what it is for."""
        day, active_members = self.daily_members, self.active_members
        interruptible = day * sum(KEY_BYTES[part] for part in ("session", "lease:inbox", "lease:outbox"))
        under_way = active_members * (
            sum(KEY_BYTES[part] for part in ("inbox", "outbox", "intent")) + 2 * QUEUE_ENTRY_BYTES
        )
        return MappingProxyType(
            {
                "seen for a week": self.weekly_members * message_dedup_bytes(self.messages_per_week),
                "known for a day": float(interruptible),
                "under way": under_way,
                "tables": TABLE_SLOT_BYTES * (self.weekly_members + 3 * day + 3 * active_members),
            }
        )

    @property
    def cache_bytes(self) -> float:
        """What the cache takes: dashboards and tokens of those who are in the middle of something."""
        return self.active_members * (KEY_BYTES["dashboard"] + KEY_BYTES["token"] + 2 * TABLE_SLOT_BYTES)


@dataclass(frozen=True, slots=True)
class StateSize:
    """The task of the state Redis.

    Attributes:
        cpu: CPU units of the task; 1024 are one core. Redis uses one, the writing of the log another.
        memory_mib: memory of the task.
        max_memory_mib: what Redis may keep (`maxmemory`, with `noeviction`). While the append-only file is rewritten,
            each page that changes exists twice; the rest of the task is for that, for buffers, and for the page cache.
        alarm_percent: of `maxmemory`, when somebody is told. At 100 no message is stored any more.
    """

    cpu: int
    memory_mib: int
    max_memory_mib: int
    alarm_percent: int = 60

    def __post_init__(self) -> None:
        """Refuse a size at which a rewrite of the append-only file could end the task for want of memory."""
        if self.max_memory_mib * 2 > self.memory_mib:
            raise ValueError(
                f"maxmemory {self.max_memory_mib} MiB needs a task of twice that, not {self.memory_mib} MiB"
            )

    @property
    def bytes_per_member(self) -> float:
        """Bytes that a member of the last seven days takes on average at the busiest moment."""
        load = Load(daily_members=1000)
        return sum(load.state_bytes.values()) / load.weekly_members

    @property
    def members_until_alarm(self) -> int:
        """How many members may have written within seven days before the alarm."""
        return int(self.max_memory_mib * MIB * self.alarm_percent / 100 / self.bytes_per_member)

    @classmethod
    def smallest_for(cls, load: Load, *, cpu: int = 1024, alarm_percent: int = 60) -> StateSize:
        """The smallest task at which this load raises no alarm.

        Raises:
            ValueError: none is large enough; the state needs another shard.
        """
        least_mib = sum(load.state_bytes.values()) / MIB * 100 / alarm_percent
        for memory_mib in FARGATE_MIB:
            if memory_mib / 2 >= least_mib:
                return cls(cpu, memory_mib, memory_mib // 2, alarm_percent)
        raise ValueError(f"{least_mib:,.0f} MiB of maxmemory are more than one task can have: divide the state")


def smallest_node_type(load: Load) -> str:
    """The smallest type of cache node that holds this load besides what ElastiCache reserves.

    Raises:
        ValueError: none does; the cache needs shards.
    """
    for node, mib in NODE_MIB.items():
        if mib * MIB * (100 - RESERVED_PERCENT) / 100 >= load.cache_bytes:
            return node
    raise ValueError(f"{load.cache_bytes / MIB:,.0f} MiB fit on no node: the cache needs more shards")
