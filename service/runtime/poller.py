"""Runs a step in a loop: as often as there is work, several concurrently, and not at all while there is none."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog

_AFTER_CRASH_MS: Final = 1000
# A step that takes longer than this has found work, so another may start. A step that finds nothing returns sooner, so
# an idle loop runs one step at a time.
_CONCURRENT_AFTER_MS: Final = 2

_Step = asyncio.Task[int | None]


class Poller:
    """A loop around a step such as `Sender.run_once`."""

    def __init__(self, name: str, *, expected: tuple[type[Exception], ...] = (), log: Any = None) -> None:
        """`name` appears in tasks and log lines.

        Errors that are `expected`, such as an unreachable Redis, may fail each step for hours, and are logged without a
        traceback.
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
        """Calls the step until `stop` is set, and returns when the running steps have ended.

        When a step raises, this is logged and no step starts for a second. Cancelling this call cancels running steps.

        Args:
            run_once: one step. Returns 0 if it did work, else the milliseconds until there is some, or None.
            wake: set when there is new work; cleared here.
            poll_ms: the longest pause between steps, for work of other processes; None: until woken or due.
            concurrency: how many steps may run at once.
        """
        steps: dict[_Step, int] = {}
        signals = {event: self._signal(event) for event in (wake, stop)}
        schedule = _Schedule(clock_ms, poll_ms)
        try:
            while not stop.is_set():
                if wake.is_set():
                    wake.clear()
                    signals[wake].cancel()
                    signals[wake] = self._signal(wake)
                    schedule.wake()
                if len(steps) < concurrency and schedule.due():
                    steps[asyncio.create_task(self._run(run_once), name=f"{self._name} step")] = schedule.started()
                timeout_s = schedule.timeout_s() if len(steps) < concurrency else None
                await asyncio.wait([*steps, *signals.values()], timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
                for step in [step for step in steps if step.done()]:
                    schedule.ended(steps.pop(step), _CRASHED if step.cancelled() else step.result())
            if steps:
                await asyncio.wait(list(steps))
        finally:
            await self._cancel([*steps, *signals.values()])

    def _signal(self, event: asyncio.Event) -> asyncio.Task[Any]:
        return asyncio.create_task(event.wait(), name=f"{self._name} signal")

    async def _run(self, run_once: Callable[[], Awaitable[int | None]]) -> int | None:
        try:
            return await run_once()
        except self._expected as error:
            self._log.error("step_failed", loop=self._name, error=str(error))
            return _CRASHED
        except Exception:  # noqa: BLE001 - the loop goes on after any error
            self._log.exception("step_failed", loop=self._name)
            return _CRASHED

    @staticmethod
    async def _cancel(tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


_CRASHED: Final = -1


class _Schedule:
    """When the next step starts, in milliseconds of the clock. Steps are numbered as they start."""

    def __init__(self, clock_ms: Callable[[], int], poll_ms: int | None) -> None:
        self._clock_ms = clock_ms
        self._poll_ms = poll_ms
        self._not_before = clock_ms()
        self._at: int | None = self._not_before
        self._newest = 0
        self._woken = False

    def wake(self) -> None:
        """There is new work: a step that starts from now on finds it, running ones may not."""
        self._woken = True
        self._at = self._soon()

    def due(self) -> bool:
        return self._at is not None and self._at <= self._clock_ms()

    def started(self) -> int:
        self._newest += 1
        self._woken = False
        self._at = self._clock_ms() + _CONCURRENT_AFTER_MS
        return self._newest

    def ended(self, number: int, result: int | None) -> None:
        """Notes a step's result. Only the newest step can tell that there is nothing to do."""
        now = self._clock_ms()
        if result == _CRASHED:
            self._at = self._not_before = now + _AFTER_CRASH_MS
        elif result == 0:
            self._woken = True
            self._at = self._soon()
        elif number == self._newest and not self._woken:
            pauses = [pause for pause in (result, self._poll_ms) if pause is not None]
            self._at = max(now + min(pauses), self._not_before) if pauses else None

    def timeout_s(self) -> float | None:
        return None if self._at is None else max(0, self._at - self._clock_ms()) / 1000

    def _soon(self) -> int:
        return max(self._clock_ms(), self._not_before)
