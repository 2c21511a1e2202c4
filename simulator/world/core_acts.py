"""What a person does in Credex core directly, bypassing the bot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from service.domain import Money
from simulator.credex_core import Account, Core, Member, NotFoundRefusalError, RefusalError
from simulator.units import FlawError
from simulator.world.people import Person

__all__ = (
    "Act",
    "AnswerOffer",
    "JoinCore",
    "LeaveCore",
    "LoseAccounts",
    "MakeOffer",
    "ReachTier",
    "SetPermission",
)

People = Mapping[str, Person]
"""Everybody who takes part, by key."""

AnswerVerb = Literal["accepts", "declines", "cancels"]
PermissionVerb = Literal["authorises", "unauthorises", "sends notices to"]

_PERMISSIONS: Final[Mapping[PermissionVerb, Callable[[Core, Account, Member], None]]] = {
    "authorises": Core.authorise,
    "unauthorises": Core.unauthorise,
    "sends notices to": Core.set_offer_recipient,
}


@dataclass(frozen=True, slots=True)
class MakeOffer:
    """An offer to a person (by key) or to a handle; unsecured if it is due after a number of days."""

    amount: Money
    to: str
    due_days: int | None = None

    def perform(self, core: Core, people: People, who: str) -> str:
        """Make the offer. Returns the stage direction; raises `FlawError` if core refuses."""
        due = None if self.due_days is None else core.ledger.today + timedelta(days=self.due_days)
        try:
            receiver = core.member(people[self.to].phone).handle if self.to in people else self.to
            core.offer(core.member(people[who].phone).handle, receiver, self.amount, due=due)
        except (RefusalError, NotFoundRefusalError, KeyError) as refusal:
            raise FlawError(f"Credex core refuses it: {refusal}") from refusal
        when = "" if self.due_days is None else f", due in {self.due_days} days,"
        return f"{who} offers {self.amount} to {self.to}{when} in Credex core"


@dataclass(frozen=True, slots=True)
class AnswerOffer:
    """A pending offer from or (if cancelled) to another person is resolved: their newest or oldest one."""

    verb: AnswerVerb
    other: str
    newest: bool = True

    def perform(self, core: Core, people: People, who: str) -> str:
        """Resolve the offer. Returns the stage direction; raises `FlawError` if there is none or core refuses."""
        issuer, receiver = (who, self.other) if self.verb == "cancels" else (self.other, who)
        issuers, receivers = ({each.account_id for each in _owned(core, people, name)} for name in (issuer, receiver))
        waiting = [one for one in core.offers() if one.issuer_id in issuers and one.receiver_id in receivers]
        if not waiting:
            raise FlawError(f"no offer from {issuer} to {receiver} waits in Credex core")
        credex = waiting[-1 if self.newest else 0]
        try:
            {"accepts": core.accept, "declines": core.decline, "cancels": core.cancel}[self.verb](credex)
        except (RefusalError, NotFoundRefusalError) as refusal:
            raise FlawError(f"Credex core refuses it: {refusal}") from refusal
        money, way = Money(credex.amount, credex.denomination), "to" if self.verb == "cancels" else "from"
        return f"{who} {self.verb} the offer of {money} {way} {self.other} in Credex core"


@dataclass(frozen=True, slots=True)
class SetPermission:
    """Another member may act for an account or no longer may, or receives its offers; None is the personal account."""

    verb: PermissionVerb
    other: str
    handle: str | None = None

    def perform(self, core: Core, people: People, who: str) -> str:
        """Change the account. Returns the stage direction; raises `FlawError` if core refuses."""
        owned = _owned(core, people, who)
        account = next((each for each in owned if self.handle in {None, each.handle}), None)
        if account is None:
            raise FlawError(f"{who} owns no account {self.handle}")
        try:
            _PERMISSIONS[self.verb](core, account, core.member(people[self.other].phone))
        except (RefusalError, NotFoundRefusalError, KeyError) as refusal:
            raise FlawError(f"Credex core refuses it: {refusal}") from refusal
        return f"{who} {self.verb} {self.other}{f' for {self.handle}' if self.handle else ''} in Credex core"


@dataclass(frozen=True, slots=True)
class ReachTier:
    """The member has this tier from now on."""

    tier: int

    def perform(self, core: Core, people: People, who: str) -> str:
        """Set the tier. Returns the stage direction; raises `FlawError` for a stranger."""
        _member(core, people, who).tier = self.tier
        return f"{who} has tier {self.tier} in Credex core from now on"


@dataclass(frozen=True, slots=True)
class LoseAccounts:
    """Core shows the member no account, as when it is not created yet or was taken away."""

    def perform(self, core: Core, people: People, who: str) -> str:
        """Remove the owner's access. Returns the stage direction; raises `FlawError` for a stranger."""
        for account in _owned(core, people, who):
            account.authorised.remove(account.owner_id)
        return f"Credex core shows {who} no account from now on"


@dataclass(frozen=True, slots=True)
class JoinCore:
    """The person becomes a member."""

    def perform(self, core: Core, people: People, who: str) -> str:
        """Register the person. Returns the stage direction; raises `FlawError` if core refuses."""
        first, _, last = people[who].name.partition(" ")
        try:
            core.add_member(people[who].phone, first, last)
        except RefusalError as refusal:
            raise FlawError(f"Credex core refuses it: {refusal}", "They need a first and a last name.") from refusal
        return f"{who} becomes a member in Credex core"


@dataclass(frozen=True, slots=True)
class LeaveCore:
    """The member is removed from core."""

    def perform(self, core: Core, people: People, who: str) -> str:
        """Remove the member. Returns the stage direction; raises `FlawError` for a stranger."""
        core.leave(_member(core, people, who))
        return f"{who} is no member any more in Credex core"


Act = MakeOffer | AnswerOffer | SetPermission | ReachTier | LoseAccounts | JoinCore | LeaveCore
"""Everything that a person can do in core; each has a method ``perform``."""


def _member(core: Core, people: People, who: str) -> Member:
    try:
        return core.member(people[who].phone)
    except KeyError as missing:
        raise FlawError(f"no member: {missing}") from missing


def _owned(core: Core, people: People, who: str) -> list[Account]:
    """The accounts that a member owns, the personal one first."""
    member = _member(core, people, who)
    return [each for each in core.ledger.accounts_of(member.member_id) if each.owner_id == member.member_id]
