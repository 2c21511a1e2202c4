"""What every explored world is held to: promises, judged from outside after every step and at the end."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Final

from simulator.explore.invariants.history import History
from simulator.explore.invariants.invariant import Invariant, Observation, Violation
from simulator.explore.invariants.liveness import Bounded, Continues, Drains, GoesOn, Private, Unfailing
from simulator.explore.invariants.log import Log
from simulator.explore.invariants.messaging import Accepted, AlwaysAnswered, InOrder, Once
from simulator.explore.invariants.money import Confirmed, Conserved, Reported, Truthful
from simulator.explore.invariants.redis_contents import EmbeddedStore, RedisContents, StoredKeys
from simulator.whatsapp_cloud import Event, SendRefused
from simulator.world.operations import repair
from simulator.world.stage import Stage
from simulator.world.world import World

__all__ = ("INVARIANTS", "InvariantChecker", "Violation")

LOOK_EVERY_MS: Final = 1_000
DRAINED_WITHIN_MS: Final = 20 * 60_000
"""Claims and sending are over by then, whatever happened before."""

DELIVERED_WITHIN_MS: Final = 3 * 3_600_000
"""WhatsApp waits longer from one attempt to the next: as long again as the trouble lasted."""

FORGOTTEN_WITHIN_MS: Final = 75 * 3_600_000
"""The longest life of an intent: to the end of the second day after it, and an hour to look."""


def _promises() -> tuple[Invariant, ...]:
    return (
        AlwaysAnswered(),
        Once(),
        InOrder(),
        Confirmed(),
        Truthful(),
        Reported(),
        Conserved(),
        Private(),
        Continues(),
        GoesOn(),
        Drains(),
        Bounded(),
        Accepted(),
        Unfailing(),
    )


INVARIANTS: Final = {invariant.name: invariant.sentence for invariant in _promises()}
"""Every promise, in one sentence each."""


class InvariantChecker:
    """Watches a world from its start.

    Attributes:
        checked: how often each promise was looked at.
    """

    def __init__(self, world: World, *, log: Log | None = None) -> None:
        """Begin to watch; with the bot's ``log`` (see `listening`) exceptions are seen as well."""
        self.checked: Counter[str] = Counter()
        self._world = world
        self._log = Log() if log is None else log
        self._history = History(world)
        servers = world._servers  # noqa: SLF001 - a look from outside must not pass through the world's own wires
        self._redis = RedisContents(*(EmbeddedStore(server) for server in servers))
        self._promises = _promises()
        self._refused: dict[str, list[int]] = defaultdict(list)
        self._found: set[tuple[str, str, str]] = set()
        self._continues = next(each for each in self._promises if isinstance(each, Continues))
        world.watchers.append(self._see)
        asyncio.get_running_loop().set_exception_handler(self._log.unhandled)

    async def after_step(self) -> tuple[Violation, ...]:
        """What is broken now and was not before."""
        return await self._judged(over=False)

    async def at_end(self) -> tuple[Violation, ...]:
        """Let all work again, let everything come to its end, have everybody ask for the menu, and judge."""
        broken = await self._judged(over=False)
        await repair(Stage(self._world))
        await self._until_drained(DELIVERED_WITHIN_MS)
        await self._until_forgotten()
        await self._ask()
        await self._until_drained(DRAINED_WITHIN_MS)
        return broken + await self._judged(over=True)

    def stuck(self, error: Exception) -> Violation:
        """The world does not come to rest, or not to its end."""
        return Violation(GoesOn.name, "", str(error), self._world.clock_ms())

    # -- looking ------------------------------------------------------------------------------------------------

    def _see(self, event: Event) -> None:
        if isinstance(event, SendRefused):
            self._refused[self._history.who(event.phone or "")].append(event.code)
        for invariant in self._promises:
            if isinstance(invariant, InOrder):
                invariant.see(event)

    async def _judged(self, *, over: bool) -> tuple[Violation, ...]:
        observation = await self._moment(over=over)
        broken: list[Violation] = []
        for invariant in self._promises:
            self.checked[invariant.name] += 1
            for breach in invariant.findings(observation):
                known = (invariant.name, breach.who, breach.what)
                if known not in self._found:
                    self._found.add(known)
                    broken.append(Violation(invariant.name, breach.who, breach.what, observation.now_ms))
        return tuple(broken)

    async def _moment(self, *, over: bool) -> Observation:
        self._history.look()
        keys = self._redis.keys()
        unresolved = frozenset(self._history.who(member) for member in keys.by_kind["intent"])
        return Observation(
            now_ms=self._world.clock_ms(),
            history=self._history,
            redis=self._redis,
            keys=keys,
            idle=self._resting(keys),
            unresolved=unresolved,
            given_up=self._log.given_up,
            errors=tuple(self._log.errors),
            refused={who: tuple(codes) for who, codes in self._refused.items()},
            over=over,
        )

    def _resting(self, keys: StoredKeys) -> frozenset[str]:
        """People who have nothing in a queue and no claim in hand."""
        working = {self._history.who(member) for member in self._redis.members_with_work(keys)}
        now_ms = self._world.clock_ms()
        due = self._redis.state.due("inbox")
        held = {
            self._history.who(member) for member in due if member not in keys.by_kind["intent"] or due[member] <= now_ms
        }
        return frozenset(self._world.people) - working - held

    # -- the end ------------------------------------------------------------------------------------------------

    async def _until_drained(self, within_ms: int) -> None:
        begun = self._world.clock_ms()
        while (so_far := self._world.clock_ms() - begun) < within_ms:
            # What has taken an hour may take a minute more.
            await self._world.pass_time(max(LOOK_EVERY_MS, so_far // 60))
            # Not only what is due soon: a webhook that comes again in an hour is still to be answered.
            coming = self._world.cloud.dispatcher.busy(self._world.clock_ms() + DELIVERED_WITHIN_MS)
            busy = coming or any([await host.busy() for host in self._world.processes])
            if not busy and not self._redis.members_with_work(self._redis.keys()):
                return

    async def _until_forgotten(self) -> None:
        limit = self._world.clock_ms() + FORGOTTEN_WITHIN_MS
        while self._redis.keys().by_kind["intent"] and self._world.clock_ms() < limit:
            due_ms = min(self._redis.state.due("inbox").values(), default=0)
            await self._world.pass_time(max(LOOK_EVERY_MS, due_ms - self._world.clock_ms() + LOOK_EVERY_MS))
        await self._until_drained(DRAINED_WITHIN_MS)

    async def _ask(self) -> None:
        self._history.look()
        for who, handset in self._world.handsets.items():
            if handset.online and not handset.blocked:
                self._continues.asked[who] = len(self._history.outgoing[who])
                handset.type("menu")
