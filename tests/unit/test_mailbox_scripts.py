"""What can be said of the Lua scripts without running them."""

from __future__ import annotations

import re

import pytest

from service.mailbox import DeadLetter, OutboxLease
from service.mailbox.scripts import NAMES, sources

DRAINING = {
    "claim",
    "commit",
    "release",
    "dead_letter",
    "store_pending_writes",
    "post_progress",
    "claim_outbox",
    "ack",
    "confirm_delivery",
}


def test_only_what_drains_a_full_redis_may_run_in_one() -> None:
    """New work is refused when there is no room, and nothing that finishes work is."""
    assert {name for name, text in sources().items() if text.startswith("#!lua flags=allow-oom\n")} == DRAINING


@pytest.mark.parametrize("name", NAMES)
def test_each_script_says_what_it_takes_gives_and_keeps(name: str) -> None:
    """Its header names keys, arguments, what it returns and the invariant."""
    text = sources()[name]
    missing = [word for word in ("-- KEYS: ", "-- ARGV: ", "-- Returns ", "-- Invariant: ") if word not in text]
    assert missing == []


@pytest.mark.parametrize("name", NAMES)
def test_no_script_asks_for_time_or_chance(name: str) -> None:
    """Both are passed in, so that a run can be repeated."""
    assert re.findall(r"'TIME'|math\.random|RANDOMKEY|os\.", sources()[name]) == []


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"claim", "claim_outbox"}))
def test_keys_are_passed_in_unless_the_member_is_found_inside(name: str) -> None:
    """A cluster must see which slot a script works in."""
    assert re.findall(r"':(?:inbox|outbox|lease|session|intent|seen)", sources()[name]) == []


def test_the_id_of_a_posting_names_shard_and_member() -> None:
    """It travels in biz_opaque_callback_data."""
    posting = OutboxLease("263771234567", 5, 7, b"", 1, None, None, shard="3")
    assert posting.id == "3:263771234567:7"


def test_a_letter_is_read_by_its_sizes() -> None:
    """Whatever bytes reason and entry hold."""
    stored = b"message 7 5 1700000000000 3 4\n263a\nb entry\n\x00"
    letter = DeadLetter.parse(stored)
    assert letter == DeadLetter("263", 7, b"entry\n\x00", "a\nb ", 1_700_000_000_000, stored)
    assert stored[letter.entry_offset :] == b"entry\n\x00"
