"""Offer a credex from one of the member's accounts. Sent twice it would be two offers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, assert_never

import msgspec

from service.credex.endpoints import Endpoint
from service.credex.values import CredexKind, CredexState, LedgerEntry
from service.domain import Account, Dashboard, Money, Offer
from service.domain.commands import DidNotHappen, Done, OnlySimilar, Outcome, Refused, SimilarOffer, Unknown, Write
from service.writes.operation import (
    Baseline,
    Evidence,
    NeedsCredex,
    NeedsLedger,
    NeedsName,
    Observation,
    OfferFinding,
    Operation,
)
from service.writes.verdict import (
    Conclusion,
    Ended,
    Found,
    Look,
    Nothing,
    OfferBaseline,
    OfferTerms,
    OtherNames,
    Row,
    Undecided,
    lookalikes,
    reach_verdict,
)


class CreateOffer(Write, frozen=True, tag="create-offer"):
    """Offer a credex: secured without a due date, unsecured with one."""

    account_id: str
    receiver_id: str
    receiver_name: str
    amount: Money
    due: date | None = None
    allow_duplicate: bool = msgspec.field(default=False, name="despite")  # the name in stored records
    """The member was warned that this may be a second offer like it, and wants it all the same."""
    handle: str = ""
    """The receiving account's handle, by which its present name is found; empty where it is not known."""
    shown: tuple[str, ...] = ()
    """Ids of the pending offers of the amount that were there when the confirmed screen was made."""

    @property
    def secured(self) -> bool:
        """A secured credex has no due date, an unsecured one must have one."""
        return self.due is None


class _CreateOffer(Operation[CreateOffer]):
    command = CreateOffer
    asks_while_watched = True
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

    def ledger_account(self, command: CreateOffer) -> str | None:
        return command.account_id

    def baseline(
        self, command: CreateOffer, dashboard: Dashboard | None, ledger: Sequence[LedgerEntry] | None
    ) -> Baseline:
        account = _account(command, dashboard)
        if account is None:
            return Baseline()
        return Baseline(
            pending=tuple(offer.credex_id for offer in account.outgoing),
            lookalikes=tuple(offer.credex_id for offer in account.outgoing if _looks_like(offer, command)),
            balance=account.balance(command.amount.denomination),
            shared=len(account.authorised) > 1 or not account.owned,
            offers=_pending_rows(account),
            ledger_rows=None if ledger is None else len(ledger),
            ledger_ids=frozenset(entry.credex_id for entry in ledger or () if entry.credex_id),
        )

    def unseen_lookalike(self, command: CreateOffer, baseline: Baseline) -> bool:
        return bool(lookalikes(command.amount, baseline.offers, frozenset(command.shown)))

    def is_watched(self, outcome: Outcome) -> bool:
        # A second offer like it may come late, too.
        late = isinstance(outcome, Done) and outcome.proven
        return late or isinstance(outcome, DidNotHappen | OnlySimilar | Refused)

    def offer_row(self, command: CreateOffer, credex_id: str) -> Row | None:
        return Row(command.amount, command.receiver_name, credex_id, command.secured)

    def may_duplicate(self, command: CreateOffer, other: Write) -> bool:
        return (
            isinstance(other, CreateOffer)
            and command.receiver_id == other.receiver_id
            and command.amount.equals(other.amount)
        )

    def allows_duplicate(self, command: CreateOffer) -> bool:
        return command.allow_duplicate

    def evidence(self, command: CreateOffer, now: Observation) -> Evidence:
        account = now.account(command.account_id)
        if now.dashboard is None or account is None or now.baseline.balance is None:
            return Unknown()
        pending = {offer.credex_id for offer in account.outgoing}
        vanished = [row.credex_id for row in (*now.baseline.offers, *now.others) if row.credex_id not in pending]
        seen = _Seen(command, now.dashboard, account, _offer_baseline(now.baseline, now.others), now)
        return seen.with_next_ended(vanished, {})


