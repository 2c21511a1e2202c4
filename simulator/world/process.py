"""Where the bot runs: starts it, stops it, kills it, and refuses connections while it is away."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import httpx

from simulator.world.network import Switch

__all__ = ("Bot", "BotProcess", "LoadBalancer", "ProcessRun")


class Bot(Protocol):
    """What a bot must be to be played with: the service, or a small one in a test."""

    @property
    def asgi(self) -> Any:
        """The application that takes webhooks."""

    async def start(self) -> None:
        """Begin to work."""

    async def stop(self) -> None:
        """End in an orderly way."""

    def kill(self) -> None:
        """End at once, as a process does that is killed."""

    async def busy(self) -> bool:
        """Whether work is due now or in hand."""


@runtime_checkable
class _Wakeable(Protocol):
    """A bot that can be told to look for work that others left, in place of looking every half a second."""

    def wake(self) -> None: ...


class ProcessRun:
    """One run of the bot's process, from its start to its end. Its connections are cut off when it ends."""

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self.switch = Switch()
        """Falls at its end; what it did not write by then stays unwritten."""

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._ended.is_set()

    def end(self) -> None:
        """End it."""
        self.switch.down = True
        self._ended.set()

    async def until_over(self) -> None:
        """Wait for its end."""
        await self._ended.wait()


class BotProcess(httpx.AsyncBaseTransport):
    """The machine that the bot runs on. As a transport it carries requests to the bot that runs at the moment."""

    def __init__(self, build: Callable[[ProcessRun], Bot]) -> None:
        self._build = build
        self._bot: Bot | None = None
        self._life = ProcessRun()
        self._wire: httpx.ASGITransport | None = None

    @property
    def running(self) -> bool:
        """Whether the bot runs."""
        return self._bot is not None

    async def start(self) -> None:
        """Start the bot; does nothing when it runs."""
        if self._bot is not None:
            return
        self._life = ProcessRun()
        self._bot = self._build(self._life)
        self._wire = httpx.ASGITransport(app=self._bot.asgi)
        await self._bot.start()

    async def stop(self) -> None:
        """Stop the bot as an operator does; it refuses connections from then on."""
        bot, self._wire, self._bot = self._bot, None, None
        if bot is not None:
            await bot.stop()
            self._life.end()

    def kill(self) -> None:
        """Kill the bot: nothing that it has under way gets any further."""
        bot, self._wire, self._bot = self._bot, None, None
        if bot is not None:
            self._life.end()
            bot.kill()

    def wake(self) -> None:
        """Have the bot look for work."""
        bot: object = self._bot
        if isinstance(bot, _Wakeable):
            bot.wake()

    async def busy(self) -> bool:
        """Whether the bot has work due now or in hand."""
        return self._bot is not None and await self._bot.busy()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request to the bot.

        Raises:
            httpx.ConnectError: the bot does not run.
            httpx.ReadError: it was killed before it answered.
        """
        wire, life = self._wire, self._life
        if wire is None:
            raise httpx.ConnectError("connection refused: the bot does not run", request=request)
        answering = asyncio.ensure_future(wire.handle_async_request(request))
        dying = asyncio.ensure_future(life.until_over())
        try:
            await asyncio.wait({answering, dying}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            raise httpx.ReadError("connection reset: the bot was killed", request=request)
        finally:
            await _ended(dying)
            await _ended(answering)


class LoadBalancer(httpx.AsyncBaseTransport):
    """Stands before several hosts: each request goes to one of those that run, drawn by chance."""

    def __init__(self, processes: Sequence[BotProcess], chance: random.Random) -> None:
        self._processes = processes
        self._chance = chance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request to a bot; raises as `Host.handle_async_request` does."""
        running = [process for process in self._processes if process.running] or self._processes
        process = running[0] if len(running) == 1 else self._chance.choice(running)
        return await process.handle_async_request(request)


async def _ended(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
