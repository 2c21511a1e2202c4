"""Which quirks of Credex core could have had an effect in a run, judged by core's calls and ledger.

A run is a function of its inputs. If no call to core could be answered differently with a quirk, the transcript with
that quirk is the same and need not be made. In case of doubt a quirk counts as relevant.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from simulator.credex_core import DAY_MS, ENDPOINTS, QUIRK_NAMES, Core, Credex, HandledCall

__all__ = ("relevant_quirks",)

TOKENS_LAST_MS: Final = 290_000
SEPARATED_FROM: Final = Decimal("999.5")
REFUSED: Final = 400
DENIED: Final = 403


@dataclass(frozen=True, slots=True)
class _Facts:
    """The calls and credexes of a run."""

    core: Core
    calls: list[HandledCall]
    credexes: list[Credex]

    def done(self, *endpoints: str) -> bool:
        """Whether one of these endpoints was called with success."""
        return any(call.endpoint in endpoints and call.status < REFUSED for call in self.calls)

    def refused(self, fits: Callable[[HandledCall], bool] = lambda _: True) -> bool:
        """Whether a call that fits was refused."""
        return any(call.status >= REFUSED and fits(call) for call in self.calls)

    def pending_over_midnight(self) -> bool:
        """Whether an offer was still pending on the day after it was made."""
        now = self.core.clock_ms()
        return any(one.created_ms // DAY_MS < (one.ended_ms or now) // DAY_MS for one in self.credexes)

    def span_ms(self) -> int:
        """The time from the first call to the last."""
        return self.calls[-1].at_ms - self.calls[0].at_ms if self.calls else 0


def _two_pending_offers(facts: _Facts) -> bool:
    """Whether an account may have had two pending offers in the same direction at the same time."""
    now = facts.core.clock_ms()
    until: dict[tuple[str, str], int] = {}
    for one in sorted(facts.credexes, key=lambda credex: credex.created_ms):
        ended_ms = now if one.ended_ms is None else one.ended_ms
        if ended_ms == one.created_ms:
            continue
        for side in (("out", one.issuer_id), ("in", one.receiver_id)):
            if one.created_ms <= until.get(side, -1):
                return True
            until[side] = max(until.get(side, -1), ended_ms)
    return False


def _always(_: _Facts) -> bool:
    return True


def _large_amounts(facts: _Facts) -> bool:
    return any(
        abs(balance) > SEPARATED_FROM
        for account in facts.core.ledger.accounts.values()
        if not account.audited
        for balance in (
            *facts.core.ledger.displayed_balances(account.account_id).values(),
            *facts.core.ledger.unsecured(account.account_id),
        )
    ) or any(one.amount > SEPARATED_FROM for one in facts.credexes)


def _names_credex(call: HandledCall) -> bool:
    return call.endpoint in ENDPOINTS and ENDPOINTS[call.endpoint].names_credex


def _manages_accounts(call: HandledCall) -> bool:
    return call.endpoint in ENDPOINTS and ENDPOINTS[call.endpoint].manages_accounts


_WRITES: Final = tuple(name for name, one in ENDPOINTS.items() if one.writes)
_SPENDS: Final = ("createCredex", "hustler10k")

_RELEVANT_IF: Final[Mapping[str, Callable[[_Facts], bool]]] = {
    "negative_outgoing": lambda facts: bool(facts.credexes),
    "no_separators": _large_amounts,
    "reason_only": _Facts.refused,
    "bare_refusals": _Facts.refused,
    "errors_as_200": _Facts.refused,
    "errors_as_400": _Facts.refused,
    "raw_errors": lambda facts: facts.refused(lambda call: call.status == REFUSED),
    "zero_row_refused": lambda facts: any("startRow" in call.body for call in facts.calls),
    "handles_rewritten": lambda facts: facts.refused(lambda call: call.endpoint == "getAccountByHandle"),
    "due_window_open": lambda facts: facts.refused(lambda call: bool(call.body.get("dueDate"))),
    "tokens_not_renewed": lambda facts: facts.span_ms() > TOKENS_LAST_MS,
    "dashboard_left_out": lambda facts: facts.done(*_WRITES),
    "owned_only": lambda facts: bool(facts.core.ledger.shared),
    "invalid_date": lambda facts: any(one.due is not None for one in facts.credexes),
    "expired_still_shown": _Facts.pending_over_midnight,
    "vanishing_offers": _Facts.pending_over_midnight,
    "lists_reversed": _two_pending_offers,
    "ledger_without_ids": lambda facts: facts.done("getLedger"),
    "missing_as_500": lambda facts: (
        facts.refused(_names_credex) or any("startRow" in call.body for call in facts.calls)
    ),
    "management_as_200": lambda facts: facts.refused(_manages_accounts),
    "lenient_authority": lambda facts: facts.refused(lambda call: call.status == DENIED),
    "exact_balance_refused": lambda facts: facts.done(*_SPENDS),
    "exact_limit_refused": lambda facts: facts.done(*_SPENDS),
    "created_but_404": lambda facts: facts.done("createCredex"),
    "created_but_400": lambda facts: facts.done("createCredex"),
    "created_but_500": lambda facts: facts.done("createCredex"),
    "declined_but_500": lambda facts: facts.done("declineCredex"),
    "joined_but_400": lambda facts: facts.done("onboardMember"),
}
"""A quirk that is not listed affects every dashboard."""


def relevant_quirks(core: Core) -> frozenset[str]:
    """The quirks that could have had an effect so far, if core ran without quirks or with format quirks only."""
    facts = _Facts(core, core.calls, core.credexes())
    asked = bool(core.calls)
    return frozenset(name for name in QUIRK_NAMES if asked and _RELEVANT_IF.get(name, _always)(facts))
