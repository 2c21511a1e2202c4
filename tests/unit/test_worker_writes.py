"""The worker and money: an intent first, continued after a crash and never computed again, found out about later."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Final

import pytest

from service.credex.errors import CredexError, NoAnswerError, NotSentError, ServerError
from service.mailbox import StateUnavailableError
from service.mailbox.versioning import read_record
from service.runtime.records import PENDING_WRITES
from tests.unit.reconciler_desk import FIVE
from tests.unit.worker_bench import SIX, Bench, on_bench

LOST: Final = NoAnswerError("no answer")
AWAY: Final = NotSentError("down")
MINUTE_MS: Final = 60_000


async def _lost(bench: Bench, word: str = "five", *, happened: bool) -> None:
    """The member says the word; the answer to its write is lost, and core cannot be looked at."""
    bench.core.effect = (lambda: _happen(bench, word)) if happened else lambda: None
    bench.core.answer = LOST
    bench.core.failing.extend([None, AWAY])
    await bench.says(word)
    await bench.do()
    bench.core.effect = lambda: None


def _happen(bench: Bench, word: str) -> None:
    amount = {"five": FIVE.amount, "despite": FIVE.amount, "six": SIX.amount}[word]
    bench.core.offered(credex_id=f"c-{len(bench.core.sent)}", amount=amount)


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
        return await bench.told(), len(bench.core.sent), bench.core.asked[0], [turn.event for turn in bench.turns]

    outcome = "done" if happened else "didnothappen"
    assert on_bench(play) == (["before: known", f"five: {outcome}", "rest"], 1, "dashboard", ["recovered"])


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
        return before, bench.core.sent, (await bench.told())[-2:]

    assert on_bench(play) == ([], [], ["five: didnothappen", "rest"])


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
    ("core_is_back_after_ms", "told_after_ms"),
    [(0, 30_000), (29_000, 30_000), (31_000, 150_000), (151_000, 750_000), (751_000, 750_000 + 60 * MINUTE_MS)],
)
@pytest.mark.parametrize(("happened", "found"), [(True, "done"), (False, "didnothappen")])
def test_what_is_not_known_is_looked_for_and_told(
    core_is_back_after_ms: int, told_after_ms: int, found: str, *, happened: bool
) -> None:
    """After 30 s, 2 min, 10 min, then every hour, until it is known; it is told once, and nothing is left."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=happened)
        at_first = await bench.told()
        bench.core.down_until_ms = bench.clock.now_ms() + core_is_back_after_ms
        began_ms = bench.clock.now_ms()
        await bench.until_idle()
        return at_first, (await bench.told())[2:], bench.clock.now_ms() - began_ms, await bench.intent()

    expected = (["five: unknown", "rest"], [f"found five: {found}"], told_after_ms, None)
    assert on_bench(play) == expected


def test_what_can_never_be_found_out_is_said_at_the_end_of_the_second_day() -> None:
    """Then core has dropped the offer, and the bot stops looking, and says so."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=True)
        bench.core.down_until_ms = bench.clock.now_ms() + 100 * 24 * 60 * MINUTE_MS
        await bench.until_idle()
        return (await bench.told())[2:], bench.passed_ms, await bench.intent()

    assert on_bench(play) == (["found five: unknown"], (16 + 48) * 60 * MINUTE_MS, None)


def test_each_of_several_is_told_once() -> None:
    """They are due in the same moment, and the first one's credex is not the others'."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, "five", happened=True)
        await _lost(bench, "six", happened=False)
        await bench.until_idle()
        return (await bench.told())[4:], await bench.intent()

    assert on_bench(play) == (["found five: done", "found six: didnothappen"], None)


def test_a_look_at_many_ends_before_the_lease() -> None:
    """Core is so slow that not all can be looked at in one claim: none is given up for it, all are told."""

    async def play(bench: Bench) -> tuple[object, ...]:
        for word in ("five", "six", "accept", "cancel it"):
            await _lost_deed(bench, word)
        bench.core.reads_take_s = 9.9
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
    bench.core.failing.extend([None, AWAY])
    await bench.says(word)
    await bench.do()


