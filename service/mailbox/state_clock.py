"""The state Redis's time, by which all processes measure.

What is decided by elapsed time (whether a write may still leave, whether an absence is proven) is stored by one process
and judged by another. Their system clocks may differ, and may be stepped in between; the server's time is one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog
from redis.asyncio import Redis

from service.mailbox.errors import MailboxError, translate_redis_errors

EVERY_S: Final = 30.0
RETRY_S: Final = 1.0
READINGS: Final = 3
SKEWED_MS: Final = 5_000
"""A system clock that is off by more is logged as wrong: WhatsApp's and core's times are compared with it by people."""

log = structlog.get_logger(__name__)


async def server_time_ms(redis: Redis) -> int:
    """What the server's clock says, ms since the epoch.

    Raises:
        MailboxError: it did not answer.
    """
    with translate_redis_errors():
        seconds, microseconds = await redis.time()
    return int(seconds) * 1_000 + int(microseconds) // 1_000


class StateClock:
    """The server's time between readings: it advances with a clock that is never stepped.

    Until the first reading it is the system's time.
    """

    def __init__(
        self,
        read_ms: Callable[[], Awaitable[int]],
        *,
        system_ms: Callable[[], int],
        monotonic_ms: Callable[[], int],
    ) -> None:
        """Nothing is read yet.

        Args:
            read_ms: the server's time, ms since the epoch; raises `MailboxError` if it cannot be read.
            system_ms: the process's own time, ms since the epoch.
            monotonic_ms: a clock of the process that is never stepped; its zero is of no matter.
        """
        self._read_ms = read_ms
        self._system_ms = system_ms
        self._monotonic_ms = monotonic_ms
        self._offset_ms: int | None = None

    def now_ms(self) -> int:
        """The time, ms since the epoch."""
        return self._system_ms() if self._offset_ms is None else self._monotonic_ms() + self._offset_ms

    @property
    def skew_ms(self) -> int:
        """How far the system's clock is ahead of the server's; 0 until the first reading."""
        return 0 if self._offset_ms is None else self._system_ms() - self.now_ms()

    async def refresh(self) -> None:
        """Read the server's time a few times; the reading with the shortest round trip counts.

        Raises:
            MailboxError: it could not be read; the clock goes on as before.
        """
        readings = []
        for _ in range(READINGS):
            before_ms = self._monotonic_ms()
            server_ms = await self._read_ms()
            after_ms = self._monotonic_ms()
            readings.append((after_ms - before_ms, server_ms - (before_ms + after_ms) // 2))
        self._offset_ms = min(readings)[1]
        if abs(self.skew_ms) > SKEWED_MS:
            log.warning("system_clock_skewed", skew_ms=self.skew_ms)

    async def run(self, stop: asyncio.Event) -> None:
        """Refresh until ``stop`` is set."""
        while not stop.is_set():
            try:
                await self.refresh()
            except MailboxError as error:
                log.warning("state_time_not_read", error=type(error).__name__)
            pause_s = RETRY_S if self._offset_ms is None else EVERY_S
            try:
                async with asyncio.timeout(pause_s):
                    await stop.wait()
            except TimeoutError:
                continue
