"""Endpoints without a token: logging in and joining."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.credex_core import rules, trading
from simulator.credex_core.endpoints.endpoint import Body, Endpoint, Reply, RequestContext
from simulator.credex_core.ledger import Member
from simulator.credex_core.rules import NotFoundRefusalError

__all__ = ("ENDPOINTS",)


def login(context: RequestContext, _: Member | None, body: Body) -> Reply:
    """Log in by phone number alone, as on the real core: there is no password."""
    member = context.ledger.member_by_phone(rules.phone(body))
    if member is None:
        raise NotFoundRefusalError("Member", "phone")
    token = context.sessions.begin(member.member_id)
    details = {
        "memberID": member.member_id,
        "token": token,
        "phone": member.phone,
        "memberHandle": member.handle,
        "firstname": member.first_name,
        "lastname": member.last_name,
        "defaultDenom": member.denomination,
    }
    return Reply(context.responses.success("MEMBER_LOGIN", member, details), member)


def onboard_member(context: RequestContext, _: Member | None, body: Body) -> Reply:
    """Create a member with a personal account."""
    member = trading.join(
        context.ledger,
        first_name=rules.person_name(body, "firstname"),
        last_name=rules.person_name(body, "lastname"),
        phone=rules.phone(body),
        denomination=rules.denomination(body, "defaultDenom"),
    )
    account = context.ledger.accounts_of(member.member_id)[0]
    details = {
        "memberID": member.member_id,
        "token": context.sessions.begin(member.member_id),
        "defaultAccountID": account.account_id,
    }
    return Reply(context.responses.success("MEMBER_ONBOARDED", member, details), member, status=201)


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "login": Endpoint(login, authenticated=False),
    "onboardMember": Endpoint(onboard_member, authenticated=False),
}
