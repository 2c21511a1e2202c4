"""The real transport against real sockets: which of its errors are certain that nothing was sent."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpx
import pytest

from service.credex.client import CredexClient
from service.credex.errors import CredexError, NoAnswerError, NotSentError
from service.http_client import open_http
from service.runtime.sliding_window import SlidingWindowLimiter
from tests.credex_world import MemoryTokens

Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
REFUSAL = b'{"message": "Member not found"}'


class Server:
    """A server that does one thing with every request, and counts them."""

    def __init__(self, behaviour: Behaviour) -> None:
        self._behaviour = behaviour
        self.requests: list[bytes] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, request after request."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line.split(b":")[1])
                    for line in head.split(b"\r\n")
                    if line.lower().startswith(b"content-length")
                )
                self.requests.append(head + await reader.readexactly(length))
                await self._behaviour(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def closes(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes the request and hangs up."""
    writer.close()


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes the request and resets the connection."""
    writer.transport.abort()


async def breaks_off(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Promises a body and hangs up within it."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{")
    await writer.drain()
    writer.close()


async def talks_nonsense(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers in no known protocol."""
    writer.write(b"SSH-2.0-OpenSSH_9.6\r\n\r\n")
    await writer.drain()


async def says_nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Keeps the connection open and silent."""
    await writer.drain()


async def redirects(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Sends the caller elsewhere."""
    writer.write(b"HTTP/1.1 307 Away\r\nLocation: /v1/login\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()


async def sets_a_cookie(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Refuses, and sets a cookie."""
    head = f"HTTP/1.1 404 No\r\nSet-Cookie: session=his; Path=/\r\nContent-Length: {len(REFUSAL)}\r\n\r\n"
    writer.write(head.encode() + REFUSAL)
    await writer.drain()


@asynccontextmanager
async def serving(behaviour: Behaviour) -> AsyncIterator[tuple[Server, str]]:
    """A server on a free port of this machine."""
    server = Server(behaviour)
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    try:
        yield server, f"http://127.0.0.1:{port}/v1/"
    finally:
        listening.close()


def client(http: httpx.AsyncClient, url: str, deadline_s: float = 5.0) -> CredexClient:
    """A client with all that it needs."""
    budget = SlidingWindowLimiter(None, clock_ms=lambda: 0, per_minute=1000)
    return CredexClient(
        http, base_url=url, api_key="key", tokens=MemoryTokens(lambda: 0), budget=budget, deadline_s=deadline_s
    )


def _closed_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/v1/"


@pytest.mark.parametrize("behaviour", [closes, resets, breaks_off, talks_nonsense, says_nothing])
async def test_whatever_happens_after_sending_is_unknown(behaviour: Behaviour) -> None:
    """A connection lost while waiting for the answer is no connection refused, though the transport calls it so."""
    async with serving(behaviour) as (server, url), open_http() as http:
        with pytest.raises(NoAnswerError):
            await client(http, url, deadline_s=2.0).login("263771234567")
        assert len(server.requests) == 1


@pytest.mark.parametrize("behaviour", [closes, resets])
async def test_a_connection_used_before_and_lost_now_is_not_tried_again(behaviour: Behaviour) -> None:
    """The pool's old connections break most often, and transports like to send again on a new one."""
    answered = 0

    async def first_well(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal answered
        answered += 1
        await (sets_a_cookie if answered == 1 else behaviour)(reader, writer)

    async with serving(first_well) as (server, url), open_http() as http:
        core = client(http, url)
        with pytest.raises(CredexError):
            await core.login("263771234567")
        with pytest.raises(NoAnswerError):
            await core.login("263771234567")
        assert len(server.requests) == 2


async def test_a_connection_refused_is_certain() -> None:
    """Nobody listened: nothing was sent."""
    async with open_http() as http:
        with pytest.raises(NotSentError):
            await client(http, _closed_port()).login("263771234567")


async def test_an_unknown_host_is_certain() -> None:
    """There was nowhere to send it."""
    async with open_http() as http:
        with pytest.raises(NotSentError):
            await client(http, "http://core.invalid/v1/").login("263771234567")


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
async def test_httpx_s_own_transport_is_certain_about_connecting(error: type[httpx.TransportError]) -> None:
    """Raised without anything of aiohttp behind it, these mean what they say."""

    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            raise error("no", request=request)

    async with httpx.AsyncClient(transport=Failing()) as http:
        with pytest.raises(NotSentError):
            await client(http, "http://core.test/v1/").login("263771234567")


async def test_a_redirect_is_not_followed() -> None:
    """It would send the request again, to somebody else."""
    async with serving(redirects) as (server, url), open_http() as http:
        with pytest.raises(CredexError):
            await client(http, url).login("263771234567")
        assert len(server.requests) == 1


async def test_no_member_s_cookie_is_sent_for_another() -> None:
    """Members share connections, and nothing else."""
    async with serving(sets_a_cookie) as (server, url), open_http() as http:
        core = client(http, url)
        for phone in ("263771234567", "263772345678"):
            with pytest.raises(CredexError):
                await core.login(phone)
        assert not [request for request in server.requests if b"cookie" in request.lower()]
