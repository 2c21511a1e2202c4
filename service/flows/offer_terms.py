"""The terms of an offer in the making: how much, to whom, from where, and when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from service.conversation import TurnContext
from service.domain import Account, Dashboard, Money
from service.flows import formatting

__all__ = ("amount", "due", "offer", "receiver", "source", "terms")


def amount(context: TurnContext) -> Money:
    """How much is to be offered."""
    return Money.displayed(context.answers["amount"])


def receiver(context: TurnContext) -> str:
    """The recipient's name, as core has it."""
    return formatting.name(context.answers["receiver_name"])


def offer(context: TurnContext) -> str:
    """What is to be offered and to whom, in a few words."""
    return f"*{amount(context)}* to *{receiver(context)}*"


def due(context: TurnContext) -> date | None:
    """When it is due; None for an offer out of the balance."""
    chosen = context.answers.get("due")
    return date.fromisoformat(chosen) if chosen else None


def source(context: TurnContext, dashboard: Dashboard) -> Account | None:
    """The account that the offer comes from, if the member still has it."""
    return dashboard.account(context.answers["account"])


def terms(context: TurnContext) -> Sequence[str]:
    """Where it comes from, and what stands behind it."""
    day = due(context)
    kind = (
        "Secured: it comes out of your balance."
        if day is None
        else f"Without backing: you pay by {formatting.day(day)}."
    )
    return (f"From: {formatting.name(context.answers['account_name'])}", kind)
