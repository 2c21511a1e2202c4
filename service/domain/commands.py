"""Calls to Credex core, and their outcomes: values only.

A read may be repeated, a write never is. The outcome of a write may stay unknown: `Unknown` is an outcome.
"""

import msgspec

from service.domain import Credex, Dashboard, LedgerPage, Money, Person, Recipient


class Login(msgspec.Struct, frozen=True, tag="login"):
    """Read the member's dashboard. With ``fresh`` never from the cache."""

    fresh: bool = False


class FindAccount(msgspec.Struct, frozen=True, tag="find-account"):
    handle: str


class ReadLedger(msgspec.Struct, frozen=True, tag="read-ledger"):
    """Read one page of an account's ledger, the newest lines first; pages count from 1."""

    account_id: str
    page: int = 1


class ReadCredex(msgspec.Struct, frozen=True, tag="read-credex"):
    """Read one credex, seen from one of its accounts."""

    credex_id: str
    account_id: str


class FindMember(msgspec.Struct, frozen=True, tag="find-member"):
    handle: str


class Write(msgspec.Struct, frozen=True):
    """Base of the commands that change something in core; each is defined with its operation in `service.writes`."""


Read = Login | FindAccount | FindMember | ReadLedger | ReadCredex
Call = Read | Write


class Known(msgspec.Struct, frozen=True, tag="known"):
    """The value that a read returned."""

    value: Dashboard | Recipient | Person | LedgerPage | Credex


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The write happened: core said so, or it was proven. The dashboard, if there is one, is from after the write."""

    dashboard: Dashboard | None = None
    credex_id: str = ""
    proven: bool = False
    """Found out afterwards, not from core's own response."""
    by_us: bool = True
    """False if the offer is no longer pending and it is not known who ended it."""
    accepted: bool = False
    """The offer had already been accepted when it was found."""


class NotFound(msgspec.Struct, frozen=True, tag="not-found"):
    """Core knows no such member, account or offer."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Core refused. Members are told what ``code`` means, never core's own words."""

    code: str = ""
    remaining: Money | None = None


class DidNotHappen(msgspec.Struct, frozen=True, tag="not-done"):
    """The write certainly did not happen, and was not refused."""


class Unavailable(msgspec.Struct, frozen=True, tag="unavailable"):
    """A read failed, or a write was not sent: core is down or slow. Nothing happened."""


class Unknown(msgspec.Struct, frozen=True, tag="unresolved"):
    """Whether the write happened is not known yet. It is being reconciled."""


class PossibleDuplicate(msgspec.Struct, frozen=True, tag="doubtful"):
    """Nothing was sent: an earlier lookalike may have happened, and the member must be asked first."""

    made: bool = False
    """The earlier write is now known to have happened."""


Outcome = Known | Done | NotFound | Refused | DidNotHappen | Unavailable | Unknown | PossibleDuplicate
