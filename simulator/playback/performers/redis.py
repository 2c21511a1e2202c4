"""Performs what happens to the two Redis instances."""

from __future__ import annotations

from typing import Final

from simulator.playback.performers.performer import performer
from simulator.script.directives.redis import (
    BackUpState,
    BreakConnection,
    FillState,
    FlushCache,
    LoseReply,
    RestartState,
    RestoreState,
    SwitchRedis,
)
from simulator.world import operations
from simulator.world.stage import Stage

__all__ = ("PERFORMERS",)


async def switch_redis(stage: Stage, step: SwitchRedis) -> None:
    world = stage.world
    for which, down, switch in (
        ("cache", step.cache_down, world.cache_switch),
        ("state", step.state_down, world.state_switch),
    ):
        if down is not None:
            stage.note(f"The {which} Redis {'goes away' if down else 'is back'}")
            switch.down = down


async def lose_reply(stage: Stage, step: LoseReply) -> None:
    stage.note(f"The state Redis does the next {step.script}, but its answer is lost")
    stage.world.drop_points.arm(f"after {step.script}")


async def break_connection(stage: Stage, step: BreakConnection) -> None:
    stage.note(f"The connection to the state Redis breaks before the next {step.script}")
    stage.world.drop_points.arm(f"before {step.script}")


async def restart_state(stage: Stage, _: RestartState) -> None:
    await operations.restart_state(stage)


async def back_up_state(stage: Stage, _: BackUpState) -> None:
    await operations.back_up_state(stage)


async def restore_state(stage: Stage, _: RestoreState) -> None:
    await operations.restore_state(stage)


async def fill_state(stage: Stage, step: FillState) -> None:
    stage.note(f"The state Redis {'is full' if step.full else 'has room again'}")
    stage.world.full = step.full


async def flush_cache(stage: Stage, _: FlushCache) -> None:
    await operations.flush_cache(stage)


PERFORMERS: Final = (
    performer(SwitchRedis, switch_redis),
    performer(LoseReply, lose_reply),
    performer(BreakConnection, break_connection),
    performer(RestartState, restart_state),
    performer(BackUpState, back_up_state),
    performer(RestoreState, restore_state),
    performer(FillState, fill_state),
    performer(FlushCache, flush_cache),
)
