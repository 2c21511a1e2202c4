"""A conversation under construction: how the world starts, and the steps that the nemesis has drawn so far."""

from __future__ import annotations

from dataclasses import replace

from simulator.script.conversation import Conversation, write_conversation
from simulator.script.directives import Line, Step

__all__ = ("Draft",)


class Draft:
    """A conversation that grows step by step.

    Args:
        opening: a conversation without lines.
    """

    def __init__(self, opening: Conversation) -> None:
        self.opening = opening
        self._lines: list[Line] = []

    @property
    def name(self) -> str:
        """The name that messages show."""
        return self.opening.file

    @property
    def conversation(self) -> Conversation:
        """The conversation so far."""
        return replace(self.opening, lines=tuple(self._lines))

    @property
    def yaml(self) -> str:
        """The conversation so far, as a file."""
        return write_conversation(self.conversation)

    def add(self, step: Step) -> Line:
        """Append a step. Returns its line."""
        line = Line(step, len(self._lines) + 1)
        self._lines.append(line)
        return line

    def take_back(self) -> None:
        """Remove the last step: it did not happen."""
        self._lines.pop()
