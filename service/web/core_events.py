"""Events from Credex core, and what members are told of them.

Two addresses: `POST /bot/notify`, a message for one member, and `POST /api/webhooks/`, signed events. Whatever is
accepted is stored in the member's outbox before it is answered. Which form of it goes out, the message with buttons or
the template for those who have been silent for 24 hours, the sender decides when its turn comes.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final, Protocol

import msgspec
import structlog
from litestar import Request, Response, Router, post
from litestar.exceptions import HTTPException

from service.conversation import navigation_id
from service.domain import Denomination, Money, Phone
from service.mailbox import MailboxError
from service.messages import Button, Buttons, Outgoing, Template, shorten, visible
from service.whatsapp import INCOMING, verify

__all__ = ("LARGEST_BODY", "EventOutbox", "Notice", "clean", "notification_routes", "outgoing")

LARGEST_BODY: Final = 64 * 1024
"""Bytes."""
FRESH_MS: Final = 5 * 60_000
"""How far an event's timestamp may be from our clock."""

LONGEST_NAME: Final = 60
LONGEST_TEXT: Final = 700
LONGEST_ID: Final = 128

# An underscore within a word is no markup, but part of a handle.
_MARKUP: Final = re.compile(r"[*~`]+|(?<![^\W_])_+|_+(?![^\W_])")
_ID: Final = re.compile(r"[0-9A-Za-z_\-]{1,128}")

log = structlog.get_logger(__name__)

_Table = dict[str, Any]
_AnyRequest = Request[Any, Any, Any]
_Answer = Response[dict[str, object]]


class EventOutbox(Protocol):
    """What notifications need of the mailbox."""

    async def post(self, member: str, entry: bytes, *, key: str, now_ms: int) -> bool:
        """Stores a message durably; False when this key was posted before."""


class _RefusedError(Exception):
    """A request that is refused, field by field."""

    def __init__(self, status: int, error: str, details: dict[str, str]) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.details = details


@dataclass(frozen=True, slots=True)
class Notice:
    """Something to tell a member.

    Attributes:
        member: digits of their phone number.
        name: of the member, clean; may be empty.
        text: what to tell, clean.
        offer: id of the credex that it is about; empty when that is not known.
        pending: it is about offers that wait.
    """

    member: str
    name: str
    text: str
    offer: str = ""
    pending: bool = True


def outgoing(notice: Notice) -> Outgoing:
    """The message for a notice, in both its forms."""
    where, title = navigation_id("menu"), "Menu"
    if notice.offer:
        where, title = navigation_id("open", notice.offer), "Open the offer"
    elif notice.pending:
        where, title = navigation_id("incoming"), "View pending"
    buttons = [Button(where, title)]
    if title != "Menu":
        buttons.append(Button(navigation_id("menu"), "Menu"))
    body = f"{notice.name}, there is news:\n\n{notice.text}" if notice.name else notice.text
    return Outgoing(
        Buttons(body=body, buttons=tuple(buttons)),
        otherwise=Template(INCOMING.name, INCOMING.language, (notice.name or "member", notice.text), (where,)),
    )


def clean(text: str, most: int) -> str:
    """Text from outside on one line, with no markup, nothing invisible, and not too long."""
    return shorten(visible(_MARKUP.sub("", text)), most)


