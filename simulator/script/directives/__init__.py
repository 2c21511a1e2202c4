"""What the lines of a conversation can say: each module holds a group of directives.

A directive is a parser from a line's value to a frozen step; its docstring is its help. To add one, write the step
(with ``entry``, the line that is read as it) and the parser into a module of this package and name the directive in its
table, then give the step a performer in `simulator.playback.performers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Final

import yaml

from simulator.errors import did_you_mean
from simulator.script.directives import bot, core, handset, people, redis, scene, whatsapp
from simulator.script.directives.directive import Directive, Line, PersonStep, Scope, Step
from simulator.script.yaml_reader import YamlReader
from simulator.units import FlawError

__all__ = ("STAGE", "VERBS", "Directive", "Line", "PersonStep", "Step", "read_line", "read_lines")

VERBS: Final = MappingProxyType({each.words: each for each in (*people.VERBS, *handset.VERBS)})
"""The directives that follow a person's name, by their words."""

STAGE: Final = MappingProxyType(
    {each.words: each for group in (scene, whatsapp, core, redis, bot) for each in group.STAGE}
)
"""The directives that stand without a name, by their words."""


def read_lines(reading: YamlReader, node: yaml.Node, names: Sequence[str]) -> tuple[Line, ...]:
    """Read the lines of a conversation among these people; what is wrong with them goes to the reader's problems."""
    read = [read_line(reading, item, names) for item in reading.items(node, "lines")]
    if not read and not reading.problems:
        reading.problem(node, "nothing is said")
    return tuple(line for line in read if line is not None)


def read_line(reading: YamlReader, node: yaml.Node, names: Sequence[str]) -> Line | None:
    """Read one line."""
    if isinstance(node, yaml.ScalarNode) and node.value in STAGE:
        key, value = str(node.value), yaml.ScalarNode("tag:yaml.org,2002:str", "", node.start_mark, node.end_mark)
        return _line(reading, node, key, value, names)
    entries = reading.mapping(node, "a line")
    if len(entries) != 1:
        if entries:
            reading.problem(node, f"a line says one thing, not {len(entries)}: {', '.join(entries)}")
        return None
    ((key, entry),) = entries.items()
    return _line(reading, node, key, entry, names)


def _line(reading: YamlReader, node: yaml.Node, key: str, value: yaml.Node, names: Sequence[str]) -> Line | None:
    directive, who = STAGE.get(key), ""
    if directive is None:
        who = next((name for name in sorted(names, key=len, reverse=True) if f"{key} ".startswith(f"{name} ")), "")
        if not who:
            known = [*names, *STAGE]
            reading.problem(node, f"nobody and nothing here is called {key!r}", did_you_mean(key, known, "words"))
            return None
        verb = key.removeprefix(who).strip()
        directive = VERBS.get(verb)
        if directive is None:
            known_verbs = [each for each in VERBS if each]
            reading.problem(node, f"{who} cannot {verb!r}", did_you_mean(verb, known_verbs, "verbs"))
            return None
    try:
        step = directive.read(Scope(reading, names, read_line, who), value)
    except FlawError as flaw:
        reading.problem(value, flaw.what, flaw.hint)
        return None
    return None if step is None else Line(step, node.start_mark.line + 1)
