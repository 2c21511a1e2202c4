"""Redis clients, embedded or real, whose operations fit into a run on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import suppress
from typing import Any

from fakeredis.aioredis import FakeBaseAsyncConnection
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from simulator.whatsapp_cloud.virtual_time import VirtualTimeLoop

__all__ = ("open_virtual_time_client", "virtual_time_client")


def open_virtual_time_client(url: str, **kwargs: Any) -> Redis:
    """A client of a real Redis for a run on virtual time, as from `virtual_time_client`, without retries."""
    options = {"retry": Retry(NoBackoff(), 0), "max_connections": 1_000, **kwargs, **parse_url(url)}
    return virtual_time_client(Redis.from_pool(ConnectionPool(**options)))


def virtual_time_client(client: Redis) -> Redis:
    """A client like the given one, real or embedded, whose operations fit into a run on virtual time.

    Virtual time stands still during an operation. Operations reach servers one after the other, in the order in which
    they began, and each ends only when nothing else can run at that moment. So a run takes the same course on an
    embedded and on a real server. A cancelled operation is finished first if its reply is awaited. On other event loops
    the only change is that there is no timeout. Hooks that let virtual time pass must wrap this client. It supports
    neither publish/subscribe nor commands that block on the server.
    """
    pool = client.connection_pool
    embedded = issubclass(pool.connection_class, FakeBaseAsyncConnection)
    connection_class = type("Counted", (_VirtualTimeConnection, pool.connection_class), {"_replies_at_once": embedded})
    # No virtual time passes while a reply is awaited, so a timeout could not occur, and setting one takes time.
    options: dict[str, Any] = {**pool.connection_kwargs, "connection_class": connection_class, "socket_timeout": None}
    if isinstance(pool, BlockingConnectionPool):
        return Redis.from_pool(BlockingConnectionPool(pool.max_connections, pool.timeout, **options))
    return Redis.from_pool(ConnectionPool(max_connections=pool.max_connections, **options))


class _VirtualTimeConnection(AbstractConnection):
    """A connection that holds the event loop's turn from the sending of commands to the last of their replies."""

    _replies_at_once = False
    _turn: asyncio.Lock | None = None
    _packed = 0
    _expected = 0

    async def connect(self) -> None:
        # A new checkout: commands that were packed and never sent do not count.
        self._packed = 0
        redis_connection: Any = super()
        await redis_connection.connect()

    async def _connect(self) -> None:
        redis_connection: Any = super()
        loop = _virtual_loop()
        if loop is None:
            await redis_connection._connect()  # noqa: SLF001  (our own, by inheritance)
            return
        # Within an operation the turn is held already, and the greeting of a Unix socket does not end it.
        held = self._turn is not None
        if not held:
            await self._take_turn(loop)
            self._expected = 1
        try:
            with loop.real_io():
                await redis_connection._connect()  # noqa: SLF001
        finally:
            if not held:
                self._end_turn()

    def pack_command(self, *args: Any) -> list[bytes]:
        self._packed += 1
        return super().pack_command(*args)

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:  # noqa: FBT001, FBT002
        loop = _virtual_loop()
        if loop is None:
            await super().send_packed_command(command, check_health)
            return
        if self._turn is None:
            await self._take_turn(loop)
        self._expected, self._packed = self._expected + self._packed, 0
        try:
            if not self.is_connected:
                await self.connect_check_health(check_health=False)
            with loop.real_io():
                await super().send_packed_command(command, check_health)
        except BaseException:
            self._end_turn()
            raise

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        loop = _virtual_loop()
        if loop is None:
            return await super().read_response(*args, **kwargs)
        reading = None
        try:
            if self._replies_at_once:
                await loop.idle()
                return await super().read_response(*args, **kwargs)
            reading = loop.create_task(self._read_at_the_end(loop, super().read_response(*args, **kwargs)))
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            # The server executes what was sent: its replies are read before the next turn.
            if reading is not None:
                await _ended(reading)
            for _ in range(self._expected - (reading is not None)):
                await _ended(loop.create_task(self._read_at_the_end(loop, super().read_response())))
            await self.disconnect(nowait=True)
            raise
        finally:
            self._expected -= 1
            if self._expected <= 0:
                self._end_turn()

    async def can_read(self, *args: Any, **kwargs: Any) -> bool:
        # Nothing can be readable between operations: cancelled operations close their connection.
        at_rest = self._turn is None and _virtual_loop() is not None
        return not at_rest and bool(await super().can_read(*args, **kwargs))

    async def disconnect(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().disconnect(*args, **kwargs)
        finally:
            self._end_turn()

    @staticmethod
    async def _read_at_the_end(loop: VirtualTimeLoop, reading: Coroutine[Any, Any, Any]) -> Any:
        await loop.idle()
        with loop.real_io():
            return await reading

    async def _take_turn(self, loop: VirtualTimeLoop) -> None:
        await loop.turn.acquire()
        self._turn = loop.turn

    def _end_turn(self) -> None:
        self._expected = self._packed = 0
        if self._turn is not None:
            self._turn.release()
            self._turn = None


def _virtual_loop() -> VirtualTimeLoop | None:
    loop = asyncio.get_running_loop()
    return loop if isinstance(loop, VirtualTimeLoop) else None


async def _ended(task: asyncio.Task[Any]) -> None:
    """Wait for a task, even when cancelled, and ignore its outcome."""
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
