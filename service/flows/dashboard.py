"""Dashboard: what the member has, and the main menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from service.conversation import Exit, Flow, MenuEntry, Question, TurnContext
from service.flows import formatting
from service.flows.login import acting, read_dashboard, seen
from service.flows.paging import page_asked
from service.messages import ROWS, List, Message, Row, Section

__all__ = ("DASHBOARD",)


def _menu(context: TurnContext[Any]) -> Sequence[Message]:
    dashboard, account = seen(context), acting(context)
    greeting = formatting.greeting(context.now_ms, dashboard.first_name)
    return [
        List(
            body=f"{greeting}\n\n{formatting.overview(dashboard, account)}",
            button="Choose",
            sections=(Section(rows=_rows(context)),),
        )
    ]


def _rows(context: TurnContext[Any]) -> tuple[Row, ...]:
    """The entries that this member has; where they are more than a list can hold, a page of them."""
    rows = [entry.row(context) for entry in context.menu if entry.shown(context)]
    if len(rows) <= ROWS:
        return tuple(rows)
    size = ROWS - 1
    pages = -(-len(rows) // size)
    page = page_asked(context.answers.target, pages)
    following = page % pages + 1
    title = "More ..." if following > page else "First page"
    more = context.entry("refresh", title, f"Page {following} of {pages}", str(following))
    return (*rows[(page - 1) * size : page * size], more)


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
