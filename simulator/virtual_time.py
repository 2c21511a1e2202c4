"""An asyncio event loop on virtual time, which can also wait for real sockets.

While anything can run, it runs, and nothing else is looked at. When nothing can: if real input or output is pending,
the loop waits for it and virtual time stands still; otherwise it jumps to the next timer at once. So a run depends on
nothing but its inputs, a sleep of five minutes takes no time, and a slow Redis never makes anybody late.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from collections import deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from contextvars import Context
from itertools import count
from typing import Any, Final, NamedTuple, TypeVar, TypeVarTuple

from fakeredis.aioredis import FakeBaseAsyncConnection
from redis.asyncio import BlockingConnectionPool, ConnectionPool, Redis
from redis.asyncio.connection import AbstractConnection, parse_url
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

__all__ = (
    "Clock",
    "NothingLeftToHappen",
    "RealIoTooSlow",
    "VirtualTimeError",
    "VirtualTimeLoop",
    "counted",
    "counted_pool",
    "run",
)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MICRO: Final = 1_000_000
FEW_TIMERS: Final = 256


class VirtualTimeError(RuntimeError):
    """The run cannot go on. Whatever has happened so far stays as it is."""


class NothingLeftToHappen(VirtualTimeError):  # noqa: N818  (what happened, not what went wrong)
    """Tasks wait for each other or for something that nobody will do: no timer and no real input or output is left."""


class RealIoTooSlow(VirtualTimeError):  # noqa: N818
    """A real server did not answer within the real time allowed."""


class _Timer(NamedTuple):
    """A timer in the heap: equal times come in the order in which they were set."""

    when_us: int
    sequence: int
    handle: asyncio.TimerHandle
    callback: Callable[..., object]
    args: tuple[Any, ...]
    context: Context | None


class _Selector(selectors.BaseSelector):
    """The loop's only place to wait: what to wait for is the loop's decision."""

    def __init__(self, real: selectors.BaseSelector) -> None:
        self.real = real
        self.decide: Callable[[bool], list[tuple[selectors.SelectorKey, int]]] = lambda _: []

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self.real.register(fileobj, events, data)

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self.real.unregister(fileobj)

    def modify(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        return self.real.modify(fileobj, events, data)

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        # The loop passes 0 while callbacks are ready, and None otherwise: it knows of no timers, they are ours.
        return self.decide(timeout is None)

    def close(self) -> None:
        self.real.close()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self.real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self.real.get_map()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time` is virtual: seconds since the loop was made.

    Threads of the default executor count as real input and output; other threads and sockets count between the ends of
    a `real_io` block.

    Attributes:
        turn: held by whoever talks to a real server, so that servers see operations in one order. First come, first
            served.
    """

    def __init__(self, *, real_io_limit_s: float = 30) -> None:
        selector = _Selector(selectors.DefaultSelector())
        super().__init__(selector)
        selector.decide = self._decide
        self._real = selector.real
        self._limit_s = real_io_limit_s
        self._now_us = 0
        self._sequence = count()
        self._timers: list[_Timer] = []
        self._sweep_at = FEW_TIMERS
        self._pending = 0
        self._idlers: deque[asyncio.Future[None]] = deque()
        self.turn = asyncio.Lock()

    def time(self) -> float:
        """Virtual seconds since the loop was made."""
        return self._now_us / MICRO

    @property
    def now_us(self) -> int:
        """Virtual microseconds since the loop was made."""
        return self._now_us

    @contextmanager
    def real_io(self) -> Iterator[None]:
        """Declares that something outside the process is under way: virtual time stands still until the block ends."""
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def idle(self) -> None:
        """Waits until nothing else can run at this moment."""
        future = self.create_future()
        self._idlers.append(future)
        await future

    async def until_next_timer_us(self) -> int:
        """How many virtual microseconds nothing can happen for; 0 when that cannot be told."""
        await self.idle()
        while self._timers and self._timers[0].handle.cancelled():
            heapq.heappop(self._timers)
        return 0 if self._pending or not self._timers else self._timers[0].when_us - self._now_us

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in asyncio; a positive delay is at least a microsecond."""
        steps = round(delay * MICRO)
        return self._set(self._now_us + (max(steps, 1) if delay > 0 else 0), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in asyncio; equal times come in the order in which they were set."""
        when_us = max(round(when * MICRO), self._now_us)
        # Whoever waits in small steps for a moment between two microseconds must get there.
        if when_us == self._now_us and when > self.time():
            when_us += 1
        return self._set(when_us, callback, args, context)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """As in asyncio; virtual time stands still while the thread works."""
        future = super().run_in_executor(executor, func, *args)
        self._pending += 1
        future.add_done_callback(self._thread_done)
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """As in asyncio."""
        with self.real_io():
            await super().shutdown_default_executor(*args)

    def _thread_done(self, _: object) -> None:
        self._pending -= 1

    def _set(
        self, when_us: int, callback: Callable[..., object], args: tuple[Any, ...], context: Context | None
    ) -> asyncio.TimerHandle:
        handle = asyncio.TimerHandle(when_us / MICRO, callback, args, self, context)
        if len(self._timers) >= self._sweep_at:
            # Deadlines are set with every call and nearly always cancelled.
            self._timers = [timer for timer in self._timers if not timer.handle.cancelled()]
            heapq.heapify(self._timers)
            self._sweep_at = max(FEW_TIMERS, 2 * len(self._timers))
        heapq.heappush(self._timers, _Timer(when_us, next(self._sequence), handle, callback, args, context))
        return handle

    def _decide(self, nothing_ready: bool) -> list[tuple[selectors.SelectorKey, int]]:  # noqa: FBT001
        if self._ring() or not nothing_ready:
            return []
        while self._idlers:
            future = self._idlers.popleft()
            if not future.done():
                future.set_result(None)
                return []
        if self._pending:
            return self._wait_for_real_io()
        if not self._timers:
            raise NothingLeftToHappen(self._explain())
        self._now_us = self._timers[0].when_us
        self._ring()
        return []

    def _ring(self) -> bool:
        """Hands the timers that are due to the loop, and throws away cancelled ones. Whether there were any due."""
        rung = False
        while self._timers and (self._timers[0].when_us <= self._now_us or self._timers[0].handle.cancelled()):
            timer = heapq.heappop(self._timers)
            if not timer.handle.cancelled():
                self.call_soon(_fire, timer, context=timer.context)
                rung = True
        return rung

    def _wait_for_real_io(self) -> list[tuple[selectors.SelectorKey, int]]:
        events = self._real.select(self._limit_s)
        if not events:
            raise RealIoTooSlow(
                f"no real input or output for {self._limit_s:g} s of real time, at virtual {self.time():.3f} s: "
                f"is the server alive? {self._explain()}"
            )
        return events

    def _explain(self) -> str:
        waiting = sorted(_describe(task) for task in asyncio.all_tasks(self) if not task.done())
        return f"at virtual {self.time():.3f} s {len(waiting)} task(s) wait: " + "; ".join(waiting or ["none"])


