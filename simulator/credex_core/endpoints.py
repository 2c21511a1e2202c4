"""The endpoints, one function each: what the request says to what the ledger does. A new one is a new line below."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from simulator.credex_core import rules, trading
from simulator.credex_core.ledger import ACCEPTED, Account, Ledger, Member, State
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.responses import ResponseBuilder
from simulator.credex_core.rules import NotFoundRefusalError, RefusalError
from simulator.credex_core.sessions import Sessions

__all__ = ("ENDPOINTS", "Endpoint", "Reply", "RequestContext")

Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RequestContext:
    """What an endpoint works with."""

    ledger: Ledger
    sessions: Sessions
    quirks: Quirks
    responses: ResponseBuilder
    treasury: Account


@dataclass(frozen=True, slots=True)
class Reply:
    """What an endpoint answers, and whom it turned out to be about."""

    body: dict[str, Any]
    member: Member
    status: int = 200


def login(context: RequestContext, _: Member | None, body: Body) -> Reply:
    """Whoever holds the phone number is that member: there is no password."""
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
    """A new member with a personal account."""
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


def get_account_by_handle(context: RequestContext, member: Member, body: Body) -> Reply:
    """Whose account a handle is."""
    handle = rules.account_handle(body, rewritten=context.quirks.handles_rewritten)
    account = context.ledger.account_by_handle(handle)
    if account is None:
        raise NotFoundRefusalError("Account", "accountHandle")
    details = {"accountID": account.account_id, "accountName": account.name, "accountHandle": account.handle}
    return Reply(context.responses.success("ACCOUNT_FOUND", member, details), member)


def get_member_by_handle(context: RequestContext, member: Member, body: Body) -> Reply:
    """Who a member handle is."""
    found = context.ledger.member_by_handle(rules.account_handle(body, "memberHandle"))
    if found is None:
        raise NotFoundRefusalError("Member", "memberHandle")
    details = {"memberID": found.member_id, "memberName": f"{found.first_name} {found.last_name}"}
    return Reply(context.responses.success("MEMBER_FOUND", member, details), member)


def create_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Make an offer. Requests are not taken: the real core makes them, lists them nowhere and accepts none."""
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
    """Take an offer."""
    credex = trading.accept(context.ledger, member, rules.identifier(body, "credexID"))
    details = {"credexID": credex.credex_id, "acceptorAccountID": credex.receiver_id}
    return Reply(context.responses.success("CREDEX_ACCEPTED", member, details, action_id=credex.credex_id), member)


