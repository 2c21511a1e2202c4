"""Figures that vary from run to run: those of the code are held within bounds, those of the machine are only shown."""

from __future__ import annotations

from typing import Final

__all__ = ("OutOfBoundsError", "as_measured", "bounded")

TIMES: Final = frozenset({"ns", "µs", "us", "ms", "s", "min", "h", "a second", "a minute", "an hour"})


class OutOfBoundsError(AssertionError):
    """A figure of a notebook left the bounds that its text promises."""


def bounded(what: str, value: float, least: float, most: float, unit: str = "") -> str:
    """The figure in words, if it lies within its bounds.

    Raises:
        OutOfBoundsError: it does not.
        ValueError: the figure is a time, which tells of the machine, too: see :func:`as_measured`.
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
    """The figure in words, where it is the machine's: a time, a speed, pages of memory, or what was made from one.

    A disk that keeps its writes in memory, larger pages, or a machine with much else to do are no fault of the code:
    so it is shown as it was measured, and holds nothing.
    """
    return f"{what}: {value:,.4g} {unit} (as measured on one machine)"
