"""What is tried, what is expected of it, and what came of it."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .. import Config
from .observed import Json, Observed
from .place import SimulatedPlace

__all__ = ("Case", "Play", "Row", "changed", "without")

Play = Callable[[SimulatedPlace], Awaitable[Observed]]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try.

    Attributes:
        kind: the kind of message, or what else it is about.
        rule: what is tried, in words.
        code: the error code that the reference names; None when the request is in order.
        payload: the request to `/messages`, unless ``play`` does something else.
        later: the code comes in a failed status after the request was accepted.
        said: words that the error must have; empty where Meta's are not known.
        status: the HTTP status, where the reference names one.
        subcode: the error's subcode, likewise; ``type``: its type.
        knobs: of a world of its own; None for the one that most cases share.
    """

    kind: str
    rule: str
    code: int | None
    payload: Json = field(default_factory=dict)
    play: Play | None = None
    later: bool = False
    said: str = ""
    status: int | None = None
    subcode: int | None = None
    type: str = ""
    config: Config | None = None

    def met_by(self, given: Observed) -> bool:
        """Whether what came is what the reference says."""
        return (
            (given.code, given.later) == (self.code, self.later)
            and self.said in given.said
            and self.status in (None, given.status)
            and self.subcode in (None, given.subcode)
            and self.type in ("", given.type)
        )


@dataclass(frozen=True, slots=True)
class Row:
    """A case and what came of it."""

    case: Case
    given: Observed

    @property
    def right(self) -> bool:
        """Whether it went as the reference says."""
        return self.case.met_by(self.given)

    def json(self) -> Json:
        """It, for a machine."""
        return {
            "kind": self.case.kind,
            "rule": self.case.rule,
            "expected": {"code": self.case.code, "later": self.case.later, "said": self.case.said},
            "given": {"code": self.given.code, "later": self.given.later, "said": self.given.said},
            "right": self.right,
        }


def changed(payload: Json, *path: str | int, to: Any) -> Json:
    """A copy with something else at the end of this path."""
    made = copy.deepcopy(payload)
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return made


def without(payload: Json, *path: str | int) -> Json:
    """A copy that lacks what is at the end of this path."""
    made = copy.deepcopy(payload)
    place: Any = made
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return made
