"""Plays many conversations and compares each with what is kept of it."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from service.settings import EMBEDDED
from simulator.errors import SimulatorError
from simulator.playback.cache import ReplayCache
from simulator.playback.gc import collect_if_needed, deferred_collection
from simulator.playback.player import replay
from simulator.playback.snapshots import difference
from simulator.script.conversation import load
from simulator.script.library import CONVERSATIONS
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.transcript.render import plain
from simulator.whatsapp_cloud.virtual_time import VirtualTimeError

__all__ = ("Played", "Report", "parallel_map", "play_all")

_T = TypeVar("_T")

PATHS_A_PROCESS: Final = 4
"""For fewer, another process is not worth its start."""

HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one conversation: a transcript, or a problem; and how it differs from the one kept."""

    name: str
    transcript: Transcript | None = None
    problem: str = ""
    difference: str = ""
    before: bool = False
    """It was played before, and nothing that it depends on has changed since."""

    @property
    def good(self) -> bool:
        """Whether it went as expected."""
        return not self.problem and not self.difference


@dataclass(frozen=True, slots=True)
class Report:
    """What came of all of them."""

    played: tuple[Played, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all went as expected."""
        return not self.wrong

    @property
    def wrong(self) -> int:
        """How many did not."""
        return sum(not played.good for played in self.played)

    @property
    def before(self) -> int:
        """How many had been played before."""
        return sum(played.before for played in self.played)

    @property
    def turns(self) -> int:
        """How many messages members sent in all."""
        return sum(played.transcript.turns for played in self.played if played.transcript)

    @property
    def virtual_hours(self) -> float:
        """How long it took by the clocks of those who took part."""
        made = [played.transcript for played in self.played if played.transcript and played.transcript.moments]
        return sum(each.moments[-1].at_ms - each.start_ms for each in made) / HOUR_MS


def play_all(
    paths: Sequence[Path],
    *,
    seed: int = 1,
    redis_url: str = EMBEDDED,
    told: Callable[[Played], None] = lambda _: None,
    progress: Console | None = None,
    jobs: int = 1,
    cache: ReplayCache | None = None,
) -> Report:
    """Play conversations, and tell of them in their order.

    Args:
        paths: their files. Those that are stored are compared with the transcripts kept.
        seed: of all that is left to chance.
        redis_url: a real Redis with an empty database, or ``embedded://``.
        told: told of each as it ends.
        progress: where to show how far it has come.
        jobs: how many are played at the same time, each in a process of its own; 1 with a real Redis.
        cache: transcripts of stored conversations played before, which need not be played again on the embedded Redis.
    """
    began = time.perf_counter()
    told_of = []
    play = partial(_play, seed=seed, redis_url=redis_url, cache=cache if redis_url == EMBEDDED else None)
    jobs = jobs if redis_url == EMBEDDED else 1
    with _progress(progress, len(paths)) as step, parallel_map(play, paths, jobs) as results:
        for played in results:
            told_of.append(played)
            step(played.name)
            told(played)
    return Report(tuple(told_of), time.perf_counter() - began)


@contextmanager
def parallel_map(work: Callable[[Path], _T], paths: Sequence[Path], jobs: int) -> Iterator[Iterator[_T]]:
    """The results of some work on each path, in their order, done by so many processes at the same time."""
    workers = min(jobs, len(paths) // PATHS_A_PROCESS)
    forks = "fork" in multiprocessing.get_all_start_methods()
    tidy = partial(_tidily, work)
    with deferred_collection():
        if workers < 2 or not forks:  # noqa: PLR2004 - one process is this one
            yield map(tidy, paths)
            return
        # Forked, they need not import all of it again; there are no threads yet that this could disturb.
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
            yield pool.map(tidy, paths)


def _tidily(work: Callable[[Path], _T], path: Path) -> _T:
    """Work on a path; what many worlds left behind is collected between two of them."""
    done = work(path)
    collect_if_needed()
    return done


def _play(path: Path, *, seed: int, redis_url: str, cache: ReplayCache | None) -> Played:
    name = f"{path.parent.name}/{path.stem}"
    ours = path.resolve().is_relative_to(CONVERSATIONS.resolve())
    kept = cache if ours else None
    transcript = kept.find(path, seed) if kept else None
    before = transcript is not None
    if transcript is None:
        try:
            transcript = replay(load(path), seed=seed, redis_url=redis_url)
        except (SimulatorError, VirtualTimeError) as error:
            return Played(name, problem=str(error))
        if kept:
            kept.keep(path, seed, transcript)
    # What is kept as a snapshot may have changed even so: it is compared each time.
    differs = difference(name, plain(transcript)) if ours else ""
    return Played(name, transcript, difference=differs, before=before)


@contextmanager
def _progress(console: Console | None, total: int) -> Iterator[Callable[[str], None]]:
    if console is None:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("playing", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)
