"""The proof that promises can break: bots with a planted defect each are found out by exploring."""

from __future__ import annotations

from typing import Final

import pytest

from simulator.explore.invariants.checker import INVARIANTS
from tests.defects.catalogue import PLANTED, Planted
from tests.defects.search import look_for

SOON: Final = 20
"""Defects that are to show within so many worlds are looked for here; ``python -m tests.defects`` looks for all."""


def test_every_promise_is_broken_by_a_planted_defect() -> None:
    """A promise that nothing breaks checks nothing."""
    tripped = frozenset().union(*(planted.breaks for planted in PLANTED.values()))

    assert tripped == frozenset(INVARIANTS)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize(
    "planted",
    [pytest.param(planted, id=name) for name, planted in PLANTED.items() if planted.within <= SOON],
)
def test_a_planted_defect_is_found_within_its_number_of_worlds(planted: Planted) -> None:
    """Exploring from seed 1 comes to a world in which a promise breaks that the defect is known to break."""
    found = look_for(planted.run_bot, range(1, planted.within + 1), options=planted.options)

    assert found is not None
    assert planted.breaks & set(found.invariants)
