"""Offer a credex from one of the member's accounts. Sent twice it would be two offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import Final

import msgspec

from service.credex.endpoints import Endpoint
from service.credex.values import LedgerEntry
from service.domain import Account, Dashboard, Money, Offer
from service.domain.commands import Done, Outcome, Refused, Unknown, Write
from service.writes.operation import Baseline, Evidence, Finding, NeedsLedger, NotSeen, Observation, Operation

CLOCK_TOLERANCE_MS: Final = 2_000
"""Core's clock and ours may differ by this much."""


class CreateOffer(Write, frozen=True, tag="create-offer"):
    """Offer a credex: secured without a due date, unsecured with one."""

    account_id: str
    receiver_id: str
    receiver_name: str
    amount: Money
    due: date | None = None
    allow_duplicate: bool = msgspec.field(default=False, name="despite")  # the name in stored records
    """The member was told that an earlier offer that looks the same is unresolved, and wants this one all the same."""

    @property
    def secured(self) -> bool:
        """A secured credex has no due date, an unsecured one must have one."""
        return self.due is None


class _CreateOffer(Operation[CreateOffer]):
    command = CreateOffer
    endpoint = Endpoint(
        "createCredex",
        frozenset({"CREDEX_CREATED"}),
        "account",
        frozenset({"createCredexData"}),
        creates_credex=True,
    )

    def request(self, command: CreateOffer) -> Mapping[str, object]:
        body: dict[str, object] = {
            "issuerAccountID": command.account_id,
            "receiverAccountID": command.receiver_id,
            "Denomination": str(command.amount.denomination),
            "InitialAmount": command.amount.plain,
            "credexType": "PURCHASE",
            "OFFERSorREQUESTS": "OFFERS",
            "securedCredex": command.secured,
        }
        return body if command.due is None else {**body, "dueDate": command.due.isoformat()}

    def precheck(self, command: CreateOffer, dashboard: Dashboard | None) -> Outcome | None:
        return None if _account(command, dashboard) else Refused("not_authorised")

    def baseline(self, command: CreateOffer, dashboard: Dashboard | None) -> Baseline:
        account = _account(command, dashboard)
        if account is None:
            return Baseline()
        return Baseline(
            pending=tuple(offer.credex_id for offer in account.outgoing),
            lookalikes=tuple(offer.credex_id for offer in account.outgoing if _looks_like(offer, command)),
            balance=account.balance(command.amount.denomination),
            shared=len(account.authorised) > 1 or not account.owned,
        )

    def may_duplicate(self, command: CreateOffer, other: Write) -> bool:
        return (
            isinstance(other, CreateOffer)
            and command.receiver_id == other.receiver_id
            and command.amount.equals(other.amount)
        )

    def allows_duplicate(self, command: CreateOffer) -> bool:
        return command.allow_duplicate

    def evidence(self, command: CreateOffer, now: Observation) -> Evidence:
        account, before = now.account(command.account_id), now.baseline
        if account is None:
            return Unknown()
        lookalikes = [offer for offer in account.outgoing if _looks_like(offer, command)]
        new = [offer for offer in lookalikes if offer.credex_id not in before.pending]
        if new:
            unique = len(new) == 1 and not now.ambiguous
            return Done(now.dashboard, new[0].credex_id, proven=True) if unique else Unknown()
        balance = account.balance(command.amount.denomination)
        if command.secured and before.balance is not None and balance.equals(before.balance):
            return NotSeen()
        # The other side may have accepted it already: then it is in the ledger and no longer among the pending.
        return NeedsLedger(account.account_id, partial(_in_ledger, command, now, account))


def _in_ledger(command: CreateOffer, now: Observation, account: Account, listed: Sequence[LedgerEntry]) -> Finding:
    entries = [entry for entry in listed if _may_be_accepted(entry, command, now)]
    if not entries:
        return NotSeen()
    entry = entries[0]
    unique = len(entries) == 1 and entry.at_ms is not None and not now.ambiguous
    # Without an id it may be a lookalike from the baseline, if one of those is no longer pending.
    waiting = {offer.credex_id for offer in account.outgoing}
    if not unique or (entry.credex_id is None and not waiting.issuperset(now.baseline.lookalikes)):
        return Unknown()
    return Done(now.dashboard, entry.credex_id or "", proven=True, accepted=True)


def _account(command: CreateOffer, dashboard: Dashboard | None) -> Account | None:
    return dashboard.account(command.account_id) if dashboard else None


def _looks_like(offer: Offer, command: CreateOffer) -> bool:
    """Whether a pending offer looks like the one that this write makes."""
    return (
        offer.amount.equals(command.amount)
        and offer.counterparty == command.receiver_name
        and offer.secured is command.secured
        # Core writes some dates so that they cannot be read: a date it leaves out excludes nothing.
        and offer.due in {None, command.due}
    )


def _may_be_accepted(entry: LedgerEntry, command: CreateOffer, now: Observation) -> bool:
    """Whether an accepted credex may be the one that this write made. A field that core leaves out excludes nothing."""
    recent = entry.at_ms is None or entry.at_ms >= now.since_ms - CLOCK_TOLERANCE_MS
    issued = (-entry.amount).equals(command.amount)
    new = entry.credex_id is None or entry.credex_id not in now.baseline.pending
    return recent and issued and new and entry.counterparty == command.receiver_name


OPERATION: Final = _CreateOffer()
