"""Plays many conversations and compares each with its stored transcript."""

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
"""For fewer paths, a further process does not pay for its start."""

HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Played:
    """The result of one conversation.

    Attributes:
        transcript: None if it could not be played.
        problem: why it could not be played, or empty.
        difference: how the transcript differs from the stored one, or empty.
        cached: the transcript comes from the cache.
    """

    name: str
    transcript: Transcript | None = None
    problem: str = ""
    difference: str = ""
    cached: bool = False

    @property
    def good(self) -> bool:
        """Whether it was played and does not differ."""
        return not self.problem and not self.difference


@dataclass(frozen=True, slots=True)
class Report:
    """The results of all conversations."""

    played: tuple[Played, ...]
    seconds: float

    @property
    def good(self) -> bool:
        """Whether all are good."""
        return not self.wrong

    @property
    def wrong(self) -> int:
        """How many are not good."""
        return sum(not played.good for played in self.played)

    @property
    def cached(self) -> int:
        """How many transcripts come from the cache."""
        return sum(played.cached for played in self.played)

    @property
    def turns(self) -> int:
        """How many messages people sent in all."""
        return sum(played.transcript.turns for played in self.played if played.transcript)

    @property
    def virtual_hours(self) -> float:
        """How much virtual time passed in all."""
        made = [played.transcript for played in self.played if played.transcript and played.transcript.moments]
        return sum(each.moments[-1].at_ms - each.start_ms for each in made) / HOUR_MS


def play_all(
    paths: Sequence[Path],
    *,
    seed: int = 1,
    redis_url: str = EMBEDDED,
    on_result: Callable[[Played], None] = lambda _: None,
    progress: Console | None = None,
    jobs: int = 1,
    cache: ReplayCache | None = None,
) -> Report:
    """Play conversations.

    Args:
        paths: their files. Transcripts of stored conversations are compared with the stored transcripts.
        seed: of everything random.
        redis_url: a real Redis with an empty database, or ``embedded://``.
        on_result: called with each result, in the order of the paths.
        progress: where to show the progress.
        jobs: how many processes play at the same time; 1 with a real Redis.
        cache: provides and stores transcripts of stored conversations on the embedded Redis.
    """
    began = time.perf_counter()
    results_so_far = []
    play = partial(_play, seed=seed, redis_url=redis_url, cache=cache if redis_url == EMBEDDED else None)
    jobs = jobs if redis_url == EMBEDDED else 1
    with _progress(progress, len(paths)) as step, parallel_map(play, paths, jobs) as results:
        for played in results:
            results_so_far.append(played)
            step(played.name)
            on_result(played)
    return Report(tuple(results_so_far), time.perf_counter() - began)


@contextmanager
def parallel_map(work: Callable[[Path], _T], paths: Sequence[Path], jobs: int) -> Iterator[Iterator[_T]]:
    """The results of a function on each path, in their order, computed by a number of processes."""
    workers = min(jobs, len(paths) // PATHS_A_PROCESS)
    forks = "fork" in multiprocessing.get_all_start_methods()
    collecting = partial(_collecting, work)
    with deferred_collection():
        if workers < 2 or not forks:  # noqa: PLR2004 - one process is this one
            yield map(collecting, paths)
            return
        # Forked processes need not import everything again, and there are no threads yet that a fork could disturb.
        with ProcessPoolExecutor(workers, multiprocessing.get_context("fork")) as pool:
            yield pool.map(collecting, paths)


def _collecting(work: Callable[[Path], _T], path: Path) -> _T:
    """Work on a path, then collect garbage if there is much."""
    done = work(path)
    collect_if_needed()
    return done


def _play(path: Path, *, seed: int, redis_url: str, cache: ReplayCache | None) -> Played:
    name = f"{path.parent.name}/{path.stem}"
    ours = path.resolve().is_relative_to(CONVERSATIONS.resolve())
    kept = cache if ours else None
    transcript = kept.find(path, seed) if kept else None
    cached = transcript is not None
    if transcript is None:
        try:
            transcript = replay(load(path), seed=seed, redis_url=redis_url)
        except (SimulatorError, VirtualTimeError) as error:
            return Played(name, problem=str(error))
        if kept:
            kept.keep(path, seed, transcript)
    # The stored transcript can have changed, so even a cached one is compared.
    differs = difference(name, plain(transcript)) if ours else ""
    return Played(name, transcript, difference=differs, cached=cached)


@contextmanager
def _progress(console: Console | None, total: int) -> Iterator[Callable[[str], None]]:
    if console is None:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("playing", total=total)
        yield lambda name: bar.update(task, advance=1, description=name)
