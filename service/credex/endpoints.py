"""How an endpoint of Credex core is described, and the endpoints that the bot reads from.

The endpoint of a write is described in its operation's module, in `service.writes`. The table in `service.credex` says
which names are known and which are ours.
"""

from dataclasses import dataclass
from typing import Final

from service.credex.errors import Refusal


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint and how its success looks.

    Attributes:
        path: relative to core's base URL.
        success_types: action types that mean success.
        subject: what a "not found" that names nothing is about: ``member``, ``account`` or ``credex``.
        success_keys: keys in an older generation's body, or in an action's details, that mean success.
        conflict: what a conflict (409) without further words means.
        needs_token: False for the endpoint that makes a member, who has no token yet.
        creates_credex: whether the answer names a credex that was made.
    """

    path: str
    success_types: frozenset[str]
    subject: str
    success_keys: frozenset[str] = frozenset()
    conflict: Refusal = Refusal.NOT_PENDING
    needs_token: bool = True
    creates_credex: bool = False


LOGIN: Final = Endpoint("login", frozenset({"MEMBER_LOGIN"}), "member", frozenset({"token", "memberDashboard"}))
GET_ACCOUNT: Final = Endpoint("getAccountByHandle", frozenset({"ACCOUNT_FOUND"}), "account", frozenset({"accountData"}))
GET_MEMBER: Final = Endpoint("getMemberByHandle", frozenset({"MEMBER_FOUND"}), "member", frozenset({"memberData"}))
GET_CREDEX: Final = Endpoint(
    "getCredex",
    frozenset({"CREDEX_RETRIEVED", "CREDEX_FOUND", "CREDEX_FETCHED"}),
    "credex",
    frozenset({"credexData", "transactionType"}),
)
GET_LEDGER: Final = Endpoint("getLedger", frozenset({"LEDGER_RETRIEVED"}), "account", frozenset({"ledger"}))
