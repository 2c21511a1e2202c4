"""Endpoints that manage a member or an account: upgrading, opening, authorising."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.credex_core import rules, trading
from simulator.credex_core.endpoints.endpoint import (
    Body,
    Endpoint,
    Reply,
    RequestContext,
    acting_account,
    named_member,
    owned_account,
)
from simulator.credex_core.ledger import Member
from simulator.credex_core.rules import NotFoundRefusalError

__all__ = ("ENDPOINTS",)


def hustler_10k(context: RequestContext, member: Member, body: Body) -> Reply:
    """Upgrade to tier 3 for 1 USD from the personal account."""
    account = acting_account(context, member, body, "personalAccountID")
    before = trading.upgrade(context.ledger, member, account, context.treasury, context.quirks)
    details = {"previousTier": before, "newTier": member.tier}
    return Reply(context.responses.success("HUSTLER_10K_ENROLLED", member, details), member)


def create_account(context: RequestContext, member: Member, body: Body) -> Reply:
    """Open another account for the member; only business accounts can be opened."""
    account = trading.open_account(
        context.ledger,
        member,
        kind=rules.one_of(body, "accountType", frozenset({"BUSINESS"})),
        name=rules.account_name(body),
        handle=rules.account_handle(body),
        denomination=rules.denomination(body, "defaultDenom"),
    )
    details = {"accountID": account.account_id, "accountName": account.name, "accountHandle": account.handle}
    return Reply(context.responses.success("ACCOUNT_CREATED", member, details), member, status=201)


def authorize_for_account(context: RequestContext, member: Member, body: Body) -> Reply:
    """Authorise another member for an account; idempotent."""
    account = owned_account(context, member, body)
    other = context.ledger.member_by_handle(rules.account_handle(body, "memberHandleToBeAuthorized"))
    if other is None:
        raise NotFoundRefusalError("Member", "memberHandleToBeAuthorized")
    trading.authorise(context.ledger, account, other)
    details = {"accountID": account.account_id, "memberIdAuthorized": other.member_id}
    return Reply(context.responses.success("MEMBER_AUTHORIZED", member, details), member)


def unauthorize_for_account(context: RequestContext, member: Member, body: Body) -> Reply:
    """Withdraw a member's authorisation for an account."""
    account = owned_account(context, member, body)
    other = named_member(context, body, "memberIDtoBeUnauthorized")
    trading.unauthorise(account, other)
    details = {"accountID": account.account_id, "memberIdUnauthorized": other.member_id}
    return Reply(context.responses.success("MEMBER_UNAUTHORIZED", member, details), member)


def update_send_offers_to(context: RequestContext, member: Member, body: Body) -> Reply:
    """Choose which authorised member is notified of new offers to an account."""
    account = owned_account(context, member, body)
    other = named_member(context, body, "memberIDtoSendOffers")
    trading.set_offer_recipient(account, other)
    details = {"accountID": account.account_id, "memberID": other.member_id}
    return Reply(context.responses.success("SEND_OFFERS_TO_UPDATED", member, details), member)


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "hustler10k": Endpoint(hustler_10k, writes=True, manages_accounts=True),
    "createAccount": Endpoint(create_account, writes=True, manages_accounts=True),
    "authorizeForAccount": Endpoint(authorize_for_account, writes=True, manages_accounts=True),
    "unauthorizeForAccount": Endpoint(unauthorize_for_account, writes=True, manages_accounts=True),
    "updateSendOffersTo": Endpoint(update_send_offers_to, writes=True, manages_accounts=True),
}
