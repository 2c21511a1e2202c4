"""What an adversary does to a world, beyond single requests that fail: processes, releases, clocks and Redis itself."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import TYPE_CHECKING, Any, Final, cast

from service.mailbox import open_cache, open_state
from simulator.script.yaml_reader import FlawError

if TYPE_CHECKING:
    from simulator.playback.player import Stage
    from simulator.world.network import Fault
    from simulator.world.process import BotProcess
    from simulator.world.world import World

__all__ = (
    "back_up",
    "deploy",
    "flush_cache",
    "kill",
    "network_fails",
    "repair",
    "restart_state",
    "restore",
    "run_full",
    "skew",
    "start",
    "state_drops",
    "stop",
    "webhook_is_odd",
)

RESTART_MS: Final = 2_000


def _process(stage: Stage, number: int) -> BotProcess:
    processes = stage.world.processes
    # A conversation that was made smaller may have fewer processes than its lines speak of.
    return processes[(number - 1) % len(processes)]


# -- processes ----------------------------------------------------------------------------------------------------


async def kill(stage: Stage, number: int) -> None:
    """A process is killed now."""
    stage.note(f"Process {number} is killed")
    _process(stage, number).kill()


async def stop(stage: Stage, number: int) -> None:
    """A process stops in an orderly way."""
    stage.note(f"Process {number} stops")
    await _process(stage, number).stop()


async def start(stage: Stage, number: int) -> None:
    """A process starts, if it does not run."""
    stage.note(f"Process {number} starts")
    await _process(stage, number).start()


async def skew(stage: Stage, number: int, by_ms: int) -> None:
    """A process's clock is wrong from now on, or (0) right again."""
    how = "right again" if by_ms == 0 else f"{abs(by_ms) / 1000:g} s {'ahead' if by_ms > 0 else 'behind'}"
    stage.note(f"The clock of process {number} is {how}")
    skews = stage.world.skews_ms
    skews[(number - 1) % len(skews)] = by_ms


async def deploy(stage: Stage, release: str, only: int | None = None) -> None:
    """Processes are replaced one after the other: by ``this`` release, the ``next`` one, or the ``same`` as before."""
    world = stage.world
    which = "The same release" if release == "same" else f"The {release} release" if release == "next" else "This one"
    stage.note(f"{which} is deployed{'' if only is None else f' to process {only}'}")
    chosen = world.processes if only is None else (_process(stage, only),)
    for process in chosen:
        await process.stop()
        place = world.processes.index(process)
        if release == "next":
            world.next_releases.add(place)
            world.ran_next_release = True
        elif release == "this":
            world.next_releases.discard(place)
        await process.start()


# -- wires --------------------------------------------------------------------------------------------------------


async def network_fails(stage: Stage, fault: Fault, said: str) -> None:
    """The way from WhatsApp to the bot fails."""
    stage.note(said)
    stage.world.webhook_faults.add(fault)


async def webhook_is_odd(stage: Stage, changes: dict[str, Any]) -> None:
    """The next message's webhook comes late, or several times."""
    times, late_s = changes.get("times", 1), changes.get("delay_ms", 0) / 1000
    often = "" if times == 1 else f" {times} times{' at once' if changes.get('at_once') else ''}"
    stage.note(f"The next webhook is delivered{often}{f' {late_s:g} s late' if late_s else ''}")
    stage.world.cloud.next_delivery(**changes)


# -- Redis --------------------------------------------------------------------------------------------------------


async def state_drops(stage: Stage, script: str) -> None:
    """The connection breaks before the next run of a script reaches the state Redis."""
    stage.note(f"The connection to the state Redis breaks before the next {script}")
    stage.world.drop_points.arm(f"before {script}")


async def run_full(stage: Stage, *, full: bool) -> None:
    """The state Redis is at its memory limit, or has room again."""
    stage.note(f"The state Redis {'is full' if full else 'has room again'}")
    stage.world.full = full


async def restart_state(stage: Stage) -> None:
    """The state Redis restarts on what it has acknowledged; it has forgotten its scripts, for they are not data."""
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


async def back_up(stage: Stage) -> None:
    """What the state Redis holds now is what it will come back with after `restore`."""
    world = stage.world
    stage.note("The state Redis is backed up")
    client = world.open_quietly(open_state, 0)
    try:
        held: dict[bytes, tuple[bytes, int]] = {}
        # Keys of the state begin with the shard's tag.
        for key in sorted(await cast("Awaitable[list[bytes]]", client.keys("{*"))):
            value = await client.dump(key)
            if value is not None:
                held[key] = value, await client.pttl(key)
    finally:
        await client.aclose()
    world.backup = world.clock_ms(), held


async def restore(stage: Stage) -> None:
    """The state Redis comes back with what it was backed up with: whatever it acknowledged since is lost.

    Raises:
        Flaw: it was never backed up.
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
    # What is due again nobody here has heard of; in production they look twice a second.
    for process in world.processes:
        process.wake()


async def flush_cache(stage: Stage) -> None:
    """The cache Redis loses all that it holds."""
    stage.note("The cache Redis loses everything")
    client = stage.world.open_quietly(open_cache, 1)
    try:
        keys: list[bytes] = await cast("Awaitable[Any]", client.keys("*"))
        # On a real server both are one database, and the keys of the state begin with the shard's tag.
        cached = sorted(key for key in keys if not key.startswith(b"{"))
        if cached:
            await client.delete(*cached)
    finally:
        await client.aclose()


# -- the end of it ------------------------------------------------------------------------------------------------


async def repair(stage: Stage) -> None:
    """Everything works again; whoever was away comes back."""
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
        # What the next release has stored only the next release can read: a roll-back ends by rolling forward.
        if world.ran_next_release and place not in world.next_releases:
            world.next_releases.add(place)
            await process.stop()
        await process.start()
