"""Between the bot and the load balancer it is the load balancer that closes an idle connection."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from service.__main__ import KEEP_ALIVE_S

STACKS = Path(__file__).resolve().parents[2] / "snapshots" / "infrastructure"


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_bot_keeps_connections_longer_than_the_load_balancer(environment: str) -> None:
    """If the bot closed first, a request that is on its way at that moment would be answered 502."""
    stack = json.loads((STACKS / f"{environment}-application.json").read_text("utf-8"))
    idle = [balancer["idle_timeout"] for balancer in stack["resource"]["aws_lb"].values()]

    assert len(idle) == 1
    assert max(idle) < KEEP_ALIVE_S
