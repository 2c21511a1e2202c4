"""What goes wrong in a soak: drawn from the seed, all kinds in turn, each turn in another order."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine, Mapping
from typing import Any, Final

from simulator.processes.programs import STOP_WITHIN_S, Program, free_port
from simulator.processes.soak.ledger_audit import Violation
from simulator.processes.soak.stack import START_WITHIN_S, NotInTimeError, Stack, eventually
from simulator.processes.tcp_proxy import Direction, TcpProxy
from simulator.world.faults import Answer, Effect, Fault

__all__ = ("Chaos",)

MOST_EVERY_S: Final = 1.8
"""Between two faults, unless time is too short to have each kind once."""

LEAST_EVERY_S: Final = 0.3
SHARE_OF_A_ROUND: Final = 0.7
"""Each kind has had its turn by then, so that even the last one finds people busy."""

DOWN_S: Final = (0.5, 2.0)
STALL_S: Final = (0.3, 3.0)
"""Around the 2 s that the service gives Redis to answer."""

SLOW_MS: Final = 4_000
OUTAGE_S: Final = 25
"""Longer than the bot looks for the outcome of a write before it says that it does not know it yet."""

OUTAGES: Final = 0.15
"""The share of lost answers after which core cannot be read for so long."""

LEAST_FOR_OUTAGES_S: Final = 60
IN_ORDER: Final = "a process told to stop ends in order"

_UNAVAILABLE: Final = Answer(503, "<html>away</html>", {"content-type": "text/html"})
_ODD: Final = Answer(500, '{"message": "Internal server error"}', {"content-type": "application/json"})
_EXPIRED: Final = Answer(401, '{"message": "Token expired"}', {"content-type": "application/json"})
_BUSY: Final = Answer(429, "Too many requests", {"content-type": "text/html; charset=utf-8", "retry-after": "2"})
_WRITES: Final = ("createCredex", "acceptCredex", "declineCredex", "cancelCredex", "onboardMember")


def _code(code: int, status: int, title: str) -> Answer:
    """An error as the Graph API tells it."""
    error = {"message": f"(#{code}) {title}", "type": "OAuthException", "code": code, "fbtrace_id": "soak"}
    return Answer.json(status, {"error": error})


_GRAPH: Final = (
    Fault(Effect.ANSWER, "messages", answer=_UNAVAILABLE),
    Fault(Effect.ANSWER, "messages", times=3, answer=_code(130429, 429, "Rate limit hit")),
    Fault(
        Effect.ANSWER, "messages", answer=_code(131056, 400, "(Business Account, Consumer Account) pair rate limit hit")
    ),
    Fault(Effect.ANSWER, "messages", answer=_code(131000, 500, "Something went wrong")),
    Fault(Effect.RESET, "messages", times=2),
    Fault(Effect.SLOW, "messages", slow_ms=SLOW_MS),
)
_CORE_BEFORE: Final = (
    Fault(Effect.RESET, times=3),
    Fault(Effect.ANSWER, times=3, answer=_UNAVAILABLE),
    Fault(Effect.ANSWER, "login", times=2, answer=_ODD),
    Fault(Effect.ANSWER, times=2, answer=_EXPIRED),
    Fault(Effect.ANSWER, times=2, answer=_BUSY),
    Fault(Effect.SLOW, times=3, slow_ms=SLOW_MS),
    Fault(Effect.TIMEOUT, times=1),
)

Act = Callable[[], Coroutine[Any, Any, None]]


class Chaos:
    """Breaks one thing after the other, until it is told to stop; then it mends everything.

    Attributes:
        done: how often each kind of fault was brought about.
        broken: promises that were not kept by what was stopped in order.
    """

    def __init__(self, stack: Stack, seed: int, seconds: float) -> None:
        """Prepare to trouble a town for so many seconds."""
        self.done: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self._stack = stack
        self._chance = random.Random(f"{seed}:chaos")
        proxies = stack.proxies
        self._acts: Mapping[str, Act] = {
            "kill -9 service": self._kill_service,
            "kill -9 state": self._kill_state,
            "kill -9 cache": self._kill_cache,
            "SIGTERM deploy": self._deploy,
            "connections reset": self._reset,
            "answers of the state cut": lambda: self._cut(proxies.state, Direction.TO_CLIENT),
            "requests to the state cut": lambda: self._cut(proxies.state, Direction.TO_SERVER),
            "answers of core cut": lambda: self._cut(proxies.core, Direction.TO_CLIENT),
            "answers of WhatsApp cut": lambda: self._cut(proxies.graph, Direction.TO_CLIENT),
            "connections held up": self._stall,
            "connections half closed": self._half_close,
            "core fails before acting": self._core_before,
            "core acts, answer lost": self._core_after,
            "WhatsApp fails": self._graph,
            "WhatsApp sends, answer lost": self._graph_lost,
            "webhook delivered again": self._duplicate,
        }
        self._outages = OUTAGES if seconds >= LEAST_FOR_OUTAGES_S else 0.0
        self._every_s = max(LEAST_EVERY_S, min(MOST_EVERY_S, seconds * SHARE_OF_A_ROUND / len(self._acts)))
        self._background: list[asyncio.Task[None]] = []
        self._deploying: set[int] = set()

    async def run(self) -> None:
        """Break things until cancelled."""
        while True:
            for kind in self._chance.sample(sorted(self._acts), len(self._acts)):
                await asyncio.sleep(self._every_s * self._chance.uniform(0.5, 1.5))
                self.done[kind] += 1
                self._start(self._acts[kind]())

    def _start(self, act: Coroutine[Any, Any, None]) -> None:
        """Faults overlap: one may still last when the next begins."""
        self._background = [task for task in self._background if not task.done() or task.exception()]
        self._background.append(asyncio.create_task(act))

    async def clear_faults(self) -> None:
        """No faults from now on; everything runs."""
        stack = self._stack
        await asyncio.gather(*self._background)
        stack.proxies.clear_faults()
        stack.world.core_proxy.faults.clear()
        stack.world.graph_proxy.faults.clear()
        for place, program in enumerate(stack.bots):
            if program.ended:
                stack.start(place)

    # -- processes --------------------------------------------------------------------------------------------------

    async def _kill_service(self) -> None:
        place = self._chance.randrange(len(self._stack.bots))
        self._stack.kill(place)
        self._stack.start(place)

    async def _kill_state(self) -> None:
        if not self._stack.state.ended:
            self._stack.state.kill()
            await asyncio.sleep(self._chance.uniform(*DOWN_S))
            await self._stack.restart_state()

    async def _kill_cache(self) -> None:
        if not self._stack.cache.ended:
            self._stack.cache.kill()
            await asyncio.sleep(self._chance.uniform(*DOWN_S))
            await self._stack.restart_cache()

    async def _deploy(self) -> None:
        """A new process takes over: it is up before the old one is told to go. Other things break meanwhile."""
        places = [place for place in range(len(self._stack.bots)) if place not in self._deploying]
        if places:
            place = self._chance.choice(places)
            self._deploying.add(place)
            await self._take_over(place)

    async def _take_over(self, place: int) -> None:
        stack, new = self._stack, self._stack.run_bot(free_port())

        async def up() -> bool:
            return new.ended or (await stack.health_of(new))[0] == 200  # noqa: PLR2004

        await eventually(up, "the new process is healthy", within_s=START_WITHIN_S)
        old, stack.bots[place] = stack.bots[place], new
        stack.world.balancer.bots[place] = f"http://127.0.0.1:{new.port}"
        self._deploying.discard(place)
        served = (await stack.health_of(old))[0] != 0
        if not old.ended:
            old.terminate()
            await self._gone(old, served=served)

    async def _gone(self, old: Program, *, served: bool) -> None:
        """A process that was told to stop ends in order, and in time; one that did not serve yet has nothing to end."""

        async def ended() -> bool:
            return old.ended

        try:
            await eventually(ended, "a process that was told to stop has ended", within_s=4 * STOP_WITHIN_S)
        except NotInTimeError as error:
            self.violations.append(Violation(IN_ORDER, f"process {old.pid}", str(error)))
            return
        if served and old.exit_code != 0:
            self.violations.append(
                Violation(IN_ORDER, f"process {old.pid}", f"ended with {old.exit_code} instead of 0")
            )

    # -- connections ------------------------------------------------------------------------------------------------

    def _one(self) -> TcpProxy:
        proxies = self._stack.proxies
        return self._chance.choice((proxies.state, proxies.cache, proxies.core, proxies.graph))

    async def _reset(self) -> None:
        self._one().reset()

    async def _cut(self, proxy: TcpProxy, direction: Direction) -> None:
        proxy.cut_next(direction, self._chance.randint(1, 3))

    async def _stall(self) -> None:
        proxy = self._one()
        proxy.stall()
        try:
            await asyncio.sleep(self._chance.uniform(*STALL_S))
        finally:
            proxy.resume()

    async def _half_close(self) -> None:
        self._one().half_close(self._chance.choice(list(Direction)))

    # -- what the others answer -------------------------------------------------------------------------------------

    async def _core_before(self) -> None:
        self._stack.world.core_proxy.faults.add(self._chance.choice(_CORE_BEFORE))

    async def _core_after(self) -> None:
        effect = self._chance.choice((Effect.RESET, Effect.RESET, Effect.ANSWER, Effect.TIMEOUT))
        answer = self._chance.choice((_UNAVAILABLE, _ODD)) if effect is Effect.ANSWER else None
        faults = self._stack.world.core_proxy.faults
        # The writes that there are most of, and a lost connection, which tempts clients to send again, each time.
        faults.add(Fault(Effect.RESET, "createCredex", after=True))
        faults.add(Fault(effect, "createCredex", after=True, answer=answer))
        faults.add(Fault(effect, self._chance.choice(_WRITES), after=True, answer=answer))
        if self._chance.random() < self._outages:
            number = faults.add(Fault(Effect.ANSWER, "login", times=None, answer=_UNAVAILABLE))
            self.done["core cannot be read for long"] += 1
            await asyncio.sleep(OUTAGE_S)
            faults.remove(number)

    async def _graph(self) -> None:
        self._stack.world.graph_proxy.faults.add(self._chance.choice(_GRAPH))

    async def _graph_lost(self) -> None:
        effect = self._chance.choice((Effect.RESET, Effect.RESET, Effect.TIMEOUT))
        self._stack.world.graph_proxy.faults.add(Fault(effect, "messages", after=True, times=2))

    async def _duplicate(self) -> None:
        at_once = self._chance.random() < 0.5  # noqa: PLR2004 - a share
        self._stack.world.cloud.next_delivery(times=self._chance.randint(2, 4), at_once=at_once)
