"""Upgrade to the next membership tier. Sent twice it would be paid twice."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from service.credex.endpoints import Endpoint
from service.credex.errors import Refusal
from service.domain import Dashboard, Denomination, Tier
from service.domain.commands import Outcome, Refused, Write
from service.writes.operation import Baseline, Evidence, NotSeen, Observation
from service.writes.postcondition import PostconditionOperation, owned_account


class Upgrade(Write, frozen=True, tag="upgrade"):
    """Pay for the next membership tier from the personal account."""

    account_id: str


class _Upgrade(PostconditionOperation[Upgrade]):
    command = Upgrade
    endpoint = Endpoint(
        "hustler10k", frozenset({"HUSTLER_10K_ENROLLED"}), "account", frozenset({"newTier"}), conflict=Refusal.ALREADY
    )

    def request(self, command: Upgrade) -> Mapping[str, object]:
        return {"personalAccountID": command.account_id}

    def precheck(self, command: Upgrade, dashboard: Dashboard | None) -> Outcome | None:
        account = owned_account(dashboard, command.account_id)
        if isinstance(account, Refused):
            return account
        return Refused("already") if dashboard and (dashboard.tier or 0) >= Tier.HUSTLER else None

    def baseline(self, command: Upgrade, dashboard: Dashboard | None) -> Baseline:
        account = dashboard.account(command.account_id) if dashboard else None
        if dashboard is None or account is None:
            return Baseline()
        return Baseline(balance=account.balance(Denomination.USD), tier=dashboard.tier)

    def may_duplicate(self, command: Upgrade, other: Write) -> bool:  # noqa: ARG002
        return isinstance(other, Upgrade)

    def evidence(self, command: Upgrade, now: Observation) -> Evidence:
        found = super().evidence(command, now)
        tier_shown = now.dashboard is not None and now.dashboard.tier is not None
        return NotSeen(observable=tier_shown) if isinstance(found, NotSeen) else found

    def is_satisfied(self, command: Upgrade, dashboard: Dashboard, baseline: Baseline) -> bool | None:
        account = dashboard.account(command.account_id)
        if account is None:
            return None
        if dashboard.tier is not None and baseline.tier is not None:
            return dashboard.tier > baseline.tier
        # Core does not always show the tier; but a higher one has been paid for.
        before = baseline.balance
        unpaid = before is not None and account.balance(before.denomination).equals(before)
        return False if unpaid else None


OPERATION: Final = _Upgrade()
