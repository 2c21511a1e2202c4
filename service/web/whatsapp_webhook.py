"""The address that Meta calls: the handshake, and deliveries. No business is done here."""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any, Final

import structlog
from litestar import MediaType, Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from service.whatsapp.decode import Delivery, decode
from service.whatsapp.errors import NotAnEnvelopeError, NotStoredError
from service.whatsapp.signature import verify

__all__ = ("LARGEST_BODY", "PATH", "webhook_routes")

PATH: Final = "/bot/webhook"
LARGEST_BODY: Final = 3 * 1024 * 1024
"""Bytes. Meta's own limit for a notification."""

_log = structlog.get_logger(__name__)

_AnyRequest = Request[Any, Any, Any]
_Answer = Response[dict[str, object]]


def webhook_routes(
    *,
    app_secret: str,
    verify_token: str,
    phone_number_id: str,
    clock_ms: Callable[[], int],
    accept: Callable[[Delivery], Awaitable[None]],
) -> Router:
    """The routes of `/bot/webhook`.

    Args:
        app_secret: Meta's App Secret, with which deliveries are signed.
        verify_token: the word agreed with Meta for the handshake.
        phone_number_id: ours; what is meant for another number is ignored.
        clock_ms: now.
        accept: keeps a delivery durably. 200 is answered only after it returned; when it raises `NotStoredError`, 503,
            and Meta brings the delivery again.
    """

    @get(path="/", include_in_schema=False)
    async def handshake(request: _AnyRequest) -> Response[Any]:
        asked = request.query_params
        told = str(asked.get("hub.verify_token", "")).encode("utf-8", "surrogatepass")
        agreed = hmac.compare_digest(told, verify_token.encode())
        challenge = asked.get("hub.challenge")
        if asked.get("hub.mode") != "subscribe" or not verify_token or not agreed or challenge is None:
            return _refusal(403, "forbidden", request="hub.mode, hub.verify_token or hub.challenge is missing or wrong")
        return Response(str(challenge), media_type=MediaType.TEXT, headers={"X-Content-Type-Options": "nosniff"})

    @post(path="/", status_code=200, request_max_body_size=LARGEST_BODY, include_in_schema=False)
    async def deliver(request: _AnyRequest) -> _Answer:
        body = await request.body()
        if not verify(app_secret, body, request.headers.get("X-Hub-Signature-256")):
            return _refusal(401, "unauthorized", **{"X-Hub-Signature-256": "is not the signature of this body"})
        try:
            delivery = decode(body, phone_number_id=phone_number_id, received_at_ms=clock_ms())
        except NotAnEnvelopeError as error:
            return _refusal(400, "bad_request", body=error.details)
        try:
            await accept(delivery)
        except NotStoredError as error:
            _log.warning("delivery_not_stored", details=str(error))
            return _refusal(503, "unavailable", state="the delivery could not be stored; deliver it again")
        return Response({"status": "stored"})

    handlers: list[HTTPRouteHandler] = [handshake, deliver]
    return Router(
        path=PATH,
        route_handlers=handlers,
        exception_handlers={HTTPException: _on_http_error, Exception: _on_crash},
    )


def _refusal(status: int, error: str, **details: str) -> _Answer:
    """An error as every address of ours tells it: what it is called, and by field what is wrong."""
    return Response({"error": error, "details": details}, status_code=status)


def _on_http_error(_: _AnyRequest, error: HTTPException) -> _Answer:
    name = "too_large" if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "refused"
    return _refusal(error.status_code, name, request=str(error.detail))


def _on_crash(_: _AnyRequest, error: Exception) -> _Answer:
    _log.error("webhook_failed", exc_info=error)
    return _refusal(500, "internal", request="the delivery was not handled; deliver it again")
