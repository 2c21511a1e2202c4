"""Figures that vary from run to run: a notebook shows them, and holds them within bounds."""

from __future__ import annotations

__all__ = ("OutOfBoundsError", "bounded")


class OutOfBoundsError(AssertionError):
    """A figure of a notebook left the bounds that its text promises."""


def bounded(what: str, value: float, least: float, most: float, unit: str = "") -> str:
    """The figure in words, if it lies within its bounds.

    Raises:
        OutOfBoundsError: it does not.
    """
    said = f"{what}: {value:,.4g} {unit}".rstrip()
    within = f"{least:,.4g} to {most:,.4g} {unit}".rstrip()
    if not least <= value <= most:
        raise OutOfBoundsError(
            f"{said}, but this notebook promises {within}: either the code changed, or the text must"
        )
    return f"{said} (bound: {within})"
