"""What the Graph API takes and refuses, limit by limit, with Meta's codes and wording."""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.whatsapp_cloud import LIMITS, ApprovedTemplate, RefusedError
from simulator.whatsapp_cloud.conformance.samples import SAMPLES
from simulator.whatsapp_cloud.templates import fill
from simulator.whatsapp_cloud.validate import MarkAsRead, Sending, parse
from tests.unit.cloud_requests import (
    APPROVED,
    CONTACT,
    Json,
    button,
    buttons,
    file,
    form,
    interactive,
    link,
    listing,
    numbered_buttons,
    refusal,
    row,
    rows,
    sections,
    send,
    template,
    text,
)


def filled_template(length: int) -> Json:
    sending = send(template("x" * length))
    fill(sending.bubble, [ApprovedTemplate("n", "en", "{{1}}")])
    return {}


def filled_header(length: int) -> Json:
    content = template()
    content["template"]["components"] = [{"type": "header", "parameters": [{"type": "text", "text": "x" * length}]}]
    fill(send(content).bubble, [ApprovedTemplate("n", "en", "", header="{{1}}")])
    return {}


def filled_payload(length: int) -> Json:
    fill(send(template(payload="x" * length)).bubble, [ApprovedTemplate("n", "en", "", buttons=("Yes",))])
    return {}


MEASURED: dict[str, Callable[[int], Json]] = {
    "text.body": lambda n: text("x" * n),
    "biz_opaque_callback_data": lambda n: {**text("x"), "biz_opaque_callback_data": "x" * n},
    "interactive.body": lambda n: buttons(button("a", "A"), body={"text": "x" * n}),
    "interactive.header": lambda n: buttons(button("a", "A"), header={"type": "text", "text": "x" * n}),
    "interactive.footer": lambda n: buttons(button("a", "A"), footer={"text": "x" * n}),
    "button.count": numbered_buttons,
    "button.title": lambda n: buttons(button("a", "x" * n)),
    "button.id": lambda n: buttons(button("x" * n, "A")),
    "list.button": lambda n: listing({"rows": [row()]}, label="x" * n),
    "list.sections": sections,
    "list.rows": rows,
    "section.title": lambda n: listing({"title": "x" * n, "rows": [row("1")]}, {"title": "other", "rows": [row("2")]}),
    "row.title": lambda n: listing({"rows": [row(title="x" * n)]}),
    "row.id": lambda n: listing({"rows": [row("x" * n)]}),
    "row.description": lambda n: listing({"rows": [row(description="x" * n)]}),
    "cta_url.text": lambda n: link(display_text="x" * n),
    "flow.cta": lambda n: form(flow_cta="x" * n),
    "image.caption": lambda n: file("image", caption="x" * n),
    "video.caption": lambda n: file("video", caption="x" * n),
    "document.caption": lambda n: file("document", caption="x" * n),
    "contacts.count": lambda n: {"type": "contacts", "contacts": [CONTACT] * n},
    "template.name": lambda n: template(name="x" * n),
    "template.header": filled_header,
    "template.body": filled_template,
    "template.button_payload": filled_payload,
}


SUBMITTED = ("template.buttons", "template.button_text", "template.url", "template.footer")


ELSEWHERE = ("media.", "rate.", *SUBMITTED, "template.header_text", "template.body_text")


def test_every_limit_of_messages_is_tried() -> None:
    """Those of uploads, rates and submitted templates are tried where these are, and all of them over HTTP."""
    assert set(MEASURED) == {part for part in LIMITS if not part.startswith(ELSEWHERE)}


@pytest.mark.parametrize("part", MEASURED)
def test_at_a_limit_and_one_within_it_a_message_is_taken(part: str) -> None:
    """The largest and the smallest size allowed are allowed."""
    limit = LIMITS[part]
    smallest = max(limit.least, 1)
    for size in (smallest, smallest + 1, limit.most - 1, limit.most):
        if limit.least <= size <= limit.most:
            content = MEASURED[part](size)
            if content:
                assert not send(content).warnings


