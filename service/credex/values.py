"""What the client gives back besides the domain's own values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.domain import Dashboard, Money

__all__ = ("CredexKind", "CredexState", "LedgerEntry", "Written")


@dataclass(frozen=True, slots=True)
class Written:
    """A write that core confirmed.

    Attributes:
        credex_id: the credex made or acted upon; None where there is none, or core left it out.
        dashboard: as it is afterwards; None where core left it out or it could not be read.
    """

    credex_id: str | None
    dashboard: Dashboard | None


class CredexKind(StrEnum):
    """Where a credex stands, in the words of the wire."""

    OFFERS = "OFFERS"
    REQUESTS = "REQUESTS"
    OWES = "OWES"
    CLEARED = "CLEARED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class CredexState:
    """One credex as one of its two accounts sees it. Amounts are positive whichever way it goes.

    Attributes:
        outgoing: whether the account that looks is the issuer; None if core did not say.
        due: for unsecured ones, where core gave a date that can be read.
    """

    credex_id: str
    kind: CredexKind
    outgoing: bool | None = None
    counterparty: str = ""
    amount: Money | None = None
    outstanding: Money | None = None
    secured: bool = False
    due: date | None = None


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An accepted credex in an account's ledger.

    Attributes:
        amount: negative where this account is the issuer.
        at_ms: when it was accepted, in ms since the epoch; None where core does not say.
        credex_id: None where core does not say.
    """

    amount: Money
    counterparty: str
    at_ms: int | None = None
    credex_id: str | None = None
