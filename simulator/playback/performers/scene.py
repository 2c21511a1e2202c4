"""Performs what concerns the course of a conversation: time, and the end of all faults."""

from __future__ import annotations

from typing import Final

from simulator.playback.performers.performer import performer
from simulator.script.directives.scene import Hurry, Repair, Wait
from simulator.world import operations
from simulator.world.stage import Stage

__all__ = ("PERFORMERS",)


async def wait(stage: Stage, step: Wait) -> None:
    await stage.wait(step.duration_ms)


async def hurry(stage: Stage, step: Hurry) -> None:
    await stage.world.pass_time(step.duration_ms)


async def repair(stage: Stage, _: Repair) -> None:
    await operations.repair(stage)


PERFORMERS: Final = (performer(Wait, wait), performer(Hurry, hurry), performer(Repair, repair))
