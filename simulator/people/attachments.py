"""What members send besides text, where a conversation names only its kind."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

__all__ = ("ATTACHMENTS",)

ATTACHMENTS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "contacts": {
            "contacts": [
                {
                    "name": {"formatted_name": "Farai Ncube", "first_name": "Farai", "last_name": "Ncube"},
                    "phones": [{"phone": "+263 71 234 5678", "wa_id": "263712345678", "type": "CELL"}],
                }
            ]
        },
        "location": {"latitude": -17.8292, "longitude": 31.0522},
    }
)
"""The fields of a message by its kind; other kinds are sent as WhatsApp's simulator makes them."""
