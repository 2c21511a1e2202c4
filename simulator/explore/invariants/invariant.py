"""What an invariant is, the observation of a world that it checks, and what it finds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulator.explore.invariants.history import History
from simulator.explore.invariants.redis_contents import RedisContents, StoredKeys

__all__ = ("Finding", "Invariant", "Observation", "Violation")


class Violation(NamedTuple):
    """A violated invariant: its name, the person concerned (or empty), what happened, and when."""

    invariant: str
    who: str
    what: str
    at_ms: int


class Finding(NamedTuple):
    """A violation as the invariant itself finds it: the person concerned (or empty), and what happened."""

    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Observation:
    """The state of a world after a step.

    Attributes:
        idle: people without queued messages and without a held lease.
        unresolved: people with a write whose outcome is unknown.
        given_up: the number of messages that the bot's log reports as lost, so far.
        over: the world has ended: all faults are removed, and all work had time to finish.
    """

    now_ms: int
    history: History
    redis: RedisContents
    keys: StoredKeys
    idle: frozenset[str]
    unresolved: frozenset[str]
    given_up: int
    errors: tuple[str, ...]
    refused: Mapping[str, tuple[int, ...]]
    over: bool = False


class Invariant(Protocol):
    """A condition that must hold in every observation."""

    name: str
    sentence: str

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find what violates it now and was not found before."""