def _fire(timer: _Timer) -> None:
    # It may have been cancelled by a callback that ran at the same moment.
    if not timer.handle.cancelled():
        timer.callback(*timer.args)


def _describe(task: asyncio.Task[Any]) -> str:
    """The task's name, and the innermost line of ours or others' at which it waits."""
    inner: Any = task.get_coro()
    name = getattr(inner, "__qualname__", repr(inner))
    where = ""
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None) or getattr(inner, "ag_frame", None)
        if frame is not None:
            where = f" at {frame.f_code.co_filename}:{frame.f_lineno}"
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return f"{task.get_name()} ({name}){where}"


class Clock:
    """Wall-clock time in a virtual run: what `start_ms` was, plus the loop's time."""

    def __init__(self, loop: VirtualTimeLoop, start_ms: int) -> None:
        self._loop = loop
        self._start_ms = start_ms

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""
        return self._start_ms + self._loop.now_us // 1000


def run(main: Callable[[Clock], Coroutine[Any, Any, T]], *, start_ms: int, real_io_limit_s: float = 30) -> T:
    """Run a coroutine function on a virtual loop of its own, which begins at ``start_ms``; it is given the clock.

    Tasks left over at the end are cancelled, asynchronous generators and threads shut down, and the loop closed.

    Raises:
        NothingLeftToHappen: all tasks wait and nothing will wake them; the message names them.
        RealIoTooSlow: a real server kept silent for ``real_io_limit_s``.
    """
    loop = VirtualTimeLoop(real_io_limit_s=real_io_limit_s)
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        return runner.run(main(Clock(loop, start_ms)))


def counted_pool(url: str, **kwargs: Any) -> Redis:
    """A client of a real Redis for a virtual run: see `counted`. Commands are never repeated on errors."""
    options = {"retry": Retry(NoBackoff(), 0), "max_connections": 1_000, **kwargs, **parse_url(url)}
    return counted(Redis.from_pool(ConnectionPool(**options)))


