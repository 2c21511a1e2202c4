"""The acts of members: join, open accounts, offer, accept, decline, cancel. Each is done completely or refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

from service.domain import Denomination, Money
from simulator.credex_core.amounts import format_amount
from simulator.credex_core.ledger import DAY_MS, ZERO, Account, Credex, Ledger, Member, State
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.rules import DAILY_CAPS_USD, NotFoundRefusalError, RefusalError, in_window

__all__ = (
    "accept",
    "authorise",
    "cancel",
    "clear",
    "decline",
    "fund",
    "join",
    "leave",
    "offer",
    "open_account",
    "owe",
    "remaining_today",
    "set_offer_recipient",
    "unauthorise",
    "upgrade",
)

UNSECURED_FROM_TIER: Final = 2
SECOND_ACCOUNT_FROM_TIER: Final = 3
AUTHORISE_FROM_TIER: Final = 4
MAX_AUTHORISED: Final = 5
HUSTLER_TIER: Final = 3
HUSTLER_PRICE: Final = Money(Decimal(1), Denomination.USD)
PERSONAL: Final = "PERSONAL"
NONE: Final = Quirks()


def join(
    ledger: Ledger,
    *,
    phone: str,
    first_name: str,
    last_name: str,
    denomination: Denomination,
    handle: str | None = None,
) -> Member:
    """Add a member of tier 1 with a personal account; the handle of both is by default the phone number."""
    handle = handle or phone
    if ledger.member_by_phone(phone) is not None:
        raise RefusalError("Phone number already in use", status=409, code="DUPLICATE_PHONE", field="phone")
    if ledger.member_by_handle(handle) is not None or ledger.account_by_handle(handle) is not None:
        raise RefusalError("Handle already in use", status=409, code="DUPLICATE_HANDLE", field="memberHandle")
    member = ledger.add_member(
        Member(ledger.new_id(), phone, first_name, last_name, handle, 1, denomination, ledger.clock_ms())
    )
    name = f"{first_name} {last_name} Personal"
    _open(ledger, member, name=name, handle=handle, kind=PERSONAL, denomination=denomination)
    return member


def open_account(
    ledger: Ledger,
    owner: Member,
    *,
    name: str,
    handle: str,
    kind: str,
    denomination: Denomination,
    audited: bool = False,
) -> Account:
    """Open an account; a second one takes tier 3."""
    owned = any(account.owner_id == owner.member_id for account in ledger.accounts.values())
    if owned and owner.tier < SECOND_ACCOUNT_FROM_TIER:
        raise RefusalError("More than one account takes tier 3", status=403, code="TIER_TOO_LOW")
    if ledger.account_by_handle(handle) is not None:
        raise RefusalError("Handle already in use", status=409, code="DUPLICATE_HANDLE", field="accountHandle")
    return _open(ledger, owner, name=name, handle=handle, kind=kind, denomination=denomination, audited=audited)


def _open(
    ledger: Ledger,
    owner: Member,
    *,
    name: str,
    handle: str,
    kind: str,
    denomination: Denomination,
    audited: bool = False,
) -> Account:
    return ledger.add_account(
        Account(
            account_id=ledger.new_id(),
            name=name,
            handle=handle,
            kind=kind,
            denomination=denomination,
            owner_id=owner.member_id,
            created_ms=ledger.clock_ms(),
            authorised=[owner.member_id],
            send_offers_to=owner.member_id,
            audited=audited,
        )
    )


def authorise(ledger: Ledger, account: Account, member: Member) -> None:
    """Authorise a member for an account; the owner needs tier 4, and at most five members may act."""
    if ledger.members[account.owner_id].tier < AUTHORISE_FROM_TIER:
        raise RefusalError("Authorising others takes tier 4", status=403, code="TIER_TOO_LOW")
    if member.member_id in account.authorised:
        return
    if len(account.authorised) >= MAX_AUTHORISED:
        raise RefusalError("Five members may act for this account already", code="LIMIT_REACHED")
    account.authorised.append(member.member_id)
    ledger.shared.add(account.account_id)


def unauthorise(account: Account, member: Member) -> None:
    """Withdraw an authorisation, never the owner's; notices that went to that member go to the owner again."""
    if member.member_id == account.owner_id:
        raise RefusalError("The owner always acts for an account", code="OWNER_STAYS", field="memberIDtoBeUnauthorized")
    if member.member_id not in account.authorised:
        raise NotFoundRefusalError("Member", "memberIDtoBeUnauthorized")
    account.authorised.remove(member.member_id)
    if account.send_offers_to == member.member_id:
        account.send_offers_to = account.owner_id


