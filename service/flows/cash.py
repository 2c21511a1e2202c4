"""Cash in and out: what it costs and who does it, in a few words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from service.conversation import Flow, Question, TurnContext
from service.flows import formatting
from service.messages import Buttons, Message

__all__ = ("CASH",)

_TEXT: Final = (
    "*Cash in* is free. You give cash to an agent, and your balance here grows by as much.\n\n"
    "*Cash out* costs 2 %. An agent gives you cash for your balance.\n\n"
    "I do not handle cash myself. For an agent near you, ask the people who invited you."
)


def _explain(context: TurnContext) -> Sequence[Message]:
    return [Buttons(body=_TEXT, buttons=(formatting.menu(context),))]


CASH = Flow(
    name="cash",
    title="Cash in and out: what it costs, and whom to ask",
    steps=(Question("text", "buttons", _explain, interruptible=True),),
)
