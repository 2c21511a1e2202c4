"""What every request must satisfy before any room sees it: whoever sends it is a stranger until a room knows them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final

from litestar.exceptions import HTTPException

__all__ = ("BODY_WITHIN_S", "RequestGuard")

BODY_WITHIN_S: Final = 10.0
"""A body that takes longer is not waited for: Meta gives up on a whole delivery about as soon."""

_Scope = MutableMapping[str, Any]
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_BOTH: Final = {b"content-length", b"transfer-encoding"}
_CLOSE: Final = (b"connection", b"close")


class RequestGuard:
    """Stands before an ASGI application.

    Whoever sends a body byte by byte holds memory and a connection for as long as they like: they are answered 408. A
    request that names two lengths is read differently by different servers, and the rest of it as somebody else's
    request (RFC 9112, section 6.1, has it refused or the connection closed): it is answered 400, unread.
    """

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        """Stand before this application."""
        self._app = app

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        """Let one request through, or answer it here."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _BOTH.issubset(name for name, _ in scope["headers"]):
            await _refuse(send)
        else:
            visit = GuardedRequest(receive, send)
            await self._app(scope, visit.receive, visit.send)


class GuardedRequest:
    """One request on its way in, and its answer on the way out."""

    def __init__(self, receive: _Receive, send: _Send) -> None:
        self._receive = receive
        self._send = send
        self._ends_s = asyncio.get_running_loop().time() + BODY_WITHIN_S
        self._whole = False
        self._late = False

    async def receive(self) -> _Message:
        """The next part of the request.

        Raises:
            HTTPException: 408, the body did not come in time.
        """
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._ends_s):
                message = await self._receive()
        except TimeoutError:
            self._late = True
            detail = f"the body did not come within {BODY_WITHIN_S:g} s"
            raise HTTPException(detail, status_code=HTTPStatus.REQUEST_TIMEOUT) from None
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: _Message) -> None:
        """The next part of the answer; what is still to come of a late body is not for the next request to be."""
        if self._late and message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
        await self._send(message)


async def _refuse(send: _Send) -> None:
    details = {"request": "it has both Content-Length and Transfer-Encoding"}
    body = json.dumps({"error": "refused", "details": details}, separators=(",", ":")).encode()
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"application/json"), length, _CLOSE]
    await send({"type": "http.response.start", "status": HTTPStatus.BAD_REQUEST.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
