"""Guards the application against slow and ambiguous requests, whose senders are not known yet."""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from litestar.exceptions import HTTPException

from service.web.errors import error_body

BODY_WITHIN_S: Final = 10.0
"""The time limit for a body. Meta gives up on a whole webhook request after about as long."""

_Scope = MutableMapping[str, Any]
_Message = MutableMapping[str, Any]
_Receive = Callable[[], Awaitable[_Message]]
_Send = Callable[[_Message], Awaitable[None]]

_LENGTHS: Final = {b"content-length", b"transfer-encoding"}
_CLOSE: Final = (b"connection", b"close")


class RequestGuard:
    """Wraps an ASGI application.

    A body sent byte by byte holds memory and a connection without end: the request is answered 408. A request with two
    lengths is read differently by different servers, and the rest of it as another sender's request (RFC 9112, section
    6.1): it is answered 400, unread.
    """

    def __init__(self, app: Callable[[Any, Any, Any], Awaitable[None]]) -> None:
        self._app = app

    async def __call__(self, scope: _Scope, receive: _Receive, send: _Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
        elif _LENGTHS.issubset(name for name, _ in scope["headers"]):
            await _refuse(send)
        else:
            request = GuardedRequest(receive, send)
            await self._app(scope, request.receive, request.send)


class GuardedRequest:
    """The receive and send of one request, with a deadline for the body."""

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
        """The next part of the answer. After a late body the connection closes, so that its rest is no next request."""
        if self._late and message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), _CLOSE]}
        await self._send(message)


async def _refuse(send: _Send) -> None:
    body = msgspec.json.encode(error_body("refused", {"request": "it has both Content-Length and Transfer-Encoding"}))
    length = (b"content-length", str(len(body)).encode())
    headers = [(b"content-type", b"application/json"), length, _CLOSE]
    await send({"type": "http.response.start", "status": HTTPStatus.BAD_REQUEST.value, "headers": headers})
    await send({"type": "http.response.body", "body": body})
