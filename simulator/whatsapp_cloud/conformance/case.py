"""Conformance cases and their results."""

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
    """A request or a scenario, with the expected outcome.

    Attributes:
        kind: the kind of message, or another topic.
        rule: a description.
        code: the error code in the reference; None if the request is valid.
        payload: the request to `/messages`, unless there is a ``scenario``.
        later: whether the code is reported in a failed status after the request was accepted.
        text: a part of the error text; empty where Meta's is not known.
        status: the HTTP status, if the reference names one.
        subcode, type: those of the error, likewise.
        config: the configuration of an API for this case alone; None for the shared one.
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
        """Whether an outcome is the expected one."""
        return (
            (observed.code, observed.later) == (self.code, self.later)
            and self.text in observed.text
            and self.status in (None, observed.status)
            and self.subcode in (None, observed.subcode)
            and self.type in ("", observed.type)
        )


@dataclass(frozen=True, slots=True)
class CaseResult:
    """A case and its outcome."""

    case: Case
    observed: Observed

    @property
    def passed(self) -> bool:
        """Whether the outcome is the expected one."""
        return self.case.matches(self.observed)

    def json(self) -> Json:
        """The result as JSON values."""
        return {
            "kind": self.case.kind,
            "rule": self.case.rule,
            "expected": {"code": self.case.code, "later": self.case.later, "said": self.case.text},
            "given": {"code": self.observed.code, "later": self.observed.later, "said": self.observed.text},
            "right": self.passed,
        }


def changed(payload: Json, *path: str | int, to: Any) -> Json:
    """A copy with another value at this path."""
    made = copy.deepcopy(payload)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = to
    return made


def without(payload: Json, *path: str | int) -> Json:
    """A copy without the value at this path."""
    made = copy.deepcopy(payload)
    inner: Any = made
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return made
