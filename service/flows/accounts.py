"""Accounts: all that a member may act for, and for which of them they act now."""

from collections.abc import Sequence
from typing import Any, Final

from service.conversation import Exit, Flow, MenuEntry, Question, TurnContext
from service.domain import Account, Dashboard
from service.flows import formatting
from service.flows.login import acting, must_choose, read_dashboard, seen
from service.flows.paging import page_asked, turn_page
from service.flows.screens import MENU, choose, link, screen
from service.messages import Message, Row

Context = TurnContext[Any]

PAGE: Final = 7
"""Accounts on one page: with "next", "open" and "menu", ten rows, which is all that WhatsApp shows."""

_ROW_NAME: Final = 24
"""The longest name or handle in a row, so that the net assets after it are never cut."""


def _picker(context: Context) -> Sequence[Message]:
    dashboard = seen(context)
    accounts, first = dashboard.accounts, must_choose(dashboard, context)
    pages = -(-len(accounts) // PAGE)
    page = page_asked(context.answers.target, pages)
    rows = [_row(context, account, marked=not first) for account in accounts[(page - 1) * PAGE : page * PAGE]]
    rows += turn_page(context, "accounts", page, pages)
    rows.append(context.entry("open_business", "Open an account", "For a business of yours"))
    if not first:
        rows.append(context.entry("menu", "Menu"))
    return choose(_above(context, pages, page), rows)


def _above(context: Context, pages: int, page: int) -> str:
    dashboard = seen(context)
    where = f" (page {page} of {pages})" if pages > 1 else ""
    if must_choose(dashboard, context):
        hello = formatting.greeting(context.now_ms, dashboard.first_name)
        return f"{hello}\n\nWhich account do you want to act for?{where}"
    current = f"You act for *{formatting.name(acting(context).name)}*."
    if len(dashboard.accounts) == 1:
        return f"{current} It is your only account."
    return f"Your accounts: {len(dashboard.accounts)}{where}.\n\n{current} Choose another one to act for it."


def _row(context: Context, account: Account, *, marked: bool) -> Row:
    about = formatting.handle(account.handle, _ROW_NAME)
    if account.net_assets is not None:
        about += f": {account.net_assets}"
    if marked and account.account_id == acting(context).account_id:
        about += ", current account"
    elif not account.owned:
        about += ", you may act for it"
    return context.entry("switch", formatting.name(account.name, _ROW_NAME), about, account.account_id)


def _switched(dashboard: Dashboard, context: Context) -> Exit:
    account = dashboard.account(context.answers.target)
    if account is None:
        return Exit("gone")
    return Exit("switched", account=account.account_id, preface=f"You now act for *{formatting.name(account.name)}*.")


ACCOUNTS = Flow(
    name="accounts",
    title="Accounts: look at all, act for another",
    routes={"accounts": "list", "switch": "switch"},
    keywords={"accounts": "accounts", "switch account": "accounts"},
    menu=(MenuEntry("accounts", "Accounts", "Look at all of them, or act for another"),),
    steps=(
        read_dashboard("list", lambda _, __: Exit("some"), {"some": "picker"}),
        Question("picker", "list", _picker, reenter_at="list", interruptible=True),
        read_dashboard("switch", _switched, {"switched": "dashboard.menu", "gone": "gone"}),
        screen(
            "gone",
            "That account is not among those that you may act for, so nothing was changed.",
            link("accounts", "Accounts"),
            MENU,
        ),
    ),
)
