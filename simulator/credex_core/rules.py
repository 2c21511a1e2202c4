"""The rules of each request field, and the refusal that names the violated one.

Source: the wire contract, sections 3.1, 3.2, 3.5 and 3.8. The wording of refusals is the simulator's own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any, Final

from service.domain import Denomination

__all__ = (
    "DAILY_CAPS_USD",
    "DUE_DAYS",
    "NotFoundRefusalError",
    "RefusalError",
    "account_handle",
    "account_name",
    "amount",
    "denomination",
    "due_date",
    "flag",
    "flat_text",
    "identifier",
    "one_of",
    "person_name",
    "phone",
    "whole_number",
)

DAILY_CAPS_USD: Final = {1: Decimal(10), 2: Decimal(100)}
"""The sum that the accounts of one owner may issue per day, by tier; from tier 3 on there is no cap."""

DUE_DAYS: Final = range(7, 35)
"""Days from today on which an unsecured credex may be due: core's constant is 35, and its test excludes it."""

NAME_LENGTHS: Final = range(3, 51)
MAX_EXPONENT: Final = 30

_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


class RefusalError(Exception):
    """Core refuses a request; the attributes are the parts of its answer."""

    def __init__(
        self,
        reason: str,
        *,
        status: int = 400,
        kind: str = "ERROR_VALIDATION",
        code: str = "VALIDATION_ERROR",
        field: str | None = None,
    ) -> None:
        """Refuse with a reason in words, a status, a type, a code, and the field concerned."""
        super().__init__(reason)
        self.reason = reason
        self.status = status
        self.kind = kind
        self.code = code
        self.field = field


class NotFoundRefusalError(RefusalError):
    """The member, account or credex does not exist."""

    def __init__(self, what: str, field: str) -> None:
        """Name the missing thing and the field that named it."""
        super().__init__(f"{what} not found", status=404, kind="ERROR_NOT_FOUND", code="NOT_FOUND", field=field)


def flat_text(body: Mapping[str, Any], field: str) -> str:
    """A required text; raises `RefusalError` like all functions here."""
    value = body.get(field)
    if value is None or value == "":
        raise RefusalError(f"{field} is required", code="MISSING_PARAMS", field=field)
    if not isinstance(value, str):
        raise RefusalError(f"{field} must be a text", field=field)
    return value


def phone(body: Mapping[str, Any], field: str = "phone") -> str:
    """A phone number: other characters than digits are deleted; 2 to 15 digits that begin with a country code."""
    digits = re.sub(r"[^0-9]", "", flat_text(body, field))
    if not re.fullmatch(r"[1-9][0-9]{1,14}", digits):
        raise RefusalError("The phone number must be 2 to 15 digits and begin with its country code", field=field)
    return digits


def person_name(body: Mapping[str, Any], field: str) -> str:
    """A person's name: characters other than ASCII letters, spaces, hyphens are deleted; 3 to 50 must remain."""
    return _long_enough(re.sub(r"[^A-Za-z \-]", "", flat_text(body, field)), field)


def account_name(body: Mapping[str, Any], field: str = "accountName") -> str:
    """An account's name: others than ASCII letters, digits, spaces, hyphens are deleted; 3 to 50 must remain."""
    return _long_enough(re.sub(r"[^A-Za-z0-9 \-]", "", flat_text(body, field)), field)


def _long_enough(kept: str, field: str) -> str:
    trimmed = kept.strip()
    if len(trimmed) not in NAME_LENGTHS:
        raise RefusalError(f"{field} must be 3 to 50 characters long", field=field)
    return trimmed


def account_handle(body: Mapping[str, Any], field: str = "accountHandle", *, rewritten: bool = False) -> str:
    """A handle: 3 to 30 of a-z, 0-9 and underscore; capitals are lowered, other characters refused.

    With ``rewritten``, as in the oldest core, other characters are deleted instead.
    """
    given = flat_text(body, field)
    handle = re.sub(r"[^A-Za-z0-9_]", "", given) if rewritten else given.lower()
    if not re.fullmatch(r"[a-z0-9_]{3,30}", handle):
        raise RefusalError("The handle must be 3 to 30 of a-z, 0-9 and _", field=field)
    return handle


def identifier(body: Mapping[str, Any], field: str) -> str:
    """A UUID of version 1 to 5; characters that cannot occur in one are deleted first."""
    value = re.sub(r"[^0-9a-fA-F\-]", "", flat_text(body, field)).lower()
    if not _UUID.fullmatch(value):
        raise RefusalError(f"{field} is an invalid id", field=field)
    return value


def denomination(body: Mapping[str, Any], field: str) -> Denomination:
    """A denomination's code, in upper or lower case."""
    try:
        return Denomination(flat_text(body, field).upper())
    except ValueError:
        raise RefusalError(f"{field} must be one of {', '.join(Denomination)}", field=field) from None


def amount(body: Mapping[str, Any], field: str = "InitialAmount") -> Decimal:
    """A number above zero, or a text that is one; its precision is kept."""
    value = body.get(field)
    if value is None or value == "":
        raise RefusalError(f"{field} is required", code="MISSING_PARAMS", field=field)
    text = str(value).strip()
    if isinstance(value, bool) or not _NUMBER.fullmatch(text):
        raise RefusalError(f"{field} must be a number", field=field)
    number = Decimal(text)
    if number <= 0 or abs(number.adjusted()) > MAX_EXPONENT:
        raise RefusalError(f"{field} must be a number above zero", field=field)
    return number


def flag(body: Mapping[str, Any], field: str) -> bool:
    """A required boolean."""
    value = body.get(field)
    if value is None:
        raise RefusalError(f"{field} is required", code="MISSING_PARAMS", field=field)
    if not isinstance(value, bool):
        raise RefusalError(f"{field} must be true or false", field=field)
    return value


def one_of(body: Mapping[str, Any], field: str, allowed: frozenset[str]) -> str:
    """A text out of a set."""
    value = flat_text(body, field)
    if value not in allowed:
        raise RefusalError(f"{field} must be one of {', '.join(sorted(allowed))}", field=field)
    return value


def due_date(body: Mapping[str, Any], *, secured: bool, field: str = "dueDate") -> date | None:
    """A due date ``YYYY-MM-DD`` for an unsecured credex; None for a secured one, which must not have any."""
    value = body.get(field)
    if secured:
        if value:
            raise RefusalError("A secured credex has no due date", code="DUE_DATE", field=field)
        return None
    try:
        return date.fromisoformat(flat_text(body, field))
    except ValueError:
        raise RefusalError("The due date must be YYYY-MM-DD", code="DUE_DATE", field=field) from None


def in_window(due: date, today: date) -> None:
    """Refuse a due date outside of `DUE_DAYS`."""
    if (due - today).days not in DUE_DAYS:
        first, last = (today + timedelta(days=days) for days in (DUE_DAYS.start, DUE_DAYS.stop - 1))
        raise RefusalError(f"The due date must be from {first} to {last}", code="DUE_DATE", field="dueDate")


def whole_number(body: Mapping[str, Any], field: str, *, default: int, least: int) -> int:
    """An optional integer of at least ``least``."""
    value = body.get(field, default)
    if type(value) is not int or value < least:
        raise RefusalError(f"{field} must be a whole number of {least} or more", field=field)
    return value
