"""Operations whose effect stays visible on the member's own dashboard: an account, a person, a tier.

If the postcondition holds before the write there is nothing to send; if it holds afterwards the write happened, since
only the account's owner, who asks, can bring it about.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

from service.domain import Account, Dashboard
from service.domain.commands import Done, Refused, Unknown, Write
from service.writes.operation import Baseline, Evidence, NotSeen, Observation, Operation

CommandT = TypeVar("CommandT", bound=Write)


class PostconditionOperation(Operation[CommandT]):
    """Base of the operations that are judged by a postcondition."""

    @abstractmethod
    def is_satisfied(self, command: CommandT, dashboard: Dashboard, baseline: Baseline) -> bool | None:
        """Whether the postcondition holds; None if this dashboard cannot tell."""

    def evidence(self, command: CommandT, now: Observation) -> Evidence:
        satisfied = None if now.dashboard is None else self.is_satisfied(command, now.dashboard, now.baseline)
        if satisfied is None:
            return Unknown()
        return Done(now.dashboard, proven=True) if satisfied else NotSeen()


def owned_account(dashboard: Dashboard | None, account_id: str) -> Account | Refused:
    """The member's own account of this id, or the refusal that core would give."""
    account = dashboard.account(account_id) if dashboard else None
    return account if account is not None and account.owned else Refused("not_authorised")