def counted(client: Redis) -> Redis:
    """A client like the given one, real or embedded, whose operations fit into a virtual run.

    While one is under way virtual time stands still; they reach servers one after the other, in the order in which they
    were begun; and each is over only when nothing else can run at that moment. So a run takes the same course on an
    embedded and on a real server. An operation that is cancelled while its answer is awaited is finished first. On any
    other loop nothing changes, but that no answer is too late. Whatever lets virtual time pass is to be wrapped around
    this, not within it. Not for publish and subscribe, nor for commands that block on the server.
    """
    pool = client.connection_pool
    embedded = issubclass(pool.connection_class, FakeBaseAsyncConnection)
    connection_class = type("Counted", (_Counted, pool.connection_class), {"_answers_at_once": embedded})
    # While an answer is awaited no virtual time passes, so that no timeout can strike: to set one is lost labour.
    options: dict[str, Any] = {**pool.connection_kwargs, "connection_class": connection_class, "socket_timeout": None}
    if isinstance(pool, BlockingConnectionPool):
        return Redis.from_pool(BlockingConnectionPool(pool.max_connections, pool.timeout, **options))
    return Redis.from_pool(ConnectionPool(max_connections=pool.max_connections, **options))


class _Counted(AbstractConnection):
    """A connection that holds the loop's turn from the sending of commands to the last of their answers."""

    _answers_at_once = False
    _turn: asyncio.Lock | None = None
    _packed = 0
    _expected = 0

    async def connect(self) -> None:
        # A new checkout: whatever was packed and never sent is forgotten.
        self._packed = 0
        redis_connection: Any = super()
        await redis_connection.connect()

    async def _connect(self) -> None:
        redis_connection: Any = super()
        loop = _virtual_loop()
        if loop is None:
            await redis_connection._connect()  # noqa: SLF001  (our own, by inheritance)
            return
        # Within an operation the turn is held already. Greetings, which a Unix socket has in here, do not end it.
        held = self._turn is not None
        if not held:
            await self._take_turn(loop)
            self._expected = 1
        try:
            with loop.real_io():
                await redis_connection._connect()  # noqa: SLF001
        finally:
            if not held:
                self._end_turn()

    def pack_command(self, *args: Any) -> list[bytes]:
        self._packed += 1
        return super().pack_command(*args)

    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:  # noqa: FBT001, FBT002
        loop = _virtual_loop()
        if loop is None:
            await super().send_packed_command(command, check_health)
            return
        if self._turn is None:
            await self._take_turn(loop)
        self._expected, self._packed = self._expected + self._packed, 0
        try:
            if not self.is_connected:
                await self.connect_check_health(check_health=False)
            with loop.real_io():
                await super().send_packed_command(command, check_health)
        except BaseException:
            self._end_turn()
            raise

    async def read_response(self, *args: Any, **kwargs: Any) -> Any:
        loop = _virtual_loop()
        if loop is None:
            return await super().read_response(*args, **kwargs)
        reading = None
        try:
            if self._answers_at_once:
                await loop.idle()
                return await super().read_response(*args, **kwargs)
            reading = loop.create_task(self._read_at_the_end(loop, super().read_response(*args, **kwargs)))
            return await asyncio.shield(reading)
        except asyncio.CancelledError:
            # What was sent will be done by the server, so that it must be done before anybody else's turn.
            if reading is not None:
                await _ended(reading)
            for _ in range(self._expected - (reading is not None)):
                await _ended(loop.create_task(self._read_at_the_end(loop, super().read_response())))
            await self.disconnect(nowait=True)
            raise
        finally:
            self._expected -= 1
            if self._expected <= 0:
                self._end_turn()

    async def can_read(self, *args: Any, **kwargs: Any) -> bool:
        # At rest nothing can have come: whoever is cancelled leaves no connection on which an answer is due.
        at_rest = self._turn is None and _virtual_loop() is not None
        return not at_rest and bool(await super().can_read(*args, **kwargs))

    async def disconnect(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().disconnect(*args, **kwargs)
        finally:
            self._end_turn()

    @staticmethod
    async def _read_at_the_end(loop: VirtualTimeLoop, reading: Coroutine[Any, Any, Any]) -> Any:
        await loop.idle()
        with loop.real_io():
            return await reading

    async def _take_turn(self, loop: VirtualTimeLoop) -> None:
        await loop.turn.acquire()
        self._turn = loop.turn

    def _end_turn(self) -> None:
        self._expected = self._packed = 0
        if self._turn is not None:
            self._turn.release()
            self._turn = None


def _virtual_loop() -> VirtualTimeLoop | None:
    loop = asyncio.get_running_loop()
    return loop if isinstance(loop, VirtualTimeLoop) else None


async def _ended(task: asyncio.Task[Any]) -> None:
    """Waits for a task whatever happens, and lets its outcome be nobody's concern."""
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.wait([task])
    if not task.cancelled():
        task.exception()
