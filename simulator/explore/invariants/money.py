"""Promises about money: nothing without a confirmation, nothing twice, and what is said is what the ledger holds."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Final

from service.domain import Denomination, Money
from simulator.credex_core import Credex, NotConserved
from simulator.credex_core.ledger import State
from simulator.explore.invariants.moment import Breach, Moment
from simulator.explore.invariants.said import GROUPS, Claim, Meaning, claims, is_given_up
from simulator.explore.invariants.view import ENDS, Heard, Told, View, Wrote
from simulator.whatsapp_cloud.transcript.model import Kind

__all__ = ("Confirmed", "Conserved", "Reported", "Truthful", "is_repeated")

CONFIRM: Final = "Confirm"
CONFIRM_WITHIN_MS: Final = 5 * 60_000
SLACK_MS: Final = 60_000
"""From the decision to the request: the baseline is read, and clocks may differ."""

_BULK: Final = re.compile(r"^Accept (?:this offer|these \d+ offers|the first \d+ of \d+ offers)\?", re.MULTILINE)
_NO: Final = frozenset({"no", "n", "cancel", "x", "c", "menu", "home", "2", "3"})
_LONGEST_YES: Final = 12


AGAIN: Final = "was confirmed once, and made again"


def is_repeated(what: str) -> bool:
    """Whether a breach says that one confirmation made something twice, and not that there was none."""
    return what.endswith(AGAIN)


class Confirmed:
    """For each write that reached core, finds the question that it answers, and the answer."""

    name = "confirmed"
    sentence = "Each write has a confirmation of its own: fresh, for this amount and this person, and used once."

    def __init__(self) -> None:
        self._judged: dict[str, int] = defaultdict(int)
        self._used: set[str] = set()
        self._answers: set[str] = set()
        self._ended: set[tuple[str, str]] = set()

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """Writes that nobody confirmed, or that one confirmation made twice."""
        view = moment.view
        for who in sorted(moment.interruptible):
            for wrote in view.wrote[who][self._judged[who] :]:
                if not self._confirmed(view, wrote):
                    what = f"{wrote.call.endpoint} {_what(view, wrote)}"
                    # As if nothing had been made by then: was there a confirmation at all?
                    once = Confirmed()._confirmed(view, wrote)  # noqa: SLF001 - its own
                    yield Breach(who, f"{what} {AGAIN}" if once else f"nobody confirmed {what}")
            self._judged[who] = len(view.wrote[who])
        if moment.over:
            for wrote in view.wrote[""]:
                yield Breach("", f"core was asked for {wrote.call.endpoint} in nobody's name")

    def _confirmed(self, view: View, wrote: Wrote) -> bool:
        # A tap on the very question comes first; what is typed may be meant for any of them.
        return any(self._confirmed_by(view, wrote, tapped=tapped) for tapped in (True, False))

    def _confirmed_by(self, view: View, wrote: Wrote, *, tapped: bool) -> bool:
        for told in reversed(view.told[wrote.who]):
            if told.at_ms < wrote.call.at_ms - CONFIRM_WITHIN_MS - SLACK_MS:
                return False
            if CONFIRM not in told.titles or not _speaks_of(view, told, wrote):
                continue
            if told.at_ms > wrote.call.at_ms:
                continue  # it was on its way to nobody yet: whatever was typed was meant for something else
            bulk = _BULK.search(told.body) is not None
            if bulk and told.callback in self._used:
                once = (told.callback, wrote.credex)
                if once not in self._ended:
                    self._ended.add(once)
                    return True
                continue
            if told.callback in self._used:
                continue
            answer = self._answer(view, told, wrote, tapped=tapped)
            if answer is not None:
                self._used.add(told.callback)
                self._answers.add(answer.wamid)
                self._ended.add((told.callback, wrote.credex))
                return True
        return False

    def _answer(self, view: View, told: Told, wrote: Wrote, *, tapped: bool) -> Heard | None:
        for heard in view.heard[wrote.who]:
            if heard.wamid in self._answers or heard.sent_ms > wrote.call.at_ms:
                continue
            confirms = heard.kind is Kind.TAPPED and heard.text == CONFIRM
            if tapped and confirms and heard.on in told.wamids:
                return heard
            # Some phones do not say which message a tap was on. A question may be delayed on its way to the phone, and
            # "yes" typed meanwhile.
            if not tapped and ((confirms and not heard.on) or (heard.kind is Kind.SAID and _may_mean_yes(heard.text))):
                return heard
        return None


def _may_mean_yes(text: str) -> bool:
    said = text.strip().lower()
    return 0 < len(said) <= _LONGEST_YES and said not in _NO


def _speaks_of(view: View, told: Told, wrote: Wrote) -> bool:
    """Whether a question is about this write: its amount and, of an offer, the other side."""
    if GROUPS[wrote.call.endpoint] not in {"offer", "end"}:
        return True
    amount, party = _amount(view, wrote), _party(view, wrote)
    return amount is not None and f"*{amount}*" in told.body and _starts(party) in told.body


def _amount(view: View, wrote: Wrote) -> str | None:
    credex = view.world.core.ledger.credexes.get(wrote.credex)
    if credex is not None:
        return str(Money(credex.amount, credex.denomination))
    body = wrote.call.body
    try:
        return str(Money(Decimal(str(body["InitialAmount"])), Denomination(body["Denomination"])))
    except (KeyError, ValueError, InvalidOperation):
        return None


def _party(view: View, wrote: Wrote) -> str:
    ledger, body = view.world.core.ledger, wrote.call.body
    credex = ledger.credexes.get(wrote.credex)
    if wrote.call.endpoint == "createCredex":
        other = str(body.get("receiverAccountID", ""))
    elif credex is None:
        return ""
    else:
        other = credex.receiver_id if wrote.call.endpoint == "cancelCredex" else credex.issuer_id
    account = ledger.accounts.get(other)
    return "" if account is None else account.name


def _starts(name: str) -> str:
    """As much of a name as every screen shows."""
    return name.split(" ", maxsplit=1)[0][:20]


def _what(view: View, wrote: Wrote) -> str:
    said = " ".join(part for part in (_amount(view, wrote), _party(view, wrote)) if part)
    return said or "as it was asked for"


class _Books:
    """What was said and what happened, by person and kind of write."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, str, str], Counter[Meaning]] = defaultdict(Counter)
        self.done: dict[str, list[Claim]] = defaultdict(list)
        self.given_up: Counter[str] = Counter()
        self._read: dict[str, int] = defaultdict(int)

    def take_in(self, view: View) -> None:
        """Read what was said since the last time."""
        for who, told in view.told.items():
            for one in told[self._read[who] :]:
                self.given_up[who] += is_given_up(one.body)
                for claim in claims(one.body):
                    self.said[who, claim.group, claim.amount][claim.meaning] += 1
                    if claim.meaning is Meaning.DONE:
                        self.done[who].append(claim)
            self._read[who] = len(told)

    def heard_of(self, who: str, group: str, amount: str, *, unresolved: bool) -> int:
        """Of how many writes that happened somebody was told so, or that it is not known."""
        said = self.said[who, group, amount]
        vague = said[Meaning.UNCLEAR] + said[Meaning.STOPPED] + self.given_up[who]
        return said[Meaning.DONE] + vague + (said[Meaning.UNKNOWN] if unresolved else 0)


