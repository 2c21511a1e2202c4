"""Dashboard: what the member has, and all that can be done from here."""

from __future__ import annotations

from collections.abc import Sequence

from service.conversation import ConversationError, CoreCall, Exit, Flow, Question, TurnContext
from service.domain import Account, Dashboard, Tier
from service.domain.commands import Known, Login, Outcome
from service.flows import formatting
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed
from service.messages import List, Message, Row, Section

__all__ = ("DASHBOARD", "acting", "seen")


def seen(context: TurnContext) -> Dashboard:
    """The dashboard that the call just made brought."""
    if not isinstance(context.value, Dashboard):
        raise ConversationError("a screen that shows the dashboard was reached without one")
    return context.value


def acting(context: TurnContext) -> Account:
    """The account that the member acts for."""
    dashboard = seen(context)
    account = dashboard.account(context.session.account or None) or dashboard.account()
    if account is None:
        raise ConversationError("a screen that shows an account was reached without one")
    return account


def _menu(context: TurnContext) -> Sequence[Message]:
    dashboard, account = seen(context), acting(context)
    greeting = formatting.greeting(context.now_ms, dashboard.first_name)
    return [
        List(
            body=f"{greeting}\n\n{formatting.overview(dashboard, account)}",
            button="Choose",
            sections=(Section(rows=_rows(context, account)),),
        )
    ]


def _rows(context: TurnContext, account: Account) -> tuple[Row, ...]:
    incoming, outgoing = len(account.incoming), len(account.outgoing)
    rows = [context.entry("offer", "Offer a credex", "Promise an amount to another member")]
    if incoming:
        waits = "1 offer waits for you" if incoming == 1 else f"{incoming} offers wait for you"
        rows.append(context.entry("incoming", f"Incoming offers ({incoming})", f"{waits}: accept or decline"))
    if outgoing:
        rows.append(context.entry("outgoing", f"Outgoing offers ({outgoing})", "Not accepted yet: look or cancel"))
    rows.append(context.entry("ledger", "Ledger", "What was accepted, the newest first"))
    rows.append(context.entry("accounts", "Accounts", "Look at all of them, or act for another"))
    if account.owned:
        rows.append(context.entry("people", "People of this account", "Who may act for it"))
    if (seen(context).tier or 0) < Tier.HUSTLER:
        rows.append(context.entry("upgrade", "Upgrade", "The hustler tier for 1 USD"))
    rows.append(context.entry("cash", "Cash in and out", "What it costs, and whom to ask"))
    rows.append(context.entry("refresh", "Refresh", "Ask Credex again"))
    rows.append(context.entry("help", "Help", "What VimbisoPay is and how to use it"))
    return tuple(rows)


def _refreshed(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            return Exit("ok")
        case _:
            return dashboard_failed(outcome)


DASHBOARD = Flow(
    name="dashboard",
    title="Dashboard: balances and what can be done",
    steps=(
        Question("menu", "list", _menu, reenter_at="greeting.look_up", interruptible=True),
        CoreCall(
            "refresh",
            call=lambda _: Login(fresh=True),
            result=_refreshed,
            exits={"ok": "menu", **DASHBOARD_FAILED_EXITS},
        ),
    ),
)
