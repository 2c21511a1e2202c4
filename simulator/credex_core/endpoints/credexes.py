"""Endpoints that concern credexes: offering, accepting, declining, cancelling, reading."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from simulator.credex_core import rules, trading
from simulator.credex_core.endpoints.endpoint import Body, Endpoint, Reply, RequestContext, acting_account
from simulator.credex_core.ledger import ACCEPTED, Account, Member, State
from simulator.credex_core.rules import NotFoundRefusalError

__all__ = ("ENDPOINTS",)


def create_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Make an offer. Requests are refused: the real core stores them, but neither lists nor accepts them."""
    secured = rules.flag(body, "securedCredex")
    rules.one_of(body, "credexType", frozenset({"PURCHASE", "GIFT", "DCO_GIVE", "DCO_RECEIVE"}))
    rules.one_of(body, "OFFERSorREQUESTS", frozenset({"OFFERS"}))
    credex = trading.offer(
        context.ledger,
        member,
        issuer_id=rules.identifier(body, "issuerAccountID"),
        receiver_id=rules.identifier(body, "receiverAccountID"),
        amount=rules.amount(body),
        denomination=rules.denomination(body, "Denomination"),
        due=rules.due_date(body, secured=secured),
        quirks=context.quirks,
    )
    details = context.responses.created(credex)
    return Reply(context.responses.success("CREDEX_CREATED", member, details, action_id=credex.credex_id), member)


def accept_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Accept an offer."""
    credex = trading.accept(context.ledger, member, rules.identifier(body, "credexID"))
    details = {"credexID": credex.credex_id, "acceptorAccountID": credex.receiver_id}
    return Reply(context.responses.success("CREDEX_ACCEPTED", member, details, action_id=credex.credex_id), member)


def decline_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Decline an offer."""
    credex = trading.decline(
        context.ledger, member, rules.identifier(body, "credexID"), lenient=context.quirks.lenient_authority
    )
    details = {"credexID": credex.credex_id}
    return Reply(context.responses.success("CREDEX_DECLINED", member, details, action_id=credex.credex_id), member)


def cancel_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Cancel an offer."""
    credex = trading.cancel(
        context.ledger, member, rules.identifier(body, "credexID"), lenient=context.quirks.lenient_authority
    )
    details = {"credexID": credex.credex_id}
    return Reply(context.responses.success("CREDEX_CANCELLED", member, details, action_id=credex.credex_id), member)


def get_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Read one credex from the side of one of its accounts. An expired one is not found, as on the real core."""
    account = _readable_account(context, member, body)
    credex_id = rules.identifier(body, "credexID")
    credex = next((one for one in context.ledger.of_account(account.account_id) if one.credex_id == credex_id), None)
    if credex is None or credex.state is State.EXPIRED:
        raise NotFoundRefusalError("Credex", "credexID")
    return Reply(
        context.responses.success("CREDEX_RETRIEVED", member, context.responses.credex(credex, account)), member
    )


def get_ledger(context: RequestContext, member: Member, body: Body) -> Reply:
    """Read a page of the accepted credexes of an account, oldest first."""
    account = _readable_account(context, member, body)
    first = 1 if context.quirks.zero_row_refused and "startRow" in body else 0
    start = rules.whole_number(body, "startRow", default=0, least=first)
    rows = rules.whole_number(body, "numRows", default=10, least=1)
    accepted = [one for one in context.ledger.of_account(account.account_id) if one.state in ACCEPTED]
    accepted.sort(key=lambda credex: credex.ended_ms or 0)
    if context.quirks.missing_as_500 and start and start >= len(accepted):
        raise NotFoundRefusalError("Page", "startRow")
    page = [context.responses.ledger_row(credex, account) for credex in accepted[start : start + rows]]
    reply = context.responses.success("LEDGER_RETRIEVED", member, {"ledger": context.responses.items(page)})
    reply["data"]["dashboard"]["pagination"] = {"hasMore": len(accepted) > start + rows}
    return Reply(reply, member)


def _readable_account(context: RequestContext, member: Member, body: Body) -> Account:
    """The account in ``accountID``: one that the member may act for, or any with ``lenient_authority``."""
    return acting_account(context, member, body, "accountID", lenient=context.quirks.lenient_authority)


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "createCredex": Endpoint(create_credex, writes=True),
    "acceptCredex": Endpoint(accept_credex, writes=True, names_credex=True),
    "declineCredex": Endpoint(decline_credex, writes=True, names_credex=True),
    "cancelCredex": Endpoint(cancel_credex, writes=True, names_credex=True),
    "getCredex": Endpoint(get_credex, names_credex=True),
    "getLedger": Endpoint(get_ledger, names_credex=True),
}
