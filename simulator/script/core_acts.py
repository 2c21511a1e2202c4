"""What somebody can do in Credex core directly, past the bot: the words for it, and the doing."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from service.domain import Money
from simulator.credex_core import Account, Core, Member, NotFoundRefusalError, RefusalError
from simulator.script.yaml_reader import FlawError, read_amount

if TYPE_CHECKING:
    from simulator.script.conversation import Person

__all__ = ("EXAMPLES", "Act", "read_act")

Act = Callable[[Core, "Mapping[str, Person]", str], str]
"""Does it, for the one with this name; returns what is noted in the transcript. Raises `FlawError` if core refuses."""

EXAMPLES: Final = (
    "For example: offers 5 USD to farai_shop; offers 5 USD to Tariro due in 14 days; "
    "accepts the newest offer from Tariro; declines the oldest offer from Tariro; cancels the newest offer to Farai; "
    "authorises Tariro; authorises Tariro for farai_shop; unauthorises Tariro; "
    "sends notices to Tariro; has tier 3; has no account; joins; is no member any more."
)

_OFFERS = re.compile(r"offers (?P<amount>[0-9.,]+ [A-Za-z]{3}) to (?P<other>.+?)(?: due in (?P<days>[0-9]{1,3}) days)?")
_ENDS = re.compile(r"(?P<verb>accepts|declines|cancels) the (?P<age>newest|oldest) offer (?:from|to) (?P<other>.+)")
_PERMITS = re.compile(
    r"(?P<verb>authorises|unauthorises|sends notices to) (?P<other>.+?)(?: for (?P<handle>[a-z0-9_]+))?"
)
_TIER = re.compile(r"has tier (?P<tier>[1-5])")


def read_act(text: str, person: Callable[[str], str]) -> Act | None:
    """Read what is done; None if it cannot be. ``person`` is a name that takes part, or raises `FlawError`."""
    if match := _OFFERS.fullmatch(text):
        amount, days = read_amount(match["amount"]), match["days"]
        return _offers(amount, match["other"], None if days is None else int(days))
    if match := _ENDS.fullmatch(text):
        return _ends(match["verb"], person(match["other"]), newest=match["age"] == "newest")
    if match := _PERMITS.fullmatch(text):
        return _permits(match["verb"], person(match["other"]), match["handle"])
    if match := _TIER.fullmatch(text):
        return _rises(int(match["tier"]))
    return {"has no account": _no_account, "joins": _joins, "is no member any more": _forgotten}.get(text)


def _offers(amount: Money, to: str, due_days: int | None) -> Act:
    def act(core: Core, people: Mapping[str, Person], who: str) -> str:
        due = None if due_days is None else core.ledger.today + timedelta(days=due_days)
        try:
            receiver = core.member(people[to].phone).handle if to in people else to
            core.offer(core.member(people[who].phone).handle, receiver, amount, due=due)
        except (RefusalError, NotFoundRefusalError, KeyError) as refusal:
            raise FlawError(f"Credex core refuses it: {refusal}") from refusal
        when = "" if due_days is None else f", due in {due_days} days,"
        return f"{who} offers {amount} to {to}{when} in Credex core"

    return act


def _ends(verb: str, other: str, *, newest: bool) -> Act:
    def act(core: Core, people: Mapping[str, Person], who: str) -> str:
        issuer, receiver = (who, other) if verb == "cancels" else (other, who)
        issuers, receivers = ({each.account_id for each in _owned(core, people, name)} for name in (issuer, receiver))
        waiting = [one for one in core.offers() if one.issuer_id in issuers and one.receiver_id in receivers]
        if not waiting:
            raise FlawError(f"no offer from {issuer} to {receiver} waits in Credex core")
        credex = waiting[-1 if newest else 0]
        try:
            {"accepts": core.accept, "declines": core.decline, "cancels": core.cancel}[verb](credex)
        except (RefusalError, NotFoundRefusalError) as refusal:
            raise FlawError(f"Credex core refuses it: {refusal}") from refusal
        money, way = Money(credex.amount, credex.denomination), "to" if verb == "cancels" else "from"
        return f"{who} {verb} the offer of {money} {way} {other} in Credex core"

    return act


_PERMIT: Final[Mapping[str, Callable[[Core, Account, Member], None]]] = {
    "authorises": Core.authorise,
    "unauthorises": Core.unauthorise,
    "sends notices to": Core.set_offer_recipient,
}


def _permits(verb: str, other: str, handle: str | None) -> Act:
    def act(core: Core, people: Mapping[str, Person], who: str) -> str:
        owned = _owned(core, people, who)
        account = next((each for each in owned if handle in {None, each.handle}), None)
        if account is None:
            raise FlawError(f"{who} owns no account {handle}")
        try:
            _PERMIT[verb](core, account, core.member(people[other].phone))
        except (RefusalError, NotFoundRefusalError, KeyError) as refusal:
            raise FlawError(f"Credex core refuses it: {refusal}") from refusal
        return f"{who} {verb} {other}{f' for {handle}' if handle else ''} in Credex core"

    return act


def _rises(tier: int) -> Act:
    def act(core: Core, people: Mapping[str, Person], who: str) -> str:
        try:
            core.member(people[who].phone).tier = tier
        except KeyError as missing:
            raise FlawError(f"no member: {missing}") from missing
        return f"{who} has tier {tier} in Credex core from now on"

    return act


def _no_account(core: Core, people: Mapping[str, Person], who: str) -> str:
    """Core shows none, which is how a member looks whose account is not made yet, or was taken away."""
    for account in _owned(core, people, who):
        account.authorised.remove(account.owner_id)
    return f"Credex core shows {who} no account from now on"


def _joins(core: Core, people: Mapping[str, Person], who: str) -> str:
    first, _, last = people[who].name.partition(" ")
    try:
        core.add_member(people[who].phone, first, last)
    except RefusalError as refusal:
        raise FlawError(f"Credex core refuses it: {refusal}", "They need a first and a last name.") from refusal
    return f"{who} becomes a member in Credex core"


def _forgotten(core: Core, people: Mapping[str, Person], who: str) -> str:
    try:
        core.leave(core.member(people[who].phone))
    except KeyError as missing:
        raise FlawError(f"no member: {missing}") from missing
    return f"{who} is no member any more in Credex core"


def _owned(core: Core, people: Mapping[str, Person], who: str) -> list[Account]:
    """The accounts that somebody owns, the personal one first."""
    try:
        member = core.member(people[who].phone)
    except KeyError as missing:
        raise FlawError(f"no member: {missing}") from missing
    return [each for each in core.ledger.accounts_of(member.member_id) if each.owner_id == member.member_id]
