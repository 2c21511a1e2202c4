"""Authorise a member for an account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.credex.endpoints import Endpoint
from service.credex.errors import Refusal
from service.domain import Account
from service.writes.account_person import AccountPersonOperation, AccountPersonWrite, is_authorised


class Authorise(AccountPersonWrite, frozen=True, tag="authorise"):
    """Let another member act for an account."""

    handle: str


class _Authorise(AccountPersonOperation[Authorise]):
    command = Authorise
    endpoint = Endpoint(
        "authorizeForAccount",
        frozenset({"MEMBER_AUTHORIZED"}),
        "member",
        frozenset({"memberIdAuthorized"}),
        conflict=Refusal.ALREADY,
    )

    def request(self, command: Authorise) -> Mapping[str, object]:
        return {"accountID": command.account_id, "memberHandleToBeAuthorized": command.handle}

    def holds(self, command: Authorise, account: Account) -> bool | None:
        return is_authorised(account, command.member_id)


OPERATION: Final = _Authorise()
