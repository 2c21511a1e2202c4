"""The endpoints of Credex core that the bot calls, and how the success of each looks.

The table in `service.credex` says which of it is known and which is ours.
"""

from __future__ import annotations

from typing import Final

from service.credex.error_mapping import Asked
from service.credex.errors import Refusal

__all__ = (
    "ACCEPT",
    "AUTHORISE",
    "CANCEL",
    "CREATE",
    "DECLINE",
    "FIND",
    "FIND_MEMBER",
    "LEDGER",
    "LOGIN",
    "LOOK",
    "NOTICES",
    "ONBOARD",
    "OPEN",
    "UNAUTHORISE",
    "UPGRADE",
)

LOGIN: Final = Asked("login", frozenset({"MEMBER_LOGIN"}), "member", frozenset({"token", "memberDashboard"}))
ONBOARD: Final = Asked(
    "onboardMember",
    frozenset({"MEMBER_ONBOARDED", "MEMBER_REGISTERED"}),
    "member",
    frozenset({"memberDashboard"}),
    conflict=Refusal.DUPLICATE_PHONE,
)
FIND: Final = Asked("getAccountByHandle", frozenset({"ACCOUNT_FOUND"}), "account", frozenset({"accountData"}))
CREATE: Final = Asked("createCredex", frozenset({"CREDEX_CREATED"}), "account", frozenset({"createCredexData"}))
ACCEPT: Final = Asked("acceptCredex", frozenset({"CREDEX_ACCEPTED"}), "credex", frozenset({"acceptCredexData"}))
DECLINE: Final = Asked("declineCredex", frozenset({"CREDEX_DECLINED"}), "credex")
CANCEL: Final = Asked("cancelCredex", frozenset({"CREDEX_CANCELLED"}), "credex")
LOOK: Final = Asked(
    "getCredex",
    frozenset({"CREDEX_RETRIEVED", "CREDEX_FOUND", "CREDEX_FETCHED"}),
    "credex",
    frozenset({"credexData", "transactionType"}),
)
LEDGER: Final = Asked("getLedger", frozenset({"LEDGER_RETRIEVED"}), "account", frozenset({"ledger"}))
FIND_MEMBER: Final = Asked("getMemberByHandle", frozenset({"MEMBER_FOUND"}), "member", frozenset({"memberData"}))
OPEN: Final = Asked(
    "createAccount",
    frozenset({"ACCOUNT_CREATED"}),
    "account",
    frozenset({"accountID"}),
    conflict=Refusal.DUPLICATE_HANDLE,
)
AUTHORISE: Final = Asked(
    "authorizeForAccount",
    frozenset({"MEMBER_AUTHORIZED"}),
    "member",
    frozenset({"memberIdAuthorized"}),
    conflict=Refusal.ALREADY,
)
UNAUTHORISE: Final = Asked("unauthorizeForAccount", frozenset({"MEMBER_UNAUTHORIZED"}), "member")
NOTICES: Final = Asked("updateSendOffersTo", frozenset({"SEND_OFFERS_TO_UPDATED"}), "member")
UPGRADE: Final = Asked(
    "hustler10k", frozenset({"HUSTLER_10K_ENROLLED"}), "account", frozenset({"newTier"}), conflict=Refusal.ALREADY
)
