"""Every exit of every flow is walked by a play."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

from service.flows import flow_registry
from tests.unit import (
    test_flows_accept_all,
    test_flows_accounts,
    test_flows_business,
    test_flows_cash,
    test_flows_greeting,
    test_flows_ledger,
    test_flows_offer,
    test_flows_offer_terms,
    test_flows_pending,
    test_flows_people,
    test_flows_registration,
    test_flows_upgrade,
)
from tests.unit.flows_play import Stage

MODULES = (
    test_flows_accounts,
    test_flows_accept_all,
    test_flows_business,
    test_flows_cash,
    test_flows_greeting,
    test_flows_ledger,
    test_flows_offer,
    test_flows_offer_terms,
    test_flows_pending,
    test_flows_people,
    test_flows_registration,
    test_flows_upgrade,
)


def plays() -> Iterator[Callable[[Stage], None]]:
    """All tests of the modules of plays that need nothing but a stage."""
    for module in MODULES:
        for name, test in inspect.getmembers(module, inspect.isfunction):
            if name.startswith("test_") and list(inspect.signature(test).parameters) == ["stage"]:
                yield test


def test_every_exit_of_every_step_is_walked_by_a_play() -> None:
    """Whoever adds an exit adds a play that takes it; those that are missing are listed."""
    stage = Stage()
    for play in plays():
        play(stage)
    walked = {(f"{walked.flow}.{walked.step}", walked.exit) for walked in stage.walked}
    exits = {(step, way) for step, way, _ in flow_registry().edges()}
    assert sorted(exits - walked) == []
    assert walked <= exits
