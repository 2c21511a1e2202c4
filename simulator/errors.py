"""The exceptions of the simulator.

SimulatorError
├── ConversationError          a conversation file cannot be read; has all of its problems
├── LineError                  a line of a conversation could not be played
├── UnsettledError             the world did not become quiet
├── DatabaseInUseError         a Redis database holds keys of others
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
    """A problem in a file: where, what, and a hint."""

    file: str
    line: int
    what: str
    hint: str = ""

    def __str__(self) -> str:
        hint = "".join(f"\n    {row}" for row in self.hint.splitlines())
        return f"{self.file}:{self.line}: {self.what}{hint}"


class SimulatorError(Exception):
    """An error whose text is for the user of the simulator."""


class ConversationError(SimulatorError):
    """A conversation file cannot be read."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class LineError(SimulatorError):
    """A line cannot be played: the world is not as the line expects."""

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        super().__init__(str(problem))


class UnsettledError(SimulatorError):
    """Work stayed due or in progress for too long."""


class DatabaseInUseError(SimulatorError):
    """The Redis database is not empty."""


class UnknownConversationError(SimulatorError):
    """The word names neither a file nor a conversation."""


def did_you_mean(word: str, known: Sequence[str], what: str) -> str:
    """A hint that names the nearest known word and lists all of them."""
    if not known:
        return f"There is no {what}."
    near = get_close_matches(word.lower(), [each.lower() for each in known], n=1)
    nearest = next((each for each in known if near and each.lower() == near[0]), None)
    guess = f"Did you mean {nearest!r}? " if nearest else ""
    return f"{guess}Known {what}: {', '.join(known)}."
