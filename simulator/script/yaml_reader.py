"""Reads YAML and reports every problem with its file and line.

Scalars keep the text of the file (``yes`` is what a member typed, not a truth value). In a flow list a comma that no
space follows belongs to a number: ``[12.50 USD, 1,040 ZWG]`` holds two amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final, TypeVar

import yaml

from simulator.errors import Problem, did_you_mean
from simulator.units import FlawError

__all__ = ("YamlReader",)

T = TypeVar("T")

_QUOTES: Final = "If it is a text with : { } [ ] or # in it, put it between quotes."


class YamlReader:
    """Reads one file: turns nodes into plain values and collects the problems.

    Attributes:
        problems: what is wrong with the file, in the order of discovery.
        root: the document's root node; None when the text is empty or not YAML.
    """

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.root: yaml.Node | None = None
        try:
            self.root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            self.problems.append(Problem(file, mark.line + 1 if mark else 1, *_explained(error)))
        except yaml.YAMLError as error:
            self.problems.append(Problem(file, 1, f"not YAML: {error}"))

    def problem(self, node: yaml.Node | None, what: str, hint: str = "") -> None:
        """Record a problem at a node, or at the first line if there is none."""
        line = node.start_mark.line + 1 if node is not None else 1
        self.problems.append(Problem(self.file, line, what, hint))

    def value(self, node: yaml.Node, read: Callable[[str], T], what: str) -> T | None:
        """Read a scalar with a function; a `FlawError` from it becomes a problem, and the result None."""
        text = self.text(node, what)
        if text is None:
            return None
        try:
            return read(text)
        except FlawError as flaw:
            self.problem(node, flaw.what, flaw.hint)
            return None

    def text(self, node: yaml.Node, what: str) -> str | None:
        """The text of a scalar as written; None, and a problem, if the node is empty or not a scalar."""
        if not isinstance(node, yaml.ScalarNode):
            self.problem(node, f"{what} must be a text on one line, not {_kind(node)}", _QUOTES)
            return None
        text: str = node.value
        if not text:
            self.problem(node, f"{what} is empty")
            return None
        return text

    def items(self, node: yaml.Node, what: str) -> list[yaml.Node]:
        """The items of a list, with numbers rejoined that a thousands comma split."""
        if not isinstance(node, yaml.SequenceNode):
            self.problem(node, f"{what} must be a list, not {_kind(node)}")
            return []
        return _regrouped(node) if node.flow_style else list(node.value)

    def mapping(
        self, node: yaml.Node, what: str, *, known: Sequence[str] = (), needed: Sequence[str] = ()
    ) -> dict[str, yaml.Node]:
        """The entries of a mapping. Keys outside ``known`` (if given) and missing ``needed`` keys become problems."""
        if not isinstance(node, yaml.MappingNode):
            self.problem(node, f"{what} must be of the form key: value, not {_kind(node)}")
            return {}
        entries: dict[str, yaml.Node] = {}
        for key_node, value in node.value:
            key = str(key_node.value) if isinstance(key_node, yaml.ScalarNode) else ""
            if not key:
                self.problem(key_node, f"a key of {what} must be a text")
            elif key in entries:
                self.problem(key_node, f"{what} says {key!r} twice")
            elif known and key not in known:
                self.problem(key_node, f"{what} knows no {key!r}", did_you_mean(key, known, "keys"))
            else:
                entries[key] = value
        for key in needed:
            if key not in entries:
                self.problem(node, f"{what} needs {key!r}")
        return entries


def _explained(error: yaml.MarkedYAMLError) -> tuple[str, str]:
    problem = error.problem or str(error)
    if "'\\t'" in problem:
        return "a tab stands where only spaces may", "Indent with spaces."
    if "mapping values are not allowed" in problem:
        return "a second ': ' on this line", 'Put the text between quotes: - Tariro: "like: this".'
    return f"not YAML: {problem}", (error.context or "")


def _kind(node: yaml.Node) -> str:
    if isinstance(node, yaml.SequenceNode):
        return "a list"
    if isinstance(node, yaml.MappingNode):
        return "a mapping"
    return f"{node.value!r}" if node.value else "nothing"


def _regrouped(node: yaml.SequenceNode) -> list[yaml.Node]:
    """The items of a flow list, with ``1,040`` rejoined: a comma that no space follows groups thousands."""
    items: list[yaml.Node] = []
    for item in node.value:
        last = items[-1] if items else None
        if (
            isinstance(item, yaml.ScalarNode)
            and isinstance(last, yaml.ScalarNode)
            and item.style is None
            and last.style is None
            and last.end_mark.index + 1 == item.start_mark.index
        ):
            joined = f"{last.value},{item.value}"
            items[-1] = yaml.ScalarNode(item.tag, joined, last.start_mark, item.end_mark)
        else:
            items.append(item)
    return items
