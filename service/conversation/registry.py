"""All flows together: the graph, its navigation, the words understood everywhere, and its check."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from service.conversation.flow import END, CoreCall, Flow, Question, Shortcut, Step

__all__ = ("FlowRegistry", "FlowRegistryError", "SystemTexts", "Vocabulary")


class FlowRegistryError(ValueError):
    """The flows do not hang together; every problem is listed."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words understood everywhere, in lower case and without punctuation.

    ``thanks`` and ``agreed`` are words and single emoji that need no answer but a reaction.
    """

    greetings: frozenset[str]
    leave: frozenset[str]
    help: frozenset[str]
    yes: frozenset[str]
    no: frozenset[str]
    thanks: frozenset[str] = frozenset()
    agreed: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SystemTexts:
    """What the framework itself says."""

    not_understood: str
    pick_an_option: str
    old_button: str
    old_choice: str
    cannot_read: str
    check_again: str
    help: str
    old_form: str = ""


@dataclass(frozen=True)
class FlowRegistry:
    """The flows and what holds them together.

    Attributes:
        flows: all of them.
        home: the step where greetings and leaving words lead.
        routes: names of the steps that durable buttons lead to; ``help`` is the framework's own.
        keywords: words that lead to a route when typed anywhere.
        shortcuts: notations understood anywhere.
        anonymous: the step that answers members who hide their phone number; they reach no other. Empty: none.

    Raises:
        FlowRegistryError: an exit leads nowhere, a step cannot be reached, calls may follow one another without end,
            or a name is used twice.
    """

    flows: Sequence[Flow]
    home: str
    vocabulary: Vocabulary
    texts: SystemTexts
    routes: Mapping[str, str] = field(default_factory=dict)
    keywords: Mapping[str, str] = field(default_factory=dict)
    shortcuts: Sequence[Shortcut] = ()
    anonymous: str = ""

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise FlowRegistryError(
                "the flows do not hang together:\n" + "\n".join(f"- {problem}" for problem in problems)
            )

    def flow(self, name: str) -> Flow | None:
        """The flow of this name; None also when an older or newer release had it."""
        return next((flow for flow in self.flows if flow.name == name), None)

    def find(self, target: str) -> tuple[Flow, Step] | None:
        """The step that ``flow.step`` names."""
        flow_name, _, step_name = target.partition(".")
        flow = self.flow(flow_name)
        step = flow.step(step_name) if flow else None
        return (flow, step) if flow and step else None

    def edges(self) -> Iterator[tuple[str, str, str]]:
        """Every exit: where from (``flow.step``), its name, where to (``flow.step`` or `END`)."""
        for flow in self.flows:
            for step in flow.steps:
                for name, target in step.exits.items():
                    yield f"{flow.name}.{step.name}", name, resolve(flow, target)

    def _problems(self) -> Iterator[str]:
        yield from self._named_twice()
        yield from self._leading_nowhere()
        yield from self._unreachable()
        yield from self._circling()

    def _steps(self) -> Iterator[tuple[str, Flow, Step]]:
        return ((f"{flow.name}.{step.name}", flow, step) for flow in self.flows for step in flow.steps)

    def _roots(self) -> set[str]:
        anonymous = {self.anonymous} if self.anonymous else set()
        return {self.home, *self.routes.values(), *(shortcut.target for shortcut in self.shortcuts), *anonymous}

    def _named_twice(self) -> Iterator[str]:
        names = [flow.name for flow in self.flows] + [name for name, _, _ in self._steps()]
        yield from (f"{name} is defined twice" for name in sorted({name for name in names if names.count(name) > 1}))

    def _leading_nowhere(self) -> Iterator[str]:
        known = {name for name, _, _ in self._steps()}
        for root in sorted(self._roots() - known):
            yield f"nothing is called {root}, though it is led to from everywhere"
        for word, route in self.keywords.items():
            if route not in {*self.routes, "help"}:
                yield f"the keyword {word!r} leads to {route!r}, which is no route"
        for source, name, target in self.edges():
            if target != END and target not in known:
                yield f"{source} leads by {name!r} to {target}, which does not exist"
        for name, flow, step in self._steps():
            again = resolve(flow, step.reenter_at) if isinstance(step, Question) and step.reenter_at else name
            if again not in known:
                yield f"{name} is shown again by {again}, which does not exist"

    def _unreachable(self) -> Iterator[str]:
        reached = self._roots()
        edges = list(self.edges())
        while more := {target for source, _, target in edges if source in reached and target != END} - reached:
            reached |= more
        yield from (f"{name} cannot be reached" for name, _, _ in self._steps() if name not in reached)

    def _circling(self) -> Iterator[str]:
        """Calls that may follow one another for ever, because no question comes between."""
        onward = {name for name, _, step in self._steps() if isinstance(step, CoreCall)}
        circling: set[str] = set()
        while onward != circling:
            circling = onward
            onward = {source for source, _, target in self.edges() if source in circling and target in circling}
        yield from (f"{name} may call for ever, with no question between" for name in sorted(circling))


def resolve(flow: Flow, target: str) -> str:
    """An exit's target as ``flow.step``; a bare step name means the same flow."""
    return target if target == END or "." in target else f"{flow.name}.{target}"
