"""One look at a world: all that promises are judged by at that moment, and what a promise is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from simulator.explore.invariants.history import History
from simulator.explore.invariants.redis_contents import RedisContents, StoredKeys

__all__ = ("Finding", "Invariant", "Observation", "Violation")


class Violation(NamedTuple):
    """A promise that was not kept: which, to whom (empty: to nobody in particular), what happened, and when."""

    invariant: str
    who: str
    what: str
    at_ms: int


class Finding(NamedTuple):
    """The same, as the promise itself finds it."""

    who: str
    what: str


@dataclass(frozen=True, slots=True)
class Observation:
    """What there is to see.

    Attributes:
        resting: people for whom nothing waits, in or out, and nobody is at work; none while the state is away.
        unresolved: people of whom a write is under way or not known yet.
        given_up: how many messages the bot's log says it could not send, so far.
        over: the end of the world: all works again, and all time that was needed has passed.
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
    """Something that must hold at every moment."""

    name: str
    sentence: str

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """What breaks it now, as far as that was not found before."""
