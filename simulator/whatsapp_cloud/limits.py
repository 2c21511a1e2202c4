"""Every limit that an outgoing message must keep, in one table.

Lengths are counted in Unicode code points. Meta does not publish its unit; in UTF-16 units, the other reading, an
emoji counts twice, so a text that only that reading refuses is accepted here with a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ("DAY_MS", "LIMITS", "MESSAGE_AGE_MS", "Limit")

DAY_MS: Final = 24 * 60 * 60 * 1000
MESSAGE_AGE_MS: Final = 30 * DAY_MS
"""How old a message may be that is marked as read or reacted to (Meta, messages reference, September 2026)."""

OPENAPI: Final = "Meta's OpenAPI file of the Business Messaging API v23.0, 21 November 2025"
REFERENCE: Final = "Meta's Cloud API messages reference, read September 2026"
TEMPLATES: Final = "Meta's pages on message templates, read September 2026"


@dataclass(frozen=True, slots=True)
class Limit:
    """What a part of a message may measure, and how its breach is answered.

    Attributes:
        part: where it applies.
        least: the smallest length or count allowed.
        most: the largest.
        code: Meta's error code for a breach.
        wording: what the error says, with {least} and {most}.
        source: where the numbers come from, with its date.
        seen: the wording was seen in answers of the real API; otherwise it is made after their pattern.
    """

    part: str
    least: int
    most: int
    code: int
    wording: str
    source: str
    seen: bool = False

    def said(self) -> str:
        """The wording with its numbers."""
        return self.wording.format(least=self.least, most=self.most)


_TABLE: Final = (
    Limit(
        "text.body", 1, 4096, 100, "Param text['body'] must be at most {most} characters long.", REFERENCE, seen=True
    ),
    Limit(
        "biz_opaque_callback_data",
        0,
        512,
        100,
        "Param biz_opaque_callback_data must be at most {most} characters long.",
        OPENAPI,
    ),
    Limit(
        "interactive.body",
        1,
        1024,
        131009,
        "Body text length invalid. Min length: {least}, Max length: {most}",
        OPENAPI + "; rejections of longer list bodies seen October 2026, although the reference says 4096",
        seen=True,
    ),
    Limit(
        "interactive.header",
        1,
        60,
        131009,
        "Header text length invalid. Min length: {least}, Max length: {most}",
        OPENAPI,
    ),
    Limit(
        "interactive.footer",
        1,
        60,
        131009,
        "Footer text length invalid. Min length: {least}, Max length: {most}",
        OPENAPI,
    ),
    Limit(
        "button.count",
        1,
        3,
        131009,
        "Invalid buttons count. Min allowed buttons: {least}, Max allowed buttons: {most}",
        REFERENCE,
        seen=True,
    ),
    Limit(
        "button.title",
        1,
        20,
        131009,
        "Button title length invalid. Min length: {least}, Max length: {most}",
        REFERENCE,
        seen=True,
    ),
    Limit("button.id", 1, 256, 131009, "Button id length invalid. Min length: {least}, Max length: {most}", REFERENCE),
    Limit(
        "list.button",
        1,
        20,
        131009,
        "List button text length invalid. Min length: {least}, Max length: {most}",
        REFERENCE,
    ),
    Limit("list.sections", 1, 10, 131009, "Total section count exceed max allowed count: {most}", REFERENCE),
    Limit("list.rows", 1, 10, 131009, "Total row count exceed max allowed count: {most}", REFERENCE, seen=True),
    Limit("section.title", 1, 24, 131009, "Section title is too long. Max length is {most}", REFERENCE),
    Limit("row.title", 1, 24, 131009, "Row title is too long. Max length is {most}", REFERENCE, seen=True),
    Limit("row.id", 1, 200, 131009, "Row id is too long. Max length is {most}", REFERENCE),
    Limit("row.description", 0, 72, 131009, "Row description is too long. Max length is {most}", REFERENCE),
    Limit(
        "flow.cta",
        1,
        30,
        131009,
        "flow_cta length invalid. Min length: {least}, Max length: {most}",
        OPENAPI + "; older pages and SDKs say 20",
    ),
    Limit("template.name", 1, 512, 100, "Param template['name'] must be at most {most} characters long.", TEMPLATES),
    Limit("template.buttons", 0, 10, 100, "A template has at most {most} buttons", TEMPLATES),
    Limit("template.button_text", 1, 25, 100, "A template's button has {least} to {most} characters", TEMPLATES),
    Limit("template.header", 0, 60, 132005, "header: translated text too long, max {most}", TEMPLATES),
    Limit("template.body", 0, 1024, 132005, "body: translated text too long, max {most}", TEMPLATES),
    Limit("template.button_payload", 1, 256, 132018, "button payload must have {least} to {most} characters", OPENAPI),
)

LIMITS: Final[Mapping[str, Limit]] = MappingProxyType({limit.part: limit for limit in _TABLE})
