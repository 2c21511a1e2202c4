"""Plays conversations in odd worlds, and sees to it that members notice nothing that they should not notice."""

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
from simulator.world.process import Bot
from simulator.world.world import Connections, World, run_service

__all__ = ("Row", "VariantResult", "Verdict", "normalized_words", "play")

_FRAMES: Final = str.maketrans("", "", "│╭╮╰╯─├┤")
_SPOKE: Final = frozenset({Kind.SAID, Kind.TAPPED, Kind.FILLED})
_ANSWERED: Final = frozenset({Kind.SHOWN, Kind.BOT_REACTED})
MOST_SAID: Final = 12


class Verdict(StrEnum):
    """What came of one conversation in one odd world."""

    SAME = "same"
    ALLOWED = "as allowed"
    APART = "apart"
    KEPT = "promises kept"
    UNTOUCHED = "untouched"
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class VariantResult:
    """The verdict on a conversation, and what it is based on where that is not plain."""

    name: str
    verdict: Verdict
    said: str = ""
    relevant_quirks: frozenset[str] = frozenset()
    """Which oddities of Credex core could have shown, in a variant that tells."""


@dataclass(slots=True)
class Row:
    """One variant's line of the table."""

    variant: Variant
    seconds: float = 0.0
    results: list[VariantResult] = field(default_factory=list)

    @property
    def counts(self) -> Counter[Verdict]:
        """How often each verdict was given."""
        return Counter(result.verdict for result in self.results)

    @property
    def played(self) -> int:
        """How many were played."""
        return len(self.results) - self.counts[Verdict.UNTOUCHED]

    @property
    def good(self) -> bool:
        """Whether nobody noticed anything that they should not."""
        return not self.counts[Verdict.WRONG]


