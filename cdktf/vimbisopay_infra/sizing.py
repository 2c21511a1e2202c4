"""How large the two Redises are, and how many members that holds. Pure numbers, for alarms, documents and notebooks.

`notebooks/redis-memory-management.ipynb` measures what stands here, and fails when a part has grown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ("FARGATE_MIB", "MIB", "NODE_MIB", "PARTS", "RESERVED_PERCENT", "Load", "StateSize", "node_for", "seen_bytes")

MIB: Final = 1024 * 1024

PARTS: Final[Mapping[str, int]] = MappingProxyType(
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

SEEN_FIRST: Final = 160
SEEN_EACH: Final = 30
SEEN_MOST: Final = 64
"""The key that knows the messages seen: with one, for each further one, and how many there are at most."""

DUE: Final = 112
"""Of a member's place among those who have work."""

SLOTS: Final = 2 * 16
"""Of a key's places in the tables of keys and of times, at the moment at which a table has just doubled."""

MESSAGES_A_WEEK: Final = 10
WEEK_TO_DAY: Final = 4.0
AT_ONCE: Final = 0.2
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


def seen_bytes(messages: float) -> float:
    """Of the key that knows a member's messages of the last seven days, so that none is answered twice."""
    return SEEN_FIRST + SEEN_EACH * (min(max(messages, 1), SEEN_MOST) - 1)


@dataclass(frozen=True, slots=True)
class Load:
    """How many members there are at the busiest moment of a week, and what they do.

    Attributes:
        members_a_day: who write on one day.
        messages_a_week: of each of them.
        week_to_day: how many times as many write within seven days; 7 if nobody comes twice.
        at_once: the part of the day's members who are in the middle of something at the same moment.
    """

    members_a_day: int
    messages_a_week: float = MESSAGES_A_WEEK
    week_to_day: float = WEEK_TO_DAY
    at_once: float = AT_ONCE

    @property
    def members_a_week(self) -> float:
        """Who write within seven days: so long messages are known."""
        return self.members_a_day * self.week_to_day

    @property
    def working(self) -> float:
        """Who are in the middle of something at the same moment."""
        return self.members_a_day * self.at_once

    @property
    def state_bytes(self) -> Mapping[str, float]:
        """What the state Redis takes, by what it is for."""
        day, working = self.members_a_day, self.working
        interruptible = day * sum(PARTS[part] for part in ("session", "lease:inbox", "lease:outbox"))
        under_way = working * (sum(PARTS[part] for part in ("inbox", "outbox", "intent")) + 2 * DUE)
        return MappingProxyType(
            {
                "seen for a week": self.members_a_week * seen_bytes(self.messages_a_week),
                "known for a day": float(interruptible),
                "under way": under_way,
                "tables": SLOTS * (self.members_a_week + 3 * day + 3 * working),
            }
        )

    @property
    def cache_bytes(self) -> float:
        """What the cache takes: dashboards and tokens of those who are in the middle of something."""
        return self.working * (PARTS["dashboard"] + PARTS["token"] + 2 * SLOTS)


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
    def bytes_a_member(self) -> float:
        """Bytes that a member of the last seven days takes on average at the busiest moment."""
        load = Load(members_a_day=1000)
        return sum(load.state_bytes.values()) / load.members_a_week

    @property
    def members_until_alarm(self) -> int:
        """How many members may have written within seven days before the alarm."""
        return int(self.max_memory_mib * MIB * self.alarm_percent / 100 / self.bytes_a_member)

    @classmethod
    def needed(cls, load: Load, *, cpu: int = 1024, alarm_percent: int = 60) -> StateSize:
        """The smallest task at which this load raises no alarm.

        Raises:
            ValueError: none is large enough; the state needs another shard.
        """
        least_mib = sum(load.state_bytes.values()) / MIB * 100 / alarm_percent
        for memory_mib in FARGATE_MIB:
            if memory_mib / 2 >= least_mib:
                return cls(cpu, memory_mib, memory_mib // 2, alarm_percent)
        raise ValueError(f"{least_mib:,.0f} MiB of maxmemory are more than one task can have: divide the state")


def node_for(load: Load) -> str:
    """The smallest type of cache node that holds this load besides what ElastiCache reserves.

    Raises:
        ValueError: none does; the cache needs shards.
    """
    for node, mib in NODE_MIB.items():
        if mib * MIB * (100 - RESERVED_PERCENT) / 100 >= load.cache_bytes:
            return node
    raise ValueError(f"{load.cache_bytes / MIB:,.0f} MiB fit on no node: the cache needs more shards")
