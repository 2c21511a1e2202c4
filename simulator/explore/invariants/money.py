"""Invariants of money: each write has its own confirmation, and statements agree with the ledger."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from service.domain import Denomination, Money
from simulator.credex_core import Credex, NotConservedError
from simulator.credex_core.ledger import State
from simulator.explore.invariants.claims import GROUPS, Claim, Meaning, claims, is_given_up
from simulator.explore.invariants.history import ENDS, CoreWrite, History, IncomingMessage, OutgoingMessage
from simulator.explore.invariants.invariant import Finding, Observation
from simulator.whatsapp_cloud.transcript.model import Kind

__all__ = ("Confirmed", "Conserved", "Reported", "Truthful", "is_repeated")

CONFIRM: Final = "Confirm"
CONFIRM_WITHIN_MS: Final = 5 * 60_000
SLACK_MS: Final = 60_000
"""Between confirmation and request the baseline is read, and clocks may differ."""

_BULK: Final = re.compile(r"^Accept (?:this offer|these \d+ offers|the first \d+ of \d+ offers)\?", re.MULTILINE)
_NO: Final = frozenset({"no", "n", "cancel", "x", "c", "menu", "home", "2", "3"})
_MAX_YES: Final = 12


AGAIN: Final = "was confirmed once, and made again"


def is_repeated(what: str) -> bool:
    """Whether a finding says that one confirmation caused two writes, and not that there was none."""
    return what.endswith(AGAIN)


class Confirmed:
    """Finds for each write to core its question and the answer to it."""

    name = "confirmed"
    sentence = "Each write has a confirmation of its own: fresh, for this amount and this person, and used once."

    def __init__(self) -> None:
        self._judged: dict[str, int] = defaultdict(int)
        self._used: set[str] = set()
        self._answers: set[str] = set()
        self._ended: set[tuple[str, str]] = set()

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find writes that nobody confirmed, or that one confirmation caused twice."""
        history = observation.history
        for who in sorted(observation.idle):
            for write in history.core_writes[who][self._judged[who] :]:
                if not self._confirmed(history, write):
                    what = f"{write.call.endpoint} {_what(history, write)}"
                    # Without the confirmations used so far: was there one at all?
                    once = Confirmed()._confirmed(history, write)  # noqa: SLF001 - its own
                    yield Finding(who, f"{what} {AGAIN}" if once else f"nobody confirmed {what}")
            self._judged[who] = len(history.core_writes[who])
        if observation.over:
            for write in history.core_writes[""]:
                yield Finding("", f"core was asked for {write.call.endpoint} in nobody's name")

    def _confirmed(self, history: History, write: CoreWrite) -> bool:
        # A tap on the question comes first; a typed answer may belong to any question.
        return any(self._confirmed_by(history, write, tapped=tapped) for tapped in (True, False))

    def _confirmed_by(self, history: History, write: CoreWrite, *, tapped: bool) -> bool:
        for outgoing in reversed(history.outgoing[write.who]):
            if outgoing.at_ms < write.call.at_ms - CONFIRM_WITHIN_MS - SLACK_MS:
                return False
            if CONFIRM not in outgoing.titles or not _speaks_of(history, outgoing, write):
                continue
            if outgoing.at_ms > write.call.at_ms:
                continue  # not sent yet: no answer can belong to it
            bulk = _BULK.search(outgoing.body) is not None
            if bulk and outgoing.callback in self._used:
                once = (outgoing.callback, write.credex_id)
                if once not in self._ended:
                    self._ended.add(once)
                    return True
                continue
            if outgoing.callback in self._used:
                continue
            answer = self._answer(history, outgoing, write, tapped=tapped)
            if answer is not None:
                self._used.add(outgoing.callback)
                self._answers.add(answer.wamid)
                self._ended.add((outgoing.callback, write.credex_id))
                return True
        return False

    def _answer(
        self, history: History, outgoing: OutgoingMessage, write: CoreWrite, *, tapped: bool
    ) -> IncomingMessage | None:
        for incoming in history.incoming[write.who]:
            if incoming.wamid in self._answers or incoming.sent_ms > write.call.at_ms:
                continue
            confirms = incoming.kind is Kind.TAPPED and incoming.text == CONFIRM
            if tapped and confirms and incoming.replies_to in outgoing.wamids:
                return incoming
            # Some phones do not report the message of a tap. "yes" may be typed before a late question is shown.
            if not tapped and (
                (confirms and not incoming.replies_to) or (incoming.kind is Kind.SAID and _may_mean_yes(incoming.text))
            ):
                return incoming
        return None


def _may_mean_yes(text: str) -> bool:
    said = text.strip().lower()
    return 0 < len(said) <= _MAX_YES and said not in _NO


