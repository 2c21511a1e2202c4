"""What accepting, declining and cancelling a pending offer have in common: they are judged by that credex's id."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar, TypeVar

from service.credex.errors import CredexError, NotFoundError, Refusal, RefusedError
from service.credex.values import CredexKind, CredexState, Written
from service.domain import Account, Dashboard, Money
from service.domain.commands import DidNotHappen, Done, Outcome, Refused, Unknown, Write
from service.writes.operation import Evidence, Finding, NeedsCredex, NotSeen, Observation, Operation


class ResolveOffer(Write, frozen=True):
    """Base of the writes that end a pending offer."""

    account_id: str
    credex_id: str
    amount: Money
    counterparty: str


ResolveT = TypeVar("ResolveT", bound=ResolveOffer)


class ResolveOfferOperation(Operation[ResolveT]):
    """Base of the operations that end a pending offer.

    Attributes:
        resolved_as: the states of a credex that show that this operation ended it.
        incoming: whether the offer is among the account's incoming ones, else among the outgoing ones.
    """

    resolved_as: ClassVar[Sequence[CredexKind]]
    incoming: ClassVar[bool] = True

    def request(self, command: ResolveT) -> Mapping[str, object]:
        return {"credexID": command.credex_id}

    def precheck(self, command: ResolveT, dashboard: Dashboard | None) -> Outcome | None:
        account = dashboard.account(command.account_id) if dashboard else None
        if account is None:
            return Refused("not_authorised")
        return None if self._is_pending(command, account) else Refused("not_pending")

    def evidence(self, command: ResolveT, now: Observation) -> Evidence:
        account = now.account(command.account_id)
        if account is None:
            return Unknown()
        if self._is_pending(command, account):
            return NotSeen()

        def from_credex(credex: CredexState | None) -> Finding:
            if credex is None:
                return Done(now.dashboard, proven=True, by_us=False)
            if credex.kind in self.resolved_as:
                return Done(now.dashboard, command.credex_id, proven=True)
            # Core contradicts itself if the offer still waits: that tells nothing.
            return Unknown() if credex.kind is CredexKind.OFFERS else Refused("not_pending")

        return NeedsCredex(command.account_id, command.credex_id, from_credex)

    def done(self, command: ResolveT, written: Written) -> Done:
        return Done(written.dashboard, command.credex_id)

    def conclude(self, finding: Finding, error: CredexError | None) -> Outcome:
        """See `Operation.conclude`. An offer that is gone, and that core did not find pending, was gone before."""
        if isinstance(finding, Done) and not finding.by_us and _not_pending(error):
            return Refused("not_pending")
        return super().conclude(finding, error)

    def refusal(self, error: CredexError | None, not_seen: NotSeen) -> Outcome:
        # It is still pending, even if core said that it is not.
        return DidNotHappen() if _not_pending(error) else super().refusal(error, not_seen)

    def _is_pending(self, command: ResolveT, account: Account) -> bool:
        offers = account.incoming if self.incoming else account.outgoing
        return any(offer.credex_id == command.credex_id for offer in offers)


def _not_pending(error: CredexError | None) -> bool:
    return isinstance(error, NotFoundError) or (isinstance(error, RefusedError) and error.code is Refusal.NOT_PENDING)
