"""Operations that take several steps in a world: deployments, and what happens to Redis itself."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Any, Final, cast

from service.mailbox import open_cache, open_state
from simulator.units import FlawError
from simulator.world.process import BotProcess
from simulator.world.stage import Stage
from simulator.world.world import World

__all__ = (
    "back_up_state",
    "deploy",
    "flush_cache",
    "process_numbered",
    "repair",
    "restart_state",
    "restore_state",
)

RESTART_MS: Final = 2_000


# -- processes ------------------------------------------------------------------------------------------------------


def process_numbered(world: World, number: int) -> BotProcess:
    """The process with this number, from 1; numbers wrap, as a shrunk conversation may have fewer than it names."""
    return world.processes[(number - 1) % len(world.processes)]


async def deploy(stage: Stage, release: str, only: int | None = None) -> None:
    """Replace processes one after the other, all or only the one with this number.

    The release is ``this`` one, the ``next`` one, or the ``same`` as the process ran before.
    """
    world = stage.world
    which = "The same release" if release == "same" else f"The {release} release" if release == "next" else "This one"
    stage.note(f"{which} is deployed{'' if only is None else f' to process {only}'}")
    chosen = world.processes if only is None else (process_numbered(world, only),)
    for process in chosen:
        await process.stop()
        place = world.processes.index(process)
        if release == "next":
            world.next_releases.add(place)
            world.ran_next_release = True
        elif release == "this":
            world.next_releases.discard(place)
        await process.start()


# -- Redis ----------------------------------------------------------------------------------------------------------


async def restart_state(stage: Stage) -> None:
    """The state Redis restarts with everything that it acknowledged, and without its cached scripts."""
    world = stage.world
    stage.note("The state Redis restarts")
    world.state_switch.down = True
    await world.pass_time(RESTART_MS)
    client = world.open_quietly(open_state, 0)
    try:
        await client.script_flush()
    finally:
        await client.aclose()
    world.state_switch.down = False


async def back_up_state(stage: Stage) -> None:
    """Save the content of the state Redis for `restore_state`."""
    world = stage.world
    stage.note("The state Redis is backed up")
    client = world.open_quietly(open_state, 0)
    try:
        held: dict[bytes, tuple[bytes, int]] = {}
        # The keys of the state begin with the shard's tag.
        for key in sorted(await cast("Awaitable[list[bytes]]", client.keys("{*"))):
            value = await client.dump(key)
            if value is not None:
                held[key] = value, await client.pttl(key)
    finally:
        await client.aclose()
    world.backup = world.clock_ms(), held


async def restore_state(stage: Stage) -> None:
    """The state Redis comes back with the content that was last saved: later writes are lost.

    Raises:
        FlawError: nothing was ever saved.
    """
    world = stage.world
    if world.backup is None:
        raise FlawError("the state Redis was never backed up", "Say 'state redis: backed up' before.")
    since_ms, held = world.backup
    stage.note("The state Redis comes back without its last writes")
    world.state_switch.down = True
    await world.pass_time(RESTART_MS)
    gone_ms = world.clock_ms() - since_ms
    client = world.open_quietly(open_state, 0)
    try:
        for key in sorted(await cast("Awaitable[list[bytes]]", client.keys("{*"))):
            await client.delete(key)
        for key, (value, ttl_ms) in held.items():
            if ttl_ms < 0 or ttl_ms > gone_ms:
                await client.restore(key, max(0, ttl_ms - gone_ms) if ttl_ms > 0 else 0, value)
    finally:
        await client.aclose()
    world.state_switch.down = False
    world.lost_writes.append((since_ms, world.clock_ms()))
    # No process knows what is due again. In production they poll twice a second.
    for process in world.processes:
        process.wake()


async def flush_cache(stage: Stage) -> None:
    """The cache Redis loses all keys."""
    stage.note("The cache Redis loses everything")
    client = stage.world.open_quietly(open_cache, 1)
    try:
        keys: list[bytes] = await cast("Awaitable[Any]", client.keys("*"))
        # A real server holds both in one database; the keys of the state begin with the shard's tag.
        cached = sorted(key for key in keys if not key.startswith(b"{"))
        if cached:
            await client.delete(*cached)
    finally:
        await client.aclose()


# -- the end of all faults ------------------------------------------------------------------------------------------


async def repair(stage: Stage) -> None:
    """End all faults and start all processes."""
    world = stage.world
    stage.note("Everything works again")
    for faults in (world.core_faults, world.graph_faults, world.webhook_faults):
        faults.clear()
    for points in (world.kill_points, world.freeze_points, world.drop_points):
        points.disarm()
    world.cloud.rules.clear()
    world.cloud.release()
    world.state_switch.down = world.cache_switch.down = world.full = False
    world.skews_ms[:] = [0] * len(world.skews_ms)
    await _restart(world)


async def _restart(world: World) -> None:
    for place, process in enumerate(world.processes):
        # Only the next release can read what the next release stored: every process ends up on it.
        if world.ran_next_release and place not in world.next_releases:
            world.next_releases.add(place)
            await process.stop()
        await process.start()
