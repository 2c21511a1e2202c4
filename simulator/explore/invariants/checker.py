"""Checks all invariants of a world from outside, after every step and at the end."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from typing import Final

from simulator.explore.invariants.history import History
from simulator.explore.invariants.invariant import Invariant, Observation, Violation
from simulator.explore.invariants.liveness import Bounded, Continues, Drains, GoesOn, Unfailing
from simulator.explore.invariants.log import Log
from simulator.explore.invariants.messaging import Accepted, AlwaysAnswered, InOrder, Once
from simulator.explore.invariants.money import Confirmed, Conserved, Reported, Truthful
from simulator.explore.invariants.privacy import Private
from simulator.explore.invariants.redis_contents import EmbeddedStore, RedisContents, StoredKeys
from simulator.whatsapp_cloud import Event, SendRefused
from simulator.world.operations import repair
from simulator.world.stage import Stage
from simulator.world.world import World

__all__ = ("INVARIANTS", "InvariantChecker", "Violation")

CHECK_EVERY_MS: Final = 1_000
DRAINED_WITHIN_MS: Final = 20 * 60_000
"""Leases and retries have ended by then."""

DELIVERED_WITHIN_MS: Final = 3 * 3_600_000
"""WhatsApp's waits between attempts grow; the last one may be as long as the fault lasted."""

FORGOTTEN_WITHIN_MS: Final = 75 * 3_600_000
"""The longest life of a pending write: to the end of the second day after it, and an hour to reconcile."""


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
"""All invariants by name, each in one sentence."""


class InvariantChecker:
    """Checks a world from its start.

    Attributes:
        checked: the number of checks per invariant.
    """

    def __init__(self, world: World, *, log: Log | None = None) -> None:
        """Start checking; with the bot's ``log`` (see `listening`) exceptions are found as well."""
        self.checked: Counter[str] = Counter()
        self._world = world
        self._log = Log() if log is None else log
        self._history = History(world)
        servers = world._servers  # noqa: SLF001 - reads must not pass through the world's connections
        self._redis = RedisContents(*(EmbeddedStore(server) for server in servers))
        self._promises = _promises()
        self._refused: dict[str, list[int]] = defaultdict(list)
        self._found: set[tuple[str, str, str]] = set()
        self._continues = next(each for each in self._promises if isinstance(each, Continues))
        world.watchers.append(self._handle_event)
        asyncio.get_running_loop().set_exception_handler(self._log.unhandled)

    async def after_step(self) -> tuple[Violation, ...]:
        """Check after a step; returns new violations."""
        return await self._check(over=False)

    async def at_end(self) -> tuple[Violation, ...]:
        """Remove all faults, wait until all work is done, have everybody ask for the menu, and check."""
        broken = await self._check(over=False)
        await repair(Stage(self._world))
        await self._until_drained(DELIVERED_WITHIN_MS)
        await self._until_forgotten()
        await self._ask_for_menu()
        await self._until_drained(DRAINED_WITHIN_MS)
        return broken + await self._check(over=True)

    def stuck(self, error: Exception) -> Violation:
        """The violation for a world that does not settle or end."""
        return Violation(GoesOn.name, "", str(error), self._world.clock_ms())

    # -- checking -----------------------------------------------------------------------------------------------

    def _handle_event(self, event: Event) -> None:
        if isinstance(event, SendRefused):
            self._refused[self._history.who(event.phone or "")].append(event.code)
        for invariant in self._promises:
            if isinstance(invariant, InOrder):
                invariant.handle_event(event)

    async def _check(self, *, over: bool) -> tuple[Violation, ...]:
        observation = await self._observe(over=over)
        broken: list[Violation] = []
        for invariant in self._promises:
            self.checked[invariant.name] += 1
            for finding in invariant.findings(observation):
                known = (invariant.name, finding.who, finding.what)
                if known not in self._found:
                    self._found.add(known)
                    broken.append(Violation(invariant.name, finding.who, finding.what, observation.now_ms))
        return tuple(broken)

    async def _observe(self, *, over: bool) -> Observation:
        self._history.update()
        keys = self._redis.keys()
        unresolved = frozenset(self._history.who(member) for member in keys.by_kind["intent"])
        return Observation(
            now_ms=self._world.clock_ms(),
            history=self._history,
            redis=self._redis,
            keys=keys,
            idle=self._idle(keys),
            unresolved=unresolved,
            given_up=self._log.given_up,
            errors=tuple(self._log.errors),
            refused={who: tuple(codes) for who, codes in self._refused.items()},
            over=over,
        )

    def _idle(self, keys: StoredKeys) -> frozenset[str]:
        """People without queued messages and without a held lease."""
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
            # The interval grows with the time waited.
            await self._world.pass_time(max(CHECK_EVERY_MS, so_far // 60))
            # Include webhooks that will be retried only in some hours: they still have to be answered.
            coming = self._world.cloud.dispatcher.busy(self._world.clock_ms() + DELIVERED_WITHIN_MS)
            busy = coming or any([await host.busy() for host in self._world.processes])
            if not busy and not self._redis.members_with_work(self._redis.keys()):
                return

    async def _until_forgotten(self) -> None:
        limit = self._world.clock_ms() + FORGOTTEN_WITHIN_MS
        while self._redis.keys().by_kind["intent"] and self._world.clock_ms() < limit:
            due_ms = min(self._redis.state.due("inbox").values(), default=0)
            await self._world.pass_time(max(CHECK_EVERY_MS, due_ms - self._world.clock_ms() + CHECK_EVERY_MS))
        await self._until_drained(DRAINED_WITHIN_MS)

    async def _ask_for_menu(self) -> None:
        self._history.update()
        for who, handset in self._world.handsets.items():
            if handset.online and not handset.blocked:
                self._continues.asked[who] = len(self._history.outgoing[who])
                handset.type("menu")
