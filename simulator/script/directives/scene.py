"""The course of a conversation: time, several messages at once, and the end of all faults."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final

import yaml

from simulator.script.directives.directive import Directive, PersonStep, Scope, Step, read_flag
from simulator.script.yaml_writer import YamlEntry
from simulator.units import read_duration_ms, write_duration

__all__ = ("STAGE", "AtOnce", "Hurry", "Repair", "Together", "Wait")


@dataclass(frozen=True, slots=True)
class Wait(Step):
    """Virtual time passes."""

    duration_ms: int

    def entry(self) -> YamlEntry:
        """``wait: 6 min``."""
        return "wait", write_duration(self.duration_ms)


def wait(scope: Scope, node: yaml.Node) -> Wait | None:
    """Time passes."""
    duration_ms = scope.reading.value(node, read_duration_ms, "how long to wait")
    return None if duration_ms is None else Wait(duration_ms)


@dataclass(frozen=True, slots=True)
class Together(Step):
    """People's messages reach the bot in one POST."""

    paced: ClassVar[bool] = True
    steps: tuple[Step, ...]

    def entry(self) -> YamlEntry:
        """``together: [{Tariro: a}, {Tariro: b}]``."""
        return "together", [dict([step.entry()]) for step in self.steps]


def together(scope: Scope, node: yaml.Node) -> Together | None:
    """Several messages reach the bot in one POST."""
    steps = _steps_of_people(scope, node, "together")
    return Together(steps) if steps else None


@dataclass(frozen=True, slots=True)
class AtOnce(Step):
    """People's messages are sent at the same moment, each in its own POST."""

    paced: ClassVar[bool] = True
    steps: tuple[Step, ...]

    def entry(self) -> YamlEntry:
        """``at once: [{Tariro taps: Confirm}, {Tariro taps: Confirm}]``."""
        return "at once", [dict([step.entry()]) for step in self.steps]


def at_once(scope: Scope, node: yaml.Node) -> AtOnce | None:
    """Several messages are sent in the same moment, each in a POST of its own, as by a double tap."""
    steps = _steps_of_people(scope, node, "at once")
    return AtOnce(steps) if steps else None


def _steps_of_people(scope: Scope, node: yaml.Node, what: str) -> tuple[Step, ...]:
    read = [scope.line(scope.reading, item, scope.people) for item in scope.reading.items(node, what)]
    steps = tuple(line.step for line in read if line is not None)
    if any(not step.paced or not isinstance(step, PersonStep) for step in steps):
        scope.reading.problem(node, f"only what people say and tap can come {what!r}")
    return steps


@dataclass(frozen=True, slots=True)
class Hurry(Step):
    """The next line is played after this time; the line before does not wait until everything is quiet."""

    duration_ms: int

    def entry(self) -> YamlEntry:
        """``hurry: 300 ms``."""
        return "hurry", write_duration(self.duration_ms)


def hurry(scope: Scope, node: yaml.Node) -> Hurry | None:
    """Continue with the next line after this time, without waiting until the bot is idle."""
    duration_ms = scope.reading.value(node, read_duration_ms, "how soon")
    return None if duration_ms is None else Hurry(duration_ms)


@dataclass(frozen=True, slots=True)
class Repair(Step):
    """All faults end and all processes run."""

    def entry(self) -> YamlEntry:
        """``repair``."""
        return "repair", None


def repair(scope: Scope, node: yaml.Node) -> Repair:
    """Everything that was broken works again."""
    read_flag(scope, node)
    return Repair()


STAGE: Final = (
    Directive("wait", "wait: 6 min", wait),
    Directive("hurry", "hurry: 300 ms", hurry),
    Directive("together", "together: [{Tariro: a}, {Tariro: b}]", together),
    Directive("at once", "at once: [{Tariro taps: Confirm}, {Tariro taps: Confirm}]", at_once),
    Directive("repair", "repair", repair),
)
