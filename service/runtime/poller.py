"""Runs a step again and again: as often as there is work, several beside one another, and not at all when idle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

__all__ = ("Poller",)

_AFTER_CRASH_MS: Final = 1000
# A look that takes longer than this has found work, so another may look beside it. A look that finds nothing is back
# sooner, so an idle loop makes one look and not as many as it may.
_BESIDE_MS: Final = 2

_Look = asyncio.Task[int | None]


class Poller:
    """A loop around a step such as `Sender.run_once`, for workers of any kind."""

    def __init__(self, name: str, *, expected: tuple[type[Exception], ...] = (), log: Any = None) -> None:
        """Names the loop, for its tasks and log lines.

        What is `expected`, such as a Redis that is away, may fail each step for hours: a line tells it, no traceback.
        """
        self._name = name
        self._expected = expected
        self._log = structlog.get_logger(__name__) if log is None else log

    async def serve(
        self,
        run_once: Callable[[], Awaitable[int | None]],
        *,
        wake: asyncio.Event,
        stop: asyncio.Event,
        clock_ms: Callable[[], int],
        poll_ms: int | None,
        concurrency: int,
    ) -> None:
        """Calls the step until `stop` is set, and returns when the steps under way have ended.

        A step that raises is logged; then no step is begun for a second. When this call is cancelled, so are the steps
        under way.

        Args:
            run_once: one step. Returns 0 if it did work, else the milliseconds until there is some, or None.
            wake: set by whoever brings work; cleared here.
            stop: ends the loop.
            clock_ms: now.
            poll_ms: the longest pause between looks, for work that comes from elsewhere; None: until woken or due.
            concurrency: how many steps may run beside one another.
        """
        looks: dict[_Look, int] = {}
        signals = {event: self._signal(event) for event in (wake, stop)}
        schedule = _Schedule(clock_ms, poll_ms)
        try:
            while not stop.is_set():
                if wake.is_set():
                    wake.clear()
                    signals[wake].cancel()
                    signals[wake] = self._signal(wake)
                    schedule.called()
                if len(looks) < concurrency and schedule.due():
                    looks[asyncio.create_task(self._look(run_once), name=f"{self._name} step")] = schedule.begun()
                timeout_s = schedule.timeout_s() if len(looks) < concurrency else None
                await asyncio.wait([*looks, *signals.values()], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
                for look in [look for look in looks if look.done()]:
                    schedule.ended(looks.pop(look), _CRASHED if look.cancelled() else look.result())
            if looks:
                await asyncio.wait(list(looks))
        finally:
            await self._cancel([*looks, *signals.values()])

    def _signal(self, event: asyncio.Event) -> asyncio.Task[Any]:
        return asyncio.create_task(event.wait(), name=f"{self._name} signal")

    async def _look(self, run_once: Callable[[], Awaitable[int | None]]) -> int | None:
        try:
            return await run_once()
        except self._expected as error:
            self._log.error("step_failed", loop=self._name, error=str(error))
            return _CRASHED
        except Exception:  # noqa: BLE001 - whatever it is, the loop goes on
            self._log.exception("step_failed", loop=self._name)
            return _CRASHED

    @staticmethod
    async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_CRASHED: Final = -1


class _Schedule:
    """When to look next, in milliseconds of the clock. Looks are numbered as they begin."""

    def __init__(self, clock_ms: Callable[[], int], poll_ms: int | None) -> None:
        self._clock_ms = clock_ms
        self._poll_ms = poll_ms
        self._not_before = clock_ms()
        self._at: int | None = self._not_before
        self._newest = 0
        self._called = False

    def called(self) -> None:
        """Somebody brought work: a look that begins from now on will see it, those under way may not."""
        self._called = True
        self._at = self._soon()

    def due(self) -> bool:
        return self._at is not None and self._at <= self._clock_ms()

    def begun(self) -> int:
        self._newest += 1
        self._called = False
        self._at = self._clock_ms() + _BESIDE_MS
        return self._newest

    def ended(self, number: int, result: int | None) -> None:
        """Takes in what a look came to. That there is nothing to do, only the newest of them can tell."""
        now = self._clock_ms()
        if result == _CRASHED:
            self._at = self._not_before = now + _AFTER_CRASH_MS
        elif result == 0:
            self._called = True
            self._at = self._soon()
        elif number == self._newest and not self._called:
            pauses = [pause for pause in (result, self._poll_ms) if pause is not None]
            self._at = max(now + min(pauses), self._not_before) if pauses else None

    def timeout_s(self) -> float | None:
        return None if self._at is None else max(0, self._at - self._clock_ms()) / 1000

    def _soon(self) -> int:
        return max(self._clock_ms(), self._not_before)
