"""The faults of a soak: all kinds in turn, in an order drawn from the seed."""

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

MAX_INTERVAL_S: Final = 1.8
"""The interval between two faults, unless the time is too short for one of each kind."""

MIN_INTERVAL_S: Final = 0.3
SHARE_OF_A_ROUND: Final = 0.7
"""The share of the time in which each kind occurs once, so that the last one still meets load."""

DOWN_S: Final = (0.5, 2.0)
STALL_S: Final = (0.3, 3.0)
"""Around the service's timeout for Redis, 2 s."""

SLOW_MS: Final = 4_000
OUTAGE_S: Final = 25
"""Longer than the bot reconciles a write before it reports that the outcome is unknown."""

OUTAGES: Final = 0.15
"""The share of lost answers that are followed by an outage."""

MIN_SECONDS_FOR_OUTAGES: Final = 60
GRACEFUL: Final = "a process stops gracefully on SIGTERM"

_UNAVAILABLE: Final = Answer(503, "<html>away</html>", {"content-type": "text/html"})
_SERVER_ERROR: Final = Answer(500, '{"message": "Internal server error"}', {"content-type": "application/json"})
_EXPIRED: Final = Answer(401, '{"message": "Token expired"}', {"content-type": "application/json"})
_BUSY: Final = Answer(429, "Too many requests", {"content-type": "text/html; charset=utf-8", "retry-after": "2"})
_WRITES: Final = ("createCredex", "acceptCredex", "declineCredex", "cancelCredex", "onboardMember")


def _code(code: int, status: int, title: str) -> Answer:
    """An error answer of the Graph API."""
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
    Fault(Effect.ANSWER, "login", times=2, answer=_SERVER_ERROR),
    Fault(Effect.ANSWER, times=2, answer=_EXPIRED),
    Fault(Effect.ANSWER, times=2, answer=_BUSY),
    Fault(Effect.SLOW, times=3, slow_ms=SLOW_MS),
    Fault(Effect.TIMEOUT, times=1),
)

InjectFault = Callable[[], Coroutine[Any, Any, None]]


