"""What a flow may ask of Credex core, and what can come of it: values only.

A read may be repeated; a write never is. What became of a write may stay unknown, and then that is its outcome.
"""

from __future__ import annotations

from datetime import date
from typing import Final

import msgspec

from service.domain import Credex, Dashboard, Denomination, LedgerPage, Money, Person, Recipient

__all__ = (
    "WRITES",
    "AcceptOffer",
    "Authorise",
    "Call",
    "CancelOffer",
    "CreateOffer",
    "DeclineOffer",
    "DidNotHappen",
    "Done",
    "FindAccount",
    "FindMember",
    "Known",
    "Login",
    "NotFound",
    "OpenAccount",
    "Outcome",
    "PossibleDuplicate",
    "Read",
    "ReadCredex",
    "ReadLedger",
    "Refused",
    "Register",
    "SetOfferRecipient",
    "Unauthorise",
    "Unavailable",
    "Unknown",
    "Upgrade",
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


class Register(msgspec.Struct, frozen=True, tag="register"):
    """Make the sender a member."""

    first_name: str
    last_name: str
    denomination: Denomination = Denomination.USD


class CreateOffer(msgspec.Struct, frozen=True, tag="create-offer"):
    """Offer a credex from one of the member's accounts."""

    account_id: str
    receiver_id: str
    receiver_name: str
    amount: Money
    due: date | None = None
    allow_duplicate: bool = msgspec.field(default=False, name="despite")  # the name in stored records
    """The member was told that an earlier offer that looks the same is unresolved, and wants this one all the same."""

    @property
    def secured(self) -> bool:
        """A secured credex has no due date, an unsecured one must have one."""
        return self.due is None


class _OnOffer(msgspec.Struct, frozen=True):
    account_id: str
    credex_id: str
    amount: Money
    counterparty: str


class AcceptOffer(_OnOffer, frozen=True, tag="accept-offer"):
    """Accept a pending incoming offer."""


class DeclineOffer(_OnOffer, frozen=True, tag="decline-offer"):
    """Decline a pending incoming offer."""


class CancelOffer(_OnOffer, frozen=True, tag="cancel-offer"):
    """Take back a pending outgoing offer."""


class OpenAccount(msgspec.Struct, frozen=True, tag="open-account"):
    """Open a business account that the sender owns."""

    name: str
    handle: str
    denomination: Denomination


class _OnPerson(msgspec.Struct, frozen=True):
    account_id: str
    member_id: str
    name: str


class Authorise(_OnPerson, frozen=True, tag="authorise"):
    """Let another member act for an account."""

    handle: str


class Unauthorise(_OnPerson, frozen=True, tag="unauthorise"):
    """Let another member no longer act for an account."""


class SetOfferRecipient(_OnPerson, frozen=True, tag="direct-notices"):
    """Send the notices of new offers to an account to this member."""


class Upgrade(msgspec.Struct, frozen=True, tag="upgrade"):
    """Pay for the next membership tier from the personal account."""

    account_id: str


Read = Login | FindAccount | FindMember | ReadLedger | ReadCredex
Write = (
    Register
    | CreateOffer
    | AcceptOffer
    | DeclineOffer
    | CancelOffer
    | OpenAccount
    | Authorise
    | Unauthorise
    | SetOfferRecipient
    | Upgrade
)
Call = Read | Write

WRITES: Final = (
    Register,
    CreateOffer,
    AcceptOffer,
    DeclineOffer,
    CancelOffer,
    OpenAccount,
    Authorise,
    Unauthorise,
    SetOfferRecipient,
    Upgrade,
)


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
