"""Time is the state Redis's: the same in every process, whatever their system clocks say."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

import pytest

from service.mailbox import StateClock, StateUnavailableError, open_state, server_time_ms

SERVER_MS = 1_793_606_400_000


@dataclass
class Process:
    """A process that asks a server for its time over a network of which each direction takes its own time."""

    monotonic_ms: int = 5_000
    system_ms: int = SERVER_MS + 40_000
    server_ms: int = SERVER_MS
    trips: deque[tuple[int, int]] = field(default_factory=deque)
    down: bool = False

    def __post_init__(self) -> None:
        self.clock = StateClock(self._ask, system_ms=lambda: self.system_ms, monotonic_ms=lambda: self.monotonic_ms)

    def passes(self, ms: int) -> None:
        """Time passes everywhere."""
        self.monotonic_ms, self.system_ms, self.server_ms = (
            self.monotonic_ms + ms,
            self.system_ms + ms,
            self.server_ms + ms,
        )

    async def _ask(self) -> int:
        if self.down:
            raise StateUnavailableError("away")
        there, back = self.trips.popleft() if self.trips else (0, 0)
        self.passes(there)
        now_ms = self.server_ms
        self.passes(back)
        return now_ms


def test_before_the_first_reading_it_is_the_systems_time() -> None:
    """The process can serve; nothing was sent yet whose time would count."""
    process = Process(down=True)
    with pytest.raises(StateUnavailableError):
        asyncio.run(process.clock.refresh())
    assert (process.clock.now_ms(), process.clock.skew_ms) == (process.system_ms, 0)


def test_it_is_the_servers_time_and_tells_how_far_the_systems_is_off() -> None:
    """Forty seconds ahead."""
    process = Process()
    asyncio.run(process.clock.refresh())
    assert (process.clock.now_ms(), process.clock.skew_ms) == (SERVER_MS, 40_000)


def test_a_system_clock_that_is_stepped_does_no_harm() -> None:
    """Between readings time goes on by a clock that nobody sets."""
    process = Process()
    asyncio.run(process.clock.refresh())
    process.passes(1_000)
    process.system_ms -= 120_000
    assert process.clock.now_ms() == process.server_ms
    assert process.clock.skew_ms == 40_000 - 120_000


def test_the_reading_with_the_shortest_round_trip_counts() -> None:
    """A slow answer says little about when it was given."""
    process = Process(trips=deque([(0, 900), (5, 5), (700, 0)]))
    asyncio.run(process.clock.refresh())
    assert process.clock.now_ms() == process.server_ms


def test_a_reading_that_fails_leaves_the_clock_as_it_was() -> None:
    """It goes on from the last one."""
    process = Process()
    asyncio.run(process.clock.refresh())
    process.down = True
    process.passes(60_000)
    with pytest.raises(StateUnavailableError):
        asyncio.run(process.clock.refresh())
    assert process.clock.now_ms() == process.server_ms


async def test_the_server_is_asked_by_time() -> None:
    """The embedded one answers as a real one does: seconds and microseconds."""
    redis = open_state("embedded://")
    try:
        assert await server_time_ms(redis) > SERVER_MS - 365 * 86_400_000
    finally:
        await redis.aclose()
