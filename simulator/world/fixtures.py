"""The initial content of Credex core: members, accounts, offers and history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from simulator.credex_core import DAY_MS, Core, NotFoundRefusalError, RefusalError
from simulator.credex_core import Member as CoreMember
from simulator.errors import SimulatorError
from simulator.units import FlawError
from simulator.world.people import Deal, MemberSpec, Person

__all__ = ("load_fixtures", "newest_offer_to")

DUE_AFTER: Final = timedelta(days=28)


def load_fixtures(core: Core, people: Iterable[Person]) -> None:
    """Fill core with what is known of people at the start.

    Raises:
        SimulatorError: core's rules forbid it.
    """
    members = {person.key: (person, person.member) for person in people if person.member is not None}
    try:
        for person, member in members.values():
            _join(core, person, member)
        handles = {key: core.member(person.phone).handle for key, (person, _) in members.items()}
        for key, (_, member) in members.items():
            _permit(core, handles[key], member, handles)
        for key, (_, member) in members.items():
            _remember(core, handles[key], member.history, handles)
        for key, (_, member) in members.items():
            _deal(core, handles[key], member, handles)
    except (RefusalError, NotFoundRefusalError, KeyError) as refusal:
        raise SimulatorError(f"Credex core cannot begin like this: {refusal}") from refusal


def _join(core: Core, person: Person, member: MemberSpec) -> None:
    *first, last = person.name.split()
    joined = core.add_member(
        person.phone,
        " ".join(first),
        last,
        tier=member.tier,
        denom=member.denomination,
        handle=member.handle,
    )
    for balance in member.balances:
        core.fund(joined.handle, balance)
    for other in member.accounts:
        account = core.add_account(joined, other.name, other.handle, denom=other.denomination)
        for balance in other.balances:
            core.fund(account, balance)


def _permit(core: Core, own: str, member: MemberSpec, handles: Mapping[str, str]) -> None:
    for permission in member.authorises:
        core.authorise(permission.handle or own, _member(core, handles[permission.other]))
    for permission in member.notices:
        core.set_offer_recipient(permission.handle or own, _member(core, handles[permission.other]))


def _member(core: Core, handle: str) -> CoreMember:
    found = core.ledger.member_by_handle(handle)
    if found is None:
        raise KeyError(f"no member has the handle {handle}")
    return found


def _remember(core: Core, own: str, history: Sequence[Deal], handles: Mapping[str, str]) -> None:
    past = [deal for deal in history for _ in range(deal.times)]
    for days, deal in zip(range(len(past), 0, -1), past, strict=True):
        sides = (own, handles[deal.other]) if deal.outgoing else (handles[deal.other], own)
        core.history(*sides, deal.amount, at_ms=core.clock_ms() - days * DAY_MS)


def _deal(core: Core, own: str, member: MemberSpec, handles: Mapping[str, str]) -> None:
    today = core.ledger.today
    for debt in member.owes:
        due = today + (DUE_AFTER if debt.due_days is None else timedelta(days=debt.due_days))
        core.accept(core.offer(own, handles[debt.other], debt.amount, due=due))
    for deal in member.offers:
        due_on = None if deal.due_days is None else today + timedelta(days=deal.due_days)
        for _ in range(deal.times):
            core.offer(own, handles[deal.other], deal.amount, due=due_on)


def _handle(core: Core, phone: str) -> str:
    return core.member(phone).handle


def newest_offer_to(core: Core, person: Person) -> str:
    """The id of the newest offer that waits for a person.

    Raises:
        FlawError: no offer waits.
    """
    account = core.account(_handle(core, person.phone)).account_id
    waiting = [credex.credex_id for credex in core.offers() if credex.receiver_id == account]
    if not waiting:
        raise FlawError(f"no offer waits for {person.key} in Credex core")
    return waiting[-1]
