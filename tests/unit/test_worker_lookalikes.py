"""The worker and offers that look the same: asked about, and told apart."""

from __future__ import annotations

import asyncio
from typing import Final

import pytest

from service.credex.errors import CredexError, NoAnswerError, NotSentError, ServerError
from tests.unit.reconciler_desk import FARAI
from tests.unit.worker_bench import BASELINE, Bench, lost, on_bench

LOST: Final = NoAnswerError("no answer")
AWAY: Final = NotSentError("down")


def test_the_same_again_is_looked_for_first_and_not_sent_if_it_is_there() -> None:
    """The member confirmed the second without knowing of the first, so is asked once more."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=True)
        await bench.says("five")
        await bench.do()
        told = (await bench.told())[2:]
        await bench.until_idle()
        return told, (await bench.told())[5:], len(bench.core.sent), await bench.intent()

    assert on_bench(play) == (["found five: done", "five: possibleduplicate made", "rest"], [], 1, None)


def _works(bench: Bench) -> None:
    """Core answers again."""
    bench.core.answer, bench.core.effect = bench.core.written(), bench.core.offered


@pytest.mark.parametrize(("minutes", "asked"), [(2.5, True), (30, True), (34, False)])
def test_the_same_again_is_asked_about_while_the_absence_of_the_first_is_watched(
    minutes: float, *, asked: bool
) -> None:
    """It may show late; after half an hour the second is sent without a question."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=False)
        await bench.until_told(3)
        _works(bench)
        worker = asyncio.create_task(bench.until_idle())
        await asyncio.sleep(minutes * 60)
        await bench.says("five")
        await bench.do()
        await worker
        return (await bench.told())[2:], len(bench.core.sent)

    second = "possibleduplicate" if asked else "done"
    assert on_bench(play) == (["found five: didnothappen", f"five: {second}", "rest"], 1 if asked else 2)


@pytest.mark.parametrize("reads", [[AWAY, None, None], [None, None, None]])
def test_the_same_again_is_doubtful_while_the_first_is_unresolved(reads: list[CredexError | None]) -> None:
    """Core cannot be looked at, or it is too early to tell: nothing is sent before the member says so."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=False)
        bench.core.failing.extend(reads)
        await bench.says("five")
        await bench.do()
        return (await bench.told())[2:], len(bench.core.sent), await bench.intent() is not None

    assert on_bench(play) == (["five: possibleduplicate", "rest"], 1, True)


@pytest.mark.parametrize("to", [FARAI, "Chipo Dube Personal"])
def test_an_offer_of_the_amount_that_was_made_elsewhere_is_asked_about(to: str) -> None:
    """The confirmed screen did not show it, and the fresh baseline does: nothing is sent."""

    async def play(bench: Bench) -> tuple[object, ...]:
        bench.core.offered(credex_id="c-elsewhere", to=to)
        await bench.says("five")
        await bench.do()
        asked = await bench.told(), len(bench.core.sent), await bench.intent()
        _works(bench)
        await bench.says("despite")
        await bench.do()
        return *asked, (await bench.told())[2:], len(bench.core.sent)

    told = ["five: possibleduplicate elsewhere", "rest"]
    assert on_bench(play) == (told, 0, None, ["despite: done", "rest"], 1)


@pytest.mark.parametrize(("happened", "found"), [(True, "done"), (False, "didnothappen")])
def test_the_same_again_despite_the_doubt_is_sent_and_not_taken_for_the_first(found: str, *, happened: bool) -> None:
    """What is found later is the first one's own."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=happened)
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
@pytest.mark.parametrize("found_at_once", [True, False])
def test_one_offer_where_two_may_have_been_made_is_told_once(answer: CredexError, *, found_at_once: bool) -> None:
    """Core shows one: one of the two takes it, and the other one is not there."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=False)
        bench.core.answer, bench.core.effect = answer, bench.core.offered
        bench.core.failing.extend([AWAY, *BASELINE, None if found_at_once else AWAY])
        await bench.says("despite")
        await bench.do()
        await bench.until_idle()
        return (await bench.told())[2:], len(bench.core.sent), len(bench.core.outgoing) - 1, await bench.intent()

    told = ["despite: done", "rest", "found five: didnothappen"]
    if not found_at_once:
        told = ["despite: unknown", "rest", "found despite: done", "found five: didnothappen"]
    assert on_bench(play) == (told, 2, 1, None)


@pytest.mark.parametrize("answer", [LOST, ServerError(http_status=500)])
def test_an_offer_that_stood_before_the_second_was_sent_is_the_firsts(answer: CredexError) -> None:
    """The second one's baseline tells them apart."""

    async def play(bench: Bench) -> tuple[object, ...]:
        await lost(bench, happened=True)
        bench.core.answer = answer
        bench.core.failing.append(AWAY)
        await bench.says("despite")
        await bench.do()
        await bench.until_idle()
        return (await bench.told())[2:], len(bench.core.sent), await bench.intent()

    told = ["despite: unknown", "rest", "found five: done", "found despite: didnothappen"]
    assert on_bench(play) == (told, 2, None)
