"""What a performer is: it does to the stage what a step says."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from simulator.script.directives import Step
from simulator.world.stage import Stage

__all__ = ("Performer", "performer")

S = TypeVar("S", bound=Step)

Performer = Callable[[Stage, Step], Awaitable[None]]
"""Performs the steps of one type. Raises `FlawError` if the world is not as the step expects."""


def performer(step: type[S], perform: Callable[[Stage, S], Awaitable[None]]) -> tuple[type[Step], Performer]:
    """An entry of a table of performers; the type checker sees that the function is for steps of this type."""
    return step, cast("Performer", perform)
