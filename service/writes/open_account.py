"""Open a business account."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.credex.endpoints import Endpoint
from service.credex.errors import Refusal
from service.domain import Dashboard, Denomination
from service.domain.commands import Outcome, Refused, Write
from service.writes.operation import Baseline
from service.writes.postcondition import PostconditionOperation


class OpenAccount(Write, frozen=True, tag="open-account"):
    """Open a business account that the sender owns."""

    name: str
    handle: str
    denomination: Denomination


class _OpenAccount(PostconditionOperation[OpenAccount]):
    command = OpenAccount
    endpoint = Endpoint(
        "createAccount",
        frozenset({"ACCOUNT_CREATED"}),
        "account",
        frozenset({"accountID"}),
        conflict=Refusal.DUPLICATE_HANDLE,
    )

    def request(self, command: OpenAccount) -> Mapping[str, object]:
        return {
            "accountType": "BUSINESS",
            "accountName": command.name,
            "accountHandle": command.handle,
            "defaultDenom": str(command.denomination),
        }

    def precheck(self, command: OpenAccount, dashboard: Dashboard | None) -> Outcome | None:
        if dashboard is None:
            return Refused("not_authorised")
        return Refused("duplicate_handle") if self.is_satisfied(command, dashboard, Baseline()) else None

    def is_satisfied(self, command: OpenAccount, dashboard: Dashboard, baseline: Baseline) -> bool:  # noqa: ARG002
        return any(account.owned and account.handle == command.handle for account in dashboard.accounts)


OPERATION: Final = _OpenAccount()
