"""The worker: a member's oldest message answered in one step, whatever happens to the worker."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from service.conversation import Session
from service.domain import InboundMessage, TextMessage
from service.mailbox import Idle, InboxEntry
from service.mailbox.versioning import read_record
from service.runtime.inbox_worker import GIVEN_UP, Worker
from service.runtime.records import SESSION
from tests.unit.reconciler_desk import START_MS, TARIRO
from tests.unit.worker_bench import Bench, on_bench

HOME = ["home"]


def test_messages_are_answered_one_by_one_in_order() -> None:
    """One look handles all that waits for the member; then nothing is left and nobody is due."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("hi", "read", "hi")
        first = await bench.worker().run_once()
        return first, await bench.told(), await bench.next_due_ms(), [turn.event for turn in bench.turns]

    assert on_bench(play) == (0, ["home", "read: known", "rest", "home"], None, ["said"] * 3)


def test_an_idle_worker_says_when_somebody_is_due() -> None:
    """So that its loop can sleep until then."""

    async def play(bench: Bench) -> tuple[int | None, int | None]:
        nobody = await bench.worker().run_once()
        await bench.says("hi")
        await bench.claimed()
        return nobody, await bench.worker().run_once()

    assert on_bench(play) == (None, 40_000)


def test_a_reply_that_was_lost_is_asked_for_again() -> None:
    """The commit happened: its repeat appends nothing, and the next message is not forgotten."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("hi", "hi")
        bench.scripts.lost = ["commit"]
        await bench.do()
        return await bench.told(), await bench.next_due_ms(), bench.passed_ms

    assert on_bench(play) == (HOME * 2, None, 200)


# -- records of another release -------------------------------------------------------------------------------------


async def _newer_session(bench: Bench) -> None:
    await bench.redis.set(f"{{0}}:session:{TARIRO}", b'{"version":2,"flow":{"new":"form"}}')
    await bench.says("hi")


async def _newer_intent(bench: Bench) -> None:
    await bench.redis.set(f"{{0}}:intent:{TARIRO}", b'{"version":2,"under_way":"of a new form"}')
    await bench.says("hi")


async def _newer_message(bench: Bench) -> None:
    inbound = InboundMessage("wamid.1", START_MS, START_MS, TextMessage("hi"), version=2)
    await bench.mailbox.ingest([InboxEntry(TARIRO, "wamid.1", START_MS, msgspec.json.encode(inbound))], START_MS)


@pytest.mark.parametrize("arrange", [_newer_session, _newer_intent, _newer_message])
@pytest.mark.parametrize("times", [1, 7])
def test_a_newer_record_is_given_back_untouched(arrange: Callable[[Bench], Awaitable[None]], times: int) -> None:
    """Two releases run side by side during a deployment: it is the newer one's, a second later, uncounted."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await arrange(bench)
        before = await _kept(bench)
        worker = bench.worker()
        for _ in range(times):
            await bench.do(worker)
            assert await bench.next_due_ms() == 1_000
            await asyncio.sleep(1)
        claim = await bench.claimed()
        return await _kept(bench) == before, claim.attempts, await bench.told(), bench.core.asked

    assert on_bench(play) == (True, 1, [], [])


async def _kept(bench: Bench) -> tuple[object, ...]:
    """Everything of the member's but the lease."""
    entries: Any = await bench.redis.lrange(f"{{0}}:inbox:{TARIRO}", 0, -1)
    return entries, await bench.session(), await bench.intent(), await bench.redis.keys("*outbox*")


# -- messages that cannot be handled --------------------------------------------------------------------------------


def test_after_five_claims_a_message_is_given_up_and_the_member_told() -> None:
    """Later and later, then plainly; what comes after it is handled from a fresh start."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("hi")
        await bench.do()
        await bench.says("broken", "read")
        await bench.until_idle()
        (letter,) = await bench.mailbox.dead_letters()
        text = msgspec.json.decode(letter.entry, type=InboundMessage).content
        return await bench.told(), bench.passed_ms, (letter.reason, text)

    told, passed_ms, dead = on_bench(play)
    assert told == ["home", GIVEN_UP, "read: known", "rest"]
    assert passed_ms == 1_000 + 2_000 + 4_000 + 8_000 + 8_000
    assert dead == ("not finished by 5 claims", TextMessage("broken"))


def test_giving_up_resets_the_session() -> None:
    """Whatever led there is not led to again."""

    async def play(bench: Bench) -> tuple[bytes | None, bytes | None]:
        await bench.says("hi")
        await bench.do()
        before = await bench.session()
        await bench.says("broken")
        await bench.until_idle()
        return before, await bench.session()

    before, after = on_bench(play)
    assert (before is not None, after) == (True, None)


def test_a_message_given_up_in_the_middle_of_a_write_leaves_its_intent() -> None:
    """The member is told what became of the write all the same, once."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("five")
        bench.core.effect = bench.core.offered
        worker = bench.worker()
        for _ in range(5):
            await _killed(bench, worker, after_s=0.5, takes_s=1)
            await asyncio.sleep(40)
        await bench.until_idle(bench.worker())
        return await bench.told(), len(bench.core.sent), await bench.intent(), len(await bench.mailbox.dead_letters())

    assert on_bench(play) == ([GIVEN_UP, "found five: done"], 1, None, 1)


