"""Values that the client returns besides those of the domain."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from service.domain import Dashboard, Money


@dataclass(frozen=True, slots=True)
class Written:
    """A write that core confirmed.

    Attributes:
        credex_id: the credex that was created; None if none was, or core left it out.
        dashboard: as it is afterwards; None if core left it out or it could not be read.
    """

    credex_id: str | None
    dashboard: Dashboard | None


class CredexKind(StrEnum):
    """The state of a credex, as on the wire."""

    OFFERS = "OFFERS"
    REQUESTS = "REQUESTS"
    OWES = "OWES"
    CLEARED = "CLEARED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class CredexState:
    """One credex as seen from one of its two accounts. Amounts are positive in both directions.

    Attributes:
        outgoing: whether that account is the issuer; None if core did not say.
        due: of an unsecured credex, if core gave a readable date.
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
        amount: negative if this account is the issuer.
        at_ms: when it was accepted, in ms since the epoch; None if core does not say.
        credex_id: None if core does not say.
    """

    amount: Money
    counterparty: str
    at_ms: int | None = None
    credex_id: str | None = None
