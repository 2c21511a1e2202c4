"""Writes that leave something standing which the member's own dashboard shows: an account, a person, a tier.

What stands there before them is no reason to send them, and what stands there after them is the proof that they
happened: nobody but the owner, who is the one who asks, can bring it about.
"""

from __future__ import annotations

from service.domain import Account, Dashboard, Tier
from service.domain.commands import Authorise, OpenAccount, Outcome, Refused, SetOfferRecipient, Unauthorise, Upgrade
from service.writes.pending_write import Baseline

__all__ = ("ON_PERSON", "STANDING", "Standing", "precheck", "stands")

ON_PERSON = (Authorise, Unauthorise, SetOfferRecipient)
STANDING = (OpenAccount, *ON_PERSON, Upgrade)

Standing = OpenAccount | Authorise | Unauthorise | SetOfferRecipient | Upgrade


def precheck(call: Standing, dashboard: Dashboard | None) -> Outcome | None:
    """Why there is nothing to send: it is not the member's to do, or it stands already."""
    if dashboard is None:
        return Refused("not_authorised")
    if isinstance(call, OpenAccount):
        return Refused("duplicate_handle") if stands(call, dashboard, Baseline()) else None
    account = dashboard.account(call.account_id)
    if account is None or not account.owned:
        return Refused("not_authorised")
    if isinstance(call, Upgrade):
        return Refused("already") if (dashboard.tier or 0) >= Tier.HUSTLER else None
    return Refused("already") if stands(call, dashboard, Baseline()) else None


def stands(call: Standing, dashboard: Dashboard, before: Baseline) -> bool | None:
    """Whether what the write brings about stands in a dashboard; None where that dashboard cannot tell."""
    if isinstance(call, OpenAccount):
        return any(account.owned and account.handle == call.handle for account in dashboard.accounts)
    account = dashboard.account(call.account_id)
    if account is None:
        return None
    return _risen(dashboard, account, before) if isinstance(call, Upgrade) else _of_people(call, account)


def _risen(dashboard: Dashboard, account: Account, before: Baseline) -> bool | None:
    if dashboard.tier is not None and before.tier is not None:
        return dashboard.tier > before.tier
    # Core keeps the tier to itself at times; but nobody rises without paying.
    unmoved = before.balance is not None and account.balance(before.balance.denomination).equals(before.balance)
    return False if unmoved else None


def _of_people(call: Authorise | Unauthorise | SetOfferRecipient, account: Account) -> bool | None:
    if isinstance(call, SetOfferRecipient):
        told = account.send_offers_to
        return None if told is None else told.member_id == call.member_id
    # The owner is always among them: an empty list is one that core kept to itself.
    listed = any(person.member_id == call.member_id for person in account.authorised)
    return (listed if isinstance(call, Authorise) else not listed) if account.authorised else None
