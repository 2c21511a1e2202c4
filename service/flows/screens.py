"""Screens of one text and up to three buttons: how a flow ends, explains, or says that there is nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from service.conversation import Question, TurnContext
from service.messages import Button, Buttons, Message

__all__ = ("MENU", "ButtonFor", "TextFor", "link", "option", "rendered", "screen")

TextFor = str | Callable[[Any], str]
"""A text, or a function that makes it from the turn's context."""

ButtonFor = Callable[[TurnContext[Any]], Button]


def link(route: str, title: str) -> ButtonFor:
    """A button that leads to a route, however old it is."""
    return lambda context: context.link(route, title)


def option(value: str, title: str) -> ButtonFor:
    """A button that answers its own screen only."""
    return lambda context: context.option(value, title)


MENU: Final = link("menu", "Menu")
"""The button that leads home from anywhere."""


def rendered(text: TextFor, context: TurnContext[Any]) -> str:
    """The text as it is read in this turn."""
    return text if isinstance(text, str) else text(context)


def screen(name: str, text: TextFor, *buttons: ButtonFor, exits: Mapping[str, str] | None = None) -> Question:
    """A step that says something and may be left at any time.

    Args:
        name: of the step.
        text: its message.
        buttons: below the text; without any, the one that leads home.
        exits: where the buttons lead that are options.
    """

    def show(context: TurnContext[Any]) -> Sequence[Message]:
        return [Buttons(body=rendered(text, context), buttons=tuple(each(context) for each in buttons or (MENU,)))]

    return Question(name, "buttons", show, exits or {}, interruptible=True)
