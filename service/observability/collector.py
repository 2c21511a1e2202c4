"""Publishes metrics every half minute: how long work waits, and the condition of the state Redis."""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec
import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from service.mailbox import Mailbox, MailboxError
from service.observability import metrics
from service.observability.emf import EmfWriter

EVERY_MS: Final = 30_000
_LAST_SNAPSHOT_KEY: Final = "metrics:state"
_TURN_KEY: Final = "metrics:turn"
_REMEMBERED_MS: Final = 10 * 60_000
_PERCENT: Final = 100.0
NO_CODE: Final = "none"

log = structlog.get_logger(__name__)


class RedisSnapshot(msgspec.Struct):
    """Counters of the state Redis, which only grow until it restarts; then its run id changes."""

    at_ms: int
    run_id: str
    cpu_s: float
    bytes_in: int
    bytes_out: int
    hits: int
    misses: int
    evicted: int


class Collector:
    """Collects and publishes one process's metrics. Of several processes one at a time reads the state Redis's INFO.

    They take turns through the cache. Without it each process reads INFO, and rates are not published, because there is
    no earlier snapshot.
    """

    def __init__(
        self,
        metric_writer: EmfWriter,
        *,
        mailbox: Mailbox,
        state: Redis,
        cache: Redis | RedisCluster,
        clock_ms: Callable[[], int],
        stopped: Callable[[], bool],
        sender_counts: Mapping[str, int],
    ) -> None:
        """Collects nothing yet.

        Args:
            metric_writer: takes the values.
            state: the Redis whose INFO is read.
            cache: remembers the last snapshot.
            stopped: whether WhatsApp has stopped our sending.
            sender_counts: what became of messages, as `Sender.counts`; read anew each time.
        """
        self._metrics = metric_writer
        self._mailbox = mailbox
        self._state = state
        self._cache = cache
        self._clock_ms = clock_ms
        self._stopped = stopped
        self._sender_counts = sender_counts
        self._published_counts = Counter[str]()

    async def run(self, stop: asyncio.Event) -> None:
        """Collects and publishes until `stop` is set; then publishes what was counted since."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(EVERY_MS / 1000):
                    await stop.wait()
            except TimeoutError:
                await self.collect()
        self._count_sent()
        self._metrics.publish(self._clock_ms())

    async def collect(self) -> None:
        """Collects everything now and publishes it, with what was counted since the last time."""
        self._count_sent()
        self._metrics.value(metrics.SENDING_STOPPED, int(self._stopped()))
        try:
            await self._measure_queues()
            if await self._is_our_turn():
                await self._measure_redis()
        except (MailboxError, RedisError, OSError) as error:
            self._metrics.value(metrics.STATE_UP, 0)
            log.warning("state_not_seen", error=type(error).__name__)
        self._metrics.publish(self._clock_ms())

    def _count_sent(self) -> None:
        counts = Counter(self._sender_counts)
        for what, times in (counts - self._published_counts).items():
            kind, _, reason = what.partition(":")
            if kind == "sent":
                self._metrics.count(metrics.MESSAGES_SENT, times)
            elif kind == "lost":
                self._metrics.count(metrics.SEND_FAILURES, times, of=reason.partition(":")[2] or NO_CODE)
        self._published_counts = counts

    async def _measure_queues(self) -> None:
        stats = await self._mailbox.queue_stats()
        now_ms = self._clock_ms()
        for metric, due_ms in (
            (metrics.INBOX_AGE_MS, stats.inbox_due_ms),
            (metrics.OUTBOX_AGE_MS, stats.outbox_due_ms),
        ):
            self._metrics.value(metric, 0 if due_ms is None else max(0, now_ms - due_ms))
        self._metrics.value(metrics.DEAD_LETTERS, stats.dead_letters)

    async def _is_our_turn(self) -> bool:
        try:
            return bool(await self._cache.set(_TURN_KEY, b"1", nx=True, px=EVERY_MS - 1_000))
        except (RedisError, OSError):
            return True

    async def _measure_redis(self) -> None:
        info: dict[str, Any] = await self._state.info()
        used, most = int(info["used_memory"]), int(info["maxmemory"])
        for metric, value in (
            (metrics.STATE_UP, 1),
            (metrics.STATE_USED_MEMORY, used),
            (metrics.STATE_MAX_MEMORY, most),
            (metrics.STATE_MEMORY_PERCENT, _PERCENT * used / most if most else 0),
            (metrics.STATE_CLIENTS, int(info["connected_clients"])),
            (metrics.STATE_AOF_FAILED, int(info.get("aof_last_write_status", "ok") != "ok")),
        ):
            self._metrics.value(metric, value)
        snapshot = RedisSnapshot(
            at_ms=self._clock_ms(),
            run_id=str(info["run_id"]),
            cpu_s=float(info["used_cpu_sys"]) + float(info["used_cpu_user"]),
            bytes_in=int(info["total_net_input_bytes"]),
            bytes_out=int(info["total_net_output_bytes"]),
            hits=int(info["keyspace_hits"]),
            misses=int(info["keyspace_misses"]),
            evicted=int(info["evicted_keys"]),
        )
        last = await self._swap_snapshot(snapshot)
        if last is not None and last.run_id == snapshot.run_id and last.at_ms < snapshot.at_ms:
            self._measure_rates(last, snapshot)

    def _measure_rates(self, last: RedisSnapshot, now: RedisSnapshot) -> None:
        seconds = (now.at_ms - last.at_ms) / 1000
        hits, misses = now.hits - last.hits, now.misses - last.misses
        self._metrics.value(metrics.STATE_CPU_PERCENT, round(_PERCENT * (now.cpu_s - last.cpu_s) / seconds, 2))
        self._metrics.count(metrics.STATE_NETWORK_IN, now.bytes_in - last.bytes_in)
        self._metrics.count(metrics.STATE_NETWORK_OUT, now.bytes_out - last.bytes_out)
        self._metrics.count(metrics.STATE_EVICTED_KEYS, now.evicted - last.evicted)
        if hits + misses:
            self._metrics.value(metrics.STATE_HIT_RATE, round(_PERCENT * hits / (hits + misses), 2))

    async def _swap_snapshot(self, snapshot: RedisSnapshot) -> RedisSnapshot | None:
        """Stores this snapshot and returns the last one, of whichever process."""
        try:
            raw = await self._cache.get(_LAST_SNAPSHOT_KEY)
            await self._cache.set(_LAST_SNAPSHOT_KEY, msgspec.json.encode(snapshot), px=_REMEMBERED_MS)
            return msgspec.json.decode(raw, type=RedisSnapshot) if raw else None
        except (RedisError, OSError, msgspec.MsgspecError):
            return None
