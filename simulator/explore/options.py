"""What is to be explored."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Final

from simulator.errors import SimulatorError, did_you_mean
from simulator.explore.kinds import KINDS, PEOPLE_KINDS

__all__ = ("ALL_KINDS", "Options", "UnknownKindError", "read_kinds")

ALL_KINDS: Final = (*KINDS, *PEOPLE_KINDS)
SWITCHED_ON: Final = 0.5
MEAN_TURNS: Final = 14
MOST_TURNS: Final = 60


class UnknownKindError(SimulatorError):
    """No trouble has that name."""


@dataclass(frozen=True, slots=True)
class Options:
    """What worlds are like.

    Attributes:
        people: how many take part; None lets the seed decide (2 to 5).
        turns: how many messages they send; None lets the seed decide (3 to 60, 14 on average).
        faults: the kinds of trouble that there may be; None for all, of which the seed switches half on.
        lossy: the state may lose its last writes; what is lost with them is counted, and must be bounded.
    """

    people: int | None = None
    turns: int | None = None
    faults: frozenset[str] | None = None
    lossy: bool = False

    def draw_people(self, rng: random.Random) -> int:
        """How many take part."""
        drawn = rng.choices((2, 3, 4, 5), (5, 3, 1, 1))[0]
        return drawn if self.people is None else self.people

    def draw_turns(self, rng: random.Random) -> int:
        """How many messages they send."""
        drawn = min(MOST_TURNS, 3 + int(rng.expovariate(1 / (MEAN_TURNS - 3))))
        return drawn if self.turns is None else self.turns

    def draw_kinds(self, rng: random.Random) -> frozenset[str]:
        """The kinds of trouble that this world has."""
        drawn = frozenset(kind for kind in ALL_KINDS if rng.random() < SWITCHED_ON)
        # Those that were asked for by name are all there.
        return drawn if self.faults is None else self.faults

    @property
    def words(self) -> str:
        """As they are said on a command line."""
        said = "" if self.people is None else f" --people {self.people}"
        said += "" if self.turns is None else f" --turns {self.turns}"
        said += " --lossy" if self.lossy else ""
        if self.faults is None:
            return said
        return f"{said} --faults {','.join(sorted(self.faults)).replace(' ', '-') or 'none'}"


def read_kinds(text: str) -> frozenset[str] | None:
    """Read ``kind,kind``, ``none`` or ``all`` (None).

    Raises:
        UnknownKindError: a kind that there is not.
    """
    if text == "all":
        return None
    names = [] if text == "none" else [name.strip().replace("-", " ") for name in text.split(",")]
    for name in names:
        if name not in ALL_KINDS:
            typed, known = name.replace(" ", "-"), [each.replace(" ", "-") for each in ALL_KINDS]
            raise UnknownKindError(f"no trouble is called {typed!r}. {did_you_mean(typed, known, 'kinds')}")
    return frozenset(names)
