"""A proxy before an ASGI application on a socket: latency, and faults in place of answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from simulator.world.faults import Answer, Effect, Fault, Faults
from simulator.world.network import RequestHook

__all__ = ("FaultProxy", "Receive", "Scope", "Send")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def _no_hook(_: str) -> None:
    """Do nothing."""


class FaultProxy:
    """Serves an ASGI application with latency and faults.

    Connections are always accepted, so `Effect.REFUSED` is a reset before the request is handled.

    Attributes:
        faults: those in force.
        latency_ms: added to every request.
        hook: called for every request, with ``before <endpoint>`` and ``after <endpoint>``. A fault that it adds before
            a request can hit that request; the answer is sent when the second call has returned.
    """

    def __init__(self, app: Any, *, latency_ms: int = 0) -> None:
        """Serve this ASGI application."""
        self.faults = Faults()
        self.latency_ms = latency_ms
        self.hook: RequestHook = _no_hook
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        endpoint = str(scope["path"]).rstrip("/").rsplit("/", 1)[-1]
        receive = await _received(receive)
        await self.hook(f"before {endpoint}")
        fault = self.faults.take(endpoint)
        await asyncio.sleep(self.latency_ms / 1000)
        if fault is None or fault.after:
            response = await self._handled(scope, receive, endpoint)
            await (response.send_to(send) if fault is None else self._apply(fault, receive, send, response))
            return
        if fault.effect is Effect.SLOW:
            await asyncio.sleep(fault.slow_ms / 1000)
            await (await self._handled(scope, receive, endpoint)).send_to(send)
            return
        await self._apply(fault, receive, send, None)

    async def _handled(self, scope: Scope, receive: Receive, endpoint: str) -> _BufferedResponse:
        response = _BufferedResponse()
        await self._app(scope, receive, response)
        await self.hook(f"after {endpoint}")
        return response

    async def _apply(self, fault: Fault, receive: Receive, send: Send, response: _BufferedResponse | None) -> None:
        if fault.effect is Effect.SLOW and response is not None:
            await asyncio.sleep(fault.slow_ms / 1000)
            await response.send_to(send)
        elif fault.answer is not None:
            await _send_answer(fault.answer, send)
        elif fault.effect is Effect.TIMEOUT:
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            # A response shorter than its length: the server closes the connection.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


class _BufferedResponse:
    """A complete response that has not been sent yet."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self._messages.append(message)

    async def send_to(self, send: Send) -> None:
        for message in self._messages:
            await send(message)


async def _received(receive: Receive) -> Receive:
    """Read the whole request first, so that it is handled even if its client disconnects meanwhile."""
    parts: list[Message] = [await receive()]
    while parts[-1]["type"] == "http.request" and parts[-1].get("more_body", False):
        parts.append(await receive())
    waiting = iter(parts)

    async def replay() -> Message:
        part = next(waiting, None)
        return part if part is not None else await receive()

    return replay


async def _send_answer(answer: Answer, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body.encode()})