@pytest.mark.parametrize("part", MEASURED)
def test_one_above_a_limit_a_message_is_refused(part: str) -> None:
    """The next larger size is refused with the code and the wording of the table."""
    limit = LIMITS[part]
    expected = (limit.code, f"(#100) {limit.said()}" if limit.code == 100 else limit.said())
    if part == "list.sections":
        # Ten sections hold ten rows: an eleventh breaks both limits, and sections are counted first.
        expected = (131009, "Total section count exceed max allowed count: 10")
    with pytest.raises(RefusedError) as caught:
        send(MEASURED[part](limit.most + 1) or text("x"))
    error = caught.value.body("trace")["error"]
    assert (error["code"], error.get("error_data", {}).get("details", error["message"])) == expected


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("text.body", "(#100) The parameter text['body'] is required."),
        ("interactive.body", "Body text length invalid. Min length: 1, Max length: 1024"),
        ("interactive.header", "Header text length invalid. Min length: 1, Max length: 60"),
        ("interactive.footer", "Footer text length invalid. Min length: 1, Max length: 60"),
        ("button.count", "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3"),
        ("button.title", "Button title length invalid. Min length: 1, Max length: 20"),
        ("button.id", "Button id length invalid. Min length: 1, Max length: 256"),
        ("list.button", "List button text length invalid. Min length: 1, Max length: 20"),
        ("list.sections", "Total section count exceed max allowed count: 10"),
        ("list.rows", "A section must have at least one row"),
        ("section.title", "Section title is required when there is more than one section"),
        ("row.title", "Row title is too long. Max length is 24"),
        ("row.id", "Row id is too long. Max length is 200"),
        ("flow.cta", "flow_cta length invalid. Min length: 1, Max length: 30"),
    ],
)
def test_one_below_a_limit_a_message_is_refused(part: str, said: str) -> None:
    """What must have a length or a number may not have none."""
    assert refusal(MEASURED[part](0)) == (LIMITS[part].code, said)


def test_lengths_are_counted_in_code_points_with_a_warning_in_utf_16() -> None:
    """Twenty emoji fit a button; that the stricter count is over the limit is said."""
    sending = send(buttons(button("a", "👍" * 20)))
    assert sending.warnings == [
        "interactive['action']['buttons'][0]['reply']['title'] has 40 UTF-16 units; the limit is 20"
    ]
    assert refusal(buttons(button("a", "👍" * 21)))[0] == 131009


