"""A flow's picture shows all of it, and can be read: no two arrows lead to one box."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from notebooks.review.graph import everywhere, in_words, outline, source_of, targets
from notebooks.review.tryout import small_registry
from service.conversation import Flow, FlowRegistry, Question
from service.flows.login import DASHBOARD_FAILED_EXITS
from service.messages import Text
from simulator.playback.coverage import registries

FLOWS = [(registry, flow) for registry in registries() for flow in registry.flows]


@pytest.mark.parametrize(("registry", "flow"), FLOWS, ids=[flow.name for _, flow in FLOWS])
def test_every_exit_stands_in_the_picture(registry: FlowRegistry, flow: Flow) -> None:
    """As an arrow's label, as a line in its step's box, or as a mark that is explained below."""
    source = source_of(registry, flow)
    for step in flow.steps:
        box = next(line for line in source.splitlines() if line.startswith(f'"{step.name}" [label=<'))
        arrows = [line for line in source.splitlines() if line.startswith(f'"{step.name}" -> ')]
        for name, target in targets(flow, step):
            drawn = any(f'label=" {in_words(name)} "' in line for line in arrows)
            astray = DASHBOARD_FAILED_EXITS.get(name) == target and f"{in_words(name)} → " in source
            said = f"{in_words(name)} → " in box or f">→ {in_words(name)}<" in box
            assert drawn or said or astray, f"{flow.name}.{step.name} → {name}"


@pytest.mark.parametrize(("registry", "flow"), FLOWS, ids=[flow.name for _, flow in FLOWS])
def test_no_box_has_two_arrows_of_exits(registry: FlowRegistry, flow: Flow) -> None:
    """So the arrows are trees, and trees can be drawn without crossings."""
    lines = source_of(registry, flow).splitlines()
    into = Counter(line.split('"')[3] for line in lines if " -> " in line and "dashed" not in line)

    assert [step for step, number in into.items() if number > 1] == []


def test_an_outline_names_every_exit_and_where_it_leads() -> None:
    """It is what a check compares: a way that is removed is a line less."""
    ask = Question("which", "text", lambda _: [Text("Which?")], {"ok": "", "back": "home.here"})
    flow = Flow("f", "A flow", [ask])

    assert outline(flow) == [
        "f: A flow",
        "  f.which (asks; the answer is typed)",
        "    ok → the end",
        "    back → home.here",
    ]
    assert outline(replace(flow, steps=[replace(ask, exits={"ok": ""})])) == outline(flow)[:-1]


def test_what_holds_everywhere_is_said_from_the_book() -> None:
    """The words that leave a flow are those that the engine knows."""
    said = everywhere(small_registry(Flow("f", "F", [Question("a", "text", lambda _: [Text("?")], {"ok": ""})]))).text()

    assert "cancel" in said
    assert "nothing for more than 5 minutes" in said