def _speaks_of(history: History, outgoing: OutgoingMessage, write: CoreWrite) -> bool:
    """Whether a question names the amount and the other side of a write."""
    if GROUPS[write.call.endpoint] not in {"offer", "end"}:
        return True
    amount, party = _amount(history, write), _party(history, write)
    return amount is not None and f"*{amount}*" in outgoing.body and _starts(party) in outgoing.body


def _amount(history: History, write: CoreWrite) -> str | None:
    credex = history.world.core.ledger.credexes.get(write.credex_id)
    if credex is not None:
        return str(Money(credex.amount, credex.denomination))
    body = write.call.body
    try:
        return str(Money(Decimal(str(body["InitialAmount"])), Denomination(body["Denomination"])))
    except (KeyError, ValueError, InvalidOperation):
        return None


def _party(history: History, write: CoreWrite) -> str:
    ledger, body = history.world.core.ledger, write.call.body
    credex = ledger.credexes.get(write.credex_id)
    if write.call.endpoint == "createCredex":
        other = str(body.get("receiverAccountID", ""))
    elif credex is None:
        return ""
    else:
        other = credex.receiver_id if write.call.endpoint == "cancelCredex" else credex.issuer_id
    account = ledger.accounts.get(other)
    return "" if account is None else account.name


def _starts(name: str) -> str:
    """The part of a name that every screen shows."""
    return name.split(" ", maxsplit=1)[0][:20]


def _what(history: History, write: CoreWrite) -> str:
    said = " ".join(part for part in (_amount(history, write), _party(history, write)) if part)
    return said or "as it was asked for"


class _Statements:
    """The bot's statements about writes, counted by person, kind and amount."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str, str], Counter[Meaning]] = defaultdict(Counter)
        self.done: dict[str, list[Claim]] = defaultdict(list)
        self.given_up: Counter[str] = Counter()
        self._read: dict[str, int] = defaultdict(int)

    def update(self, history: History) -> None:
        """Read the messages since the last update."""
        for who, outgoing in history.outgoing.items():
            for one in outgoing[self._read[who] :]:
                self.given_up[who] += is_given_up(one.body)
                for claim in claims(one.body):
                    self.counts[who, claim.group, claim.amount][claim.meaning] += 1
                    if claim.meaning is Meaning.DONE:
                        self.done[who].append(claim)
            self._read[who] = len(outgoing)

    def reported(self, who: str, group: str, amount: str, *, unresolved: bool) -> int:
        """The number of writes that were reported as done or as unknown."""
        said = self.counts[who, group, amount]
        vague = said[Meaning.UNCLEAR] + said[Meaning.STOPPED] + self.given_up[who]
        return said[Meaning.DONE] + vague + (said[Meaning.UNKNOWN] if unresolved else 0)


class Truthful:
    """Compares each statement with the ledger."""

    name = "truthful"
    sentence = "A write that the bot reports as done is in the ledger, and one that it reports as not done is not."

    def __init__(self) -> None:
        self._statements = _Statements()
        self._judged: dict[str, int] = defaultdict(int)
        self._matched: set[tuple[str, str]] = set()

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find false statements."""
        self._statements.update(observation.history)
        for who, done in self._statements.done.items():
            for claim in done[self._judged[who] :]:
                if claim.endpoint in _IN_LEDGER and not self._is_in_ledger(observation.history, who, claim):
                    yield Finding(
                        who, f"{claim.endpoint} of {claim.amount} ({claim.party}) is reported as done, and is not"
                    )
            self._judged[who] = len(done)
        for who in sorted(observation.idle):
            if observation.given_up == 0:
                yield from _denied(self._statements, observation, who)

    def _is_in_ledger(self, history: History, who: str, claim: Claim) -> bool:
        accounts = _accounts(history, who)
        made = {write.credex_id for writes in history.core_writes.values() for write in writes}
        for credex in history.world.core.ledger.credexes.values():
            if (
                claim.endpoint == "createCredex"
                and credex.credex_id not in made
                and not _mistakable(history, who, credex)
            ):
                continue
            if (claim.endpoint, credex.credex_id) in self._matched or not _fits(history, credex, claim, accounts):
                continue
            self._matched.add((claim.endpoint, credex.credex_id))
            return True
        return False


def _mistakable(history: History, who: str, credex: Credex) -> bool:
    """Whether an offer made without the bot looks like the bot's own: it was made after a confirmation."""
    asked = (
        outgoing.at_ms
        for outgoing in history.outgoing[who]
        if CONFIRM in outgoing.titles and _amount_of(credex) in outgoing.body
    )
    begun = min(asked, default=credex.created_ms)
    said = (incoming for incoming in history.incoming[who] if incoming.text == CONFIRM or _may_mean_yes(incoming.text))
    return any(begun <= incoming.sent_ms <= credex.created_ms for incoming in said)


