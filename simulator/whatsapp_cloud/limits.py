"""The limits of outgoing messages, uploads and templates, in one table.

Lengths are counted in Unicode code points. Meta does not publish its unit. In UTF-16 code units, the other reading, an
emoji counts twice; a text that exceeds a limit only in that reading is accepted with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ("DAY_MS", "LIMITS", "MESSAGE_AGE_MS", "Limit", "Source")

DAY_MS: Final = 24 * 60 * 60 * 1000
MESSAGE_AGE_MS: Final = 30 * DAY_MS
"""The maximum age of a message that is marked as read or reacted to (Meta, messages reference, September 2026)."""

KILOBYTE: Final = 1024
MEGABYTE: Final = 1024 * KILOBYTE


@dataclass(frozen=True, slots=True)
class Source:
    """The source of a number, and its date."""

    title: str
    date: str


OPENAPI: Final = Source("Meta's OpenAPI file of the Business Messaging API v23.0", "21 November 2025")
REFERENCE: Final = Source("Meta's Cloud API messages reference", "September 2026")
TEMPLATES: Final = Source("Meta's pages on message templates", "September 2026")
MEDIA: Final = Source("Meta's reference of media", "September 2026")
RATES: Final = Source("Meta's pages on throughput and on pair rate limits", "September 2026")


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit, and the error for a violation.

    Attributes:
        part: its name in this table.
        path: the field of a request, in Meta's notation; ``[]`` stands for each element of an array.
        least: the smallest length, number or size allowed.
        most: the largest.
        unit: what is counted.
        code: Meta's error code for a violation.
        wording: the error text, with {least} and {most}.
        source: where the numbers come from.
        seen: whether the wording was observed in answers of the real API; otherwise it follows their pattern.
        note: where sources disagree.
    """

    part: str
    path: str
    least: int
    most: int
    unit: str
    code: int
    wording: str
    source: Source
    seen: bool = False
    note: str = ""

    def said(self) -> str:
        """The error text with its numbers."""
        return self.wording.format(least=self.least, most=self.most)

    def keeps(self, measured: int) -> bool:
        """Whether this length, number or size is allowed."""
        return self.least <= measured <= self.most


def _text(
    part: str, path: str, least: int, most: int, what: str, source: Source, *, seen: bool = False, note: str = ""
) -> Limit:
    """A length; a violation is 131009 with both bounds in the text."""
    wording = what + " length invalid. Min length: {least}, Max length: {most}"
    return Limit(part, path, least, most, "characters", 131009, wording, source, seen, note)


def _long(part: str, path: str, least: int, most: int, what: str, source: Source, *, seen: bool = False) -> Limit:
    """A length; a violation is 131009 with the upper bound in the text."""
    wording = what + " is too long. Max length is {most}"
    return Limit(part, path, least, most, "characters", 131009, wording, source, seen)


def _param(part: str, path: str, least: int, most: int, source: Source, *, seen: bool = False) -> Limit:
    """A length; a violation is 100 with the parameter's name in the text."""
    wording = f"Param {path} must be at most {{most}} characters long."
    return Limit(part, path, least, most, "characters", 100, wording, source, seen)


def _long_param(part: str, path: str, least: int, most: int, what: str, source: Source) -> Limit:
    """A length of a part of a submitted template; a violation is 100."""
    return Limit(part, path, least, most, "characters", 100, what + " is too long. Max length is {most}", source)


def _file(part: str, most: int, what: str) -> Limit:
    """The size of an uploaded file. Meta writes MB and KB; the factor 1024 is the larger reading."""
    wording = f"Param file: the file size of {what} is too large or it is empty. Max size: {{most}} bytes"
    return Limit(part, "file", 1, most, "bytes", 100, wording, MEDIA)


_ACTION: Final = "interactive['action']"
_BUTTON: Final = f"{_ACTION}['buttons'][]['reply']"
_SECTION: Final = f"{_ACTION}['sections'][]"
_ROW: Final = f"{_SECTION}['rows'][]"
_BOTH_SAID: Final = "rejections of longer list bodies seen October 2026, although the reference says 4096 there"

