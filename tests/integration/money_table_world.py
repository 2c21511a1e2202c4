"""A world in which everything that the bot does outside is watched, and trouble can be made at any such moment.

Besides being killed, a bot can freeze: it stops in the middle of whatever it does, another one starts on the same
Redis and takes its place, and later the first one goes on where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final, Literal

import redis.asyncio

from service.mailbox import open_state
from service.mailbox.scripts import sources
from service.settings import EMBEDDED
from simulator.world.connections import Connections, run_service
from simulator.world.failpoints import Failpoints, _marks
from simulator.world.fixtures import load_fixtures
from simulator.world.network import CommandHook, Switch
from simulator.world.people import Person
from simulator.world.process import Bot, BotProcess
from simulator.world.redis_client import virtual_time_client
from simulator.world.world import AnyClock, World

__all__ = ("Act", "Moment", "TroubledWorld", "Watch")

LIFE: Final[ContextVar[int]] = ContextVar("life", default=0)
"""Which bot the running task belongs to; 0 is nobody's: a webhook belongs to whoever answers it."""

LONGEST_MS: Final = 3 * 86_400_000 + 3_600_000
RESTART_AFTER_MS: Final = 1_000
LOOK_EVERY_MS: Final = 1_000
REDELIVERY_MS: Final = 60_000

Act = Literal["kill", "freeze", "lose"]


@dataclass(slots=True)
class Moment:
    """What is to happen when the bot comes to a point for the first time.

    Attributes:
        point: where, as in `simulator.world.failpoints.POINTS`.
        since: only after this other point was passed.
        act: what happens to the bot.
        also: what happens besides.
    """

    point: str
    since: str = ""
    act: Act | None = None
    also: Callable[[], object] = lambda: None


class Watch(Failpoints):
    """Writes down every point that the bot comes to, and says what is to happen there."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []
        self.moments: list[Moment] = []
        self.frozen = -1
        self.act: Act | None = None

    def reached(self, point: str) -> bool:
        """Whether the bot goes no further for now: it is about to die or freeze, or is frozen."""
        if LIFE.get() == self.frozen:
            return True
        self.seen.append(point)
        due = [one for one in self.moments if one.point == point and (not one.since or one.since in self.seen)]
        for moment in due:
            self.moments.remove(moment)
            self.act = moment.act
            moment.also()
        return self.act in {"kill", "freeze"}

    def reached_script(self, when: str, command: bytes) -> str:
        """The same for a packed Redis command."""
        name = next((name for mark, name in _marks().items() if mark in command), "")
        point = f"{when} {name}"
        return point if name and self.reached(point) else ""


class _Losses(Failpoints):
    """Loses the reply of the script at which the watch says so."""

    def __init__(self, watch: Watch) -> None:
        super().__init__()
        self._watch = watch

    def reached_script(self, when: str, command: bytes) -> str:  # noqa: ARG002 - the watch has just looked at it
        if self._watch.act != "lose":
            return ""
        self._watch.act = None
        return f"{when} it ran"


class _Line:
    """Carries what the world wants to be told of commands, until it is cut.

    fakeredis never forgets a connection's class, and that would never forget the world.
    """

    def __init__(self, told: CommandHook) -> None:
        self._told: CommandHook | None = told

    async def __call__(self, when: str, packed: bytes) -> None:
        if self._told is not None:
            await self._told(when, packed)

    def cut(self) -> None:
        self._told = None


class TroubledWorld(World):
    """A world with a watch; it restarts its bot after a death and knows when all is over."""

    def __init__(
        self,
        clock: AnyClock,
        people: Sequence[Person],
        *,
        redis_url: str = EMBEDDED,
        run_bot: Callable[[Connections], Bot] = run_service,
    ) -> None:
        super().__init__(clock, people, redis_url=redis_url, run_bot=run_bot)
        self.watch = Watch()
        self.kill_points = self.watch
        self.drop_points = _Losses(self.watch)
        self.state: redis.asyncio.Redis = virtual_time_client(open_state(redis_url, server=self._servers[0]))
        self._lines: list[_Line] = []
        self._life = 0
        self._thawed = asyncio.Event()
        self._sleeper: Bot | None = None
        self._starting: asyncio.Task[None] | None = None

    async def begin(self) -> None:
        """Fill Credex core and start the bot, with scripts that Redis knows already."""
        for text in sources().values():
            await self.state.script_load(text.split("\n", 1)[1] if self._redis_url == EMBEDDED else text)
        load_fixtures(self.core, self.people.values())
        await self._live()
        await self.cloud.start()

    async def end(self) -> None:
        """Stop everything."""
        if self._sleeper is not None:
            await self._sleeper.stop()
        await self.stop()
        await self.state.aclose()
        for line in self._lines:
            line.cut()

    async def until_over(self) -> None:
        """Let time pass until nobody has anything to do any more, now or later.

        Raises:
            TimeoutError: that takes longer than three days.
        """
        async with asyncio.timeout(LONGEST_MS / 1000):
            while True:
                await self.pass_time(LOOK_EVERY_MS)
                if await self._in_hand():
                    continue
                if not self.process.running:
                    await self.pass_time(RESTART_AFTER_MS)
                    await self._live()
                elif (due_ms := await self._next_due_ms()) is not None:
                    await self.pass_time(max(0, due_ms - self.clock_ms()))
                elif self.cloud.dispatcher.busy(self.clock_ms() + REDELIVERY_MS):
                    await self.pass_time(REDELIVERY_MS)
                elif not await self._wake_sleeper():
                    return

    async def keys(self) -> list[str]:
        """What is in the state Redis, and not only kept for a while."""
        found: list[Any] = await self.state.keys("{0}:*")
        names = [name.decode() for name in found]
        rests = ("{0}:session:", "{0}:seen:", "{0}:lease:", "{0}:posted:")
        return sorted(name for name in names if not name.startswith(rests))

    def _open(
        self,
        opener: Callable[..., redis.asyncio.Redis],
        place: int,
        switches: Sequence[Switch],
        passage: CommandHook | None,
    ) -> redis.asyncio.Redis:
        if passage is None:
            return super()._open(opener, place, switches, None)
        self._lines.append(_Line(passage))
        return super()._open(opener, place, switches, self._lines[-1])

    # -- lives --------------------------------------------------------------------------------------------------

    async def _live(self) -> None:
        self._life += 1
        token = LIFE.set(self._life)
        try:
            await self.process.start()
        finally:
            LIFE.reset(token)

    async def _die(self, host: BotProcess) -> None:
        act, self.watch.act = self.watch.act, None
        if act == "kill":
            await super()._die(host)
        if act == "freeze":
            await self._freeze()
        await self._thawed.wait()

    async def _freeze(self) -> None:
        """This bot stops where it is, and keeps its connections; another one takes its place."""
        self.watch.frozen = self._life
        host = self.process
        self._sleeper, host._bot, host._transport = host._bot, None, None
        self._starting = asyncio.create_task(self._live())

    async def _wake_sleeper(self) -> bool:
        """Let the frozen bot go on. Whether there was one."""
        if self._sleeper is None or self._thawed.is_set():
            return False
        self.watch.frozen = -1
        self._thawed.set()
        await self.pass_time(1_000)
        while await self._sleeper.busy():
            await self.pass_time(1_000)
        return True

    async def _next_due_ms(self) -> int | None:
        firsts = [await self.state.zrange(f"{{0}}:{queue}", 0, 0, withscores=True) for queue in ("inbox", "outbox")]
        return min((int(first[0][1]) for first in firsts if first), default=None)