def play(
    variants: Sequence[Variant],
    paths: Sequence[Path],
    *,
    jobs: int = 1,
    most: int | None = None,
    told: Callable[[VariantResult], None] = lambda _play_one: None,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> Iterator[Row]:
    """Play conversations in each variant; a row for each as it is done.

    A variant that tells is played first, over all paths: in what follows, an oddity of Credex core is only played where
    it could show.

    Args:
        variants: the odd worlds.
        paths: files of stored conversations, whose kept transcripts say what members usually see.
        jobs: how many are played at the same time.
        most: of those where it could show, so many are drawn for each variant that does not tell; all if None.
        told: told of each outcome.
        run_bot: starts the bot; the service by default.
    """
    known: dict[str, frozenset[str]] = {}
    for variant in sorted(variants, key=lambda each: not each.finds_relevance):
        row, began = Row(variant), time.perf_counter()
        share = [
            path for path in paths if variant.name in known.get(_name(path), {variant.name}) or not variant.single_quirk
        ]
        row.results += [_untouched(_name(path), variant) for path in paths if path not in share]
        if most is not None and not variant.finds_relevance:
            share = random.Random(variant.name).sample(share, min(most, len(share)))
        with parallel_map(partial(_play_one, variant=variant, run_bot=run_bot), share, jobs) as results:
            for result in results:
                row.results.append(result)
                told(result)
        if variant.finds_relevance:
            known = {result.name: result.relevant_quirks for result in row.results}
        row.seconds = time.perf_counter() - began
        yield row


def _untouched(name: str, variant: Variant) -> VariantResult:
    if name in variant.divergences:
        return VariantResult(
            name, Verdict.WRONG, "it is said to go another way, though the oddity could not show in it"
        )
    return VariantResult(name, Verdict.UNTOUCHED)


def _name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def _play_one(path: Path, *, variant: Variant, run_bot: Callable[[Connections], Bot]) -> VariantResult:
    name = _name(path)
    conversation = load(path)
    worlds: list[World] = []

    def bend(world: World) -> None:
        worlds.append(world)
        variant.bend(world)

    problem, transcript = "", None
    try:
        transcript = replayed(conversation, redis_url=EMBEDDED, run_bot=run_bot, bend=bend)
    except (SimulatorError, VirtualTimeError) as error:
        problem = str(error)
    except NotConservedError as error:
        return VariantResult(name, Verdict.WRONG, f"money was not conserved: {error}")
    if variant.promises:
        return _promised(name, conversation, transcript, worlds[0])
    result = _compared(name, variant, "" if transcript is None else plain(transcript), problem)
    return replace(result, relevant_quirks=relevant_quirks(worlds[0].core)) if variant.finds_relevance else result


# -- comparing --------------------------------------------------------------------------------------------------------


def _compared(name: str, variant: Variant, made: str, problem: str) -> VariantResult:
    path = path_of(name)
    if not path.exists():
        return VariantResult(name, Verdict.WRONG, f"there is no transcript of it to compare with: {path.name}")
    kept = path.read_text(encoding="utf-8")
    if apart := variant.divergences.get(name):
        seen = made != kept and re.search(apart.seen, problem or normalized_words(made))
        said = f"expected to be seen, since {apart.why}: {apart.seen}\n{problem}"
        return VariantResult(name, Verdict.APART, apart.why) if seen else VariantResult(name, Verdict.WRONG, said)
    if problem or made == kept:
        return VariantResult(name, Verdict.WRONG if problem else Verdict.SAME, problem)
    return _excused(name, variant, kept, made)


def _excused(name: str, variant: Variant, kept: str, made: str) -> VariantResult:
    """The verdict on a transcript that is not the usual one."""
    if not (variant.tolerances or variant.reordered):
        return VariantResult(name, Verdict.WRONG, _difference(kept, made))
    usual, seen = normalized_words(kept), normalized_words(made)
    for difference in variant.tolerances:
        usual, seen = difference.remove(usual), difference.remove(seen)
    if _words(usual, variant) == _words(seen, variant):
        return VariantResult(name, Verdict.ALLOWED)
    return VariantResult(name, Verdict.WRONG, _difference(_broken_up(usual), _broken_up(seen)))


def _words(text: str, variant: Variant) -> list[str]:
    # What ends a list is another word when the list is turned around.
    return sorted(word.strip(",.*") for word in text.split()) if variant.reordered else text.split()


def _difference(usual: str, seen: str) -> str:
    lines = list(difflib.unified_diff(usual.splitlines(), seen.splitlines(), "usual", "now", lineterm="", n=1))
    return "\n".join(lines[2 : 2 + MOST_SAID])


def normalized_words(text: str) -> str:
    """A transcript's words, with ids and times, without frames and without the ends of lines."""
    return _squeezed(text.translate(_FRAMES))


def _squeezed(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def _broken_up(words: str) -> str:
    """A line for each message, so that a difference is short."""
    return re.sub(r"( m[0-9]+(?: (?:day [0-9]+, )?\+[0-9:]+)?)(?= |$)", r"\1\n", _squeezed(words))


# -- promises ---------------------------------------------------------------------------------------------------------


def _promised(name: str, conversation: Conversation, transcript: Transcript | None, world: World) -> VariantResult:
    """What holds in any world: money is conserved, no offer is made unasked, and who writes is answered."""
    try:
        world.core.check_conserved()
    except NotConservedError as error:
        return VariantResult(name, Verdict.WRONG, f"money was not conserved: {error}")
    moments = world.recorder.since(0) if transcript is None else transcript.moments
    offers = sum(call.endpoint == "createCredex" for call in world.core.calls)
    asked = sum(moment.kind in _SPOKE for moment in moments)
    if offers > asked:
        return VariantResult(
            name, Verdict.WRONG, f"{offers} offers were made, though members only wrote {asked} messages"
        )
    quiet = not any(line.key in FAULTS for line in conversation.lines)
    if transcript is not None and quiet and (unanswered := _unanswered(moments)) is not None:
        return VariantResult(name, Verdict.WRONG, f"{unanswered.member} wrote {unanswered.text!r} and was not answered")
    return VariantResult(name, Verdict.KEPT)


def _unanswered(moments: Sequence[Moment]) -> Moment | None:
    """A message that nothing was answered to before its writer wrote again, or ever."""
    waiting: dict[str, Moment] = {}
    for moment in moments:
        if moment.kind in _ANSWERED:
            waiting.pop(moment.member, None)
        elif moment.kind in _SPOKE:
            if moment.member in waiting and waiting[moment.member].at_ms < moment.at_ms:
                return waiting[moment.member]
            waiting[moment.member] = moment
    return next(iter(waiting.values()), None)
