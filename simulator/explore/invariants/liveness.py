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
from simulator.explore.invariants.claims import is_given_up
from simulator.explore.invariants.history import History, OutgoingMessage
from simulator.explore.invariants.invariant import Finding, Observation

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

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """What was shown to whom it does not concern."""
        history = observation.history
        for who, outgoing in list(history.outgoing.items()):
            for one in outgoing[self._read[who] :]:
                yield from _foreign(history, who, one)
            self._read[who] = len(outgoing)


def _foreign(history: History, who: str, outgoing: OutgoingMessage) -> Iterator[Finding]:
    ledger = history.world.core.ledger
    phones = {history.world.people[who].phone, history.world.handsets[who].phone}
    member = next((found for phone in sorted(phones) if (found := ledger.member_by_phone(phone))), None)
    mine = ledger.accounts_of(member.member_id) if member else []
    body = outgoing.body
    yield from _balances(history, who, body, {account.account_id for account in mine})
    for handle in _HANDLE.findall(body):
        if handle not in {account.handle for account in mine}:
            yield Finding(who, f"was shown the dashboard of {handle}")
    for name in _GREETING.findall(body):
        if member is None or name[:10] != member.first_name[:10]:
            yield Finding(who, f"was greeted as {name}")
    for other in ledger.members.values():
        if other is member or other.phone in phones:
            continue
        # Handles are no secret: they stand in examples, and a new one may be taken.
        marks = {other.phone, f"{other.first_name} {other.last_name}"}
        shown = sorted(mark for mark in marks if mark in body)
        known = {*marks, other.handle}
        if shown and not _acquainted(history, who, {account.account_id for account in mine}, other.member_id, known):
            yield Finding(who, f"was shown {shown[0]}, with whom they have nothing to do")


def _balances(history: History, who: str, body: str, mine: set[str]) -> Iterator[Finding]:
    """Balances that somebody else has, and that those who saw them can never have had."""
    ledger = history.world.core.ledger
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
        yield Finding(who, f"was shown a balance of {amount}, which is another's")


def _held(ledger: Ledger, account: str) -> list[Money]:
    return [Money(amount, denomination) for denomination, amount in ledger.displayed_balances(account).items()]


def _ever_held(account: str, credexes: Sequence[Credex]) -> set[str]:
    """All balances that there can have been: some of these credexes were there, and others not yet or no longer."""
    sums: dict[Denomination, set[Decimal]] = defaultdict(lambda: {Decimal(0)})
    for credex in credexes:
        amount = credex.amount if credex.receiver_id == account else -credex.amount
        sums[credex.denomination] |= {before + amount for before in sums[credex.denomination]}
    return {str(Money(amount, denomination)) for denomination, amounts in sums.items() for amount in amounts}


def _acquainted(history: History, who: str, mine: set[str], other: str, marks: set[str]) -> bool:
    ledger = history.world.core.ledger
    theirs = {account.account_id for account in ledger.accounts_of(other)}
    if mine & theirs:
        return True
    said = " ".join(incoming.text.lower() for incoming in history.incoming[who])
    handles = {ledger.accounts[account].handle for account in theirs}
    if any(mark.lower() in said for mark in marks | handles):
        return True
    pairs = ({credex.issuer_id, credex.receiver_id} for credex in ledger.credexes.values())
    return any(pair & mine and pair & theirs for pair in pairs) or _was_with(history, who, other)


def _was_with(history: History, who: str, other: str) -> bool:
    """Whether a write of theirs spoke of the other one: let act, and removed since."""
    return any(other in str(write.call.body.values()) for write in history.core_writes[who])


class Bounded:
    """Holds every key against the table of the design."""

    name = "bounded"
    sentence = "What is kept for a member stays within the table: keys, types, sizes and lives."

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Keys that are too many, too large, of another type, or that live too long."""
        for what in observation.redis.rule_violations(observation.keys):
            yield Finding("", what)


class Drains:
    """Looks for work that nobody takes up: at any time, and for any work at all once everything works again."""

    name = "drains"
    sentence = "No work is ever out of sight; when all works again nothing stays, and what was given up is told."

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """What is stuck."""
        for what in observation.redis.orphaned_work(observation.keys):
            yield Finding("", what)
        if not observation.over:
            return
        for kind in ("inbox", "outbox", "intent"):
            for entry in observation.keys.by_kind[kind].values():
                yield Finding(observation.history.who(entry.name.rsplit(":", 1)[-1]), f"{entry.name} is still there")
        outgoing = sum(is_given_up(one.body) for all_told in observation.history.outgoing.values() for one in all_told)
        if observation.keys.dead_letters > outgoing and not observation.given_up:
            yield Finding("", f"{observation.keys.dead_letters} messages were given up, and {outgoing} people told")


class GoesOn:
    """Is kept wherever somebody looks: a world that does not come to rest is not looked at, but told of as stuck."""

    name = "goes on"
    sentence = "The world comes to rest after each step, and to its end."

    def findings(self, observation: Observation) -> Iterator[Finding]:  # noqa: ARG002 - as all promises have it
        """None; see `Promises.stuck`."""
        return iter(())


class Continues:
    """At the end everybody asks for the menu."""

    name = "continues"
    sentence = "Whatever happened, everybody gets an answer to what they say next."

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}
        """Who asked for the menu, and how much they had been told before."""

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Who got none."""
        if not observation.over:
            return
        for who, before in self.asked.items():
            answers = [
                outgoing for outgoing in observation.history.outgoing[who][before:] if outgoing.titles or outgoing.body
            ]
            if not answers:
                yield Finding(who, "asked for the menu at the end, and got no answer")


class Unfailing:
    """Reads the log for exceptions that nobody expected, and WhatsApp's for webhooks that were not answered."""

    name = "unfailing"
    sentence = "The bot never fails in a way that was not thought of."

    def __init__(self) -> None:
        self._errors = 0
        self._webhooks = 0

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Exceptions and odd answers."""
        for error in observation.errors[self._errors :]:
            yield Finding("", error)
        self._errors = len(observation.errors)
        for attempt in observation.history.broken_webhooks[self._webhooks :]:
            yield Finding("", f"a webhook was answered with {attempt.status}")
        self._webhooks = len(observation.history.broken_webhooks)