async def _killed(bench: Bench, worker: Worker, *, after_s: float, takes_s: float) -> None:
    """The worker dies so long after it took what is due, while core takes its time."""
    bench.core.takes_s = bench.core.reads_take_s = takes_s
    bench.core.login_takes_s = takes_s
    look = asyncio.create_task(worker.run_once())
    if not bench.core.sent:
        bench.core.reads_take_s = 0  # let the first one come to the sending
    await asyncio.sleep(after_s)
    look.cancel()
    with suppress(asyncio.CancelledError):
        await look
    bench.core.takes_s = bench.core.reads_take_s = bench.core.login_takes_s = 0


# -- leases ---------------------------------------------------------------------------------------------------------


def test_a_worker_that_lost_its_lease_sends_nothing() -> None:
    """Somebody else has answered meanwhile; what was worked out here is void."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("five")
        bench.core.takes_s = 100
        slow = asyncio.create_task(bench.worker().run_once())
        await asyncio.sleep(41)
        await bench.do()
        told = await bench.told()
        await slow
        return told, await bench.told() == told, len(bench.core.sent), [turn.event for turn in bench.turns]

    # The word that it takes longer was the slow one's, while it held the lease.
    words, same, sent, events = on_bench(play)
    assert words[1:] == ["five: didnothappen", "rest"]  # type: ignore[index]
    assert (same, sent, events) == (True, 1, ["recovered"])


def test_without_the_lease_nothing_is_sent_to_core() -> None:
    """The intent is stored under the lease, and storing it is refused."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("five")
        bench.core.reads_take_s = 50  # the baseline comes too late
        slow = asyncio.create_task(bench.worker().run_once())
        await asyncio.sleep(41)
        other = await bench.claimed()
        await slow
        return bench.core.sent, await bench.intent(), other.attempts, bench.turns

    assert on_bench(play) == ([], None, 2, [])


def test_a_stop_gives_back_uncounted() -> None:
    """The next process takes the message at once, and as if for the first time."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("read")
        bench.core.login_takes_s = 5
        worker = bench.worker()
        look = asyncio.create_task(worker.run_once())
        await asyncio.sleep(1)
        busy = worker.busy
        look.cancel()
        with suppress(asyncio.CancelledError):
            await look
        await worker.release_all()
        return busy, worker.busy, (await bench.claimed()).attempts

    assert on_bench(play) == (True, False, 1)


def test_a_death_gives_nothing_back() -> None:
    """The lease has to run out; then the claim counts."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("read")
        bench.core.login_takes_s = 5
        look = asyncio.create_task(bench.worker().run_once())
        await asyncio.sleep(1)
        look.cancel()
        with suppress(asyncio.CancelledError):
            await look
        due_ms = await bench.next_due_ms()
        await asyncio.sleep(39)
        return due_ms, (await bench.claimed()).attempts

    assert on_bench(play) == (39_000, 2)


# -- company --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("takes_s", "typing_ms", "words"),
    [(0.4, [0], 0), (9.9, [0], 0), (10.1, [0], 1), (24, [0], 1)],
)
def test_a_member_who_waits_is_kept_company(takes_s: float, typing_ms: list[int], words: int) -> None:
    """Somebody types as soon as core is asked; after 10 s one plain line is said, before the answer."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("read")
        bench.core.login_takes_s = takes_s
        await bench.do()
        told = await bench.told()
        return bench.phone.typing_ms, len(told) - 2, told[-2:]

    assert on_bench(play) == (typing_ms, words, ["read: known", "rest"])


@pytest.mark.parametrize(("takes_s", "error"), [(60.0, None), (0.0, RuntimeError("no typing today"))])
def test_a_typing_indicator_that_fails_keeps_nobody_waiting(takes_s: float, error: Exception | None) -> None:
    """The plain line is said in time, and so is the answer."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("read")
        bench.phone.takes_s, bench.phone.error, bench.core.login_takes_s = takes_s, error, 12
        answered = asyncio.create_task(bench.do())
        await asyncio.sleep(10.001)
        word = len(await bench.told())
        await answered
        return word, bench.passed_ms, len(await bench.told())

    assert on_bench(play) == (1, 12_000, 3)


def test_the_line_is_said_once_for_a_message() -> None:
    """Also when a second worker has to begin again."""

    async def play(bench: Bench) -> list[str]:
        await bench.says("read")
        bench.core.login_takes_s = 20
        look = asyncio.create_task(bench.worker().run_once())
        await asyncio.sleep(15)
        look.cancel()
        with suppress(asyncio.CancelledError):
            await look
        await asyncio.sleep(25)
        await bench.do()
        return (await bench.told())[1:]

    assert on_bench(play) == ["read: known", "rest"]


# -- time for reads -------------------------------------------------------------------------------------------------


def test_reads_have_25_seconds_in_all() -> None:
    """What is not read by then counts as not available; the next read of the turn has only what is left."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("twice")
        bench.core.login_takes_s = 20
        await bench.do()
        return (await bench.told())[1:], bench.passed_ms

    assert on_bench(play) == (["twice: known", "read: unavailable", "rest"], 25_000)


def test_a_read_that_never_comes_back_ends_with_the_turn() -> None:
    """The lease outlives it, so the answer is this worker's to give."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await bench.says("read")
        bench.core.login_takes_s = 1e6
        await bench.do()
        return (await bench.told())[1:], bench.passed_ms, await bench.mailbox.claim(bench.clock.now_ms())

    assert on_bench(play) == (["read: unavailable", "rest"], 25_000, Idle(None))


def test_a_session_survives_being_written_down() -> None:
    """The next worker reads what this one stored."""

    async def play(bench: Bench) -> Session | None:
        await bench.says("hi")
        await bench.do()
        return read_record(await bench.session(), SESSION)

    session = on_bench(play)
    assert session is not None
    assert (session.flow, session.step, session.turn) == ("bench", "home", START_MS)
