"""Parts that many flows share: screens of a text and buttons, lists, and questions to be answered by typing."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from service.conversation import Exit, Question, Reply, Retry, TurnContext, Typed
from service.domain import Handle, HandleRefused
from service.messages import Button, Buttons, List, Message, Row, Section, Text

TextFor = str | Callable[[Any], str]
"""A text, or a function that makes it from the turn's context."""

Reader = Callable[[Reply, Any], Exit | Retry]

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
    return text if isinstance(text, str) else text(context)


def choose(body: str, rows: Sequence[Row]) -> Sequence[Message]:
    return [List(body=body, button="Choose", sections=(Section(rows=tuple(rows)),))]


def ask(name: str, text: TextFor, exits: Mapping[str, str], read: Reader) -> Question:
    return Question(name, "text", lambda context: [Text(rendered(text, context))], exits, read)


def typed(reply: Reply) -> str:
    """The text that was typed; empty when something else was done."""
    return reply.text if isinstance(reply, Typed) else ""


def read_handle(reply: Reply, context: TurnContext[Any]) -> Exit | Retry:
    """Read a handle into the answer ``handle``."""
    try:
        return context.exit("ok", handle=Handle.typed(typed(reply)).text)
    except HandleRefused as refused:
        return Retry(str(refused))


def screen(name: str, text: TextFor, *buttons: ButtonFor, exits: Mapping[str, str] | None = None) -> Question:
    """A step that says something and may be left at any time; without ``buttons`` it has the one that leads home."""

    def show(context: TurnContext[Any]) -> Sequence[Message]:
        return [Buttons(body=rendered(text, context), buttons=tuple(each(context) for each in buttons or (MENU,)))]

    return Question(name, "buttons", show, exits or {}, interruptible=True)
