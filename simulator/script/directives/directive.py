"""What a directive consists of: its words, the parser of its value, and the step values that the parser makes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import yaml

from simulator.errors import did_you_mean
from simulator.script.yaml_reader import YamlReader
from simulator.script.yaml_writer import YamlEntry
from simulator.units import FlawError

__all__ = ("Directive", "Line", "PersonStep", "ReadLine", "Scope", "Step", "read_flag")


@dataclass(frozen=True, slots=True)
class Step(ABC):
    """What one line of a conversation does, as a value. `simulator.playback.performers` performs it.

    Attributes:
        paced: a person acts, and takes a moment to read and answer first.
    """

    paced: ClassVar[bool] = False

    @abstractmethod
    def entry(self) -> YamlEntry:
        """The line that is read as this step: its key and value."""


@dataclass(frozen=True, slots=True)
class PersonStep(Step):
    """A step of one person, by key."""

    who: str


@dataclass(frozen=True, slots=True)
class Line:
    """A step, and the number of the line in the file where it stands, from 1 (0 if it stands in none)."""

    step: Step
    number: int = field(default=0, compare=False)

    @property
    def key(self) -> str:
        """What stands before the colon."""
        return self.step.entry()[0]


ReadLine = Callable[[YamlReader, yaml.Node, Sequence[str]], Line | None]
"""Reads a line; what is wrong with it goes to the reader's problems."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What a directive's parser can use.

    Attributes:
        reading: the reader of the file.
        people: the keys of everybody who takes part.
        line: reads a line within a line.
        who: the person before the verb; empty for lines without one.
    """

    reading: YamlReader
    people: Sequence[str]
    line: ReadLine
    who: str = ""

    def person(self, name: str) -> str:
        """The key of a person who takes part. Raises `FlawError` for other names."""
        if name not in self.people:
            raise FlawError(f"nobody here is called {name!r}", did_you_mean(name, self.people, "people"))
        return name


@dataclass(frozen=True, slots=True)
class Directive:
    """One kind of line: its words, an example, and the parser of its value.

    The parser returns None, and adds to the reader's problems, for a value that it cannot read. Its docstring is the
    directive's help.
    """

    words: str
    example: str
    read: Callable[[Scope, yaml.Node], Step | None]

    @property
    def help(self) -> str:
        """The docstring's first line."""
        return (self.read.__doc__ or "").splitlines()[0]


def read_flag(scope: Scope, node: yaml.Node) -> bool:
    """Read ``true``, ``false`` or nothing, which means true."""
    if not isinstance(node, yaml.ScalarNode) or node.value not in {"", "true", "false"}:
        scope.reading.problem(node, "say true, or nothing")
        return False
    return bool(node.value != "false")
