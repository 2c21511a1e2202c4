"""What a line of a conversation may say.

Each directive is a small function that reads a line's value and returns what is to be done when its turn comes; its
docstring is its help. To add one, write the function in a module of this package and name it in its table.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.directives import core as around
from simulator.script.directives import people as persons
from simulator.script.directives import whatsapp as delivery
from simulator.script.directives.directive import Directive, Line, Play, Scope
from simulator.script.directives.people import MEDIA
from simulator.script.directives.processes import STAGE as ADVERSARY
from simulator.script.yaml_reader import YamlReader

__all__ = ("MEDIA", "STAGE", "VERBS", "Directive", "Line", "Play", "read_line", "read_lines")

VERBS: Final = MappingProxyType({each.words: each for each in (*persons.VERBS, *delivery.VERBS)})
"""What may stand after a name."""

STAGE: Final = MappingProxyType({each.words: each for each in (*around.STAGE, *delivery.STAGE, *ADVERSARY)})
"""What a line may say without a name."""


def read_lines(reading: YamlReader, node: yaml.Node, people: Sequence[str]) -> tuple[Line, ...]:
    """Read the lines of a conversation; what is wrong with them goes to the reading's problems."""
    read = [read_line(reading, item, people) for item in reading.items(node, "lines")]
    if not read and not reading.problems:
        reading.problem(node, "nothing is said")
    return tuple(line for line in read if line is not None)


def read_line(reading: YamlReader, node: yaml.Node, people: Sequence[str]) -> Line | None:
    """Read one line."""
    if isinstance(node, yaml.ScalarNode) and node.value in STAGE:
        key, value = str(node.value), yaml.ScalarNode("tag:yaml.org,2002:str", "", node.start_mark, node.end_mark)
        return _line(reading, node, key, value, people)
    entries = reading.mapping(node, "a line")
    if len(entries) != 1:
        if entries:
            reading.problem(node, f"a line says one thing, not {len(entries)}: {', '.join(entries)}")
        return None
    ((key, entry),) = entries.items()
    return _line(reading, node, key, entry, people)


def _line(reading: YamlReader, node: yaml.Node, key: str, value: yaml.Node, people: Sequence[str]) -> Line | None:
    directive, who = STAGE.get(key), ""
    if directive is None:
        who = next((name for name in sorted(people, key=len, reverse=True) if f"{key} ".startswith(f"{name} ")), "")
        if not who:
            known = [*people, *STAGE]
            reading.problem(node, f"nobody and nothing here is called {key!r}", did_you_mean(key, known, "words"))
            return None
        verb = key.removeprefix(who).strip()
        directive = VERBS.get(verb)
        if directive is None:
            reading.problem(
                node, f"{who} cannot {verb!r}", did_you_mean(verb, [each for each in VERBS if each], "verbs")
            )
            return None
    play = directive.read(Scope(reading, people, read_line, who), value)
    if play is None:
        return None
    return Line(node.start_mark.line + 1, key, _plain(value), directive.paced, play)


def _plain(node: yaml.Node) -> object:
    if isinstance(node, yaml.MappingNode):
        return {str(key.value): _plain(value) for key, value in node.value}
    if isinstance(node, yaml.SequenceNode):
        return [_plain(item) for item in node.value]
    return node.value