def set_offer_recipient(account: Account, member: Member) -> None:
    """Choose which authorised member is notified of new offers to an account."""
    if member.member_id not in account.authorised:
        raise RefusalError("This member is not authorised for the account", code="NOT_AUTHORIZED", status=403)
    account.send_offers_to = member.member_id


def leave(ledger: Ledger, member: Member) -> None:
    """Remove a member; phone and handles become free.

    Accounts with credexes stay in the ledger, under a generated handle and without authorised members.
    """
    for account in list(ledger.accounts.values()):
        if account.owner_id == member.member_id:
            account.authorised.clear()
            if any(ledger.of_account(account.account_id)):
                ledger.rename_account(account, f"left_{account.account_id[:13].replace('-', '')}")
            else:
                ledger.drop_account(account)
        elif member.member_id in account.authorised:
            unauthorise(account, member)
    ledger.drop_member(member)


def remaining_today(ledger: Ledger, owner: Member) -> Decimal | None:
    """The USD that the owner's accounts may still issue today; None without a limit."""
    cap = DAILY_CAPS_USD.get(owner.tier)
    return None if cap is None else cap - ledger.issued_today_usd(owner.member_id)


def offer(
    ledger: Ledger,
    actor: Member,
    *,
    issuer_id: str,
    receiver_id: str,
    amount: Decimal,
    denomination: Denomination,
    due: date | None,
    quirks: Quirks = NONE,
) -> Credex:
    """Make an offer: secured without a due date, unsecured with one. Not idempotent: two calls make two offers."""
    ledger.expire()
    if issuer_id == receiver_id:
        raise _failed("Issuer and receiver are the same account", "SAME_ACCOUNT", "receiverAccountID")
    issuer = ledger.accounts.get(issuer_id)
    if issuer is None:
        raise NotFoundRefusalError("Account", "issuerAccountID")
    if receiver_id not in ledger.accounts:
        raise NotFoundRefusalError("Account", "receiverAccountID")
    if actor.member_id not in issuer.authorised and not quirks.lenient_authority:
        raise RefusalError("Not authorised to issue from this account", status=403, code="NOT_AUTHORIZED")
    _within_tier(ledger, issuer, amount, denomination, secured=due is None, refuse_exact=quirks.exact_limit_refused)
    if due is not None and not quirks.due_window_open:
        in_window(due, ledger.today)
    exact = quirks.exact_balance_refused
    securer_id = None if due is not None else _securer(ledger, issuer, amount, denomination, refuse_exact=exact)
    return ledger.add_credex(
        Credex(
            credex_id=ledger.new_id(),
            issuer_id=issuer_id,
            receiver_id=receiver_id,
            amount=amount,
            denomination=denomination,
            securer_id=securer_id,
            due=due,
            state=State.OFFERS,
            outstanding=amount,
            created_ms=ledger.clock_ms(),
        )
    )


def _within_tier(
    ledger: Ledger, issuer: Account, amount: Decimal, denomination: Denomination, *, secured: bool, refuse_exact: bool
) -> None:
    owner = ledger.members[issuer.owner_id]
    if not secured and owner.tier < UNSECURED_FROM_TIER:
        raise _failed("Unsecured credexes take tier 2", "TIER_TOO_LOW", "securedCredex", status=403)
    remaining = remaining_today(ledger, owner)
    wanted = ledger.rates.convert(amount, denomination, Denomination.USD)
    if remaining is not None and (wanted > remaining or (refuse_exact and wanted == remaining)):
        left = format_amount(max(remaining, ZERO), Denomination.USD)
        raise _failed(
            f"Daily limit of tier {owner.tier} reached: {left} remaining", "DAILY_LIMIT", "InitialAmount", status=403
        )


def _securer(
    ledger: Ledger, issuer: Account, amount: Decimal, denomination: Denomination, *, refuse_exact: bool
) -> str:
    if issuer.audited:
        return issuer.account_id
    securer, available = ledger.securable(issuer.account_id, denomination)
    if securer is None or available < amount or (refuse_exact and available == amount):
        raise RefusalError(
            f"Insufficient secured balance: requested {format_amount(amount, denomination)}, "
            f"maximum securable {format_amount(max(available, ZERO), denomination)}",
            code="INSUFFICIENT_SECURED_BALANCE",
            field="InitialAmount",
        )
    return securer


def accept(ledger: Ledger, actor: Member, credex_id: str) -> Credex:
    """Accept an offer: from now on the issuer owes."""
    return _end(ledger, actor, credex_id, State.OWES)


