"""Shrinks a failing world: fewer lines, fewer people, simpler lines, as long as it violates the same invariant.

Deterministic: the same world and bot shrink to the same result. Lines are removed in ever smaller groups (Zeller's
ddmin), then people, then details. A candidate that cannot be read or played, for example because a button was never
shown in it, is rejected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from simulator.errors import ConversationError, LineError
from simulator.explore.invariants.invariant import Violation
from simulator.explore.run import play
from simulator.script.conversation import START, Conversation, parse, write_conversation
from simulator.script.directives import Line, PersonStep, Step
from simulator.script.directives.core import BreakCore
from simulator.script.directives.people import TypeText
from simulator.script.directives.scene import AtOnce, Together, Wait
from simulator.script.directives.whatsapp import BreakGraph, BreakNetwork, BreakWhatsApp, DelayWebhook
from simulator.world.connections import Connections, run_service
from simulator.world.people import Person
from simulator.world.process import Bot

__all__ = ("MOST_TRIES", "ShrunkWorld", "shrink")

MOST_TRIES: Final = 400

Progress = Callable[[int, int], None]
"""Called after each try with the number of tries so far and of lines left."""


@dataclass(frozen=True, slots=True)
class ShrunkWorld:
    """The result.

    Attributes:
        yaml: the smallest conversation found.
        broken: the violation in it.
        lines: how many lines it has.
        tries: how many worlds were played to find it.
    """

    yaml: str
    broken: Violation
    lines: int
    tries: int


def shrink(
    text: str,
    broken: Violation,
    *,
    run_bot: Callable[[Connections], Bot] = run_service,
    most_tries: int = MOST_TRIES,
    progress: Progress = lambda _tries, _lines: None,
) -> ShrunkWorld:
    """Shrink a failing world.

    Args:
        text: the world as a conversation.
        broken: the violation that occurs in it.
        run_bot: the bot with which it occurs.
        most_tries: how many worlds may be played.
        progress: called after each.

    Raises:
        ConversationError: the text cannot be read.
        ValueError: the violation does not occur when the conversation is played.
    """
    search = _Search(broken.invariant, run_bot, most_tries, progress)
    world = parse(text, file="shrunk", flow="explored", name="shrunk")
    found = search.breaks(world)
    if found is None:
        raise ValueError(f"the promise {broken.invariant!r} does not break in this conversation")
    for step in (_shorter, _fewer_lines, _fewer_people, _simpler, _fewer_lines):
        world = step(world, search)
    smallest = write_conversation(world)
    return ShrunkWorld(smallest, search.known.get(smallest) or found, len(world.lines), search.tries)


@dataclass(slots=True)
class _Search:
    """Plays candidates, each once, as long as tries are left."""

    invariant: str
    run_bot: Callable[[Connections], Bot]
    most_tries: int
    progress: Progress
    tries: int = 0
    known: dict[str, Violation | None] = field(default_factory=dict)

    def breaks(self, world: Conversation) -> Violation | None:
        """The violation of the same invariant in a world; None if there is none or no tries are left."""
        text = write_conversation(world)
        if text not in self.known:
            if self.tries >= self.most_tries:
                return None
            self.tries += 1
            self.known[text] = self._played(text) if world.lines else None
            self.progress(self.tries, len(world.lines))
        return self.known[text]

    def _played(self, text: str) -> Violation | None:
        try:
            # Read from its text, so that what is found can be kept as a file.
            outcome = play(text, run_bot=self.run_bot)
        except (ConversationError, LineError):
            return None
        return next((broken for broken in outcome.violations if broken.invariant == self.invariant), None)


# -- lines ----------------------------------------------------------------------------------------------------------


def _shorter(world: Conversation, search: _Search) -> Conversation:
    """Cut the end off: half of the lines, then a quarter, ..."""
    cut = len(world.lines) // 2
    while cut:
        candidate = replace(world, lines=world.lines[:-cut])
        if search.breaks(candidate):
            world = candidate
            cut = min(cut, len(world.lines) // 2)
        else:
            cut //= 2
    return world


def _fewer_lines(world: Conversation, search: _Search) -> Conversation:
    """Ddmin over lines; steps within `Together` and `AtOnce` are removed by `_simpler`."""
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


def _without_one_group(world: Conversation, size: int, search: _Search) -> Conversation | None:
    # From the end, because later lines depend on earlier ones and not the other way round.
    for start in reversed(range(0, len(world.lines), size)):
        candidate = replace(world, lines=world.lines[:start] + world.lines[start + size :])
        if candidate.lines and search.breaks(candidate):
            return candidate
    return None


# -- people ---------------------------------------------------------------------------------------------------------


def _fewer_people(world: Conversation, search: _Search) -> Conversation:
    for person in world.people:
        people = tuple(each for each in world.people if each.key != person.key)
        lines = tuple(line for line in world.lines if not _is_of(line.step, person))
        candidate = replace(world, people=people, lines=lines)
        if people and lines and search.breaks(candidate):
            world = candidate
    return world


def _is_of(step: Step, person: Person) -> bool:
    return isinstance(step, PersonStep) and step.who == person.key


# -- details --------------------------------------------------------------------------------------------------------


def _simpler(world: Conversation, search: _Search) -> Conversation:
    """Simplify one detail at a time until nothing can be simplified."""
    again = True
    while again:
        again = False
        for candidate in (*_simpler_heads(world), *_simpler_lines(world)):
            if search.breaks(candidate):
                world, again = candidate, True
                break
    return world


_HEAD_DEFAULTS: Final[Mapping[str, Any]] = {"processes": 1, "seed": None, "forms": False, "starts_ms": START}
_PERSON_DEFAULTS: Final[Mapping[str, Any]] = {"receipts": True, "online": True, "blocked": False, "identity": "number"}


def _simpler_heads(world: Conversation) -> Iterator[Conversation]:
    for key, default in _HEAD_DEFAULTS.items():
        if getattr(world, key) != default:
            yield _with(world, key, default)
    for place, person in enumerate(world.people):
        for key, default in _PERSON_DEFAULTS.items():
            if getattr(person, key) != default:
                people = (*world.people[:place], _with(person, key, default), *world.people[place + 1 :])
                yield replace(world, people=people)


def _with(value: Any, key: str, default: Any) -> Any:
    return replace(value, **{key: default})


def _simpler_lines(world: Conversation) -> Iterator[Conversation]:
    for place, line in enumerate(world.lines):
        for step in _simpler_steps(line.step):
            yield replace(world, lines=(*world.lines[:place], Line(step), *world.lines[place + 1 :]))


_AMOUNT: Final = re.compile(r"^(?P<amount>[0-9]+\.[0-9]+)(?P<rest>\s*=>.*)$", re.DOTALL)
_WAITS_MS: Final = (60_000, 600_000, 3_600_000)


def _simpler_steps(step: Step) -> Iterator[Step]:
    """What could replace a step. Replacements never lead back to a step that they replaced."""
    match step:
        case Together(steps) | AtOnce(steps):
            for place in range(len(steps)):
                rest = steps[:place] + steps[place + 1 :]
                yield rest[0] if len(rest) == 1 else replace(step, steps=rest)
        case Wait(duration_ms) if duration_ms not in _WAITS_MS:
            yield from (Wait(wait_ms) for wait_ms in _WAITS_MS)
        case TypeText(who, text) if (offered := _AMOUNT.match(text)) and offered["amount"] != "1.00":
            yield TypeText(who, f"1{offered['rest']}")
        case BreakCore(fault) | BreakNetwork(fault) if fault.times != 1:
            yield replace(step, fault=replace(fault, times=1))
        case BreakGraph(fault) if fault.wire is not None and fault.wire.times != 1:
            yield BreakGraph(replace(fault, wire=replace(fault.wire, times=1)))
        case BreakGraph(fault) if fault.times != 1:
            yield BreakGraph(replace(fault, times=1))
        case BreakWhatsApp(rule, who) if rule.times != 1:
            yield BreakWhatsApp(msgspec.structs.replace(rule, times=1), who)
        case DelayWebhook(times=times) if times != 1:
            yield replace(step, times=1)
        case _:
            return
