"""The worker watches verdicts that come from looks: core may show more, or show it late."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from service.credex.errors import CredexError, NoAnswerError, Refusal, RefusedError
from tests.unit.reconciler_desk import FARAI
from tests.unit.worker_bench import Bench, on_bench

LOST: Final = NoAnswerError("no answer")
REFUSED: Final = RefusedError(Refusal.INSUFFICIENT_BALANCE, http_status=400)
MINUTE_MS: Final = 60_000


async def _judged(bench: Bench, *, happened: bool, answer: CredexError = LOST) -> None:
    """The member offers five, core does not answer clearly, and a verdict is told."""
    bench.core.answer = answer
    bench.core.effect = (lambda: bench.core.offered(credex_id="c-1")) if happened else lambda: None
    await bench.says("five")
    await bench.until_told(2 if happened or answer is REFUSED else 3)
    bench.core.effect = lambda: None


def _later(bench: Bench, minutes: float, credex_id: str, *, to: str = FARAI) -> None:
    bench.core.later(minutes * 60, lambda: bench.core.offered(credex_id=credex_id, to=to))


@pytest.mark.parametrize(("minutes", "told_after_minutes"), [(0.5, 1), (3, 5), (14, 15), (29, 30)])
def test_a_second_offer_that_shows_is_told_once_with_the_new_count(minutes: float, told_after_minutes: int) -> None:
    """Looks at 1, 5, 15 and 30 minutes; then nothing is left."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=True)
        at_first = await bench.told()
        _later(bench, minutes, "c-2")
        after_ms = await bench.until_told(3)
        await bench.until_idle()
        return at_first, (await bench.told())[2:], after_ms, await bench.intent(), len(bench.core.sent)

    told = ["found five: done another x2"]
    assert on_bench(play) == (["five: done", "rest"], told, told_after_minutes * MINUTE_MS, None, 1)


def test_each_further_offer_is_told_with_its_count() -> None:
    """And no count is told twice."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=True)
        _later(bench, 2, "c-2")
        _later(bench, 10, "c-3")
        await bench.until_idle()
        return (await bench.told())[2:], bench.passed_ms

    told = ["found five: done another x2", "found five: done another x3"]
    assert on_bench(play) == (told, 30 * MINUTE_MS)


def test_what_shows_later_than_half_an_hour_is_not_looked_for() -> None:
    """The last look is at 30 minutes."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=True)
        _later(bench, 31, "c-2")
        await bench.until_idle()
        await bench.until_idle_after(40 * 60)
        return (await bench.told())[2:], await bench.intent()

    assert on_bench(play) == ([], None)


@pytest.mark.parametrize("answer", [LOST, REFUSED], ids=["absence", "refusal"])
def test_an_offer_that_was_told_as_absent_or_refused_and_shows_late_is_told(answer: CredexError) -> None:
    """Once, as the first: the member had been told of none."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=False, answer=answer)
        before = len(await bench.told())
        _later(bench, 4, "c-late")
        await bench.until_idle()
        return (await bench.told())[before:], await bench.intent()

    assert on_bench(play) == (["found five: done"], None)


def test_a_success_answer_is_not_watched() -> None:
    """It is core's own word for this very write."""

    async def play(bench: Bench) -> bytes | None:
        bench.core.effect = bench.core.offered
        await bench.says("five")
        await bench.do()
        return await bench.intent()

    assert on_bench(play) is None


@pytest.mark.parametrize(("happened", "second"), [(True, "possibleduplicate made"), (False, "possibleduplicate")])
def test_the_same_again_is_asked_about_while_a_verdict_is_watched(second: str, *, happened: bool) -> None:
    """Nothing is sent before the member says so."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=happened)
        before = len(await bench.told())
        await bench.says("five")
        await bench.do()
        return (await bench.told())[before:], len(bench.core.sent)

    assert on_bench(play) == ([f"five: {second}", "rest"], 1)


@pytest.mark.parametrize("happened", [True, False])
@pytest.mark.parametrize("clear", [True, False])
def test_another_offer_made_despite_the_question_is_not_the_watched_ones(*, happened: bool, clear: bool) -> None:
    """The member knows of both: neither is told as a late success of the other, or as one more."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=happened)
        before = len(await bench.told())
        bench.core.effect = lambda: bench.core.offered(credex_id="c-new")
        bench.core.answer = bench.core.written() if clear else LOST
        await bench.says("despite")
        await bench.do()
        await bench.until_idle()
        return (await bench.told())[before:], len(bench.core.sent), await bench.intent()

    assert on_bench(play) == (["despite: done", "rest"], 2, None)


def test_an_offer_without_an_id_made_despite_the_question_is_not_the_watched_ones() -> None:
    """Core did not name it: one of those it shows is that one."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=False)
        before = len(await bench.told())
        bench.core.effect = lambda: bench.core.offered(credex_id="c-new")
        bench.core.answer = bench.core.nameless()
        await bench.says("despite")
        await bench.do()
        await bench.until_idle()
        return (await bench.told())[before:], len(bench.core.sent)

    assert on_bench(play) == (["despite: done", "rest"], 2)


def test_one_late_offer_is_told_for_one_of_two_watched_writes() -> None:
    """Two absences were told, and one offer shows: it is told once."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=False)
        await bench.says("despite")
        await bench.until_told(6)
        before = await bench.told()
        _later(bench, 0.1, "c-late")
        await bench.until_idle()
        return before[3:], (await bench.told())[6:]

    told = ["despite: unknown", "rest", "found despite: didnothappen"]
    assert on_bench(play) == (told, ["found despite: done"])


def test_a_look_that_fails_while_watching_is_no_news() -> None:
    """The next one of the watch is made all the same, and what was told stands."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=True)
        bench.core.failing.append(LOST)
        await bench.until_idle()
        return (await bench.told())[2:], bench.passed_ms, await bench.intent()

    assert on_bench(play) == ([], 30 * MINUTE_MS, None)


def test_a_message_comes_before_a_watch() -> None:
    """Members who write are answered first."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await _judged(bench, happened=True)
        await asyncio.sleep(61)
        await bench.says("hi")
        await bench.worker().run_once()
        return (await bench.told())[2:], [turn.event for turn in bench.turns][-1]

    assert on_bench(play) == (["home"], "said")
