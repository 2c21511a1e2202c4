"""Limits the rate of sending, for all processes together through the cache Redis (GCRA).

Meta allows a phone number 80 messages a second, or 1,000 once it has been upgraded (Cloud API, throughput, 2026).
"""

import math
from collections.abc import Awaitable
from importlib.resources import files
from typing import Any, Final, Protocol, cast

import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

LONGEST_WAIT_MS: Final = 2000
"""A turn that is further away is not taken; the caller asks again later."""

_MOST_PER_SECOND: Final = 1000
_AWAY_MS: Final = 5000  # how long an unreachable cache is left alone, or each message would wait for its timeout


class RateLimiter(Protocol):
    """Grants turns to send."""

    async def take(self, now_ms: int) -> int:
        """The milliseconds to wait before sending.

        Up to `LONGEST_WAIT_MS` the turn is taken, and comes after that wait; beyond it nothing is taken.
        """

    async def pause(self, until_ms: int, now_ms: int) -> None:
        """Grants no turn before that time."""


class LocalGcraLimiter:
    """Grants turns to this process alone."""

    def __init__(self, *, per_second: int = 80) -> None:
        """Takes the most messages that may leave in any one second; ValueError if that is not between 1 and 1,000."""
        if not 1 <= per_second <= _MOST_PER_SECOND:
            raise ValueError(f"The rate must be between 1 and {_MOST_PER_SECOND:,} messages a second, not {per_second}")
        burst = max(1, per_second // 20)
        # What may leave at once and what follows in the same second make up the rate. In whole microseconds, so that
        # rounding never adds up to one message too many.
        self.gap_ms = math.ceil(1_000_000 / (per_second - burst + 1)) / 1000
        self.ahead_ms = round((burst - 1) * self.gap_ms, 3)
        self._next_ms: float = 0
        self._paused_ms = 0

    async def take(self, now_ms: int) -> int:
        start = max(now_ms, self._paused_ms)
        turn = max(start, self._next_ms)
        wait = math.ceil(max(start, turn - self.ahead_ms) - now_ms)
        if wait <= LONGEST_WAIT_MS:
            self._next_ms = round(turn + self.gap_ms, 3)
        return wait

    async def pause(self, until_ms: int, now_ms: int) -> None:  # noqa: ARG002
        self._paused_ms = max(self._paused_ms, until_ms)


class GcraLimiter:
    """Grants turns to all processes through the cache; without the cache each process has the full rate."""

    def __init__(
        self, cache: Redis | RedisCluster, *, phone_number_id: str, per_second: int = 80, log: Any = None
    ) -> None:
        """Takes the cache and the rate, as `LocalGcraLimiter`."""
        self._local = LocalGcraLimiter(per_second=per_second)
        self._key = f"rate:{phone_number_id}"
        self._take = cache.register_script(_script("rate"))
        self._pause = cache.register_script(_script("rate_pause"))
        self._away_until_ms: int | None = None
        self._log = structlog.get_logger(__name__) if log is None else log

    async def take(self, now_ms: int) -> int:
        wait = await self._ask(self._take, [now_ms, self._local.gap_ms, self._local.ahead_ms, LONGEST_WAIT_MS], now_ms)
        return await self._local.take(now_ms) if wait is None else wait

    async def pause(self, until_ms: int, now_ms: int) -> None:
        await self._local.pause(until_ms, now_ms)
        await self._ask(self._pause, [now_ms, until_ms], now_ms)

    async def _ask(self, script: Any, args: list[float], now_ms: int) -> int | None:
        if self._away_until_ms is not None and now_ms < self._away_until_ms:
            return None
        try:
            answer = await cast("Awaitable[Any]", script(keys=[self._key], args=args))
        except (RedisError, OSError) as error:
            if self._away_until_ms is None:
                self._log.warning("rate_shared_no_more", reason=type(error).__name__)
            self._away_until_ms = now_ms + _AWAY_MS
            return None
        if self._away_until_ms is not None:
            self._log.info("rate_shared_again")
            self._away_until_ms = None
        return int(answer)


def _script(name: str) -> str:
    return (files("service.runtime") / f"{name}.lua").read_text("utf-8")
