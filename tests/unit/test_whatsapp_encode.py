"""Our messages as the Graph API wants them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from service.messages import Button, Buttons, Form, List, Message, Reaction, Row, Section, Template, Text
from service.whatsapp import encode

MEMBER = "263772000101"

EXPECTED: list[tuple[Message, str]] = [
    (Text("Mhoro"), '{"type":"text","text":{"preview_url":false,"body":"Mhoro"}}'),
    (
        Buttons(
            header="Offer",
            body="5.00 USD to Farai?",
            footer="Ends soon",
            buttons=(Button("y", "Yes"), Button("n", "No")),
        ),
        (
            '{"type":"interactive","interactive":{"type":"button","header":{"type":"text","text":"Offer"},'
            '"body":{"text":"5.00 USD to Farai?"},"footer":{"text":"Ends soon"},"action":{"buttons":['
            '{"type":"reply","reply":{"id":"y","title":"Yes"}},{"type":"reply","reply":{"id":"n","title":"No"}}]}}}'
        ),
    ),
    (
        List(body="Pick", button="Open", sections=(Section(rows=(Row("a", "A", "first"), Row("b", "B"))),)),
        (
            '{"type":"interactive","interactive":{"type":"list","body":{"text":"Pick"},"action":{"button":"Open",'
            '"sections":[{"rows":[{"id":"a","title":"A","description":"first"},{"id":"b","title":"B"}]}]}}}'
        ),
    ),
    (
        List(
            body="Pick",
            button="Open",
            sections=(Section(title="S", rows=(Row("a", "A"),)), Section(title="T", rows=(Row("b", "B"),))),
        ),
        (
            '{"type":"interactive","interactive":{"type":"list","body":{"text":"Pick"},"action":{"button":"Open",'
            '"sections":[{"title":"S","rows":[{"id":"a","title":"A"}]},{"title":"T","rows":[{"id":"b","title":"B"}]}]}}}'
        ),
    ),
    (
        Form(body="Your details", button="Register", form_id="881", token="tok-1", screen="REGISTER"),
        (
            '{"type":"interactive","interactive":{"type":"flow","body":{"text":"Your details"},"action":{"name":"flow",'
            '"parameters":{"flow_message_version":"3","flow_id":"881","flow_token":"tok-1","flow_cta":"Register",'
            '"mode":"published","flow_action":"navigate","flow_action_payload":{"screen":"REGISTER"}}}}}'
        ),
    ),
    (
        Template("offer_received", "en", body=("Rudo", "5.00 USD"), quick_replies=("menu", "pending")),
        (
            '{"type":"template","template":{"name":"offer_received","language":{"code":"en"},"components":['
            '{"type":"body","parameters":[{"type":"text","text":"Rudo"},{"type":"text","text":"5.00 USD"}]},'
            '{"type":"button","sub_type":"quick_reply","index":"0","parameters":[{"type":"payload","payload":"menu"}]},'
            '{"type":"button","sub_type":"quick_reply","index":"1","parameters":[{"type":"payload","payload":"pending"}]}'
            "]}}"
        ),
    ),
    (Template("hello", "en_GB"), '{"type":"template","template":{"name":"hello","language":{"code":"en_GB"}}}'),
    (Reaction("wamid.IN", "✅"), '{"type":"reaction","reaction":{"message_id":"wamid.IN","emoji":"✅"}}'),
]


@pytest.mark.parametrize(("message", "expected"), EXPECTED)
def test_each_kind_has_its_shape(message: Message, expected: str) -> None:
    """Every kind of message becomes the JSON that Meta's reference shows for it."""
    common = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+263772000101",
        "biz_opaque_callback_data": "0:263772000101:7",
    }
    assert encode(message, to=MEMBER, callback_id="0:263772000101:7") == common | json.loads(expected)


def test_every_kind_of_message_is_shown_above() -> None:
    """No kind of message is without an expectation."""
    assert {type(message) for message, _ in EXPECTED} == set(Message.__args__)


def test_a_member_who_hides_the_number_is_written_to_by_user_id() -> None:
    """A user id goes into `recipient`, and there is no `to`, which would win."""
    encoded = encode(Text("x"), to="ZW.7719203344556601", callback_id="c")
    assert (encoded["recipient"], "to" in encoded) == ("ZW.7719203344556601", False)


def limits(value: Any, found: dict[str, int], key: str = "") -> dict[str, int]:
    """The longest text under each key, in UTF-16 units."""
    if isinstance(value, dict):
        for name, inner in value.items():
            limits(inner, found, f"{key}.{name}" if key else name)
    elif isinstance(value, list):
        for inner in value:
            limits(inner, found, key)
    elif isinstance(value, str):
        found[key] = max(found.get(key, 0), len(value.encode("utf-16-le")) // 2)
    return found


def test_the_longest_list_is_within_every_limit() -> None:
    """A list at all of its limits, in emoji, is written out whole and as long as allowed, not longer."""
    rows = tuple(Row(f"{n}".rjust(200, "r"), "😀" * 11 + f"{n:02}", "😀" * 36) for n in range(10))
    sections = (Section(rows[:5], "😀" * 12), Section(rows[5:], "t" * 24))
    encoded = encode(
        List(header="😀" * 30, body="😀" * 512, footer="😀" * 30, button="😀" * 10, sections=sections),
        to=MEMBER,
        callback_id="0:ZW.ENT." + "9" * 128 + ":1793606400000",
    )
    found = limits(encoded, {})
    rows_at = "interactive.action.sections.rows."
    assert found["interactive.header.text"] == 60
    assert found["interactive.body.text"] == 1024
    assert found["interactive.footer.text"] == 60
    assert found["interactive.action.button"] == 20
    assert found["interactive.action.sections.title"] == 24
    assert (found[rows_at + "id"], found[rows_at + "title"], found[rows_at + "description"]) == (200, 24, 72)
    assert found["biz_opaque_callback_data"] <= 512


def test_the_longest_buttons_are_within_every_limit() -> None:
    """Three buttons at all of their limits are written out whole."""
    buttons = tuple(Button(f"{n}".rjust(256, "b"), "😀" * 9 + f"{n:02}") for n in range(3))
    encoded = encode(
        Buttons(header="h" * 60, body="b" * 1024, footer="f" * 60, buttons=buttons), to="1", callback_id="c"
    )
    found = limits(encoded, {})
    reply = "interactive.action.buttons.reply."
    assert (found[reply + "id"], found[reply + "title"], found["interactive.body.text"]) == (256, 20, 1024)


def test_the_longest_text_is_written_out_whole() -> None:
    """A text of 4096 units leaves as it is."""
    assert limits(encode(Text("😀" * 2048), to="1", callback_id="c"), {})["text.body"] == 4096
