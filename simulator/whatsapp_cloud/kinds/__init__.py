"""The kinds of messages that can be sent: the schema of each, further rules, and how phones show it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from ..schema import Field, Schema, text
from .interactive import INTERACTIVE, read_interactive
from .kind import Found, Kind
from .media import MEDIA
from .people import CONTACTS, LOCATION, REACTION
from .template import TEMPLATE, read_template

__all__ = ("KINDS", "Found", "Kind")


def _read_text(content: object, found: Found) -> None:
    assert isinstance(content, dict)
    found.bubble.body = content["body"]


_TEXT: Final = Kind(
    Field("object", required=True, schema=Schema({"body": text("text.body"), "preview_url": Field("boolean")})),
    _read_text,
)

KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "text": _TEXT,
        "interactive": Kind(INTERACTIVE, read_interactive),
        "template": Kind(TEMPLATE, read_template),
        "reaction": REACTION,
        "contacts": CONTACTS,
        "location": LOCATION,
        **MEDIA,
    }
)
