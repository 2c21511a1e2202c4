"""Searches explored worlds of a bot for the first violation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from simulator.explore.invariants.checker import Violation
from simulator.explore.options import Options
from simulator.explore.run import explore_one
from tests.defects.build import RunBot

__all__ = ("Found", "look_for")


@dataclass(frozen=True, slots=True)
class Found:
    """The first failing world: its seed, the number of worlds explored, and the violations."""

    seed: int
    worlds: int
    violations: tuple[Violation, ...]
    yaml: str

    @property
    def invariants(self) -> tuple[str, ...]:
        """The names of the violated invariants, each once."""
        return tuple(dict.fromkeys(violation.invariant for violation in self.violations))


def look_for(run_bot: RunBot, seeds: Iterable[int], *, options: Options = Options()) -> Found | None:  # noqa: B008 - frozen
    """Explore worlds until an invariant is violated; None if none is."""
    for worlds, seed in enumerate(seeds, 1):
        outcome = explore_one(seed, options, run_bot=run_bot)
        if outcome.violations:
            return Found(seed, worlds, outcome.violations, outcome.yaml)
    return None
