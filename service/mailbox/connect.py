"""Opens the two Redis instances: state, which holds all work, and cache, whose loss costs only time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from redis.asyncio import BlockingConnectionPool, Redis, RedisCluster
from redis.asyncio.connection import parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisClusterException

if TYPE_CHECKING:
    from fakeredis import FakeServer

EMBEDDED = "embedded://"
CLUSTER: Final = "+cluster"
"""Ends the scheme of a cluster's URL: ``rediss+cluster://host:6379``."""

_CLUSTER_TRIES: Final = 2
"""A slot that has moved is found at the second try; then an unreachable cache is given up."""


def open_state(
    url: str, *, max_connections: int = 50, timeout_s: float = 5.0, server: FakeServer | None = None
) -> Redis:
    """A client for the state Redis, which never repeats a command.

    Args:
        url: `redis://`, `rediss://`, `unix://`, or `embedded://` for a Redis inside this process.
        max_connections: The pool's size; a caller waits for a free connection, at most `timeout_s`.
        timeout_s: For connecting, and for each answer.
        server: For `embedded://`: the server to share; without it each client has a Redis of its own.

    Raises:
        ValueError: The URL has another scheme.
    """
    return _open(url, max_connections, timeout_s, server)


def open_cache(
    url: str, *, max_connections: int = 50, timeout_s: float = 1.0, server: FakeServer | None = None
) -> Redis | RedisCluster:
    """A client for the cache Redis; arguments as for `open_state`. It gives up sooner: the bot works without it.

    The cache may also be a cluster: ``redis+cluster://host:6379``, or ``rediss+cluster://`` with TLS. The host may be
    any of its nodes.
    """
    scheme, separator, rest = url.partition("://")
    if scheme.endswith(CLUSTER):
        return _open_cluster(scheme.removesuffix(CLUSTER) + separator + rest, max_connections, timeout_s)
    return _open(url, max_connections, timeout_s, server)


class _CacheCluster(RedisCluster):
    """A cluster whose failures are all `RedisError`: redis-py's error for a cluster without nodes is not."""

    async def execute_command(self, *args: Any, **kwargs: Any) -> Any:
        try:
            return await super().execute_command(*args, **kwargs)
        except RedisClusterException as error:
            raise RedisConnectionError(f"the cache's cluster cannot be reached: {error}") from error


def _open_cluster(url: str, max_connections: int, timeout_s: float) -> RedisCluster:
    return _CacheCluster.from_url(
        url,
        max_connections=max_connections,
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        retry=Retry(NoBackoff(), _CLUSTER_TRIES - 1),
        # While some slots are unreachable the others serve: it is only a cache.
        require_full_coverage=False,
    )


def _open(url: str, max_connections: int, timeout_s: float, server: FakeServer | None) -> Redis:
    options: dict[str, Any] = {
        # redis-py 8 repeats a command 10 times on connection errors and timeouts unless told otherwise, and a script
        # whose answer was lost has run.
        "retry": Retry(NoBackoff(), 0),
        "retry_on_error": [],
        "health_check_interval": 0,
        "decode_responses": False,
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
    }
    if url.startswith(EMBEDDED):
        return _open_embedded(server, options)
    # These options win over the URL's query: a retry switched on there would repeat commands.
    pool = BlockingConnectionPool(
        **{**parse_url(url), **options, "max_connections": max_connections, "timeout": timeout_s}
    )
    return Redis.from_pool(pool)


def _open_embedded(server: FakeServer | None, options: dict[str, Any]) -> Redis:
    # Not at the top: production does not use it, and need not have it (and a Lua interpreter) in memory.
    from fakeredis import FakeAsyncRedis, FakeServer  # noqa: PLC0415

    from service.mailbox.embedded import EmbeddedConnection  # noqa: PLC0415

    fake: Redis = FakeAsyncRedis(server=server or FakeServer(), connection_class=EmbeddedConnection, **options)
    return fake
