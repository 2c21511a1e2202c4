"""Due dates: how members write them, and which ones core takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from service.flows import show

__all__ = ("USUAL", "DueRefused", "read_due", "today", "window")

FIRST: Final = timedelta(days=7)
LAST: Final = timedelta(days=34)
"""Core takes due dates from a week to 34 days ahead (its API, section on due dates)."""

USUAL: Final = "4 weeks"
"""When nothing is said."""

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


class DueRefused(ValueError):  # noqa: N818 - it refuses, and says so
    """A typed due date that cannot be taken; the text is fit for the member.

    Attributes:
        reason: what was wrong with it, without the dates that there are.
    """

    def __init__(self, reason: str, allowed: str) -> None:
        """Say both."""
        super().__init__(f"{reason} {allowed}")
        self.reason = reason


def today(now_ms: int) -> date:
    """Core's day, which is UTC's."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def window(day: date) -> tuple[date, date]:
    """The first and the last due date that core takes on this day."""
    return day + FIRST, day + LAST


def read_due(text: str, day: date) -> date:
    """Read a due date: ``2026-12-03``, ``3/12/2026``, ``3 December``, ``in 3 weeks``, ``10 days``.

    Raises:
        DueRefused: with what was wrong and which dates there are, in words for the member.
    """
    first, last = window(day)
    allowed = f"It can be from {show.day(first)} to {show.day(last)}."
    words = " ".join(text.casefold().replace(",", " ").split())
    for pattern, reader in _FORMS:
        match = pattern.fullmatch(words)
        if match is None:
            continue
        try:
            due = reader(match.groups(), day)
        except (ValueError, OverflowError):
            raise DueRefused("There is no such date.", allowed) from None
        if not first <= due <= last:
            raise DueRefused(f"{show.day(due)} is too {'soon' if due < first else 'late'}.", allowed)
        return due
    raise DueRefused("I cannot read that date.", f"{allowed} For example: {first.isoformat()}, or in 3 weeks.")


_Parts = tuple[str | None, ...]


def _year_first(parts: _Parts, _: date) -> date:
    year, month, day = (int(part or "") for part in parts)
    return date(year, month, day)


def _day_first(parts: _Parts, today_: date) -> date:
    day, month, year = parts
    return _next(int(day or ""), int(month or ""), year, today_)


def _named(parts: _Parts, today_: date) -> date:
    day, name, year = parts
    return _next(int(day or ""), _month(name or ""), year, today_)


def _named_first(parts: _Parts, today_: date) -> date:
    name, day, year = parts
    return _next(int(day or ""), _month(name or ""), year, today_)


def _ahead(parts: _Parts, today_: date) -> date:
    count, unit = int(parts[0] or ""), parts[1] or ""
    return today_ + timedelta(days=count * (7 if unit.startswith("week") else 1))


def _month(name: str) -> int:
    return _MONTHS.index(name[:3]) + 1


def _next(day: int, month: int, year: str | None, today_: date) -> date:
    """The date; without a year the next one that comes."""
    if year:
        return date(int(year), month, day)
    this_year = date(today_.year, month, day)
    return this_year if this_year >= today_ else date(today_.year + 1, month, day)


_NAME: Final = r"((?:" + "|".join(_MONTHS) + r")[a-z]*)\.?"
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[_Parts, date], date]], ...]] = (
    (re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})"), _year_first),
    (re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})(?:[-/.]([0-9]{4}))?"), _day_first),
    (re.compile(r"([0-9]{1,2})(?:st|nd|rd|th)?\.? " + _NAME + r"(?: ([0-9]{4}))?"), _named),
    (re.compile(_NAME + r" ([0-9]{1,2})(?:st|nd|rd|th)?(?: ([0-9]{4}))?"), _named_first),
    (re.compile(r"(?:in )?([0-9]{1,3}) (days?|weeks?)"), _ahead),
)
