"""The call budget, shared by processes through the cache: the same on an embedded and on a real Redis."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis, RedisCluster

from service.credex.errors import BudgetExhaustedError
from service.mailbox import open_cache
from service.runtime.sliding_window import SlidingWindowLimiter

START_MS = 1_793_606_400_000
MINUTE_MS = 60_000


class Hands:
    """A clock that moves when somebody sleeps, and can be moved by hand."""

    def __init__(self) -> None:
        self.at_ms = START_MS

    def now_ms(self) -> int:
        """What it was set to."""
        return self.at_ms

    async def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.at_ms += round(seconds * 1000)


def budget(redis: Redis | RedisCluster | None, clock: Hands, per_minute: int = 3) -> SlidingWindowLimiter:
    """A process's view of the budget."""
    return SlidingWindowLimiter(redis, clock_ms=clock.now_ms, per_minute=per_minute, sleep=clock.sleep)


@pytest.fixture
async def cache(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the cache, as the service opens it."""
    client = open_cache(redis_url)
    assert isinstance(client, Redis)
    yield client
    await client.aclose()


async def test_calls_within_the_budget_wait_for_nothing(cache: Redis) -> None:
    """As many as a minute allows may come at once."""
    one = budget(cache, Hands())
    assert [await one.take(START_MS) for _ in range(3)] == [0, 0, 0]


async def test_further_calls_get_the_next_free_moments_in_order(cache: Redis) -> None:
    """Each call is free a minute after the one that it replaces, and nobody is overtaken."""
    one = budget(cache, Hands())
    for at_ms in (START_MS, START_MS + 100, START_MS + 200):
        assert await one.take(at_ms) == 0
    waits = [await one.take(START_MS + 1000) for _ in range(4)]
    assert [START_MS + 1000 + wait for wait in waits] == [
        START_MS + MINUTE_MS,
        START_MS + MINUTE_MS + 100,
        START_MS + MINUTE_MS + 200,
        START_MS + 2 * MINUTE_MS,
    ]


async def test_processes_share_one_budget(cache: Redis) -> None:
    """What one process used, another has not."""
    clock = Hands()
    one, other = budget(cache, clock), budget(cache, clock)
    for _ in range(2):
        await one.take(START_MS)
    assert [await other.take(START_MS) for _ in range(2)] == [0, MINUTE_MS]


@pytest.mark.parametrize("shared", [True, False])
async def test_a_clock_that_lags_overtakes_nobody(cache: Redis, *, shared: bool) -> None:
    """Moments are given out in order, though one process's clock is behind another's."""
    one = budget(cache if shared else None, Hands())
    assert await one.take(START_MS + 1000) == 0
    assert await one.take(START_MS) == 1000


async def test_a_wait_that_is_too_long_reserves_nothing(cache: Redis) -> None:
    """Those who give up do not make the others wait longer."""
    one = budget(cache, Hands())
    for _ in range(3):
        await one.take(START_MS)
    assert [await one.take(START_MS, at_most_ms=10_000) for _ in range(5)] == [MINUTE_MS] * 5
    assert await one.take(START_MS) == MINUTE_MS


async def test_waiting_ends_at_the_reserved_moment_or_at_once(cache: Redis) -> None:
    """Within the time allowed it waits; beyond it says how long it would have been, without waiting."""
    clock = Hands()
    one = budget(cache, clock, per_minute=1)
    assert await one.wait(at_most_ms=0) == 0
    assert await one.wait(at_most_ms=MINUTE_MS) == MINUTE_MS
    with pytest.raises(BudgetExhaustedError) as caught:
        await one.wait(at_most_ms=MINUTE_MS - 1)
    assert (caught.value.wait_ms, clock.at_ms) == (MINUTE_MS, START_MS + MINUTE_MS)


async def test_a_pause_holds_for_everyone(cache: Redis) -> None:
    """One process met core's limit; the others wait, too. A shorter pause does not cut it."""
    clock = Hands()
    one, other = budget(cache, clock), budget(cache, clock)
    await one.pause(20)
    await one.pause(5)
    assert await other.take(START_MS) == 20_000
    assert await one.take(START_MS + 20_000) == 0


async def test_a_pause_voids_moments_reserved_before(cache: Redis) -> None:
    """Who was about to call when core asked for a pause waits for its end."""
    clock = Hands()
    asking = budget(cache, clock, per_minute=1)

    class Interrupted(Hands):
        """While one sleeps, another meets core's limit."""

        async def sleep(self, seconds: float) -> None:
            await super().sleep(seconds)
            clock.at_ms = self.at_ms
            if self.at_ms == START_MS + MINUTE_MS:
                await asking.pause(90)

    waiting = Interrupted()
    one = budget(cache, waiting, per_minute=1)
    await one.take(START_MS)
    await one.wait(at_most_ms=10 * MINUTE_MS)
    assert waiting.at_ms >= START_MS + MINUTE_MS + 90_000


async def test_an_absurd_pause_is_not_believed(cache: Redis) -> None:
    """Five minutes at most, whatever the header says."""
    one = budget(cache, Hands())
    await one.pause(1e9)
    assert await one.take(START_MS) == 300_000


async def test_without_the_cache_each_process_keeps_count() -> None:
    """A Redis that cannot be reached costs the sharing, not the limit; what was called before still counts."""
    lost = open_cache("redis://127.0.0.1:1", timeout_s=0.05)
    clock = Hands()
    one = budget(lost, clock)
    assert [await one.take(START_MS) for _ in range(4)] == [0, 0, 0, MINUTE_MS]
    await one.pause(90)
    assert await one.take(START_MS) == 90_000
    with pytest.raises(BudgetExhaustedError):
        await one.wait(at_most_ms=1000)
    await lost.aclose()


async def test_a_cache_lost_on_the_way_is_not_a_new_budget(cache: Redis) -> None:
    """What was taken through the cache counts here, too."""
    one = budget(cache, Hands())
    for _ in range(3):
        await one.take(START_MS)
    one._take = budget(open_cache("redis://127.0.0.1:1", timeout_s=0.05), Hands())._take
    assert await one.take(START_MS) == MINUTE_MS


def test_a_budget_of_nothing_is_refused() -> None:
    """It would wait for ever."""
    with pytest.raises(ValueError, match="at least 1"):
        budget(None, Hands(), per_minute=0)


@given(
    steps=st.lists(st.integers(min_value=0, max_value=40_000), max_size=60),
    seed=st.integers(min_value=0, max_value=99),
    embedded=st.booleans(),
)
async def test_no_minute_ever_holds_more_calls_than_allowed(*, steps: list[int], seed: int, embedded: bool) -> None:
    """However calls arrive, at whichever process, any sliding minute stays within the budget."""
    redis = open_cache("embedded://") if embedded else None
    clock, chance = Hands(), random.Random(seed)
    processes = [budget(redis, clock) for _ in range(2 if embedded else 1)]
    moments: list[int] = []
    for step in steps:
        clock.at_ms += step
        moments.append(clock.at_ms + await chance.choice(processes).take(clock.at_ms))
    assert sorted(moments) == moments
    assert all(later - earlier >= MINUTE_MS for earlier, later in zip(moments, moments[3:], strict=False))
    if redis is not None:
        await redis.aclose()
