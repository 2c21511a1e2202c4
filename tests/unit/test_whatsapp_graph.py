"""The Graph API's client: what it sends, and what it makes of every way an answer can look or fail."""

from __future__ import annotations

import asyncio
import json
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from httpx_aiohttp import AiohttpTransport

from service.messages import Text
from service.whatsapp import (
    GraphClient,
    GraphError,
    NoAnswerError,
    NotSentError,
    PairLimitedError,
    RejectedError,
    SendingStoppedError,
    ThrottledError,
    TransientError,
    WindowClosedError,
)
from simulator.whatsapp_cloud.virtual_time import Clock, run

API = "https://graph.test/v25.0/"
TOKEN = "EAAG-secret-token"
TAKEN = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+263772000101", "wa_id": "263772000101"}],
    "messages": [{"id": "wamid.OUT"}],
}

Answer = httpx.Response | Exception
Handler = Callable[[httpx.Request], Coroutine[Any, Any, httpx.Response]]


class Meta:
    """Answers as told, and keeps what it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.asked: list[httpx.Request] = []

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def graph(handler: Handler, *, deadline_s: float = 10) -> GraphClient:
    http = httpx.AsyncClient(transport=httpx.MockTransport(handler))
    return GraphClient(http, api_url=API, phone_number_id="700", access_token=TOKEN, deadline_s=deadline_s)


async def send(client: GraphClient) -> str:
    return await client.send(Text("Mhoro"), to="263772000101", callback_id="0:263772000101:7")


async def failure(answer: Answer) -> GraphError:
    with pytest.raises(GraphError) as raised:
        await send(graph(Meta(answer)))
    return raised.value


def refusal(code: Any, status: int = 400, **more: object) -> httpx.Response:
    error = {"message": f"(#{code}) no", "type": "OAuthException", "code": code, "fbtrace_id": "A"} | more
    return httpx.Response(status, json={"error": error})


async def test_a_message_is_posted_and_its_id_returned() -> None:
    """One POST to the number's messages, with the token, the member, the text and our id; the answer's wamid."""
    meta = Meta(httpx.Response(200, json=TAKEN))
    assert await send(graph(meta)) == "wamid.OUT"
    (request,) = meta.asked
    assert (request.method, str(request.url)) == ("POST", "https://graph.test/v25.0/700/messages")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    body = json.loads(request.content)
    assert (body["to"], body["text"]["body"]) == ("+263772000101", "Mhoro")
    assert body["biz_opaque_callback_data"] == "0:263772000101:7"


@pytest.mark.parametrize(("typing", "indicator"), [(True, {"typing_indicator": {"type": "text"}}), (False, {})])
async def test_a_message_is_marked_as_read(typing: bool, indicator: dict[str, object]) -> None:  # noqa: FBT001
    """Marking as read names the message, and shows the indicator only when asked to."""
    meta = Meta(httpx.Response(200, json={"success": True}))
    await graph(meta).mark_read("wamid.IN", typing=typing)
    expected = {"messaging_product": "whatsapp", "status": "read", "message_id": "wamid.IN"} | indicator
    assert [json.loads(request.content) for request in meta.asked] == [expected]


async def test_a_failure_to_mark_as_read_is_told() -> None:
    """Marking as read fails as sending does."""
    with pytest.raises(SendingStoppedError):
        await graph(Meta(refusal(190, 401))).mark_read("wamid.IN", typing=True)


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (refusal(131056), PairLimitedError, 131056),
        (refusal(130429), ThrottledError, 130429),
        (refusal(131016, 500), TransientError, 131016),
        (refusal(190, 401), SendingStoppedError, 190),
        (refusal(131047), WindowClosedError, 131047),
        (refusal(131009), RejectedError, 131009),
        (refusal("131056"), PairLimitedError, 131056),
        (refusal(100, error_subcode=33), SendingStoppedError, 100),
        (refusal(131056, 200), PairLimitedError, 131056),
        (refusal(True, 500), TransientError, None),
        (refusal({}, 500), TransientError, None),
        (httpx.Response(500, text="<html>"), TransientError, None),
        (httpx.Response(429, text="slow down"), ThrottledError, None),
        (httpx.Response(401, json={"error": "token"}), SendingStoppedError, None),
        (httpx.Response(302, headers={"Location": "https://elsewhere.test/"}), SendingStoppedError, None),
        (httpx.Response(504), NoAnswerError, None),
        (httpx.Response(200, text=""), NoAnswerError, None),
        (httpx.Response(200, text="{"), NoAnswerError, None),
        (httpx.Response(200, text="null"), NoAnswerError, None),
        (httpx.Response(200, text="[" * 100_000), NoAnswerError, None),
        (httpx.Response(200, content=b"\xff\xfe"), NoAnswerError, None),
        (httpx.Response(200, json={"messages": []}), NoAnswerError, None),
        (httpx.Response(200, json={"messages": [{"id": 7}]}), NoAnswerError, None),
        (httpx.ConnectError("refused"), NotSentError, None),
        (httpx.ConnectTimeout("slow"), NotSentError, None),
        (httpx.PoolTimeout("full"), NotSentError, None),
        (httpx.ReadError("reset"), NoAnswerError, None),
        (httpx.WriteError("reset"), NoAnswerError, None),
        (httpx.ReadTimeout("slow"), NoAnswerError, None),
        (httpx.RemoteProtocolError("odd"), NoAnswerError, None),
        (httpx.DecodingError("odd"), NoAnswerError, None),
    ],
)
async def test_every_answer_means_one_thing_to_do(answer: Answer, kind: type[GraphError], code: int | None) -> None:
    """Each refusal and each broken connection raises the class that says what to do."""
    error = await failure(answer)
    assert (type(error), error.code) == (kind, code)


async def test_the_reason_is_metas_own() -> None:
    """The details of an error come from the answer: the most precise text there is."""
    assert (await failure(refusal(131009, error_data={"details": "Row title is too long"}))).details == (
        "Row title is too long"
    )
    assert (await failure(refusal(131009))).details == "(#131009) no"


def test_a_call_has_one_deadline() -> None:
    """A call ends after its deadline however slowly the answer drips, and its fate is open."""

    class Dripping(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            while True:
                await asyncio.sleep(3)
                yield b" "

    async def dripping(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, stream=Dripping())

    async def main(clock: Clock) -> int:
        with pytest.raises(NoAnswerError, match="no answer within 10 s"):
            await send(graph(dripping))
        return clock.now_ms()

    assert run(main, start_ms=0) == 10_000


def test_a_cancelled_call_is_cancelled() -> None:
    """Cancelling from outside is not mistaken for the deadline."""

    async def hanging(_: httpx.Request) -> httpx.Response:
        await asyncio.sleep(3600)
        raise AssertionError

    async def main(_: Clock) -> None:
        task = asyncio.create_task(send(graph(hanging)))
        await asyncio.sleep(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    run(main, start_ms=0)


@pytest.mark.parametrize(
    "answer",
    [refusal(190, 401, message=f"Cannot parse access token {TOKEN}"), httpx.ReadError(f"Bearer {TOKEN}")],
)
async def test_the_token_is_never_told(answer: Answer) -> None:
    """No error, representation or traceback holds the access token."""
    client = graph(Meta(answer))
    error = await failure(answer)
    shown = [str(error), repr(error), error.details, repr(client), *traceback.format_exception(error)]
    assert [text for text in shown if TOKEN in text] == []


async def test_a_members_number_is_never_told() -> None:
    """Meta's words go to the logs, so numbers in them are covered; our own number's id stays readable."""
    error = await failure(refusal(131030, message="(#131030) +263772000101 not in list of 700"))
    assert error.details == "(#131030) +[number] not in list of 700"


@pytest.mark.parametrize("url", ["", "graph.facebook.com/v25.0/", "https://graph.facebook.com/v25.0"])
def test_an_odd_url_is_refused_at_once(url: str) -> None:
    """A URL that would send messages nowhere is found when the client is built."""
    with pytest.raises(ValueError, match="must be http"):
        GraphClient(httpx.AsyncClient(), api_url=url, phone_number_id="700", access_token=TOKEN)


Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def server(behaviour: Behaviour) -> AsyncIterator[str]:
    """A server on a free port of this machine, which reads a request and then behaves as told."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line.split(b":")[1]) for line in head.lower().split(b"\r\n") if b"content-length" in line)
        await reader.readexactly(length)
        await behaviour(reader, writer)
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with listening:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v25.0/"


