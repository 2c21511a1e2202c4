"""Makes a failing world small: fewer lines, fewer people, plainer words, as long as the same promise breaks.

Deterministic: the same world and the same bot come to the same small one. Lines are taken away in ever smaller groups
(Zeller's ddmin), then people, then whatever else can be said more simply. A candidate that cannot be played, because a
button was never shown for one, is no candidate.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import yaml

from simulator.errors import ConversationError, LineError
from simulator.explore.draft import YamlEntry, yaml_line
from simulator.explore.invariants.invariant import Violation
from simulator.explore.run import play
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot

__all__ = ("MOST_TRIES", "ShrunkWorld", "head_of", "shrink")

MOST_TRIES: Final = 400

Progress = Callable[[int, int], None]
"""Told after each try: how many there were, and how many lines are left."""


@dataclass(frozen=True, slots=True)
class ShrunkWorld:
    """What a failing world came to.

    Attributes:
        yaml: the smallest conversation found.
        broken: what breaks in it.
        lines: how many it has.
        tries: how many worlds were played to find it.
    """

    yaml: str
    broken: Violation
    lines: int
    tries: int


@dataclass(frozen=True, slots=True)
class _World:
    """A conversation that can be taken apart: its head by key, and its lines."""

    head: Mapping[str, Any]
    lines: tuple[YamlEntry, ...]

    @classmethod
    def read(cls, text: str) -> _World:
        # The base loader leaves every scalar as it is written.
        found = yaml.load(text, yaml.BaseLoader)  # noqa: S506 - it makes nothing but texts, lists and mappings
        lines = tuple(_said(line) for line in found.pop("lines"))
        return cls(found, lines)

    @property
    def yaml(self) -> str:
        return head_of(self.head) + "lines:\n" + "".join(f"  - {yaml_line(line)}\n" for line in self.lines)


def head_of(head: Mapping[str, Any]) -> str:
    """The head of a conversation as YAML, a line for each person."""
    people = "".join(f"  {yaml_line(person)}\n" for person in head["people"].items())
    rest = {key: value for key, value in head.items() if key != "people"}
    # Numbers are texts here, and a reader takes them either way.
    return "".join(f"{yaml_line(entry)}\n" for entry in rest.items()) + "people:\n" + people


def _said(line: Any) -> YamlEntry:
    if isinstance(line, str):
        return line, None
    ((key, value),) = line.items()
    return key, value


def shrink(
    text: str,
    broken: Violation,
    *,
    run_bot: Callable[[Connections], Bot] = run_service,
    most_tries: int = MOST_TRIES,
    progress: Progress = lambda _tries, _lines: None,
) -> ShrunkWorld:
    """Make a failing world small.

    Args:
        text: the world as a conversation.
        broken: the promise that breaks in it.
        run_bot: the bot under which it breaks.
        most_tries: how many worlds may be played.
        progress: told of each.

    Raises:
        ValueError: the promise does not break when the conversation is played.
    """
    search = _Search(broken.invariant, run_bot, most_tries, progress)
    world = _World.read(text)
    found = search.breaks(world)
    if found is None:
        raise ValueError(f"the promise {broken.invariant!r} does not break in this conversation")
    for step in (_shorter, _fewer_lines, _fewer_people, _plainer, _fewer_lines):
        world = step(world, search)
    final = search.known.get(world.yaml) or found
    return ShrunkWorld(world.yaml, final, len(world.lines), search.tries)


@dataclass(slots=True)
class _Search:
    """Plays candidates, each once, as long as tries are left."""

    invariant: str
    run_bot: Callable[[Connections], Bot]
    most_tries: int
    progress: Progress
    tries: int = 0
    known: dict[str, Violation | None] = field(default_factory=dict)

    def breaks(self, world: _World) -> Violation | None:
        """What breaks in a world, if it is the same promise; nothing when no tries are left."""
        text = world.yaml
        if text not in self.known:
            if self.tries >= self.most_tries:
                return None
            self.tries += 1
            self.known[text] = self._played(text) if world.lines else None
            self.progress(self.tries, len(world.lines))
        return self.known[text]

    def _played(self, text: str) -> Violation | None:
        try:
            outcome = play(text, run_bot=self.run_bot)
        except (ConversationError, LineError):
            return None
        return next((broken for broken in outcome.violations if broken.invariant == self.invariant), None)


# -- lines --------------------------------------------------------------------------------------------------------


def _shorter(world: _World, search: _Search) -> _World:
    """Without all that comes after the break: halves, then quarters, ..., of the end."""
    cut = len(world.lines) // 2
    while cut:
        candidate = replace(world, lines=world.lines[:-cut])
        if search.breaks(candidate):
            world = candidate
            cut = min(cut, len(world.lines) // 2)
        else:
            cut //= 2
    return world


def _fewer_lines(world: _World, search: _Search) -> _World:
    """Ddmin over lines; those within ``together`` and ``at once`` come after."""
    groups = 2
    while len(world.lines) > 1:
        size = max(1, -(-len(world.lines) // groups))
        smaller = _without_one_group(world, size, search)
        if smaller is not None:
            world, groups = smaller, max(2, groups - 1)
        elif size == 1:
            break
        else:
            groups = min(len(world.lines), groups * 2)
    return world


def _without_one_group(world: _World, size: int, search: _Search) -> _World | None:
    # From the end: what comes late depends on what came before, and not the other way round.
    for start in reversed(range(0, len(world.lines), size)):
        candidate = replace(world, lines=world.lines[:start] + world.lines[start + size :])
        if candidate.lines and search.breaks(candidate):
            return candidate
    return None


# -- people -------------------------------------------------------------------------------------------------------


def _fewer_people(world: _World, search: _Search) -> _World:
    for name in tuple(world.head["people"]):
        people = {key: value for key, value in world.head["people"].items() if key != name}
        lines = tuple(line for line in world.lines if not _is_of(line, name))
        candidate = _World({**world.head, "people": people}, lines)
        if people and lines and search.breaks(candidate):
            world = candidate
    return world


def _is_of(line: YamlEntry, name: str) -> bool:
    return line[0] == name or line[0].startswith(f"{name} ")


# -- words --------------------------------------------------------------------------------------------------------


def _plainer(world: _World, search: _Search) -> _World:
    """Whatever can be said more simply, until nothing can."""
    again = True
    while again:
        again = False
        for candidate in (*_plainer_heads(world), *_plainer_lines(world)):
            if search.breaks(candidate):
                world, again = candidate, True
                break
    return world


def _plainer_heads(world: _World) -> Iterator[_World]:
    head = dict(world.head)
    for key in ("processes", "seed", "forms", "starts"):
        if key in head:
            yield replace(world, head={each: value for each, value in head.items() if each != key})
    for name, person in head["people"].items():
        for key in [key for key in person if key not in {"phone", "name", "member"}]:
            less = {each: value for each, value in person.items() if each != key}
            yield replace(world, head={**head, "people": {**head["people"], name: less}})


def _plainer_lines(world: _World) -> Iterator[_World]:
    for place, line in enumerate(world.lines):
        for plainer in _ways(line):
            yield replace(world, lines=(*world.lines[:place], *plainer, *world.lines[place + 1 :]))


_AMOUNT: Final = re.compile(r"^(?P<amount>[0-9]+\.[0-9]+)(?P<rest>\s*=>.*)$", re.DOTALL)
_WAITS: Final = ("1 min", "10 min", "1 hour")


def _ways(line: YamlEntry) -> Iterator[tuple[YamlEntry, ...]]:
    """What could stand in the place of a line: simpler, and never of the same length twice."""
    key, value = line
    if key in {"together", "at once"} and isinstance(value, Sequence):
        for each in range(len(value)):
            rest = [one for place, one in enumerate(value) if place != each]
            yield (_said(rest[0]),) if len(rest) == 1 else ((key, rest),)
    elif key == "wait" and value not in _WAITS:
        yield from (((key, wait),) for wait in _WAITS)
    elif isinstance(value, Mapping) and "times" in value:
        yield ((key, {each: one for each, one in value.items() if each != "times"}),)
    elif isinstance(value, str) and (offered := _AMOUNT.match(value)) and offered["amount"] != "1.00":
        yield ((key, f"1{offered['rest']}"),)
