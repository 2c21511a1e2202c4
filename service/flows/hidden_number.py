"""Whoever hides their phone number: told kindly why VimbisoPay cannot know them, and how to show it."""

from __future__ import annotations

from collections.abc import Sequence

from service.conversation import Flow, Question, TurnContext
from service.messages import Buttons, Message

__all__ = ("HIDDEN",)

_CARD = "Thank you for the contact card. But anyone can send anyone's card, so I cannot take it for yours.\n\n"


def _explain(context: TurnContext) -> Sequence[Message]:
    card = _CARD if context.answers.get("sent") == "contacts" else ""
    return [
        Buttons(
            body=f"{card}Hello. WhatsApp hides your phone number from me, and Credex knows its members by their number "
            "alone. Without it I can do nothing for you here.\n\n"
            "To show it: open *Settings* in WhatsApp, tap your name, and remove your username. "
            "Then write to me again.",
            buttons=(context.link("menu", "I have done that"),),
        )
    ]


HIDDEN = Flow(
    name="hidden",
    title="A hidden phone number: what is needed, and how to show it",
    steps=(Question("explain", "buttons", _explain, interruptible=True),),
)
