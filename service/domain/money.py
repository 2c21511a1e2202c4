"""Money: an exact amount in one denomination.

Denominations, their decimals and the way amounts are written are Credex core's (its API, section on denominations):
en-US thousands separators, a leading minus, one space, the code: ``1,234.50 USD``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

MOST = Decimal(1_000_000_000_000)
"""No single amount may reach this: it would not fit a screen, and core's doubles would not hold it exactly."""

_PLAIN = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+")
_GROUPED = re.compile(r"[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?")
_DISPLAYED = re.compile(r"(-?)([0-9][0-9,]*(?:\.[0-9]+)?)\s+([A-Z]{3})")
# At most one space in a row is left when this is used, so that it takes no more than linear time.
_CODE = r"(?:\(? ?([A-Za-z]{3}) ?\)?)?"
_TYPED = re.compile(rf"{_CODE} ?((?:[Uu][Ss] ?)?\$)? ?([0-9.,]+) ?{_CODE}")
LONGEST_TYPED = 60


class Denomination(StrEnum):
    """The unit of a credex."""

    CXX = "CXX"
    CAD = "CAD"
    USD = "USD"
    XAU = "XAU"
    ZWG = "ZWG"

    @property
    def decimals(self) -> int:
        """How many decimals core shows: 3 for CXX, 4 for XAU, 2 for the others."""
        return _DECIMALS[self]


_DECIMALS = {
    Denomination.CXX: 3,
    Denomination.CAD: 2,
    Denomination.USD: 2,
    Denomination.XAU: 4,
    Denomination.ZWG: 2,
}


class AmountError(ValueError):
    """A typed amount that cannot be taken as it stands; its text is written for the member."""


@dataclass(frozen=True, slots=True)
class Money:
    """An exact amount; may be negative where core shows a debt."""

    amount: Decimal
    denomination: Denomination

    def __post_init__(self) -> None:
        if not self.amount.is_finite():
            raise ValueError(f"money must be a finite amount, not {self.amount}")

    def __str__(self) -> str:
        """As core and members write it, with no decimals lost: ``1,234.50 USD``."""
        shown = self.amount or abs(self.amount)  # never "-0.00"
        exponent = shown.as_tuple().exponent
        places = max(self.denomination.decimals, -exponent if isinstance(exponent, int) else 0)
        return f"{shown:,.{places}f} {self.denomination}"

    @property
    def plain(self) -> str:
        """The amount as core wants to be sent it: no separators, no code: ``1234.50``."""
        return str(self).split(" ", 1)[0].replace(",", "")

    def __neg__(self) -> Money:
        return Money(self.amount.copy_negate(), self.denomination)  # unlike "-", never rounds

    def __abs__(self) -> Money:
        return Money(self.amount.copy_abs(), self.denomination)

    def equals(self, other: Money) -> bool:
        """Whether both are the same amount in the same denomination (1.5 equals 1.50)."""
        return self.denomination is other.denomination and self.amount == other.amount

    @classmethod
    def displayed(cls, text: str) -> Money:
        """Read what core displays, such as ``-1,040.00 ZWG``; ValueError for anything else."""
        match = _DISPLAYED.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"not an amount as Credex core writes it: {text!r}")
        sign, digits, code = match.groups()
        return cls(Decimal(sign + digits.replace(",", "")), Denomination(code))


def read_amount(text: str, *, default: Denomination) -> Money:
    """Read an amount that a member typed.

    The denomination may stand before or after it, in brackets or not (``5``, ``ZWG 1,000``, ``0.5 xau``,
    ``10 (CAD)``, ``US$5``); without one it is ``default``. Commas must group thousands. Nothing is rounded.

    Raises:
        AmountError: with what was wrong and an example, in words for the member.
    """
    spaced = " ".join(text.split())
    match = _TYPED.fullmatch(spaced) if len(spaced) <= LONGEST_TYPED else None
    if match is None:
        raise AmountError("That is not an amount I can read. For example: 5, 12.50 or ZWG 1,000.")
    before, dollars, digits, after = match.groups()
    denomination = _denomination(before, dollars, after, default)
    if not (_PLAIN.fullmatch(digits) or _GROUPED.fullmatch(digits)):
        raise AmountError(
            "I cannot tell thousands from decimals there. Please use a point for decimals, for example: 1,250.50."
        )
    amount = Decimal(digits.replace(",", ""))
    if amount <= 0:
        raise AmountError("The amount must be more than zero.")
    if amount >= MOST:
        raise AmountError("That amount is too large. Please check the digits.")
    exact = amount.quantize(Decimal(1).scaleb(-denomination.decimals))
    if exact != amount:
        raise AmountError(f"{denomination} has {denomination.decimals} decimals at most. Nothing was rounded.")
    return Money(exact, denomination)


def _denomination(before: str | None, dollars: str | None, after: str | None, default: Denomination) -> Denomination:
    named = {_known(code) for code in (before, after) if code}
    if dollars and dollars.upper().startswith("US"):
        named.add(Denomination.USD)
    if len(named) > 1 or (dollars and named and not named & _IN_DOLLARS):
        raise AmountError("That names two denominations. Please give one, for example: 5 USD.")
    if dollars and not named and default not in _IN_DOLLARS:
        raise AmountError("Which dollars? Please give the denomination, for example: 5 USD.")
    return named.pop() if named else default


_IN_DOLLARS = {Denomination.USD, Denomination.CAD}


def _known(code: str) -> Denomination:
    try:
        return Denomination(code.upper())
    except ValueError:
        known = ", ".join(Denomination)
        raise AmountError(f"I do not know the denomination {code.upper()}. There are {known}.") from None
