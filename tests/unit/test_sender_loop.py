"""The loop around a step."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from service.mailbox import StateUnavailableError
from service.runtime.poller import Poller
from simulator.whatsapp_cloud.virtual_time import Clock, run


class Log:
    """Keeps what was logged."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def exception(self, event: str, **_: object) -> None:
        self.events.append(event)

    def error(self, event: str, **details: object) -> None:
        self.events.append(f"{event}: {details}")


class Work:
    """Jobs that become due, as a mailbox would hand them out; keeps when it was looked at and what was done."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.start_ms = clock.now_ms()
        self.jobs: list[tuple[int, int]] = []  # due at, takes (ms)
        self.looks: list[int] = []
        self.done: list[int] = []
        self.running = 0
        self.most_running = 0
        self.wake = asyncio.Event()
        self.stop = asyncio.Event()
        self.log = Log()

    @property
    def now(self) -> int:
        return self.clock.now_ms() - self.start_ms

    def add(self, *, at: int = 0, takes: int = 0) -> None:
        self.jobs.append((at, takes))
        self.jobs.sort()

    async def step(self) -> int | None:
        self.looks.append(self.now)
        if not self.jobs:
            return None
        due, takes = self.jobs[0]
        if due > self.now:
            return due - self.now
        del self.jobs[0]
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await asyncio.sleep(takes / 1000)
        finally:
            self.running -= 1
        self.done.append(self.now)
        return 0

    async def serve(
        self,
        step: Callable[[], Awaitable[int | None]] | None = None,
        *,
        poll_ms: int | None = None,
        concurrency: int = 4,
    ) -> None:
        await Poller("test", expected=(StateUnavailableError,), log=self.log).serve(
            step or self.step,
            wake=self.wake,
            stop=self.stop,
            clock_ms=self.clock.now_ms,
            poll_ms=poll_ms,
            concurrency=concurrency,
        )


def play(scenario: Callable[[Work], Awaitable[Any]], **options: Any) -> Work:
    """Serves while the scenario goes on, then stops, and returns what happened."""

    async def main(clock: Clock) -> Work:
        work = Work(clock)
        serving = asyncio.create_task(work.serve(**options))
        await scenario(work)
        work.stop.set()
        await serving
        return work

    return run(main, start_ms=1_793_606_400_000)


async def nothing(work: Work) -> None:
    """An hour passes."""
    await asyncio.sleep(3600 - work.now / 1000)


def test_an_idle_loop_looks_once() -> None:
    """With nothing to do and nothing to poll for, the loop looks once and sleeps."""
    assert play(nothing).looks == [0]


def test_a_poll_looks_at_its_pace() -> None:
    """With a poll the loop looks that often."""
    assert play(lambda _: asyncio.sleep(3.5), poll_ms=1000).looks == [0, 1000, 2000, 3000]


def test_the_loop_wakes_when_work_is_due() -> None:
    """The next due time is kept to the millisecond, without polls."""

    async def scenario(work: Work) -> None:
        work.add(at=12_345)
        await nothing(work)

    work = play(scenario)
    assert work.done == [12_345]
    assert len(work.looks) <= 4


def test_the_loop_wakes_when_called() -> None:
    """Work brought with a call is done at once; the call is used up."""

    async def scenario(work: Work) -> None:
        await asyncio.sleep(5)
        work.add()
        work.wake.set()
        await asyncio.sleep(1)
        assert not work.wake.is_set()

    assert play(scenario).done == [5000]


def test_a_call_during_a_look_is_not_lost() -> None:
    """Work that arrives while a look is coming back empty is found by another look."""

    async def main(clock: Clock) -> list[int]:
        work = Work(clock)

        async def slow_look() -> int | None:
            found = await work.step()
            await asyncio.sleep(0.001)
            return found

        serving = asyncio.create_task(work.serve(slow_look, concurrency=1))
        await asyncio.sleep(0.0005)
        work.add()
        work.wake.set()
        await asyncio.sleep(10)
        work.stop.set()
        await serving
        return work.done

    assert run(main, start_ms=0) == [1]


def test_an_old_look_that_found_nothing_does_not_end_the_search() -> None:
    """Two jobs arrive during a slow empty look: though it says that there is nothing, both are begun."""

    async def main(clock: Clock) -> list[int]:
        work = Work(clock)

        async def slow_when_empty() -> int | None:
            found = await work.step()
            if found is None:
                await asyncio.sleep(0.0015)
            return found

        serving = asyncio.create_task(work.serve(slow_when_empty))
        await asyncio.sleep(0.0005)
        work.add(takes=10_000)
        work.add(takes=10_000)
        work.wake.set()
        await asyncio.sleep(60)
        work.stop.set()
        await serving
        return work.done

    assert [round(at, -2) for at in run(main, start_ms=0)] == [10_000, 10_000]


def test_steps_run_beside_one_another_up_to_the_limit() -> None:
    """Ten jobs of a second each take three seconds with four hands."""

    async def scenario(work: Work) -> None:
        for _ in range(10):
            work.add(takes=1000)
        work.wake.set()
        await asyncio.sleep(60)

    work = play(scenario)
    assert work.most_running == 4
    assert [round(at / 1000) for at in work.done] == [1] * 4 + [2] * 4 + [3] * 2


def test_a_long_step_does_not_hold_up_others() -> None:
    """While one step takes minutes, work that comes later is done at once."""

    async def scenario(work: Work) -> None:
        work.add(takes=300_000)
        work.wake.set()
        await asyncio.sleep(10)
        work.add()
        work.wake.set()
        await asyncio.sleep(600)

    assert play(scenario).done == [10_000, 300_000]


def test_a_long_step_costs_one_look_beside_it() -> None:
    """One busy member does not make the loop ask again and again who else has work."""

    async def scenario(work: Work) -> None:
        work.add(takes=300_000)
        work.wake.set()
        await asyncio.sleep(200)

    assert len(play(scenario).looks) <= 3


def test_work_that_came_up_in_a_step_is_found() -> None:
    """After a step that did work the loop looks again: it may have made something due."""

    async def scenario(work: Work) -> None:
        for at in (0, 0, 700):
            work.add(at=at)
        work.wake.set()
        await asyncio.sleep(60)

    assert play(scenario, concurrency=1).done == [0, 0, 700]


def test_a_crash_is_logged_and_the_loop_goes_on_after_a_second() -> None:
    """A step that raises ends nothing: it is logged, and the next one comes a second later, calls or not."""

    async def main(clock: Clock) -> tuple[list[int], list[str]]:
        work = Work(clock)
        tries: list[int] = []

        async def crashing() -> int | None:
            tries.append(work.now)
            if len(tries) < 3:
                raise RuntimeError("boom")
            return None

        serving = asyncio.create_task(work.serve(crashing))
        await asyncio.sleep(0.5)
        work.wake.set()
        await asyncio.sleep(60)
        work.stop.set()
        await serving
        return tries, work.log.events

    assert run(main, start_ms=0) == ([0, 1000, 2000], ["step_failed", "step_failed"])


def test_a_state_that_is_away_is_told_in_a_line_without_a_traceback() -> None:
    """It fails every second until the state is back: what is foreseen must not fill the log."""

    async def main(clock: Clock) -> list[str]:
        work = Work(clock)

        async def asking() -> int | None:
            raise StateUnavailableError("no answer")

        serving = asyncio.create_task(work.serve(asking))
        await asyncio.sleep(0.5)
        work.stop.set()
        await serving
        return work.log.events

    assert run(main, start_ms=0) == ["step_failed: {'loop': 'test', 'error': 'no answer'}"]


def test_a_stop_finishes_what_is_under_way() -> None:
    """After a stop no step is begun, and the call returns when the last one has ended."""

    async def main(clock: Clock) -> tuple[int, list[int], int]:
        work = Work(clock)
        for _ in range(3):
            work.add(takes=5000)
        serving = asyncio.create_task(work.serve(concurrency=2))
        await asyncio.sleep(1)
        work.stop.set()
        await serving
        return work.now, work.done, len(work.jobs)

    ended, done, left = run(main, start_ms=0)
    assert (ended, [round(at, -2) for at in done], left) == (5002, [5000, 5000], 1)


def test_a_stopped_loop_does_not_begin() -> None:
    """A loop that is stopped before it begins looks at nothing."""

    async def main(clock: Clock) -> list[int]:
        work = Work(clock)
        work.add()
        work.stop.set()
        await work.serve()
        return work.looks

    assert run(main, start_ms=0) == []


def test_a_cancelled_loop_cancels_its_steps() -> None:
    """Cancelling the loop cancels what is under way, and leaves no task behind."""

    async def main(clock: Clock) -> tuple[list[int], int, int]:
        work = Work(clock)
        work.add(takes=5000)
        serving = asyncio.create_task(work.serve())
        await asyncio.sleep(1)
        serving.cancel()
        await asyncio.wait([serving])
        return work.done, work.running, len(asyncio.all_tasks())

    assert run(main, start_ms=0) == ([], 0, 1)


def test_the_same_work_takes_the_same_course() -> None:
    """Two runs of the same jobs look and finish at the same moments."""

    async def scenario(work: Work) -> None:
        for n in range(40):
            work.add(at=(n * 37) % 100, takes=(n * 53) % 400)
        work.wake.set()
        await asyncio.sleep(60)

    one, two = play(scenario), play(scenario)
    assert (one.looks, one.done) == (two.looks, two.done)
    assert len(one.done) == 40
