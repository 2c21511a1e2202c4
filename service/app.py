"""The composition root: the only place that reads settings, opens Redis and HTTP clients, and wires the rooms."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

import httpx
import msgspec
import structlog
from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException
from redis.asyncio import Redis, RedisCluster

from service import flows
from service.credex.client import CredexClient
from service.credex.gateway import CredexGateway, DashboardCache
from service.credex.tokens import CachedTokens
from service.http import open_http
from service.mailbox import (
    InboxEntry,
    Mailbox,
    MailboxError,
    StateFullError,
    StateUnavailableError,
    open_cache,
    open_state,
)
from service.observability import metrics
from service.observability.collector import Collector
from service.observability.emf import EmfWriter
from service.observability.logging import pseudonym, write_line
from service.runtime.inbox_worker import Finished, Worker
from service.runtime.outbox_sender import Sender
from service.runtime.poller import Poller
from service.runtime.rate_limiter import GcraLimiter
from service.runtime.recent_ids import RecentIds
from service.runtime.sliding_window import SlidingWindowLimiter
from service.settings import Settings
from service.web.core_events import notification_routes
from service.web.health import health_route
from service.web.request_guard import RequestGuard
from service.web.whatsapp_webhook import webhook_routes
from service.whatsapp import Delivery, GraphClient, NotStoredError, Status, form_tokens
from service.writes.reconciler import Reconciler

__all__ = ("Dependencies", "Service")

WORKERS: Final = 8
STOP_WITHIN_S: Final = 20.0
POLL_MS: Final = 500
NO_CODE: Final = "none"
NOTED: Final = 10_000
"""Ids of sent messages that are remembered, so that their later statuses cost nothing."""

log = structlog.get_logger(__name__)


@dataclass
class Dependencies:
    """What the service stands on. A simulation brings its own clock, chance, Redis and wires.

    Attributes:
        clock_ms: the time, ms since the epoch.
        state: the Redis whose acknowledged writes are kept.
        cache: the Redis that may forget.
        core_transport: the way to Credex core; None opens connections.
        graph_transport: the way to WhatsApp; None opens connections.
        random_bytes: where chance comes from.
        poll_ms: how often to look for work that other processes left; None when there are none.
        finished: told of every turn.
        metric_line: takes the metrics, line by line; None publishes none.
        mailbox: the queues on the state.
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
        """What production stands on."""
        limits = {"max_connections": settings.redis_max_connections, "timeout_s": settings.redis_timeout_seconds}
        return cls(
            clock_ms=lambda: time.time_ns() // 1_000_000,
            state=open_state(settings.redis_state_url, **limits),  # type: ignore[arg-type]
            cache=open_cache(settings.redis_url, **limits),  # type: ignore[arg-type]
            metric_line=write_line if settings.environment else None,
        )


