"""Endpoints that find an account or a member by handle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.credex_core import rules
from simulator.credex_core.endpoints.endpoint import Body, Endpoint, Reply, RequestContext
from simulator.credex_core.ledger import Member
from simulator.credex_core.rules import NotFoundRefusalError

__all__ = ("ENDPOINTS",)


def get_account_by_handle(context: RequestContext, member: Member, body: Body) -> Reply:
    """Find an account by its handle."""
    handle = rules.account_handle(body, rewritten=context.quirks.handles_rewritten)
    account = context.ledger.account_by_handle(handle)
    if account is None:
        raise NotFoundRefusalError("Account", "accountHandle")
    details = {"accountID": account.account_id, "accountName": account.name, "accountHandle": account.handle}
    return Reply(context.responses.success("ACCOUNT_FOUND", member, details), member)


def get_member_by_handle(context: RequestContext, member: Member, body: Body) -> Reply:
    """Find a member by handle."""
    found = context.ledger.member_by_handle(rules.account_handle(body, "memberHandle"))
    if found is None:
        raise NotFoundRefusalError("Member", "memberHandle")
    details = {"memberID": found.member_id, "memberName": f"{found.first_name} {found.last_name}"}
    return Reply(context.responses.success("MEMBER_FOUND", member, details), member)


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "getAccountByHandle": Endpoint(get_account_by_handle),
    "getMemberByHandle": Endpoint(get_member_by_handle),
}
