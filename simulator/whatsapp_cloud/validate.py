"""Parses requests to `/messages` as strictly as Meta does, with Meta's error codes and texts.

Observed in answers of the real API: the texts for required, wrongly typed and unknown parameters, and those in `limits`
that are marked as seen. Other texts follow their pattern.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from .errors import RefusedError
from .kinds import KINDS, Found
from .kinds.interactive import ELSEWHERE
from .schema import Field, Schema, check, closed, text
from .values import Bubble, Json

__all__ = ("MARK_AS_READ", "MESSAGE", "MarkAsRead", "Sending", "parse")

_PRODUCT: Final[Mapping[str, Field]] = MappingProxyType(
    {"messaging_product": Field(required=True, choices=("whatsapp",))}
)
MARK_AS_READ: Final = Schema(
    {
        **_PRODUCT,
        "status": Field(required=True, choices=("read",)),
        "message_id": text(),
        "typing_indicator": closed({"type": Field(required=True, choices=("text",))}, required=False),
    }
)
MESSAGE: Final = Schema(
    {
        **_PRODUCT,
        "recipient_type": Field(choices=("individual",)),
        "to": Field(),
        "recipient": Field(),
        "biz_opaque_callback_data": Field(limit="biz_opaque_callback_data"),
        "recipient_identity_key_hash": Field(),
        "context": closed({"message_id": text()}, required=False),
    },
    by="type",
    default="text",
    variants={kind: Schema({kind: one.content}) for kind, one in KINDS.items()},
)


@dataclass(frozen=True, slots=True)
class MarkAsRead:
    """A request to mark a person's message as read, optionally with a typing indicator."""

    message_id: str
    typing: bool


@dataclass(slots=True)
class Sending:
    """A valid request to send a message. The API fills in the bubble's ids and times.

    Attributes:
        to: the number as given, or None.
        recipient: the business-scoped user id, or None.
        warnings: what a stricter reading of the limits would refuse.
        target, emoji: of a reaction.
        media: kind and id of each uploaded file that it refers to.
        links: the addresses from which Meta would fetch files.
    """

    to: str | None
    recipient: str | None
    bubble: Bubble
    warnings: list[str]
    target: str = ""
    emoji: str = ""
    media: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)


def parse(payload: Any) -> MarkAsRead | Sending:
    """Parse a request.

    Raises:
        RefusedError: it violates a rule.
    """
    if not isinstance(payload, dict):
        raise RefusedError(100, message="The parameter messaging_product is required.")
    check({"messaging_product": payload.get("messaging_product")}, Schema(_PRODUCT), "", [])
    return _mark_as_read(payload) if "status" in payload else _sending(payload)


def _mark_as_read(payload: Json) -> MarkAsRead:
    check(payload, MARK_AS_READ, "", [])
    return MarkAsRead(payload["message_id"], payload.get("typing_indicator") is not None)


def _sending(payload: Json) -> Sending:
    _send_elsewhere(payload)
    warnings: list[str] = []
    check(payload, MESSAGE, "", warnings)
    to, recipient = payload.get("to") or None, payload.get("recipient") or None
    if to is None and recipient is None:
        raise RefusedError(100, message="The parameter to is required.")
    kind = (payload.get("type") or MESSAGE.default).lower()
    context = payload.get("context")
    bubble = Bubble(
        at_ms=0,
        wamid="",
        phone="",
        kind=kind,
        payload=payload,
        callback=payload.get("biz_opaque_callback_data") or None,
        quotes=None if context is None else context["message_id"],
    )
    found = Found(bubble)
    KINDS[kind].read(payload[kind], found)
    return Sending(to, recipient, bubble, warnings, found.target, found.emoji, found.media, found.links)


def _send_elsewhere(payload: Json) -> None:
    """Refuse kinds that Meta supports and this simulator does not, with 501 in place of Meta's error."""
    content = payload.get("interactive")
    kind = content.get("type") if isinstance(content, dict) else None
    if isinstance(kind, str) and kind.lower() in ELSEWHERE:
        raise RefusedError(131051, status=501, details=f"This simulator does not send {kind} messages yet")


def kind_of(payload: dict[str, Any]) -> str:
    """The kind of a message, as in `Bubble.kind`: that of an interactive message is its subtype."""
    kind = payload.get("type", "text")
    interactive = payload.get("interactive")
    if kind == "interactive" and isinstance(interactive, dict):
        kind = interactive.get("type", kind)
    return str(kind)