def notification_routes(
    *,
    api_key: str,
    secret: str,
    clock_ms: Callable[[], int],
    mailbox: EventOutbox,
    nonce: Callable[[int], bytes],
    posted: Callable[[], None],
    pseudonym: Callable[[str], str],
) -> Router:
    """The routes of both addresses.

    Args:
        api_key: what core shows in `x-client-api-key`.
        secret: with which core signs events.
        clock_ms: now.
        mailbox: where messages are stored.
        nonce: makes keys for messages that come without one.
        posted: told after a message was stored.
        pseudonym: what logs call a member.
    """

    async def tell(notice: Notice, key: str) -> bool:
        entry = msgspec.json.encode(outgoing(notice))
        try:
            new = await mailbox.post(notice.member, entry, key=key, now_ms=clock_ms())
        except MailboxError as error:
            log.warning("notice_not_stored", error=type(error).__name__)
            raise _RefusedError(
                503, "unavailable", {"state": "the message could not be stored; send it again"}
            ) from None
        if new:
            posted()
        log.info("notice_stored" if new else "notice_known", member=pseudonym(notice.member))
        return new

    @post("/bot/notify", status_code=200, request_max_body_size=LARGEST_BODY, include_in_schema=False)
    async def notify(request: _AnyRequest) -> _Answer:
        shown = request.headers.get("x-client-api-key", "").encode("utf-8", "surrogatepass")
        if not hmac.compare_digest(shown, api_key.encode()):
            raise _RefusedError(401, "unauthorized", {"x-client-api-key": "is missing or wrong"})
        fields = _Fields(_table(await request.body()))
        notice = Notice(
            member=fields.phone("phoneNumber"),
            name=fields.text("memberName", LONGEST_NAME),
            text=fields.text("message", LONGEST_TEXT),
            offer=fields.identifier("credexID", needed=False),
        )
        fields.check()
        # Without a key a repeated request is told twice: that is better than to swallow a second one like the first.
        given = request.headers.get("idempotency-key", "")
        new = await tell(notice, f"notify:{given}" if given else f"nonce:{nonce(16).hex()}")
        return Response({"status": "stored" if new else "known"})

    @post("/api/webhooks/", status_code=200, request_max_body_size=LARGEST_BODY, include_in_schema=False)
    async def webhooks(request: _AnyRequest) -> _Answer:
        body = await request.body()
        if not verify(secret, body, request.headers.get("X-Credex-Signature-256")):
            raise _RefusedError(401, "unauthorized", {"X-Credex-Signature-256": "is not the signature of this body"})
        webhook_id, kind, notice = _event(_table(body), clock_ms())
        if notice is None:
            log.info("event_noted", kind=kind)
            return Response({"status": "noted"})
        new = await tell(notice, f"webhook:{webhook_id}")
        return Response({"status": "stored" if new else "known"})

    return Router(
        path="/",
        route_handlers=[notify, webhooks],
        exception_handlers={
            _RefusedError: _on_refused,
            HTTPException: _on_http_error,
            Exception: _on_crash,
        },
    )


# -- reading --------------------------------------------------------------------------------------------------------


def _table(body: bytes) -> _Table:
    """The body's JSON object, its numbers exact."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_no_number)
    except (ValueError, ArithmeticError, RecursionError):
        raise _RefusedError(400, "invalid", {"body": "is not JSON"}) from None
    if not isinstance(found, dict):
        raise _RefusedError(400, "invalid", {"body": "is not a JSON object"})
    return found


def _no_number(word: str) -> object:
    raise ValueError(f"{word} is no number")


class _Fields:
    """Reads the fields of an object, and remembers what was wrong with each; what was wrong reads as empty."""

    def __init__(self, table: _Table, under: str = "", problems: dict[str, str] | None = None) -> None:
        self._table = table
        self._under = under
        self.problems = {} if problems is None else problems

    def check(self) -> None:
        """Refuse the request if anything was wrong."""
        if self.problems:
            raise _RefusedError(400, "invalid", self.problems)

    def within(self, name: str) -> _Fields:
        """The fields of an object in this one."""
        inner = self._table.get(name)
        if not isinstance(inner, dict):
            self._problem(name, "is missing" if inner is None else "must be an object")
            inner = {}
        return _Fields(inner, f"{name}.", self.problems)

    def has(self, name: str) -> bool:
        """Whether there is such a field."""
        return self._table.get(name) is not None

    def text(self, name: str, most: int, *, needed: bool = True) -> str:
        """A text, clean and cut to so many UTF-16 units."""
        found = self._found(name, needed=needed)
        cleaned = clean(found, most)
        if found and not cleaned:
            self._problem(name, "has nothing in it that could be shown")
        return cleaned

    def identifier(self, name: str, *, needed: bool = True) -> str:
        """An id: letters, digits, hyphens and underscores."""
        found = self._found(name, needed=needed)
        if found and not _ID.fullmatch(found):
            self._problem(name, f"must be 1 to {LONGEST_ID} letters, digits, - and _")
            return ""
        return found

    def phone(self, name: str) -> str:
        """A phone number with its country code, as digits."""
        found = re.sub(r"[+ ()\-]", "", self._found(name))
        try:
            return Phone(found).digits if found else ""
        except ValueError as error:
            self._problem(name, str(error))
            return ""

    def texts(self, name: str) -> list[str]:
        """A list of texts, clean."""
        found = self._table.get(name)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self._problem(name, "is missing" if found is None else "must be a list of texts")
            return []
        return [cleaned for each in found if (cleaned := clean(each.replace("_", " "), LONGEST_NAME))]

    def money(self, amount: str, denomination: str) -> Money | None:
        """An amount given as a number, with its denomination beside it."""
        number, code = self._table.get(amount), self._table.get(denomination)
        if isinstance(number, bool) or not isinstance(number, int | Decimal) or not 0 < number < _MOST:
            self._problem(amount, "is missing" if number is None else "must be a number above 0")
            return None
        if Decimal(number) != round(Decimal(number), _DECIMALS):
            self._problem(amount, f"has more than {_DECIMALS} decimals")
            return None
        if not isinstance(code, str) or code not in set(Denomination):
            self._problem(denomination, f"must be one of {', '.join(Denomination)}")
            return None
        return Money(round(Decimal(number), _DECIMALS).normalize(), Denomination(code))

    def time_ms(self, name: str, *, needed: bool = True) -> int | None:
        """A time in ISO 8601, as ms since the epoch; without a zone it is UTC."""
        found = self._found(name, needed=needed)
        try:
            moment = datetime.fromisoformat(found) if found else None
            if moment is None:
                return None
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return int(aware.timestamp() * 1000)
        except (ValueError, OverflowError):
            self._problem(name, "must be a time in ISO 8601, such as 2026-11-02T08:00:00Z")
            return None

    def _found(self, name: str, *, needed: bool = True) -> str:
        found = self._table.get(name)
        if found is None and not needed:
            return ""
        if not isinstance(found, str) or not found.strip():
            self._problem(name, "is missing" if found is None or found == "" else "must be a text with something in it")
            return ""
        return found.strip()

    def _problem(self, name: str, reason: str) -> None:
        self.problems.setdefault(f"{self._under}{name}", reason)


_MOST: Final = 1_000_000_000_000
_DECIMALS: Final = 8


# -- events ---------------------------------------------------------------------------------------------------------


def _event(envelope: _Table, now_ms: int) -> tuple[str, str, Notice | None]:
    """The event's id and kind, and what to tell whom; None when it names nobody whom we could address."""
    fields = _Fields(envelope)
    metadata = fields.within("metadata")
    webhook_id = metadata.identifier("webhook_id")
    kind = metadata.identifier("event_type")
    at_ms = metadata.time_ms("timestamp")
    payload = fields.within("payload")
    reader = _READERS.get(kind)
    if kind and reader is None:
        fields.problems["metadata.event_type"] = f"must be one of {', '.join(_READERS)}"
    text, offer = reader(payload) if reader else ("", "")
    member = payload.phone("phone_number") if payload.has("phone_number") else ""
    name = payload.text("member_name", LONGEST_NAME, needed=False)
    fields.check()
    if at_ms is None or abs(now_ms - at_ms) > FRESH_MS:
        reason = "is more than five minutes away from the time of its arrival"
        raise _RefusedError(401, "unauthorized", {"metadata.timestamp": reason})
    if not member:
        return webhook_id, kind, None
    return webhook_id, kind, Notice(member, name, text, offer=offer, pending=kind == "offer_update")


