"""Greeting: find out who is writing, and lead members to their dashboard and strangers to registration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.conversation import CoreCall, Exit, Flow, Question, TurnContext
from service.domain import Dashboard
from service.domain.commands import Known, Login, NotFound, Outcome
from service.messages import Buttons, Message

__all__ = ("DASHBOARD_FAILED_EXITS", "GREETING", "dashboard_failed", "must_choose")

CHOOSING_TIER: Final = 5
"""Members of this tier have accounts for many purposes, so they are asked which one they act for."""

DASHBOARD_FAILED_EXITS: Final = {
    "stranger": "registration.welcome",
    "no_account": "greeting.no_account",
    "away": "greeting.away",
}
"""Where a look at the dashboard leads that does not find what it is for, whichever flow it is in."""


def dashboard_failed(outcome: Outcome) -> Exit:
    """The exit of a look at the dashboard that did not bring an account to go on with."""
    match outcome:
        case Known():
            return Exit("no_account")
        case NotFound():
            return Exit("stranger")
        case _:
            return Exit("away")


def must_choose(dashboard: Dashboard, context: TurnContext) -> bool:
    """Whether the member has to say first which account they act for."""
    several = (dashboard.tier or 0) >= CHOOSING_TIER and len(dashboard.accounts) > 1
    return several and not context.session.account


def _who(outcome: Outcome, context: TurnContext) -> Exit:
    match outcome:
        case Known(value=Dashboard() as dashboard) if must_choose(dashboard, context):
            return Exit("choose")
        case Known(value=Dashboard() as dashboard) if dashboard.account(context.session.account or None):
            return Exit("member")
        case Known(value=Dashboard() as dashboard) if dashboard.account():
            return Exit("member", account="", preface=_LOST)
        case _:
            return dashboard_failed(outcome)


_LOST: Final = "You can no longer act for the account that you had chosen. This is your own one."


def _away(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="I cannot reach Credex at the moment. Nothing is lost. Please try again in a minute.",
            buttons=(context.link("menu", "Try again"),),
        )
    ]


def _no_account(context: TurnContext) -> Sequence[Message]:
    return [
        Buttons(
            body="You are a member, but Credex shows no account of yours yet. Please try again later; "
            "if it stays like this, tell the people who invited you.",
            buttons=(context.link("menu", "Try again"),),
        )
    ]


GREETING = Flow(
    name="greeting",
    title="Greeting: who is writing?",
    steps=(
        CoreCall(
            "look_up",
            call=lambda _: Login(fresh=True),
            result=_who,
            exits={"member": "dashboard.menu", "choose": "accounts.picker", **DASHBOARD_FAILED_EXITS},
        ),
        Question("away", "buttons", _away, interruptible=True),
        Question("no_account", "buttons", _no_account, interruptible=True),
    ),
)
