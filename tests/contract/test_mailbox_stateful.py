"""The mailbox against a bad day: hypothesis looks for an order of events that breaks a promise.

A failure prints the steps and a blob that replays them. HYPOTHESIS_PROFILE=thorough looks longer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from service.mailbox import MailboxError
from service.mailbox.scripts import sources
from tests.contract.mailbox_machine import MailboxMachine

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS = 40


def machine_on(url: str, texts: Mapping[str, str] | None = None, *members: str) -> type[MailboxMachine]:
    """The machine on this Redis, with these scripts and members."""
    return type("Machine", (MailboxMachine,), {"url": url, "texts": texts, "members": members or ("1", "2")})


def bad_day(examples: int) -> settings:
    """How long to look; the profile gives the scale."""
    return settings(
        max_examples=examples,
        report_multiple_bugs=False,
        stateful_step_count=STEPS,
        deadline=None,
        print_blob=True,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )


def test_no_order_of_events_breaks_a_promise_on_fakeredis() -> None:
    """Nothing lost, nothing handled twice to its effect, order kept, nothing left behind."""
    run_state_machine_as_test(machine_on("embedded://"), settings=bad_day(settings().max_examples))


def test_no_order_of_events_breaks_a_promise_on_a_real_redis(clean_redis: str) -> None:
    """The same on a redis-server, with its own memory limit."""
    run_state_machine_as_test(machine_on(clean_redis), settings=bad_day(settings().max_examples * 2 // 5))


# name -> (scripts it is planted in, what stands there, what stands there instead)
DEFECTS: dict[str, tuple[tuple[str, ...], str, str]] = {
    "no token check": (
        ("commit", "release", "dead_letter", "ack", "store_pending_writes", "post_progress"),
        "local holds = fields[1] == token and fields[2] ~= false",
        "local holds = fields[2] ~= false",
    ),
    "pop before commit": (
        ("claim",),
        "return hand_out(k, member, next_token(k.lease, now), now, tonumber(ARGV[3]), true)",
        "local c = hand_out(k, member, next_token(k.lease, now), now, 1, true) redis.call('LPOP', k.list) return c",
    ),
    "repeat without sequence number": (
        ("commit", "ack", "dead_letter"),
        "if holds and fields[2] == seq then return 'current', true end",
        "if holds then return 'current', true end",
    ),
    "seen marked without append": (
        ("ingest",),
        "enqueue(KEYS[1]",
        "if redis.call('EXISTS', KEYS[2]) == 0 then enqueue(KEYS[1]",
    ),
    "append without seen": (("ingest",), "redis.call('ZADD', KEYS[4]", "local _ = ('ZADD', KEYS[4]"),
    "no mark of the last commit": (("commit",), "mark(k.lease, 'commit', token, seq)", ""),
    "a repeat counts again": (
        ("commit", "dead_letter"),
        "hand_out(k, member, token, now, term, false)",
        "hand_out(k, member, token, now, term, true)",
    ),
    "a new message cuts a lease short": (("ingest",), "wake and 'LT' or 'NX'", "'LT'"),
    "a new message waits for the intent": (("ingest",), "wake and 'LT' or 'NX'", "'NX'"),
    "an attempt is not counted before it is made": (
        ("claim_outbox", "ack"),
        "redis.call('HSET', k.lease, 'since', now)",
        "",
    ),
    "a status pops whatever is the head": (("confirm_delivery",), "if not head_is(KEYS[2], seq) then return 0 end", ""),
    "numbers start again when the list was empty": (
        ("ingest", "commit"),
        "tonumber(redis.call('HGET', lease, 'done') or 0)",
        "0",
    ),
    "a token is used twice": (("claim",), "or 0) + 1, now)", "or 0), now)"),
    "what was sent counts from when it was taken up": (
        ("ack",),
        "rest_told(k.due, k.lease, member, now)",
        "rest(k.due, k.lease, member)",
    ),
    "a confirmation leaves its sender a stranger": (("confirm_delivery",), "if held then mark(", "if false then mark("),
    "work loses its lease": (("ingest", "commit"), "redis.call('PERSIST', lease)", ""),
    "a burial forgets the intent": (
        ("dead_letter",),
        "redis.call('DEL', k.session)",
        "redis.call('DEL', k.session, k.intent)",
    ),
}


def planted(name: str) -> Mapping[str, str]:
    """The project's scripts with one defect."""
    where, sound, broken = DEFECTS[name]
    texts = dict(sources())
    for script in where:
        assert sound in texts[script], f"{name}: {script}.lua no longer says {sound!r}"
        texts[script] = texts[script].replace(sound, broken)
    return texts


@pytest.mark.parametrize("name", DEFECTS)
def test_the_machine_finds_a_planted_defect(name: str) -> None:
    """A test that cannot fail proves nothing: each of these breaks a promise, and is found."""
    search = settings(bad_day(1000), phases=[Phase.generate], derandomize=True, database=None)
    with pytest.raises((AssertionError, MailboxError)):
        run_state_machine_as_test(machine_on("embedded://", planted(name), "1"), settings=search)
