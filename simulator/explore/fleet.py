"""Many worlds, in as many processes as there is work for; none lives long enough to grow."""

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
"""After so many a process is replaced: the embedded Redis keeps about a megabyte of each world."""

HOUR_MS = 3_600_000


@dataclass(slots=True)
class Summary:
    """What came of many worlds, added up; the digest is of all that passed on all their wires."""

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
        """Count one more world."""
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
        """How long all of it took by the clocks of those who took part."""
        return self.virtual_ms / HOUR_MS

    @property
    def per_second(self) -> float:
        """Worlds a second."""
        return self.worlds / self.seconds if self.seconds else 0.0


def explore_many(
    first_seed: int,
    options: Options,
    *,
    worlds: int | None,
    minutes: float | None = None,
    jobs: int = 1,
    keep_going: bool = False,
    told: Callable[[WorldResult], None] = lambda _: None,
    run_bot: Callable[[Connections], Bot] = run_service,
) -> Summary:
    """Explore worlds from consecutive seeds.

    Args:
        first_seed: of the first.
        options: what they are like.
        worlds: how many; None for as many as the time allows.
        minutes: no world begins later than this; None for no limit.
        jobs: how many processes work at the same time.
        keep_going: not only to the first world with a broken promise.
        told: told of each as it ends, in the order of their seeds.
        run_bot: starts a bot; any other than the service is explored in this process alone, for it cannot be sent on.
    """
    began = time.monotonic()
    deadline = None if minutes is None else began + minutes * 60
    summary = Summary()
    with _crew(jobs, run_bot) as crew:
        for outcome in crew.outcomes(_batches(first_seed, worlds, deadline), options, deadline):
            summary.add(outcome)
            summary.seconds = time.monotonic() - began
            told(outcome)
            if outcome.violations and not keep_going:
                break
    return summary


def repeated_by(outcome: WorldResult, options: Options) -> str:
    """The command that explores this world again."""
    return f"python -m simulator explore --seed {outcome.seed} --worlds 1{options.words}"


def _batches(first_seed: int, worlds: int | None, deadline: float | None) -> Iterator[Sequence[int]]:
    end = None if worlds is None else first_seed + worlds
    for start in count(first_seed, WORLDS_A_TASK):
        if (end is not None and start >= end) or _past(deadline):
            return
        yield range(start, start + WORLDS_A_TASK if end is None else min(start + WORLDS_A_TASK, end))


def _past(deadline: float | None) -> bool:
    # Forked processes have the same clock.
    return deadline is not None and time.monotonic() >= deadline


class _Crew(Protocol):
    """Somebody who explores."""

    def outcomes(
        self, batches: Iterator[Sequence[int]], options: Options, deadline: float | None
    ) -> Iterator[WorldResult]: ...


class _Alone:
    """This process does it."""

    def __init__(self, run_bot: Callable[[Connections], Bot]) -> None:
        self._run_bot = run_bot

    def outcomes(
        self, batches: Iterator[Sequence[int]], options: Options, deadline: float | None
    ) -> Iterator[WorldResult]:
        for seeds in batches:
            yield from _batch(seeds, options, deadline, self._run_bot)


class _Pool:
    """Processes do it; batches are handed out as they are asked for, so that there may be any number of them."""

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
def _crew(jobs: int, run_bot: Callable[[Connections], Bot]) -> Iterator[_Crew]:
    if run_bot is not run_service or "fork" not in multiprocessing.get_all_start_methods():
        yield _Alone(run_bot)
        return
    # Forked, they need not import all of it again; there are no threads yet that this could disturb.
    context = multiprocessing.get_context("fork")
    with context.Pool(jobs, initializer=_begin, maxtasksperchild=TASKS_A_PROCESS) as pool:
        yield _Pool(pool, jobs)


def _begin() -> None:
    # Whoever presses Ctrl-C means the whole run: its first process ends the others.
    with suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _batch(
    seeds: Sequence[int], options: Options, deadline: float | None, run_bot: Callable[[Connections], Bot] = run_service
) -> list[WorldResult]:
    with deferred_collection():
        return [_explored_tidily(seed, options, run_bot) for seed in seeds if not _past(deadline)]


def _explored_tidily(seed: int, options: Options, run_bot: Callable[[Connections], Bot]) -> WorldResult:
    outcome = _explored(seed, options, run_bot)
    collect_if_needed()
    return outcome


def _explored(seed: int, options: Options, run_bot: Callable[[Connections], Bot]) -> WorldResult:
    try:
        return explore_one(seed, options, run_bot=run_bot)
    except Exception:  # noqa: BLE001 - whatever it is, it belongs to this world and is told with its seed
        violations = Violation(GOES_ON, "", traceback.format_exc(limit=-6), 0)
        return WorldResult(seed, (violations,), "", "", 0, 0, Counter(), Counter(), Counter())
