"""What happens to the bot's processes: kills, stops, starts, wrong clocks, deployments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

import yaml

from simulator.errors import did_you_mean
from simulator.script.directives.directive import Directive, Scope, Step
from simulator.script.failpoints import read_point
from simulator.script.yaml_writer import YamlEntry
from simulator.units import FlawError, read_duration_ms, write_duration

__all__ = (
    "STAGE",
    "Deploy",
    "FreezeAt",
    "KillAt",
    "KillBot",
    "KillProcess",
    "Release",
    "RestartBot",
    "SkewClock",
    "StartProcess",
    "StopBot",
    "StopProcess",
)

Release = Literal["this", "next", "same"]
"""Which release a process runs after a deployment; ``same`` is the one that it ran before."""

_SKEW: Final = re.compile(r"clock (?P<how>.+) (?P<way>ahead|behind)")
_PROCESSES: Final = ("1", "2", "3", "4")
_EXAMPLES: Final = (
    "killed, stops, starts, clock 2 s behind, clock 1 min ahead, clock right, "
    "becomes the next release, becomes this release"
)
_RELEASES: Final[dict[str, Release]] = {"next release": "next", "this release": "this", "same release": "same"}


# -- all processes --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KillBot(Step):
    """All processes of the bot are killed now."""

    def entry(self) -> YamlEntry:
        """``bot: killed``."""
        return "bot", "killed"


@dataclass(frozen=True, slots=True)
class StopBot(Step):
    """All processes of the bot stop in an orderly way."""

    def entry(self) -> YamlEntry:
        """``bot: stops``."""
        return "bot", "stops"


@dataclass(frozen=True, slots=True)
class RestartBot(Step):
    """All processes of the bot that do not run start."""

    def entry(self) -> YamlEntry:
        """``bot: restarted``."""
        return "bot", "restarted"


@dataclass(frozen=True, slots=True)
class KillAt(Step):
    """The process that first reaches this failpoint is killed there."""

    point: str

    def entry(self) -> YamlEntry:
        """``bot: killed at after createCredex``."""
        return "bot", f"killed at {self.point}"


@dataclass(frozen=True, slots=True)
class FreezeAt(Step):
    """The worker that first reaches this failpoint freezes there for longer than its lease."""

    point: str

    def entry(self) -> YamlEntry:
        """``bot: frozen at before commit``."""
        return "bot", f"frozen at {self.point}"


def bot(scope: Scope, node: yaml.Node) -> KillBot | StopBot | RestartBot | KillAt | FreezeAt | None:
    """The bot's process is killed (at a point), stops or starts again; or a worker freezes for a minute."""
    text = scope.reading.text(node, "what becomes of the bot")
    if text is None:
        return None
    whole: dict[str, KillBot | StopBot | RestartBot] = {
        "restarted": RestartBot(),
        "stops": StopBot(),
        "killed": KillBot(),
    }
    if text in whole:
        return whole[text]
    if text.startswith("killed "):
        named = text.removeprefix("killed ").removeprefix("at ").strip()
        point = read_point(scope.reading, node, named, "be killed")
        return None if point is None else KillAt(point)
    if text.startswith(("frozen at before ", "frozen at after ")):
        point = read_point(scope.reading, node, text.removeprefix("frozen at "), "freeze")
        return None if point is None else FreezeAt(point)
    scope.reading.problem(
        node,
        f"nothing that can happen to the bot: {text!r}",
        "killed [at <point>], frozen at before (or after) <script of the mailbox>, stops, restarted",
    )
    return None


# -- one process ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class KillProcess(Step):
    """One process, by its number from 1, is killed now."""

    number: int

    def entry(self) -> YamlEntry:
        """``process: {2: killed}``."""
        return "process", {str(self.number): "killed"}


@dataclass(frozen=True, slots=True)
class StopProcess(Step):
    """One process stops in an orderly way."""

    number: int

    def entry(self) -> YamlEntry:
        """``process: {2: stops}``."""
        return "process", {str(self.number): "stops"}


@dataclass(frozen=True, slots=True)
class StartProcess(Step):
    """One process starts, unless it runs."""

    number: int

    def entry(self) -> YamlEntry:
        """``process: {2: starts}``."""
        return "process", {str(self.number): "starts"}


@dataclass(frozen=True, slots=True)
class SkewClock(Step):
    """The clock of one process is ahead (positive) or behind (negative), or right again (0)."""

    number: int
    by_ms: int

    def entry(self) -> YamlEntry:
        """``process: {2: clock 2 s behind}``."""
        way = "ahead" if self.by_ms > 0 else "behind"
        how = f"{write_duration(abs(self.by_ms))} {way}" if self.by_ms else "right"
        return "process", {str(self.number): f"clock {how}"}


@dataclass(frozen=True, slots=True)
class Deploy(Step):
    """Processes are replaced one after the other: all of them, or only the one with this number."""

    release: Release
    only: int | None = None

    def entry(self) -> YamlEntry:
        """``deploy: next release`` or ``process: {2: becomes the next release}``."""
        if self.only is None:
            return "deploy", f"{self.release} release"
        return "process", {str(self.only): f"becomes {'the ' if self.release == 'next' else ''}{self.release} release"}


ProcessStep = KillProcess | StopProcess | StartProcess | SkewClock | Deploy


def process(scope: Scope, node: yaml.Node) -> ProcessStep | None:
    """One of several processes of the bot, by its number, is killed, stops, starts, or has a wrong clock."""
    entries = scope.reading.mapping(node, "process")
    if len(entries) != 1:
        scope.reading.problem(node, "say which process, and what becomes of it", "For example: {2: killed}.")
        return None
    ((which, value),) = entries.items()
    if which not in _PROCESSES:
        scope.reading.problem(node, f"no number of a process: {which!r}", "From 1 to 4.")
        return None
    text = scope.reading.text(value, "what becomes of the process")
    return None if text is None else _process(scope, value, int(which), text)


def _process(scope: Scope, node: yaml.Node, number: int, text: str) -> ProcessStep | None:
    known: dict[str, ProcessStep] = {
        "killed": KillProcess(number),
        "stops": StopProcess(number),
        "starts": StartProcess(number),
        "clock right": SkewClock(number, 0),
        "becomes the next release": Deploy("next", number),
        "becomes this release": Deploy("this", number),
    }
    if text in known:
        return known[text]
    match = _SKEW.fullmatch(text)
    if match is None:
        scope.reading.problem(node, f"nothing that can become of a process: {text!r}", _EXAMPLES)
        return None
    try:
        by_ms = read_duration_ms(match["how"]) * (1 if match["way"] == "ahead" else -1)
    except FlawError as flaw:
        scope.reading.problem(node, flaw.what, flaw.hint)
        return None
    return SkewClock(number, by_ms)


def deploy(scope: Scope, node: yaml.Node) -> Deploy | None:
    """Processes are replaced one after the other, by the next release, this release or the same as before."""
    text = scope.reading.text(node, "what is deployed")
    if text is not None and text not in _RELEASES:
        scope.reading.problem(node, f"nothing to deploy: {text!r}", did_you_mean(text, list(_RELEASES), "releases"))
        return None
    return None if text is None else Deploy(_RELEASES[text])


STAGE: Final = (
    Directive("bot", "bot: killed at after createCredex", bot),
    Directive("process", "process: {2: killed}", process),
    Directive("deploy", "deploy: next release", deploy),
)
