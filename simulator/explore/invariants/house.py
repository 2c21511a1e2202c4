"""Promises about the house: nobody sees another's data, nothing is stuck, nothing grows, nothing fails unheard."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from service.domain import Denomination, Money
from simulator.credex_core import Credex
from simulator.credex_core.ledger import Ledger
from simulator.explore.invariants.moment import Breach, Moment
from simulator.explore.invariants.said import is_given_up
from simulator.explore.invariants.view import Told, View

__all__ = ("Bounded", "Continues", "Drains", "GoesOn", "Private", "Unfailing")

_HANDLE: Final = re.compile(r"^Handle: (\S+)\n\nBalance:", re.MULTILINE)
_BALANCES: Final = re.compile(r"^Balance:\n((?:  \*[^*\n]+\*\n?)+)", re.MULTILINE)
_AMOUNT: Final = re.compile(r"\*([^*]+)\*")
MOST_CREDEXES: Final = 10
"""Of somebody with more there are too many balances that they can have had."""

_GREETING: Final = re.compile(r"^(?:Good (?:morning|afternoon|evening)|Hello), (.+?)\.")


class Private:
    """Looks for other people's numbers, handles, names and dashboards in what somebody was shown."""

    name = "private"
    sentence = "Nobody sees another member's balances, name or number without having to do with them."

    def __init__(self) -> None:
        self._read: dict[str, int] = defaultdict(int)

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """What was shown to whom it does not concern."""
        view = moment.view
        for who, told in list(view.told.items()):
            for one in told[self._read[who] :]:
                yield from _foreign(view, who, one)
            self._read[who] = len(told)


def _foreign(view: View, who: str, told: Told) -> Iterator[Breach]:
    ledger = view.world.core.ledger
    phones = {view.world.people[who].phone, view.world.handsets[who].phone}
    member = next((found for phone in sorted(phones) if (found := ledger.member_by_phone(phone))), None)
    mine = ledger.accounts_of(member.member_id) if member else []
    body = told.body
    yield from _balances(view, who, body, {account.account_id for account in mine})
    for handle in _HANDLE.findall(body):
        if handle not in {account.handle for account in mine}:
            yield Breach(who, f"was shown the dashboard of {handle}")
    for name in _GREETING.findall(body):
        if member is None or name[:10] != member.first_name[:10]:
            yield Breach(who, f"was greeted as {name}")
    for other in ledger.members.values():
        if other is member or other.phone in phones:
            continue
        # Handles are no secret: they stand in examples, and a new one may be taken.
        marks = {other.phone, f"{other.first_name} {other.last_name}"}
        shown = sorted(mark for mark in marks if mark in body)
        known = {*marks, other.handle}
        if shown and not _acquainted(view, who, {account.account_id for account in mine}, other.member_id, known):
            yield Breach(who, f"was shown {shown[0]}, with whom they have nothing to do")


def _balances(view: View, who: str, body: str, mine: set[str]) -> Iterator[Breach]:
    """Balances that somebody else has, and that those who saw them can never have had."""
    ledger = view.world.core.ledger
    shown = {amount for block in _BALANCES.findall(body) for amount in _AMOUNT.findall(block)}
    strange = shown - {str(amount) for account in mine for amount in _held(ledger, account)}
    if not strange:
        return
    own: set[str] = set()
    for account in mine:
        credexes = list(ledger.of_account(account))
        if len(credexes) > MOST_CREDEXES:
            return
        own |= _ever_held(account, credexes)
    theirs = {str(amount) for account in ledger.accounts if account not in mine for amount in _held(ledger, account)}
    for amount in sorted(strange - own & theirs):
        yield Breach(who, f"was shown a balance of {amount}, which is another's")


def _held(ledger: Ledger, account: str) -> list[Money]:
    return [Money(amount, denomination) for denomination, amount in ledger.displayed(account).items()]


