"""Reads a request to `/messages` as strictly as Meta does, and refuses it with Meta's codes and wording.

Wordings that were seen in answers of the real API: the ones for required, wrong-typed and unknown parameters, those in
`limits` that are marked as seen. Where none is known, the text is made after their pattern.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from simulator.whatsapp_cloud.errors import Refused
from simulator.whatsapp_cloud.limits import LIMITS
from simulator.whatsapp_cloud.values import Bubble, Choice, Json

__all__ = ("MarkAsRead", "Sending", "parse")

KINDS: Final = frozenset(
    {
        "audio",
        "contacts",
        "document",
        "image",
        "interactive",
        "location",
        "reaction",
        "sticker",
        "template",
        "text",
        "video",
    }
)
INTERACTIVE: Final = frozenset({"button", "list", "flow"})
INTERACTIVE_ELSEWHERE: Final = frozenset(
    {
        "cta_url",
        "catalog_message",
        "product",
        "product_list",
        "location_request_message",
        "address_message",
        "carousel",
        "call_permission_request",
        "voice_call",
        "request_contact_info",
    }
)
ENVELOPE: Final = frozenset(
    {"messaging_product", "recipient_type", "to", "recipient", "context", "biz_opaque_callback_data", "type"}
)
HEADER_MEDIA: Final = frozenset({"image", "video", "document"})


@dataclass(frozen=True, slots=True)
class MarkAsRead:
    """A request to mark a person's message as read, and perhaps to show that the business types."""

    message_id: str
    typing: bool


@dataclass(slots=True)
class Sending:
    """A request to send a message, found in order. The bubble's ids and times are for the API to fill in.

    Attributes:
        to: the number as it was given, or None.
        recipient: the business-scoped user id, or None.
        warnings: what a stricter reading of the rules would have refused.
        target: the message a reaction is for, and its emoji.
    """

    to: str | None
    recipient: str | None
    bubble: Bubble
    warnings: list[str]
    target: str = ""
    emoji: str = ""


def parse(payload: Any) -> MarkAsRead | Sending:
    """What a request asks for.

    Raises:
        Refused: it breaks a rule.
    """
    if not isinstance(payload, dict):
        raise Refused(100, message="The parameter messaging_product is required.")
    top = _Param(payload, "", [])
    top.one_of("messaging_product", {"whatsapp"}, required=True)
    if "status" in payload:
        return _mark_as_read(top)
    return _sending(top)


class _Param:
    """A JSON object in the request, the path that leads to it, and the warnings collected so far."""

    def __init__(self, value: Json, path: str, warnings: list[str]) -> None:
        self.value = value
        self.path = path
        self.warnings = warnings

    def where(self, key: str) -> str:
        return f"{self.path}['{key}']" if self.path else key

    def __contains__(self, key: str) -> bool:
        return key in self.value

    def keys(self, allowed: Collection[str]) -> None:
        """Refuse keys that are not allowed here."""
        for key in self.value:
            if key not in allowed:
                on = f' on param "{self.path}"' if self.path else ""
                raise Refused(100, message=f'Unexpected key "{key}"{on}.')

    def need(self, key: str) -> Any:
        if self.value.get(key) is None:
            raise Refused(100, message=f"The parameter {self.where(key)} is required.")
        return self.value[key]

    def text(self, key: str, *, limit: str | None = None, required: bool = True) -> str:
        """A string; an absent one that is not required reads as empty."""
        if not required and key not in self.value:
            return ""
        found = self.need(key)
        if not isinstance(found, str):
            raise Refused(100, message=f"Param {self.where(key)} must be a string.")
        if limit is not None:
            self._measure(key, found, limit)
        return found

    def _measure(self, key: str, found: str, name: str) -> None:
        limit = LIMITS[name]
        if not found and limit.least and limit.code == 100:  # noqa: PLR2004  (Meta's code, not a quantity)
            raise Refused(100, message=f"The parameter {self.where(key)} is required.")
        if not limit.least <= len(found) <= limit.most:
            raise _breach(name)
        units = len(found.encode("utf-16-le")) // 2
        if units > limit.most:
            self.warnings.append(f"{self.where(key)} has {units} UTF-16 units; the limit is {limit.most}")

    def one_of(self, key: str, allowed: Collection[str], *, required: bool = False, default: str = "") -> str:
        found = self.text(key, required=required)
        if key not in self.value:
            return default
        if found.lower() not in allowed:
            choices = ", ".join(sorted(choice.upper() for choice in allowed))
            raise Refused(100, message=f'Param {self.where(key)} must be one of {{{choices}}} - got "{found}".')
        return found.lower()

    def flag(self, key: str) -> None:
        if key in self.value and not isinstance(self.value[key], bool):
            raise Refused(100, message=f"Param {self.where(key)} must be a boolean.")

    def child(self, key: str, allowed: Collection[str]) -> _Param:
        """An object that must be there, with these keys at most."""
        found = self.open(key)
        found.keys(allowed)
        return found

    def open(self, key: str) -> _Param:
        """An object that must be there, with keys to be looked at later."""
        return self._object(self.need(key), self.where(key))

    def _object(self, found: Any, path: str) -> _Param:
        if not isinstance(found, dict):
            raise Refused(100, message=f"Param {path} must be a JSON object.")
        return _Param(found, path, self.warnings)

    def children(self, key: str, allowed: Collection[str]) -> list[_Param]:
        """The objects of an array that must be there."""
        found = self.need(key)
        if not isinstance(found, list):
            raise Refused(100, message=f"Param {self.where(key)} must be an array.")
        objects = [self._object(one, f"{self.where(key)}[{index}]") for index, one in enumerate(found)]
        for one in objects:
            one.keys(allowed)
        return objects