class Chaos:
    """Injects faults one after the other until it is cancelled; `repair` then removes them.

    Attributes:
        done: how often each kind of fault was injected.
        violations: found when processes were stopped.
    """

    def __init__(self, stack: Stack, seed: int, seconds: float) -> None:
        """Prepare faults for a stack, for a run of so many seconds."""
        self.done: Counter[str] = Counter()
        self.violations: list[Violation] = []
        self._stack = stack
        self._chance = random.Random(f"{seed}:chaos")
        proxies = stack.proxies
        self._injections: Mapping[str, InjectFault] = {
            "kill -9 service": self._kill_service,
            "kill -9 state": self._kill_state,
            "kill -9 cache": self._kill_cache,
            "SIGTERM deploy": self._deploy,
            "connections reset": self._reset,
            "answers of the state cut": lambda: self._cut(proxies.state, Direction.TO_CLIENT),
            "requests to the state cut": lambda: self._cut(proxies.state, Direction.TO_SERVER),
            "answers of core cut": lambda: self._cut(proxies.core, Direction.TO_CLIENT),
            "answers of WhatsApp cut": lambda: self._cut(proxies.graph, Direction.TO_CLIENT),
            "connections stalled": self._stall,
            "connections half closed": self._half_close,
            "core fails before acting": self._core_before,
            "core acts, answer lost": self._core_after,
            "WhatsApp fails": self._graph,
            "WhatsApp sends, answer lost": self._graph_lost,
            "webhook delivered again": self._duplicate,
        }
        self._outages = OUTAGES if seconds >= MIN_SECONDS_FOR_OUTAGES else 0.0
        self._interval_s = max(MIN_INTERVAL_S, min(MAX_INTERVAL_S, seconds * SHARE_OF_A_ROUND / len(self._injections)))
        self._background: list[asyncio.Task[None]] = []
        self._deploying: set[int] = set()

    async def run(self) -> None:
        """Inject faults until cancelled."""
        while True:
            for kind in self._chance.sample(sorted(self._injections), len(self._injections)):
                await asyncio.sleep(self._interval_s * self._chance.uniform(0.5, 1.5))
                self.done[kind] += 1
                self._start(self._injections[kind]())

    def _start(self, act: Coroutine[Any, Any, None]) -> None:
        """Start a fault; it may still last when the next one begins."""
        self._background = [task for task in self._background if not task.done() or task.exception()]
        self._background.append(asyncio.create_task(act))

    async def repair(self) -> None:
        """Remove all faults and start all processes."""
        stack = self._stack
        await asyncio.gather(*self._background)
        stack.proxies.clear_faults()
        stack.world.core_proxy.faults.clear()
        stack.world.graph_proxy.faults.clear()
        for index, program in enumerate(stack.bots):
            if program.ended:
                stack.start(index)

    # -- processes --------------------------------------------------------------------------------------------------

    async def _kill_service(self) -> None:
        index = self._chance.randrange(len(self._stack.bots))
        self._stack.kill(index)
        self._stack.start(index)

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
        """Replace a process by a new one, which is healthy before the old one is stopped."""
        indexs = [index for index in range(len(self._stack.bots)) if index not in self._deploying]
        if indexs:
            index = self._chance.choice(indexs)
            self._deploying.add(index)
            await self._take_over(index)

    async def _take_over(self, index: int) -> None:
        stack, new = self._stack, self._stack.run_bot(free_port())

        async def up() -> bool:
            return new.ended or (await stack.health_of(new))[0] == 200  # noqa: PLR2004

        await eventually(up, "the new process is healthy", within_s=START_WITHIN_S)
        old, stack.bots[index] = stack.bots[index], new
        stack.world.balancer.bots[index] = f"http://127.0.0.1:{new.port}"
        self._deploying.discard(index)
        served = (await stack.health_of(old))[0] != 0
        if not old.ended:
            old.terminate()
            await self._await_stop(old, served=served)

    async def _await_stop(self, old: Program, *, served: bool) -> None:
        """Check that a process stops in time and, if it had started to serve, with exit code 0."""

        async def ended() -> bool:
            return old.ended

        try:
            await eventually(ended, "a terminated process has ended", within_s=4 * STOP_WITHIN_S)
        except NotInTimeError as error:
            self.violations.append(Violation(GRACEFUL, f"process {old.pid}", str(error)))
            return
        if served and old.exit_code != 0:
            self.violations.append(
                Violation(GRACEFUL, f"process {old.pid}", f"ended with {old.exit_code} instead of 0")
            )

    # -- connections ------------------------------------------------------------------------------------------------

    def _any_proxy(self) -> TcpProxy:
        proxies = self._stack.proxies
        return self._chance.choice((proxies.state, proxies.cache, proxies.core, proxies.graph))

    async def _reset(self) -> None:
        self._any_proxy().reset()

    async def _cut(self, proxy: TcpProxy, direction: Direction) -> None:
        proxy.cut_next(direction, self._chance.randint(1, 3))

    async def _stall(self) -> None:
        proxy = self._any_proxy()
        proxy.stall()
        try:
            await asyncio.sleep(self._chance.uniform(*STALL_S))
        finally:
            proxy.resume()

    async def _half_close(self) -> None:
        self._any_proxy().half_close(self._chance.choice(list(Direction)))

    # -- answers of core and WhatsApp -------------------------------------------------------------------------------

    async def _core_before(self) -> None:
        self._stack.world.core_proxy.faults.add(self._chance.choice(_CORE_BEFORE))

    async def _core_after(self) -> None:
        effect = self._chance.choice((Effect.RESET, Effect.RESET, Effect.ANSWER, Effect.TIMEOUT))
        answer = self._chance.choice((_UNAVAILABLE, _SERVER_ERROR)) if effect is Effect.ANSWER else None
        faults = self._stack.world.core_proxy.faults
        # Each time one for the most frequent write with a lost connection, after which clients tend to send again.
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