@pytest.mark.parametrize(
    ("content", "code", "said"),
    [
        (text(5), 100, "(#100) Param text['body'] must be a string."),
        ({"type": "text", "text": "x"}, 100, "(#100) Param text must be a JSON object."),
        ({"type": "text", "text": {}}, 100, "(#100) The parameter text['body'] is required."),
        ({"type": "text"}, 100, "(#100) The parameter text is required."),
        (
            {"type": "text", "text": {"body": "x", "preview_url": "yes"}},
            100,
            "(#100) Param text['preview_url'] must be a boolean.",
        ),
        (
            {"type": "text", "text": {"body": "x", "bold": True}},
            100,
            '(#100) Unexpected key "bold" on param "text".',
        ),
        ({**text("x"), "too": "1"}, 100, '(#100) Unexpected key "too".'),
        (
            {"type": "poem", "poem": {}},
            100,
            (
                "(#100) Param type must be one of {AUDIO, CONTACTS, DOCUMENT, IMAGE, INTERACTIVE, LOCATION, REACTION, "
                'STICKER, TEMPLATE, TEXT, VIDEO} - got "poem".'
            ),
        ),
        (
            {"type": "interactive", "interactive": {"type": "carousel"}},
            131051,
            "This simulator does not send carousel messages yet",
        ),
        (buttons("x"), 100, "(#100) Param interactive['action']['buttons'][0] must be a JSON object."),  # type: ignore[arg-type]
        (
            interactive("button", {"buttons": {}}),
            100,
            "(#100) Param interactive['action']['buttons'] must be an array.",
        ),
        (
            buttons({"type": "url", "reply": {"id": "a", "title": "A"}}),
            100,
            "(#100) Param interactive['action']['buttons'][0]['type'] must be one of {REPLY} - got \"url\".",
        ),
        (buttons(button("a", "A"), button("a", "B")), 131009, "Duplicate button ids are not allowed"),
        (buttons(button("a", "A"), button("b", "A")), 131009, "Duplicate button titles are not allowed"),
        (buttons(button(" a", "A")), 131009, "Button id must not begin or end with a space"),
        (listing({"rows": [row("a"), row("a")]}), 131009, "Duplicate row ids are not allowed"),
        (
            listing({"title": "s", "rows": [row("a")]}, {"title": "t", "rows": [row("a")]}),
            131009,
            "Duplicate row ids are not allowed",
        ),
        (
            listing({"rows": [row("a")]}, {"title": "t", "rows": [row("b")]}),
            131009,
            "Section title is required when there is more than one section",
        ),
        (
            listing({"rows": [row()]}, header={"type": "image", "image": {"id": "1"}}),
            100,
            "(#100) Param interactive['header']['type'] must be one of {TEXT} - got \"image\".",
        ),
        (
            buttons(button("a", "A"), header={"type": "image", "image": {"id": "1", "link": "http://x"}}),
            131009,
            "Exactly one of id and link is needed in interactive['header']['image']",
        ),
        (
            {"type": "interactive", "interactive": {"type": "button", "action": {"buttons": [button("a", "A")]}}},
            100,
            "(#100) The parameter interactive['body'] is required.",
        ),
        (form(flow_message_version="4"), 131009, "flow_message_version must be 3"),
        (form(flow_name="n"), 131009, "Exactly one of flow_id and flow_name is needed"),
        (form(flow_id=None), 131009, "Exactly one of flow_id and flow_name is needed"),
        (form(flow_cta="Go 👍"), 131009, "flow_cta must not have emoji"),
        (
            form(flow_action="data_exchange"),
            131009,
            "flow_action_payload is only allowed when flow_action is navigate",
        ),
        (
            form(flow_action_payload={"screen": "S", "data": {}}),
            131009,
            "flow_action_payload data must not be empty",
        ),
        (
            {"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "👍"}, "context": {"message_id": "y"}},
            131009,
            "Reaction messages cannot have a context",
        ),
        (
            {"type": "reaction", "reaction": {"message_id": "wamid.X"}},
            100,
            "(#100) The parameter reaction['emoji'] is required.",
        ),
        (
            {**text("x"), "recipient_type": "group"},
            100,
            '(#100) Param recipient_type must be one of {INDIVIDUAL} - got "group".',
        ),
        ({**text("x"), "to": ""}, 100, "(#100) The parameter to is required."),
        ({**text("x"), "to": 263771234567}, 100, "(#100) Param to must be a string."),
        (
            {**text("x"), "context": {"id": "wamid.X"}},
            100,
            '(#100) Unexpected key "id" on param "context".',
        ),
    ],
)
def test_what_breaks_a_rule_is_refused_with_its_code_and_wording(content: Json, code: int, said: str) -> None:
    """Wrong types, unknown keys, missing parts, doubles: each has its answer."""
    assert refusal(content) == (code, said)


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        (None, "(#100) The parameter messaging_product is required."),
        ([], "(#100) The parameter messaging_product is required."),
        ({}, "(#100) The parameter messaging_product is required."),
        ({"messaging_product": "sms"}, '(#100) Param messaging_product must be one of {WHATSAPP} - got "sms".'),
        ({"messaging_product": "whatsapp", "status": "read"}, "(#100) The parameter message_id is required."),
        (
            {"messaging_product": "whatsapp", "status": "seen", "message_id": "w"},
            '(#100) Param status must be one of {READ} - got "seen".',
        ),
        (
            {"messaging_product": "whatsapp", "status": "read", "message_id": "w", "to": "1"},
            '(#100) Unexpected key "to".',
        ),
        (
            {"messaging_product": "whatsapp", "status": "read", "message_id": "w", "typing_indicator": {"type": "a"}},
            "(#100) Param typing_indicator['type'] must be one of {TEXT} - got \"a\".",
        ),
    ],
)
def test_a_request_that_is_no_message_is_refused(payload: Any, said: str) -> None:
    """Requests without the common parts, and bad requests to mark as read."""
    with pytest.raises(RefusedError) as caught:
        parse(payload)
    assert caught.value.body("t")["error"]["message"] == said


