"""The JSON of people's messages by kind, without id, time and sender.

Shapes: Meta's webhook reference (2026) and payloads published by other projects; that of `user_id_update` is inferred.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from .errors import HandsetError
from .values import Bubble, Choice, Json

__all__ = (
    "MEDIA",
    "OTHER_FIELDS",
    "edited",
    "filled",
    "identity_changed",
    "media",
    "moved",
    "other",
    "reaction",
    "referral",
    "tapped",
)

MEDIA: Final[Mapping[str, Json]] = MappingProxyType(
    {
        "image": {"mime_type": "image/jpeg"},
        "video": {"mime_type": "video/mp4"},
        "audio": {"mime_type": "audio/ogg; codecs=opus", "voice": True},
        "document": {"mime_type": "application/pdf", "filename": "document.pdf"},
        "sticker": {"mime_type": "image/webp", "animated": False},
    }
)

OTHER_FIELDS: Final[Mapping[str, Json]] = MappingProxyType(
    {
        "account_update": {"phone_number": "16505551111", "event": "VERIFIED_ACCOUNT"},
        "account_alerts": {"entity_type": "BUSINESS", "alert_severity": "INFORMATIONAL", "alert_status": "NONE"},
        "message_template_status_update": {
            "event": "APPROVED",
            "message_template_id": 1689556908129832,
            "message_template_name": "a_template",
            "message_template_language": "en",
            "reason": "NONE",
        },
        "phone_number_quality_update": {
            "display_phone_number": "16505551111",
            "event": "UPGRADE",
            "current_limit": "TIER_10K",
        },
        "flows": {"event": "FLOW_STATUS_CHANGE", "flow_id": "1234567890123456", "new_status": "PUBLISHED"},
        "security": {"display_phone_number": "16505551111", "event": "PIN_CHANGED"},
        "user_preferences": {
            "messaging_product": "whatsapp",
            "user_preferences": [{"wa_id": "16505551234", "category": "marketing_messages", "value": "stop"}],
        },
        "user_id_update": {
            "messaging_product": "whatsapp",
            "user_id_update": [
                {
                    "wa_id": "16505551234",
                    "user_id": {"previous": "US.13491208655302741918", "current": "US.1349120865530"},
                }
            ],
        },
        "calls": {"messaging_product": "whatsapp", "calls": []},
    }
)
"""Sample values of webhook fields other than `messages`, which use the same callback URL."""

_UNSUPPORTED: Final[Json] = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}
_A_CONTACT: Final[Json] = {
    "name": {"formatted_name": "Sam Carter", "first_name": "Sam", "last_name": "Carter"},
    "phones": [{"phone": "+44 7700 900456", "wa_id": "447700900456", "type": "CELL"}],
}
_AN_ORDER: Final[Json] = {
    "catalog_id": "194836987003835",
    "text": "",
    "product_items": [{"product_retailer_id": "SKU-1", "quantity": 2, "item_price": 10.5, "currency": "USD"}],
}
_PLACE: Final[Json] = {"latitude": 51.4779, "longitude": -0.0015}
_AN_AD: Final[Json] = {
    "source_url": "https://fb.me/xyz",
    "source_id": "120226305854810726",
    "source_type": "ad",
    "headline": "Register today",
    "body": "From $20",
    "media_type": "image",
    "image_url": "https://example.com/a.jpg",
    "ctwa_clid": "ARAbc123",
    "welcome_message": {"text": "Hi"},
}


def tapped(bubble: Bubble, choice: Choice) -> Json:
    """A tap on a button or a row; template buttons have a shape of their own."""
    if bubble.kind == "template":
        return {"type": "button", "button": {"payload": choice.id, "text": choice.title}}
    kind = "list_reply" if bubble.kind == "list" else "button_reply"
    reply = {"id": choice.id, "title": choice.title}
    if choice.description:
        reply["description"] = choice.description
    return {"type": "interactive", "interactive": {"type": kind, kind: reply}}


def filled(bubble: Bubble, answers: Mapping[str, Any], *, with_token: bool) -> Json:
    """A submitted form."""
    token = bubble.payload["interactive"]["action"]["parameters"].get("flow_token", "unused")
    response = {**({"flow_token": token} if with_token else {}), **answers}
    reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(response, separators=(",", ":"))}
    return {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}


def media(kind: str, media_id: str, fields: Mapping[str, Any]) -> Json:
    """A file, by its media id."""
    digest = b64encode(hashlib.sha256(media_id.encode()).digest()).decode()
    return {"type": kind, kind: {**MEDIA[kind], "sha256": digest, "id": media_id, **fields}}


def other(kind: str, fields: Mapping[str, Any]) -> Json:
    """A message that is neither text nor file; unknown kinds have exactly the given fields.

    Raises:
        HandsetError: ``contacts`` is not a list.
    """
    match kind:
        case "location":
            return {"type": kind, kind: {**_PLACE, **fields}}
        case "contacts":
            contacts = fields.get("contacts", [_A_CONTACT])
            if not isinstance(contacts, list):
                raise HandsetError(f"contacts are a list, not {contacts!r}")
            return {"type": kind, kind: contacts}
        case "order":
            return {"type": kind, kind: dict(fields) or _AN_ORDER}
        case "unsupported":
            return {"type": kind, "errors": [_UNSUPPORTED], kind: {"type": fields.get("type", "unknown")}}
        case _:
            return {"type": kind, kind: dict(fields)} if fields else {"type": kind}


def reaction(wamid: str, emoji: str | None) -> Json:
    """A reaction; an empty emoji removes one, and None omits the key, as some clients do."""
    return {"type": "reaction", "reaction": {"message_id": wamid, **({} if emoji is None else {"emoji": emoji})}}


def referral(fields: Mapping[str, Any]) -> Json:
    """The advertisement from which a person came."""
    return {**_AN_AD, **fields}


def edited(wamid: str, text: str, *, coexistence: bool) -> Json:
    """An edited message; the new text is included only for numbers that also use the WhatsApp Business app."""
    if not coexistence:
        return other("unsupported", {"type": "edit"})
    message = {"context": {"id": "M0"}, "type": "text", "text": {"body": text}}
    return {"type": "edit", "edit": {"original_message_id": wamid, "message": message}}


def moved(name: str, old: str, new: str, user_id: str, form: str) -> Json:
    """A changed number: ``new`` as since v12, ``old`` as before, ``user_id`` for a hidden number."""
    body = f"User {name} changed from {old} to {new}"
    match form:
        case "old":
            told = {"body": body, "new_wa_id": new, "type": "customer_changed_number"}
        case "user_id":
            told = {"body": body, "wa_id": new, "user_id": user_id, "type": "user_changed_user_id"}
        case _:
            told = {"body": body, "wa_id": new, "type": "user_changed_number"}
    return {"type": "system", "system": told}


def identity_changed(hashed: str, at_ms: int) -> Json:
    """A change of a person's keys: a new device, possibly of another person."""
    return {
        "type": "system",
        "system": {"body": "User identity changed", "type": "customer_identity_changed"},
        "identity": {"acknowledged": True, "created_timestamp": str(at_ms // 1000), "hash": hashed},
    }
