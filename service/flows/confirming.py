"""Every movement of money is confirmed: the two buttons under the question, and how an answer to it is read."""

from __future__ import annotations

from collections.abc import Callable

from service.conversation import Chosen, Exit, Reply, Retry, TurnContext
from service.messages import Button

__all__ = ("confirm_or_cancel", "unless_cancelled")


def confirm_or_cancel(context: TurnContext) -> tuple[Button, Button]:
    """The two buttons under every question that moves money."""
    return (context.option("confirm", "Confirm"), context.option("cancel", "Cancel"))


def unless_cancelled(said: str) -> Callable[[Reply, TurnContext], Exit | Retry]:
    """A reader that takes the option chosen as the way out, and says something on the way out by ``cancel``."""

    def read(reply: Reply, _: TurnContext) -> Exit | Retry:
        match reply:
            case Chosen(value="cancel"):
                return Exit("cancel", preface=said)
            case Chosen(value=way):
                return Exit(way)
            case _:
                return Retry("")

    return read
