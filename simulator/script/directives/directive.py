"""A line of a conversation, and what a directive is made of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.yaml_reader import FlawError, YamlReader

if TYPE_CHECKING:
    from simulator.playback.player import Stage

__all__ = ("HURRY", "Directive", "Line", "Play", "ReadLine", "Scope", "said_so")

HURRY: Final = "hurry"
"""The word with which a line says that the next one comes soon, whatever is under way."""

Play = Callable[["Stage"], Awaitable[None]]
"""Does what a line says."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line as read.

    Attributes:
        number: where it stands in the file, from 1.
        key: what stands before the colon.
        value: what stands after it, as plain values.
        paced: a person acts, and takes a moment to do so.
        play: does it.
    """

    number: int
    key: str
    value: object
    paced: bool
    play: Play = field(compare=False, repr=False)

    @property
    def hurries(self) -> bool:
        """Whether the line before it does not wait until all is quiet again."""
        return self.key == HURRY


ReadLine = Callable[[YamlReader, yaml.Node, Sequence[str]], Line | None]
"""Reads a line; what is wrong with it goes to the reading's problems."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a directive may look at while it reads: the file, who takes part, who acts (for verbs), and lines in it."""

    reading: YamlReader
    people: Sequence[str]
    line: ReadLine
    who: str = ""

    def person(self, name: str) -> str:
        """A name that takes part. Raises `FlawError` for others."""
        if name not in self.people:
            raise FlawError(f"nobody here is called {name!r}", did_you_mean(name, self.people, "people"))
        return name


@dataclass(frozen=True, slots=True)
class Directive:
    """One thing that a line may say: its words, an example, and its reader."""

    words: str
    example: str
    read: Callable[[Scope, yaml.Node], Play | None]
    paced: bool = False

    @property
    def help(self) -> str:
        """The docstring's first line."""
        return (self.read.__doc__ or "").splitlines()[0]


def said_so(scope: Scope, node: yaml.Node) -> bool:
    """Whether a word that needs no value, or true or false, is meant."""
    if not isinstance(node, yaml.ScalarNode) or node.value not in {"", "true", "false"}:
        scope.reading.problem(node, "say true, or nothing")
        return False
    return bool(node.value != "false")
