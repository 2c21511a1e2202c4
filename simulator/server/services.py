"""WhatsApp, Credex core and people on sockets of this machine, in real time, around bots that run as processes.

The replay puts all of it into one process and virtual time. Here the bot is a process of its own, so that it can be
killed, stopped, measured or debugged; what stands around it is the same.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import httpx
import uvicorn
from httpx_aiohttp import AiohttpTransport

from service.http import certainly_not_sent
from service.settings import Settings
from simulator.credex_core import Core, Quirks, asgi_app
from simulator.whatsapp_cloud import Bubble, Business, CloudApi, Config, Event, Handset, Shown, graph_app
from simulator.world.faults import Answer, Effect, Fault, Faults
from simulator.world.network import RequestHook

__all__ = ("FailoverTransport", "FaultProxy", "SimulatedServices", "VirtualUser", "run_services")

CALLBACK: Final = "http://bot.simulated/bot/webhook"
"""Where WhatsApp sends webhooks; the balancer knows which processes stand behind that name."""

CONNECTIONS: Final = 100
"""Webhooks under way at once, at most."""

Application = Callable[[Any, Any, Any], Awaitable[None]]
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


async def _nowhere(_: str) -> None:
    """The passage of a front that nobody watches."""


class FailoverTransport(httpx.AsyncBaseTransport):
    """What stands before several bots: each request goes to the next of them that takes connections.

    Attributes:
        bots: their addresses, ``http://127.0.0.1:8000``; may be changed at any time.
    """

    def __init__(self, bots: Sequence[str], inner: httpx.AsyncBaseTransport) -> None:
        """Carry requests over ``inner``."""
        self.bots = list(bots)
        self._inner = inner
        self._turn = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Carry one request.

        Raises:
            httpx.ConnectError: none of the bots takes connections.
            httpx.HTTPError: the connection broke; a bot may have handled the request.
        """
        await request.aread()
        for _ in self.bots:
            self._turn += 1
            bot = httpx.URL(self.bots[self._turn % len(self.bots)])
            request.url = request.url.copy_with(scheme=bot.scheme, host=bot.host, port=bot.port)
            try:
                return await self._inner.handle_async_request(request)
            except httpx.HTTPError as error:
                if not certainly_not_sent(error):
                    raise
        raise httpx.ConnectError("no bot takes connections", request=request)

    async def aclose(self) -> None:
        """Close the transport beneath."""
        await self._inner.aclose()


class _Held:
    """An answer that has not left yet."""

    def __init__(self) -> None:
        self._messages: list[Message] = []

    async def __call__(self, message: Message) -> None:
        self._messages.append(message)

    async def leave(self, send: Send) -> None:
        for message in self._messages:
            await send(message)


