"""What conversations say of Credex core: who is a member at the start, and what the other side does there."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from service.domain import Money
from simulator.conversation import Person
from simulator.credex_core import Core, NotFound, Refusal
from simulator.errors import SimulatorError, did_you_mean
from simulator.reading import Flaw

__all__ = ("end_offer", "make_offer", "settle_in")

DUE_AFTER: Final = timedelta(days=28)


def settle_in(core: Core, people: Iterable[Person]) -> None:
    """Put into core what a conversation says that it holds at the start.

    Raises:
        SimulatorError: core's rules do not allow it.
    """
    people = list(people)
    try:
        for person in people:
            _join(core, person)
        for person in people:
            _owe(core, person, people)
    except (Refusal, NotFound) as refusal:
        raise SimulatorError(f"Credex core cannot begin like this: {refusal}") from refusal


def _join(core: Core, person: Person) -> None:
    if person.member is None:
        return
    *first, last = person.name.split()
    core.add_member(
        person.phone,
        " ".join(first),
        last,
        tier=person.member.tier,
        denom=person.member.denomination,
        handle=person.member.handle,
    )
    for balance in person.member.balances:
        core.fund(core.member(person.phone).handle, balance)


def _owe(core: Core, person: Person, people: Iterable[Person]) -> None:
    phones = {each.key: each.phone for each in people}
    for debt in person.member.owes if person.member else ():
        due = core.ledger.today + DUE_AFTER
        core.accept(core.offer(_handle(core, person.phone), _handle(core, phones[debt.to]), debt.amount, due=due))


def _handle(core: Core, phone: str) -> str:
    return core.member(phone).handle


def make_offer(core: Core, people: dict[str, Person], who: str, amount: Money, to: str) -> None:
    """Somebody offers a secured credex to a name of the conversation or to a handle.

    Raises:
        Flaw: core refuses it, or there are no such members.
    """
    try:
        receiver = _handle(core, people[to].phone) if to in people else to
        core.offer(_handle(core, people[who].phone), receiver, amount)
    except (Refusal, NotFound, KeyError) as refusal:
        raise Flaw(f"Credex core refuses it: {refusal}") from refusal


def end_offer(core: Core, people: dict[str, Person], who: str, verb: str, other: str, *, newest: bool) -> Money:
    """Somebody accepts, declines or cancels an offer. Returns its amount.

    Raises:
        Flaw: core refuses it, or no such offer waits.
    """
    issuer, receiver = (who, other) if verb == "cancels" else (other, who)
    try:
        accounts = {name: core.account(_handle(core, people[name].phone)).account_id for name in (issuer, receiver)}
    except KeyError as missing:
        raise Flaw(f"no member: {missing}", did_you_mean(other, list(people), "people")) from missing
    waiting = [
        credex
        for credex in core.offers()
        if (credex.issuer_id, credex.receiver_id) == (accounts[issuer], accounts[receiver])
    ]
    if not waiting:
        raise Flaw(f"no offer from {issuer} to {receiver} waits in Credex core")
    credex = waiting[-1 if newest else 0]
    act = {"accepts": core.accept, "declines": core.decline, "cancels": core.cancel}[verb]
    try:
        act(credex)
    except (Refusal, NotFound) as refusal:
        raise Flaw(f"Credex core refuses it: {refusal}") from refusal
    return Money(credex.amount, credex.denomination)
