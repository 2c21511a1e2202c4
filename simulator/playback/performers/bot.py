"""Performs what happens to the bot's processes."""

from __future__ import annotations

from typing import Final

from simulator.playback.performers.performer import performer
from simulator.script.directives.bot import (
    Deploy,
    FreezeAt,
    KillAt,
    KillBot,
    KillProcess,
    RestartBot,
    SkewClock,
    StartProcess,
    StopBot,
    StopProcess,
)
from simulator.world.operations import deploy as deploy_release
from simulator.world.operations import process_numbered
from simulator.world.stage import Stage

__all__ = ("PERFORMERS",)


async def kill_bot(stage: Stage, _: KillBot) -> None:
    stage.note("The bot is killed")
    for process in stage.world.processes:
        process.kill()


async def stop_bot(stage: Stage, _: StopBot) -> None:
    stage.note("The bot stops")
    for process in stage.world.processes:
        await process.stop()


async def restart_bot(stage: Stage, _: RestartBot) -> None:
    stage.note("The bot starts again")
    for process in stage.world.processes:
        await process.start()


async def kill_at(stage: Stage, step: KillAt) -> None:
    stage.note(f"The bot is to be killed {step.point}")
    stage.world.kill_points.arm(step.point)


async def freeze_at(stage: Stage, step: FreezeAt) -> None:
    stage.note(f"The worker is to freeze {step.point}")
    stage.world.freeze_points.arm(step.point)


async def kill_process(stage: Stage, step: KillProcess) -> None:
    stage.note(f"Process {step.number} is killed")
    process_numbered(stage.world, step.number).kill()


async def stop_process(stage: Stage, step: StopProcess) -> None:
    stage.note(f"Process {step.number} stops")
    await process_numbered(stage.world, step.number).stop()


async def start_process(stage: Stage, step: StartProcess) -> None:
    stage.note(f"Process {step.number} starts")
    await process_numbered(stage.world, step.number).start()


async def skew_clock(stage: Stage, step: SkewClock) -> None:
    seconds = f"{abs(step.by_ms) / 1000:g} s"
    how = f"{seconds} {'ahead' if step.by_ms > 0 else 'behind'}" if step.by_ms else "right again"
    stage.note(f"The clock of process {step.number} is {how}")
    skews = stage.world.skews_ms
    skews[(step.number - 1) % len(skews)] = step.by_ms


async def deploy(stage: Stage, step: Deploy) -> None:
    await deploy_release(stage, step.release, step.only)


PERFORMERS: Final = (
    performer(KillBot, kill_bot),
    performer(StopBot, stop_bot),
    performer(RestartBot, restart_bot),
    performer(KillAt, kill_at),
    performer(FreezeAt, freeze_at),
    performer(KillProcess, kill_process),
    performer(StopProcess, stop_process),
    performer(StartProcess, start_process),
    performer(SkewClock, skew_clock),
    performer(Deploy, deploy),
)
