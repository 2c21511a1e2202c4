"""Reading Meta's webhooks: every published shape, every odd one, and neighbours that must not suffer."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain import ButtonReply, Content, FormReply, NumberChanged, Reacted, TextMessage, UnsupportedMessage
from service.whatsapp import NotAnEnvelopeError, Status, WebhookPayload, decode

FIXTURES = Path(__file__).parents[1] / "fixtures" / "webhooks"
OURS = "700100200300400"
MEMBER = "263772000101"
USER_ID = "ZW.7719203344556601"
SENT_AT_MS = 1_793_606_400_000
NOW_MS = 1_793_606_401_234

CONTENT: dict[str, Content] = {
    "text": TextMessage("Mhoro"),
    "text_reply": TextMessage("ehe"),
    "text_forwarded": TextMessage("look"),
    "text_about_product": TextMessage("How much?"),
    "text_from_advert": TextMessage("I saw your advert"),
    "text_emoji": TextMessage("Ndatenda 🙏🏾 / 50% <ok> @you é"),
    "template_button": ButtonReply("menu", "Menu"),
    "template_button_without_context": ButtonReply("menu", "Menu"),
    "template_button_without_payload": ButtonReply("Stop", "Stop"),
    "button_reply": ButtonReply("confirm:17", "Confirm"),
    "list_reply": ButtonReply("offer:3", "5.00 USD"),
    "list_reply_without_description": ButtonReply("offer:4", "6.00 USD"),
    "form_reply": FormReply(
        "tok-1", {"first_name": "Rudo", "consent": "true", "interests": '["a", "b"]', "age": "30"}, "wamid.OUT"
    ),
    "form_reply_without_token": FormReply(None, {"first_name": "Rudo"}, "wamid.OUT"),
    "interactive_without_content": UnsupportedMessage("interactive"),
    "image": UnsupportedMessage("image"),
    "video": UnsupportedMessage("video"),
    "audio": UnsupportedMessage("audio"),
    "document": UnsupportedMessage("document"),
    "sticker": UnsupportedMessage("sticker"),
    "location": UnsupportedMessage("location"),
    "order": UnsupportedMessage("order"),
    "contacts": UnsupportedMessage("contacts"),
    "reaction": Reacted("👍"),
    "reaction_removed": Reacted(""),
    "reaction_removed_empty": Reacted(""),
    "number_changed": NumberChanged("263782000909"),
    "number_changed_old_form": NumberChanged("263782000909"),
    "user_id_changed": NumberChanged(None),
    "identity_changed": UnsupportedMessage("system"),
    "unsupported": UnsupportedMessage("unsupported"),
    "edit": UnsupportedMessage("edit"),
    "revoke": UnsupportedMessage("revoke"),
    "type_of_tomorrow": UnsupportedMessage("hologram"),
    "without_contacts": TextMessage("hi"),
    "without_profile": TextMessage("hi"),
    "without_profile_name": TextMessage("hi"),
    "without_from": TextMessage("hi"),
    "without_timestamp": TextMessage("hi"),
}
STATUSES: dict[str, tuple[str, str | None, str | None, tuple[int, ...]]] = {
    "status_sent": ("sent", MEMBER, "0:263772000101:12", ()),
    "status_delivered": ("delivered", MEMBER, "0:263772000101:12", ()),
    "status_read": ("read", MEMBER, None, ()),
    "status_failed": ("failed", MEMBER, None, (131047,)),
    "status_hidden_number": ("sent", USER_ID, None, ()),
    "status_of_tomorrow": ("dreamt", MEMBER, None, ()),
}
IGNORED = {"without_any_sender", "without_id", "foreign_number", "other_field"}
BATCH = {"batch"}


def load(name: str) -> dict[str, Any]:
    envelope: dict[str, Any] = json.loads((FIXTURES / f"{name}.json").read_text("utf-8"))
    return envelope


def plain(envelope: object) -> bytes:
    return json.dumps(envelope, ensure_ascii=False).encode("utf-8", "surrogatepass")


def escaped(envelope: object) -> bytes:
    """As Meta writes it: ASCII only, slashes and a few others escaped, nothing between the tokens."""
    text = json.dumps(envelope, separators=(",", ":")).replace("/", "\\/")
    return text.replace("<", "\\u003c").replace("%", "\\u0025").replace("@", "\\u0040").encode("ascii")


def read(body: bytes) -> WebhookPayload:
    return decode(body, phone_number_id=OURS, received_at_ms=NOW_MS)


def message(**changes: object) -> dict[str, object]:
    return {"from": MEMBER, "id": "wamid.X", "timestamp": "1793606400", "type": "text", "text": {"body": "x"}} | changes


def envelope_of(*messages: object) -> dict[str, Any]:
    envelope = load("text")
    envelope["entry"][0]["changes"][0]["value"]["messages"] = list(messages)
    return envelope


def contents(*messages: object) -> list[Content]:
    return [inbound.content for _, inbound in read(plain(envelope_of(*messages))).messages]


def test_every_fixture_has_an_expectation() -> None:
    """No payload lies in the folder without a test that reads it."""
    assert {path.stem for path in FIXTURES.glob("*.json")} == set(CONTENT) | set(STATUSES) | IGNORED | BATCH


@pytest.mark.parametrize("encoding", [plain, escaped])
@pytest.mark.parametrize("name", sorted(CONTENT))
def test_each_kind_of_message_is_read(name: str, encoding: Any) -> None:
    """Every published message becomes the value it means, in either encoding."""
    delivery = read(encoding(load(name)))
    assert [inbound.content for _, inbound in delivery.messages] == [CONTENT[name]]
    ((member, inbound),) = delivery.messages
    assert member == (USER_ID if name == "without_from" else MEMBER)
    assert inbound.wamid == "wamid.IN"
    assert inbound.sent_at_ms == (NOW_MS if name == "without_timestamp" else SENT_AT_MS)
    assert inbound.received_at_ms == NOW_MS
    assert (delivery.statuses, delivery.ignored) == ((), 0)


@pytest.mark.parametrize("encoding", [plain, escaped])
@pytest.mark.parametrize("name", sorted(STATUSES))
def test_each_status_is_read(name: str, encoding: Any) -> None:
    """Every published status, and one of tomorrow, keeps who, what, when and why."""
    word, recipient, callback_id, codes = STATUSES[name]
    expected = Status("wamid.OUT", word, 1_793_606_430_000, recipient, callback_id, codes)
    assert read(encoding(load(name))) == WebhookPayload((), (expected,), 0)


@pytest.mark.parametrize("name", sorted(IGNORED))
def test_what_is_not_for_us_is_counted_and_left(name: str) -> None:
    """A foreign number, another field, and what has no id or no sender are ignored, and counted."""
    assert read(plain(load(name))) == WebhookPayload((), (), 1)


def test_every_entry_change_message_and_status_is_read_in_order() -> None:
    """A batch is read to its end: two entries, three changes, four messages and a status."""
    delivery = read(escaped(load("batch")))
    assert [(member, inbound.content) for member, inbound in delivery.messages] == [
        (MEMBER, TextMessage("a")),
        (MEMBER, TextMessage("b")),
        (MEMBER, TextMessage("c")),
        ("263713000102", TextMessage("d")),
    ]
    assert [each.status for each in delivery.statuses] == ["read"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[",
        b"\xff\xfe\xfd",
        b'{"object":"whatsapp_business_account","entry":[}',
        b"null",
        b"[]",
        b'"whatsapp_business_account"',
        b"{}",
        b'{"object":"page","entry":[]}',
        b'{"object":"whatsapp_business_account"}',
        b'{"object":"whatsapp_business_account","entry":{}}',
        b"[" * 200_000,
        b'{"a":' * 200_000 + b"1" + b"}" * 200_000,
    ],
)
def test_what_is_no_envelope_is_refused(body: bytes) -> None:
    """A body that is no JSON or no notification raises, and says which."""
    with pytest.raises(NotAnEnvelopeError) as raised:
        read(body)
    assert raised.value.details


def test_an_empty_envelope_is_fine() -> None:
    """An envelope without entries brings nothing and is no error."""
    assert read(b'{"object":"whatsapp_business_account","entry":[]}') == WebhookPayload((), (), 0)


def test_absurd_nesting_costs_a_neighbour_nothing() -> None:
    """A value nested a hundred thousand deep is cut down; the message beside it is read."""
    deep = "[" * 100_000 + "]" * 100_000
    body = plain(envelope_of(message(id="wamid.1", odd="DEEP"), message(id="wamid.2", text={"body": '] } \\ " {'})))
    delivery = read(body.replace(b'"DEEP"', deep.encode()))
    assert [inbound.content for _, inbound in delivery.messages] == [TextMessage("x"), TextMessage('] } \\ " {')]


def test_bytes_that_are_no_utf_8_cost_a_neighbour_nothing() -> None:
    """They become replacement characters in the message that they are in; the message beside it is read."""
    body = plain(envelope_of(message(id="wamid.1", text={"body": "BYTES"}), message(id="wamid.2")))
    delivery = read(body.replace(b"BYTES", b"a\xffb"))
    assert [inbound.content for _, inbound in delivery.messages] == [TextMessage("a\ufffdb"), TextMessage("x")]


def test_an_absurd_number_costs_a_neighbour_nothing() -> None:
    """An integer too long for the parser is not read as one; its message and the one beside it survive."""
    body = plain(envelope_of(message(id="wamid.1", timestamp="HUGE"), message(id="wamid.2")))
    delivery = read(body.replace(b'"HUGE"', b"9" * 100_000))
    assert [inbound.sent_at_ms for _, inbound in delivery.messages] == [NOW_MS, SENT_AT_MS]


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    """A lone surrogate becomes the replacement character, since nothing could store it; a pair stays a character."""
    body = escaped(envelope_of(message(text={"body": "a\ud800b"})))
    (said,) = (inbound.content for _, inbound in read(body).messages)
    assert said == TextMessage("a\N{REPLACEMENT CHARACTER}b")


def test_nul_survives() -> None:
    """A NUL inside a text is a character like any other."""
    assert contents(message(text={"body": "a\0b"})) == [TextMessage("a\0b")]


@pytest.mark.parametrize("odd", ["soon", "", "-5", "1e9", 12.5, True, None, [], {}, 0, 10**25, "٣٤٥", "1793606400 "])
def test_an_unreadable_timestamp_is_the_time_of_arrival(odd: object) -> None:
    """What is no positive number of seconds in a sane year counts as sent when it reached us."""
    ((_member, inbound),) = read(plain(envelope_of(message(timestamp=odd)))).messages
    assert inbound.sent_at_ms == NOW_MS


def test_a_timestamp_may_be_a_number() -> None:
    """Seconds as a JSON number are read as well."""
    ((_member, inbound),) = read(plain(envelope_of(message(timestamp=1_793_606_400)))).messages
    assert inbound.sent_at_ms == SENT_AT_MS


@pytest.mark.parametrize(
    ("odd", "expected"),
    [
        (message(text=None), UnsupportedMessage("text")),
        (message(text={"body": 7}), UnsupportedMessage("text")),
        (message(text="x"), UnsupportedMessage("text")),
        (message(type=None), UnsupportedMessage("unknown")),
        (message(type=["text"]), UnsupportedMessage("unknown")),
        (message(type="k" * 500), UnsupportedMessage("k" * 40)),
        (message(type="button", button={"payload": 1}), UnsupportedMessage("button")),
        (message(type="interactive", interactive=[]), UnsupportedMessage("interactive")),
        (message(type="interactive", interactive={"type": "button_reply"}), UnsupportedMessage("interactive")),
        (message(type="interactive", interactive={"button_reply": {"id": "a"}}), ButtonReply("a", "")),
        (message(type="interactive", interactive={"nfm_reply": None}), FormReply(None, {}, None)),
        (message(type="interactive", interactive={"nfm_reply": {"response_json": "[1"}}), FormReply(None, {}, None)),
        (message(type="interactive", interactive={"nfm_reply": {"response_json": "[1]"}}), FormReply(None, {}, None)),
        (message(type="reaction"), UnsupportedMessage("reaction")),
        (message(type="system", system={"type": "user_changed_number"}), NumberChanged(None)),
        (message(type="system", system={"type": "user_changed_number", "wa_id": "soon"}), NumberChanged(None)),
    ],
)
def test_an_odd_shape_still_reaches_the_member(odd: object, expected: Content) -> None:
    """A message whose content cannot be read arrives by its kind, so that somebody can answer it."""
    assert contents(odd) == [expected]


@pytest.mark.parametrize("odd", ["", "a b", "0:1", "{0}", "2637720001010000000000000", 263772000101, None])
def test_a_sender_that_is_no_number_is_no_member(odd: object) -> None:
    """Members' names become parts of keys and ids, so nothing but digits and user ids gets in."""
    assert read(plain(envelope_of(message(**{"from": odd})))) == WebhookPayload((), (), 1)


