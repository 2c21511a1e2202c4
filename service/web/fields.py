"""Reads the fields of a JSON object that Credex core sent, and collects what is wrong with each of them."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from service.domain import Denomination, Money, Phone
from service.messages import shorten, visible

LONGEST_NAME: Final = 60
_LONGEST_ID: Final = 128

# An underscore within a word is no markup, but part of a handle.
_MARKUP: Final = re.compile(r"[*~`]+|(?<![^\W_])_+|_+(?![^\W_])")
_ID: Final = re.compile(r"[0-9A-Za-z_\-]{1,128}")
_MOST: Final = 1_000_000_000_000
_DECIMALS: Final = 8


class RequestError(Exception):
    """A request is refused. Its attributes become the status and the error envelope of the answer."""

    def __init__(self, status: int, error: str, details: dict[str, str]) -> None:
        super().__init__(error)
        self.status = status
        self.error = error
        self.details = details


def clean(text: str, most: int) -> str:
    """The text on one line, without markup and invisible characters, at most ``most`` UTF-16 units long."""
    return shorten(visible(_MARKUP.sub("", text)), most)


def parse_object(body: bytes) -> dict[str, Any]:
    """The body's JSON object, its numbers exact; else `RequestError` (400)."""
    try:
        found = json.loads(body, parse_float=Decimal, parse_constant=_refuse_constant)
    except (ValueError, ArithmeticError, RecursionError):
        raise RequestError(400, "invalid", {"body": "is not JSON"}) from None
    if not isinstance(found, dict):
        raise RequestError(400, "invalid", {"body": "is not a JSON object"})
    return found


def _refuse_constant(constant: str) -> object:
    raise ValueError(f"{constant} is no number")


class FieldReader:
    """Reads the fields of an object. A wrong field reads as empty, and its problem is kept for `check`."""

    def __init__(self, fields: dict[str, Any], prefix: str = "", problems: dict[str, str] | None = None) -> None:
        self._fields = fields
        self._prefix = prefix
        self.problems = {} if problems is None else problems

    def check(self) -> None:
        """Raises `RequestError` (400) if a field was wrong."""
        if self.problems:
            raise RequestError(400, "invalid", self.problems)

    def within(self, name: str) -> FieldReader:
        """A reader of the object in this field; it adds to the same problems."""
        inner = self._fields.get(name)
        if not isinstance(inner, dict):
            self._add_problem(name, "is missing" if inner is None else "must be an object")
            inner = {}
        return FieldReader(inner, f"{name}.", self.problems)

    def has(self, name: str) -> bool:
        return self._fields.get(name) is not None

    def text(self, name: str, most: int, *, required: bool = True) -> str:
        """A text, cleaned and cut to ``most`` UTF-16 units."""
        found = self._string(name, required=required)
        cleaned = clean(found, most)
        if found and not cleaned:
            self._add_problem(name, "has nothing in it that could be shown")
        return cleaned

    def identifier(self, name: str, *, required: bool = True) -> str:
        """An id: letters, digits, hyphens and underscores."""
        found = self._string(name, required=required)
        if found and not _ID.fullmatch(found):
            self._add_problem(name, f"must be 1 to {_LONGEST_ID} letters, digits, - and _")
            return ""
        return found

    def phone(self, name: str) -> str:
        """A phone number with its country code, as digits."""
        found = re.sub(r"[+ ()\-]", "", self._string(name))
        try:
            return Phone(found).digits if found else ""
        except ValueError as error:
            self._add_problem(name, str(error))
            return ""

    def texts(self, name: str) -> list[str]:
        """A list of texts, cleaned."""
        found = self._fields.get(name)
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            self._add_problem(name, "is missing" if found is None else "must be a list of texts")
            return []
        return [cleaned for each in found if (cleaned := clean(each.replace("_", " "), LONGEST_NAME))]

    def money(self, amount: str, denomination: str) -> Money | None:
        """An amount given as a number, with its denomination in another field."""
        number, code = self._fields.get(amount), self._fields.get(denomination)
        if isinstance(number, bool) or not isinstance(number, int | Decimal) or not 0 < number < _MOST:
            self._add_problem(amount, "is missing" if number is None else "must be a number above 0")
            return None
        if Decimal(number) != round(Decimal(number), _DECIMALS):
            self._add_problem(amount, f"has more than {_DECIMALS} decimals")
            return None
        if not isinstance(code, str) or code not in set(Denomination):
            self._add_problem(denomination, f"must be one of {', '.join(Denomination)}")
            return None
        return Money(round(Decimal(number), _DECIMALS).normalize(), Denomination(code))

    def time_ms(self, name: str, *, required: bool = True) -> int | None:
        """A time in ISO 8601, as ms since the epoch; without a zone it is UTC."""
        found = self._string(name, required=required)
        try:
            moment = datetime.fromisoformat(found) if found else None
            if moment is None:
                return None
            aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            return int(aware.timestamp() * 1000)
        except (ValueError, OverflowError):
            self._add_problem(name, "must be a time in ISO 8601, such as 2026-11-02T08:00:00Z")
            return None

    def _string(self, name: str, *, required: bool = True) -> str:
        found = self._fields.get(name)
        if found is None and not required:
            return ""
        if not isinstance(found, str) or not found.strip():
            missing = found is None or found == ""
            self._add_problem(name, "is missing" if missing else "must be a text with something in it")
            return ""
        return found.strip()

    def _add_problem(self, name: str, reason: str) -> None:
        self.problems.setdefault(f"{self._prefix}{name}", reason)
