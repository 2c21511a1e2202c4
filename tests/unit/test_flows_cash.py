"""Cash in and out, as plays."""

from __future__ import annotations

import pytest

from tests.unit.flows_play import Stage
from tests.unit.flows_world import known


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_cash_is_explained_from_anywhere(stage: Stage) -> None:
    """From the menu and by each word for it, without asking core."""
    for play in (
        stage.member().say("hi").core(known()).tap("Cash in and out"),
        *(stage.member().say(word) for word in ("cash", "Cash in", "cash out", "cash in and out")),
    ):
        assert play.call is None
        assert play.at == "cash.text"
        assert "*Cash in* is free." in play.text
        assert "*Cash out* costs 2 %." in play.text
        assert play.tap("Menu").core(known()).at == "dashboard.menu"
