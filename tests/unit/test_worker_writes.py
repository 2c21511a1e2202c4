"""The worker and money: an intent first, continued after a crash and never computed again, found out about later."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import pytest

from service.credex.errors import NoAnswerError, NotSentError
from service.mailbox import StateUnavailableError
from service.mailbox.versioning import read_record
from service.runtime.records import PENDING_WRITES
from tests.unit.reconciler_desk import FIVE
from tests.unit.worker_bench import BASELINE, OFFERS, Bench, lost, on_bench

LOST: Final = NoAnswerError("no answer")
AWAY: Final = NotSentError("down")
MINUTE_MS: Final = 60_000


async def _killed(bench: Bench, *, after_s: float) -> None:
    """A worker dies so long after it began."""
    look = asyncio.create_task(bench.worker().run_once())
    await asyncio.sleep(after_s)
    look.cancel()
    with suppress(asyncio.CancelledError):
        await look


def test_the_intent_is_written_down_before_the_write_leaves() -> None:
    """With the whole turn so far; after the commit it is gone."""

    async def play(bench: Bench) -> tuple[object, ...]:
        written: list[bytes | None] = []

        async def remember() -> None:
            written.append(await bench.intent())

        tasks: list[asyncio.Task[None]] = []
        bench.core.effect = lambda: tasks.append(asyncio.create_task(remember()))
        bench.core.takes_s = 1
        await bench.says("before")
        await bench.do()
        intents = read_record(written[0], PENDING_WRITES)
        assert intents is not None
        assert intents.under_way is not None
        said = [getattr(message, "body", "") for message in intents.under_way.messages]
        return said, intents.under_way.command, intents.under_way.transitions[0].exit, await bench.intent()

    assert on_bench(play) == (["before: known"], FIVE, "ok", None)


@pytest.mark.parametrize("happened", [True, False])
def test_after_a_death_the_turn_goes_on_from_the_intent(*, happened: bool) -> None:
    """What was said is said once, nothing is asked again, nothing is sent again, and the truth comes out."""

    async def play(bench: Bench) -> tuple[object, ...]:
        bench.core.takes_s = 5
        bench.core.effect = bench.core.offered if happened else bench.core.effect
        await bench.says("before")
        await _killed(bench, after_s=1)
        bench.core.asked.clear()
        await bench.until_idle()
        events = [turn.event for turn in bench.turns]
        return await bench.told(), len(bench.core.sent), bench.core.asked[0], events[0], set(events[1:])

    said = ["five: done", "rest"] if happened else ["five: unknown interrupted", "rest", "found five: didnothappen"]
    assert on_bench(play) == (["before: known", *said], 1, "dashboard", "recovered", {"looked"})


@pytest.mark.parametrize("after_s", [0.5, 1.5])
def test_after_a_death_before_the_intent_the_turn_begins_again(after_s: float) -> None:
    """Nothing was sent, so nothing can happen twice."""

    async def play(bench: Bench) -> tuple[object, ...]:
        bench.core.reads_take_s = 1
        await bench.says("before")
        await _killed(bench, after_s=after_s)
        bench.core.effect = bench.core.offered
        await bench.until_idle()
        return await bench.told(), len(bench.core.sent), len(bench.core.outgoing)

    assert on_bench(play) == (["before: known", "five: done", "rest"], 1, 2)


def test_without_a_stored_intent_nothing_leaves() -> None:
    """The state Redis does not answer: not even the repeats."""

    async def play(bench: Bench) -> tuple[object, ...]:
        bench.scripts.lost = ["store_pending_writes"] * 4
        await bench.says("five")
        with pytest.raises(StateUnavailableError):
            await bench.worker().run_once()
        before = list(bench.core.sent)
        await bench.until_idle_after(40)
        return before, bench.core.sent, (await bench.told())[-3:]

    assert on_bench(play) == ([], [], ["five: unknown interrupted", "rest", "found five: didnothappen"])


def test_an_intent_whose_storing_took_too_long_is_not_sent() -> None:
    """By then `send_by` is past, and the member hears that nothing happened."""

    async def play(bench: Bench) -> tuple[object, ...]:
        bench.scripts.lost = ["store_pending_writes"] * 3
        bench.scripts.pause_s = 1
        await bench.says("five")
        await bench.do()
        return bench.core.sent, await bench.told()

    assert on_bench(play) == ([], ["five: unavailable", "rest"])


# -- looked at again ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("happened", "core_is_back_after_ms", "told_after_ms"),
    [
        (True, 0, 5_000),
        (True, 4_900, 5_000),
        (True, 5_100, 15_000),
        (True, 16_000, 35_000),
        (True, 36_000, 75_000),
        (True, 76_000, 155_000),
        (True, 160_000, 315_000),
        (True, 320_000, 615_000),
        (True, 620_000, 915_000),
        (False, 0, 140_000),
        (False, 36_000, 140_000),
        (False, 76_000, 175_000),
        (False, 320_000, 635_000),
        (False, 620_000, 935_000),
    ],
)
def test_what_is_not_known_is_looked_for_and_told(
    core_is_back_after_ms: int, told_after_ms: int, *, happened: bool
) -> None:
    """Looks that fail are repeated, later and later; what shows is told at once, an absence after two counting looks.

    It is told once, and half an hour later nothing is left.
    """

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=happened)
        at_first = await bench.told()
        bench.core.down_until_ms = bench.clock.now_ms() + core_is_back_after_ms
        after_ms = await bench.until_told(3)
        await bench.until_idle()
        watched_ms = bench.passed_ms - after_ms
        return at_first, (await bench.told())[2:], after_ms, watched_ms, await bench.intent()

    found = "done" if happened else "didnothappen"
    expected = (["five: unknown", "rest"], [f"found five: {found}"], told_after_ms, 30 * MINUTE_MS, None)
    assert on_bench(play) == expected


@pytest.mark.parametrize(("happened", "told_after_ms"), [(True, 0), (False, 140_000)])
def test_after_a_lost_answer_the_member_hears_at_once(told_after_ms: int, *, happened: bool) -> None:
    """What the first look shows, or that it is not known; then the verdict within two and a half minutes."""

    async def play(bench: Bench) -> tuple[object, ...]:
        bench.core.answer = LOST
        bench.core.effect = bench.core.offered if happened else bench.core.effect
        await bench.says("five")
        await bench.do()
        at_first, first_ms = await bench.told(), bench.passed_ms
        told_ms = await bench.until_told(2 if happened else 3)
        await bench.until_idle()
        return at_first, first_ms, (await bench.told())[2:], told_ms

    told: tuple[list[str], list[str]] = (["five: unknown", "rest"], ["found five: didnothappen"])
    told = (["five: done", "rest"], []) if happened else told
    assert on_bench(play) == (told[0], 0, told[1], told_after_ms)


def test_a_look_that_failed_is_made_at_once_when_core_answers_a_read() -> None:
    """The member's own question shows that core is back: nobody waits for the next look."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=True)
        await bench.says("read")
        await bench.do()
        return (await bench.told())[2:], bench.passed_ms

    assert on_bench(play) == (["read: known", "rest", "found five: done"], 0)


