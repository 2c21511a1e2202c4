"""A proxy in which requests can be delayed, repeated or reordered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import httpx

__all__ = ("Forward", "Proxy", "Route", "pass_through")

Forward = Callable[[httpx.Request], Awaitable[httpx.Response]]
"""Sends a request on to the target."""

Route = Callable[["Proxy", httpx.Request], Awaitable[httpx.Response]]
"""Decides what happens to a request."""


async def pass_through(proxy: Proxy, request: httpx.Request) -> httpx.Response:
    """Forward the request unchanged."""
    return await proxy.forward(request)


class Proxy(httpx.AsyncBaseTransport):
    """Passes every request to its ``route``, which can be changed at any time.

    Attributes:
        route: what happens to requests; at first `pass_through`.
        forward: sends a request on to the target.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport) -> None:
        self.route: Route = pass_through
        self.forward: Forward = inner.handle_async_request
        self._inner = inner
        self._later: set[asyncio.Task[None]] = set()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request."""
        await request.aread()
        return await self.route(self, request)

    def later(self, request: httpx.Request, after_ms: int) -> None:
        """Forward a request (again) after this time. Its answer or failure is ignored."""

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
            # Retrieved, so that asyncio does not log it: a killed bot does not answer.
            task.exception()

    async def aclose(self) -> None:
        """Cancel forwards that are still due, and close the inner transport."""
        for task in tuple(self._later):
            task.cancel()
        await asyncio.gather(*self._later, return_exceptions=True)
        await self._inner.aclose()
