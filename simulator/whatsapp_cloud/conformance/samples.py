"""A valid request of each kind. Placeholders in capitals stand for ids of the API under test."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from .observed import Json

__all__ = (
    "DRAFT",
    "FORM",
    "FORM_NAME",
    "INBOUND",
    "MARKERS",
    "MEDIA",
    "OUTBOUND",
    "PERSON",
    "READ",
    "SAMPLES",
    "message",
)

PERSON: Final = "+447700900123"
INBOUND: Final = "<INBOUND>"
OUTBOUND: Final = "<OUTBOUND>"
FORM: Final = "<FORM>"
DRAFT: Final = "<DRAFT>"
MEDIA: Final[Mapping[str, str]] = MappingProxyType(
    {kind: f"<{kind.upper()}>" for kind in ("image", "video", "audio", "document", "sticker")}
)
FORM_NAME: Final = "a published form"
MARKERS: Final = frozenset({INBOUND, OUTBOUND, FORM, DRAFT, *MEDIA.values()})
LINK: Final = "https://files.example/a"


def message(kind: str, content: Any, **more: Any) -> Json:
    """A request to send."""
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": PERSON,
        "biz_opaque_callback_data": "job-1",
        **more,
        "type": kind,
        kind: content,
    }


def _interactive(kind: str, action: Json, **parts: Any) -> Json:
    return message("interactive", {"type": kind, **parts, "body": {"text": "A question"}, "action": action})


_AROUND: Final = {"header": {"type": "text", "text": "Above"}, "footer": {"text": "Below"}}
_FORM: Final = {
    "flow_message_version": "3",
    "flow_id": FORM,
    "flow_token": "a-token",
    "flow_cta": "Register",
    "mode": "published",
    "flow_action": "navigate",
    "flow_action_payload": {"screen": "REGISTER", "data": {"hint": "Alex"}},
}
_CONTACT: Final = {
    "name": {"formatted_name": "Sam Carter", "first_name": "Sam"},
    "phones": [{"phone": "+44 7700 900456", "type": "CELL", "wa_id": "447700900456"}],
    "emails": [{"email": "sam@shop.example", "type": "WORK"}],
    "org": {"company": "Carter Trading"},
}

SAMPLES: Final[Mapping[str, Json]] = MappingProxyType(
    {
        "text": message("text", {"body": "Hello", "preview_url": False}, context={"message_id": INBOUND}),
        "button": _interactive(
            "button",
            {
                "buttons": [
                    {"type": "reply", "reply": {"id": "a", "title": "Yes"}},
                    {"type": "reply", "reply": {"id": "b", "title": "No"}},
                ]
            },
            **_AROUND,
        ),
        "list": _interactive(
            "list",
            {
                "button": "Open",
                "sections": [
                    {"title": "One", "rows": [{"id": "1", "title": "First", "description": "The first"}]},
                    {"title": "Two", "rows": [{"id": "2", "title": "Second"}]},
                ],
            },
            **_AROUND,
        ),
        "cta_url": _interactive(
            "cta_url",
            {"name": "cta_url", "parameters": {"display_text": "Pay now", "url": "https://shop.example/pay/91"}},
            **_AROUND,
        ),
        "flow": _interactive("flow", {"name": "flow", "parameters": _FORM}, **_AROUND),
        "location_request_message": _interactive("location_request_message", {"name": "send_location"}),
        "request_contact_info": _interactive("request_contact_info", {"name": "request_contact_info"}),
        "template": message(
            "template",
            {
                "name": "status_update",
                "language": {"code": "en"},
                "components": [
                    {"type": "header", "parameters": [{"type": "text", "text": "today"}]},
                    {"type": "body", "parameters": [{"type": "text", "text": "Alex"}]},
                    {
                        "type": "button",
                        "sub_type": "quick_reply",
                        "index": "0",
                        "parameters": [{"type": "payload", "payload": "CONFIRM_42"}],
                    },
                ],
            },
        ),
        "reaction": message("reaction", {"message_id": INBOUND, "emoji": "✅"}),
        "image": message("image", {"link": LINK, "caption": "Receipt"}),
        "video": message("video", {"link": LINK, "caption": "How it works"}),
        "audio": message("audio", {"link": LINK, "voice": True}),
        "document": message("document", {"link": LINK, "caption": "Invoice", "filename": "invoice.pdf"}),
        "sticker": message("sticker", {"link": LINK}),
        "contacts": message("contacts", [_CONTACT]),
        "location": message(
            "location",
            {"latitude": 51.4779, "longitude": -0.0015, "name": "Royal Observatory", "address": "Blackheath Avenue"},
        ),
    }
)
READ: Final[Json] = {
    "messaging_product": "whatsapp",
    "status": "read",
    "message_id": INBOUND,
    "typing_indicator": {"type": "text"},
}
