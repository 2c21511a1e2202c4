"""Ids, envelopes, bytes and schedules of the simulated Cloud API."""

from __future__ import annotations

import base64
import json
import re

from simulator.whatsapp_cloud import Business, Config, DeliveryFault, backing_off, scoped_id
from simulator.whatsapp_cloud.phone_numbers import digits
from simulator.whatsapp_cloud.rates import PairRate, Throughput
from simulator.whatsapp_cloud.wire import IdFactory, Update, envelope, escaped, signature

BUSINESS = Business("506914307656634", "2155", "263242700100", "token", "secret", "verify", "http://bot.test/hook")


def updates(*phones: str) -> list[Update]:
    return [
        Update(phone, "messages", {"id": str(number)}, {"profile": {"name": phone}, "wa_id": phone})
        for number, phone in enumerate(phones)
    ]


def test_a_wamid_has_metas_layout() -> None:
    """Inbound ids hold 20 hex digits that begin with 3A, outbound ones 18; both name the person."""
    mint = IdFactory(1)
    inbound = base64.b64decode(mint.inbound("263771234567").removeprefix("wamid."))
    outbound = base64.b64decode(mint.outbound("263771234567").removeprefix("wamid."))
    assert inbound[:21] == b"\x1c\x18\x0c263771234567\x15\x02\x00\x12\x18\x14"
    assert re.fullmatch(rb"3A[0-9A-F]{18}\x00", inbound[21:])
    assert outbound[:21] == b"\x1c\x18\x0c263771234567\x15\x02\x00\x11\x18\x12"
    assert re.fullmatch(rb"[0-9A-F]{18}\x00", outbound[21:])


def test_ids_of_a_person_do_not_depend_on_others() -> None:
    """The same seed, phone and count give the same id; anything else gives another one."""
    alone, among_others = IdFactory(1), IdFactory(1)
    among_others.inbound("263712345678")
    first = alone.inbound("263771234567")
    assert among_others.inbound("263771234567") == first
    assert len({first, alone.inbound("263771234567"), IdFactory(2).inbound("263771234567")}) == 3


def test_a_phone_number_is_read_as_digits() -> None:
    """Plus, spaces, hyphens and parentheses are forgiven."""
    assert digits("+263 (77) 123-4567") == "263771234567"


def test_a_scoped_id_has_metas_form() -> None:
    """Two letters for the country, a dot, letters and digits."""
    assert re.fullmatch(r"ZW\.[0-9A-Za-z]{1,128}", scoped_id("263771234567", "ZW"))
    assert scoped_id("263771234567", "ZW") != scoped_id("263781234567", "ZW")


def test_bytes_are_escaped_as_meta_does() -> None:
    """Compact, non-ASCII as lowercase escapes of UTF-16 units, slashes escaped."""
    assert escaped({"a": "é/👍", "b": [1, 2]}) == b'{"a":"\\u00e9\\/\\ud83d\\udc4d","b":[1,2]}'


def test_a_signature_is_the_known_one() -> None:
    """HMAC-SHA256 with the key Jefe and the data of RFC 4231, test case 2."""
    known = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    assert signature("Jefe", b"what do ya want for nothing?") == f"sha256={known}"


def test_one_persons_messages_share_a_value_and_others_have_their_own() -> None:
    """The natural shape of a batch: a change for each person in turn."""
    changes = envelope(BUSINESS, updates("1", "1", "2"), "natural", DeliveryFault())["entry"][0]["changes"]
    assert [[message["id"] for message in change["value"]["messages"]] for change in changes] == [["0", "1"], ["2"]]
    assert [len(change["value"]["contacts"]) for change in changes] == [1, 1]


def test_a_batch_can_have_any_shape() -> None:
    """All in one value, a change each, or an entry each."""
    counts = {}
    for shape in ("messages", "changes", "entries"):
        entries = envelope(BUSINESS, updates("1", "1", "2"), shape, DeliveryFault())["entry"]
        changes = [len(entry["changes"]) for entry in entries]
        messages = [len(change["value"]["messages"]) for entry in entries for change in entry["changes"]]
        counts[shape] = (changes, messages)
    assert counts == {"messages": ([1], [3]), "changes": ([3], [1, 1, 1]), "entries": ([1, 1, 1], [1, 1, 1])}


def test_parts_can_be_missing_from_a_webhook() -> None:
    """Contacts, names, senders and contexts are left out on demand, and unknown keys put in."""
    message = Update("1", "messages", {"from": "1", "context": {"id": "x"}, "id": "w"}, updates("1")[0].contact)

    def value(**fault: object) -> dict[str, object]:
        made = DeliveryFault(**fault)  # type: ignore[arg-type]
        found: dict[str, object] = envelope(BUSINESS, [message], "natural", made)["entry"][0]["changes"][0]["value"]
        return found

    assert "contacts" not in value(without=frozenset({"contacts"}))
    assert value(without=frozenset({"profile"}))["contacts"] == [{"wa_id": "1"}]
    assert value(without=frozenset({"name"}))["contacts"] == [{"profile": {}, "wa_id": "1"}]
    assert value(without=frozenset({"wa_id"}))["contacts"] == [{"profile": {"name": "1"}}]
    assert value(without=frozenset({"from", "context"}))["messages"] == [{"id": "w"}]
    assert value(extra={"novelty": 1})["messages"] == [{**message.content, "novelty": 1}]
    assert "506914307656634" not in json.dumps(value(foreign=True))


def test_attempts_go_on_for_seven_days_ever_more_seldom() -> None:
    """Once at once, 10 s, 30 s, 1 min, then doubling, and no attempt after the seventh day."""
    waits = backing_off()
    assert waits[:7] == (0, 10_000, 30_000, 60_000, 120_000, 240_000, 480_000)
    assert list(waits) == sorted(waits)
    assert sum(waits) <= 7 * 86_400_000 < sum(waits) + 2 * waits[-1]


def test_a_burst_of_45_goes_to_one_person_and_is_paid_for_later() -> None:
    """After a burst, one message in six seconds; after a day of silence, a burst of 45 again, no more."""
    rate = PairRate(Config)
    assert [rate.take("1", 0) for _ in range(46)] == [True] * 45 + [False]
    assert not rate.take("1", 5_999)
    assert rate.take("1", 6_000)
    assert not rate.take("1", 6_001)
    assert rate.take("2", 6_001)
    assert [rate.take("1", 86_400_000) for _ in range(46)] == [True] * 45 + [False]


def test_steady_sending_at_the_pace_is_never_refused() -> None:
    """One message every six seconds may go on for ever."""
    rate = PairRate(Config)
    assert all(rate.take("1", number * 6_000) for number in range(1_000))


def test_throughput_counts_any_one_second_in_and_out() -> None:
    """Eighty in a second, people's messages among them."""
    throughput = Throughput(Config)
    for _ in range(20):
        throughput.count(0)
    assert [throughput.take(500) for _ in range(61)] == [True] * 60 + [False]
    assert not throughput.take(999)
    assert [throughput.take(1_000) for _ in range(21)] == [True] * 20 + [False]


def test_a_business_does_not_show_its_secrets() -> None:
    """Tokens and secrets stay out of logs and tracebacks."""
    shown = repr(BUSINESS)
    assert "506914307656634" in shown
    assert not any(secret in shown for secret in ("token", "secret", "verify"))
