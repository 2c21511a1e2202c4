"""The audit of a soak: compares what people confirmed and what they were told with core's ledger."""

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

ONCE: Final = "at most one credex per confirmation"
NONE_WITHOUT: Final = "nothing without a confirmation"
TRUE: Final = "statements agree with the ledger"
TOLD: Final = "every outcome is reported"
CONSERVED: Final = "money is conserved"

_ENDS: Final = {"acceptCredex": State.OWES, "declineCredex": State.DECLINED, "cancelCredex": State.CANCELLED}


class Violation(NamedTuple):
    """A violated invariant: which, by whose phone number or process, and how."""

    invariant: str
    who: str
    what: str


class _Statement(NamedTuple):
    """What a person was told last about a write, and whether it was ever reported as done."""

    endpoint: str
    last: Meaning | None
    done: bool = False
    denied_after_done: bool = False


class LedgerAudit:
    """Confirmations and statements by person. No two offers have the same amount, so the amount identifies an offer.

    Attributes:
        violations: those found so far.
    """

    def __init__(self) -> None:
        """Create it without entries."""
        self.violations: list[Violation] = []
        self._said: dict[tuple[str, str, str], _Statement] = {}
        self._asked: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._funded: dict[str, Decimal] = {}

    def funded(self, phone: str, money: Money) -> None:
        """Note the initial balance of a member."""
        self._funded[phone] = money.amount

    def confirmed(self, phone: str, endpoint: str, amount: str) -> None:
        """Note that a person confirms a write; later statements refer to it."""
        self._said[phone, GROUPS[endpoint], amount] = _Statement(endpoint, None)
        self._asked[phone, amount].add(endpoint)

    def said(self, phone: str, body: str) -> None:
        """Note a message of the bot."""
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
        self._said[key] = _Statement(before.endpoint, claim.meaning, done, before.done and claim.meaning is Meaning.NOT)

    @property
    def figures(self) -> Mapping[str, int]:
        """The number of confirmed writes, and of offers by their last statement."""
        counts: Counter[str] = Counter()
        for (_, group, _), said in self._said.items():
            if group == "offer":
                counts["offers confirmed"] += 1
                counts[f"offers told {said.last}"] += 1
            else:
                counts[f"{group} confirmed"] += 1
        return counts

    # -- comparing with the ledger ----------------------------------------------------------------------------------

    def check(self, core: Core) -> list[Violation]:
        """The violations in core's final state, when no work is left."""
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
                yield Violation(TRUE, phone, f"the offer of {amount} was reported as made, and there is none")
            if said.last is Meaning.NOT and count:
                yield Violation(TRUE, phone, f"the offer of {amount} was reported as not made, and there is one")

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
                yield Violation(TOLD, phone, f"{said.endpoint} {amount}: the last statement is {said.last.value!r}")
            if said.denied_after_done:
                yield Violation(
                    TRUE, phone, f"{said.endpoint} {amount}: reported as done, and then as not done ({group})"
                )

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
                yield Violation(TRUE, phone, "was told that they are a member, and is none")

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


def _agree(said: _Statement, credex: Credex, phone: str) -> Iterator[Violation]:
    """Compare a statement about the end of an offer with its state."""
    amount, wanted = _amount(credex), _ENDS[said.endpoint]
    if said.done and credex.state is not wanted:
        yield Violation(TRUE, phone, f"{said.endpoint} {amount}: reported as done, but the offer is {credex.state}")
    if said.last is Meaning.NOT and credex.state is wanted:
        yield Violation(TRUE, phone, f"{said.endpoint} {amount}: reported as not done, but the offer is {credex.state}")
    if said.last is Meaning.UNCLEAR and credex.state is State.OFFERS:
        yield Violation(TRUE, phone, f"{said.endpoint} {amount}: reported as ended, but the offer is pending")


def _amount(credex: Credex) -> str:
    return str(Money(credex.amount, Denomination(credex.denomination)))
