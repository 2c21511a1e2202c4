"""What an endpoint is, what it works with, and how it finds the account that a request names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from simulator.credex_core import rules
from simulator.credex_core.ledger import Account, Ledger, Member
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.responses import ResponseBuilder
from simulator.credex_core.rules import NotFoundRefusalError, RefusalError
from simulator.credex_core.sessions import Sessions

__all__ = ("Body", "Endpoint", "Reply", "RequestContext", "acting_account", "named_member", "owned_account")

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The parts of core that an endpoint reads and changes."""

    ledger: Ledger
    sessions: Sessions
    quirks: Quirks
    responses: ResponseBuilder
    treasury: Account


@dataclass(frozen=True, slots=True)
class Reply:
    """A successful answer, and the member whom the request concerned."""

    body: dict[str, Any]
    member: Member
    status: int = 200


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A handler, and the properties that decide how the HTTP layer treats it.

    Attributes:
        handle: takes the context, the member (None without a token) and the body; raises `RefusalError` to refuse.
        authenticated: needs a bearer token.
        writes: changes something.
        manages_accounts: concerns an account or a member, not a credex.
        names_credex: names a credex that has to exist.
    """

    handle: Callable[[RequestContext, Any, Body], Reply]
    authenticated: bool = True
    writes: bool = False
    manages_accounts: bool = False
    names_credex: bool = False


def acting_account(
    context: RequestContext, member: Member, body: Body, field: str, *, lenient: bool = False
) -> Account:
    """The account that a field names, if the member may act for it; with ``lenient`` any account.

    Raises:
        RefusalError: it does not exist, or the member may not act for it.
    """
    account = context.ledger.accounts.get(rules.identifier(body, field))
    if account is None:
        raise NotFoundRefusalError("Account", field)
    if member.member_id not in account.authorised and not lenient:
        raise RefusalError("Not authorised for this account", status=403, code="NOT_AUTHORIZED", field=field)
    return account


def owned_account(context: RequestContext, member: Member, body: Body) -> Account:
    """The account in ``accountID``, if the member owns it; raises as `acting_account` does."""
    account = acting_account(context, member, body, "accountID")
    if account.owner_id != member.member_id:
        raise RefusalError(
            "Only the owner of an account may do this", status=403, code="NOT_AUTHORIZED", field="accountID"
        )
    return account


def named_member(context: RequestContext, body: Body, field: str) -> Member:
    """The member whose id stands in a field.

    Raises:
        RefusalError: there is none.
    """
    member = context.ledger.members.get(rules.identifier(body, field))
    if member is None:
        raise NotFoundRefusalError("Member", field)
    return member