_OFFER_WORDS: Final = {
    "pending": "An offer of {} waits for an answer.",
    "accepted": "The offer of {} was accepted.",
    "declined": "The offer of {} was declined.",
    "cancelled": "The offer of {} was taken back.",
    "expired": "The offer of {} was not answered in time and has ended.",
}


def _offer(payload: _Fields) -> tuple[str, str]:
    offer_id = payload.identifier("offer_id")
    payload.identifier("company_id", needed=False)
    status = payload.text("status", LONGEST_NAME).lower()
    money = payload.money("amount", "denomination")
    payload.time_ms("expiry", needed=False)
    words = _OFFER_WORDS.get(status, "There is news of the offer of {}.")
    return words.format(money), offer_id if status == "pending" else ""


def _member(payload: _Fields) -> tuple[str, str]:
    payload.identifier("member_id")
    payload.identifier("company_id", needed=False)
    status, changed = payload.text("status", LONGEST_NAME), payload.texts("updated_fields")
    return f"Your membership was changed{_changes(changed)}. It is now {status}.", ""


def _company(payload: _Fields) -> tuple[str, str]:
    payload.identifier("company_id")
    name, status = payload.text("name", LONGEST_NAME), payload.text("status", LONGEST_NAME)
    return f"The account {name} was changed{_changes(payload.texts('updated_fields'))}. It is now {status}.", ""


def _changes(fields: list[str]) -> str:
    return f" ({shorten(', '.join(fields), 200)})" if fields else ""


_READERS: Final[dict[str, Callable[[_Fields], tuple[str, str]]]] = {
    "company_update": _company,
    "member_update": _member,
    "offer_update": _offer,
}


# -- refusing -------------------------------------------------------------------------------------------------------


def _on_refused(_: _AnyRequest, refused: _RefusedError) -> _Answer:
    return Response({"error": refused.error, "details": refused.details}, status_code=refused.status)


def _on_http_error(_: _AnyRequest, error: HTTPException) -> _Answer:
    if error.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        details = {"body": f"is larger than {LARGEST_BODY} bytes"}
        return Response({"error": "too_large", "details": details}, status_code=error.status_code)
    return Response({"error": "refused", "details": {"request": error.detail}}, status_code=error.status_code)


def _on_crash(_: _AnyRequest, error: Exception) -> _Answer:
    log.error("notification_failed", error=type(error).__name__)
    details = {"request": "it was not handled; send it again"}
    return Response({"error": "internal", "details": details}, status_code=500)
