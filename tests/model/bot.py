"""The bot in the model: it sends once, looks, states, watches, and warns, by rules that a test may replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, assert_never

from service.writes.verdict import (
    FIRST_COUNTING_MS,
    Conclusion,
    Found,
    Look,
    LookMemory,
    Nothing,
    OfferBaseline,
    OfferTerms,
    OtherNames,
    Undecided,
    lookalikes,
    reach_verdict,
)
from tests.model.core import NEVER, dollars
from tests.model.worlds import CENTS, SENT_MS, World

__all__ = ("RULES", "Result", "Rules", "play")

SECOND: Final = 1_000
SEND_WITHIN_MS: Final = 5 * SECOND
LOOKS_S: Final = (15, 30, 120, 140, 600, 620, 3_600, 7_200)
WATCH_S: Final = (60, 300, 900, 1_800)
AGAIN_MS: Final = 5 * SECOND
"""A look that failed is made again so much later."""

MOST_AGAIN: Final = 3

SETTLES_MS: Final = 20 * SECOND
"""A statement about now may miss what others did so recently."""

Judge = Callable[[OfferTerms, OfferBaseline, Look, int, LookMemory, World], Conclusion]


def _judge(
    terms: OfferTerms, baseline: OfferBaseline, look: Look, send_by_ms: int, previous: LookMemory, _: World
) -> Conclusion:
    return reach_verdict(terms, baseline, look, send_by_ms=send_by_ms, memory=previous)


@dataclass(frozen=True, slots=True)
class Rules:
    """What the bot goes by.

    Attributes:
        judge: what a look proves.
        looks_s: when it looks, after the pending write was stored.
        watch_s: when it looks after a verdict.
        stale_ms: how old the dashboard is that decides about lookalikes.
        warns: whether it warns of an unresolved or watched write.
        prepare: changes how the bot reads core.
    """

    reach_verdict: Judge = _judge
    looks_s: tuple[int, ...] = LOOKS_S
    watch_s: tuple[int, ...] = WATCH_S
    stale_ms: int = 0
    warns: bool = True
    prepare: Callable[[World], None] = field(default=lambda _: None)


RULES: Final = Rules()


@dataclass(slots=True)
class Result:
    """What came of one world.

    Attributes:
        false: statements that were not true, in words.
        unwarned: the same offer was made twice, and the member was not warned.
        unknown_ms: how long the member did not know.
    """

    false: list[str] = field(default_factory=list)
    unwarned: bool = False
    unknown_ms: int = 0
    said: list[str] = field(default_factory=list)


def play(world: World, rules: Rules = RULES) -> Result:
    """Play one world to the end of its watch."""
    result = Result()
    core = world.core
    rules.prepare(world)
    baseline_ms = SENT_MS - 200 - 2 * core.form.slow_ms
    baseline = core.baseline(baseline_ms)
    watch = _until_verdict(world, rules, result, baseline, baseline_ms)
    if world.retry_ms < NEVER:
        _retry(world, rules, result, verdict_ms=watch)
    return result


def _until_verdict(world: World, rules: Rules, result: Result, baseline: OfferBaseline, baseline_ms: int) -> int:
    core, send_by_ms = world.core, SENT_MS + SEND_WITHIN_MS
    previous = LookMemory()
    times = [world.answer_ms, *(SENT_MS + at * SECOND for at in rules.looks_s)]
    verdict_ms, told, again = NEVER, 0, 0
    while times:
        at_ms = times.pop(0)
        look = core.read(at_ms, baseline.pending)
        if look is None:
            times.insert(0, at_ms + AGAIN_MS)
            continue
        names = frozenset({"Farai", world.receiver.name_at(at_ms)})
        terms = OfferTerms(dollars(CENTS), names)
        conclusion = rules.reach_verdict(terms, baseline, look, send_by_ms, previous, world)
        previous = conclusion.memory
        if isinstance(conclusion.verdict, Undecided):
            if previous.counted_ms is None and at_ms >= send_by_ms + FIRST_COUNTING_MS and again < MOST_AGAIN:
                again += 1
                times.insert(0, at_ms + AGAIN_MS)
            elif again:
                again = 0
                times[:1] = [max(each, at_ms + 20 * SECOND) for each in times[:1]]
            continue
        if told and not (isinstance(conclusion.verdict, Found) and len(conclusion.verdict.rows) > told):
            continue  # while a found offer is watched, only another one is news
        told = len(conclusion.verdict.rows) if isinstance(conclusion.verdict, Found) else told
        _state(world, result, conclusion, look, baseline_ms)
        if verdict_ms == NEVER:
            verdict_ms = at_ms
            times = [at_ms + each * SECOND for each in rules.watch_s]
    # Without a verdict the last look is as long as the model goes.
    result.unknown_ms = min(verdict_ms, SENT_MS + rules.looks_s[-1] * SECOND) - world.answer_ms
    _never_told(world, result, told, baseline_ms, rules, verdict_ms)
    return verdict_ms


def _state(world: World, result: Result, conclusion: Conclusion, look: Look, baseline_ms: int) -> None:
    """Hold what the member is told against what core holds."""
    core, at_ms = world.core, look.at_ms
    match conclusion.verdict:
        case Found(rows=rows):
            result.said.append(f"{at_ms}: found {len(rows)}")
            lately = range(at_ms - core.form.lag_ms, at_ms + 2 * core.form.slow_ms + 1)
            held = [
                len(core.matching(world.receiver, CENTS, baseline_ms - core.form.lag_ms, at)) for at in _sample(lately)
            ]
            if max(held) == 0:
                result.false.append(f"{at_ms}: found {len(rows)}, and there is none")
            elif max(held) < len(rows):
                result.false.append(f"{at_ms}: found {len(rows)}, and there are {max(held)}")
        case Nothing() | OtherNames():
            result.said.append(f"{at_ms}: {type(conclusion.verdict).__name__}")
            if isinstance(conclusion.verdict, OtherNames):
                return  # the rows are listed, and the member is asked
            there = core.matching(world.receiver, CENTS, baseline_ms, at_ms)
            if any(each is world.ours or each.made_ms < at_ms - SETTLES_MS for each in there):
                result.false.append(f"{at_ms}: nothing, and there is {there}")
            elif world.ours is not None and world.ours.made_ms > at_ms:
                result.false.append(f"{at_ms}: nothing, and it comes at {world.ours.made_ms}")
        case Undecided():
            raise AssertionError("nothing is said of what is undecided")
        case _:
            assert_never(conclusion.verdict)


def _sample(span: range) -> list[int]:
    step = max(1, len(span) // 40)
    return [*span[::step], span[-1]]


def _never_told(world: World, result: Result, told: int, baseline_ms: int, rules: Rules, verdict_ms: int) -> None:
    """A second match that comes while the write is watched has to be told."""
    if verdict_ms == NEVER or not told:
        return
    end = verdict_ms + (rules.watch_s[-1] if rules.watch_s else WATCH_S[-1]) * SECOND
    settled = end - world.core.form.lag_ms - 60 * SECOND
    there = world.core.matching(world.receiver, CENTS, baseline_ms, settled)
    if world.ours in there and len(there) > told and not rules.watch_s:
        result.false.append(f"{end}: {len(there)} were made, and {told} told")


def _retry(world: World, rules: Rules, result: Result, *, verdict_ms: int) -> None:
    """The member offers the same once more; it is a duplicate if the first is there, or comes."""
    at_ms = world.retry_ms
    watch_ms = rules.watch_s[-1] * SECOND if rules.watch_s else 0
    look = None
    while look is None:
        look = world.core.read(at_ms - rules.stale_ms, ())
    warned = rules.warns and at_ms < verdict_ms + watch_ms
    # The confirmed screen is older than the fresh baseline: it showed nothing alike.
    warned = warned or bool(lookalikes(dollars(CENTS), look.pending, frozenset()))
    ours = world.ours
    result.unwarned = ours is not None and min(ours.released_ms, ours.expired_ms) == NEVER and not warned
