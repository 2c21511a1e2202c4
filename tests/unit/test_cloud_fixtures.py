"""Published payloads of Meta's, as files: the bot reads those that come in, the API takes those that go out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from service.domain import ButtonReply, Content, FormReply, NumberChanged, Reacted, TextMessage, UnsupportedMessage
from service.whatsapp import decode
from simulator.whatsapp_cloud import RefusedError
from simulator.whatsapp_cloud.flow_json import problems
from simulator.whatsapp_cloud.validate import MarkAsRead, Sending, parse

META = Path(__file__).parents[1] / "fixtures" / "meta"
PHONE = "506914307656634"
MEMBER = "263771234567"
NOW_MS = 1_795_340_500_000

CONTENT: dict[str, Content] = {
    "text": TextMessage("Mhoro"),
    "text_reply": TextMessage("yes"),
    "text_forwarded": TextMessage("fwd"),
    "text_about_product": TextMessage("Price?"),
    "text_from_advert": TextMessage("Saw your ad"),
    "template_button": ButtonReply("CONFIRM_42", "Confirm"),
    "button_reply": ButtonReply("reg:individual", "Individual"),
    "list_reply": ButtonReply("svc:3", "Company search"),
    "form_reply": FormReply("reg-7f3a", {"first_name": "Tariro", "last_name": "Moyo"}, "wamid.OUT4"),
    "reaction": Reacted("👍"),
    "reaction_removed": Reacted(""),
    "number_changed": NumberChanged("263781234567"),
    "identity_changed": UnsupportedMessage("system"),
    **{
        kind: UnsupportedMessage(kind)
        for kind in ("image", "video", "audio", "document", "sticker", "location", "contacts")
    },
    **{kind: UnsupportedMessage(kind) for kind in ("order", "unsupported", "edit", "revoke")},
}
STATUSES: dict[str, tuple[str, str | None, tuple[int, ...]]] = {
    "status_sent": ("sent", "job-91", ()),
    "status_delivered": ("delivered", None, ()),
    "status_read": ("read", None, ()),
    "status_failed": ("failed", None, (131047,)),
}


def read(kind: str, name: str) -> Any:
    return json.loads((META / kind / f"{name}.json").read_bytes())


def names(kind: str) -> list[str]:
    return sorted(path.stem for path in (META / kind).glob("*.json"))


def test_every_published_payload_is_expected_to_be_something() -> None:
    """No file lies there unread."""
    assert names("inbound") == sorted({*CONTENT, *STATUSES})


@pytest.mark.parametrize("name", CONTENT)
def test_a_published_message_is_read_by_the_bot(name: str) -> None:
    """Who wrote it, when, and what it says."""
    body = (META / "inbound" / f"{name}.json").read_bytes()
    delivery = decode(body, phone_number_id=PHONE, received_at_ms=NOW_MS)
    ((member, inbound),) = delivery.messages
    told = read("inbound", name)["entry"][0]["changes"][0]["value"]["messages"][0]
    assert (inbound.content, member, delivery.ignored) == (CONTENT[name], MEMBER, 0)
    assert (inbound.wamid, inbound.sent_at_ms) == (told["id"], int(told["timestamp"]) * 1000)


@pytest.mark.parametrize("name", STATUSES)
def test_a_published_status_is_read_by_the_bot(name: str) -> None:
    """What became of which message, and what it carried."""
    body = (META / "inbound" / f"{name}.json").read_bytes()
    (status,) = decode(body, phone_number_id=PHONE, received_at_ms=NOW_MS).statuses
    assert (status.status, status.callback_id, status.codes) == STATUSES[name]
    assert (status.recipient, status.id[:9]) == (MEMBER, "wamid.OUT")


@pytest.mark.parametrize("name", [name for name in names("outbound") if name != "mark_as_read"])
def test_a_published_request_is_taken(name: str) -> None:
    """As the kind that it is, with no warning."""
    request = parse(read("outbound", name))
    assert isinstance(request, Sending)
    assert (request.bubble.kind, request.bubble.callback, request.warnings) == (name, "job-91", [])


def test_the_published_request_to_mark_as_read_is_taken() -> None:
    """With its typing indicator."""
    assert parse(read("outbound", "mark_as_read")) == MarkAsRead("wamid.IN1", typing=True)


def test_our_errors_have_the_shape_of_the_published_one() -> None:
    """The same keys with the same values, for the same mistake."""
    payload = read("outbound", "button")
    payload["interactive"]["action"]["buttons"][0]["reply"]["title"] = "x" * 21
    with pytest.raises(RefusedError) as caught:
        parse(payload)
    assert caught.value.body("AbC123dEf456") == read("answers", "refused")


@pytest.mark.parametrize("name", names("forms"))
def test_a_published_form_has_no_errors(name: str) -> None:
    """Neither the one for a person nor the one for a company."""
    assert problems(json.dumps(read("forms", name))) == []
