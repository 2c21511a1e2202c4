"""Dashboard: what the member has, and the main menu."""

from collections.abc import Sequence
from typing import Any

from service.conversation import Exit, Flow, MenuEntry, Question, TurnContext
from service.flows import formatting
from service.flows.login import acting, read_dashboard, seen
from service.flows.paging import page_asked, turn_page
from service.flows.screens import choose
from service.messages import ROWS, Message, Row


def _menu(context: TurnContext[Any]) -> Sequence[Message]:
    dashboard, account = seen(context), acting(context)
    greeting = formatting.greeting(context.now_ms, dashboard.first_name)
    return choose(f"{greeting}\n\n{formatting.overview(dashboard, account)}", _rows(context))


def _rows(context: TurnContext[Any]) -> Sequence[Row]:
    """The entries that this member has; where they are more than a list can hold, a page of them."""
    rows = [entry.row(context) for entry in context.menu if entry.shown(context)]
    if len(rows) <= ROWS:
        return rows
    size = ROWS - 1
    pages = -(-len(rows) // size)
    page = page_asked(context.answers.target, pages)
    return [*rows[(page - 1) * size : page * size], *turn_page(context, "refresh", page, pages, "More ...")]


DASHBOARD = Flow(
    name="dashboard",
    title="Dashboard: balances and what can be done",
    routes={"refresh": "refresh"},
    keywords={"refresh": "refresh"},
    menu=(MenuEntry("refresh", "Refresh", "Ask Credex again"),),
    steps=(
        Question("menu", "list", _menu, reenter_at="greeting.look_up", interruptible=True),
        read_dashboard("refresh", lambda _, __: Exit("ok"), {"ok": "menu"}),
    ),
)
