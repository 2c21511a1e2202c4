"""What real cores got wrong, each on a switch: a client that copes with all of them copes with the next one, too.

The numbers are the wire contract's, section 6.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

__all__ = ("Quirks",)


@dataclass(frozen=True, slots=True)
class Quirks:
    """Which oddities to show. Those that count happen so many times and then stop.

    Attributes:
        empty_as_object: empty lists come as ``{}`` (1).
        nested_envelopes: accounts, balances, lists wrapped in ``{success, data}``, the tier outside of the member (1).
        low_high_integers: integers as ``{"low": 1, "high": 0}`` (2).
        duplicate_accounts: an account is listed once more for every credex it issued today, at least twice (11).
        negative_outgoing: outgoing offers carry a minus sign (1.3).
        negative_zero: zeros are ``-0.00`` (5).
        owned_only: accounts that a member only acts for are not listed (11).
        null_remaining: the rest of the daily limit is null (2).
        null_tier: the tier is missing (2).
        invalid_date: every due date is the text "Invalid date" (3).
        expired_still_shown: expired offers stay subtracted from the displayed balance (10).
        reason_only: refusals have words, but no code.
        ledger_without_ids: lines of a ledger do not say which credex they are (1.12, the newest client reads none).
        exact_balance_refused: spending exactly what is there is refused (4).
        created_but_404: createCredex makes the offer and answers 404, so many times (6).
        created_but_400: the same with 400.
        created_but_500: the same with 500.
    """

    empty_as_object: bool = False
    nested_envelopes: bool = False
    low_high_integers: bool = False
    duplicate_accounts: bool = False
    negative_outgoing: bool = False
    negative_zero: bool = False
    owned_only: bool = False
    null_remaining: bool = False
    null_tier: bool = False
    invalid_date: bool = False
    expired_still_shown: bool = False
    reason_only: bool = False
    ledger_without_ids: bool = False
    exact_balance_refused: bool = False
    created_but_404: int = 0
    created_but_400: int = 0
    created_but_500: int = 0

    @classmethod
    def everything(cls, *, times: int = 1) -> Quirks:
        """All of them at once; those that count happen ``times`` times."""
        switches = {one.name: True for one in fields(cls)}
        counts: dict[str, Any] = dict.fromkeys((name for name in switches if name.startswith("created_but")), times)
        return cls(**{**switches, **counts})

    @classmethod
    def of_form(cls) -> Quirks:
        """All that only change how an answer looks: a tolerant client reads the same out of it as without them."""
        return cls(
            empty_as_object=True,
            nested_envelopes=True,
            low_high_integers=True,
            duplicate_accounts=True,
            negative_outgoing=True,
            negative_zero=True,
            reason_only=True,
        )
