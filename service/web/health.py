"""`GET /health/`: whether this process can serve, and the condition of its dependencies."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

TIMEOUT_S: Final = 2.0


def health_route(
    *, cache: Redis | RedisCluster, state: Redis, sending: Callable[[], str], release: str = "unknown"
) -> HTTPRouteHandler:
    """The health check.

    Without the cache the bot works more slowly (``degraded``, 200). Without the state no message can be stored, so none
    may be accepted (``unavailable``, 503). ``sending`` returns ``ok`` or why sending has stopped; that raises an alarm
    but is no reason to replace this process, so it only degrades. ``release`` is the release of this process.
    """

    @get("/health/", include_in_schema=False)
    async def health() -> Response[dict[str, object]]:
        cache_up, state_up = await asyncio.gather(_answers(cache), _answers(state))
        sends = sending()
        served = "ok" if cache_up and sends == "ok" else "degraded"
        body: dict[str, object] = {
            "status": served if state_up else "unavailable",
            "release": release,
            "components": {
                "cache_redis": "ok" if cache_up else "down",
                "state_redis": "ok" if state_up else "down",
                "sending": sends,
            },
        }
        return Response(body, status_code=200 if state_up else 503, headers={"Cache-Control": "no-store"})

    return health


async def _answers(redis: Redis | RedisCluster) -> bool:
    ping: Awaitable[bool] = redis.ping()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            return bool(await ping)
    except (RedisError, OSError, TimeoutError):
        return False