class Truthful:
    """Holds each "it is done" against the ledger."""

    name = "truthful"
    sentence = "Whatever the bot says was done stands in the ledger, and what it says was not done does not."

    def __init__(self) -> None:
        self._books = _Books()
        self._judged: dict[str, int] = defaultdict(int)
        self._matched: set[tuple[str, str]] = set()

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """What was said and is not so."""
        self._books.take_in(moment.view)
        for who, done in self._books.done.items():
            for claim in done[self._judged[who] :]:
                if claim.verb in _IN_LEDGER and not self._stands(moment.view, who, claim):
                    yield Breach(who, f"{claim.verb} of {claim.amount} ({claim.party}) is said to be done, and is not")
            self._judged[who] = len(done)
        for who in sorted(moment.interruptible):
            if moment.given_up == 0:
                yield from _denied(self._books, moment, who)

    def _stands(self, view: View, who: str, claim: Claim) -> bool:
        accounts = _accounts(view, who)
        made = {wrote.credex for wrotes in view.wrote.values() for wrote in wrotes}
        for credex in view.world.core.ledger.credexes.values():
            if claim.verb == "createCredex" and credex.credex_id not in made and not _mistakable(view, who, credex):
                continue
            if (claim.verb, credex.credex_id) in self._matched or not _fits(view, credex, claim, accounts):
                continue
            self._matched.add((claim.verb, credex.credex_id))
            return True
        return False


def _mistakable(view: View, who: str, credex: Credex) -> bool:
    """Whether an offer made past the bot cannot be told from the bot's: it is of the time after the confirmation."""
    asked = (told.at_ms for told in view.told[who] if CONFIRM in told.titles and _amount_of(credex) in told.body)
    begun = min(asked, default=credex.created_ms)
    said = (heard for heard in view.heard[who] if heard.text == CONFIRM or _may_mean_yes(heard.text))
    return any(begun <= heard.sent_ms <= credex.created_ms for heard in said)


