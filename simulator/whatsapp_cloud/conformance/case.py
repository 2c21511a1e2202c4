"""What is tried, what is expected of it, and what came of it."""

from __future__ import annotations

import copy
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from .. import Config
from .api_under_test import SimulatedApi
from .observed import Json, Observed

__all__ = ("Case", "CaseResult", "Scenario", "changed", "without")

Scenario = Callable[[SimulatedApi], Awaitable[Observed]]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to try.

    Attributes:
        kind: the kind of message, or what else it is about.
        rule: what is tried, in words.
        code: the error code that the reference names; None when the request is in order.
        payload: the request to `/messages`, unless ``scenario`` does something else.
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
    scenario: Scenario | None = None
    later: bool = False
    text: str = ""
    status: int | None = None
    subcode: int | None = None
    type: str = ""
    config: Config | None = None

    def matches(self, observed: Observed) -> bool:
        """Whether what came is what the reference says."""
        return (
            (observed.code, observed.later) == (self.code, self.later)
            and self.text in observed.text
            and self.status in (None, observed.status)
            and self.subcode in (None, observed.subcode)
            and self.type in ("", observed.type)
        )


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case and what came of it."""

    case: Case
    observed: Observed

    @property
    def passed(self) -> bool:
        """Whether it went as the reference says."""
        return self.case.matches(self.observed)

    def json(self) -> Json:
        """It, for a machine."""
        return {
            "kind": self.case.kind,
            "rule": self.case.rule,
            "expected": {"code": self.case.code, "later": self.case.later, "said": self.case.text},
            "given": {"code": self.observed.code, "later": self.observed.later, "said": self.observed.text},
            "right": self.passed,
        }


def changed(payload: Json, *path: str | int, to: Any) -> Json:
    """A copy with something else at the end of this path."""
    made = copy.deepcopy(payload)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return made


def without(payload: Json, *path: str | int) -> Json:
    """A copy that lacks what is at the end of this path."""
    made = copy.deepcopy(payload)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return made