def _breach(name: str) -> Refused:
    limit = LIMITS[name]
    if limit.code == 100:  # noqa: PLR2004  (Meta's code, not a quantity)
        return Refused(100, message=limit.said())
    return Refused(limit.code, details=limit.said())


def _count(name: str, found: int) -> None:
    if not LIMITS[name].least <= found <= LIMITS[name].most:
        raise _breach(name)


def _differ(what: str, values: list[str]) -> None:
    if len(set(values)) != len(values):
        raise Refused(131009, details=f"Duplicate {what} are not allowed")


def _trimmed(what: str, value: str) -> None:
    if value != value.strip():
        raise Refused(131009, details=f"{what} must not begin or end with a space")


def _mark_as_read(top: _Param) -> MarkAsRead:
    top.keys({"messaging_product", "status", "message_id", "typing_indicator"})
    top.one_of("status", {"read"}, required=True)
    message_id = top.text("message_id")
    typing = "typing_indicator" in top
    if typing:
        top.child("typing_indicator", {"type"}).one_of("type", {"text"}, required=True)
    return MarkAsRead(message_id, typing)


def _sending(top: _Param) -> Sending:
    kind = top.one_of("type", KINDS, default="text")
    top.keys(ENVELOPE | {kind})
    top.one_of("recipient_type", {"individual"})
    to, recipient = top.text("to", required=False), top.text("recipient", required=False)
    if not to and not recipient:
        raise Refused(100, message="The parameter to is required.")
    callback = top.text("biz_opaque_callback_data", required=False)
    top.text("biz_opaque_callback_data", limit="biz_opaque_callback_data", required=False)
    quotes = top.child("context", {"message_id"}).text("message_id") if "context" in top else None
    if kind not in _READERS:
        raise Refused(131051, status=501, details=f"This simulator does not send {kind} messages yet")
    content = top.open(kind)
    bubble = Bubble(at_ms=0, wamid="", phone="", kind=kind, payload=top.value, callback=callback or None, quotes=quotes)
    _READERS[kind](content, bubble)
    sending = Sending(to or None, recipient or None, bubble, top.warnings)
    if kind == "reaction":
        sending.target, sending.emoji = content.text("message_id"), content.text("emoji")
    return sending


def _text(content: _Param, bubble: Bubble) -> None:
    content.keys({"body", "preview_url"})
    content.flag("preview_url")
    bubble.body = content.text("body", limit="text.body")


def _reaction(content: _Param, bubble: Bubble) -> None:
    content.keys({"message_id", "emoji"})
    content.text("message_id")
    content.text("emoji")
    if bubble.quotes is not None:
        raise Refused(131009, details="Reaction messages cannot have a context")


def _interactive(content: _Param, bubble: Bubble) -> None:
    bubble.kind = content.one_of("type", INTERACTIVE | INTERACTIVE_ELSEWHERE, required=True)
    if bubble.kind not in INTERACTIVE:
        raise Refused(131051, status=501, details=f"This simulator does not send {bubble.kind} messages yet")
    content.keys({"type", "header", "body", "footer", "action"})
    if "header" in content:
        bubble.header = _header(content.open("header"), text_only=bubble.kind == "list")
    bubble.body = content.child("body", {"text"}).text("text", limit="interactive.body")
    if "footer" in content:
        bubble.footer = content.child("footer", {"text"}).text("text", limit="interactive.footer")
    {"button": _buttons, "list": _list, "flow": _flow}[bubble.kind](content, bubble)


