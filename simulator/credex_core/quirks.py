"""Quirks: deviations that were seen in real cores, each one a switch.

The numbers refer to the wire contract, section 6. Its points 12 and 13 (names are not unique, and are altered by the
rules of their fields) always hold here and are no switches.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

__all__ = ("FORMAT_QUIRKS", "QUIRK_NAMES", "Quirks")

_FORMAT: Final = "format"


def _format() -> Any:
    """A quirk that changes the format of an answer and not its meaning."""
    return field(default=False, metadata={_FORMAT: True})


@dataclass(frozen=True, slots=True)
class Quirks:
    """The quirks in force. Those that are numbers happen that many times and then stop.

    Attributes:
        empty_as_object: empty lists come as ``{}`` (1).
        nested_envelopes: accounts, balances, lists wrapped in ``{success, data}``, the tier outside of the member (1).
        low_high_integers: integers as ``{"low": 1, "high": 0}`` (2).
        duplicate_accounts: an account is listed once more for every credex it issued today, at least twice (11).
        negative_outgoing: outgoing offers carry a minus sign (1.3).
        negative_zero: zeros are ``-0.00`` (5).
        no_separators: amounts come without the commas between thousands (5).
        reason_only: refusals have a reason, but no code.
        bare_refusals: refusals are ``{"error": …}`` or ``{"message": …}`` without an action, as in the oldest core (0).
        errors_as_200: refusals have the status 200 and can be recognised by the action alone (7, 17).
        errors_as_400: all refusals have the status 400 (17).
        raw_errors: a missing field is answered with a database error (14).
        zero_row_refused: ``startRow`` 0 is refused (1.12).
        handles_rewritten: invalid characters are deleted from a handle before it is looked up (9).
        tokens_not_renewed: answers carry no newer token: each expires five minutes after its login (2, 17).
        due_window_open: any due date is accepted, as in every December (3).
        dashboard_left_out: the dashboard in the answer to a write is null (1, 7).
        owned_only: accounts for which a member is only authorised are not listed (11).
        null_remaining: the remaining daily limit is null (2).
        null_tier: the tier is missing, its key included (2).
        invalid_date: every due date is the text "Invalid date" (3).
        expired_still_shown: expired offers stay subtracted from the displayed balance (10).
        vanishing_offers: a pending offer expires at the first midnight, not at the third (3.7).
        lists_reversed: pending offers are listed newest first (12).
        ledger_without_ids: rows of a ledger have no credex id (1.12; the newest client reads none).
        missing_as_500: a missing or no longer pending credex, and a page past the end, are answered 500 (8).
        management_as_200: refusals of account management are 200 with only a message (7).
        lenient_authority: every member may issue, decline, cancel and read for any account (15).
        exact_balance_refused: spending exactly the available balance is refused (4).
        exact_limit_refused: issuing exactly the remaining daily limit is refused (4).
        created_but_404: createCredex makes the offer and answers 404, that many times (6).
        created_but_400: the same with 400.
        created_but_500: the same with 500.
        declined_but_500: declineCredex declines and answers 500, that many times (6).
        joined_but_400: onboardMember makes a member without an account and answers 400, that many times (6).
    """

    empty_as_object: bool = _format()
    nested_envelopes: bool = _format()
    low_high_integers: bool = _format()
    duplicate_accounts: bool = _format()
    negative_outgoing: bool = _format()
    negative_zero: bool = _format()
    no_separators: bool = _format()
    reason_only: bool = _format()
    bare_refusals: bool = _format()
    errors_as_200: bool = _format()
    errors_as_400: bool = _format()
    raw_errors: bool = _format()
    zero_row_refused: bool = _format()
    handles_rewritten: bool = _format()
    tokens_not_renewed: bool = _format()
    due_window_open: bool = False
    dashboard_left_out: bool = False
    owned_only: bool = False
    null_remaining: bool = False
    null_tier: bool = False
    invalid_date: bool = False
    expired_still_shown: bool = False
    vanishing_offers: bool = False
    lists_reversed: bool = False
    ledger_without_ids: bool = False
    missing_as_500: bool = False
    management_as_200: bool = False
    lenient_authority: bool = False
    exact_balance_refused: bool = False
    exact_limit_refused: bool = False
    created_but_404: int = 0
    created_but_400: int = 0
    created_but_500: int = 0
    declined_but_500: int = 0
    joined_but_400: int = 0

    @classmethod
    def named(cls, names: Iterable[str], *, times: int = 1) -> Quirks:
        """The quirks with these names; those that are numbers happen ``times`` times.

        Raises:
            KeyError: no quirk has that name.
        """
        # Any: bool and int alike.
        switched: dict[str, Any] = {name: True if _FIELDS[name].type == "bool" else times for name in names}
        return cls(**switched)

    @classmethod
    def everything(cls, *, times: int = 1) -> Quirks:
        """All quirks at once; those that are numbers happen ``times`` times."""
        return cls.named(QUIRK_NAMES, times=times)

    @classmethod
    def format_only(cls) -> Quirks:
        """All quirks of format: a tolerant client reads the same from an answer with and without them."""
        return cls.named(FORMAT_QUIRKS)

    def union(self, others: Quirks) -> Quirks:
        """These quirks together with others."""
        both = {name: getattr(self, name) or getattr(others, name) for name in QUIRK_NAMES}
        return replace(self, **both)

    def misreported_statuses(self) -> dict[str, list[int]]:
        """By endpoint, the error statuses with which successful writes are answered."""
        return {
            "createCredex": [404] * self.created_but_404 + [400] * self.created_but_400 + [500] * self.created_but_500,
            "declineCredex": [500] * self.declined_but_500,
            "onboardMember": [400] * self.joined_but_400,
        }


_FIELDS: Final = {one.name: one for one in fields(Quirks)}
QUIRK_NAMES: Final = tuple(_FIELDS)
"""The names of all quirks."""

FORMAT_QUIRKS: Final = tuple(name for name, one in _FIELDS.items() if one.metadata.get(_FORMAT))
"""The names of the quirks that change only the format of an answer."""
