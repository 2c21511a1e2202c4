"""The endpoints of Credex core that the bot calls, and how the success of each looks.

The table in `service.credex` says which of it is known and which is ours.
"""

from __future__ import annotations

from typing import Final

from service.credex.error_mapping import Endpoint
from service.credex.errors import Refusal

__all__ = (
    "ACCEPT",
    "AUTHORISE",
    "CANCEL",
    "CREATE",
    "CREATE_ACCOUNT",
    "DECLINE",
    "FIND_MEMBER",
    "GET_ACCOUNT",
    "GET_CREDEX",
    "LEDGER",
    "LOGIN",
    "ONBOARD",
    "SET_OFFER_RECIPIENT",
    "UNAUTHORISE",
    "UPGRADE",
)

LOGIN: Final = Endpoint("login", frozenset({"MEMBER_LOGIN"}), "member", frozenset({"token", "memberDashboard"}))
ONBOARD: Final = Endpoint(
    "onboardMember",
    frozenset({"MEMBER_ONBOARDED", "MEMBER_REGISTERED"}),
    "member",
    frozenset({"memberDashboard"}),
    conflict=Refusal.DUPLICATE_PHONE,
)
GET_ACCOUNT: Final = Endpoint("getAccountByHandle", frozenset({"ACCOUNT_FOUND"}), "account", frozenset({"accountData"}))
CREATE: Final = Endpoint("createCredex", frozenset({"CREDEX_CREATED"}), "account", frozenset({"createCredexData"}))
ACCEPT: Final = Endpoint("acceptCredex", frozenset({"CREDEX_ACCEPTED"}), "credex", frozenset({"acceptCredexData"}))
DECLINE: Final = Endpoint("declineCredex", frozenset({"CREDEX_DECLINED"}), "credex")
CANCEL: Final = Endpoint("cancelCredex", frozenset({"CREDEX_CANCELLED"}), "credex")
GET_CREDEX: Final = Endpoint(
    "getCredex",
    frozenset({"CREDEX_RETRIEVED", "CREDEX_FOUND", "CREDEX_FETCHED"}),
    "credex",
    frozenset({"credexData", "transactionType"}),
)
LEDGER: Final = Endpoint("getLedger", frozenset({"LEDGER_RETRIEVED"}), "account", frozenset({"ledger"}))
FIND_MEMBER: Final = Endpoint("getMemberByHandle", frozenset({"MEMBER_FOUND"}), "member", frozenset({"memberData"}))
CREATE_ACCOUNT: Final = Endpoint(
    "createAccount",
    frozenset({"ACCOUNT_CREATED"}),
    "account",
    frozenset({"accountID"}),
    conflict=Refusal.DUPLICATE_HANDLE,
)
AUTHORISE: Final = Endpoint(
    "authorizeForAccount",
    frozenset({"MEMBER_AUTHORIZED"}),
    "member",
    frozenset({"memberIdAuthorized"}),
    conflict=Refusal.ALREADY,
)
UNAUTHORISE: Final = Endpoint("unauthorizeForAccount", frozenset({"MEMBER_UNAUTHORIZED"}), "member")
SET_OFFER_RECIPIENT: Final = Endpoint("updateSendOffersTo", frozenset({"SEND_OFFERS_TO_UPDATED"}), "member")
UPGRADE: Final = Endpoint(
    "hustler10k", frozenset({"HUSTLER_10K_ENROLLED"}), "account", frozenset({"newTier"}), conflict=Refusal.ALREADY
)
