"""What a flow may ask of Credex core, and what can come of it: values only.

A read may be repeated; a write never is. What became of a write may stay unknown, and then that is its outcome.
"""

from __future__ import annotations

import msgspec

from service.domain import Credex, Dashboard, LedgerPage, Money, Person, Recipient

__all__ = (
    "Call",
    "DidNotHappen",
    "Done",
    "FindAccount",
    "FindMember",
    "Known",
    "Login",
    "NotFound",
    "Outcome",
    "PossibleDuplicate",
    "Read",
    "ReadCredex",
    "ReadLedger",
    "Refused",
    "Unavailable",
    "Unknown",
    "Write",
)


class Login(msgspec.Struct, frozen=True, tag="login"):
    """Read the member's dashboard. With ``fresh`` a copy from the cache will not do."""

    fresh: bool = False


class FindAccount(msgspec.Struct, frozen=True, tag="find-account"):
    """Look up whose account a handle is."""

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
    """Look up which member a handle belongs to."""

    handle: str


class Write(msgspec.Struct, frozen=True):
    """Base of the commands that change something in core; each is defined with its operation in `service.writes`."""


Read = Login | FindAccount | FindMember | ReadLedger | ReadCredex
Call = Read | Write


class Known(msgspec.Struct, frozen=True, tag="known"):
    """A read's answer."""

    value: Dashboard | Recipient | Person | LedgerPage | Credex


class Done(msgspec.Struct, frozen=True, tag="done"):
    """The write happened: core said so, or it was proven. The dashboard is the newest there is, if there is one."""

    dashboard: Dashboard | None = None
    credex_id: str = ""
    proven: bool = False
    """Found out afterwards, not from core's own answer."""
    by_us: bool = True
    """False when the offer is no longer pending, but who ended it stays open."""
    accepted: bool = False
    """An offer that the other side had accepted already when it was found."""


class NotFound(msgspec.Struct, frozen=True, tag="not-found"):
    """Core knows no such member, account or offer."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Core refused. ``code`` is ours to explain; core's own words are never shown to members."""

    code: str = ""
    remaining: Money | None = None


class DidNotHappen(msgspec.Struct, frozen=True, tag="not-done"):
    """The write certainly did not happen, though nobody refused it."""


class Unavailable(msgspec.Struct, frozen=True, tag="unavailable"):
    """A read failed, or a write could not even be tried: core is away or slow. Nothing happened."""


class Unknown(msgspec.Struct, frozen=True, tag="unresolved"):
    """Whether the write happened is not known yet. It is being looked into."""


class PossibleDuplicate(msgspec.Struct, frozen=True, tag="doubtful"):
    """Nothing was sent: an earlier write that looks the same may have happened, and the member should know first."""

    made: bool = False
    """The earlier one has now been found: it did happen."""


Outcome = Known | Done | NotFound | Refused | DidNotHappen | Unavailable | Unknown | PossibleDuplicate
