"""What steps do: one performer for each type of step, in one table for each group of directives."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from simulator.playback.performers import bot, core, handset, people, redis, scene, whatsapp
from simulator.playback.performers.performer import Performer, performer
from simulator.script.directives import Step
from simulator.script.directives.scene import AtOnce, Together
from simulator.world.stage import Stage

__all__ = ("PERFORMERS", "perform")


async def perform(stage: Stage, step: Step) -> None:
    """Do to the stage what a step says.

    Raises:
        FlawError: the world is not as the step expects.
    """
    await PERFORMERS[type(step)](stage, step)


async def together(stage: Stage, step: Together) -> None:
    with stage.world.cloud.batch():
        for each in step.steps:
            await perform(stage, each)


async def at_once(stage: Stage, step: AtOnce) -> None:
    for each in step.steps:
        await perform(stage, each)


PERFORMERS: Final = MappingProxyType[type[Step], Performer](
    dict(
        (
            *(entry for group in (people, handset, scene, whatsapp, core, redis, bot) for entry in group.PERFORMERS),
            performer(Together, together),
            performer(AtOnce, at_once),
        )
    )
)
"""Each type of step with its performer."""