def _ever_held(account: str, credexes: Sequence[Credex]) -> set[str]:
    """All balances that there can have been: some of these credexes were there, and others not yet or no longer."""
    sums: dict[Denomination, set[Decimal]] = defaultdict(lambda: {Decimal(0)})
    for credex in credexes:
        amount = credex.amount if credex.receiver_id == account else -credex.amount
        sums[credex.denomination] |= {before + amount for before in sums[credex.denomination]}
    return {str(Money(amount, denomination)) for denomination, amounts in sums.items() for amount in amounts}


def _acquainted(view: View, who: str, mine: set[str], other: str, marks: set[str]) -> bool:
    ledger = view.world.core.ledger
    theirs = {account.account_id for account in ledger.accounts_of(other)}
    if mine & theirs:
        return True
    said = " ".join(heard.text.lower() for heard in view.heard[who])
    handles = {ledger.accounts[account].handle for account in theirs}
    if any(mark.lower() in said for mark in marks | handles):
        return True
    pairs = ({credex.issuer_id, credex.receiver_id} for credex in ledger.credexes.values())
    return any(pair & mine and pair & theirs for pair in pairs) or _was_with(view, who, other)


def _was_with(view: View, who: str, other: str) -> bool:
    """Whether a write of theirs spoke of the other one: let act, and removed since."""
    return any(other in str(wrote.call.body.values()) for wrote in view.wrote[who])


class Bounded:
    """Holds every key against the table of the design."""

    name = "bounded"
    sentence = "What is kept for a member stays within the table: keys, types, sizes and lives."

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """Keys that are too many, too large, of another type, or that live too long."""
        for what in moment.shelves.overgrown(moment.kept):
            yield Breach("", what)


class Drains:
    """Looks for work that nobody takes up: at any time, and for any work at all once everything works again."""

    name = "drains"
    sentence = "No work is ever out of sight; when all works again nothing stays, and what was given up is told."

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """What is stuck."""
        for what in moment.shelves.lost(moment.kept):
            yield Breach("", what)
        if not moment.over:
            return
        for kind in ("inbox", "outbox", "intent"):
            for entry in moment.kept.by_kind[kind].values():
                yield Breach(moment.view.who(entry.name.rsplit(":", 1)[-1]), f"{entry.name} is still there")
        told = sum(is_given_up(one.body) for all_told in moment.view.told.values() for one in all_told)
        if moment.kept.dead > told and not moment.given_up:
            yield Breach("", f"{moment.kept.dead} messages were given up, and {told} people told")


class GoesOn:
    """Is kept wherever somebody looks: a world that does not come to rest is not looked at, but told of as stuck."""

    name = "goes on"
    sentence = "The world comes to rest after each step, and to its end."

    def breaches(self, moment: Moment) -> Iterator[Breach]:  # noqa: ARG002 - as all promises have it
        """None; see `Promises.stuck`."""
        return iter(())


class Continues:
    """At the end everybody asks for the menu."""

    name = "continues"
    sentence = "Whatever happened, everybody gets an answer to what they say next."

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        """Who asked for the menu, and how much they had been told before."""

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """Who got none."""
        if not moment.over:
            return
        for who, before in self.asked.items():
            answers = [told for told in moment.view.told[who][before:] if told.titles or told.body]
            if not answers:
                yield Breach(who, "asked for the menu at the end, and got no answer")


class Unfailing:
    """Reads the log for exceptions that nobody expected, and WhatsApp's for webhooks that were not answered."""

    name = "unfailing"
    sentence = "The bot never fails in a way that was not thought of."

    def __init__(self) -> None:
        self._errors = 0
        self._webhooks = 0

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """Exceptions and odd answers."""
        for error in moment.errors[self._errors :]:
            yield Breach("", error)
        self._errors = len(moment.errors)
        for attempt in moment.view.broken_webhooks[self._webhooks :]:
            yield Breach("", f"a webhook was answered with {attempt.status}")
        self._webhooks = len(moment.view.broken_webhooks)
