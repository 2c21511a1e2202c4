"""Withdraw a member's authorisation for an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.credex.endpoints import Endpoint
from service.domain import Account
from service.writes.account_person import AccountPersonOperation, AccountPersonWrite, is_authorised


class Unauthorise(AccountPersonWrite, frozen=True, tag="unauthorise"):
    """Let another member no longer act for an account."""


class _Unauthorise(AccountPersonOperation[Unauthorise]):
    command = Unauthorise
    endpoint = Endpoint("unauthorizeForAccount", frozenset({"MEMBER_UNAUTHORIZED"}), "member")

    def request(self, command: Unauthorise) -> Mapping[str, object]:
        return {"accountID": command.account_id, "memberIDtoBeUnauthorized": command.member_id}

    def holds(self, command: Unauthorise, account: Account) -> bool | None:
        authorised = is_authorised(account, command.member_id)
        return None if authorised is None else not authorised


OPERATION: Final = _Unauthorise()