def decline_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Turn an offer down."""
    credex = trading.decline(
        context.ledger, member, rules.identifier(body, "credexID"), lenient=context.quirks.lenient_authority
    )
    details = {"credexID": credex.credex_id}
    return Reply(context.responses.success("CREDEX_DECLINED", member, details, action_id=credex.credex_id), member)


def cancel_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """Take an offer back."""
    credex = trading.cancel(
        context.ledger, member, rules.identifier(body, "credexID"), lenient=context.quirks.lenient_authority
    )
    details = {"credexID": credex.credex_id}
    return Reply(context.responses.success("CREDEX_CANCELLED", member, details, action_id=credex.credex_id), member)


def get_credex(context: RequestContext, member: Member, body: Body) -> Reply:
    """One credex, seen from one of its accounts. What expired is as if it had never been."""
    account = _seen_account(context, member, body)
    credex_id = rules.identifier(body, "credexID")
    credex = next((one for one in context.ledger.of_account(account.account_id) if one.credex_id == credex_id), None)
    if credex is None or credex.state is State.EXPIRED:
        raise NotFoundRefusalError("Credex", "credexID")
    return Reply(
        context.responses.success("CREDEX_RETRIEVED", member, context.responses.credex(credex, account)), member
    )


def get_ledger(context: RequestContext, member: Member, body: Body) -> Reply:
    """Accepted credexes of an account, the oldest first, a page at a time."""
    account = _seen_account(context, member, body)
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


def hustler_10k(context: RequestContext, member: Member, body: Body) -> Reply:
    """Pay 1 USD from the personal account and become tier 3."""
    account = _own_account(context, member, body, "personalAccountID")
    before = trading.upgrade(context.ledger, member, account, context.treasury, context.quirks)
    details = {"previousTier": before, "newTier": member.tier}
    return Reply(context.responses.success("HUSTLER_10K_ENROLLED", member, details), member)


def create_account(context: RequestContext, member: Member, body: Body) -> Reply:
    """Another account of the member; only businesses are opened like this."""
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
    """Let another member act for an account; done before, it is done again without effect."""
    account = _owned_account(context, member, body)
    other = context.ledger.member_by_handle(rules.account_handle(body, "memberHandleToBeAuthorized"))
    if other is None:
        raise NotFoundRefusalError("Member", "memberHandleToBeAuthorized")
    trading.authorise(context.ledger, account, other)
    details = {"accountID": account.account_id, "memberIdAuthorized": other.member_id}
    return Reply(context.responses.success("MEMBER_AUTHORIZED", member, details), member)


def unauthorize_for_account(context: RequestContext, member: Member, body: Body) -> Reply:
    """Let another member no longer act for an account."""
    account = _owned_account(context, member, body)
    other = _other(context, body, "memberIDtoBeUnauthorized")
    trading.unauthorise(account, other)
    details = {"accountID": account.account_id, "memberIdUnauthorized": other.member_id}
    return Reply(context.responses.success("MEMBER_UNAUTHORIZED", member, details), member)


def update_send_offers_to(context: RequestContext, member: Member, body: Body) -> Reply:
    """Have one of those who may act for an account told of new offers."""
    account = _owned_account(context, member, body)
    other = _other(context, body, "memberIDtoSendOffers")
    trading.set_offer_recipient(account, other)
    details = {"accountID": account.account_id, "memberID": other.member_id}
    return Reply(context.responses.success("SEND_OFFERS_TO_UPDATED", member, details), member)


def _other(context: RequestContext, body: Body, field: str) -> Member:
    other = context.ledger.members.get(rules.identifier(body, field))
    if other is None:
        raise NotFoundRefusalError("Member", field)
    return other


def _owned_account(context: RequestContext, member: Member, body: Body) -> Account:
    account = _own_account(context, member, body, "accountID")
    if account.owner_id != member.member_id:
        raise RefusalError(
            "Only the owner of an account may do this", status=403, code="NOT_AUTHORIZED", field="accountID"
        )
    return account


def _seen_account(context: RequestContext, member: Member, body: Body) -> Account:
    """An account that may be looked into: one's own, or with a lenient core any."""
    return _own_account(context, member, body, "accountID", lenient=context.quirks.lenient_authority)


def _own_account(context: RequestContext, member: Member, body: Body, field: str, *, lenient: bool = False) -> Account:
    account = context.ledger.accounts.get(rules.identifier(body, field))
    if account is None:
        raise NotFoundRefusalError("Account", field)
    if member.member_id not in account.authorised and not lenient:
        raise RefusalError("Not authorised for this account", status=403, code="NOT_AUTHORIZED", field=field)
    return account


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A function, and what is peculiar to it.

    Attributes:
        act: does what is asked.
        bearer: it wants to know by a token who asks.
        writes: it changes something.
        manages: it is about an account or a member, and not about credexes.
        ends: it is about a credex that has to be there.
    """

    handle: Callable[[RequestContext, Any, Body], Reply]
    authenticated: bool = True
    writes: bool = False
    manages_accounts: bool = False
    names_credex: bool = False


ENDPOINTS: Final[Mapping[str, Endpoint]] = {
    "login": Endpoint(login, authenticated=False),
    "onboardMember": Endpoint(onboard_member, authenticated=False),
    "getAccountByHandle": Endpoint(get_account_by_handle),
    "getMemberByHandle": Endpoint(get_member_by_handle),
    "createCredex": Endpoint(create_credex, writes=True),
    "acceptCredex": Endpoint(accept_credex, writes=True, names_credex=True),
    "declineCredex": Endpoint(decline_credex, writes=True, names_credex=True),
    "cancelCredex": Endpoint(cancel_credex, writes=True, names_credex=True),
    "getCredex": Endpoint(get_credex, names_credex=True),
    "getLedger": Endpoint(get_ledger, names_credex=True),
    "hustler10k": Endpoint(hustler_10k, writes=True, manages_accounts=True),
    "createAccount": Endpoint(create_account, writes=True, manages_accounts=True),
    "authorizeForAccount": Endpoint(authorize_for_account, writes=True, manages_accounts=True),
    "unauthorizeForAccount": Endpoint(unauthorize_for_account, writes=True, manages_accounts=True),
    "updateSendOffersTo": Endpoint(update_send_offers_to, writes=True, manages_accounts=True),
}
