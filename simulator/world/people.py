"""Who takes part in a world, and what Credex core knows of them when it starts."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from service.domain import Denomination, Money

__all__ = ("IDENTITIES", "Deal", "MemberSpec", "OtherAccount", "Permission", "Person")

IDENTITIES: Final = ("number", "username", "hidden", "parent")
"""How WhatsApp identifies a person: by phone number; by number and username; by user id alone; under a parent id."""


@dataclass(frozen=True, slots=True)
class Deal:
    """A number of equal credexes with another person.

    Attributes:
        other: the other person's key.
        outgoing: the credexes go to the other person.
        due_days: unsecured, and due after this many days; None for secured ones.
    """

    amount: Money
    other: str
    outgoing: bool = True
    times: int = 1
    due_days: int | None = None


@dataclass(frozen=True, slots=True)
class OtherAccount:
    """A business account."""

    name: str
    handle: str
    denomination: Denomination = Denomination.USD
    balances: tuple[Money, ...] = ()


@dataclass(frozen=True, slots=True)
class Permission:
    """A person (by key) who is given a right over an account: the one with this handle, or the personal account."""

    other: str
    handle: str | None = None


@dataclass(frozen=True, slots=True)
class MemberSpec:
    """What Credex core knows of a member when the world starts.

    Attributes:
        handle: of the personal account; None leaves it to core.
        accounts: the business accounts that the member owns.
        authorises: who may act for an account of the member.
        notices: who receives the offers to an account instead of the member.
        owes: unsecured credexes that the member has issued and others have accepted.
        offers: offers of the member that are pending.
        history: credexes of the past, which have been redeemed.
    """

    tier: int = 1
    balances: tuple[Money, ...] = ()
    handle: str | None = None
    denomination: Denomination = Denomination.USD
    accounts: tuple[OtherAccount, ...] = ()
    authorises: tuple[Permission, ...] = ()
    notices: tuple[Permission, ...] = ()
    owes: tuple[Deal, ...] = ()
    offers: tuple[Deal, ...] = ()
    history: tuple[Deal, ...] = ()

    def others(self) -> Iterator[str]:
        """The keys of everybody else who has to be a member too."""
        yield from (deal.other for deal in (*self.owes, *self.offers, *self.history))
        yield from (permission.other for permission in (*self.authorises, *self.notices))


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a phone.

    Attributes:
        key: the name by which conversations and transcripts refer to them.
        phone: digits, country code first.
        name: their full name in WhatsApp and in Credex core.
        member: what core knows of them; None for a stranger.
        receipts: their phone sends read receipts.
        online: their phone is on.
        blocked: they have blocked the business.
        identity: one of `IDENTITIES`.
    """

    key: str
    phone: str
    name: str
    member: MemberSpec | None = None
    receipts: bool = True
    online: bool = True
    blocked: bool = False
    identity: str = "number"