class FaultProxy:
    """Stands before an application on a socket: how long its requests take, and what goes wrong with them.

    A connection is always taken first, so `Effect.REFUSED` is a reset before anything is handled.

    Attributes:
        faults: those in force.
        latency_ms: what every request takes.
        passage: told of every request twice, as ``before <endpoint>`` and ``after <endpoint>``. A fault that it puts
            in force before a request can hit that request; the answer leaves when it has been told.
    """

    def __init__(self, app: Any, *, latency_ms: int = 0) -> None:
        """Stand before this ASGI application."""
        self.faults = Faults()
        self.latency_ms = latency_ms
        self.passage: RequestHook = _nowhere
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one request."""
        endpoint = str(scope["path"]).rstrip("/").rsplit("/", 1)[-1]
        receive = await _received(receive)
        await self.passage(f"before {endpoint}")
        fault = self.faults.take(endpoint)
        await asyncio.sleep(self.latency_ms / 1000)
        if fault is None or fault.after:
            held = await self._handled(scope, receive, endpoint)
            await (held.leave(send) if fault is None else self._happen(fault, receive, send, held))
            return
        if fault.effect is Effect.SLOW:
            await asyncio.sleep(fault.slow_ms / 1000)
            await (await self._handled(scope, receive, endpoint)).leave(send)
            return
        await self._happen(fault, receive, send, None)

    async def _handled(self, scope: Scope, receive: Receive, endpoint: str) -> _Held:
        held = _Held()
        await self._app(scope, receive, held)
        await self.passage(f"after {endpoint}")
        return held

    async def _happen(self, fault: Fault, receive: Receive, send: Send, held: _Held | None) -> None:
        if fault.effect is Effect.SLOW and held is not None:
            await asyncio.sleep(fault.slow_ms / 1000)
            await held.leave(send)
        elif fault.answer is not None:
            await _answer(fault.answer, send)
        elif fault.effect is Effect.TIMEOUT:
            while (await receive())["type"] != "http.disconnect":
                pass
        else:
            # An answer that ends before its time: the server cuts the connection.
            await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1")]})


async def _received(receive: Receive) -> Receive:
    """A request that is here in full, so that it is handled even if whoever sent it is gone by then."""
    parts: list[Message] = [await receive()]
    while parts[-1]["type"] == "http.request" and parts[-1].get("more_body", False):
        parts.append(await receive())
    waiting = iter(parts)

    async def again() -> Message:
        part = next(waiting, None)
        return part if part is not None else await receive()

    return again


async def _answer(answer: Answer, send: Send) -> None:
    headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body.encode()})


class VirtualUser:
    """A person who uses a phone in real time: does something, and waits for what comes of it.

    Args:
        handset: their phone.
        skip: messages with these texts are no answers.
    """

    def __init__(self, handset: Handset, *, skip: frozenset[str] = frozenset()) -> None:
        """Pick up the phone."""
        self.handset = handset
        self._skip = skip
        self._news = asyncio.Event()

    @property
    def phone(self) -> str:
        """Their number."""
        return self.handset.phone

    @property
    def answers(self) -> list[Bubble]:
        """What the bot told them, in the order in which WhatsApp took it.

        A message that was sent again because nobody knew whether it had been sent is one answer: it has the same
        ``biz_opaque_callback_data``.
        """
        first = {bubble.callback or bubble.wamid: bubble for bubble in reversed(self.handset.bubbles)}
        return [
            bubble
            for bubble in self.handset.bubbles
            if first[bubble.callback or bubble.wamid] is bubble and bubble.body not in self._skip
        ]

    @property
    def repetitions(self) -> list[tuple[Bubble, Bubble]]:
        """Messages that were sent more than once: the first and each further one."""
        first = {bubble.callback or bubble.wamid: bubble for bubble in reversed(self.handset.bubbles)}
        pairs = [(first[bubble.callback or bubble.wamid], bubble) for bubble in self.handset.bubbles]
        return [(one, other) for one, other in pairs if one is not other]

    def type(self, text: str) -> None:
        """Write a text."""
        self.handset.type(text)

    def tap(self, bubble: Bubble, title: str) -> None:
        """Tap a button or a row of this message by its title."""
        self.handset.tap(bubble.wamid, title)

    async def answer(self, number: int) -> Bubble:
        """Wait until the answer with this number (from 0) is on the screen."""
        while True:
            answers = self.answers
            if len(answers) > number and answers[number].shown_ms is not None:
                return answers[number]
            self._news.clear()
            await self._news.wait()

    def look(self) -> None:
        """Something new is on the screen."""
        self._news.set()


class _Server(uvicorn.Server):
    """A server that leaves signals to the program it runs in."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@dataclass(slots=True)
