"""Units as people write them: durations, amounts, phone numbers and times, read from text and written back.

Every reader raises `FlawError` for text that it cannot read.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final, NoReturn

import phonenumbers

from service.domain import Denomination, Money

__all__ = (
    "HARARE",
    "FlawError",
    "read_amount",
    "read_duration_ms",
    "read_phone",
    "read_start_ms",
    "refuse",
    "show_duration",
    "show_phone",
    "write_amount",
    "write_duration",
    "write_start",
)

HARARE: Final = timezone(timedelta(hours=2), "Harare")
"""Zimbabwe observes UTC+2 all year."""

_UNITS_MS: Final = (
    (re.compile(r"ms"), 1),
    (re.compile(r"s|secs?|seconds?"), 1_000),
    (re.compile(r"min|mins|minutes?"), 60_000),
    (re.compile(r"h|hours?"), 3_600_000),
    (re.compile(r"d|days?"), 86_400_000),
)
_LONG_UNITS: Final = (
    ("day", 86_400_000),
    ("hour", 3_600_000),
    ("minute", 60_000),
    ("second", 1_000),
    ("millisecond", 1),
)
_SHORT_UNITS: Final = (("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1_000), ("ms", 1))
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)\s*([a-z]+)")
_START: Final = "%Y-%m-%d %H:%M"


class FlawError(Exception):
    """A value that cannot be used: what is wrong with it, and a hint at what would be right."""

    def __init__(self, what: str, hint: str = "") -> None:
        self.what = what
        self.hint = hint
        super().__init__(what)


def refuse(what: str, hint: str = "") -> NoReturn:
    """Raise a `FlawError`; for use in expressions."""
    raise FlawError(what, hint)


# -- durations ------------------------------------------------------------------------------------------------------


def read_duration_ms(text: str) -> int:
    """Read a duration such as ``6 min``, ``90 s``, ``1 h 30 min`` or ``3 days``, in milliseconds."""
    total, rest = 0.0, text.strip().lower()
    while match := _DURATION.match(rest):
        factor = next((ms for unit, ms in _UNITS_MS if unit.fullmatch(match[2])), None)
        if factor is None:
            break
        total += float(match[1]) * factor
        rest = rest[match.end() :].lstrip(" ,")
    if rest or total <= 0 or total != int(total):
        raise FlawError(f"not a duration: {text!r}", "For example: 90 s, 6 min, 2 h, 3 days, 1 h 30 min.")
    return int(total)


def write_duration(duration_ms: int) -> str:
    """A duration in the short form that `read_duration_ms` reads: ``1 h 30 min``."""
    parts, rest = [], duration_ms
    for unit, length_ms in _SHORT_UNITS:
        count, rest = divmod(rest, length_ms)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts)


def show_duration(duration_ms: int) -> str:
    """A duration in prose: ``1 hour and 30 minutes``."""
    parts, rest = [], duration_ms
    for unit, length_ms in _LONG_UNITS:
        count, rest = divmod(rest, length_ms)
        if count:
            parts.append(f"{count} {unit}{'s' if count > 1 else ''}")
    return " and ".join(parts)


# -- amounts --------------------------------------------------------------------------------------------------------


def read_amount(text: str) -> Money:
    """Read an amount with its denomination, as Credex core displays it: ``12.50 USD``. It must exceed zero."""
    try:
        money = Money.displayed(text)
    except ValueError:
        known = ", ".join(Denomination)
        raise FlawError(f"not an amount: {text!r}", f"For example: 12.50 USD. Denominations: {known}.") from None
    if money.amount <= 0:
        raise FlawError(f"the amount must be more than zero: {text!r}")
    return money


def write_amount(money: Money) -> str:
    """An amount as `read_amount` reads it, without decimals where it has none: ``20 USD``, ``12.50 USD``."""
    whole = money.amount == money.amount.to_integral_value()
    return f"{int(money.amount)} {money.denomination}" if whole else str(money)


# -- phone numbers --------------------------------------------------------------------------------------------------


def read_phone(text: str) -> str:
    """Read a phone number into its digits, country code first; without a country code it counts as Zimbabwean."""
    example = 'For example: "+263 77 123 4567".'
    try:
        number = phonenumbers.parse(text, "ZW")
    except phonenumbers.NumberParseException:
        raise FlawError(f"not a phone number: {text!r}", example) from None
    if not phonenumbers.is_valid_number(number):
        raise FlawError(f"no such phone number can exist: {text!r}", example)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).removeprefix("+")


def show_phone(digits: str) -> str:
    """A phone number in the international format: ``+263 77 123 4567``."""
    number = phonenumbers.parse(f"+{digits}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


# -- times ----------------------------------------------------------------------------------------------------------


def read_start_ms(text: str) -> int:
    """Read ``2026-11-02 08:00``, Harare time, into milliseconds since the epoch."""
    try:
        moment = datetime.strptime(text.strip(), _START).replace(tzinfo=HARARE)
    except ValueError:
        raise FlawError(f"not a time: {text!r}", "For example: 2026-11-02 08:00 (Harare time).") from None
    return int(moment.timestamp()) * 1000


def write_start(start_ms: int) -> str:
    """A time as `read_start_ms` reads it."""
    return datetime.fromtimestamp(start_ms / 1000, HARARE).strftime(_START)
