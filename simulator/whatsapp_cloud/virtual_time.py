"""An asyncio event loop with virtual time, which can also wait for real I/O.

As long as a callback is ready, time does not advance. When none is ready, the loop waits for pending real I/O without
advancing time, or else jumps to the next timer. A run therefore depends only on its inputs, a sleep of five minutes
takes no real time, and a slow server causes no virtual delay.
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
"""The maximum number of loop iterations within one virtual second; busy simulations of thirty people need 1,000."""

RECORDED_PASSES: Final = 1_000
"""How many iterations before the maximum the loop begins to record which tasks run."""

PATIENCE_S: Final = 5
"""The maximum CPU time of one iteration, in seconds; unlike real time, other processes do not affect it."""


class VirtualTimeError(RuntimeError):
    """The run cannot continue."""


class NothingScheduledError(VirtualTimeError):
    """A deadlock: tasks wait, and no timer and no real I/O is left that could wake them."""


class RealIoTooSlowError(VirtualTimeError):
    """A real server did not answer within the real time allowed."""


class TimeStandsStillError(VirtualTimeError):
    """A task runs on without letting virtual time advance."""


class _Timer(NamedTuple):
    """A timer in the heap; timers of the same time fire in the order in which they were set."""

    when_us: int
    sequence: int
    handle: asyncio.TimerHandle
    callback: Callable[..., object]
    args: tuple[Any, ...]
    context: Context | None


class _Selector(selectors.BaseSelector):
    """A selector that leaves the decision what to wait for to the loop."""

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
        # asyncio passes 0 while callbacks are ready, and None otherwise, because the timers are not in its own heap.
        return self.decide(timeout is None)

    def close(self) -> None:
        self.real.close()

    def get_key(self, fileobj: Any) -> selectors.SelectorKey:
        return self.real.get_key(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self.real.get_map()


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time` is virtual: seconds since the loop was made.

    Threads of the default executor count as real I/O; other threads and sockets count within a `real_io` block.

    Args:
        real_io_limit_s: the real-time limit for a real server to answer.
        most_passes: the maximum number of iterations within one virtual second.

    Attributes:
        turn: a lock for the use of real servers, so that they see operations in a deterministic order; fair.
        rounds: the number of iterations so far.
        waits: whether it is waiting for real I/O.
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
        """Hold virtual time while an operation outside the process is in progress."""
        self._pending += 1
        try:
            yield
        finally:
            self._pending -= 1

    async def idle(self) -> None:
        """Wait until nothing else can run at this virtual time."""
        future = self.create_future()
        self._idlers.append(future)
        await future

    async def until_next_timer_us(self) -> int:
        """The virtual microseconds until the next timer; 0 if unknown."""
        await self.idle()
        while self._timers and self._timers[0].handle.cancelled():
            heapq.heappop(self._timers)
        return 0 if self._pending or not self._timers else self._timers[0].when_us - self._now_us

    def call_later(
        self, delay: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in asyncio; a positive delay is at least one microsecond."""
        steps = round(delay * MICRO)
        return self._set(self._now_us + (max(steps, 1) if delay > 0 else 0), callback, args, context)

    def call_at(
        self, when: float, callback: Callable[[*Ts], object], *args: *Ts, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """As in asyncio; timers of the same time fire in the order in which they were set."""
        when_us = max(round(when * MICRO), self._now_us)
        # Rounded up, so that waiting in small steps for a fraction of a microsecond ends.
        if when_us == self._now_us and when > self.time():
            when_us += 1
        return self._set(when_us, callback, args, context)

    def run_in_executor(self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts) -> asyncio.Future[T]:
        """As in asyncio; virtual time does not advance while the thread works."""
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
            # Most timers are deadlines that are cancelled; the heap is compacted before they pile up.
            self._timers = [timer for timer in self._timers if not timer.handle.cancelled()]
            heapq.heapify(self._timers)
            self._sweep_at = max(FEW_TIMERS, 2 * len(self._timers))
        heapq.heappush(self._timers, _Timer(when_us, next(self._sequence), handle, callback, args, context))
        return handle

    def _decide(self, nothing_ready: bool) -> list[tuple[selectors.SelectorKey, int]]:  # noqa: FBT001
        self.rounds += 1
        self._passes += 1
        if self._passes > self._most_passes - RECORDED_PASSES:
            self._record_busy_tasks()
        if self._fire_due() or not nothing_ready:
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
        self._advance_to(self._timers[0].when_us)
        self._fire_due()
        return []

    def _advance_to(self, when_us: int) -> None:
        self._now_us = when_us
        # Counted per virtual second, not per step: a task that waits one microsecond at a time must be found, too.
        if when_us - self._counted_from_us >= MICRO:
            self._counted_from_us, self._passes = when_us, 0

    def _record_busy_tasks(self) -> None:
        """Record which tasks are about to run.

        Raises:
            TimeStandsStillError: the loop exceeded the maximum number of iterations.
        """
        self._busy.update(_tasks(getattr(self, "_ready", ())))
        if self._passes <= self._most_passes:
            return
        busiest = "; ".join(sorted(_describe(task) for task, _ in self._busy.most_common(3)))
        # Cancelling the remaining tasks takes further iterations.
        self._passes, self._busy = 0, Counter()
        raise TimeStandsStillError(
            f"at virtual {self.time():.3f} s the loop has run {self._most_passes:,} times and not one second "
            f"has passed. Busiest: {busiest or 'callbacks of no task'}"
        )

    def _fire_due(self) -> bool:
        """Move due timers to the ready queue and drop cancelled ones. Returns whether any was due."""
        fired = False
        while self._timers and (self._timers[0].when_us <= self._now_us or self._timers[0].handle.cancelled()):
            timer = heapq.heappop(self._timers)
            if not timer.handle.cancelled():
                self.call_soon(_fire, timer, context=timer.context)
                fired = True
        return fired

    def _wait_for_real_io(self) -> list[tuple[selectors.SelectorKey, int]]:
        self.waits = True
        try:
            events = self._real.select(self._limit_s)
        finally:
            self.waits = False
        if not events:
            raise RealIoTooSlowError(
                f"no real I/O for {self._limit_s:g} s of real time, at virtual {self.time():.3f} s: "
                f"is the server alive? {self._explain()}"
            )
        return events

    def _explain(self) -> str:
        waiting = sorted(_describe(task) for task in asyncio.all_tasks(self) if not task.done())
        return f"at virtual {self.time():.3f} s {len(waiting)} task(s) wait: " + "; ".join(waiting or ["none"])


def _fire(timer: _Timer) -> None:
    # A callback of the same iteration may have cancelled it.
    if not timer.handle.cancelled():
        timer.callback(*timer.args)


def _tasks(ready: Iterable[asyncio.Handle]) -> Iterator[asyncio.Task[Any]]:
    """The tasks that are about to run."""
    for handle in ready:
        owner = getattr(getattr(handle, "_callback", None), "__self__", None)
        if isinstance(owner, asyncio.Task):
            yield owner


def _location(frame: FrameType) -> str:
    """The line, with the part of its path that is the same on every machine."""
    return f"{'/'.join(Path(frame.f_code.co_filename).parts[-2:])}:{frame.f_lineno}"


def _describe(task: asyncio.Task[Any]) -> str:
    """The task's name, and the innermost line at which it waits."""
    inner: Any = task.get_coro()
    name = getattr(inner, "__qualname__", repr(inner))
    where = ""
    while inner is not None:
        frame = getattr(inner, "cr_frame", None) or getattr(inner, "gi_frame", None) or getattr(inner, "ag_frame", None)
        if frame is not None:
            where = f" at {_location(frame)}"
        inner = getattr(inner, "cr_await", None) or getattr(inner, "gi_yieldfrom", None)
    return f"{task.get_name()} ({name}){where}"


class Clock:
    """Wall-clock time in a virtual run: `start_ms` plus the loop's time."""

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
    """Run a coroutine function on a new virtual loop that starts at ``start_ms``; its argument is the clock.

    At the end, remaining tasks are cancelled, asynchronous generators and threads shut down, and the loop closed.

    Raises:
        NothingScheduledError: all tasks wait and nothing will wake them; the message lists them.
        RealIoTooSlowError: a real server did not answer within ``real_io_limit_s``.
        TimeStandsStillError: a task runs on without letting time advance, or (in the main thread only) does not yield
            for ``patience_s`` of CPU time; the message names the task or the line.
    """
    loop = VirtualTimeLoop(real_io_limit_s=real_io_limit_s, most_passes=most_passes)
    try:
        with _watchdog(loop, patience_s), asyncio.Runner(loop_factory=lambda: loop) as runner:
            return runner.run(main(Clock(loop, start_ms)))
    except _NeverYieldsError as error:
        raise TimeStandsStillError(str(error)) from None


class _NeverYieldsError(KeyboardInterrupt):
    """Leaves the loop even if the blocking code catches `Exception`; asyncio re-raises only a `KeyboardInterrupt`."""


@contextmanager
def _watchdog(loop: VirtualTimeLoop, patience_s: float) -> Iterator[None]:
    """Interrupt code that never returns to the loop, which the loop itself cannot detect."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    seen = -1

    def check(_: int, frame: FrameType | None) -> None:
        nonlocal seen
        if seen == loop.rounds and not loop.waits and frame is not None:
            task = asyncio.current_task(loop)
            raise _NeverYieldsError(
                f"at virtual {loop.time():.3f} s {_describe(task) if task else 'a callback'} runs and does not "
                f"give way: it is in {frame.f_code.co_qualname} at {_location(frame)}"
            )
        seen = loop.rounds

    before = signal.signal(signal.SIGVTALRM, check)
    signal.setitimer(signal.ITIMER_VIRTUAL, patience_s, patience_s)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
