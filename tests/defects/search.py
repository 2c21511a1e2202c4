"""Looks for planted defects in explored worlds: how many seeds it takes until a promise breaks, and which."""

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
    """The first world in which a defect showed: its seed, how many were looked at, and what broke in it."""

    seed: int
    worlds: int
    violations: tuple[Violation, ...]
    yaml: str

    @property
    def invariants(self) -> tuple[str, ...]:
        """The promises that broke, each once."""
        return tuple(dict.fromkeys(violation.invariant for violation in self.violations))


def look_for(run_bot: RunBot, seeds: Iterable[int], *, options: Options = Options()) -> Found | None:  # noqa: B008 - frozen
    """Explore worlds of a bot until a promise breaks; nothing if none does."""
    for worlds, seed in enumerate(seeds, 1):
        outcome = explore_one(seed, options, run_bot=run_bot)
        if outcome.violations:
            return Found(seed, worlds, outcome.violations, outcome.yaml)
    return None