class SimulatedServices:
    """What stands around bots that run as processes: one port for Credex core and the Graph API, and the people.

    Attributes:
        settings: what the bots are told, as far as the other side must know it, too.
        port: of both, on 127.0.0.1.
        core: Credex core; ``core_proxy`` is its way to the network.
        cloud: WhatsApp; ``graph_proxy`` is its Graph API's way to the network.
        balancer: the way to the bots.
        visitors: the people who use a phone here, by number.
        watch: told of everything that happens at WhatsApp.
        beside: what else is served, by the beginning of its paths.
    """

    settings: Settings
    port: int
    core: Core
    core_proxy: FaultProxy
    cloud: CloudApi
    graph_proxy: FaultProxy
    balancer: FailoverTransport
    users: dict[str, VirtualUser] = field(default_factory=dict)
    watch: Callable[[Event], None] = field(default=lambda _: None)
    mounts: dict[str, Application] = field(default_factory=dict)

    @property
    def core_url(self) -> str:
        """Where bots find Credex core."""
        return f"http://127.0.0.1:{self.port}/v1/"

    @property
    def graph_url(self) -> str:
        """Where bots find the Graph API."""
        return f"http://127.0.0.1:{self.port}/v25.0/"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment variables that lead a bot here; ``more`` are added, by the names of settings."""
        told = {"mycredex_app_url": self.core_url, "whatsapp_api_url": self.graph_url, **more}
        return {name.upper(): value for name, value in told.items()}

    def visitor(
        self, phone: str, name: str, *, receipts: bool = False, skip: frozenset[str] = frozenset()
    ) -> VirtualUser:
        """Somebody comes with a phone."""
        visitor = VirtualUser(self.cloud.handset(phone, name=name, receipts=receipts), skip=skip)
        self.users[visitor.phone] = visitor
        return visitor

    def see(self, event: Event) -> None:
        """Something happened at WhatsApp."""
        if isinstance(event, Shown) and event.phone in self.users:
            self.users[event.phone].look()
        self.watch(event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One port for both, as the defaults of the settings have it: told apart by the path."""
        path = str(scope["path"])
        other = next((app for begin, app in self.mounts.items() if path == begin or path.startswith(f"{begin}/")), None)
        if other is not None:
            await other(scope, receive, send)
            return
        of_core = path.startswith("/v1/")
        await (self.core_proxy if of_core else self.graph_proxy)(scope, receive, send)


@asynccontextmanager
async def run_services(
    *,
    bots: Sequence[str],
    port: int = 0,
    seed: int = 1,
    config: Config | None = None,
    quirks: Quirks | None = None,
    host: str = "127.0.0.1",
    prepare: Callable[[SimulatedServices], Awaitable[None]] | None = None,
) -> AsyncIterator[SimulatedServices]:
    """Have it listen, until the end of the block.

    WhatsApp delivers nothing before the bots have verified their address: call ``cloud.start()`` when they run.

    Args:
        bots: their addresses, ``http://127.0.0.1:8000``.
        port: to listen on; 0 for any that is free.
        seed: of ids.
        config: of WhatsApp.
        quirks: of Credex core.
        host: the address to listen on; others than this machine can only reach it at another one.
        prepare: done before the first request is taken.
    """
    settings = Settings.model_construct()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Whoever comes before the server is ready waits a moment, and is not refused.
        listener.listen()
        made = _build(settings, listener.getsockname()[1], bots, seed, config, quirks)
        server = _Server(uvicorn.Config(made, lifespan="off", log_level="critical", access_log=False, ws="none"))
        if prepare is not None:
            await prepare(made)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="standalone")
        try:
            yield made
        finally:
            await made.cloud.stop()
            server.should_exit = server.force_exit = True
            await serving
            await made.balancer.aclose()


def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS))


def _build(
    settings: Settings, port: int, bots: Sequence[str], seed: int, config: Config | None, quirks: Quirks | None
) -> SimulatedServices:
    def see(event: Event) -> None:
        made.see(event)

    core = Core(
        clock_ms=_now_ms,
        rng=random.Random(f"{seed}:core"),
        api_key=settings.client_api_key.get_secret_value(),
        quirks=quirks or Quirks(),
    )
    balancer = FailoverTransport(bots, AiohttpTransport(client=_session))
    cloud = CloudApi(
        Business(
            phone_number_id=settings.whatsapp_phone_number_id,
            business_id=settings.whatsapp_business_id,
            display_phone_number="263242700100",
            access_token=settings.whatsapp_access_token.get_secret_value(),
            app_secret=settings.whatsapp_app_secret.get_secret_value(),
            verify_token=settings.whatsapp_verify_token.get_secret_value(),
            callback_url=CALLBACK,
        ),
        to_bot=httpx.AsyncClient(transport=balancer, timeout=None, trust_env=False),  # noqa: S113 - WhatsApp has its own
        clock_ms=_now_ms,
        rng=random.Random(f"{seed}:cloud"),
        config=config,
        on_event=see,
    )
    made = SimulatedServices(
        settings, port, core, FaultProxy(asgi_app(core)), cloud, FaultProxy(graph_app(cloud)), balancer
    )
    return made
