"""What real cores got wrong, each on a switch: a client that copes with all of them copes with the next one, too.

The numbers are the wire contract's, section 6. What it says in 12 and 13 of names is how this core always is: they are
not unique, and altered by the rules of their fields.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields, replace
from typing import Any, Final

__all__ = ("FORMAT_QUIRKS", "QUIRK_NAMES", "Quirks")

_FORM: Final = "form"


def _form() -> Any:
    """Only the look of an answer changes: the same can be read out of it."""
    return field(default=False, metadata={_FORM: True})


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
        no_separators: amounts come without the commas between thousands (5).
        reason_only: refusals have words, but no code.
        bare_refusals: refusals are ``{"error": …}`` or ``{"message": …}`` and name no action, as the oldest core's (0).
        errors_as_200: refusals come with the status 200, and only the action tells (7, 17).
        errors_as_400: refusals come with the status 400, whatever they are about (17).
        raw_errors: a missing field is answered with the database's words (14).
        zero_row_refused: the first page of a ledger may not be asked for by its row 0 (1.12).
        handles_rewritten: what cannot be in a handle is deleted, and the rest looked up (9).
        tokens_not_renewed: answers bring no newer token: each dies five minutes after its login (2, 17).
        due_window_open: any due date passes, as in every December (3).
        dashboard_left_out: what is written is answered with a dashboard of null (1, 7).
        owned_only: accounts that a member only acts for are not listed (11).
        null_remaining: the rest of the daily limit is null (2).
        null_tier: the tier is missing, its key included (2).
        invalid_date: every due date is the text "Invalid date" (3).
        expired_still_shown: expired offers stay subtracted from the displayed balance (10).
        vanishing_offers: an offer that nobody took is gone at the first midnight, not at the third (3.7).
        lists_reversed: pending offers are listed the newest first (12).
        ledger_without_ids: lines of a ledger do not say which credex they are (1.12, the newest client reads none).
        missing_as_500: what is not there or not pending any more is answered 500, as is a page past the end (8).
        management_as_200: refusals of account management are 200 with nothing but a message (7).
        lenient_authority: whoever asks may issue, decline, cancel and read for any account (15).
        exact_balance_refused: spending exactly what is there is refused (4).
        exact_limit_refused: issuing exactly the rest of the daily limit is refused (4).
        created_but_404: createCredex makes the offer and answers 404, so many times (6).
        created_but_400: the same with 400.
        created_but_500: the same with 500.
        declined_but_500: declineCredex declines and answers 500, so many times (6).
        joined_but_400: onboardMember makes a member without an account and answers 400, so many times (6).
    """

    empty_as_object: bool = _form()
    nested_envelopes: bool = _form()
    low_high_integers: bool = _form()
    duplicate_accounts: bool = _form()
    negative_outgoing: bool = _form()
    negative_zero: bool = _form()
    no_separators: bool = _form()
    reason_only: bool = _form()
    bare_refusals: bool = _form()
    errors_as_200: bool = _form()
    errors_as_400: bool = _form()
    raw_errors: bool = _form()
    zero_row_refused: bool = _form()
    handles_rewritten: bool = _form()
    tokens_not_renewed: bool = _form()
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
    def named(cls, ways: Iterable[str], *, times: int = 1) -> Quirks:
        """Those with these names; those that count happen ``times`` times.

        Raises:
            KeyError: there is none of such a name.
        """
        # Any: bool and int alike.
        switched: dict[str, Any] = {way: True if _FIELDS[way].type == "bool" else times for way in ways}
        return cls(**switched)

    @classmethod
    def everything(cls, *, times: int = 1) -> Quirks:
        """All of them at once; those that count happen ``times`` times."""
        return cls.named(QUIRK_NAMES, times=times)

    @classmethod
    def format_only(cls) -> Quirks:
        """All that only change how an answer looks: a tolerant client reads the same out of it as without them."""
        return cls.named(FORMAT_QUIRKS)

    def union(self, others: Quirks) -> Quirks:
        """These and those."""
        both = {way: getattr(self, way) or getattr(others, way) for way in QUIRK_NAMES}
        return replace(self, **both)

    def stumbles(self) -> dict[str, list[int]]:
        """The statuses behind which writes are hidden that happened all the same, by endpoint."""
        return {
            "createCredex": [404] * self.created_but_404 + [400] * self.created_but_400 + [500] * self.created_but_500,
            "declineCredex": [500] * self.declined_but_500,
            "onboardMember": [400] * self.joined_but_400,
        }


_FIELDS: Final = {one.name: one for one in fields(Quirks)}
QUIRK_NAMES: Final = tuple(_FIELDS)
"""The names of all quirks."""

FORMAT_QUIRKS: Final = tuple(name for name, one in _FIELDS.items() if one.metadata.get(_FORM))
"""The names of those that only change how an answer looks."""
