"""What the writes about a person at one of the member's accounts have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import TypeVar

from service.credex.errors import CredexError, NotFoundError
from service.domain import Account, Dashboard
from service.domain.commands import NotFound, Outcome, Refused, Write
from service.writes.operation import Baseline, NotSeen
from service.writes.postcondition import PostconditionOperation, owned_account


class AccountPersonWrite(Write, frozen=True):
    """Base of the writes that change what a member may do, or is told of, at an account."""

    account_id: str
    member_id: str
    name: str


PersonT = TypeVar("PersonT", bound=AccountPersonWrite)


class AccountPersonOperation(PostconditionOperation[PersonT]):
    """Base of the operations about a person at an account."""

    @abstractmethod
    def holds(self, command: PersonT, account: Account) -> bool | None:
        """Whether the account is as the write would make it; None if core keeps that to itself."""

    def precheck(self, command: PersonT, dashboard: Dashboard | None) -> Outcome | None:
        account = owned_account(dashboard, command.account_id)
        if isinstance(account, Refused):
            return account
        return Refused("already") if self.holds(command, account) else None

    def is_satisfied(self, command: PersonT, dashboard: Dashboard, baseline: Baseline) -> bool | None:  # noqa: ARG002
        account = dashboard.account(command.account_id)
        return None if account is None else self.holds(command, account)

    def refusal(self, error: CredexError | None, not_seen: NotSeen) -> Outcome:
        """See `Operation.refusal`: core knows no such member."""
        return NotFound() if isinstance(error, NotFoundError) else super().refusal(error, not_seen)


def is_authorised(account: Account, member_id: str) -> bool | None:
    """Whether a member may act for an account; None if core does not say who may."""
    # The owner is always listed: an empty list is one that core kept to itself.
    return any(person.member_id == member_id for person in account.authorised) if account.authorised else None