def test_a_look_that_failed_waits_when_core_does_not_answer_a_read() -> None:
    """It would fail again."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=True)
        bench.core.failing.append(AWAY)
        await bench.says("read")
        await bench.do()
        return (await bench.told())[2:], await bench.next_due_ms()

    assert on_bench(play) == (["read: unavailable", "rest"], 5_000)


def test_what_can_never_be_found_out_is_said_at_the_end_of_the_second_day() -> None:
    """Then core has dropped the offer, and the bot stops looking, and says so."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=True)
        bench.core.down_until_ms = bench.clock.now_ms() + 100 * 24 * 60 * MINUTE_MS
        await bench.until_idle()
        return (await bench.told())[2:], bench.passed_ms, await bench.intent()

    assert on_bench(play) == (["found five: unknown"], (16 + 48) * 60 * MINUTE_MS, None)


def test_each_of_several_is_told_once() -> None:
    """They are due in the same moment, and the first one's credex is not the others'."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, "five", happened=True)
        await lost(bench, "six", happened=False)
        await bench.until_idle()
        return (await bench.told())[4:], await bench.intent()

    assert on_bench(play) == (["found five: done", "found six: didnothappen"], None)


def test_a_look_at_many_ends_before_the_lease() -> None:
    """Core is so slow that not all can be looked at in one claim: none is given up for it, all are told."""

    async def play(bench: Bench) -> tuple[object, ...]:
        for word in ("five", "six", "accept", "cancel it"):
            await _lost_deed(bench, word)
        bench.core.reads_take_s = 7
        await bench.until_idle()
        return sorted((await bench.told())[8:]), len(await bench.mailbox.dead_letters()), await bench.intent()

    told = [
        "found accept: didnothappen",
        "found cancel it: didnothappen",
        "found five: didnothappen",
        "found six: didnothappen",
    ]
    assert on_bench(play) == (told, 0, None)


async def _lost_deed(bench: Bench, word: str) -> None:
    bench.core.answer = LOST
    bench.core.failing.extend([*BASELINE[: 1 + (word in OFFERS)], AWAY])
    await bench.says(word)
    await bench.do()


def test_a_message_comes_before_a_look() -> None:
    """Whoever writes is answered; the unresolved write stays written down."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=True)
        await bench.says("hi")
        await bench.do()
        return (await bench.told())[2:], await bench.intent() is not None, await bench.next_due_ms()

    assert on_bench(play) == (["home"], True, 5_000)
