"""Runs many worlds in several processes, which are replaced before they use much memory."""

from __future__ import annotations

import multiprocessing
import signal
import time
import traceback
from collections import Counter, deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import count
from multiprocessing.pool import AsyncResult
from typing import Protocol

from simulator.explore.invariants.checker import Violation
from simulator.explore.options import Options
from simulator.explore.run import GOES_ON, WorldResult, explore_one
from simulator.playback.gc import collect_if_needed, deferred_collection
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot

__all__ = ("Summary", "explore_many", "repeated_by")

WORLDS_A_TASK = 8
TASKS_A_PROCESS = 6
"""A process is replaced after so many tasks: the embedded Redis keeps about 1 MB of each world."""

HOUR_MS = 3_600_000


@dataclass(slots=True)
class Summary:
    """The sums over many worlds; the digest is made of their digests."""

    worlds: int = 0
    turns: int = 0
    virtual_ms: int = 0
    seconds: float = 0.0
    injected: Counter[str] = field(default_factory=Counter)
    checked: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    failures: list[WorldResult] = field(default_factory=list)
    digest: str = ""

    def add(self, outcome: WorldResult) -> None:
        """Add the result of a world."""
        self.worlds += 1
        self.digest = blake2b(f"{self.digest}{outcome.digest}".encode(), digest_size=16).hexdigest()
        self.turns += outcome.turns
        self.virtual_ms += outcome.virtual_ms
        self.injected += outcome.injected
        self.checked += outcome.checked
        self.lost += outcome.lost
        if outcome.violations:
            self.failures.append(outcome)

    @property
    def virtual_hours(self) -> float:
        """The virtual time of all worlds."""
        return self.virtual_ms / HOUR_MS

    @property
    def per_second(self) -> float:
        """Worlds per second."""
        return self.worlds / self.seconds if self.seconds else 0.0


def explore_many(
    first_seed: int,
    options: Options,
    *,
    worlds: int | None,
    minutes: float | None = None,
    jobs: int = 1,
    keep_going: bool = False,
    on_result: Callable[[WorldResult], None] = lambda _: None,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> Summary:
    """Explore worlds from consecutive seeds.

    Args:
        first_seed: of the first world.
        options: the properties of the worlds.
        worlds: their number; None for as many as the time allows.
        minutes: the time limit for starting a world; None for no limit.
        jobs: the number of processes.
        keep_going: whether to go on after the first world with a violation.
        on_result: called with each result, in the order of seeds.
        run_bot: starts a bot; only the service can be explored in several processes, since others cannot be pickled.
    """
    began = time.monotonic()
    deadline = None if minutes is None else began + minutes * 60
    summary = Summary()
    with _runner(jobs, run_bot) as runner:
        for outcome in runner.outcomes(_batches(first_seed, worlds, deadline), options, deadline):
            summary.add(outcome)
            summary.seconds = time.monotonic() - began
            on_result(outcome)
            if outcome.violations and not keep_going:
                break
    return summary


def repeated_by(outcome: WorldResult, options: Options) -> str:
    """The command that explores this world again."""
    return f"python -m simulator explore --seed {outcome.seed} --worlds 1{options.arguments}"


def _batches(first_seed: int, worlds: int | None, deadline: float | None) -> Iterator[Sequence[int]]:
    end = None if worlds is None else first_seed + worlds
    for start in count(first_seed, WORLDS_A_TASK):
        if (end is not None and start >= end) or _past(deadline):
            return
        yield range(start, start + WORLDS_A_TASK if end is None else min(start + WORLDS_A_TASK, end))


def _past(deadline: float | None) -> bool:
    # Forked processes have the same clock.
    return deadline is not None and time.monotonic() >= deadline


class _Runner(Protocol):
    """Runs batches of seeds."""

    def outcomes(
        self, batches: Iterator[Sequence[int]], options: Options, deadline: float | None
    ) -> Iterator[WorldResult]: ...


class _InProcess:
    """Runs them in this process."""

    def __init__(self, run_bot: Callable[[Connections], Bot]) -> None:
        self._run_bot = run_bot

    def outcomes(
        self, batches: Iterator[Sequence[int]], options: Options, deadline: float | None
    ) -> Iterator[WorldResult]:
        for seeds in batches:
            yield from _batch(seeds, options, deadline, self._run_bot)


class _ProcessPool:
    """Runs them in a pool of processes; batches are taken as needed, so their number may be unlimited."""

    def __init__(self, pool: multiprocessing.pool.Pool, jobs: int) -> None:
        self._pool = pool
        self._ahead = jobs * 2

    def outcomes(
        self, batches: Iterator[Sequence[int]], options: Options, deadline: float | None
    ) -> Iterator[WorldResult]:
        under_way: deque[AsyncResult[list[WorldResult]]] = deque()
        for seeds in batches:
            under_way.append(self._pool.apply_async(_batch, (seeds, options, deadline)))
            if len(under_way) > self._ahead:
                yield from under_way.popleft().get()
        while under_way:
            yield from under_way.popleft().get()


@contextmanager
def _runner(jobs: int, run_bot: Callable[[Connections], Bot]) -> Iterator[_Runner]:
    if run_bot is not run_service or "fork" not in multiprocessing.get_all_start_methods():
        yield _InProcess(run_bot)
        return
    # Forking avoids importing everything again, and is safe since there are no threads yet.
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs, initializer=_ignore_interrupts, maxtasksperchild=TASKS_A_PROCESS) as pool:
        yield _ProcessPool(pool, jobs)


def _ignore_interrupts() -> None:
    # On Ctrl-C the first process stops the others.
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _batch(
    seeds: Sequence[int], options: Options, deadline: float | None, run_bot: Callable[[Connections], Bot] = run_service
) -> list[WorldResult]:
    with deferred_collection():
        return [_explore_and_collect(seed, options, run_bot) for seed in seeds if not _past(deadline)]


def _explore_and_collect(seed: int, options: Options, run_bot: Callable[[Connections], Bot]) -> WorldResult:
    outcome = _explored(seed, options, run_bot)
    collect_if_needed()
    return outcome


def _explored(seed: int, options: Options, run_bot: Callable[[Connections], Bot]) -> WorldResult:
    try:
        return explore_one(seed, options, run_bot=run_bot)
    except Exception:  # noqa: BLE001 - any error is a violation of this world and is reported with its seed
        violations = Violation(GOES_ON, "", traceback.format_exc(limit=-6), 0)
        return WorldResult(seed, (violations,), "", "", 0, 0, Counter(), Counter(), Counter())
