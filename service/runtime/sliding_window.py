"""The call limiter for Credex core: core may allow one address some 50 calls a minute, and the bot is one address.

Core's limiter counts per client address over 60 s and, being installed twice on one counter, refuses from the 51st
call on. This limiter reserves times to call: never more than the limit within any window, first come first served,
across all processes through the cache. Without the cache each process counts for itself.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from pathlib import Path

from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from service.credex.errors import BudgetExhaustedError

WINDOW_MS = 60_000
_LONGEST_PAUSE_MS = 300_000
"""A longer ``Retry-After`` is shortened to this: members would wait for a mistyped header."""

_REDIS_ERRORS = (RedisError, OSError)


class SlidingWindowLimiter:
    """Reserves the times at which Credex core may be called.

    Args:
        redis: the cache; None counts in this process only.
        per_minute: calls in any 60 s.
        address: names the counter; processes that share an outgoing address share it.
        sleep: waits for seconds; tests pass one that moves their clock.
    """

    def __init__(
        self,
        redis: Redis | RedisCluster | None,
        *,
        clock_ms: Callable[[], int],
        per_minute: int = 50,
        address: str = "bot",
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        if per_minute < 1:
            raise ValueError("a budget of no calls at all would wait for ever: give at least 1 a minute")
        self._clock_ms = clock_ms
        self._calls = per_minute
        self._sleep = sleep
        self._redis = redis
        # The braces keep the two keys, which one script touches, in one cluster slot.
        self._moments_key = f"budget:{{{address}}}"
        self._paused_key = f"budget:{{{address}}}:paused"
        self._moments: deque[int] = deque(maxlen=per_minute)
        self._paused_until_ms = 0
        if redis is not None:
            here = Path(__file__)
            self._take = redis.register_script(here.with_name("sliding_window.lua").read_text("utf-8"))
            self._pause = redis.register_script(here.with_name("sliding_window_pause.lua").read_text("utf-8"))

    async def wait(self, *, at_most_ms: int) -> int:
        """Wait for the next free time; returns how long that took, in ms.

        Raises:
            BudgetExhaustedError: it would take longer than ``at_most_ms``; nothing was reserved.
        """
        began = self._clock_ms()
        while True:
            now = self._clock_ms()
            left = at_most_ms - (now - began)
            wait = await self.take(now, at_most_ms=left)
            if wait > max(left, 0):
                raise BudgetExhaustedError(wait)
            if wait == 0:
                return now - began
            await self._sleep(wait / 1000)
            # Core may have asked for a pause meanwhile: then the reservation is void.
            if await self._paused_until() <= self._clock_ms():
                return self._clock_ms() - began

    async def take(self, now_ms: int, *, at_most_ms: int | None = None) -> int:
        """Reserve the next free time; returns how long to wait for it, in ms.

        A wait longer than ``at_most_ms`` reserves nothing, and is returned all the same.
        """
        accepted = -1 if at_most_ms is None else max(at_most_ms, 0)
        shared = await self._take_shared(now_ms, accepted)
        if shared is None:
            return self._take_here(now_ms, accepted)
        # The pause is kept here as well, in case the cache loses it.
        wait = max(shared, self._paused_until_ms - now_ms)
        if accepted < 0 or wait <= accepted:
            self._moments.append(now_ms + wait)
        return wait

    async def pause(self, seconds: float) -> None:
        """Reserve nothing for this long: core answered that it is called too often."""
        now = self._clock_ms()
        until = now + min(max(round(seconds * 1000), 1000), _LONGEST_PAUSE_MS)
        self._paused_until_ms = max(self._paused_until_ms, until)
        if self._redis is not None:
            try:
                await self._pause(keys=[self._paused_key], args=[now, until])
            except _REDIS_ERRORS:
                return

    async def _take_shared(self, now_ms: int, accepted: int) -> int | None:
        if self._redis is None:
            return None
        try:
            wait = await self._take(
                keys=[self._moments_key, self._paused_key], args=[now_ms, WINDOW_MS, self._calls, accepted]
            )
        except _REDIS_ERRORS:
            return None
        return int(wait)

    def _take_here(self, now_ms: int, accepted: int) -> int:
        moment = max(now_ms, self._paused_until_ms, self._moments[-1] if self._moments else 0)
        if len(self._moments) == self._calls:
            moment = max(moment, self._moments[0] + WINDOW_MS)
        wait = moment - now_ms
        if accepted < 0 or wait <= accepted:
            self._moments.append(moment)
        return wait

    async def _paused_until(self) -> int:
        if self._redis is None:
            return self._paused_until_ms
        try:
            shared = await self._redis.get(self._paused_key)
        except _REDIS_ERRORS:
            return self._paused_until_ms
        return max(self._paused_until_ms, int(shared or 0))
