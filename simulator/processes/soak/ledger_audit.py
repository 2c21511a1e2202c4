"""The books of a soak: what people confirmed, and what they were told; at the end both are held against the ledger."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Final, NamedTuple

from service.domain import Denomination, Money
from simulator.credex_core import Core
from simulator.credex_core.ledger import Credex, NotConservedError, State
from simulator.explore.invariants.claims import GROUPS, Claim, Meaning, claims

__all__ = ("ONCE", "LedgerAudit", "Violation")

ONCE: Final = "at most one credex a confirmation"
NONE_WITHOUT: Final = "nothing without a confirmation"
TRUE: Final = "what was said agrees with the ledger"
TOLD: Final = "every outcome is told"
CONSERVED: Final = "money is conserved"

_ENDS: Final = {"acceptCredex": State.OWES, "declineCredex": State.DECLINED, "cancelCredex": State.CANCELLED}


class Violation(NamedTuple):
    """A promise that was not kept."""

    invariant: str
    who: str
    what: str


class _Said(NamedTuple):
    """What somebody was told last of a write, and whether it was ever said to be done."""

    endpoint: str
    last: Meaning | None
    done: bool = False
    denied_after_done: bool = False


class LedgerAudit:
    """Who confirmed what, and what was said of it. No two offers have the same amount, so an amount names an offer.

    Attributes:
        broken: the promises that were not kept.
    """

    def __init__(self) -> None:
        """Start empty."""
        self.violations: list[Violation] = []
        self._said: dict[tuple[str, str, str], _Said] = {}
        self._asked: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._funded: dict[str, Decimal] = {}

    def funded(self, phone: str, money: Money) -> None:
        """A member had this from the beginning."""
        self._funded[phone] = money.amount

    def confirmed(self, phone: str, endpoint: str, amount: str) -> None:
        """Somebody confirms a write; what is said of it from now on is about this."""
        self._said[phone, GROUPS[endpoint], amount] = _Said(endpoint, None)
        self._asked[phone, amount].add(endpoint)

    def said(self, phone: str, body: str) -> None:
        """Somebody was told something."""
        for claim in claims(body):
            self._note(phone, claim)
        if "You are now a member" in body or "This number is a member already" in body:
            self._note(phone, Claim("registration", "onboardMember", Meaning.DONE))

    def _note(self, phone: str, claim: Claim) -> None:
        key = (phone, claim.group, claim.amount)
        before = self._said.get(key)
        if before is None or (claim.endpoint and claim.endpoint != before.endpoint):
            self.violations.append(
                Violation(NONE_WITHOUT, phone, f"was told of a write that was never confirmed: {claim}")
            )
            return
        done = before.done or claim.meaning is Meaning.DONE
        self._said[key] = _Said(before.endpoint, claim.meaning, done, before.done and claim.meaning is Meaning.NOT)

    @property
    def figures(self) -> Mapping[str, int]:
        """How many writes were confirmed, and what was told of them last."""
        told: Counter[str] = Counter()
        for (_, group, _), said in self._said.items():
            if group == "offer":
                told["offers confirmed"] += 1
                told[f"offers told {said.last}"] += 1
            else:
                told[f"{group} confirmed"] += 1
        return told

    # -- held against the ledger ------------------------------------------------------------------------------------

    def check(self, core: Core) -> list[Violation]:
        """Everything that is not as it was confirmed or said, once all is quiet."""
        phones = {
            account.account_id: core.ledger.members[account.owner_id].phone for account in core.ledger.accounts.values()
        }
        traded = [credex for credex in core.credexes() if phones[credex.issuer_id] != core.foundation.phone]
        found = [*self._offers(traded, phones), *self._ends(traded, phones), *self._told()]
        return [*found, *self._members(core), *self._money(core, traded, phones)]

    def _offers(self, traded: list[Credex], phones: Mapping[str, str]) -> Iterator[Violation]:
        made = Counter((phones[credex.issuer_id], _amount(credex)) for credex in traded)
        for (phone, amount), count in made.items():
            if "createCredex" not in self._asked[phone, amount]:
                yield Violation(NONE_WITHOUT, phone, f"{count} offers of {amount} that nobody confirmed")
            elif count > 1:
                yield Violation(ONCE, phone, f"{count} offers of {amount} were made for one confirmation")
        for (phone, group, amount), said in self._said.items():
            if group != "offer":
                continue
            count = made[phone, amount]
            if said.done and not count:
                yield Violation(TRUE, phone, f"the offer of {amount} was said to be made, and there is none")
            if said.last is Meaning.NOT and count:
                yield Violation(TRUE, phone, f"the offer of {amount} was said not to be made, and there is one")

    def _ends(self, traded: list[Credex], phones: Mapping[str, str]) -> Iterator[Violation]:
        for credex in traded:
            amount = _amount(credex)
            issuer, receiver = phones[credex.issuer_id], phones[credex.receiver_id]
            who = {"acceptCredex": receiver, "declineCredex": receiver, "cancelCredex": issuer}
            for endpoint, state in _ENDS.items():
                if credex.state is state and endpoint not in self._asked[who[endpoint], amount]:
                    yield Violation(NONE_WITHOUT, who[endpoint], f"the offer of {amount} became {state}, unconfirmed")
            for phone in {issuer, receiver}:
                said = self._said.get((phone, "end", amount))
                if said is not None:
                    yield from _agree(said, credex, phone)

    def _told(self) -> Iterator[Violation]:
        for (phone, group, amount), said in self._said.items():
            if said.last in {Meaning.UNKNOWN, Meaning.STOPPED}:
                yield Violation(TOLD, phone, f"{said.endpoint} {amount}: the last word is {said.last.value!r}")
            if said.denied_after_done:
                yield Violation(TRUE, phone, f"{said.endpoint} {amount}: said to be done, and then not to be ({group})")

    def _members(self, core: Core) -> Iterator[Violation]:
        joined = Counter(member.phone for member in core.ledger.members.values())
        expected = {*self._funded, core.foundation.phone}
        for phone, count in joined.items():
            if count > 1:
                yield Violation(ONCE, phone, f"is a member {count} times")
            if phone not in expected and "onboardMember" not in self._asked[phone, ""]:
                yield Violation(NONE_WITHOUT, phone, "became a member without a confirmation")
        for (phone, group, _), said in self._said.items():
            if group == "registration" and said.done and not joined[phone]:
                yield Violation(TRUE, phone, "was told to be a member, and is none")

    def _money(self, core: Core, traded: list[Credex], phones: Mapping[str, str]) -> Iterator[Violation]:
        try:
            core.check_conserved()
        except NotConservedError as error:
            yield Violation(CONSERVED, "everybody", str(error))
        balances = defaultdict(Decimal, self._funded)
        for credex in traded:
            if credex.state in {State.OWES, State.OFFERS}:
                balances[phones[credex.issuer_id]] -= credex.amount
            if credex.state is State.OWES:
                balances[phones[credex.receiver_id]] += credex.amount
        for phone, balance in balances.items():
            shown = core.balance(core.ledger.accounts_of(core.member(phone).member_id)[0].handle).amount
            if shown != balance:
                yield Violation(CONSERVED, phone, f"has {shown} and should have {balance}")


def _agree(said: _Said, credex: Credex, phone: str) -> Iterator[Violation]:
    """What was said of the end of an offer, and how it ended."""
    amount, wanted = _amount(credex), _ENDS[said.endpoint]
    if said.done and credex.state is not wanted:
        yield Violation(TRUE, phone, f"{said.endpoint} {amount}: said to be done, but the offer is {credex.state}")
    if said.last is Meaning.NOT and credex.state is wanted:
        yield Violation(TRUE, phone, f"{said.endpoint} {amount}: said not to be done, but the offer is {credex.state}")
    if said.last is Meaning.UNCLEAR and credex.state is State.OFFERS:
        yield Violation(TRUE, phone, f"{said.endpoint} {amount}: said to have ended, but the offer still waits")


def _amount(credex: Credex) -> str:
    return str(Money(credex.amount, Denomination(credex.denomination)))
