"""The terms of an offer in the making: how much, to whom, from where, and when it is due."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from service.conversation import TurnContext
from service.domain import Account, Dashboard, Money
from service.flows import show

__all__ = ("amount", "due", "offer", "receiver", "source", "terms")


def amount(scene: TurnContext) -> Money:
    """How much is to be offered."""
    return Money.displayed(scene.answers["amount"])


def receiver(scene: TurnContext) -> str:
    """The recipient's name, as core has it."""
    return show.name(scene.answers["receiver_name"])


def offer(scene: TurnContext) -> str:
    """What is to be offered and to whom, in a few words."""
    return f"*{amount(scene)}* to *{receiver(scene)}*"


def due(scene: TurnContext) -> date | None:
    """When it is due; None for an offer out of the balance."""
    chosen = scene.answers.get("due")
    return date.fromisoformat(chosen) if chosen else None


def source(scene: TurnContext, dashboard: Dashboard) -> Account | None:
    """The account that the offer comes from, if the member still has it."""
    return dashboard.account(scene.answers["account"])


def terms(scene: TurnContext) -> Sequence[str]:
    """Where it comes from, and what stands behind it."""
    day = due(scene)
    kind = "Secured: it comes out of your balance." if day is None else f"Without backing: you pay by {show.day(day)}."
    return (f"From: {show.name(scene.answers['account_name'])}", kind)
