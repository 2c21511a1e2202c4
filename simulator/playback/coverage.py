"""Coverage: which exits of the flows' steps the stored conversations take.

A step without exits counts as one exit: a conversation must reach it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final

from service import flows
from service.conversation import FlowRegistry
from service.runtime.inbox_worker import Finished
from simulator.errors import SimulatorError
from simulator.playback.player import replay
from simulator.playback.runner import parallel_map
from simulator.script.conversation import Conversation, load
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.virtual_time import VirtualTimeError
from simulator.world.connections import run_service

__all__ = ("Coverage", "ExitTaken", "all_exits", "measure", "registries", "replay_with_exits", "sum_results")


@dataclass(frozen=True, slots=True, order=True)
class ExitTaken:
    """An exit of a step; empty for a step without exits."""

    flow: str
    step: str
    exit: str = ""

    def __str__(self) -> str:
        return f"{self.flow}.{self.step}" + (f" → {self.exit}" if self.exit else "")


def registries() -> tuple[FlowRegistry, ...]:
    """The registry of the flows that ask by questions, and of those that ask by forms."""
    return flows.flow_registry(), flows.flow_registry(_FORMS)


_FORMS: Final = flows.Forms(token=lambda member, turn: f"{member}:{turn}", person="1", business="2")


def all_exits(several: Iterable[FlowRegistry] | None = None) -> dict[ExitTaken, None]:
    """Every exit, in the order of the flows."""
    found: dict[ExitTaken, None] = {}
    for registry in registries() if several is None else several:
        for flow in registry.flows:
            for step in flow.steps:
                found |= {ExitTaken(flow.name, step.name, name): None for name in step.exits or ("",)}
    return found


@dataclass(frozen=True, slots=True)
class Coverage:
    """The result of a measurement.

    Attributes:
        titles: of the flows, by name.
        taken: every exit, with the conversations that take it.
        problems: the conversations that could not be played to the end, and why.
    """

    titles: Mapping[str, str]
    taken: Mapping[ExitTaken, tuple[str, ...]]
    problems: Mapping[str, str]

    @property
    def missing(self) -> tuple[ExitTaken, ...]:
        """The exits that no conversation takes."""
        return tuple(each for each, by in self.taken.items() if not by)

    @property
    def complete(self) -> bool:
        """Whether every exit is taken and every conversation was played to its end."""
        return not self.missing and not self.problems

    def of(self, flow: str) -> dict[ExitTaken, tuple[str, ...]]:
        """The exits of one flow."""
        return {each: by for each, by in self.taken.items() if each.flow == flow}

    def json(self) -> dict[str, Any]:
        """The result as plain values."""
        return {
            "flows": [
                {
                    "name": name,
                    "title": title,
                    "ways": [
                        {"step": each.step, "exit": each.exit, "conversations": list(by)}
                        for each, by in self.of(name).items()
                    ],
                }
                for name, title in self.titles.items()
            ],
            "problems": dict(self.problems),
            "summary": {"ways": len(self.taken), "walked": len(self.taken) - len(self.missing)},
        }


def replay_with_exits(conversation: Conversation, **how: Any) -> tuple[Transcript, frozenset[ExitTaken]]:
    """Play a conversation as `replay` does, and collect the exits that it takes.

    Raises:
        SimulatorError: it could not be played.
    """
    exits: set[ExitTaken] = set()

    def finished(turn: Finished) -> None:
        exits.update(ExitTaken(taken.flow, taken.step, taken.exit) for taken in turn.transitions)
        exits.add(ExitTaken(turn.flow, turn.step))

    transcript = replay(conversation, run_bot=partial(run_service, finished=finished), **how)
    return transcript, frozenset(exits)


def measure(paths: Sequence[Path], *, jobs: int = 1) -> Coverage:
    """Play conversations in ``jobs`` processes, and measure which exits they take."""
    with parallel_map(_watch, paths, jobs) as results:
        return sum_results(results)


def sum_results(results: Iterable[tuple[str, frozenset[ExitTaken], str]]) -> Coverage:
    """The coverage of conversations, each given by its name, the exits that it takes, and its problem (or empty)."""
    taken: dict[ExitTaken, list[str]] = {each: [] for each in all_exits()}
    problems = {}
    for name, exits, problem in results:
        for each in sorted(exits & taken.keys()):
            taken[each].append(name)
        if problem:
            problems[name] = problem
    return Coverage(_titles(), {each: tuple(by) for each, by in taken.items()}, problems)


def _watch(path: Path) -> tuple[str, frozenset[ExitTaken], str]:
    name = f"{path.parent.name}/{path.stem}"
    try:
        return name, replay_with_exits(load(path))[1], ""
    except (SimulatorError, VirtualTimeError) as error:
        return name, frozenset(), str(error)


def _titles() -> dict[str, str]:
    return {flow.name: flow.title for registry in registries() for flow in registry.flows}
