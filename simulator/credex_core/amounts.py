"""Exchange rates, and amounts as core formats them (rounded, en-US)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from service.domain import Denomination

__all__ = ("Rates", "format_amount")

_WIDE: Final = Context(prec=80)


def _fixed() -> dict[Denomination, Decimal]:
    return {
        Denomination.USD: Decimal(1),
        Denomination.CAD: Decimal("0.72"),
        Denomination.CXX: Decimal("0.05"),
        Denomination.XAU: Decimal(2650),
        Denomination.ZWG: Decimal("0.0375"),
    }


@dataclass(frozen=True, slots=True)
class Rates:
    """The worth of one unit of each denomination, in USD.

    The real core sets new rates every midnight; here they are fixed until ``core.rates`` is set.
    """

    in_usd: Mapping[Denomination, Decimal] = field(default_factory=_fixed)

    def convert(self, amount: Decimal, given: Denomination, wanted: Denomination) -> Decimal:
        """Convert an amount to another denomination, without rounding."""
        return amount if given is wanted else amount * self.in_usd[given] / self.in_usd[wanted]


def format_amount(amount: Decimal, denomination: Denomination) -> str:
    """Thousands separated by commas, the denomination's decimals, one space, its code: ``-1,234.50 USD``."""
    # Amounts have up to 30 digits before the point, more than the usual context carries.
    rounded = amount.quantize(Decimal(1).scaleb(-denomination.decimals), rounding=ROUND_HALF_UP, context=_WIDE)
    return f"{rounded or abs(rounded):,} {denomination}"
