"""Which ways through the flows are walked by which stored conversations.

A way is an exit of a step or, where a step has none, the step itself: somebody must have seen it.
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
    """An exit of a step; an empty one is the step itself, which has none."""

    flow: str
    step: str
    exit: str = ""

    def __str__(self) -> str:
        return f"{self.flow}.{self.step}" + (f" → {self.exit}" if self.exit else "")


def registries() -> tuple[FlowRegistry, ...]:
    """The flows as they ask by questions, and as they ask by forms."""
    return flows.flow_registry(), flows.flow_registry(_FORMS)


_FORMS: Final = flows.Forms(token=lambda member, turn: f"{member}:{turn}", person="1", business="2")


def all_exits(several: Iterable[FlowRegistry] | None = None) -> dict[ExitTaken, None]:
    """Every way there is, in the order of the flows."""
    found: dict[ExitTaken, None] = {}
    for registry in registries() if several is None else several:
        for flow in registry.flows:
            for step in flow.steps:
                found |= {ExitTaken(flow.name, step.name, name): None for name in step.exits or ("",)}
    return found


@dataclass(frozen=True, slots=True)
class Coverage:
    """What was measured.

    Attributes:
        titles: of the flows, by their names.
        walked: every way, with the conversations that walk it.
        problems: conversations that could not be played to their end, and why.
    """

    titles: Mapping[str, str]
    walked: Mapping[ExitTaken, tuple[str, ...]]
    problems: Mapping[str, str]

    @property
    def missing(self) -> tuple[ExitTaken, ...]:
        """The ways that nobody walks."""
        return tuple(way for way, by in self.walked.items() if not by)

    @property
    def whole(self) -> bool:
        """Whether every way is walked and every conversation came to its end."""
        return not self.missing and not self.problems

    def of(self, flow: str) -> dict[ExitTaken, tuple[str, ...]]:
        """The ways of one flow."""
        return {way: by for way, by in self.walked.items() if way.flow == flow}

    def json(self) -> dict[str, Any]:
        """All of it as plain values."""
        return {
            "flows": [
                {
                    "name": name,
                    "title": title,
                    "ways": [
                        {"step": way.step, "exit": way.exit, "conversations": list(by)}
                        for way, by in self.of(name).items()
                    ],
                }
                for name, title in self.titles.items()
            ],
            "problems": dict(self.problems),
            "summary": {"ways": len(self.walked), "walked": len(self.walked) - len(self.missing)},
        }


def replay_with_exits(conversation: Conversation, **how: Any) -> tuple[Transcript, frozenset[ExitTaken]]:
    """Play a conversation as `replay` does, and watch which ways are walked.

    Raises:
        SimulatorError: it could not be played.
    """
    ways: set[ExitTaken] = set()

    def finished(turn: Finished) -> None:
        ways.update(ExitTaken(each.flow, each.step, each.exit) for each in turn.transitions)
        ways.add(ExitTaken(turn.flow, turn.step))

    transcript = replay(conversation, run_bot=partial(run_service, finished=finished), **how)
    return transcript, frozenset(ways)


def measure(paths: Sequence[Path], *, jobs: int = 1) -> Coverage:
    """Play conversations, ``jobs`` at the same time, and find which ways they walk."""
    with parallel_map(_watch, paths, jobs) as results:
        return sum_results(results)


def sum_results(results: Iterable[tuple[str, frozenset[ExitTaken], str]]) -> Coverage:
    """What was measured, from each conversation's name, the ways it walks, and what went wrong if anything did."""
    walked: dict[ExitTaken, list[str]] = {way: [] for way in all_exits()}
    problems = {}
    for name, ways, problem in results:
        for way in sorted(ways & walked.keys()):
            walked[way].append(name)
        if problem:
            problems[name] = problem
    return Coverage(_titles(), {way: tuple(by) for way, by in walked.items()}, problems)


def _watch(path: Path) -> tuple[str, frozenset[ExitTaken], str]:
    name = f"{path.parent.name}/{path.stem}"
    try:
        return name, replay_with_exits(load(path))[1], ""
    except (SimulatorError, VirtualTimeError) as error:
        return name, frozenset(), str(error)


def _titles() -> dict[str, str]:
    return {flow.name: flow.title for registry in registries() for flow in registry.flows}
