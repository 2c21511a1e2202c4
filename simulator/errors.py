"""What can go wrong in the simulator.

SimulatorError
├── ConversationError          a conversation file cannot be read; holds every problem found in it
├── LineError                  a line of a conversation could not be played
├── UnsettledError             the world would not come to rest
├── DatabaseInUseError         a Redis database that is to be used holds somebody else's keys
└── UnknownConversationError   no conversation has that name
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

__all__ = (
    "ConversationError",
    "DatabaseInUseError",
    "LineError",
    "Problem",
    "SimulatorError",
    "UnknownConversationError",
    "UnsettledError",
    "did_you_mean",
)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One thing wrong with a file: where, what, and what would have been right."""

    file: str
    line: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        hint = "".join(f"\n    {row}" for row in self.hint.splitlines())
        return f"{self.file}:{self.line}: {self.what}{hint}"


class SimulatorError(Exception):
    """Anything that the simulator has to say to the person who uses it."""


class ConversationError(SimulatorError):
    """A conversation file cannot be read."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class LineError(SimulatorError):
    """A line could not be played: the world was not as the line expects."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class UnsettledError(SimulatorError):
    """Something stayed due or in hand for longer than any conversation can mean."""


class DatabaseInUseError(SimulatorError):
    """The Redis database is not empty."""


class UnknownConversationError(SimulatorError):
    """Neither a file nor the name of a conversation."""


def did_you_mean(word: str, known: Sequence[str], what: str) -> str:
    """A hint that names the nearest known word and lists them all."""
    if not known:
        return f"There is no {what}."
    near = get_close_matches(word.lower(), [each.lower() for each in known], n=1)
    nearest = next((each for each in known if near and each.lower() == near[0]), None)
    guess = f"Did you mean {nearest!r}? " if nearest else ""
    return f"{guess}Known {what}: {', '.join(known)}."
