"""The same contract for two Redises: the one inside this process and a real server."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from redis import Redis as SyncRedis

from service.mailbox import Mailbox, open_state
from tests.redis_server import redis_server
from tests.system import need

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from redis.asyncio import Redis


@pytest.fixture(scope="session")
def real_redis() -> Iterator[str]:
    """The URL of a redis-server that keeps nothing on disk."""
    need("redis-server")
    with redis_server("--save", "", "--appendonly", "no") as running:
        yield running.url


@pytest.fixture
def clean_redis(real_redis: str) -> str:
    """The real server, empty and with room."""
    with SyncRedis.from_url(real_redis) as client:
        client.config_set("maxmemory", 0)
        client.flushall()
    return real_redis


@pytest.fixture(params=["fakeredis", "redis-server"])
def redis_url(request: pytest.FixtureRequest) -> str:
    """An empty Redis: `embedded://`, then a real one."""
    if request.param == "fakeredis":
        return "embedded://"
    url: str = request.getfixturevalue("clean_redis")
    return url


@pytest.fixture
async def state(redis_url: str) -> AsyncIterator[Redis]:
    """A client of the state Redis, as the service opens it."""
    client = open_state(redis_url)
    yield client
    await client.aclose()


@pytest.fixture
def mailbox(state: Redis) -> Mailbox:
    """A mailbox on an empty Redis."""
    return Mailbox(state)
