"""All flows together: the graph, its navigation, the vocabulary understood everywhere, and its check."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from service.conversation.flow import END, CoreCall, Flow, MenuEntry, Question, Shortcut, Step, resolve


class FlowRegistryError(ValueError):
    """The flows do not fit together; every problem is listed."""


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
    """The flows and the vocabulary that they share.

    Attributes:
        home: the step where greetings and leaving words lead.
        anonymous: the step that answers members who hide their phone number; they reach no other. Empty: none.

    Raises:
        FlowRegistryError: an exit leads nowhere, a step cannot be reached, calls may follow one another without end,
            or a name is used twice.
    """

    flows: Sequence[Flow]
    home: str
    vocabulary: Vocabulary
    texts: SystemTexts
    anonymous: str = ""

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise FlowRegistryError(
                "the flows do not hang together:\n" + "\n".join(f"- {problem}" for problem in problems)
            )

    @cached_property
    def routes(self) -> Mapping[str, str]:
        """Route -> step, of all flows."""
        return {route: resolve(flow, target) for flow in self.flows for route, target in flow.routes.items()}

    @cached_property
    def keywords(self) -> Mapping[str, str]:
        """Keyword -> route, of all flows."""
        return {word: route for flow in self.flows for word, route in flow.keywords.items()}

    @cached_property
    def shortcuts(self) -> Sequence[Shortcut]:
        return [
            Shortcut(shortcut.read, resolve(flow, shortcut.target))
            for flow in self.flows
            for shortcut in flow.shortcuts
        ]

    @cached_property
    def menu(self) -> Sequence[MenuEntry]:
        """The rows of the main menu, in the order of the flows."""
        return [entry for flow in self.flows for entry in flow.menu]

    def flow(self, name: str) -> Flow | None:
        """The flow of this name; None also when an older or newer release had it."""
        return next((flow for flow in self.flows if flow.name == name), None)

    def find(self, target: str) -> tuple[Flow, Step] | None:
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
        yield from self._duplicates()
        yield from self._dangling()
        yield from self._unreachable()
        yield from self._endless_calls()

    def _steps(self) -> Iterator[tuple[str, Flow, Step]]:
        return ((f"{flow.name}.{step.name}", flow, step) for flow in self.flows for step in flow.steps)

    def _roots(self) -> set[str]:
        anonymous = {self.anonymous} if self.anonymous else set()
        return {self.home, *self.routes.values(), *(shortcut.target for shortcut in self.shortcuts), *anonymous}

    def _duplicates(self) -> Iterator[str]:
        names = [flow.name for flow in self.flows] + [name for name, _, _ in self._steps()]
        for what, declared in (
            ("", names),
            ("the route ", [route for flow in self.flows for route in flow.routes]),
            ("the keyword ", [word for flow in self.flows for word in flow.keywords]),
        ):
            for name, times in sorted(Counter(declared).items()):
                if times > 1:
                    yield f"{what}{name} is defined twice"

    def _dangling(self) -> Iterator[str]:
        names = {name for name, _, _ in self._steps()}
        for root in sorted(self._roots() - names):
            yield f"nothing is called {root}, though it is led to from everywhere"
        routes = {*self.routes, "help"}
        for word, route in self.keywords.items():
            if route not in routes:
                yield f"the keyword {word!r} leads to {route!r}, which is no route"
        for entry in self.menu:
            if entry.route not in routes:
                yield f"the menu leads to {entry.route!r}, which is no route"
        for source, name, target in self.edges():
            if target != END and target not in names:
                yield f"{source} leads by {name!r} to {target}, which does not exist"
        for name, flow, step in self._steps():
            shown_by = resolve(flow, step.reenter_at) if isinstance(step, Question) and step.reenter_at else name
            if shown_by not in names:
                yield f"{name} is shown again by {shown_by}, which does not exist"

    def _unreachable(self) -> Iterator[str]:
        reached = self._roots()
        edges = list(self.edges())
        while more := {target for source, _, target in edges if source in reached and target != END} - reached:
            reached |= more
        yield from (f"{name} cannot be reached" for name, _, _ in self._steps() if name not in reached)

    def _endless_calls(self) -> Iterator[str]:
        """Calls that may follow one another for ever, because no question comes between."""
        onward = {name for name, _, step in self._steps() if isinstance(step, CoreCall)}
        circling: set[str] = set()
        while onward != circling:
            circling = onward
            onward = {source for source, _, target in self.edges() if source in circling and target in circling}
        yield from (f"{name} may call for ever, with no question between" for name in sorted(circling))
