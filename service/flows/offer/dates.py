"""Due dates: how members write them, and which ones core takes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final

from service.flows import formatting

FIRST: Final = timedelta(days=7)
LAST: Final = timedelta(days=34)
"""Core takes due dates from a week to 34 days ahead (its API, section on due dates)."""

USUAL: Final = "4 weeks"
"""The due date when none is typed."""

_MONTHS: Final = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_NUMBERS: Final = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5}

_LEAP_YEARS: Final = 8
"""29 February comes back within so many years, also around a year like 2100."""


class DueRefused(ValueError):  # noqa: N818 - a refusal of what was typed
    """A typed due date that cannot be taken; the text is fit for the member.

    Attributes:
        reason: what was wrong with it, without the dates that there are.
    """

    def __init__(self, reason: str, allowed: str) -> None:
        """Join the reason and the dates that are allowed."""
        super().__init__(f"{reason} {allowed}")
        self.reason = reason


def core_day(now_ms: int) -> date:
    """Core's day, which is UTC's."""
    return datetime.fromtimestamp(now_ms / 1000, UTC).date()


def window(day: date) -> tuple[date, date]:
    """The first and the last due date that core takes on this day."""
    return day + FIRST, day + LAST


def read_due(text: str, day: date) -> date:
    """Read a due date: ``2026-12-03``, ``3/12``, ``3 December``, ``Dec 3rd``, ``in 3 weeks``, ``10 days``.

    In figures the day stands before the month, as in Zimbabwe; what was read is always shown with the month's name.

    Raises:
        DueRefused: with what was wrong and which dates there are, in words for the member.
    """
    first, last = window(day)
    allowed = f"It can be from {formatting.day(first)} to {formatting.day(last)}."
    words = " ".join(text.casefold().replace(",", " ").split()).rstrip(".!")
    for pattern, reader in _FORMS:
        match = pattern.fullmatch(words)
        if match is None:
            continue
        try:
            due = reader(match.groups(), day)
        except (ValueError, OverflowError):
            raise DueRefused("There is no such date.", allowed) from None
        if not first <= due <= last:
            raise DueRefused(f"{formatting.day(due)} is too {'soon' if due < first else 'late'}.", allowed)
        return due
    raise DueRefused("I cannot read that date.", f"{allowed} For example: in 3 weeks.")


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
    many, unit = parts[0] or "", parts[1] or ""
    count = _NUMBERS[many] if many in _NUMBERS else int(many)
    return today_ + timedelta(days=count * (7 if unit == "week" else 1))


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _next(day: int, month: int, year: str | None, today_: date) -> date:
    """The date; without a year the next one that comes, and of the century only the years need be said."""
    if year:
        return date(int(year) + (today_.year // 100 * 100 if len(year) == len("26") else 0), month, day)
    coming = (_on(day, month, today_.year + ahead) for ahead in range(_LEAP_YEARS + 1))
    found = next((each for each in coming if each is not None and each >= today_), None)
    if found is None:
        raise ValueError
    return found


def _on(day: int, month: int, year: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _either(words: Iterable[str]) -> str:
    return "(?:" + "|".join(words) + ")"


_YEAR: Final = r"([0-9]{4}|[0-9]{2})"
_DAY: Final = r"([0-9]{1,2})(?:st|nd|rd|th)?\.?"
_NAME: Final = "(" + _either(["sept", *_MONTHS, *(month[:3] for month in _MONTHS)]) + r")\.?"
_BY: Final = r"(?:(?:by|on|due) (?:the )?)?"
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[_Parts, date], date]], ...]] = (
    (re.compile(_BY + r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})"), _year_first),
    (re.compile(_BY + r"([0-9]{1,2})[-/.]([0-9]{1,2})(?:[-/.]" + _YEAR + ")?"), _day_first),
    (re.compile(_BY + _DAY + "[ -]?(?:of )?" + _NAME + "(?:[ -]" + _YEAR + ")?"), _named),
    (re.compile(_BY + _NAME + " " + _DAY + "(?: " + _YEAR + ")?"), _named_first),
    (re.compile("(?:in )?([0-9]{1,3}|" + _either(_NUMBERS) + ") ?(day|week)s?(?: from now)?"), _ahead),
)
