"""WhatsApp's webhook: Meta's verification request, and payloads. It stores and does no business work."""

import hmac
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from litestar import MediaType, Request, Response, Router, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from service.web.errors import ErrorResponse, error_response, http_error_handler
from service.whatsapp.decode import WebhookPayload, decode
from service.whatsapp.errors import NotAnEnvelopeError, NotStoredError
from service.whatsapp.signature import verify

PATH: Final = "/bot/webhook"
LARGEST_BODY: Final = 3 * 1024 * 1024
"""Bytes. Meta's own limit for a notification."""

log = structlog.get_logger(__name__)

_AnyRequest = Request[Any, Any, Any]


def webhook_routes(
    *,
    app_secret: str,
    verify_token: str,
    phone_number_id: str,
    clock_ms: Callable[[], int],
    ingest: Callable[[WebhookPayload], Awaitable[None]],
) -> Router:
    """The routes of `/bot/webhook`.

    Args:
        app_secret: Meta's App Secret, with which payloads are signed.
        verify_token: the word agreed with Meta for the verification request.
        phone_number_id: ours; messages for another number are ignored.
        ingest: stores a payload durably. 200 is answered only after it returned; when it raises `NotStoredError`, 503,
            and Meta delivers the payload again.
    """

    @get(path="/", include_in_schema=False)
    async def verify_subscription(request: _AnyRequest) -> Response[Any]:
        query = request.query_params
        given = str(query.get("hub.verify_token", "")).encode("utf-8", "surrogatepass")
        agreed = hmac.compare_digest(given, verify_token.encode())
        challenge = query.get("hub.challenge")
        if query.get("hub.mode") != "subscribe" or not verify_token or not agreed or challenge is None:
            details = {"request": "hub.mode, hub.verify_token or hub.challenge is missing or wrong"}
            return error_response(403, "forbidden", details)
        return Response(str(challenge), media_type=MediaType.TEXT, headers={"X-Content-Type-Options": "nosniff"})

    @post(path="/", status_code=200, request_max_body_size=LARGEST_BODY, include_in_schema=False)
    async def receive(request: _AnyRequest) -> Response[dict[str, object]]:
        body = await request.body()
        if not verify(app_secret, body, request.headers.get("X-Hub-Signature-256")):
            details = {"X-Hub-Signature-256": "is not the signature of this body"}
            return error_response(401, "unauthorized", details)
        try:
            payload = decode(body, phone_number_id=phone_number_id, received_at_ms=clock_ms())
        except NotAnEnvelopeError as error:
            return error_response(400, "bad_request", {"body": error.details})
        try:
            await ingest(payload)
        except NotStoredError as error:
            log.warning("delivery_not_stored", details=str(error))
            details = {"state": "the delivery could not be stored; deliver it again"}
            return error_response(503, "unavailable", details)
        return Response({"status": "stored"})

    handlers: list[HTTPRouteHandler] = [verify_subscription, receive]
    return Router(
        path=PATH,
        route_handlers=handlers,
        exception_handlers={HTTPException: http_error_handler, Exception: _on_crash},
    )


def _on_crash(_: _AnyRequest, error: Exception) -> ErrorResponse:
    log.error("webhook_failed", exc_info=error)
    return error_response(500, "internal", {"request": "the delivery was not handled; deliver it again"})
