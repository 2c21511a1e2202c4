"""How fast we send."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable

import pytest
from fakeredis import FakeAsyncRedis, FakeServer
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from service.runtime.rate_limiter import LONGEST_WAIT_MS, GcraLimiter, LocalGcraLimiter, RateLimiter
from simulator.whatsapp_cloud.virtual_time import Clock, run
from tests.redis_server import redis_server
from tests.system import need

NOW = 1_793_606_400_000
SECOND = 1000


def shared(per_second: int = 80, server: FakeServer | None = None) -> GcraLimiter:
    cache = FakeAsyncRedis(server=server or FakeServer())
    return GcraLimiter(cache, phone_number_id="700", per_second=per_second, log=Log())


class Log:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def info(self, event: str, **_: object) -> None:
        self.events.append(event)

    warning = info


def local(per_second: int = 80) -> LocalGcraLimiter:
    return LocalGcraLimiter(per_second=per_second)


async def turns(limiter: RateLimiter, count: int, now: int = NOW) -> list[int]:
    """When messages that all want to leave now may leave."""
    found: list[int] = []
    while len(found) < count:
        wait = await limiter.take(now)
        if wait > LONGEST_WAIT_MS:
            now += wait
        else:
            found.append(now + wait)
    return found


def most_in_a_second(times: list[int]) -> int:
    return max(sum(1 for other in times if start <= other < start + SECOND) for start in times)


@pytest.mark.parametrize("make", [local, shared])
@pytest.mark.parametrize("per_second", [1, 2, 20, 80, 1000])
async def test_no_second_holds_more_than_the_rate(make: Callable[[int], RateLimiter], per_second: int) -> None:
    """Of 2,500 messages that want to leave at once, no second holds more than the rate, and few seconds much less."""
    times = await turns(make(per_second), min(2500, per_second * 4))
    assert most_in_a_second(times) <= per_second
    assert sum(1 for time in times if NOW + SECOND <= time < NOW + 2 * SECOND) >= per_second * 0.9


@pytest.mark.parametrize("make", [local, shared])
async def test_a_quiet_number_does_not_wait(make: Callable[[], RateLimiter]) -> None:
    """Messages that come now and then leave at once."""
    limiter = make()
    assert [await limiter.take(NOW + 100 * n) for n in range(5)] == [0, 0, 0, 0, 0]


@pytest.mark.parametrize("make", [local, shared])
async def test_a_turn_far_away_is_not_taken(make: Callable[[], RateLimiter]) -> None:
    """Whoever is told to wait for more than two seconds has taken nothing from those who come later."""
    limiter = make()
    await limiter.pause(NOW + 5000, NOW)
    waits = [await limiter.take(NOW) for _ in range(100)]
    assert waits == [5000] * 100
    assert await limiter.take(NOW + 5000) == 0


@pytest.mark.parametrize("make", [local, shared])
async def test_a_pause_only_grows(make: Callable[[], RateLimiter]) -> None:
    """A shorter pause does not end a longer one."""
    limiter = make()
    await limiter.pause(NOW + 9000, NOW)
    await limiter.pause(NOW + 3000, NOW)
    assert await limiter.take(NOW + 4000) == 5000


async def test_processes_share_a_rate() -> None:
    """Two processes together stay within the rate of their number, and a pause of one holds for the other."""
    server = FakeServer()
    one, two = shared(server=server), shared(server=server)
    times = [NOW + await random.Random(n).choice([one, two]).take(NOW) for n in range(150)]
    assert most_in_a_second(times) <= 80
    await one.pause(NOW + 60_000, NOW)
    assert await two.take(NOW + 50_000) == 10_000


async def test_without_the_cache_sending_goes_on() -> None:
    """A cache that is down leaves each process its own rate, says so once, and is asked again after five seconds."""
    server = FakeServer()
    limiter, log = shared(server=server), Log()
    limiter._log = log
    server.connected = False
    times = [NOW + await limiter.take(NOW) for _ in range(150)]
    assert most_in_a_second(times) <= 80
    assert log.events == ["rate_shared_no_more"]
    server.connected = True
    await limiter.take(NOW + 4999)
    assert log.events == ["rate_shared_no_more"]
    await limiter.take(NOW + 5000)
    assert log.events == ["rate_shared_no_more", "rate_shared_again"]


async def test_a_pause_survives_the_cache() -> None:
    """A pause that this process asked for holds here even when the cache went down meanwhile."""
    server = FakeServer()
    limiter = shared(server=server)
    await limiter.pause(NOW + 60_000, NOW)
    server.connected = False
    assert await limiter.take(NOW) == 60_000


async def test_a_bucket_leaves_nothing_behind() -> None:
    """The cache forgets a number's rate within minutes."""
    server = FakeServer()
    limiter = shared(server=server)
    await limiter.take(NOW)
    await limiter.pause(NOW + 30_000, NOW)
    redis = FakeAsyncRedis(server=server)
    assert [0 < await redis.pttl(key) <= 120_000 for key in await redis.keys()] == [True]


@pytest.mark.parametrize("per_second", [0, -5, 1001])
def test_an_odd_rate_is_refused(per_second: int) -> None:
    """A rate that Meta does not grant is found at the start."""
    with pytest.raises(ValueError, match="between 1 and 1,000"):
        LocalGcraLimiter(per_second=per_second)


@settings(max_examples=40, deadline=None)
@given(
    per_second=st.integers(1, 1000),
    steps=st.lists(st.tuples(st.integers(0, 900), st.none() | st.integers(0, 4000)), max_size=40),
)
def test_the_shared_and_the_local_bucket_agree(per_second: int, steps: list[tuple[int, int | None]]) -> None:
    """Script and Python give the same turns for the same requests and pauses."""

    async def main(_: Clock) -> None:
        ours, theirs, now = local(per_second), shared(per_second), NOW
        for pause, until in steps:
            now += pause
            for limiter in (ours, theirs):
                if until is not None:
                    await limiter.pause(now + until, now)
            assert await ours.take(now) == await theirs.take(now)

    run(main, start_ms=NOW)


@pytest.fixture
async def real_cache() -> AsyncIterator[Redis]:
    """A client of a redis-server of our own."""
    need("redis-server")
    with redis_server() as running:
        client = Redis.from_url(running.url)
        yield client
        await client.aclose()


async def test_a_real_redis_gives_the_same_turns(real_cache: Redis) -> None:
    """On a redis-server the script gives the turns that it gives on the embedded one."""
    real = GcraLimiter(real_cache, phone_number_id="700")
    assert await turns(real, 100) == await turns(shared(), 100)
    await real.pause(NOW + 50_000, NOW)
    assert await real.take(NOW) == 50_000
