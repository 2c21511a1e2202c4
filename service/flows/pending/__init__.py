"""Pending offers: those that wait for the member, those of the member that wait, and what can be done about each."""

from typing import Any

from service.conversation import Flow, MenuEntry, TurnContext
from service.flows.login import acting
from service.flows.pending.answers import PendingAnswers
from service.flows.pending.lists import LIST_STEPS, OFFER_STEPS
from service.flows.pending.resolve_offer import RESOLVE_OFFER_STEPS

__all__ = ("PENDING",)


def _waiting(context: TurnContext[Any]) -> str:
    if len(acting(context).incoming) == 1:
        return "1 offer waits for you: accept or decline"
    return f"{len(acting(context).incoming)} offers wait for you: accept or decline"


PENDING = Flow(
    name="pending",
    title="Pending offers: accept, decline, cancel",
    answers=PendingAnswers,
    routes={"incoming": "incoming", "outgoing": "outgoing", "open": "open"},
    keywords={
        "pending": "incoming",
        "view pending": "incoming",
        "incoming": "incoming",
        "outgoing": "outgoing",
    },
    menu=(
        MenuEntry(
            "incoming",
            lambda context: f"Incoming offers ({len(acting(context).incoming)})",
            _waiting,
            shown=lambda context: bool(acting(context).incoming),
        ),
        MenuEntry(
            "outgoing",
            lambda context: f"Outgoing offers ({len(acting(context).outgoing)})",
            "Not accepted yet: look or cancel",
            shown=lambda context: bool(acting(context).outgoing),
        ),
    ),
    cancelled_text="Nothing was changed.",
    expired_text="That was left for more than five minutes, so I let it go. Nothing was changed.",
    steps=(*LIST_STEPS, *OFFER_STEPS, *RESOLVE_OFFER_STEPS),
)