async def closes(_: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Ends the connection without a word."""


async def resets(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Aborts the connection."""
    writer.transport.abort()


async def truncates(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Ends the connection in the middle of the answer."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\nContent-Type: application/json\r\n\r\n{")


async def babbles(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers something that is not HTTP."""
    writer.write(b"hello\r\n\r\n")


async def answers(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Takes the message."""
    body = json.dumps(TAKEN).encode()
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)


def over(transport: httpx.AsyncBaseTransport, url: str) -> GraphClient:
    http = httpx.AsyncClient(transport=transport)
    return GraphClient(http, api_url=url, phone_number_id="700", access_token=TOKEN)


TRANSPORTS = [httpx.AsyncHTTPTransport, AiohttpTransport]


@pytest.mark.parametrize("transport_class", TRANSPORTS)
@pytest.mark.parametrize("behaviour", [closes, resets, truncates, babbles])
async def test_a_connection_broken_after_the_request_leaves_its_fate_open(
    transport_class: type[httpx.AsyncBaseTransport], behaviour: Behaviour
) -> None:
    """Whatever a server does after it has read a message, we never say that the message did not leave."""
    async with transport_class() as transport, server(behaviour) as url:
        with pytest.raises(GraphError) as raised:
            await send(over(transport, url))
    assert type(raised.value) is NoAnswerError
    # Nor do logs: the aiohttp transport calls whatever was lost a failure to connect.
    assert raised.value.details.split(":")[0] not in {"ConnectError", "ConnectTimeout"}


@pytest.mark.parametrize("transport_class", TRANSPORTS)
async def test_a_refused_connection_is_certain(transport_class: type[httpx.AsyncBaseTransport]) -> None:
    """Where nobody listens nothing was sent, over either transport."""
    async with server(answers) as url:
        pass
    async with transport_class() as transport:
        with pytest.raises(GraphError) as raised:
            await send(over(transport, url))
    assert type(raised.value) is NotSentError


@pytest.mark.parametrize("transport_class", TRANSPORTS)
async def test_an_answer_over_a_real_connection_is_read(transport_class: type[httpx.AsyncBaseTransport]) -> None:
    """Both transports bring the wamid."""
    async with transport_class() as transport, server(answers) as url:
        assert await send(over(transport, url)) == "wamid.OUT"
