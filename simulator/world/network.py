"""The network between the bot and its neighbours.

A `Network` carries requests to one target and applies the faults in force; a `Switch` disconnects Redis clients from
their server, whether it is embedded or real.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError

from simulator.world.faults import Effect, Fault, Faults

__all__ = ("CommandHook", "Network", "RequestHook", "Switch", "with_switches")

RequestHook = Callable[[str], Awaitable[None]]
"""Called twice for every request, with ``before <endpoint>`` and ``after <endpoint>``. May never return."""


def last_segment(request: httpx.Request) -> str:
    """The endpoint's name: the last segment of the path."""
    return request.url.path.rstrip("/").rsplit("/", 1)[-1]


async def _no_hook(_: str) -> None:
    """The hook of a network that has none."""


class Network(httpx.AsyncBaseTransport):
    """Carries requests to one target over another transport, and applies faults to them.

    A request reaches the target after ``latency_ms``. A request that hangs ends with its client: by the read timeout
    that httpx passes on, or by a deadline around the call.
    """

    def __init__(
        self,
        inner: httpx.AsyncBaseTransport,
        *,
        faults: Faults | None = None,
        endpoint: Callable[[httpx.Request], str] = last_segment,
        latency_ms: int = 0,
        hook: RequestHook = _no_hook,
    ) -> None:
        self.faults = Faults() if faults is None else faults
        self._inner = inner
        self._endpoint = endpoint
        self._latency_ms = latency_ms
        self._hook = hook
        self._late: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request.

        Raises:
            httpx.ConnectError: refused; nothing was sent.
            httpx.ReadError: the connection was reset, before or after the target handled the request.
            httpx.ReadTimeout: no answer within the read timeout of the client.
        """
        await request.aread()
        endpoint = self._endpoint(request)
        fault = self.faults.take(endpoint)
        if fault is not None and fault.effect is Effect.REFUSED:
            raise httpx.ConnectError("connection refused", request=request)
        await self._hook(f"before {endpoint}")
        await asyncio.sleep(self._latency_ms / 1000)
        if fault is None:
            return await self._handled(request, endpoint)
        if fault.late_ms:
            late = asyncio.create_task(self._handle_late(fault.late_ms, request), name=f"late {endpoint}")
            self._late.add(late)
            late.add_done_callback(self._late.discard)
        if not fault.after:
            return await self._happen(fault, request, endpoint, None)
        handled = await self._handled(request, endpoint)
        return await self._happen(fault, request, endpoint, handled)

    async def _handled(self, request: httpx.Request, endpoint: str) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await self._hook(f"after {endpoint}")
        return response

    async def _handle_late(self, late_ms: int, request: httpx.Request) -> None:
        """Deliver the request when nobody waits for its answer any more; its sender may have been killed."""
        await asyncio.sleep(late_ms / 1000)
        await (await self._inner.handle_async_request(request)).aread()

    async def _happen(
        self, fault: Fault, request: httpx.Request, endpoint: str, handled: httpx.Response | None
    ) -> httpx.Response:
        if fault.effect is Effect.SLOW:
            await _pass(fault.slow_ms, request)
            return handled or await self._handled(request, endpoint)
        if handled is not None:
            await handled.aread()
        if fault.answer is not None:
            return httpx.Response(
                fault.answer.status, headers=dict(fault.answer.headers), text=fault.answer.body, request=request
            )
        if fault.effect is Effect.RESET:
            raise httpx.ReadError("connection reset by peer", request=request)
        await _pass(None, request)
        raise AssertionError("a request that hangs never comes to an end")

    async def aclose(self) -> None:
        """Close the inner transport."""
        await self._inner.aclose()


async def _pass(duration_ms: int | None, request: httpx.Request) -> None:
    """Let time pass, or hang (None), within the client's read timeout."""
    limit_s = request.extensions.get("timeout", {}).get("read")
    if duration_ms is not None and (limit_s is None or duration_ms / 1000 < limit_s):
        await asyncio.sleep(duration_ms / 1000)
        return
    if limit_s is None:
        await asyncio.Event().wait()
    await asyncio.sleep(limit_s)
    raise httpx.ReadTimeout("no answer in time", request=request)


@dataclass(slots=True)
class Switch:
    """A switch in front of a Redis server.

    Attributes:
        down: the server cannot be reached.
    """

    down: bool = False

    def check(self) -> None:
        """Raise redis-py's own error when the server cannot be reached."""
        if self.down:
            raise RedisConnectionError("Connection refused: Redis is down")


CommandHook = Callable[[str, bytes], Awaitable[None]]
"""Called with ``before`` and ``after`` for every packed command. May never return."""


def with_switches(
    client: redis.asyncio.Redis, switches: Sequence[Switch], hook: CommandHook | None = None
) -> redis.asyncio.Redis:
    """Make every connection of a client without connections obey switches and call a hook."""
    pool = client.connection_pool
    pool.connection_class = _obeying(pool.connection_class, tuple(switches), hook)
    return client


def _obeying(base: type[Any], switches: tuple[Switch, ...], hook: CommandHook | None) -> type[Any]:
    class Obeying(base):  # type: ignore[misc]
        """A connection that fails while a switch is down."""

        async def connect(self, *args: Any, **kwargs: Any) -> None:
            await self._up()
            await super().connect(*args, **kwargs)

        async def send_packed_command(self, command: Any, *args: Any, **kwargs: Any) -> None:
            await self._up()
            if hook is not None:
                self._sent = command if isinstance(command, bytes) else b"".join(command)
                await hook("before", self._sent)
            await super().send_packed_command(command, *args, **kwargs)

        async def read_response(self, *args: Any, **kwargs: Any) -> Any:
            await self._up()
            response = await super().read_response(*args, **kwargs)
            # Of several commands sent together: after the last, when the connection no longer blocks others.
            if hook is not None and getattr(self, "_expected", 0) <= 0:
                await hook("after", self.__dict__.get("_sent", b""))
            await self._up()
            return response

        async def _up(self) -> None:
            if any(switch.down for switch in switches):
                await self.disconnect()
                for switch in switches:
                    switch.check()

    return Obeying
