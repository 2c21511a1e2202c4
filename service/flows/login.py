"""Steps that read the member's dashboard, and what their screens show of it."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from service.conversation import ConversationError, CoreCall, Exit, TurnContext
from service.domain import Account, Dashboard
from service.domain.commands import Known, Login, NotFound, Outcome

_CHOOSING_TIER: Final = 5
"""Members of this tier have accounts for many purposes, so they are asked which one they act for."""

DASHBOARD_FAILED_EXITS: Final = {
    "stranger": "registration.welcome",
    "no_account": "greeting.no_account",
    "away": "greeting.away",
}
"""The exits of every step that reads the dashboard and gets none, or one without an account."""


def read_dashboard(
    name: str, then: Callable[[Dashboard, TurnContext[Any]], Exit], exits: Mapping[str, str], *, fresh: bool = True
) -> CoreCall:
    """A step that reads the dashboard, ``fresh`` or cached; ``then`` gives the exit where there is an account."""

    def result(outcome: Outcome, context: TurnContext[Any]) -> Exit:
        match outcome:
            case Known(value=Dashboard() as dashboard) if dashboard.account():
                return then(dashboard, context)
            case Known():
                return Exit("no_account")
            case NotFound():
                return Exit("stranger")
            case _:
                return Exit("away")

    return CoreCall(name, lambda _: Login(fresh=fresh), {**exits, **DASHBOARD_FAILED_EXITS}, result)


def seen(context: TurnContext[Any]) -> Dashboard:
    """The dashboard that the call just made returned."""
    if not isinstance(context.value, Dashboard):
        raise ConversationError("a screen that shows the dashboard was reached without one")
    return context.value


def acting(context: TurnContext[Any]) -> Account:
    """The account that the member acts for."""
    dashboard = seen(context)
    account = dashboard.account(context.session.account or None) or dashboard.account()
    if account is None:
        raise ConversationError("a screen that shows an account was reached without one")
    return account


def must_choose(dashboard: Dashboard, context: TurnContext[Any]) -> bool:
    """Whether the member has to say first which account they act for."""
    several = (dashboard.tier or 0) >= _CHOOSING_TIER and len(dashboard.accounts) > 1
    return several and not context.session.account
