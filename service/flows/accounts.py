"""Accounts: all that a member may act for, and for which of them they act now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.conversation import CoreCall, Exit, Flow, Question, TurnContext
from service.domain import Account, Dashboard
from service.domain.commands import Known, Login, Outcome
from service.flows import formatting
from service.flows.dashboard import acting, seen
from service.flows.greeting import DASHBOARD_FAILED_EXITS, dashboard_failed, must_choose
from service.messages import Buttons, List, Message, Row, Section

__all__ = ("ACCOUNTS",)

PAGE: Final = 7
"""Accounts on one page: with "next", "open" and "menu", ten rows, which is all that WhatsApp shows."""

ROW_NAME: Final = 24
"""Of a name or handle in a row, so that the net assets beside it are never cut."""


def _listed(outcome: Outcome, _: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            return Exit("some")
        case _:
            return dashboard_failed(outcome)


def _picker(context: TurnContext) -> Sequence[Message]:
    dashboard = seen(context)
    accounts, first = dashboard.accounts, must_choose(dashboard, context)
    pages = -(-len(accounts) // PAGE)
    page = _page(context.answers.get("target", ""), pages)
    rows = [_row(context, account, marked=not first) for account in accounts[(page - 1) * PAGE : page * PAGE]]
    if pages > 1:
        following = page % pages + 1
        title = "Next page" if following > page else "First page"
        rows.append(context.entry("accounts", title, f"Page {following} of {pages}", str(following)))
    rows.append(context.entry("open_business", "Open an account", "For a business of yours"))
    if not first:
        rows.append(context.entry("menu", "Menu"))
    return [List(body=_above(context, pages, page), button="Choose", sections=(Section(rows=tuple(rows)),))]


def _page(asked: str, pages: int) -> int:
    """The page asked for, as far as there is one; what is asked comes from a button that may be old."""
    wanted = int(asked) if asked.isdecimal() and asked.isascii() and len(asked) <= len("999") else 1
    return max(1, min(wanted, pages))


def _above(context: TurnContext, pages: int, page: int) -> str:
    dashboard = seen(context)
    where = f" (page {page} of {pages})" if pages > 1 else ""
    if must_choose(dashboard, context):
        hello = formatting.greeting(context.now_ms, dashboard.first_name)
        return f"{hello}\n\nWhich account do you want to act for?{where}"
    current = f"You act for *{formatting.name(acting(context).name)}*."
    if len(dashboard.accounts) == 1:
        return f"{current} It is your only account."
    return f"Your accounts: {len(dashboard.accounts)}{where}.\n\n{current} Choose another one to act for it."


def _row(context: TurnContext, account: Account, *, marked: bool) -> Row:
    about = formatting.handle(account.handle, ROW_NAME)
    if account.net_assets is not None:
        about += f": {account.net_assets}"
    if marked and account.account_id == acting(context).account_id:
        about += ", current account"
    elif not account.owned:
        about += ", you may act for it"
    return context.entry("switch", formatting.name(account.name, ROW_NAME), about, account.account_id)


def _switched(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            pass
        case _:
            return dashboard_failed(outcome)
    account = dashboard.account(context.answers.get("target", ""))
    if account is None:
        return Exit("gone")
    return Exit("switched", account=account.account_id, preface=f"You now act for *{formatting.name(account.name)}*.")


def _gone(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="That account is not among those that you may act for, so nothing was changed.",
            buttons=(context.link("accounts", "Accounts"), formatting.menu(context)),
        )
    ]


ACCOUNTS = Flow(
    name="accounts",
    title="Accounts: look at all, act for another",
    steps=(
        CoreCall(
            "list", call=lambda _: Login(fresh=True), result=_listed, exits={"some": "picker", **DASHBOARD_FAILED_EXITS}
        ),
        Question("picker", "list", _picker, reenter_at="list", interruptible=True),
        CoreCall(
            "switch",
            call=lambda _: Login(fresh=True),
            result=_switched,
            exits={"switched": "dashboard.menu", "gone": "gone", **DASHBOARD_FAILED_EXITS},
        ),
        Question("gone", "buttons", _gone, interruptible=True),
    ),
)
