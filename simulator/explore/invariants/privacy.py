"""Invariant of privacy: nobody sees the data of a member with whom they have nothing to do."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Final

from service.domain import Denomination, Money
from simulator.credex_core import Credex
from simulator.credex_core.ledger import Ledger
from simulator.explore.invariants.history import History, OutgoingMessage
from simulator.explore.invariants.invariant import Finding, Observation

__all__ = ("Private",)

_HANDLE: Final = re.compile(r"^Handle: (\S+)\n\nBalance:", re.MULTILINE)
_BALANCES: Final = re.compile(r"^Balance:\n((?:  \*[^*\n]+\*\n?)+)", re.MULTILINE)
_AMOUNT: Final = re.compile(r"\*([^*]+)\*")
MAX_CREDEXES: Final = 10
"""With more credexes an account can have had too many different balances to enumerate."""

_GREETING: Final = re.compile(r"^(?:Good (?:morning|afternoon|evening)|Hello), (.+?)\.")


class Private:
    """Looks for other people's numbers, handles, names and balances in the bot's messages."""

    name = "private"
    sentence = "Nobody sees the balances, name or number of a member with whom they have nothing to do."

    def __init__(self) -> None:
        self._read: dict[str, int] = defaultdict(int)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find messages that show data of others."""
        history = observation.history
        for who, sent in list(history.outgoing.items()):
            for one in sent[self._read[who] :]:
                yield from _foreign(history, who, one)
            self._read[who] = len(sent)


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
        # Handles are not secret: examples contain them, and a new one may be taken.
        marks = {other.phone, f"{other.first_name} {other.last_name}"}
        shown = sorted(mark for mark in marks if mark in body)
        known = {*marks, other.handle}
        if shown and not _acquainted(history, who, {account.account_id for account in mine}, other.member_id, known):
            yield Finding(who, f"was shown {shown[0]}, with whom they have nothing to do")


def _balances(history: History, who: str, body: str, mine: set[str]) -> Iterator[Finding]:
    """Find balances of others that the person can never have had."""
    ledger = history.world.core.ledger
    shown = {amount for block in _BALANCES.findall(body) for amount in _AMOUNT.findall(block)}
    strange = shown - {str(amount) for account in mine for amount in _held(ledger, account)}
    if not strange:
        return
    own: set[str] = set()
    for account in mine:
        credexes = list(ledger.of_account(account))
        if len(credexes) > MAX_CREDEXES:
            return
        own |= _ever_held(account, credexes)
    theirs = {str(amount) for account in ledger.accounts if account not in mine for amount in _held(ledger, account)}
    for amount in sorted(strange - own & theirs):
        yield Finding(who, f"was shown a balance of {amount}, which is another's")


def _held(ledger: Ledger, account: str) -> list[Money]:
    return [Money(amount, denomination) for denomination, amount in ledger.displayed_balances(account).items()]


def _ever_held(account: str, credexes: Sequence[Credex]) -> set[str]:
    """All balances that an account can have had: the sums of all subsets of its credexes."""
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
    texts = " ".join(message.text.lower() for message in history.incoming[who])
    handles = {ledger.accounts[account].handle for account in theirs}
    if any(mark.lower() in texts for mark in marks | handles):
        return True
    pairs = ({credex.issuer_id, credex.receiver_id} for credex in ledger.credexes.values())
    return any(pair & mine and pair & theirs for pair in pairs) or _was_with(history, who, other)


def _was_with(history: History, who: str, other: str) -> bool:
    """Whether a write of theirs named the other member, for example an authorisation withdrawn since."""
    return any(other in str(write.call.body.values()) for write in history.core_writes[who])
