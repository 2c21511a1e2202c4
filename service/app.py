"""The composition root: builds the bot from settings and clients, and starts and stops its loops."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
from litestar import Litestar
from litestar.exceptions import HTTPException
from redis.asyncio import Redis, RedisCluster

from service import flows
from service.credex.client import CredexClient
from service.credex.gateway import CredexGateway, DashboardCache
from service.credex.tokens import CachedTokens
from service.http_client import open_http
from service.mailbox import Mailbox, StateFullError, StateUnavailableError, open_cache, open_state
from service.observability.collector import Collector
from service.observability.emf import EmfWriter
from service.observability.logging import pseudonym, write_line
from service.observability.turns import TurnReporter
from service.runtime.inbox_worker import Finished, Worker
from service.runtime.outbox_sender import Sender
from service.runtime.poller import Poller
from service.runtime.rate_limiter import GcraLimiter
from service.runtime.sliding_window import SlidingWindowLimiter
from service.settings import Settings
from service.web.core_events import core_event_routes
from service.web.errors import http_error_handler
from service.web.health import health_route
from service.web.ingest import Ingest
from service.web.request_guard import RequestGuard
from service.web.whatsapp_webhook import webhook_routes
from service.whatsapp import GraphClient, WebhookPayload, form_tokens
from service.writes.reconciler import Reconciler

WORKERS: Final = 8
STOP_WITHIN_S: Final = 20.0
POLL_MS: Final = 500


@dataclass
class Dependencies:
    """What the service is built from. A simulation brings its own clock, randomness, Redis and transports.

    Attributes:
        state: the Redis whose acknowledged writes are kept.
        cache: the Redis that may lose everything.
        core_transport: None opens connections; so does None of ``graph_transport``.
        poll_ms: how often to poll for work that other processes left; None when there are none.
        metric_line: writes a line of metrics; None publishes none.
    """

    clock_ms: Callable[[], int]
    state: Redis
    cache: Redis | RedisCluster
    core_transport: httpx.AsyncBaseTransport | None = None
    graph_transport: httpx.AsyncBaseTransport | None = None
    random_bytes: Callable[[int], bytes] = os.urandom
    poll_ms: int | None = POLL_MS
    finished: Callable[[Finished], None] = field(default=lambda _: None)
    metric_line: Callable[[str], None] | None = None
    mailbox: Callable[[Redis], Mailbox] = Mailbox

    @classmethod
    def real(cls, settings: Settings) -> Dependencies:
        limits = {"max_connections": settings.redis_max_connections, "timeout_s": settings.redis_timeout_seconds}
        return cls(
            clock_ms=lambda: time.time_ns() // 1_000_000,
            state=open_state(settings.redis_state_url, **limits),  # type: ignore[arg-type]
            cache=open_cache(settings.redis_url, **limits),  # type: ignore[arg-type]
            metric_line=write_line if settings.environment else None,
        )


class Service:
    """The whole bot: HTTP, workers and senders of one process."""

    def __init__(self, settings: Settings, *, dependencies: Dependencies) -> None:
        """Builds everything; nothing runs until `start`."""
        self._settings = settings
        self._dependencies = dependencies
        self._clock_ms = dependencies.clock_ms
        self._mailbox = dependencies.mailbox(dependencies.state)
        self._inbox_wake, self._outbox_wake = asyncio.Event(), asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._core_http = _http(dependencies.core_transport)
        self._graph_http = _http(dependencies.graph_transport)
        self._pseudonym = pseudonym(settings.django_secret.get_secret_value())
        self._metrics = EmfWriter(settings.environment, dependencies.metric_line)
        self._turns = TurnReporter(self._metrics, self._pseudonym)
        graph = GraphClient(
            self._graph_http,
            api_url=settings.whatsapp_api_url,
            phone_number_id=settings.whatsapp_phone_number_id,
            access_token=settings.whatsapp_access_token.get_secret_value(),
        )
        core = CredexGateway(self._credex_client(), DashboardCache(dependencies.cache, self._clock_ms))
        self._worker = Worker(
            self._mailbox,
            core,
            Reconciler(core, self._clock_ms),
            flows.flow_registry(self._forms()),
            clock_ms=self._clock_ms,
            typing_indicator=graph,
            outbox_woken=self._outbox_wake.set,
            finished=self._finished,
        )
        self._sender = Sender(
            self._mailbox,
            graph,
            limiter=GcraLimiter(
                dependencies.cache,
                phone_number_id=settings.whatsapp_phone_number_id,
                per_second=settings.whatsapp_messages_per_second,
            ),
            clock_ms=self._clock_ms,
            poll_ms=dependencies.poll_ms,
            pseudonym=self._pseudonym,
        )
        self._ingest: Callable[[WebhookPayload], Awaitable[None]] = Ingest(
            self._mailbox,
            self._metrics,
            clock_ms=self._clock_ms,
            pseudonym=self._pseudonym,
            inbox_woken=self._inbox_wake.set,
            outbox_woken=self._outbox_wake.set,
        ).store
        self.asgi = RequestGuard(self._litestar())

    # -- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        work = Poller("worker", expected=(StateFullError, StateUnavailableError)).serve(
            self._worker.run_once,
            wake=self._inbox_wake,
            stop=self._stopping,
            clock_ms=self._clock_ms,
            poll_ms=self._dependencies.poll_ms,
            concurrency=WORKERS,
        )
        self._tasks = [
            asyncio.create_task(work, name="worker"),
            asyncio.create_task(self._sender.run(self._stopping, self._outbox_wake), name="sender"),
        ]
        if self._dependencies.metric_line is not None:
            self._tasks.append(asyncio.create_task(self._collector().run(self._stopping), name="collector"))

    async def stop(self) -> None:
        """Finishes the leases in hand, releases the rest and closes the clients, within 25 s."""
        self._stopping.set()
        self.wake()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            await self._worker.release_all()
        for client in (self._core_http, self._graph_http):
            await client.aclose()
        for redis in (self._dependencies.state, self._dependencies.cache):
            await redis.aclose()

    def kill(self) -> None:
        """Stops like a killed process: nothing is finished, nothing released."""
        for task in self._tasks:
            task.cancel()

    def wake(self) -> None:
        self._inbox_wake.set()
        self._outbox_wake.set()

    async def busy(self) -> bool:
        """Whether work is due now or in hand."""
        if self._worker.busy or self._sender.busy:
            return True
        stats = await self._mailbox.queue_stats()
        now_ms = self._clock_ms()
        return any(due is not None and due <= now_ms for due in (stats.inbox_due_ms, stats.outbox_due_ms))

    # -- parts ------------------------------------------------------------------------------------------------------

    def _litestar(self) -> Litestar:
        settings = self._settings
        webhook = webhook_routes(
            app_secret=settings.whatsapp_app_secret.get_secret_value(),
            verify_token=settings.whatsapp_verify_token.get_secret_value(),
            phone_number_id=settings.whatsapp_phone_number_id,
            clock_ms=self._clock_ms,
            ingest=self._ingest,
        )
        core_events = core_event_routes(
            api_key=settings.client_api_key.get_secret_value(),
            secret=settings.credex_webhook_secret.get_secret_value(),
            clock_ms=self._clock_ms,
            mailbox=self._mailbox,
            nonce=self._dependencies.random_bytes,
            outbox_woken=self._outbox_wake.set,
            pseudonym=self._pseudonym,
        )
        health = health_route(
            cache=self._dependencies.cache,
            state=self._dependencies.state,
            sending=lambda: str(self._sender.stopped or "ok"),
            release=settings.release,
        )

        @asynccontextmanager
        async def lifespan(_: Litestar) -> AsyncIterator[None]:
            await self.start()
            try:
                yield
            finally:
                await self.stop()

        # Litestar's own logging would let every request of the HTTP client out, and not as JSON.
        return Litestar(
            [webhook, core_events, health],
            lifespan=[lifespan],
            exception_handlers={HTTPException: http_error_handler},
            openapi_config=None,
            logging_config=None,
            debug=False,
        )

    def _forms(self) -> flows.Forms | None:
        settings = self._settings
        if settings.use_progressive_flow:
            return None
        return flows.Forms(
            token=form_tokens(settings.django_secret.get_secret_value()),
            person=settings.whatsapp_registration_flow_id,
            business=settings.whatsapp_company_registration_flow_id,
        )

    def _credex_client(self) -> CredexClient:
        settings, cache = self._settings, self._dependencies.cache
        return CredexClient(
            self._core_http,
            base_url=settings.mycredex_app_url,
            api_key=settings.client_api_key.get_secret_value(),
            tokens=CachedTokens(
                cache,
                settings.django_secret.get_secret_value(),
                self._clock_ms,
                nonce=self._dependencies.random_bytes,
            ),
            budget=SlidingWindowLimiter(cache, clock_ms=self._clock_ms, per_minute=settings.credex_calls_per_minute),
        )

    def _collector(self) -> Collector:
        return Collector(
            self._metrics,
            mailbox=self._mailbox,
            state=self._dependencies.state,
            cache=self._dependencies.cache,
            clock_ms=self._clock_ms,
            stopped=lambda: self._sender.stopped is not None,
            sender_counts=self._sender.counts,
        )

    def _finished(self, turn: Finished) -> None:
        self._turns.report(turn)
        self._dependencies.finished(turn)


def _http(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    return open_http() if transport is None else httpx.AsyncClient(transport=transport, trust_env=False)
