"""Events from Credex core, which become messages to members.

Two endpoints: `POST /bot/notify`, a message for one member, and `POST /api/webhooks/`, signed events. What is accepted
is stored in the member's outbox before the answer. The sender decides when it sends whether the message with buttons
goes out, or the template for members who have been silent for 24 hours.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, Protocol

import msgspec
import structlog
from litestar import Request, Response, Router, post
from litestar.exceptions import HTTPException

from service.conversation import navigation_id
from service.mailbox import MailboxError
from service.messages import Button, Buttons, Outgoing, Template, shorten
from service.web.errors import ErrorResponse, error_response, http_error_handler
from service.web.fields import LONGEST_NAME, FieldReader, RequestError, parse_object
from service.whatsapp import INCOMING, verify

LARGEST_BODY: Final = 64 * 1024
"""Bytes."""
_FRESH_MS: Final = 5 * 60_000
"""How far an event's timestamp may be from our clock."""
LONGEST_TEXT: Final = 700

log = structlog.get_logger(__name__)

_AnyRequest = Request[Any, Any, Any]
_Answer = Response[dict[str, object]]


class EventOutbox(Protocol):
    """What the routes need of the mailbox: a method of `Mailbox`."""

    async def post(self, member: str, entry: bytes, *, key: str, now_ms: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class CoreEvent:
    """An event that a member is told about.

    Attributes:
        member: digits of their phone number.
        name: of the member, clean; may be empty.
        text: what the message says, clean.
        offer_id: the pending credex that the event is about; empty when it is not known.
        about_offers: the event is about pending offers.
    """

    member: str
    name: str
    text: str
    offer_id: str = ""
    about_offers: bool = True


def outgoing(event: CoreEvent) -> Outgoing:
    """The message for an event, with buttons and as a template."""
    target, title = navigation_id("menu"), "Menu"
    if event.offer_id:
        target, title = navigation_id("open", event.offer_id), "Open the offer"
    elif event.about_offers:
        target, title = navigation_id("incoming"), "View pending"
    buttons = [Button(target, title)]
    if title != "Menu":
        buttons.append(Button(navigation_id("menu"), "Menu"))
    body = f"{event.name}, there is news:\n\n{event.text}" if event.name else event.text
    return Outgoing(
        Buttons(body=body, buttons=tuple(buttons)),
        otherwise=Template(INCOMING.name, INCOMING.language, (event.name or "member", event.text), (target,)),
    )


@dataclass(frozen=True, slots=True)
class _EventStore:
    """Stores the messages of events in the members' outboxes."""

    clock_ms: Callable[[], int]
    mailbox: EventOutbox
    outbox_woken: Callable[[], None]
    pseudonym: Callable[[str], str]

    async def store(self, event: CoreEvent, key: str) -> _Answer:
        entry = msgspec.json.encode(outgoing(event))
        try:
            new = await self.mailbox.post(event.member, entry, key=key, now_ms=self.clock_ms())
        except MailboxError as error:
            log.warning("core_event_not_stored", error=type(error).__name__)
            details = {"state": "the message could not be stored; send it again"}
            raise RequestError(503, "unavailable", details) from None
        if new:
            self.outbox_woken()
        log.info("core_event_stored" if new else "core_event_duplicate", member=self.pseudonym(event.member))
        return Response({"status": "stored" if new else "known"})


def core_event_routes(
    *,
    api_key: str,
    secret: str,
    clock_ms: Callable[[], int],
    mailbox: EventOutbox,
    nonce: Callable[[int], bytes],
    outbox_woken: Callable[[], None],
    pseudonym: Callable[[str], str],
) -> Router:
    """The routes of both endpoints.

    Args:
        api_key: what core sends in `x-client-api-key`.
        secret: with which core signs events.
        nonce: makes keys for messages that come without one.
        outbox_woken: called when a message was stored.
        pseudonym: names a member in logs.
    """
    event_store = _EventStore(clock_ms=clock_ms, mailbox=mailbox, outbox_woken=outbox_woken, pseudonym=pseudonym)

    @post("/bot/notify", status_code=200, request_max_body_size=LARGEST_BODY, include_in_schema=False)
    async def notify(request: _AnyRequest) -> _Answer:
        shown = request.headers.get("x-client-api-key", "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(shown, api_key.encode()):
            raise RequestError(401, "unauthorized", {"x-client-api-key": "is missing or wrong"})
        fields = FieldReader(parse_object(await request.body()))
        event = CoreEvent(
            member=fields.phone("phoneNumber"),
            name=fields.text("memberName", LONGEST_NAME),
            text=fields.text("message", LONGEST_TEXT),
            offer_id=fields.identifier("credexID", required=False),
        )
        fields.check()
        # Without a key a repeated request is told twice, which is better than to drop a second message like the first.
        given = request.headers.get("idempotency-key", "")
        return await event_store.store(event, f"notify:{given}" if given else f"nonce:{nonce(16).hex()}")

    @post("/api/webhooks/", status_code=200, request_max_body_size=LARGEST_BODY, include_in_schema=False)
    async def webhooks(request: _AnyRequest) -> _Answer:
        body = await request.body()
        if not verify(secret, body, request.headers.get("X-Credex-Signature-256")):
            raise RequestError(401, "unauthorized", {"X-Credex-Signature-256": "is not the signature of this body"})
        webhook_id, kind, event = _read_event(parse_object(body), clock_ms())
        if event is None:
            log.info("core_event_names_no_member", kind=kind)
            return Response({"status": "noted"})
        return await event_store.store(event, f"webhook:{webhook_id}")

    return Router(
        path="/",
        route_handlers=[notify, webhooks],
        exception_handlers={
            RequestError: _on_request_error,
            HTTPException: _on_http_error,
            Exception: _on_crash,
        },
    )


# -- events ---------------------------------------------------------------------------------------------------------


def _read_event(envelope: dict[str, Any], now_ms: int) -> tuple[str, str, CoreEvent | None]:
    """The event's id and kind, and the event; None when it names no member."""
    fields = FieldReader(envelope)
    metadata = fields.within("metadata")
    webhook_id = metadata.identifier("webhook_id")
    kind = metadata.identifier("event_type")
    at_ms = metadata.time_ms("timestamp")
    payload = fields.within("payload")
    reader = _READERS.get(kind)
    if kind and reader is None:
        fields.problems["metadata.event_type"] = f"must be one of {', '.join(_READERS)}"
    text, offer_id = reader(payload) if reader else ("", "")
    member = payload.phone("phone_number") if payload.has("phone_number") else ""
    name = payload.text("member_name", LONGEST_NAME, required=False)
    fields.check()
    if at_ms is None or abs(now_ms - at_ms) > _FRESH_MS:
        reason = "is more than five minutes away from the time of its arrival"
        raise RequestError(401, "unauthorized", {"metadata.timestamp": reason})
    if not member:
        return webhook_id, kind, None
    return webhook_id, kind, CoreEvent(member, name, text, offer_id, about_offers=kind == "offer_update")


_OFFER_TEXTS: Final = {
    "pending": "An offer of {} waits for an answer.",
    "accepted": "The offer of {} was accepted.",
    "declined": "The offer of {} was declined.",
    "cancelled": "The offer of {} was taken back.",
    "expired": "The offer of {} was not answered in time and has ended.",
}


def _read_offer(payload: FieldReader) -> tuple[str, str]:
    offer_id = payload.identifier("offer_id")
    payload.identifier("company_id", required=False)
    status = payload.text("status", LONGEST_NAME).lower()
    money = payload.money("amount", "denomination")
    payload.time_ms("expiry", required=False)
    text = _OFFER_TEXTS.get(status, "There is news of the offer of {}.")
    return text.format(money), offer_id if status == "pending" else ""


def _read_member(payload: FieldReader) -> tuple[str, str]:
    payload.identifier("member_id")
    payload.identifier("company_id", required=False)
    status, changed = payload.text("status", LONGEST_NAME), payload.texts("updated_fields")
    return f"Your membership was changed{_changes(changed)}. It is now {status}.", ""


def _read_account(payload: FieldReader) -> tuple[str, str]:
    payload.identifier("company_id")
    name, status = payload.text("name", LONGEST_NAME), payload.text("status", LONGEST_NAME)
    return f"The account {name} was changed{_changes(payload.texts('updated_fields'))}. It is now {status}.", ""


def _changes(fields: list[str]) -> str:
    return f" ({shorten(', '.join(fields), 200)})" if fields else ""


_READERS: Final[dict[str, Callable[[FieldReader], tuple[str, str]]]] = {
    "company_update": _read_account,
    "member_update": _read_member,
    "offer_update": _read_offer,
}


# -- errors ---------------------------------------------------------------------------------------------------------


def _on_request_error(_: _AnyRequest, error: RequestError) -> ErrorResponse:
    return error_response(error.status, error.error, error.details)


def _on_http_error(request: _AnyRequest, error: HTTPException) -> ErrorResponse:
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return error_response(error.status_code, "too_large", {"body": f"is larger than {LARGEST_BODY} bytes"})
    return http_error_handler(request, error)


def _on_crash(_: _AnyRequest, error: Exception) -> ErrorResponse:
    log.error("core_event_failed", error=type(error).__name__)
    return error_response(500, "internal", {"request": "it was not handled; send it again"})
