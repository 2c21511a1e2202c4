"""A world as it is written down: the head of a conversation, and its lines as they are drawn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import yaml

from simulator.errors import ConversationError
from simulator.script.conversation import Conversation, parse
from simulator.script.directives import Line, read_line
from simulator.script.yaml_reader import YamlReader

__all__ = ("Draft", "YamlEntry", "yaml_line")

Value = str | int | bool | Mapping[str, object] | Sequence[object] | None

YamlEntry = tuple[str, Value]
"""A line: what stands before the colon and, unless that says it all (None), what stands after it."""


def yaml_line(said: YamlEntry) -> str:
    """A line as YAML, on one line."""
    key, value = said
    return key if value is None else _flow({key: value})


class Draft:
    """A conversation in the making.

    Args:
        name: for messages.
        head: the file up to its lines.
    """

    def __init__(self, name: str, head: str) -> None:
        """Begin with a head that can be read."""
        self.said: list[YamlEntry] = []
        self.name = name
        self._head = head
        self._people = tuple(person.key for person in self._parse("  - repair\n").people)

    @property
    def yaml(self) -> str:
        """All of it, as a file."""
        return self._head + "".join(f"  - {yaml_line(said)}\n" for said in self.said)

    def opening(self) -> Conversation:
        """The conversation as far as it need be known before anything is said."""
        return self._parse("  - repair\n")

    def add(self, said: YamlEntry) -> Line:
        """Write one more line down, and read it as anybody would who finds it in the file.

        Raises:
            ConversationError: it says nothing that a line can say.
        """
        reading = YamlReader(self.name, f"- {yaml_line(said)}\n")
        (node,) = reading.items(reading.root, "lines") if reading.root is not None else [None]
        line = read_line(reading, node, self._people) if node is not None else None
        if line is None or reading.problems:
            raise ConversationError(reading.problems)
        self.said.append(said)
        return line

    def take_back(self) -> None:
        """The line added last did not happen."""
        self.said.pop()

    def _parse(self, lines: str) -> Conversation:
        return parse(self._head + lines, file=self.name, flow="explored", name=self.name)


def _flow(value: object) -> str:
    if isinstance(value, Mapping) and len(value) == 1:
        ((key, inner),) = value.items()
        return f"{_scalar(str(key))}: {_inner(inner)}"
    raise ValueError(f"a line says one thing, not {value!r}")


def _inner(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key))}: {_inner(each)}" for key, each in value.items()) + "}"
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "[" + ", ".join(_inner(each) for each in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    return _scalar(str(value))


def _scalar(text: str) -> str:
    """A text as YAML writes it on one line; between quotes where anything in it could be taken for something else."""
    if text and text.replace(" ", "").replace("_", "").isalnum() and text.isascii() and text == text.strip():
        return text
    dumped = yaml.safe_dump(text, allow_unicode=True, width=1_000_000, default_style='"')
    return str(dumped).removesuffix("\n")
