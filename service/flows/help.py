"""Help: what VimbisoPay is and how to use it."""

from __future__ import annotations

from collections.abc import Sequence

from service.conversation import Flow, Question, TurnContext
from service.flows import formatting
from service.flows.keywords import HELP as TEXT
from service.messages import Buttons, Message

__all__ = ("HELP",)


def _help(context: TurnContext) -> Sequence[Message]:
    return [Buttons(body=TEXT, buttons=(formatting.menu(context),))]


HELP = Flow(name="help", title="Help", steps=(Question("text", "buttons", _help, interruptible=True),))
