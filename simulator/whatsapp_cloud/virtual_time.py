"""An asyncio event loop on virtual time, which can also wait for real sockets.

While anything can run, it runs, and nothing else is looked at. When nothing can: if real input or output is pending,
the loop waits for it and virtual time stands still; otherwise it jumps to the next timer at once. So a run depends on
nothing but its inputs, a sleep of five minutes takes no time, and a slow Redis never makes anybody late.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
import signal
import threading
from collections import Counter, deque
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from contextvars import Context
from itertools import count
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple, TypeVar, TypeVarTuple

__all__ = (
    "Clock",
    "NothingScheduledError",
    "RealIoTooSlowError",
    "TimeStandsStillError",
    "VirtualTimeError",
    "VirtualTimeLoop",
    "run",
)

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

MICRO: Final = 1_000_000
FEW_TIMERS: Final = 256

MOST_PASSES: Final = 20_000
"""Passes of the loop within one virtual second; the busiest of explored worlds, of thirty people, needs a thousand."""

LOOKS_AT: Final = 1_000
"""So many passes before the last one the loop begins to note who is at work in them."""

PATIENCE_S: Final = 5
"""Seconds of the processor's time, which other processes do not use up, for one pass."""


class VirtualTimeError(RuntimeError):
    """The run cannot go on. Whatever has happened so far stays as it is."""


class NothingScheduledError(VirtualTimeError):
    """Tasks wait for each other or for something that nobody will do: no timer and no real input or output is left."""


class RealIoTooSlowError(VirtualTimeError):
    """A real server did not answer within the real time allowed."""


class TimeStandsStillError(VirtualTimeError):
    """Somebody works on and on, and lets no time pass."""


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

    Args:
        real_io_limit_s: real seconds for which a real server may keep silent.
        most_passes: how often the loop may go round within one virtual second.

    Attributes:
        turn: held by whoever talks to a real server, so that servers see operations in one order. First come, first
            served.
        rounds: how often it has gone round.
        waits: it waits for real input and output.
    """

    def __init__(self, *, real_io_limit_s: float = 30, most_passes: int = MOST_PASSES) -> None:
        selector = _Selector(selectors.DefaultSelector())
        super().__init__(selector)
        selector.decide = self._decide
        self._real = selector.real
        self._limit_s = real_io_limit_s
        self._most_passes = most_passes
        self._passes = 0
        self._counted_from_us = 0
        self.rounds = 0
        self.waits = False
        self._busy: Counter[asyncio.Task[Any]] = Counter()
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
        self.rounds += 1
        self._passes += 1
        if self._passes > self._most_passes - LOOKS_AT:
            self._look_who_is_busy()
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
            raise NothingScheduledError(self._explain())
        self._pass_time_until(self._timers[0].when_us)
        self._ring()
        return []

    def _pass_time_until(self, when_us: int) -> None:
        self._now_us = when_us
        # Not each step anew: whoever waits for a microsecond at a time would never be found out.
        if when_us - self._counted_from_us >= MICRO:
            self._counted_from_us, self._passes = when_us, 0

    def _look_who_is_busy(self) -> None:
        """Notes whose turn it is.

        Raises:
            TimeStandsStill: the loop has gone round too often.
        """
        self._busy.update(_tasks(getattr(self, "_ready", ())))
        if self._passes <= self._most_passes:
            return
        busiest = "; ".join(sorted(_describe(task) for task, _ in self._busy.most_common(3)))
        # What is under way is still to be ended, and that takes some passes more.
        self._passes, self._busy = 0, Counter()
        raise TimeStandsStillError(
            f"at virtual {self.time():.3f} s the loop has gone round {self._most_passes:,} times and not one second "
            f"has passed: somebody works on and on. Busiest: {busiest or 'callbacks of no task'}"
        )

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
        self.waits = True
        try:
            events = self._real.select(self._limit_s)
        finally:
            self.waits = False
        if not events:
            raise RealIoTooSlowError(
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


def _tasks(ready: Iterable[asyncio.Handle]) -> Iterator[asyncio.Task[Any]]:
    """The tasks that are about to go on."""
    for handle in ready:
        owner = getattr(getattr(handle, "_callback", None), "__self__", None)
        if isinstance(owner, asyncio.Task):
            yield owner


def _place(frame: FrameType) -> str:
    """The line, by as much of its path as is the same on every machine."""
    return f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{frame.f_lineno}"


def _describe(task: asyncio.Task[Any]) -> str:
    """The task's name, and the innermost line of ours or others' at which it waits."""
    inner: Any = task.get_coro()
    name = getattr(inner, "__qualname__", repr(inner))
    where = ""
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None) or getattr(inner, "ag_frame", None)
        if frame is not None:
            where = f" at {_place(frame)}"
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


def run(
    main: Callable[[Clock], Coroutine[Any, Any, T]],
    *,
    start_ms: int,
    real_io_limit_s: float = 30,
    most_passes: int = MOST_PASSES,
    patience_s: float = PATIENCE_S,
) -> T:
    """Run a coroutine function on a virtual loop of its own, which begins at ``start_ms``; it is given the clock.

    Tasks left over at the end are cancelled, asynchronous generators and threads shut down, and the loop closed.

    Raises:
        NothingLeftToHappen: all tasks wait and nothing will wake them; the message names them.
        RealIoTooSlow: a real server kept silent for ``real_io_limit_s``.
        TimeStandsStill: somebody works on and on and lets no time pass, or (in the main thread only) does not give way
            for ``patience_s`` of the processor's time; the message names who or where.
    """
    loop = VirtualTimeLoop(real_io_limit_s=real_io_limit_s, most_passes=most_passes)
    try:
        with _all_give_way(loop, patience_s), asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(main(Clock(loop, start_ms)))
    except _NeverYieldsError as stuck:
        raise TimeStandsStillError(str(stuck)) from None


class _NeverYieldsError(KeyboardInterrupt):
    """Goes through whatever the one that is stuck may catch, and out of the loop: nothing else does."""


@contextmanager
def _all_give_way(loop: VirtualTimeLoop, patience_s: float) -> Iterator[None]:
    """Interrupts whoever runs on and never comes back to the loop, so that the loop itself cannot see it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = -1

    def look(_: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen == loop.rounds and not loop.waits and frame is not None:
            task = asyncio.current_task(loop)
            raise _NeverYieldsError(
                f"at virtual {loop.time():.3f} s {_describe(task) if task else 'a callback'} works on and on and does "
                f"not give way: it is in {frame.f_code.co_qualname} at {_place(frame)}"
            )
        seen = loop.rounds

    before = signal.signal(signal.SIGVTALRM, look)
    signal.setitimer(signal.ITIMER_VIRTUAL, patience_s, patience_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