class Service:
    """The whole bot: web, workers and senders of one process."""

    def __init__(self, settings: Settings, *, parts: Dependencies) -> None:
        """Wire the rooms; nothing runs yet."""
        self._settings = settings
        self._parts = parts
        self._mailbox = parts.mailbox(parts.state)
        self._inbox_wake, self._outbox_wake = asyncio.Event(), asyncio.Event()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._noted = RecentIds(NOTED)
        self._meter = EmfWriter(settings.environment, parts.metric_line)
        self._core_http = _http(parts.core_transport)
        self._graph_http = _http(parts.graph_transport)
        self._pseudonym = pseudonym(settings.django_secret.get_secret_value())
        graph = GraphClient(
            self._graph_http,
            api_url=settings.whatsapp_api_url,
            phone_number_id=settings.whatsapp_phone_number_id,
            access_token=settings.whatsapp_access_token.get_secret_value(),
        )
        core = CredexGateway(self._credex_client(), DashboardCache(parts.cache, parts.clock_ms))
        self._worker = Worker(
            self._mailbox,
            core,
            Reconciler(core, parts.clock_ms),
            flows.flow_registry(self._forms()),
            clock_ms=parts.clock_ms,
            typing_indicator=graph,
            outbox_woken=self._outbox_wake.set,
            finished=self._finished,
        )
        self._sender = Sender(
            self._mailbox,
            graph,
            bucket=GcraLimiter(
                parts.cache,
                phone_number_id=settings.whatsapp_phone_number_id,
                per_second=settings.whatsapp_messages_per_second,
            ),
            clock_ms=parts.clock_ms,
            poll_ms=parts.poll_ms,
            pseudonym=self._pseudonym,
        )
        self._published = Counter[str]()
        self.asgi = RequestGuard(self._litestar())

    # -- life -------------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Begin to work: from now on inboxes are answered and outboxes sent."""
        work = Poller("worker", foreseen=(StateFullError, StateUnavailableError)).serve(
            self._worker.run_once,
            wake=self._inbox_wake,
            stop=self._stopping,
            clock_ms=self._parts.clock_ms,
            poll_ms=self._parts.poll_ms,
            concurrency=WORKERS,
        )
        self._tasks = [
            asyncio.create_task(work, name="worker"),
            asyncio.create_task(self._sender.run(self._stopping, self._outbox_wake), name="sender"),
        ]
        if self._parts.metric_line is not None:
            self._tasks.append(asyncio.create_task(self._gauges().run(self._stopping), name="gauges"))

    async def stop(self) -> None:
        """Finish what is claimed, give back the rest, close what was opened: done within 25 s."""
        self._stopping.set()
        self._inbox_wake.set()
        self._outbox_wake.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=STOP_WITHIN_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)
            await self._worker.release_all()
        for client in (self._core_http, self._graph_http):
            await client.aclose()
        for redis in (self._parts.state, self._parts.cache):
            await redis.aclose()

    def kill(self) -> None:
        """Stop as a process does that is killed: nothing is finished, nothing given back."""
        for task in self._tasks:
            task.cancel()

    def wake(self) -> None:
        """Look for work now, and not only after the usual pause."""
        self._inbox_wake.set()
        self._outbox_wake.set()

    async def busy(self) -> bool:
        """Whether work is due now or in hand."""
        if self._worker.busy or self._sender.busy:
            return True
        depths = await self._mailbox.queue_stats()
        now_ms = self._parts.clock_ms()
        return any(due is not None and due <= now_ms for due in (depths.inbox_due_ms, depths.outbox_due_ms))

    # -- the web ----------------------------------------------------------------------------------------------------

    def _litestar(self) -> Litestar:
        settings = self._settings
        webhook = webhook_routes(
            app_secret=settings.whatsapp_app_secret.get_secret_value(),
            verify_token=settings.whatsapp_verify_token.get_secret_value(),
            phone_number_id=settings.whatsapp_phone_number_id,
            clock_ms=self._parts.clock_ms,
            accept=self._accept,
        )
        notifications = notification_routes(
            api_key=settings.client_api_key.get_secret_value(),
            secret=settings.credex_webhook_secret.get_secret_value(),
            clock_ms=self._parts.clock_ms,
            mailbox=self._mailbox,
            nonce=self._parts.random_bytes,
            posted=self._outbox_wake.set,
            pseudonym=self._pseudonym,
        )
        health = health_route(
            cache=self._parts.cache,
            state=self._parts.state,
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
            [webhook, notifications, health],
            lifespan=[lifespan],
            exception_handlers={HTTPException: http_error_handler},
            openapi_config=None,
            logging_config=None,
            debug=False,
        )

    async def _accept(self, delivery: Delivery) -> None:
        """Keep a delivery: messages durably, statuses as news about what was sent.

        Raises:
            NotStored: at least one message is not kept; Meta must bring the delivery again.
        """
        arrivals = [
            InboxEntry(
                arrived.member,
                arrived.inbound.wamid,
                arrived.inbound.sent_at_ms,
                msgspec.json.encode(arrived.inbound),
            )
            for arrived in delivery.messages
        ]
        if arrivals:
            try:
                stored = await self._mailbox.ingest(arrivals, self._parts.clock_ms())
            except MailboxError as error:
                raise NotStoredError(str(error)) from error
            self._meter.count(metrics.MESSAGES_RECEIVED, sum(stored))
            self._inbox_wake.set()
        await self._note(delivery.statuses)

    async def _note(self, statuses: tuple[Status, ...]) -> None:
        """A status that carries an outbox entry's id proves that it was sent; losing one may cost a repetition."""
        for status in statuses:
            if status.status == "failed":
                log.warning("message_failed", codes=status.codes, member=self._pseudonym(status.recipient or ""))
                self._meter.count(metrics.SEND_FAILURES, of=str(next(iter(status.codes), NO_CODE)))
            if status.callback_id is None or status.callback_id in self._noted:
                continue
            try:
                if await self._mailbox.confirm_delivery(status.callback_id, self._parts.clock_ms()):
                    self._outbox_wake.set()
            except MailboxError as error:
                log.warning("status_not_noted", error=type(error).__name__)
            else:
                # Sent, delivered and read all prove the same; the first of them has done what there was to do.
                self._noted.add(status.callback_id)

    # -- the rest ---------------------------------------------------------------------------------------------------

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
        settings, parts = self._settings, self._parts
        return CredexClient(
            self._core_http,
            base_url=settings.mycredex_app_url,
            api_key=settings.client_api_key.get_secret_value(),
            tokens=CachedTokens(
                parts.cache,
                settings.django_secret.get_secret_value(),
                parts.clock_ms,
                nonce=parts.random_bytes,
            ),
            budget=SlidingWindowLimiter(
                parts.cache, clock_ms=parts.clock_ms, per_minute=settings.credex_calls_per_minute
            ),
        )

    def _gauges(self) -> Collector:
        parts = self._parts
        return Collector(
            self._meter,
            mailbox=self._mailbox,
            state=parts.state,
            cache=parts.cache,
            clock_ms=parts.clock_ms,
            stopped=lambda: self._sender.stopped is not None,
            collect=self._collect,
        )

    def _collect(self) -> None:
        """Bring what the sender has counted since the last time into the meter."""
        counts = Counter(self._sender.counts)
        for what, times in (counts - self._published).items():
            kind, _, rest = what.partition(":")
            if kind == "sent":
                self._meter.count(metrics.MESSAGES_SENT, times)
            elif kind == "lost":
                self._meter.count(metrics.SEND_FAILURES, times, of=rest.partition(":")[2] or NO_CODE)
        self._published = counts

    def _finished(self, turn: Finished) -> None:
        self._meter.count(metrics.TURNS)
        if turn.reply_ms is not None:
            self._meter.value(metrics.REPLY_MS, turn.reply_ms)
        log.info(
            "turn",
            member=self._pseudonym(turn.member),
            message=self._pseudonym(turn.wamid) if turn.wamid else None,
            kind=turn.event,
            flow=turn.flow,
            step=turn.step,
            walked=[transition.exit for transition in turn.transitions],
            messages=turn.messages,
            calls=turn.calls,
            ms=turn.ms,
            reply_ms=turn.reply_ms,
        )
        self._parts.finished(turn)


def http_error_handler(_: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, object]]:
    """The answer where no room answers: an unknown path, a method that is not taken."""
    name = "not_found" if error.status_code == HTTPStatus.NOT_FOUND else "refused"
    return Response({"error": name, "details": {"request": error.detail}}, status_code=error.status_code)


def _http(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    return open_http() if transport is None else httpx.AsyncClient(transport=transport, trust_env=False)