def test_mark_as_read_is_understood_with_and_without_typing() -> None:
    """The typing indicator is optional."""
    read = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.X"}
    assert parse(read) == MarkAsRead("wamid.X", typing=False)
    assert parse({**read, "typing_indicator": {"type": "text"}}) == MarkAsRead("wamid.X", typing=True)


def test_errors_of_parameters_have_the_shape_of_metas() -> None:
    """131009 says in its details what is wrong; 100 in its message, without details."""
    with pytest.raises(RefusedError) as caught:
        send(buttons(button("a", "x" * 21)))
    assert caught.value.status == 400
    assert caught.value.body("TRACE") == {
        "error": {
            "message": "(#131009) Parameter value is not valid",
            "type": "OAuthException",
            "code": 131009,
            "error_data": {
                "messaging_product": "whatsapp",
                "details": "Button title length invalid. Min length: 1, Max length: 20",
            },
            "fbtrace_id": "TRACE",
        }
    }
    with pytest.raises(RefusedError) as caught:
        send(text(None))
    assert caught.value.body("TRACE") == {
        "error": {
            "message": "(#100) The parameter text['body'] is required.",
            "type": "OAuthException",
            "code": 100,
            "fbtrace_id": "TRACE",
        }
    }


@pytest.mark.parametrize(
    ("content", "seen"),
    [
        (link(), ("", "b", "Pay")),
        (interactive("location_request_message", {"name": "send_location"}), ("", "b", "Send location")),
        (interactive("request_contact_info", {"name": "request_contact_info"}), ("", "b", "Share contact info")),
        (file("image", caption="Receipt"), ("[image]", "Receipt", "")),
        (file("document", filename="cr14.pdf"), ("[document: cr14.pdf]", "", "")),
        (file("sticker"), ("[sticker]", "", "")),
        ({"type": "contacts", "contacts": [CONTACT]}, ("[contact]", "Farai Ncube", "")),
        ({"type": "contacts", "contacts": [CONTACT, CONTACT]}, ("[2 contacts]", "Farai Ncube\nFarai Ncube", "")),
        (
            {"type": "location", "location": {"latitude": -17.8, "longitude": 31.1, "name": "Harare"}},
            ("[location]", "Harare\n-17.8, 31.1", ""),
        ),
    ],
)
def test_what_is_no_text_can_be_read_on_a_phone(content: Json, seen: tuple[str, str, str]) -> None:
    """As a header, a body and a button, so that a transcript can show it."""
    bubble = send(content).bubble
    assert (bubble.header, bubble.body, bubble.label) == seen


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


VALID: tuple[Json, ...] = (
    *(
        {key: value for key, value in sample.items() if key not in {"to", "messaging_product"}}
        for sample in SAMPLES.values()
    ),
    text("x"),
    numbered_buttons(2),
    sections(2),
    form(),
    template("a", "b", payload="P", name="hello"),
    {"type": "reaction", "reaction": {"message_id": "wamid.X", "emoji": "👍"}},
)


def _paths(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(found for key, one in inner for found in _paths(one, (*path, key)))]


@settings(max_examples=300, deadline=None)
@given(data=st.data(), valid=st.sampled_from(VALID), odd=JSON)
def test_whatever_is_sent_is_taken_or_refused_and_never_breaks_the_api(
    data: st.DataObject, valid: Json, odd: Any
) -> None:
    """Any part of a valid message may be replaced by any JSON: the answer is a message or one of Meta's errors."""
    payload: Any = {"messaging_product": "whatsapp", "to": "+263771234567", **copy.deepcopy(valid)}
    path = data.draw(st.sampled_from(_paths(payload)[1:]))
    place = payload
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = odd
    try:
        request = parse(payload)
    except RefusedError:
        return
    if isinstance(request, Sending) and request.bubble.kind == "template":
        with contextlib.suppress(RefusedError):
            fill(request.bubble, data.draw(st.sampled_from([None, APPROVED])))
