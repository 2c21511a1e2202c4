"""The service with a defect planted into it, to be started as `python -m tests.integration.soak_defects`.

`DEFECT` in the environment says which. The defects come in through what the service is given, not by changing it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from typing import Any

import httpx
import uvicorn

from service.app import Dependencies, Service
from service.http_client import open_http
from service.observability.logging import configure
from service.settings import load

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]


class Resending(httpx.AsyncBaseTransport):
    """Sends a request again when its answer was lost, as many HTTP clients do by default."""

    def __init__(self) -> None:
        self._client = open_http()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        body = await request.aread()
        for left in (1, 0):
            again = httpx.Request(
                request.method, request.url, headers=request.headers, content=body, extensions=request.extensions
            )
            try:
                return await self._client.send(again)
            except httpx.HTTPError:
                if not left:
                    raise
        raise AssertionError("unreachable")

    async def aclose(self) -> None:
        await self._client.aclose()


class Hasty:
    """Answers a webhook before anything of it is stored, so that Meta never waits."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._storing: set[asyncio.Task[None]] = set()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        parts = [await receive()]
        while parts[-1].get("more_body", False):
            parts.append(await receive())

        async def again() -> Message:
            return parts.pop(0) if parts else {"type": "http.disconnect"}

        async def nowhere(_: Message) -> None:
            pass

        task = asyncio.ensure_future(self._app(scope, again, nowhere))
        self._storing.add(task)
        task.add_done_callback(self._storing.discard)
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})


def main() -> None:
    """As `python -m service`, with the defect."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    configure()
    settings, defect = load(), os.environ["DEFECT"]
    parts = Dependencies.real(settings)
    if defect == "resends a write":
        parts = replace(parts, core_transport=Resending())
    app: App = Service(settings, dependencies=parts).asgi
    if defect == "acknowledges before storing":
        app = Hasty(app)
    uvicorn.run(app, host=settings.host, port=settings.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