_SENT: Final = (
    _param("text.body", "text['body']", 1, 4096, REFERENCE, seen=True),
    _param("biz_opaque_callback_data", "biz_opaque_callback_data", 0, 512, OPENAPI),
    _text("interactive.body", "interactive['body']['text']", 1, 1024, "Body text", OPENAPI, seen=True, note=_BOTH_SAID),
    _text("interactive.header", "interactive['header']['text']", 1, 60, "Header text", OPENAPI),
    _text("interactive.footer", "interactive['footer']['text']", 1, 60, "Footer text", OPENAPI),
    Limit(
        "button.count",
        f"{_ACTION}['buttons']",
        1,
        3,
        "items",
        131009,
        "Invalid buttons count. Min allowed buttons: {least}, Max allowed buttons: {most}",
        REFERENCE,
        seen=True,
    ),
    _text("button.title", f"{_BUTTON}['title']", 1, 20, "Button title", REFERENCE, seen=True),
    _text("button.id", f"{_BUTTON}['id']", 1, 256, "Button id", REFERENCE),
    _text("list.button", f"{_ACTION}['button']", 1, 20, "List button text", REFERENCE),
    Limit(
        "list.sections",
        f"{_ACTION}['sections']",
        1,
        10,
        "items",
        131009,
        "Total section count exceed max allowed count: {most}",
        REFERENCE,
    ),
    Limit(
        "list.rows",
        f"{_SECTION}['rows']",
        1,
        10,
        "items",
        131009,
        "Total row count exceed max allowed count: {most}",
        REFERENCE,
        seen=True,
        note="counted over all sections",
    ),
    _long("section.title", f"{_SECTION}['title']", 0, 24, "Section title", REFERENCE),
    _long("row.title", f"{_ROW}['title']", 1, 24, "Row title", REFERENCE, seen=True),
    _long("row.id", f"{_ROW}['id']", 1, 200, "Row id", REFERENCE),
    _long("row.description", f"{_ROW}['description']", 0, 72, "Row description", REFERENCE),
    _text("cta_url.text", f"{_ACTION}['parameters']['display_text']", 1, 20, "Button display text", REFERENCE),
    _text(
        "flow.cta",
        f"{_ACTION}['parameters']['flow_cta']",
        1,
        30,
        "flow_cta",
        OPENAPI,
        note="older pages and SDKs say 20",
    ),
    _param("image.caption", "image['caption']", 0, 1024, REFERENCE),
    _param("video.caption", "video['caption']", 0, 1024, REFERENCE),
    _param("document.caption", "document['caption']", 0, 1024, REFERENCE),
    Limit(
        "contacts.count",
        "contacts",
        1,
        5,
        "items",
        131009,
        "Invalid contacts count. Min allowed contacts: {least}, Max allowed contacts: {most}",
        OPENAPI,
    ),
    _param("template.name", "template['name']", 1, 512, TEMPLATES),
    Limit(
        "template.button_payload",
        "template['components'][]['parameters'][]['payload']",
        1,
        256,
        "characters",
        132018,
        "button payload must have {least} to {most} characters",
        OPENAPI,
    ),
)

_FILLED: Final = tuple(
    Limit(
        f"template.{part}",
        f"template['components'][{part}]",
        0,
        most,
        "characters",
        132005,
        part + ": translated text too long, max {most}",
        TEMPLATES,
        note="counted after the parameters were filled in",
    )
    for part, most in (("header", 60), ("body", 1024))
)

_SUBMITTED: Final = (
    _long_param("template.header_text", "components[HEADER]['text']", 1, 60, "Header text", TEMPLATES),
    _long_param("template.body_text", "components[BODY]['text']", 1, 1024, "Body text", TEMPLATES),
    _long_param("template.footer", "components[FOOTER]['text']", 1, 60, "Footer text", TEMPLATES),
    Limit(
        "template.buttons",
        "components[BUTTONS]['buttons']",
        0,
        10,
        "items",
        100,
        "A template has at most {most} buttons",
        TEMPLATES,
    ),
    Limit(
        "template.button_text",
        "components[BUTTONS]['buttons'][]['text']",
        1,
        25,
        "characters",
        100,
        "A template's button has {least} to {most} characters",
        TEMPLATES,
    ),
    _long_param("template.url", "components[BUTTONS]['buttons'][]['url']", 1, 2000, "Button url", TEMPLATES),
)

_UPLOADED: Final = (
    _file("media.image", 5 * MEGABYTE, "an image"),
    _file("media.video", 16 * MEGABYTE, "a video"),
    _file("media.audio", 16 * MEGABYTE, "an audio"),
    _file("media.document", 100 * MEGABYTE, "a document"),
    _file("media.sticker", 100 * KILOBYTE, "a static sticker"),
    _file("media.animated_sticker", 500 * KILOBYTE, "an animated sticker"),
)

_PACED: Final = (
    Limit(
        "rate.pair_burst",
        "to",
        0,
        45,
        "messages ahead of the pace of one in 6 s",
        131056,
        "Message failed to send because there were too many messages sent from this phone number to the same phone "
        "number in a short period of time",
        RATES,
    ),
    Limit(
        "rate.throughput",
        "",
        0,
        80,
        "messages a second, in and out",
        130429,
        "Cloud API message throughput has been reached",
        RATES,
        note="1,000 after an automatic upgrade, 20 for coexistence",
    ),
)

LIMITS: Final[Mapping[str, Limit]] = MappingProxyType(
    {limit.part: limit for limit in (*_SENT, *_FILLED, *_SUBMITTED, *_UPLOADED, *_PACED)}
)
