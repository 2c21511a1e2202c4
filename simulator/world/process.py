"""Processes of the bot: they are started, stopped and killed, and refuse connections while they do not run."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

import httpx

from simulator.world.network import Switch

__all__ = ("Bot", "BotProcess", "LoadBalancer", "ProcessRun")


class Bot(Protocol):
    """What a world needs of a bot: the service, or a small one in a test."""

    @property
    def asgi(self) -> Any:
        """The ASGI application."""

    async def start(self) -> None:
        """Start to work."""

    async def stop(self) -> None:
        """Stop in an orderly way."""

    def kill(self) -> None:
        """Stop at once, like a killed process."""

    async def busy(self) -> bool:
        """Whether work is due now or in progress."""


@runtime_checkable
class _Wakeable(Protocol):
    """A bot that can be woken to look for work, instead of polling twice a second."""

    def wake(self) -> None: ...


class ProcessRun:
    """One run of a process, from its start to its end.

    Attributes:
        switch: disconnects the run from Redis when it ends, so that it cannot write any more.
    """

    def __init__(self) -> None:
        self._ended = asyncio.Event()
        self.switch = Switch()

    @property
    def over(self) -> bool:
        """Whether the run has ended."""
        return self._ended.is_set()

    def end(self) -> None:
        """End the run."""
        self.switch.down = True
        self._ended.set()

    async def until_over(self) -> None:
        """Wait until the run has ended."""
        await self._ended.wait()


class BotProcess(httpx.AsyncBaseTransport):
    """A process of the bot, which can run several times. As a transport it carries requests to the current run."""

    def __init__(self, build: Callable[[ProcessRun], Bot]) -> None:
        self._build = build
        self._bot: Bot | None = None
        self._run = ProcessRun()
        self._transport: httpx.ASGITransport | None = None

    @property
    def running(self) -> bool:
        """Whether the process runs."""
        return self._bot is not None

    async def start(self) -> None:
        """Start the process, unless it runs."""
        if self._bot is not None:
            return
        self._run = ProcessRun()
        self._bot = self._build(self._run)
        self._transport = httpx.ASGITransport(app=self._bot.asgi)
        await self._bot.start()

    async def stop(self) -> None:
        """Stop the process in an orderly way; it refuses connections from then on."""
        bot, self._transport, self._bot = self._bot, None, None
        if bot is not None:
            await bot.stop()
            self._run.end()

    def kill(self) -> None:
        """Kill the process: nothing in progress continues."""
        bot, self._transport, self._bot = self._bot, None, None
        if bot is not None:
            self._run.end()
            bot.kill()

    def wake(self) -> None:
        """Make the bot look for work."""
        bot: object = self._bot
        if isinstance(bot, _Wakeable):
            bot.wake()

    async def busy(self) -> bool:
        """Whether the bot has work due now or in progress."""
        return self._bot is not None and await self._bot.busy()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request to the bot.

        Raises:
            httpx.ConnectError: the process does not run.
            httpx.ReadError: it was killed before it answered.
        """
        transport, run = self._transport, self._run
        if transport is None:
            raise httpx.ConnectError("connection refused: the bot does not run", request=request)
        answering = asyncio.ensure_future(transport.handle_async_request(request))
        ending = asyncio.ensure_future(run.until_over())
        try:
            await asyncio.wait({answering, ending}, return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                return answering.result()
            raise httpx.ReadError("connection reset: the bot was killed", request=request)
        finally:
            await _ended(ending)
            await _ended(answering)


class LoadBalancer(httpx.AsyncBaseTransport):
    """Sends each request to one of the running processes, chosen at random."""

    def __init__(self, processes: Sequence[BotProcess], chance: random.Random) -> None:
        self._processes = processes
        self._chance = chance

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry a request to a process; raises as `BotProcess.handle_async_request` does."""
        running = [process for process in self._processes if process.running] or self._processes
        process = running[0] if len(running) == 1 else self._chance.choice(running)
        return await process.handle_async_request(request)


async def _ended(task: asyncio.Future[Any]) -> None:
    if not task.done():
        task.cancel()
        await asyncio.wait({task})