def test_a_plus_before_the_number_is_dropped() -> None:
    """The same member is the same member with or without a plus."""
    ((member, _inbound),) = read(plain(envelope_of(message(**{"from": "+" + MEMBER})))).messages
    assert member == MEMBER


ODD_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)
SHAPES = sorted(set(CONTENT) | set(STATUSES) | BATCH)


def places(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place inside a JSON value."""
    found = [path]
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        found += places(inner, (*path, key))
    return found


def changed(value: Any, path: tuple[Any, ...], new: Any, *, removed: bool) -> Any:
    """The value with another one at that place, or with nothing there."""
    copied = copy.deepcopy(value)
    at = copied
    for key in path[:-1]:
        at = at[key]
    if removed:
        del at[path[-1]]
    else:
        at[path[-1]] = new
    return copied


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_broken_message_never_costs_its_neighbours(data: st.DataObject) -> None:
    """Whatever happens to one change of a delivery, the message in the next change arrives."""
    broken = load(data.draw(st.sampled_from(SHAPES)))
    changes = broken["entry"][0]["changes"]
    for _ in range(data.draw(st.integers(1, 4))):
        path = data.draw(st.sampled_from(places(changes)))
        if path:
            changes = changed(changes, path, data.draw(ODD_JSON), removed=data.draw(st.booleans()))
    broken["entry"][0]["changes"] = [*changes, load("text")["entry"][0]["changes"][0]]
    broken["entry"].append(data.draw(ODD_JSON))
    for body in (plain(broken), escaped(broken)):
        delivery = read(body)
        assert TextMessage("Mhoro") in [inbound.content for _, inbound in delivery.messages]
        for each in delivery.messages:
            msgspec.json.encode(each)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_mutated_envelope_raises_nothing_else(data: st.DataObject) -> None:
    """An envelope with anything anywhere is read, or refused as no envelope."""
    envelope: Any = load(data.draw(st.sampled_from(SHAPES)))
    path = data.draw(st.sampled_from(places(envelope)))
    envelope = changed(envelope, path, data.draw(ODD_JSON), removed=False) if path else data.draw(ODD_JSON)
    body = plain(envelope)
    cut = data.draw(st.integers(0, len(body)))
    for mutated in (body, body[:cut], body[:cut] + data.draw(st.binary(max_size=4)) + body[cut:]):
        try:
            read(mutated)
        except NotAnEnvelopeError as refused:
            assert refused.details  # noqa: PT017 - not raising is as good
