"""Requests to the Graph API, by kind, and what the API makes of them."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.whatsapp_cloud import ApprovedTemplate, RefusedError
from simulator.whatsapp_cloud.templates import fill
from simulator.whatsapp_cloud.validate import Sending, parse

Json = dict[str, Any]


def send(content: Json, **more: Any) -> Sending:
    request = parse({"messaging_product": "whatsapp", "to": "+263771234567", **content, **more})
    assert isinstance(request, Sending)
    return request


def refusal(content: Any, **more: Any) -> tuple[int, str]:
    """The code of a refusal, and what its error says."""
    with pytest.raises(RefusedError) as caught:
        send(content, **more)
    error = caught.value.body("trace")["error"]
    return error["code"], error.get("error_data", {}).get("details", error["message"])


def text(body: Any) -> Json:
    return {"type": "text", "text": {"body": body}}


def button(identity: Any, title: Any) -> Json:
    return {"type": "reply", "reply": {"id": identity, "title": title}}


def interactive(kind: str, action: Json, **parts: Any) -> Json:
    return {"type": "interactive", "interactive": {"type": kind, "body": {"text": "b"}, "action": action, **parts}}


def buttons(*some: Json, **parts: Any) -> Json:
    return interactive("button", {"buttons": list(some)}, **parts)


def numbered_buttons(count: int) -> Json:
    return buttons(*(button(f"id {number}", f"title {number}") for number in range(count)))


def row(identity: Any = "r", title: Any = "t", **more: Any) -> Json:
    return {"id": identity, "title": title, **more}


def listing(*sections: Json, label: str = "Open", **parts: Any) -> Json:
    return interactive("list", {"button": label, "sections": list(sections)}, **parts)


def sections(count: int) -> Json:
    return listing(*({"title": f"s{number}", "rows": [row(f"r{number}")]} for number in range(count)))


def rows(count: int) -> Json:
    return listing({"rows": [row(f"r{number}") for number in range(count)]})


def form(**changes: Any) -> Json:
    parameters: Json = {
        "flow_message_version": "3",
        "flow_id": "1234567890123456",
        "flow_token": "a-token",
        "flow_cta": "Register",
        "mode": "published",
        "flow_action": "navigate",
        "flow_action_payload": {"screen": "REGISTER"},
    }
    parameters |= changes
    kept = {key: value for key, value in parameters.items() if value is not None}
    return interactive("flow", {"name": "flow", "parameters": kept})


def link(**changes: Any) -> Json:
    parameters = {"display_text": "Pay", "url": "https://example.co.zw", **changes}
    return interactive("cta_url", {"name": "cta_url", "parameters": parameters})


def file(kind: str, **more: Any) -> Json:
    return {"type": kind, kind: {"link": "https://example.co.zw/a", **more}}


CONTACT: Json = {"name": {"formatted_name": "Farai Ncube", "first_name": "Farai"}}


def template(*values: str, payload: str | None = None, name: str = "n") -> Json:
    components: list[Json] = [{"type": "body", "parameters": [{"type": "text", "text": value} for value in values]}]
    if payload is not None:
        parameters = [{"type": "payload", "payload": payload}]
        components.append({"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": parameters})
    return {"type": "template", "template": {"name": name, "language": {"code": "en"}, "components": components}}


APPROVED = (
    ApprovedTemplate("hello", "en", "Hello {{1}}, you owe {{2}} to {{1}}", buttons=("Pay", "Later"), footer="Bye"),
    ApprovedTemplate("named", "en", "Dear {{name}}"),
    ApprovedTemplate("plain", "en", "Good day"),
)


def filled(content: Json, approved: tuple[ApprovedTemplate, ...] | None = APPROVED) -> Any:
    bubble = send(content).bubble
    fill(bubble, approved)
    return bubble
