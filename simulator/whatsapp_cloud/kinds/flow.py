"""Messages with a form (WhatsApp Flow)."""

from __future__ import annotations

import unicodedata
from typing import Final

from ..errors import RefusedError
from ..schema import Field, closed, text
from ..values import Json
from .kind import Found, exactly_one

__all__ = ("FLOW", "has_emoji", "read_flow")

FLOW: Final = closed(
    {
        "flow_message_version": text(),
        "flow_id": Field(),
        "flow_name": Field(),
        "flow_cta": text("flow.cta"),
        "flow_token": Field(),
        "mode": Field(choices=("published", "draft")),
        "flow_action": Field(choices=("navigate", "data_exchange")),
        "flow_action_payload": closed({"screen": Field(), "data": Field("object")}, required=False),
    }
)

_FIRST_PICTURE: Final = 0x1F000
_MADE_PICTURES: Final = frozenset("\ufe0f\u20e3")
"""The variation selector that turns a character into an emoji."""


def has_emoji(words: str) -> bool:
    """Whether a text has emoji: characters of emoji blocks, dingbat symbols, or the variation selector."""
    return any(
        ord(character) >= _FIRST_PICTURE
        or character in _MADE_PICTURES
        or (unicodedata.category(character) == "So" and "\u2300" <= character <= "\u2bff")
        for character in words
    )


def read_flow(action: Json, found: Found) -> None:
    """Check the parameters of a form message."""
    form = action["parameters"]
    if form["flow_message_version"] != "3":
        raise RefusedError(131009, details="flow_message_version must be 3")
    exactly_one(form, ("flow_id", "flow_name"))
    found.bubble.label = form["flow_cta"]
    if has_emoji(form["flow_cta"]):
        raise RefusedError(131009, details="flow_cta must not have emoji")
    start = form.get("flow_action_payload")
    if start is None:
        return
    if (form.get("flow_action") or "navigate").lower() != "navigate":
        raise RefusedError(131009, details="flow_action_payload is only allowed when flow_action is navigate")
    if start.get("data") == {}:
        raise RefusedError(131009, details="flow_action_payload data must not be empty")
