"""The TCP proxy passes everything on, and breaks what it is told to break."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import pytest

from simulator.processes.tcp_proxy import Direction, TcpProxy, tcp_proxy

HOST = "127.0.0.1"
SOON_S = 120
"""Longer than anything here takes; only a defect waits for it."""


@dataclass
class Echo:
    """A server that answers each line with ``you said`` it, and remembers it."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    begun: int = 0
    ended: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.begun += 1
        try:
            while line := await reader.readline():
                self.heard.append(line)
                self.news.set()
                writer.write(b"you said " + line)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()
            with suppress(OSError):
                await writer.wait_closed()
            self.ended.release()


@asynccontextmanager
async def standing() -> AsyncIterator[tuple[Echo, TcpProxy]]:
    echo = Echo()
    async with asyncio.timeout(SOON_S):
        server = await asyncio.start_server(echo.serve, HOST, 0)
        echo.port = server.sockets[0].getsockname()[1]
        async with tcp_proxy(echo.port) as proxy:
            yield echo, proxy
        server.close()
        await server.wait_closed()
        for _ in range(echo.begun):
            await echo.ended.acquire()


async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, line: bytes) -> bytes:
    writer.write(line)
    return await reader.readline()


async def test_without_a_fault_it_passes_everything_on() -> None:
    """Both ways, for several connections at once, and more than one chunk."""
    long = b"x" * 60_000 + b"\n"
    async with standing() as (echo, proxy):
        ends = [await asyncio.open_connection(HOST, proxy.port) for _ in range(3)]
        told = await asyncio.gather(*(say(*end, line) for end, line in zip(ends, (b"a\n", b"b\n", long), strict=True)))
        for _, writer in ends:
            writer.close()

    assert told == [b"you said a\n", b"you said b\n", b"you said " + long]
    assert sorted(echo.heard) == sorted([b"a\n", b"b\n", long])
    assert dict(proxy.fault_counts) == {}


async def test_the_end_of_one_way_is_passed_on_and_the_other_way_stays_open() -> None:
    """Who has said all may still listen."""
    async with standing() as (_, proxy):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        writer.write(b"all\n")
        writer.write_eof()
        told = await reader.read()
        writer.close()

    assert told == b"you said all\n"


async def test_a_reset_breaks_every_connection_and_none_that_comes_later() -> None:
    """The client meets an error, not an orderly end."""
    async with standing() as (_, proxy):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        await say(reader, writer, b"before\n")
        count = proxy.reset()
        with pytest.raises(ConnectionResetError):
            await reader.readline()
        writer.close()
        again = await asyncio.open_connection(HOST, proxy.port)
        told = await say(*again, b"after\n")
        again[1].close()

    assert (count, proxy.fault_counts["reset"]) == (1, 1)
    assert told == b"you said after\n"


async def test_an_answer_that_is_cut_is_lost_after_the_server_has_acted() -> None:
    """What is worst about networks: it was done, and nobody heard of it. Only the next chunk is hit."""
    async with standing() as (echo, proxy):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        proxy.cut_next(Direction.TO_CLIENT)
        with pytest.raises(ConnectionResetError):
            await say(reader, writer, b"pay\n")
        writer.close()
        again = await asyncio.open_connection(HOST, proxy.port)
        told = await say(*again, b"look\n")
        again[1].close()

    assert echo.heard == [b"pay\n", b"look\n"]
    assert told == b"you said look\n"
    assert proxy.fault_counts["cut"] == 1


async def test_a_request_that_is_cut_never_arrives_whole() -> None:
    """Half a line is no line: the server does nothing."""
    async with standing() as (echo, proxy):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        proxy.cut_next(Direction.TO_SERVER)
        with pytest.raises(ConnectionResetError):
            await say(reader, writer, b"pay ten dollars\n")
        writer.close()

    assert b"pay ten dollars\n" not in echo.heard
    assert proxy.fault_counts["cut"] == 1


async def test_half_closed_to_the_client_requests_still_arrive() -> None:
    """The client sees an end while the server goes on hearing it."""
    async with standing() as (echo, proxy):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        await say(reader, writer, b"first\n")
        echo.news.clear()
        count = proxy.half_close(Direction.TO_CLIENT)
        end = await reader.read()
        writer.write(b"second\n")
        await echo.news.wait()
        writer.close()

    assert (count, end) == (1, b"")
    assert echo.heard == [b"first\n", b"second\n"]


async def test_what_is_held_up_arrives_when_it_flows_again() -> None:
    """Nothing is lost by a stall, and nothing passes during it."""
    async with standing() as (_, proxy):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        await say(reader, writer, b"before\n")
        proxy.stall()
        writer.write(b"during\n")
        waiting = asyncio.create_task(reader.readline())
        other = await asyncio.open_connection(HOST, proxy.port)
        held = not waiting.done()
        proxy.resume()
        told = await waiting
        for end in (writer, other[1]):
            end.close()

    assert held
    assert told == b"you said during\n"


async def test_refused_connections_are_counted_and_those_that_stand_are_left_alone() -> None:
    """A server that takes nobody new still serves whom it knows."""
    async with standing() as (_, proxy):
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        await say(reader, writer, b"before\n")
        proxy.refuse()
        late_reader, late_writer = await asyncio.open_connection(HOST, proxy.port)
        with pytest.raises(ConnectionResetError):
            await late_reader.readline()
        late_writer.close()
        told = await say(reader, writer, b"still\n")
        proxy.accept()
        writer.close()

    assert told == b"you said still\n"
    assert proxy.fault_counts["refused"] == 1


async def test_a_server_that_is_away_ends_the_connection_at_once() -> None:
    """A client must learn that nobody is there, not wait for ever; later it may come back on another port."""
    async with standing() as (echo, proxy):
        there, proxy.server_port = proxy.server_port, 1
        reader, writer = await asyncio.open_connection(HOST, proxy.port)
        with pytest.raises(ConnectionResetError):
            await reader.readline()
        writer.close()
        proxy.server_port = there
        again = await asyncio.open_connection(HOST, proxy.port)
        told = await say(*again, b"back\n")
        again[1].close()

    assert told == b"you said back\n"
    assert echo.heard == [b"back\n"]
