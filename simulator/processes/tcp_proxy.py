"""A TCP proxy on 127.0.0.1 that resets, cuts, stalls and half-closes connections.

It knows no protocol. A chunk is the result of one read: for short requests and answers usually a whole one.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ("Direction", "TcpProxy", "tcp_proxy")

CHUNK: Final = 65_536
HOST: Final = "127.0.0.1"
RESET_AT_CLOSE: Final = struct.pack("ii", 1, 0)
"""SO_LINGER with a timeout of 0: closing sends RST instead of FIN (socket(7))."""


class Direction(StrEnum):
    """The direction of bytes."""

    TO_SERVER = "to server"
    TO_CLIENT = "to client"


@dataclass(eq=False)
class _Connection:
    """A client's connection and its connection to the server."""

    client: asyncio.StreamWriter
    server: asyncio.StreamWriter
    closed: set[Direction] = field(default_factory=set)

    def reset(self) -> None:
        for writer in (self.client, self.server):
            own = writer.get_extra_info("socket")
            if own is not None:
                with suppress(OSError):
                    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_AT_CLOSE)
            writer.transport.abort()

    def writer(self, direction: Direction) -> asyncio.StreamWriter:
        return self.server if direction is Direction.TO_SERVER else self.client


class TcpProxy:
    """Forwards bytes between clients and one server; without faults unchanged.

    Attributes:
        port: where clients connect.
        server_port: the server's port; may be changed at any time, with effect on new connections.
        fault_counts: the number of connections by fault: ``reset``, ``cut``, ``half closed``, ``refused``.
    """

    def __init__(self, server_port: int) -> None:
        """Forward to this port of 127.0.0.1; `tcp_proxy` makes it listen."""
        self.port = 0
        self.server_port = server_port
        self.fault_counts: Counter[str] = Counter()
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._cuts: Counter[Direction] = Counter()
        self._refusing = False
        self._flowing = asyncio.Event()
        self._flowing.set()

    @property
    def connections(self) -> int:
        """The number of connected clients."""
        return len(self._connections)

    def reset(self) -> int:
        """Reset all connections and return their number."""
        connections = list(self._connections)
        for connection in connections:
            connection.reset()
        self.fault_counts["reset"] += len(connections)
        return len(connections)

    def cut_next(self, direction: Direction, times: int = 1) -> None:
        """Drop each of the next chunks in this direction, and reset its connection.

        `Direction.TO_CLIENT`: the server has handled the request, and its answer is lost. `Direction.TO_SERVER`: half
        of the chunk still arrives.
        """
        self._cuts[direction] += times

    def half_close(self, direction: Direction) -> int:
        """Close all connections in this direction only, and return their number."""
        connections = [connection for connection in self._connections if direction not in connection.closed]
        for connection in connections:
            connection.closed.add(direction)
            with suppress(OSError, RuntimeError):
                connection.writer(direction).write_eof()
        self.fault_counts["half closed"] += len(connections)
        return len(connections)

    def stall(self) -> None:
        """Forward nothing until `resume`. New connections are accepted."""
        self._flowing.clear()

    def resume(self) -> None:
        """Forward again."""
        self._flowing.set()

    def refuse(self) -> None:
        """Reset new connections until `accept`; established ones are unaffected."""
        self._refusing = True

    def accept(self) -> None:
        """Accept new connections again."""
        self._refusing = False

    def clear_faults(self) -> None:
        """Remove all faults."""
        self._cuts.clear()
        self.accept()
        self.resume()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one client's bytes until both directions are closed."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            if task is not None:
                self._tasks.discard(task)

    async def stop(self) -> None:
        """Close all connections."""
        self.clear_faults()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, from_client: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        if self._refusing:
            self.fault_counts["refused"] += 1
            _Connection(client, client).reset()
            return
        try:
            from_server, server = await asyncio.open_connection(HOST, self.server_port)
        except OSError:
            # The server is down: through a proxy the client sees a connection that ends at once.
            _Connection(client, client).reset()
            return
        connection = _Connection(client, server)
        self._connections.add(connection)
        pumps = (
            asyncio.ensure_future(self._pump(connection, from_client, Direction.TO_SERVER)),
            asyncio.ensure_future(self._pump(connection, from_server, Direction.TO_CLIENT)),
        )
        try:
            await asyncio.wait(pumps)
        finally:
            self._connections.discard(connection)
            for pump in pumps:
                pump.cancel()
            for writer in (client, server):
                writer.close()
        for writer in (client, server):
            with suppress(OSError):
                await writer.wait_closed()

    async def _pump(self, connection: _Connection, source: asyncio.StreamReader, direction: Direction) -> None:
        target = connection.writer(direction)
        try:
            while chunk := await source.read(CHUNK):
                await self._flowing.wait()
                if direction in connection.closed:
                    continue
                if self._cuts[direction] > 0:
                    self._cut(connection, direction, chunk)
                    return
                target.write(chunk)
                await target.drain()
            if direction not in connection.closed and target.can_write_eof():
                target.write_eof()
        except (OSError, RuntimeError):
            # One side is gone; reset the other one as well.
            connection.reset()

    def _cut(self, connection: _Connection, direction: Direction, chunk: bytes) -> None:
        self._cuts[direction] -= 1
        self.fault_counts["cut"] += 1
        if direction is Direction.TO_SERVER:
            connection.server.write(chunk[: len(chunk) // 2])
        connection.reset()


@asynccontextmanager
async def tcp_proxy(server_port: int) -> AsyncIterator[TcpProxy]:
    """Run a proxy on a free port of 127.0.0.1 until the end of the block."""
    proxy = TcpProxy(server_port)
    listening = await asyncio.start_server(proxy.serve, HOST, 0, limit=CHUNK)
    proxy.port = listening.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listening.close()
        await proxy.stop()
        await listening.wait_closed()
