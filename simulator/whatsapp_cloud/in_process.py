"""An httpx transport to an ASGI application in the same process, on which requests can fail as on a socket.

`httpx.ASGITransport` ignores timeouts, and a connection that ends early is a failed assertion there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import httpx

__all__ = ("InProcessTransport",)

_Message = MutableMapping[str, Any]


class InProcessTransport(httpx.AsyncBaseTransport):
    """Sends requests to one ASGI application and honours the client's read timeout."""

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        """Send requests to this application."""
        self._app = app

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request.

        Raises:
            httpx.ReadError: the application ended before its answer was complete.
            httpx.ReadTimeout: no answer within the client's read timeout.
        """
        body = await request.aread()
        exchange = _Exchange(body)
        limit_s = request.extensions.get("timeout", {}).get("read")
        try:
            async with asyncio.timeout(limit_s):
                await self._app(_scope(request), exchange.receive, exchange.send)
        except TimeoutError:
            raise httpx.ReadTimeout("no answer in time", request=request) from None
        if not exchange.complete:
            raise httpx.ReadError("connection reset by peer", request=request)
        return httpx.Response(
            exchange.status, headers=exchange.headers, content=b"".join(exchange.parts), request=request
        )


class _Exchange:
    """One request and its answer."""

    def __init__(self, body: bytes) -> None:
        self._body: bytes | None = body
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.parts: list[bytes] = []
        self.complete = False

    async def receive(self) -> _Message:
        """Return the request; the next call waits until it is cancelled."""
        if self._body is None:
            await asyncio.Event().wait()
        body, self._body = self._body, None
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(self, message: _Message) -> None:
        """Collect a part of the answer."""
        if message["type"] == "http.response.start":
            self.status, self.headers = message["status"], list(message.get("headers", []))
        else:
            self.parts.append(message.get("body", b""))
            self.complete = not message.get("more_body", False)


def _scope(request: httpx.Request) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": request.method,
        "headers": [(name.lower(), value) for name, value in request.headers.raw],
        "scheme": request.url.scheme,
        "path": request.url.path,
        "raw_path": request.url.raw_path.split(b"?")[0],
        "query_string": request.url.query,
        "server": (request.url.host, request.url.port),
        "client": ("127.0.0.1", 123),
        "root_path": "",
    }
