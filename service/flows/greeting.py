"""Greeting: find out who is writing, and lead members to their dashboard and strangers to registration."""

from typing import Any, Final

from service.conversation import Exit, Flow, TurnContext
from service.domain import Dashboard
from service.flows.login import must_choose, read_dashboard
from service.flows.screens import link, screen

_LOST: Final = "You can no longer act for the account that you had chosen. This is your own one."


def _who(dashboard: Dashboard, context: TurnContext[Any]) -> Exit:
    if must_choose(dashboard, context):
        return Exit("choose")
    if dashboard.account(context.session.account or None):
        return Exit("member")
    return Exit("member", account="", preface=_LOST)


GREETING = Flow(
    name="greeting",
    title="Greeting: who is writing?",
    # Registration begins with the look-up, too: it leads strangers there, and members home.
    routes={"menu": "look_up", "register": "look_up"},
    keywords={"register": "register"},
    steps=(
        read_dashboard("look_up", _who, {"member": "dashboard.menu", "choose": "accounts.picker"}),
        screen(
            "away",
            "I cannot reach Credex at the moment. Nothing is lost. Please try again in a minute.",
            link("menu", "Try again"),
        ),
        screen(
            "no_account",
            "You are a member, but Credex shows no account of yours yet. Please try again later; "
            "if it stays like this, tell the people who invited you.",
            link("menu", "Try again"),
        ),
    ),
)
