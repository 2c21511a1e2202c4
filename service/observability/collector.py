"""What is to be seen from outside at a moment: how long work waits, and how the state Redis fares."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

import msgspec
import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from service.mailbox import Mailbox, MailboxError
from service.observability import metrics
from service.observability.emf import EmfWriter

__all__ = ("EVERY_MS", "Collector")

EVERY_MS: Final = 30_000
LAST_LOOK: Final = "metrics:state"
TURN: Final = "metrics:turn"
REMEMBERED_MS: Final = 10 * 60_000
PERCENT: Final = 100.0

log = structlog.get_logger(__name__)


class RedisSnapshot(msgspec.Struct):
    """What only goes up since the state Redis started; its run id tells when it started anew."""

    at_ms: int
    run_id: str
    cpu_s: float
    bytes_in: int
    bytes_out: int
    hits: int
    misses: int
    evicted: int


class Collector:
    """Looks around every half minute. Of several processes one looks at the state Redis: they take turns by the cache.

    Without the cache each of them looks, and what is counted since the last look is left out.
    """

    def __init__(
        self,
        meter: EmfWriter,
        *,
        mailbox: Mailbox,
        state: Redis,
        cache: Redis | RedisCluster,
        clock_ms: Callable[[], int],
        stopped: Callable[[], bool],
        collect: Callable[[], None],
    ) -> None:
        """Look at nothing yet.

        Args:
            meter: what is seen goes there.
            mailbox: whose queues to look at.
            state: the Redis that keeps what it acknowledged.
            cache: where the last look is remembered.
            clock_ms: now.
            stopped: whether WhatsApp has stopped our sending.
            collect: puts what was counted elsewhere into the meter.
        """
        self._meter = meter
        self._mailbox = mailbox
        self._state = state
        self._cache = cache
        self._clock_ms = clock_ms
        self._stopped = stopped
        self._collect = collect

    async def run(self, stop: asyncio.Event) -> None:
        """Look and publish until told to stop; then publish once more."""
        while not stop.is_set():
            try:
                async with asyncio.timeout(EVERY_MS / 1000):
                    await stop.wait()
            except TimeoutError:
                await self.look()
        self._collect()
        self._meter.publish(self._clock_ms())

    async def look(self) -> None:
        """Look at all of it now, and publish it with what was counted since."""
        self._collect()
        self._meter.value(metrics.SENDING_STOPPED, int(self._stopped()))
        try:
            await self._queues()
            if await self._our_turn():
                await self._redis()
        except (MailboxError, RedisError, OSError) as error:
            self._meter.value(metrics.STATE_UP, 0)
            log.warning("state_not_seen", error=type(error).__name__)
        self._meter.publish(self._clock_ms())

    async def _queues(self) -> None:
        depths = await self._mailbox.queue_stats()
        now_ms = self._clock_ms()
        for metric, due_ms in (
            (metrics.INBOX_AGE_MS, depths.inbox_due_ms),
            (metrics.OUTBOX_AGE_MS, depths.outbox_due_ms),
        ):
            self._meter.value(metric, 0 if due_ms is None else max(0, now_ms - due_ms))
        self._meter.value(metrics.DEAD_LETTERS, depths.dead)

    async def _our_turn(self) -> bool:
        try:
            return bool(await self._cache.set(TURN, b"1", nx=True, px=EVERY_MS - 1_000))
        except (RedisError, OSError):
            return True

    async def _redis(self) -> None:
        info: dict[str, Any] = await self._state.info()
        used, most = int(info["used_memory"]), int(info["maxmemory"])
        for metric, value in (
            (metrics.STATE_UP, 1),
            (metrics.STATE_USED_MEMORY, used),
            (metrics.STATE_MAX_MEMORY, most),
            (metrics.STATE_MEMORY_PERCENT, PERCENT * used / most if most else 0),
            (metrics.STATE_CLIENTS, int(info["connected_clients"])),
            (metrics.STATE_AOF_FAILED, int(info.get("aof_last_write_status", "ok") != "ok")),
        ):
            self._meter.value(metric, value)
        look = RedisSnapshot(
            at_ms=self._clock_ms(),
            run_id=str(info["run_id"]),
            cpu_s=float(info["used_cpu_sys"]) + float(info["used_cpu_user"]),
            bytes_in=int(info["total_net_input_bytes"]),
            bytes_out=int(info["total_net_output_bytes"]),
            hits=int(info["keyspace_hits"]),
            misses=int(info["keyspace_misses"]),
            evicted=int(info["evicted_keys"]),
        )
        last = await self._remembered(look)
        if last is not None and last.run_id == look.run_id and last.at_ms < look.at_ms:
            self._since(last, look)

    def _since(self, last: RedisSnapshot, look: RedisSnapshot) -> None:
        seconds = (look.at_ms - last.at_ms) / 1000
        hits, misses = look.hits - last.hits, look.misses - last.misses
        self._meter.value(metrics.STATE_CPU_PERCENT, round(PERCENT * (look.cpu_s - last.cpu_s) / seconds, 2))
        self._meter.count(metrics.STATE_NETWORK_IN, look.bytes_in - last.bytes_in)
        self._meter.count(metrics.STATE_NETWORK_OUT, look.bytes_out - last.bytes_out)
        self._meter.count(metrics.STATE_EVICTED_KEYS, look.evicted - last.evicted)
        if hits + misses:
            self._meter.value(metrics.STATE_HIT_RATE, round(PERCENT * hits / (hits + misses), 2))

    async def _remembered(self, look: RedisSnapshot) -> RedisSnapshot | None:
        """The last look, by whichever process; this one takes its place."""
        try:
            raw = await self._cache.get(LAST_LOOK)
            await self._cache.set(LAST_LOOK, msgspec.json.encode(look), px=REMEMBERED_MS)
            return msgspec.json.decode(raw, type=RedisSnapshot) if raw else None
        except (RedisError, OSError, msgspec.MsgspecError):
            return None