@dataclass(frozen=True, slots=True)
class _Seen:
    """A look in the making: the dashboard is there, and the further reads follow one another."""

    command: CreateOffer
    dashboard: Dashboard
    account: Account
    baseline: OfferBaseline
    now: Observation

    def with_next_ended(self, vanished: Sequence[str], ended: Mapping[str, Ended]) -> Evidence:
        """Ask what became of each known offer that is no longer pending, and then for the ledger."""
        if not vanished:
            return NeedsLedger(self.account.account_id, partial(self.with_ledger, ended))
        first, *rest = vanished

        def with_state(credex: CredexState | None) -> Evidence:
            kind = _ENDED[credex.kind] if credex else Ended.GONE
            return self.with_next_ended(rest, ended if kind is None else {**ended, first: kind})

        return NeedsCredex(self.account.account_id, first, with_state)

    def with_ledger(self, ended: Mapping[str, Ended], ledger: Sequence[LedgerEntry] | None) -> Evidence:
        look = Look(
            at_ms=self.now.at_ms,
            balance=self.account.balance(self.command.amount.denomination),
            pending=_pending_rows(self.account),
            ledger=None if ledger is None else tuple(_ledger_row(entry) for entry in ledger),
            ended=ended,
        )
        conclusion = self.reach_verdict(look, frozenset({self.command.receiver_name}))
        if self.command.handle and conclusion.other_names:
            # The receiving account may have been renamed since.
            return NeedsName(self.command.handle, partial(self.with_name, look))
        return self.finding(conclusion)

    def with_name(self, look: Look, name: str) -> Evidence:
        return self.finding(self.reach_verdict(look, frozenset({self.command.receiver_name, name} - {""})))

    def reach_verdict(self, look: Look, names: frozenset[str]) -> Conclusion:
        return reach_verdict(
            OfferTerms(self.command.amount, names),
            self.baseline,
            look,
            send_by_ms=self.now.send_by_ms,
            memory=self.now.memory,
            others=self.now.others,
        )

    def finding(self, conclusion: Conclusion) -> OfferFinding:
        at_ms = self.now.at_ms
        outcome: Done | DidNotHappen | OnlySimilar | Unknown
        match conclusion.verdict:
            case Found(rows=rows) if len(rows) <= self.now.nameless:
                outcome = Unknown()  # nothing tells it from another write's
            case Found(rows=rows):
                # Each of several writes that look the same takes one offer; the others take theirs from what is left.
                mine = rows[:1] if self.now.twins else rows[self.now.nameless :]
                outcome = Done(
                    self.dashboard,
                    mine[0].credex_id,
                    proven=True,
                    accepted=all(row.accepted for row in mine),
                    as_of_ms=at_ms,
                    count=len(mine),
                )
            case Nothing():
                outcome = DidNotHappen(as_of_ms=at_ms, besides=bool(self.now.others or self.now.nameless))
            case OtherNames(rows=rows):
                outcome = OnlySimilar(tuple(SimilarOffer(row.counterparty, row.accepted) for row in rows), at_ms)
            case Undecided():
                outcome = Unknown()
            case _:
                assert_never(conclusion.verdict)
        return OfferFinding(outcome, conclusion.memory, shows_nothing=conclusion.shows_nothing)


_ENDED: Final[Mapping[CredexKind, Ended | None]] = {
    CredexKind.OWES: Ended.ACCEPTED,
    CredexKind.CLEARED: Ended.ACCEPTED,
    CredexKind.DECLINED: Ended.RELEASED,
    CredexKind.CANCELLED: Ended.RELEASED,
    # Still pending, although the dashboard, read before, no longer shows it: the look is not complete.
    CredexKind.OFFERS: None,
    CredexKind.REQUESTS: None,
}


def _offer_baseline(baseline: Baseline, others: Sequence[Row]) -> OfferBaseline:
    assert baseline.balance is not None
    # The offers of other writes stand there for the release before; they have moved the balance since.
    since = {row.credex_id for row in others} - {row.credex_id for row in baseline.offers}
    return OfferBaseline(
        balance=baseline.balance,
        pending=baseline.offers,
        # A baseline that the release before stored says nothing of the ledger: an absence is never concluded from it.
        ledger_rows=baseline.ledger_rows,
        ledger_ids=baseline.ledger_ids | (set(baseline.pending) - since),
    )


def _pending_rows(account: Account) -> tuple[Row, ...]:
    return tuple(Row(offer.amount, offer.counterparty, offer.credex_id, offer.secured) for offer in account.outgoing)


def _ledger_row(entry: LedgerEntry) -> Row:
    return Row(-entry.amount, entry.counterparty, entry.credex_id or "", accepted=True)


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


OPERATION: Final = _CreateOffer()