def _amount_of(credex: Credex) -> str:
    return f"*{Money(credex.amount, credex.denomination)}*"


_IN_LEDGER: Final = frozenset({"createCredex", *ENDS})


def _accounts(history: History, who: str) -> frozenset[str]:
    """The accounts that a person may act for."""
    ledger = history.world.core.ledger
    member = ledger.member_by_phone(history.world.handsets[who].phone) or ledger.member_by_phone(
        history.world.people[who].phone
    )
    return frozenset(account.account_id for account in ledger.accounts_of(member.member_id)) if member else frozenset()


def _fits(history: History, credex: Credex, claim: Claim, mine: frozenset[str]) -> bool:
    outgoing = claim.endpoint in {"createCredex", "cancelCredex"}
    own, other = (credex.issuer_id, credex.receiver_id) if outgoing else (credex.receiver_id, credex.issuer_id)
    if own not in mine or str(Money(credex.amount, credex.denomination)) != claim.amount:
        return False
    party = history.world.core.ledger.accounts[other].name
    return claim.party[:10] == party[:10] and (claim.endpoint not in ENDS or credex.state in ENDS[claim.endpoint])


def _happened(observation: Observation, who: str) -> Counter[tuple[str, str]]:
    history = observation.history
    return Counter(
        (GROUPS[write.call.endpoint], (_amount(history, write) or "") if write.credex_id else "")
        for write in history.core_writes[who]
        if write.happened
    )


def _denied(statements: _Statements, observation: Observation, who: str) -> Iterator[Finding]:
    for (group, amount), count in _happened(observation, who).items():
        denied = statements.counts[who, group, amount][Meaning.NOT]
        reported = statements.reported(who, group, amount, unresolved=who in observation.unresolved)
        if denied and count - _gone(observation.history, who, amount) > reported and group != "registration":
            yield Finding(who, f"{group} {amount} is reported as not done, and {count} are in the ledger".strip())


def _gone(history: History, who: str, amount: str) -> int:
    """The number of offers of this amount that were declined or cancelled before the bot could reconcile.

    Core shows no trace of them; without an idempotency key they look like offers that were never made.
    """
    credexes = (history.world.core.ledger.credexes.get(write.credex_id) for write in history.core_writes[who])
    ended = (each for each in credexes if each and each.state in {State.DECLINED, State.CANCELLED})
    return sum(f"*{amount}*" == _amount_of(each) for each in ended)


class Reported:
    """Compares the numbers of writes and of statements whenever a person is idle."""

    name = "reported"
    sentence = "Each write is reported as done, or as unknown and later with its outcome."

    def __init__(self) -> None:
        self._statements = _Statements()

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find writes that were not reported."""
        self._statements.update(observation.history)
        for who in sorted(observation.idle):
            if observation.given_up:
                continue
            for (group, amount), count in _happened(observation, who).items():
                reported = self._statements.reported(who, group, amount, unresolved=who in observation.unresolved)
                if (
                    count > reported
                    and not self._statements.counts[who, group, amount][Meaning.NOT]
                    and group != "registration"
                ):
                    yield Finding(who, f"{group} {amount} was done {count} times and reported {reported} times".strip())


class Conserved:
    """Recomputes the sums of the ledger."""

    name = "conserved"
    sentence = "Members hold exactly what was issued, and nobody spent more than they had."

    def __init__(self) -> None:
        self._credexes: tuple[int, int] = (-1, -1)
        self._judged: dict[str, int] = defaultdict(int)

    def findings(self, observation: Observation) -> Iterator[Finding]:
        """Find sums that do not agree; checked after calls to core and at the end."""
        core = observation.history.world.core
        state = (len(core.calls), len(core.ledger.credexes))
        if state == self._credexes and not observation.over:
            return
        self._credexes = state
        try:
            core.check_conserved()
        except NotConservedError as problem:
            yield Finding("", str(problem))
        for who, writes in observation.history.core_writes.items():
            for write in writes[self._judged[who] :]:
                yield from _exact(write)
            self._judged[who] = len(writes)


def _exact(write: CoreWrite) -> Iterator[Finding]:
    """Find amounts that are invalid or have too many decimals."""
    if write.call.endpoint != "createCredex":
        return
    try:
        amount = Decimal(str(write.call.body["InitialAmount"]))
        denomination = Denomination(write.call.body["Denomination"])
    except (KeyError, ValueError, InvalidOperation) as problem:
        yield Finding(write.who, f"core got an invalid amount: {problem}")
        return
    if amount != round(amount, denomination.decimals):
        yield Finding(write.who, f"core got {amount} {denomination}, which has too many decimals")
