"""Plays conversations in variant worlds, and checks that members notice nothing beyond the tolerances."""

from __future__ import annotations

import difflib
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Final

from service.settings import EMBEDDED
from simulator.credex_core import NotConservedError
from simulator.errors import SimulatorError
from simulator.matrix.relevance import relevant_quirks
from simulator.matrix.variants import FAULTS, Variant
from simulator.playback.player import replay as replayed
from simulator.playback.runner import parallel_map
from simulator.playback.snapshots import path_of
from simulator.script.conversation import Conversation, load
from simulator.whatsapp_cloud.transcript.model import Kind, Moment, Transcript
from simulator.whatsapp_cloud.transcript.render import plain
from simulator.whatsapp_cloud.virtual_time import VirtualTimeError
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot
from simulator.world.world import World

__all__ = ("Row", "VariantResult", "Verdict", "normalized_words", "play")

_FRAMES: Final = str.maketrans("", "", "│╭╮╰╯─├┤")
_SPOKE: Final = frozenset({Kind.SAID, Kind.TAPPED, Kind.FILLED})
_ANSWERED: Final = frozenset({Kind.SHOWN, Kind.BOT_REACTED})
MAX_DIFF_LINES: Final = 12


class Verdict(StrEnum):
    """The result of one conversation in one variant world."""

    SAME = "same"
    TOLERATED = "tolerated"
    DIVERGED = "diverged"
    INVARIANTS_HOLD = "invariants hold"
    IRRELEVANT = "irrelevant"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class VariantResult:
    """The verdict on a conversation, and its reason in words where there is one."""

    name: str
    verdict: Verdict
    said: str = ""
    relevant_quirks: frozenset[str] = frozenset()
    """The quirks that could have had an effect, if the variant determines that."""


@dataclass(slots=True)
class Row:
    """The results of one variant."""

    variant: Variant
    seconds: float = 0.0
    results: list[VariantResult] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Verdict]:
        """The number of conversations per verdict."""
        return Counter(result.verdict for result in self.results)

    @property
    def played(self) -> int:
        """The number of conversations that were played."""
        return len(self.results) - self.counts[Verdict.IRRELEVANT]

    @property
    def good(self) -> bool:
        """Whether no verdict is WRONG."""
        return not self.counts[Verdict.WRONG]