def _amount_of(credex: Credex) -> str:
    return f"*{Money(credex.amount, credex.denomination)}*"


_IN_LEDGER: Final = frozenset({"createCredex", *ENDS})


def _accounts(view: View, who: str) -> frozenset[str]:
    """The accounts that somebody may act for."""
    ledger = view.world.core.ledger
    member = ledger.member_by_phone(view.world.handsets[who].phone) or ledger.member_by_phone(
        view.world.people[who].phone
    )
    return frozenset(account.account_id for account in ledger.accounts_of(member.member_id)) if member else frozenset()


def _fits(view: View, credex: Credex, claim: Claim, mine: frozenset[str]) -> bool:
    outgoing = claim.verb in {"createCredex", "cancelCredex"}
    own, other = (credex.issuer_id, credex.receiver_id) if outgoing else (credex.receiver_id, credex.issuer_id)
    if own not in mine or str(Money(credex.amount, credex.denomination)) != claim.amount:
        return False
    party = view.world.core.ledger.accounts[other].name
    return claim.party[:10] == party[:10] and (claim.verb not in ENDS or credex.state in ENDS[claim.verb])


def _happened(moment: Moment, who: str) -> Counter[tuple[str, str]]:
    view = moment.view
    return Counter(
        (GROUPS[wrote.call.endpoint], (_amount(view, wrote) or "") if wrote.credex else "")
        for wrote in view.wrote[who]
        if wrote.happened
    )


def _denied(books: _Books, moment: Moment, who: str) -> Iterator[Breach]:
    for (group, amount), count in _happened(moment, who).items():
        denied = books.said[who, group, amount][Meaning.NOT]
        told = books.heard_of(who, group, amount, unresolved=who in moment.unresolved)
        if denied and count - _gone(moment.view, who, amount) > told and group != "registration":
            yield Breach(who, f"{group} {amount} is said not to be done, and {count} stand in the ledger".strip())


def _gone(view: View, who: str, amount: str) -> int:
    """Offers of this amount that somebody declined or took back before the bot could look.

    Core shows no trace of them, so they cannot be told from offers that were never made: only an idempotency key could.
    """
    credexes = (view.world.core.ledger.credexes.get(wrote.credex) for wrote in view.wrote[who])
    ended = (each for each in credexes if each and each.state in {State.DECLINED, State.CANCELLED})
    return sum(f"*{amount}*" == _amount_of(each) for each in ended)


class Reported:
    """Counts what happened and what was said of it, whenever a person has nothing more to wait for."""

    name = "reported"
    sentence = "Whatever the bot did for a person it tells, or says that it does not know and tells it later."

    def __init__(self) -> None:
        self._books = _Books()

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """What happened and was not said, in any words that are known."""
        self._books.take_in(moment.view)
        for who in sorted(moment.interruptible):
            if moment.given_up:
                continue
            for (group, amount), count in _happened(moment, who).items():
                told = self._books.heard_of(who, group, amount, unresolved=who in moment.unresolved)
                if count > told and not self._books.said[who, group, amount][Meaning.NOT] and group != "registration":
                    yield Breach(who, f"{group} {amount} was done {count} times and told {told} times".strip())


class Conserved:
    """Adds up the ledger."""

    name = "conserved"
    sentence = "Members hold what was issued, to the last digit, and nobody spent more than they had."

    def __init__(self) -> None:
        self._credexes: tuple[int, int] = (-1, -1)
        self._judged: dict[str, int] = defaultdict(int)

    def breaches(self, moment: Moment) -> Iterator[Breach]:
        """Sums that do not agree; looked at when core was called or time went by."""
        core = moment.view.world.core
        state = (len(core.calls), len(core.ledger.credexes))
        if state == self._credexes and not moment.over:
            return
        self._credexes = state
        try:
            core.check_conserved()
        except NotConserved as problem:
            yield Breach("", str(problem))
        for who, wrotes in moment.view.wrote.items():
            for wrote in wrotes[self._judged[who] :]:
                yield from _exact(wrote)
            self._judged[who] = len(wrotes)


def _exact(wrote: Wrote) -> Iterator[Breach]:
    """The amount that core was asked for is written as people write it, with no more decimals than there are."""
    if wrote.call.endpoint != "createCredex":
        return
    try:
        amount = Decimal(str(wrote.call.body["InitialAmount"]))
        denomination = Denomination(wrote.call.body["Denomination"])
    except (KeyError, ValueError, InvalidOperation) as problem:
        yield Breach(wrote.who, f"core was asked for an amount that is none: {problem}")
        return
    if amount != round(amount, denomination.decimals):
        yield Breach(wrote.who, f"core was asked for {amount} {denomination}, which has too many decimals")
