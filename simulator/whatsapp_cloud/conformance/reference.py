"""Numbers and codes copied from Meta's documentation, and from nothing in this package.

Cases expect these values; the simulated API has its own table. If the two differ, cases fail until both are corrected.

Sources: Meta's Cloud API messages reference and its pages on templates and media (September 2026), its OpenAPI file of
the Business Messaging API v23.0 (21 November 2025), its error codes (December 2025), and answers of the real API that
other projects have published.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

__all__ = ("FREE", "NULLABLE", "OPTIONAL", "SIZES", "Size")

_MB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Size:
    """A limit: its bounds, the code above it, and the code below it (None if nothing is below)."""

    least: int
    most: int
    above: int
    below: int | None
    text: str = ""


SIZES: Final[Mapping[str, Size]] = MappingProxyType(
    {
        "text.body": Size(1, 4096, 100, 100, "(#100) Param text['body'] must be at most 4096 characters long."),
        "biz_opaque_callback_data": Size(0, 512, 100, None),
        "interactive.header": Size(1, 60, 131009, 131009),
        "interactive.body": Size(1, 1024, 131009, 131009, "Body text length invalid. Min length: 1, Max length: 1024"),
        "interactive.footer": Size(1, 60, 131009, 131009),
        "button.count": Size(
            1, 3, 131009, 131009, "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"
        ),
        "button.title": Size(1, 20, 131009, 131009, "Button title length invalid. Min length: 1, Max length: 20"),
        "button.id": Size(1, 256, 131009, 131009),
        "list.button": Size(1, 20, 131009, 131009),
        "list.sections": Size(1, 10, 131009, 131009),
        "list.rows": Size(1, 10, 131009, 131009, "Total row count exceed max allowed count: 10"),
        "section.title": Size(0, 24, 131009, None),
        "row.title": Size(1, 24, 131009, 131009, "Row title is too long. Max length is 24"),
        "row.id": Size(1, 200, 131009, 131009),
        "row.description": Size(0, 72, 131009, None),
        "cta_url.text": Size(1, 20, 131009, 131009),
        "flow.cta": Size(1, 30, 131009, 131009),
        "image.caption": Size(0, 1024, 100, None),
        "video.caption": Size(0, 1024, 100, None),
        "document.caption": Size(0, 1024, 100, None),
        "contacts.count": Size(1, 5, 131009, 131009),
        "template.name": Size(1, 512, 100, 100),
        "template.button_payload": Size(1, 256, 132018, 132018),
        "template.header": Size(1, 60, 132005, 131008),
        "template.body": Size(1, 1024, 132005, 131008),
        "template.header_text": Size(1, 60, 100, 100),
        "template.body_text": Size(1, 1024, 100, 100),
        "template.footer": Size(1, 60, 100, 100),
        "template.buttons": Size(1, 10, 100, 100),
        "template.button_text": Size(1, 25, 100, 100),
        "template.url": Size(19, 2000, 100, None),
        "media.image": Size(1, 5 * _MB, 100, 100),
        "media.video": Size(1, 16 * _MB, 100, 100),
        "media.audio": Size(1, 16 * _MB, 100, 100),
        "media.document": Size(1, 100 * _MB, 100, 100),
        "media.sticker": Size(1, 100 * 1024, 100, 100),
        "media.animated_sticker": Size(30, 500 * 1024, 100, None),
        "rate.pair_burst": Size(1, 45, 131056, None),
        "rate.throughput": Size(1, 80, 130429, None),
    }
)

OPTIONAL: Final = frozenset(
    {
        "recipient_type",
        "biz_opaque_callback_data",
        "context",
        "text.preview_url",
        "interactive.header",
        "interactive.footer",
        "interactive.action.sections.0.rows.0.description",
        "interactive.action.parameters.flow_token",
        "interactive.action.parameters.mode",
        "interactive.action.parameters.flow_action",
        "interactive.action.parameters.flow_action_payload",
        "interactive.action.parameters.flow_action_payload.screen",
        "interactive.action.parameters.flow_action_payload.data",
        "image.caption",
        "video.caption",
        "audio.voice",
        "document.caption",
        "document.filename",
        "contacts.0.phones",
        "contacts.0.phones.0.phone",
        "contacts.0.phones.0.type",
        "contacts.0.phones.0.wa_id",
        "contacts.0.emails",
        "contacts.0.emails.0.email",
        "contacts.0.emails.0.type",
        "contacts.0.org",
        "contacts.0.org.company",
        "location.name",
        "location.address",
        "typing_indicator",
    }
)
"""The keys that a request may omit; all other keys of the samples are required."""

NULLABLE: Final[Mapping[str, int]] = MappingProxyType(
    {
        "interactive.action.sections.0.title": 131009,
        "interactive.action.sections.1.title": 131009,
        "interactive.action.parameters.flow_id": 131009,
        "image.link": 131009,
        "video.link": 131009,
        "audio.link": 131009,
        "document.link": 131009,
        "sticker.link": 131009,
        "contacts.0.name.first_name": 131009,
        "template.components": 132000,
        "template.components.0.parameters": 132000,
        "template.components.1.parameters": 132000,
        "template.components.2.parameters": 131008,
        "template.components.0.parameters.0.text": 131008,
        "template.components.1.parameters.0.text": 131008,
        "template.components.2.parameters.0.payload": 131008,
    }
)
"""Keys whose absence has its own code; the absence of any other required key is 100."""

FREE: Final = frozenset({"interactive.action.parameters.flow_action_payload.data"})
"""Objects with arbitrary keys."""
