"""Figures that vary between runs: those of the code are checked against bounds, those of the machine are only shown."""

from __future__ import annotations

from typing import Final

__all__ = ("OutOfBoundsError", "as_measured", "bounded")

TIMES: Final = frozenset({"ns", "µs", "us", "ms", "s", "min", "h", "a second", "a minute", "an hour"})


class OutOfBoundsError(AssertionError):
    """A figure is outside the bounds that the notebook's text states."""


def bounded(what: str, value: float, least: float, most: float, unit: str = "") -> str:
    """A figure as text, checked against its bounds.

    Raises:
        OutOfBoundsError: the figure is outside the bounds.
        ValueError: the figure is a time, which depends on the machine: see :func:`as_measured`.
    """
    if unit in TIMES:
        raise ValueError(f"{what}: no bound holds for a time ({unit}) on every machine; show it with as_measured()")
    said = f"{what}: {value:,.4g} {unit}".rstrip()
    within = f"{least:,.4g} to {most:,.4g} {unit}".rstrip()
    if not least <= value <= most:
        raise OutOfBoundsError(
            f"{said}, but this notebook promises {within}: either the code changed, or the text must"
        )
    return f"{said} (bound: {within})"


def as_measured(what: str, value: float, unit: str) -> str:
    """A figure that depends on the machine, as text: a time, a speed, pages of memory, or a ratio of these.

    It is not checked, because disk, page size and load of the machine are not properties of the code.
    """
    return f"{what}: {value:,.4g} {unit} (as measured on one machine)"
