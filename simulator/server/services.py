"""WhatsApp, Credex core and people with phones on sockets of this machine, in real time.

A replay runs everything in one process and virtual time. Here the bot is a process of its own, so that it can be
killed, stopped, measured or debugged; the services around it are the same.
"""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
import httpx
import uvicorn
from httpx_aiohttp import AiohttpTransport

from service.settings import Settings
from simulator.credex_core import Core, Quirks, asgi_app
from simulator.server.failover import FailoverTransport
from simulator.server.fault_proxy import FaultProxy, Receive, Scope, Send
from simulator.server.virtual_user import VirtualUser
from simulator.whatsapp_cloud import Business, CloudApi, Config, Event, Shown, graph_app

__all__ = ("SimulatedServices", "run_services")

CALLBACK: Final = "http://bot.simulated/bot/webhook"
"""The address of WhatsApp's webhooks; `FailoverTransport` replaces its host by that of a bot."""

CONNECTIONS: Final = 100
"""The most webhooks in flight at once."""

Application = Callable[[Any, Any, Any], Awaitable[None]]


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


class _Server(uvicorn.Server):
    """A server that does not handle signals: the program does."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class SimulatedServices:
    """The services around bots that run as processes: Credex core and the Graph API on one port, and the users.

    Attributes:
        settings: the bots' settings that both sides must agree on.
        port: of core and the Graph API, on 127.0.0.1.
        core: Credex core; ``core_proxy`` serves it.
        cloud: WhatsApp; ``graph_proxy`` serves its Graph API.
        balancer: the transport of webhooks to the bots.
        users: the users of phones, by number.
        on_event: called with every event at WhatsApp.
        mounts: further applications, by the beginning of their paths.
    """

    settings: Settings
    port: int
    core: Core
    core_proxy: FaultProxy
    cloud: CloudApi
    graph_proxy: FaultProxy
    balancer: FailoverTransport
    users: dict[str, VirtualUser] = field(default_factory=dict)
    on_event: Callable[[Event], None] = field(default=lambda _: None)
    mounts: dict[str, Application] = field(default_factory=dict)

    @property
    def core_url(self) -> str:
        """The base URL of Credex core for bots."""
        return f"http://127.0.0.1:{self.port}/v1/"

    @property
    def graph_url(self) -> str:
        """The base URL of the Graph API for bots."""
        return f"http://127.0.0.1:{self.port}/v25.0/"

    def environment(self, **more: str) -> dict[str, str]:
        """The environment variables for a bot that uses these services; ``more`` are settings to add."""
        variables = {"mycredex_app_url": self.core_url, "whatsapp_api_url": self.graph_url, **more}
        return {name.upper(): value for name, value in variables.items()}

    def add_user(
        self, phone: str, name: str, *, receipts: bool = False, skip: frozenset[str] = frozenset()
    ) -> VirtualUser:
        """Add a user with a phone."""
        user = VirtualUser(self.cloud.handset(phone, name=name, receipts=receipts), skip=skip)
        self.users[user.phone] = user
        return user

    def handle_event(self, event: Event) -> None:
        """Pass an event at WhatsApp on to its user and to ``on_event``."""
        if isinstance(event, Shown) and event.phone in self.users:
            self.users[event.phone].notify()
        self.on_event(event)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Route a request by its path."""
        path = str(scope["path"])
        other = next(
            (app for prefix, app in self.mounts.items() if path == prefix or path.startswith(f"{prefix}/")), None
        )
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
    """Serve until the end of the block.

    WhatsApp delivers webhooks once the bots have verified their address: call ``cloud.start()`` when they run.

    Args:
        bots: their addresses, ``http://127.0.0.1:8000``.
        port: to listen on; 0 for any free one.
        seed: of ids.
        config: of WhatsApp.
        quirks: of Credex core.
        host: the address to listen on; with the default only this machine can connect.
        prepare: awaited before the first request is handled.
    """
    settings = Settings.model_construct()
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # A client that connects before the server is ready waits, and is not refused.
        listener.listen()
        made = _build(settings, listener.getsockname()[1], bots, seed, config, quirks)
        server = _Server(uvicorn.Config(made, lifespan="off", log_level="critical", access_log=False, ws="none"))
        if prepare is not None:
            await prepare(made)
        serving = asyncio.create_task(server.serve(sockets=[listener]), name="services")
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
    def on_event(event: Event) -> None:
        made.handle_event(event)

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
        on_event=on_event,
    )
    made = SimulatedServices(
        settings, port, core, FaultProxy(asgi_app(core)), cloud, FaultProxy(graph_app(cloud)), balancer
    )
    return made
