"""What is to be seen from outside: how long work waits, and how the state Redis fares, on the fake and the real one."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from redis.asyncio import Redis

from service.mailbox import Mailbox, open_cache, open_state
from service.observability import metrics
from service.observability.collector import EVERY_MS, Collector
from service.observability.emf import EmfWriter
from tests.contract.mailbox_steps import NOW, deliver
from tests.redis_server import free_port


class Watched:
    """A collector of one process, with a clock that is told the time."""

    def __init__(self, state: Redis, cache: Redis) -> None:
        self.now_ms = NOW
        self.stopped = False
        self._lines: list[str] = []
        meter = EmfWriter("staging", self._lines.append)
        self.collector = Collector(
            meter,
            mailbox=Mailbox(state),
            state=state,
            cache=cache,
            clock_ms=lambda: self.now_ms,
            stopped=lambda: self.stopped,
            sender_counts={},
        )

    async def look(self) -> dict[str, Any]:
        """What one look publishes, by metric."""
        self._lines.clear()
        await self.collector.collect()
        told: dict[str, Any] = {}
        for line in self._lines:
            told |= {name: value for name, value in json.loads(line).items() if name in metrics.BY_NAME}
        return told


@pytest.fixture
async def real_state(clean_redis: str) -> AsyncIterator[Redis]:
    """A client of a real Redis: the fake one knows no INFO worth the name."""
    client = open_state(clean_redis)
    yield client
    await client.aclose()


async def test_waiting_work_is_seen_with_its_age(state: Redis) -> None:
    """From the moment it was due; 0 when nothing waits."""
    watched = Watched(state, open_state("embedded://"))
    before = await watched.look()
    await deliver(Mailbox(state), "hi")
    watched.now_ms += 7_000
    after = await watched.look()
    assert (before["inbox_age_ms"], after["inbox_age_ms"], after["outbox_age_ms"]) == (0, 7_000, 0)
    assert (after["dead_letters"], after["sending_stopped"]) == (0, 0)


async def test_a_stop_of_sending_is_seen(state: Redis) -> None:
    """Also while nothing waits."""
    watched = Watched(state, open_state("embedded://"))
    watched.stopped = True
    assert (await watched.look())["sending_stopped"] == 1


async def test_the_state_redis_is_seen(real_state: Redis) -> None:
    """Its memory, and how near it is to the point where nothing more is stored."""
    await real_state.config_set("maxmemory", 100_000_000)
    told = await Watched(real_state, open_state("embedded://")).look()
    assert told["redis_state_up"] == 1
    assert told["redis_state_maxmemory_bytes"] == 100_000_000
    assert told["redis_state_memory_percent"] == told["redis_state_used_memory_bytes"] / 1_000_000
    assert told["redis_state_clients"] >= 1
    assert told["redis_state_aof_failed"] == 0


async def test_what_only_goes_up_is_told_since_the_last_look(real_state: Redis) -> None:
    """Whichever process looked last: the next look counts from there."""
    cache = open_state("embedded://")
    one, other = Watched(real_state, cache), Watched(real_state, cache)
    first = await one.look()
    await real_state.set("a", "x" * 10_000)
    for _ in range(50):
        await real_state.get("a")
        await real_state.get("nobody")
    await cache.delete("metrics:turn")
    other.now_ms += EVERY_MS
    second = await other.look()
    assert "redis_state_network_in_bytes" not in first
    assert 10_000 < second["redis_state_network_in_bytes"] < 20_000
    assert 40 < second["redis_state_hit_rate_percent"] < 50  # looking at the queues misses a few keys, too
    assert second["redis_state_evicted_keys"] == 0


async def test_of_several_processes_one_looks_at_the_state_redis(real_state: Redis) -> None:
    """What is counted since the last look would be counted twice."""
    cache = open_state("embedded://")
    one, other = Watched(real_state, cache), Watched(real_state, cache)
    assert "redis_state_up" in await one.look()
    assert "redis_state_up" not in await other.look()


async def test_a_state_redis_that_is_away_is_seen_to_be_away() -> None:
    """And the look goes on: the process must not die of it."""
    nobody = open_state(f"redis://127.0.0.1:{free_port()}")
    told = await Watched(nobody, open_state("embedded://")).look()
    assert told == {"sending_stopped": 0, "redis_state_up": 0}


async def test_a_cache_that_is_away_costs_only_what_was_counted_since(real_state: Redis) -> None:
    """Each process looks for itself then."""
    cache = open_cache(f"redis://127.0.0.1:{free_port()}")
    assert isinstance(cache, Redis)
    watched = Watched(real_state, cache)
    await watched.look()
    watched.now_ms += EVERY_MS
    told = await watched.look()
    assert told["redis_state_up"] == 1
    assert "redis_state_network_in_bytes" not in told


async def test_told_to_stop_it_publishes_what_was_left_and_ends(state: Redis) -> None:
    """Nothing that was counted before a deployment is missing after it."""
    lines: list[str] = []
    meter = EmfWriter("staging", lines.append)
    collector = Collector(
        meter,
        mailbox=Mailbox(state),
        state=state,
        cache=open_state("embedded://"),
        clock_ms=lambda: NOW,
        stopped=lambda: False,
        sender_counts={"sent": 3},
    )
    stop = asyncio.Event()
    stop.set()
    await collector.run(stop)
    assert [json.loads(line)["messages_sent"] for line in lines] == [3]
