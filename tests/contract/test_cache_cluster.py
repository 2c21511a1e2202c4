"""The cache as a cluster of three nodes: what the service keeps there works, whichever node it lies on."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

import pytest
from redis import Redis as SyncRedis
from redis.asyncio import RedisCluster
from redis.exceptions import RedisError

from service.credex.gateway import DashboardCache
from service.credex.tokens import CachedTokens
from service.mailbox import open_cache
from service.runtime.rate_limiter import GcraLimiter
from service.runtime.sliding_window import SlidingWindowLimiter
from tests.redis_server import RunningRedis, free_port, redis_server
from tests.system import need
from tests.unit.flows_world import account, dashboard

NOW: Final = 1_793_599_200_000
NODES: Final = 3
SLOTS: Final = 16_384
MEMBERS: Final = tuple(f"2637712345{number:02}" for number in range(12))
"""So many that each node has some."""


@contextmanager
def three_primaries() -> Iterator[list[RunningRedis]]:
    """They share the slots."""
    need("redis-server")
    with ExitStack() as stack:
        bus = [free_port() for _ in range(NODES)]
        keeps_nothing = ("--save", "", "--appendonly", "no", "--cluster-enabled", "yes", "--cluster-port")
        nodes = [stack.enter_context(redis_server(*keeps_nothing, str(port))) for port in bus]
        clients = [stack.enter_context(SyncRedis.from_url(node.url)) for node in nodes]
        for place, client in enumerate(clients):
            first, last = place * SLOTS // NODES, (place + 1) * SLOTS // NODES - 1
            client.execute_command("CLUSTER", "ADDSLOTSRANGE", first, last)
            client.execute_command("CLUSTER", "MEET", "127.0.0.1", nodes[0].port, bus[0])
        for client in clients:
            _await_all_slots(client)
        yield nodes


@pytest.fixture(scope="module")
def started() -> Iterator[list[RunningRedis]]:
    """A cluster, started once."""
    with three_primaries() as nodes:
        yield nodes


@pytest.fixture
def cluster(started: list[RunningRedis]) -> list[RunningRedis]:
    """A cluster with nothing in it."""
    for node in started:
        with SyncRedis.from_url(node.url) as client:
            client.flushall()
    return started


def _await_all_slots(client: SyncRedis) -> None:
    """Nodes tell each other of their slots in their own time, about a second."""
    told = threading.Event()
    for _ in range(6_000):
        info: bytes = client.execute_command("CLUSTER", "INFO")  # type: ignore[no-untyped-call]
        if b"cluster_state:ok" in info and f"cluster_known_nodes:{NODES}".encode() in info:
            return
        told.wait(0.05)
    pytest.fail("the three nodes did not become a cluster within five minutes")


@pytest.fixture
async def cache(cluster: list[RunningRedis]) -> AsyncIterator[RedisCluster]:
    """A client of the cluster, as the service opens it, which knows of one node."""
    client = open_cache(f"redis+cluster://127.0.0.1:{cluster[0].port}")
    assert isinstance(client, RedisCluster)
    yield client
    await client.aclose()


async def test_what_is_kept_of_members_lies_on_all_nodes_and_is_found(cache: RedisCluster) -> None:
    """Dashboards of a dozen members, read back as they were; no node holds all of them."""
    kept = DashboardCache(cache, lambda: NOW)
    for member in MEMBERS:
        await kept.put(member, dashboard(account(handle=member)))
    found = [await kept.get(member) for member in MEMBERS]
    held = [await cache.dbsize(target_nodes=node) for node in cache.get_primaries()]
    assert [one.accounts[0].handle for one in found if one] == list(MEMBERS)
    assert len(held) == NODES
    assert all(held)


async def test_tokens_are_kept_found_and_dropped(cache: RedisCluster) -> None:
    """Each member's own, wherever it lies."""
    tokens = CachedTokens(cache, "a secret of some length", lambda: NOW)
    for member in MEMBERS:
        await tokens.put(member, f"token of {member}")
    await tokens.drop(MEMBERS[0], f"token of {MEMBERS[0]}")
    assert [await tokens.get(member) for member in MEMBERS] == [None, *(f"token of {each}" for each in MEMBERS[1:])]


async def test_the_call_budget_is_shared_by_way_of_the_cluster(cache: RedisCluster) -> None:
    """Its script touches two keys, which a cluster only allows in one slot."""
    one, other = (SlidingWindowLimiter(cache, clock_ms=lambda: NOW, per_minute=2) for _ in range(2))
    waits = [await one.take(NOW), await other.take(NOW), await one.take(NOW)]
    await other.pause(120)
    assert waits == [0, 0, 60_000]
    assert await one.take(NOW) == 120_000


async def test_the_sending_rate_is_shared_by_way_of_the_cluster(cache: RedisCluster) -> None:
    """A pause that one process is told of holds for the others."""
    one, other = (GcraLimiter(cache, phone_number_id="506914307656634") for _ in range(2))
    before = await one.take(NOW)
    await other.pause(NOW + 1_500, NOW)
    assert (before, await one.take(NOW)) == (0, 1_500)


async def test_a_cluster_that_is_away_is_a_redis_error_and_no_other(cluster: list[RunningRedis]) -> None:
    """Whoever carries on without a cache catches one tree of errors."""
    assert cluster
    nobody = open_cache(f"redis+cluster://127.0.0.1:{free_port()}")
    with pytest.raises(RedisError):
        await nobody.get("dashboard:263771234567")
    await nobody.aclose()


async def test_a_node_that_dies_takes_only_its_own_members_with_it() -> None:
    """The rest of the cache goes on, and what is gone is asked of Credex core."""
    with three_primaries() as nodes:
        client = open_cache(f"redis+cluster://127.0.0.1:{nodes[0].port}")
        kept = DashboardCache(client, lambda: NOW)
        for member in MEMBERS:
            await kept.put(member, dashboard(account(handle=member)))
        nodes[2].kill()
        found = [await kept.get(member) is not None for member in MEMBERS]
        await client.aclose()
    assert any(found)
    assert not all(found)
