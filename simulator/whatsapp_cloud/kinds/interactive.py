"""Interactive messages: buttons, lists, links, forms, and requests for a location or a contact."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from ..errors import RefusedError
from ..limits import LIMITS
from ..schema import Field, Schema, closed, text, violation
from ..values import Choice, Json
from .flow import FLOW, read_flow
from .kind import Found, differ, trimmed
from .media import file_in_header

__all__ = ("INTERACTIVE", "read_interactive")

ELSEWHERE: Final = (
    "address_message",
    "call_permission_request",
    "carousel",
    "catalog_message",
    "product",
    "product_list",
    "voice_call",
)
"""Kinds that Meta supports and this simulator does not."""

_IN_HEADER: Final = ("image", "video", "document")
_TEXT_HEADER: Final = Schema({}, by="type", variants={"text": Schema({"text": text("interactive.header")})})
_ANY_HEADER: Final = Schema(
    {},
    by="type",
    variants={**_TEXT_HEADER.variants, **{kind: Schema({kind: file_in_header(kind)}) for kind in _IN_HEADER}},
)


def _named(name: str, parameters: Field | None = None) -> Field:
    """An action with a fixed name."""
    more = {} if parameters is None else {"parameters": parameters}
    return closed({"name": Field(required=True, choices=(name,)), **more})


def _parts(action: Field, header: Schema | None = _ANY_HEADER) -> Schema:
    """The schema of an interactive message; requests for something have neither header nor footer."""
    body = {"body": closed({"text": text("interactive.body")})}
    if header is None:
        return Schema({**body, "action": action})
    footer = {"footer": closed({"text": text("interactive.footer")}, required=False)}
    return Schema({"header": Field("object", schema=header), **body, **footer, "action": action})


_REPLY: Final = Schema(
    {
        "type": Field(required=True, choices=("reply",)),
        "reply": closed({"id": text("button.id"), "title": text("button.title")}),
    }
)
_ROW: Final = Schema({"id": text("row.id"), "title": text("row.title"), "description": Field(limit="row.description")})
_SECTION: Final = Schema(
    {"title": Field(limit="section.title"), "rows": Field("array", required=True, schema=_ROW)},
)
_LIST: Final = closed(
    {
        "button": text("list.button"),
        "sections": Field("array", required=True, limit="list.sections", schema=_SECTION),
    }
)
_LINK: Final = closed({"display_text": text("cta_url.text"), "url": Field("url", required=True)})

_SCHEMAS: Final[Mapping[str, Schema]] = MappingProxyType(
    {
        "button": _parts(
            closed({"buttons": Field("array", required=True, limit="button.count", schema=_REPLY)}), _ANY_HEADER
        ),
        "list": _parts(_LIST, _TEXT_HEADER),
        "cta_url": _parts(_named("cta_url", _LINK)),
        "flow": _parts(_named("flow", FLOW)),
        "location_request_message": _parts(_named("send_location"), None),
        "request_contact_info": _parts(_named("request_contact_info"), None),
    }
)
INTERACTIVE: Final = Field(
    "object",
    required=True,
    schema=Schema({}, by="type", variants={**_SCHEMAS, **{kind: Schema({}) for kind in ELSEWHERE}}),
)


def read_interactive(content: Json, found: Found) -> None:
    """Read the texts and choices of an interactive message."""
    bubble = found.bubble
    bubble.kind = content["type"].lower()
    bubble.body = content["body"]["text"]
    bubble.footer = (content.get("footer") or {}).get("text", "")
    if content.get("header"):
        bubble.header = _header(content["header"], found)
    _READERS[bubble.kind](content["action"], found)


def _header(header: Json, found: Found) -> str:
    kind = header["type"].lower()
    if kind == "text":
        return str(header["text"])
    found.file(kind, header[kind], f"interactive['header']['{kind}']")
    return f"[{kind}]"


def _buttons(action: Json, found: Found) -> None:
    replies = [button["reply"] for button in action["buttons"]]
    for reply in replies:
        trimmed("Button id", reply["id"])
    differ("button ids", [reply["id"] for reply in replies])
    differ("button titles", [reply["title"] for reply in replies])
    found.bubble.choices = tuple(Choice(reply["id"], reply["title"]) for reply in replies)


def _list(action: Json, found: Found) -> None:
    sections = action["sections"]
    choices: list[Choice] = []
    for section in sections:
        title = section.get("title") or ""
        if len(sections) > 1 and not title:
            raise RefusedError(131009, details="Section title is required when there is more than one section")
        if not section["rows"]:
            raise RefusedError(131009, details="A section must have at least one row")
        choices += [Choice(row["id"], row["title"], row.get("description") or "", title) for row in section["rows"]]
    if not LIMITS["list.rows"].keeps(len(choices)):
        raise violation(LIMITS["list.rows"])
    differ("row ids", [choice.id for choice in choices])
    found.bubble.label, found.bubble.choices = action["button"], tuple(choices)


def _link(action: Json, found: Found) -> None:
    found.bubble.label = action["parameters"]["display_text"]


def _place(_: Json, found: Found) -> None:
    found.bubble.label = "Send location"


def _contact(_: Json, found: Found) -> None:
    found.bubble.label = "Share contact info"


_READERS: Final[Mapping[str, Callable[[Json, Found], None]]] = MappingProxyType(
    {
        "button": _buttons,
        "list": _list,
        "cta_url": _link,
        "flow": read_flow,
        "location_request_message": _place,
        "request_contact_info": _contact,
    }
)
