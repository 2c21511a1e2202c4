"""The options of `explore`."""

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
MAX_TURNS: Final = 60


class UnknownKindError(SimulatorError):
    """There is no kind of fault with that name."""


@dataclass(frozen=True, slots=True)
class Options:
    """The properties of worlds.

    Attributes:
        people: the number of people; None lets the seed decide (2 to 5).
        turns: the number of messages that they send; None lets the seed decide (3 to 60, 14 on average).
        faults: the kinds of faults; None for all kinds, each with a probability of one half.
        lossy: whether the state Redis may lose its last writes; violations that this excuses are counted.
    """

    people: int | None = None
    turns: int | None = None
    faults: frozenset[str] | None = None
    lossy: bool = False

    def draw_people(self, rng: random.Random) -> int:
        """Draw the number of people."""
        drawn = rng.choices((2, 3, 4, 5), (5, 3, 1, 1))[0]
        return drawn if self.people is None else self.people

    def draw_turns(self, rng: random.Random) -> int:
        """Draw the number of messages."""
        drawn = min(MAX_TURNS, 3 + int(rng.expovariate(1 / (MEAN_TURNS - 3))))
        return drawn if self.turns is None else self.turns

    def draw_kinds(self, rng: random.Random) -> frozenset[str]:
        """Draw the kinds of faults."""
        drawn = frozenset(kind for kind in ALL_KINDS if rng.random() < SWITCHED_ON)
        # Kinds given by name are all switched on.
        return drawn if self.faults is None else self.faults

    @property
    def arguments(self) -> str:
        """The command-line options that select them."""
        text = "" if self.people is None else f" --people {self.people}"
        text += "" if self.turns is None else f" --turns {self.turns}"
        text += " --lossy" if self.lossy else ""
        if self.faults is None:
            return text
        return f"{text} --faults {','.join(sorted(self.faults)).replace(' ', '-') or 'none'}"


def read_kinds(text: str) -> frozenset[str] | None:
    """Read ``kind,kind``, ``none`` or ``all`` (None).

    Raises:
        UnknownKindError: a kind does not exist.
    """
    if text == "all":
        return None
    names = [] if text == "none" else [name.strip().replace("-", " ") for name in text.split(",")]
    for name in names:
        if name not in ALL_KINDS:
            typed, known = name.replace(" ", "-"), [each.replace(" ", "-") for each in ALL_KINDS]
            raise UnknownKindError(f"no kind of fault is called {typed!r}. {did_you_mean(typed, known, 'kinds')}")
    return frozenset(names)
