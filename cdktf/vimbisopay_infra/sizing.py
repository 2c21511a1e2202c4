"""How large the state Redis is, and how many members that holds.

Pure numbers: alarms, documents and notebooks use them.

Bytes a member were measured by `make bench` as differences of `used_memory` (Redis 7.0, x86-64).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ("BYTES_IDLE", "BYTES_IN_FLIGHT", "MIB", "StateSize")

MIB: Final = 1024 * 1024
BYTES_IDLE: Final = 1_212
"""Of a member who wrote in the last seven days and has nothing under way: measured."""
BYTES_IN_FLIGHT: Final = 1_478 + 2_000
"""Of a member in the middle of an offer: measured at its last question; the intent with its baseline is estimated."""
IN_FLIGHT_SHARE: Final = 0.05
"""How many of the week's members are in the middle of something at the busiest moment: an assumption."""


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
        return BYTES_IDLE + IN_FLIGHT_SHARE * (BYTES_IN_FLIGHT - BYTES_IDLE)

    @property
    def members_until_alarm(self) -> int:
        """How many members may have written within seven days before the alarm."""
        return int(self.max_memory_mib * MIB * self.alarm_percent / 100 / self.bytes_a_member)