def _header(header: _Param, *, text_only: bool) -> str:
    kind = header.one_of("type", {"text"} if text_only else {"text", *HEADER_MEDIA}, required=True)
    header.keys({"type", kind})
    if kind == "text":
        return header.text("text", limit="interactive.header")
    media = header.child(kind, {"id", "link", "filename"} if kind == "document" else {"id", "link"})
    if ("id" in media) == ("link" in media):
        raise Refused(131009, details=f"Exactly one of id and link is needed in {media.path}")
    media.text("id" if "id" in media else "link")
    return f"[{kind}]"


def _buttons(content: _Param, bubble: Bubble) -> None:
    buttons = content.child("action", {"buttons"}).children("buttons", {"type", "reply"})
    _count("button.count", len(buttons))
    choices = []
    for button in buttons:
        button.one_of("type", {"reply"}, required=True)
        reply = button.child("reply", {"id", "title"})
        choices.append(Choice(reply.text("id", limit="button.id"), reply.text("title", limit="button.title")))
        _trimmed("Button id", choices[-1].id)
    _differ("button ids", [choice.id for choice in choices])
    _differ("button titles", [choice.title for choice in choices])
    bubble.choices = tuple(choices)


def _list(content: _Param, bubble: Bubble) -> None:
    action = content.child("action", {"button", "sections"})
    bubble.label = action.text("button", limit="list.button")
    sections = action.children("sections", {"title", "rows"})
    _count("list.sections", len(sections))
    choices: list[Choice] = []
    for section in sections:
        named = len(sections) > 1
        if named and not section.value.get("title"):
            raise Refused(131009, details="Section title is required when there is more than one section")
        title = section.text("title", limit="section.title", required=named) if section.value.get("title") else ""
        rows = section.children("rows", {"id", "title", "description"})
        if not rows:
            raise Refused(131009, details="A section must have at least one row")
        choices += [_row(row, title) for row in rows]
    _count("list.rows", len(choices))
    _differ("row ids", [choice.id for choice in choices])
    bubble.choices = tuple(choices)


def _row(row: _Param, section: str) -> Choice:
    identity = row.text("id", limit="row.id")
    title = row.text("title", limit="row.title")
    description = row.text("description", limit="row.description", required=False)
    return Choice(identity, title, description, section)


def _flow(content: _Param, bubble: Bubble) -> None:
    action = content.child("action", {"name", "parameters"})
    action.one_of("name", {"flow"}, required=True)
    form = action.child("parameters", _FLOW_KEYS)
    if form.text("flow_message_version") != "3":
        raise Refused(131009, details="flow_message_version must be 3")
    if ("flow_id" in form) == ("flow_name" in form):
        raise Refused(131009, details="Exactly one of flow_id and flow_name is needed")
    form.text("flow_id" if "flow_id" in form else "flow_name")
    bubble.label = form.text("flow_cta", limit="flow.cta")
    if any(ord(character) >= _FIRST_EMOJI for character in bubble.label):
        raise Refused(131009, details="flow_cta must not have emoji")
    form.text("flow_token", required=False)
    form.one_of("mode", {"published", "draft"})
    goes = form.one_of("flow_action", {"navigate", "data_exchange"}, default="navigate")
    if "flow_action_payload" in form:
        if goes != "navigate":
            raise Refused(131009, details="flow_action_payload is only allowed when flow_action is navigate")
        start = form.child("flow_action_payload", {"screen", "data"})
        start.text("screen", required=False)
        if "data" in start and not start.open("data").value:
            raise Refused(131009, details="flow_action_payload data must not be empty")


_FIRST_EMOJI: Final = 0x1F000
_FLOW_KEYS: Final = frozenset(
    {
        "flow_message_version",
        "flow_id",
        "flow_name",
        "flow_cta",
        "flow_token",
        "mode",
        "flow_action",
        "flow_action_payload",
    }
)


def _template(content: _Param, _: Bubble) -> None:
    content.keys({"name", "language", "components"})
    content.text("name", limit="template.name")
    content.child("language", {"code", "policy"}).text("code")
    if "components" not in content:
        return
    for component in content.children("components", {"type", "sub_type", "index", "parameters"}):
        component.one_of("type", {"header", "body", "button"}, required=True)
        component.text("sub_type", required=False)
        for parameter in component.children("parameters", _PARAMETER_KEYS) if "parameters" in component else ():
            parameter.text("type", required=False)


_PARAMETER_KEYS: Final = frozenset(
    {
        "type",
        "text",
        "parameter_name",
        "payload",
        "action",
        "currency",
        "date_time",
        "image",
        "video",
        "document",
        "location",
        "coupon_code",
    }
)

_READERS: Final[Mapping[str, Callable[[_Param, Bubble], None]]] = MappingProxyType(
    {"text": _text, "reaction": _reaction, "interactive": _interactive, "template": _template}
)
