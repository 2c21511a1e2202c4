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
    """An offer that the other side had accepted already when it was found."""
    as_of_ms: int = 0
    """When core showed it; 0 where core's own answer said it."""
    count: int = 1
    """How many new offers like it core showed."""
    another: bool = False
    """One more than the member has been told of."""


class NotFound(msgspec.Struct, frozen=True, tag="not-found"):
    """Core knows no such member, account or offer."""


class Refused(msgspec.Struct, frozen=True, tag="refused"):
    """Core refused. Members are told what ``code`` means, never core's own words."""

    code: str = ""
    remaining: Money | None = None


class DidNotHappen(msgspec.Struct, frozen=True, tag="not-done"):
    """Core does not show the effect of the write, and showed nothing of it for so long that it did not happen."""

    as_of_ms: int = 0
    """When core showed that last."""
    besides: bool = False
    """Offers like it that another write made are there, and not counted."""


class SimilarOffer(msgspec.Struct, frozen=True):
    """A new offer of the same amount to an account of another name."""

    counterparty: str
    accepted: bool = False


class OnlySimilar(msgspec.Struct, frozen=True, tag="only-similar"):
    """Core shows new offers of the amount, and none under the right name: one of them may be the member's."""

    offers: tuple[SimilarOffer, ...]
    as_of_ms: int = 0


class Unavailable(msgspec.Struct, frozen=True, tag="unavailable"):
    """A read failed, or a write was not sent: core is down or slow. Nothing happened."""


class Unknown(msgspec.Struct, frozen=True, tag="unresolved"):
    """Whether the write happened is not known yet. It is being reconciled."""

    interrupted: bool = False
    """The bot itself was interrupted; core may have answered clearly."""


class PossibleDuplicate(msgspec.Struct, frozen=True, tag="doubtful"):
    """Nothing was sent: an earlier lookalike may have happened, and the member must be asked first."""

    made: bool = False
    """The earlier one has now been found: it did happen."""
    watched: bool = False
    """Nothing of the earlier one was shown, and it may still appear."""
    elsewhere: bool = False
    """It is an offer of the same amount that was made since the member's screen was shown."""


Outcome = Known | Done | NotFound | Refused | DidNotHappen | OnlySimilar | Unavailable | Unknown | PossibleDuplicate