def test_a_message_comes_before_a_look() -> None:
    """Whoever writes is answered; the unresolved write stays written down."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=True)
        await bench.says("hi")
        await bench.do()
        return (await bench.told())[2:], await bench.intent() is not None, await bench.next_due_ms()

    assert on_bench(play) == (["home"], True, 30_000)


# -- look-alikes ----------------------------------------------------------------------------------------------------


def test_the_same_again_is_looked_for_first_and_not_sent_if_it_is_there() -> None:
    """The member confirmed the second without knowing of the first, so is asked once more."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=True)
        await bench.says("five")
        await bench.do()
        return (await bench.told())[2:], len(bench.core.sent), await bench.intent()

    assert on_bench(play) == (["found five: done", "five: possibleduplicate made", "rest"], 1, None)


def test_the_same_again_is_sent_if_the_first_certainly_is_not_there() -> None:
    """Then the member hears of both."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=False)
        await asyncio.sleep(20)
        _works(bench)
        await bench.says("five")
        await bench.do()
        return (await bench.told())[2:], len(bench.core.sent), await bench.intent()

    assert on_bench(play) == (["found five: didnothappen", "five: done", "rest"], 2, None)


def _works(bench: Bench) -> None:
    """Core answers again."""
    bench.core.answer, bench.core.effect = bench.core.written(), bench.core.offered


@pytest.mark.parametrize("reads", [[AWAY, None], [None, None]])
def test_the_same_again_is_doubtful_while_the_first_is_unresolved(reads: list[CredexError | None]) -> None:
    """Core cannot be looked at, or it is too early to tell: nothing is sent before the member says so."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=False)
        bench.core.failing.extend(reads)
        await bench.says("five")
        await bench.do()
        return (await bench.told())[2:], len(bench.core.sent), await bench.intent() is not None

    assert on_bench(play) == (["five: possibleduplicate", "rest"], 1, True)


@pytest.mark.parametrize(("happened", "found"), [(True, "done"), (False, "didnothappen")])
def test_the_same_again_despite_the_doubt_is_sent_and_not_taken_for_the_first(found: str, *, happened: bool) -> None:
    """What is found later is the first one's own."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=happened)
        _works(bench)
        bench.core.failing.append(AWAY)  # the look before it tells nothing
        await bench.says("despite")
        await bench.do()
        sent = (await bench.told())[2:]
        await bench.until_idle()
        return sent, (await bench.told())[4:], len(bench.core.sent), len(bench.core.outgoing) - 1

    expected = (["despite: done", "rest"], [f"found five: {found}"], 2, 2 if happened else 1)
    assert on_bench(play) == expected


@pytest.mark.parametrize("answer", [LOST, ServerError(http_status=500)])
def test_one_offer_where_two_may_have_been_made_is_neithers(answer: CredexError) -> None:
    """Whose it is stays open to the end, and is never said."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=False)
        bench.core.answer, bench.core.effect = answer, bench.core.offered
        bench.core.failing.append(AWAY)
        await bench.says("despite")
        await bench.do()
        await bench.until_idle()
        return (await bench.told())[2:], len(bench.core.sent), await bench.intent()

    told = ["despite: unknown", "rest", "found five: unknown", "found despite: unknown"]
    assert on_bench(play) == (told, 2, None)


@pytest.mark.parametrize("answer", [LOST, ServerError(http_status=500)])
def test_an_offer_that_stood_before_the_second_was_sent_is_the_firsts(answer: CredexError) -> None:
    """The second one's baseline tells them apart."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _lost(bench, happened=True)
        bench.core.answer = answer
        bench.core.failing.append(AWAY)
        await bench.says("despite")
        await bench.do()
        await bench.until_idle()
        return (await bench.told())[3:], len(bench.core.sent), await bench.intent()

    assert on_bench(play) == (["despite: didnothappen", "rest", "found five: done"], 2, None)