def play(
    variants: Sequence[Variant],
    paths: Sequence[Path],
    *,
    jobs: int = 1,
    most: int | None = None,
    on_result: Callable[[VariantResult], None] = lambda _: None,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> Iterator[Row]:
    """Play conversations in each variant; yields a row for each variant when it is done.

    Variants that find out relevant quirks are played first, over all paths. Then a single quirk of core is played
    only where it could have an effect.

    Args:
        variants: the variant worlds.
        paths: files of stored conversations; their stored transcripts are compared with.
        jobs: the number of worker processes.
        most: draw so many of the relevant conversations for each other variant; None for all.
        on_result: called with each result.
        run_bot: starts the bot under test.
    """
    known: dict[str, frozenset[str]] = {}
    for variant in sorted(variants, key=lambda each: not each.finds_relevance):
        row, began = Row(variant), time.perf_counter()
        share = [
            path for path in paths if variant.name in known.get(_name(path), {variant.name}) or not variant.single_quirk
        ]
        row.results += [_irrelevant(_name(path), variant) for path in paths if path not in share]
        if most is not None and not variant.finds_relevance:
            share = random.Random(variant.name).sample(share, min(most, len(share)))
        with parallel_map(partial(_play_one, variant=variant, run_bot=run_bot), share, jobs) as results:
            for result in results:
                row.results.append(result)
                on_result(result)
        if variant.finds_relevance:
            known = {result.name: result.relevant_quirks for result in row.results}
        row.seconds = time.perf_counter() - began
        yield row


def _irrelevant(name: str, variant: Variant) -> VariantResult:
    if name in variant.divergences:
        return VariantResult(
            name, Verdict.WRONG, "it is listed as diverging, though the quirk could not have an effect in it"
        )
    return VariantResult(name, Verdict.IRRELEVANT)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _play_one(path: Path, *, variant: Variant, run_bot: Callable[[Connections], Bot]) -> VariantResult:
    name = _name(path)
    conversation = load(path)
    worlds: list[World] = []

    def prepare(world: World) -> None:
        worlds.append(world)
        variant.apply(world)

    problem, transcript = "", None
    try:
        transcript = replayed(conversation, redis_url=EMBEDDED, run_bot=run_bot, bend=prepare)
    except (SimulatorError, VirtualTimeError) as error:
        problem = str(error)
    except NotConservedError as error:
        return VariantResult(name, Verdict.WRONG, f"money was not conserved: {error}")
    if variant.invariants_only:
        return _check_invariants(name, conversation, transcript, worlds[0])
    result = _compared(name, variant, "" if transcript is None else plain(transcript), problem)
    return replace(result, relevant_quirks=relevant_quirks(worlds[0].core)) if variant.finds_relevance else result


# -- comparing --------------------------------------------------------------------------------------------------------


def _compared(name: str, variant: Variant, made: str, problem: str) -> VariantResult:
    path = path_of(name)
    if not path.exists():
        return VariantResult(name, Verdict.WRONG, f"there is no transcript to compare with: {path.name}")
    kept = path.read_text(encoding="utf-8")
    if divergence := variant.divergences.get(name):
        seen = made != kept and re.search(divergence.seen, problem or normalized_words(made))
        said = f"expected in its transcript, since {divergence.why}: {divergence.seen}\n{problem}"
        return (
            VariantResult(name, Verdict.DIVERGED, divergence.why) if seen else VariantResult(name, Verdict.WRONG, said)
        )
    if problem or made == kept:
        return VariantResult(name, Verdict.WRONG if problem else Verdict.SAME, problem)
    return _judge_difference(name, variant, kept, made)


def _judge_difference(name: str, variant: Variant, kept: str, made: str) -> VariantResult:
    """The verdict on a transcript that differs from the stored one."""
    if not (variant.tolerances or variant.reordered):
        return VariantResult(name, Verdict.WRONG, _difference(kept, made))
    usual, seen = normalized_words(kept), normalized_words(made)
    for tolerance in variant.tolerances:
        usual, seen = tolerance.remove(usual), tolerance.remove(seen)
    if _words(usual, variant) == _words(seen, variant):
        return VariantResult(name, Verdict.TOLERATED)
    return VariantResult(name, Verdict.WRONG, _difference(_by_message(usual), _by_message(seen)))


def _words(text: str, variant: Variant) -> list[str]:
    # Punctuation differs when a list is reversed.
    return sorted(word.strip(",.*") for word in text.split()) if variant.reordered else text.split()


def _difference(usual: str, seen: str) -> str:
    lines = list(difflib.unified_diff(usual.splitlines(), seen.splitlines(), "usual", "now", lineterm="", n=1))
    return "\n".join(lines[2 : 2 + MAX_DIFF_LINES])


def normalized_words(text: str) -> str:
    """The words of a transcript, with ids and times, without frames and line breaks."""
    return _squeezed(text.translate(_FRAMES))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _by_message(words: str) -> str:
    """One line per message, so that the difference is short."""
    return re.sub(r"( m[0-9]+(?: (?:day [0-9]+, )?\+[0-9:]+)?)(?= |$)", r"\1\n", _squeezed(words))


# -- invariants -------------------------------------------------------------------------------------------------------


def _check_invariants(
    name: str, conversation: Conversation, transcript: Transcript | None, world: World
) -> VariantResult:
    """Check that money is conserved, no offer is made unasked, and every message is answered."""
    try:
        world.core.check_conserved()
    except NotConservedError as error:
        return VariantResult(name, Verdict.WRONG, f"money was not conserved: {error}")
    moments = world.recorder.since(0) if transcript is None else transcript.moments
    offers = sum(call.endpoint == "createCredex" for call in world.core.calls)
    asked = sum(moment.kind in _SPOKE for moment in moments)
    if offers > asked:
        return VariantResult(
            name, Verdict.WRONG, f"{offers} offers were made, though members wrote only {asked} messages"
        )
    quiet = not any(line.key in FAULTS for line in conversation.lines)
    if transcript is not None and quiet and (unanswered := _unanswered(moments)) is not None:
        return VariantResult(name, Verdict.WRONG, f"{unanswered.member} wrote {unanswered.text!r} and was not answered")
    return VariantResult(name, Verdict.INVARIANTS_HOLD)


def _unanswered(moments: Sequence[Moment]) -> Moment | None:
    """The first message that was not answered before its sender wrote again, or at all."""
    waiting: dict[str, Moment] = {}
    for moment in moments:
        if moment.kind in _ANSWERED:
            waiting.pop(moment.member, None)
        elif moment.kind in _SPOKE:
            if moment.member in waiting and waiting[moment.member].at_ms < moment.at_ms:
                return waiting[moment.member]
            waiting[moment.member] = moment
    return next(iter(waiting.values()), None)