def decline(ledger: Ledger, actor: Member, credex_id: str, *, lenient: bool = False) -> Credex:
    """Decline an offer; with ``lenient`` any member may."""
    return _end(ledger, actor, credex_id, State.DECLINED, lenient=lenient)


def cancel(ledger: Ledger, actor: Member, credex_id: str, *, lenient: bool = False) -> Credex:
    """Cancel an offer; with ``lenient`` any member may."""
    return _end(ledger, actor, credex_id, State.CANCELLED, lenient=lenient)


def _end(ledger: Ledger, actor: Member, credex_id: str, state: State, *, lenient: bool = False) -> Credex:
    ledger.expire()
    credex = ledger.credexes.get(credex_id)
    if credex is None or credex.state is State.EXPIRED:
        raise NotFoundRefusalError("Credex", "credexID")
    side = credex.issuer_id if state is State.CANCELLED else credex.receiver_id
    if actor.member_id not in ledger.accounts[side].authorised and not lenient:
        raise RefusalError("Not authorised for the account of this credex", status=403, code="NOT_AUTHORIZED")
    if credex.state is State.OWES:
        raise RefusalError("Credex has already been accepted", status=409, code="ALREADY_ACCEPTED", field="credexID")
    if credex.state is not State.OFFERS:
        raise RefusalError("Credex is not pending any more", status=409, code="NOT_PENDING", field="credexID")
    ledger.end(credex, state, ledger.clock_ms())
    return credex


def fund(ledger: Ledger, securer: Account, receiver: Account, money: Money) -> Credex:
    """Issue money: an accepted secured credex from an audited account."""
    if not securer.audited:
        raise ValueError(f"{securer.handle} is not audited: it cannot bring money into circulation")
    return _owed(ledger, securer.account_id, securer, receiver, money)


def owe(ledger: Ledger, issuer: Account, receiver: Account, money: Money, *, due: date) -> Credex:
    """Add an accepted unsecured credex of the day before, regardless of tiers: initial contents of a world."""
    return _owed(ledger, None, issuer, receiver, money, due=due, at_ms=ledger.clock_ms() - DAY_MS)


def clear(ledger: Ledger, securer: Account, issuer: Account, receiver: Account, money: Money, *, at_ms: int) -> Credex:
    """Add a secured credex of the past that has been redeemed: it is in the ledgers and counts nothing.

    Initial contents of a world; the loops by which the real core redeems credexes are not simulated.
    """
    return ledger.add_credex(
        Credex(
            credex_id=ledger.new_id(),
            issuer_id=issuer.account_id,
            receiver_id=receiver.account_id,
            amount=money.amount,
            denomination=money.denomination,
            securer_id=securer.account_id,
            due=None,
            state=State.CLEARED,
            outstanding=ZERO,
            created_ms=at_ms,
            ended_ms=at_ms,
        )
    )


def upgrade(ledger: Ledger, actor: Member, account: Account, treasury: Account, quirks: Quirks = NONE) -> int:
    """Pay for tier 3; returns the previous tier."""
    if account.owner_id != actor.member_id:
        raise RefusalError(
            "Not authorised for this account", status=403, code="NOT_AUTHORIZED", field="personalAccountID"
        )
    if account.kind != PERSONAL:
        raise RefusalError("The upgrade is paid from the personal account", field="personalAccountID")
    if actor.tier >= HUSTLER_TIER:
        raise RefusalError(
            f"This member has tier {actor.tier} already", status=409, kind="ERROR", code="ALREADY_ENROLLED"
        )
    price = HUSTLER_PRICE
    exact = quirks.exact_balance_refused
    securer_id = _securer(ledger, account, price.amount, price.denomination, refuse_exact=exact)
    _owed(ledger, securer_id, account, treasury, price)
    before, actor.tier = actor.tier, HUSTLER_TIER
    return before


def _owed(
    ledger: Ledger,
    securer_id: str | None,
    issuer: Account,
    receiver: Account,
    money: Money,
    *,
    due: date | None = None,
    at_ms: int | None = None,
) -> Credex:
    ledger.expire()
    now = ledger.clock_ms() if at_ms is None else at_ms
    return ledger.add_credex(
        Credex(
            credex_id=ledger.new_id(),
            issuer_id=issuer.account_id,
            receiver_id=receiver.account_id,
            amount=money.amount,
            denomination=money.denomination,
            securer_id=securer_id,
            due=due,
            state=State.OWES,
            outstanding=money.amount,
            created_ms=now,
            ended_ms=now,
        )
    )


def _failed(reason: str, code: str, field: str, *, status: int = 400) -> RefusalError:
    return RefusalError(reason, status=status, kind="CREDEX_CREATE_FAILED", code=code, field=field)
