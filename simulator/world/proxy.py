"""A place on a wire where what passes can be delayed, doubled or turned around."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx

__all__ = ("Forward", "Proxy", "Route", "pass_through")

Forward = Callable[[httpx.Request], Awaitable[httpx.Response]]
"""Takes a request over the rest of the wire."""

Route = Callable[["Proxy", httpx.Request], Awaitable[httpx.Response]]
"""What becomes of a request."""


async def pass_through(proxy: Proxy, request: httpx.Request) -> httpx.Response:
    """Nothing happens to it."""
    return await proxy.forward(request)


class Proxy(httpx.AsyncBaseTransport):
    """Sends every request its ``route``, which may be changed at any time."""

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        """Lead over this wire, straight on."""
        self.route: Route = pass_through
        self.forward: Forward = inner.handle_async_request
        self._inner = inner
        self._later: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        await request.aread()
        return await self.route(self, request)

    def later(self, request: httpx.Request, after_ms: int) -> None:
        """Carry it (once more) when this time has passed; nobody waits for its answer, or learns that it got lost."""

        async def go() -> None:
            await asyncio.sleep(after_ms / 1000)
            await self.forward(request)

        self._spawn(go())

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._later.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._later.discard(task)
        if not task.cancelled():
            # A bot that was killed meanwhile does not answer; to ask for the exception is to have it noticed.
            task.exception()

    async def aclose(self) -> None:
        """End what is still under way, and close the wire beneath."""
        for task in tuple(self._later):
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._inner.aclose()
