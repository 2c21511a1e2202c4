"""Help: what VimbisoPay is and how to use it."""

from __future__ import annotations

from collections.abc import Sequence

from service.conversation import Flow, Question, TurnContext
from service.flows import show
from service.flows.keywords import HELP as TEXT
from service.messages import Buttons, Message

__all__ = ("HELP",)


def _help(scene: TurnContext) -> Sequence[Message]:
    return [Buttons(body=TEXT, buttons=(show.menu(scene),))]


HELP = Flow(name="help", title="Help", steps=(Question("text", "buttons", _help, interruptible=True),))
