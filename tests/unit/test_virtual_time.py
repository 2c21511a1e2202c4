"""The virtual event loop: time jumps, real input and output do not move it, and a run is a function of its inputs."""

from __future__ import annotations

import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import aclosing, suppress

import pytest
import redis
from fakeredis import FakeAsyncRedis, FakeServer
from redis.asyncio import Redis

from simulator.whatsapp_cloud.virtual_time import (
    Clock,
    NothingScheduledError,
    RealIoTooSlowError,
    TimeStandsStillError,
    VirtualTimeLoop,
    run,
)
from simulator.world.redis_client import open_virtual_time_client, virtual_time_client
from tests.redis_server import RunningRedis, redis_server
from tests.system import need

START = 1_795_340_400_000


@pytest.fixture(scope="module")
def server() -> Iterator[RunningRedis]:
    need("redis-server")
    with redis_server() as running:
        yield running


def test_a_sleep_of_five_minutes_takes_no_time() -> None:
    """Virtual time jumps to the next timer when nothing else can run."""

    async def main(clock: Clock) -> int:
        await asyncio.sleep(300)
        return clock.now_ms()

    began = time.monotonic()
    assert run(main, start_ms=START) == START + 300_000
    assert time.monotonic() - began < 300


def test_the_clock_counts_milliseconds_exactly() -> None:
    """Many small sleeps add up without drift."""

    async def main(clock: Clock) -> int:
        for _step in range(10_000):
            await asyncio.sleep(0.1)
        return clock.now_ms()

    assert run(main, start_ms=START) == START + 1_000_000


def test_equal_timers_ring_in_the_order_in_which_they_were_set() -> None:
    """Timers of one moment are first come, first served, however many there are."""

    async def main(_: Clock) -> list[int]:
        loop = asyncio.get_running_loop()
        rung: list[int] = []
        for number in range(50):
            loop.call_at(1.0, rung.append, number)
        for number in range(50, 100):
            loop.call_later(1.0, rung.append, number)
        await asyncio.sleep(2)
        return rung

    assert run(main, start_ms=0) == list(range(100))


def test_a_timer_cancelled_at_its_own_moment_does_not_ring() -> None:
    """A callback may cancel another one that is due at the same time."""

    async def main(_: Clock) -> list[str]:
        loop = asyncio.get_running_loop()
        rung: list[str] = []
        timers: list[asyncio.TimerHandle] = []

        def cancel() -> None:
            timers[0].cancel()

        loop.call_later(1, cancel)
        timers.append(loop.call_later(1, rung.append, "cancelled"))
        await asyncio.sleep(2)
        return rung

    assert run(main, start_ms=0) == []


def test_cancelled_timers_do_not_pile_up() -> None:
    """Deadlines that were met are forgotten, though their time has not come."""

    async def main(_: Clock) -> int:
        for _step in range(5_000):
            async with asyncio.timeout(3600):
                await asyncio.sleep(0)
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        return len(loop._timers)

    assert run(main, start_ms=0) < 1_000


def test_waiting_in_tiny_steps_gets_there() -> None:
    """A deadline between two microseconds is reached, not approached for ever."""

    async def main(_: Clock) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 0.000_000_4
        while loop.time() < deadline:  # noqa: ASYNC110  (the rule is about such loops)
            await asyncio.sleep(deadline - loop.time())

    run(main, start_ms=0)


def test_a_deadline_passes_in_virtual_time() -> None:
    """`asyncio.timeout` and `wait_for` count virtual seconds."""

    async def main(clock: Clock) -> int:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(10):
                await asyncio.Event().wait()
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.Event().wait(), 5)
        return clock.now_ms()

    assert run(main, start_ms=START) == START + 15_000


def test_a_deadlock_names_who_waits_and_where() -> None:
    """When nothing is left to happen the run ends with an error that names the waiting tasks and their lines."""

    async def waits_for_ever() -> None:
        await asyncio.Event().wait()

    async def main(_: Clock) -> None:
        await asyncio.sleep(7)
        task = asyncio.create_task(waits_for_ever(), name="the worker")
        await task

    with pytest.raises(
        NothingScheduledError, match=r"at virtual 7\.000 s 2 task.*the worker \(.*waits_for_ever\) at .*py:\d+"
    ):
        run(main, start_ms=0)


def test_whoever_lets_no_time_pass_is_named() -> None:
    """A task that goes on and on would keep all others waiting for ever: the run ends with an error that names it."""

    async def spins() -> None:
        while True:  # noqa: ASYNC110  (the rule is about such loops)
            await asyncio.sleep(0)

    async def main(_: Clock) -> None:
        await asyncio.sleep(7)
        task = asyncio.create_task(spins(), name="the worker")
        await task

    with pytest.raises(
        TimeStandsStillError, match=r"at virtual 7\.000 s .* 5,000 times .*Busiest: the worker \(.*spins\)"
    ):
        run(main, start_ms=0, most_passes=5_000)


def test_whoever_lets_no_more_than_microseconds_pass_is_named() -> None:
    """Time that hardly passes stands still."""

    async def main(_: Clock) -> None:
        while True:  # noqa: ASYNC110  (the rule is about such loops)
            await asyncio.sleep(0.000_001)

    with pytest.raises(TimeStandsStillError, match="not one second has passed"):
        run(main, start_ms=0, most_passes=5_000)


def test_many_passes_in_as_much_time_are_no_standstill() -> None:
    """Passes are counted by the second: a long run may have any number of them."""

    async def main(clock: Clock) -> int:
        for _ in range(100):
            await asyncio.sleep(1)
            for _ in range(1_000):
                await asyncio.sleep(0)
        return clock.now_ms()

    assert run(main, start_ms=0, most_passes=5_000) == 100_000


@pytest.mark.parametrize("caught", [Exception, asyncio.CancelledError])
def test_whoever_never_gives_way_is_interrupted(caught: type[BaseException]) -> None:
    """The loop cannot see who does not come back to it, and whoever catches all errors does not catch this one."""

    async def tried() -> None:
        raise ValueError

    async def insists() -> None:
        while True:
            with suppress(caught, ValueError):
                await tried()

    async def main(_: Clock) -> None:
        await asyncio.sleep(7)
        await asyncio.create_task(insists(), name="the worker")

    with pytest.raises(TimeStandsStillError, match=r"at virtual 7\.000 s the worker \(.*insists\).* does not give way"):
        run(main, start_ms=0, patience_s=0.2)


def test_a_thread_that_is_at_work_is_given_its_time() -> None:
    """The loop waits for it, and is not stuck: the processor's time is the thread's."""

    def works() -> int:
        began = time.process_time()
        while time.process_time() - began < 0.5:
            sum(range(1_000))
        return 1

    async def main(_: Clock) -> int:
        return await asyncio.get_running_loop().run_in_executor(None, works)

    assert run(main, start_ms=0, patience_s=0.1) == 1


def test_threads_of_the_executor_are_waited_for() -> None:
    """A thread's work takes no virtual time, so that a name can be looked up."""

    async def main(clock: Clock) -> tuple[int, int]:
        reminder = asyncio.create_task(asyncio.sleep(0.001))
        await asyncio.sleep(0)
        said = await asyncio.get_running_loop().run_in_executor(None, sum, range(1_000_000))
        at = clock.now_ms()
        await reminder
        return said, at

    assert run(main, start_ms=START) == (499_999_500_000, START)


def test_leftovers_are_cancelled_and_generators_closed() -> None:
    """The end of the main coroutine ends everything else."""
    ended: list[str] = []
    unfinished: list[AsyncIterator[int]] = []

    async def lingers() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("task")

    async def numbers() -> AsyncIterator[int]:
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            ended.append("generator")

    async def main(_: Clock) -> int:
        task = asyncio.create_task(lingers())
        await asyncio.sleep(1)
        assert not task.done()
        unfinished.append(numbers())
        return await anext(unfinished[0])

    assert run(main, start_ms=0) == 1
    assert sorted(ended) == ["generator", "task"]


def test_idle_comes_after_everything_that_can_run_now() -> None:
    """`idle` waits for all chains of callbacks of the moment, but not for timers."""

    async def chain(steps: int, trace: list[str]) -> None:
        for _ in range(steps):
            await asyncio.sleep(0)
        trace.append(f"chain of {steps}")

    async def main(clock: Clock) -> tuple[list[str], int]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        trace: list[str] = []
        tasks = [asyncio.create_task(chain(steps, trace)) for steps in (40, 3)]
        later = asyncio.create_task(asyncio.sleep(0.001))
        await loop.idle()
        trace.append("idle")
        now = clock.now_ms()
        await asyncio.gather(later, *tasks)
        return trace, now

    assert run(main, start_ms=START) == (["chain of 3", "chain of 40", "idle"], START)


def test_a_silent_server_ends_the_run_with_an_error() -> None:
    """Declared real input and output is waited for in real time, up to the limit."""

    async def main(_: Clock) -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        with loop.real_io():
            await asyncio.Event().wait()

    with pytest.raises(RealIoTooSlowError, match=r"for 0\.05 s of real time"):
        run(main, start_ms=0, real_io_limit_s=0.05)


def test_real_redis_never_moves_the_clock(server: RunningRedis) -> None:
    """Operations on a real server, and a server that works for a while, take no virtual time."""

    async def main(clock: Clock) -> tuple[bytes | str | None, int, int]:
        async with aclosing(open_virtual_time_client(server.url)) as client:
            reminder = asyncio.create_task(asyncio.sleep(0.001))
            await client.set("k", "v")
            await client.eval("local n = 0 for i = 1, 3e6 do n = n + i end return n", 0)
            async with client.pipeline(transaction=True) as pipeline:
                pipeline.set("a", 1)
                pipeline.set("b", 2)
                await pipeline.execute()
            value = await client.get("k")
            at = clock.now_ms()
            await reminder
            await asyncio.sleep(60)
            assert await client.get("b") == b"2"
            return value, at, clock.now_ms()

    assert run(main, start_ms=START) == (b"v", START, START + 60_001)


async def _interleaved(client: Redis, clock: Clock) -> list[str]:
    """Twenty tasks that read, write and sleep; what they see depends on the order in which the server sees them."""
    trace: list[str] = []
    await client.delete("counter", "line")

    async def one(number: int) -> None:
        rng = random.Random(number)
        for step in range(5):
            if rng.random() < 0.5:
                await asyncio.sleep(rng.choice([0, 0.001, 0.002]))
            for _ in range(rng.randrange(4)):
                await asyncio.sleep(0)
            if rng.random() < 0.3:
                async with client.pipeline(transaction=rng.random() < 0.5) as pipeline:
                    pipeline.incr("counter")
                    pipeline.rpush("line", number)
                    seen = await pipeline.execute()
            else:
                seen = [await client.incr("counter")]
            trace.append(f"{clock.now_ms()} task {number} step {step} saw {seen}")

    tasks = [asyncio.create_task(one(number)) for number in range(20)]
    await asyncio.sleep(0.001)
    # One dies at a moment at which it talks to the server.
    tasks[7].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    trace.append(str(await client.lrange("line", 0, -1)))
    return trace


def _real(server: RunningRedis) -> Callable[[], Redis]:
    return lambda: open_virtual_time_client(server.url)


def _traced(client: Callable[[], Redis]) -> list[str]:
    async def main(clock: Clock) -> list[str]:
        async with aclosing(client()) as open_client:
            return await _interleaved(open_client, clock)

    return run(main, start_ms=0)


def test_two_runs_on_a_real_redis_take_the_same_course(server: RunningRedis) -> None:
    """The order in which tasks see a real server depends on the tasks alone."""
    runs = [_traced(_real(server)) for _ in range(4)]
    assert runs[1:] == runs[:1] * 3
    assert len(runs[0]) > 90


def test_an_embedded_redis_takes_the_same_course_as_a_real_one(server: RunningRedis) -> None:
    """A counted embedded client sees the same order of operations as a counted client of a real server."""
    assert _traced(lambda: virtual_time_client(FakeAsyncRedis(server=FakeServer()))) == _traced(_real(server))


def test_two_runs_on_a_unix_socket_take_the_same_course() -> None:
    """Greetings, which a Unix socket has in connecting, wait for no turn but their own."""
    need("redis-server")
    # The path of a socket has 107 bytes at most, and nobody knows how long a test's own folder is.
    with (
        tempfile.TemporaryDirectory(dir="/tmp") as folder,
        redis_server("--save", "", "--appendonly", "no", "--unixsocket", f"{folder}/redis"),
    ):
        socket = f"{folder}/redis"
        runs = [_traced(lambda: open_virtual_time_client(f"unix://{socket}")) for _ in range(2)]
    assert runs[0] == runs[1]
    assert len(runs[0]) > 90


def test_a_killed_task_leaves_the_turn_to_others(server: RunningRedis) -> None:
    """A task cancelled at any moment of an operation has done it at the server or not begun it, and blocks nobody."""

    async def main(_: Clock) -> list[tuple[int, bool]]:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualTimeLoop)
        outcomes = []
        async with aclosing(open_virtual_time_client(server.url)) as client:

            async def push() -> None:
                async with client.pipeline(transaction=False) as pipeline:
                    for number in range(5):
                        pipeline.rpush("line", number)
                    await pipeline.execute()

            for moments in range(8):
                await client.delete("line")
                task = asyncio.create_task(push())
                for _moment in range(moments):
                    await loop.idle()
                task.cancel()
                outcomes.append((await client.llen("line"), task.cancelled()))
        return outcomes

    outcomes = run(main, start_ms=0)
    assert outcomes[0] == (0, True)
    assert outcomes[-1] == (5, True)
    assert set(outcomes) == {(0, True), (5, True)}


def test_commands_are_not_repeated_on_errors() -> None:
    """A lost connection is reported at once, and the next operation finds the server when it is back."""
    need("redis-server")

    async def main(_: Clock) -> list[str]:
        outcomes = []
        with redis_server() as first:
            client = open_virtual_time_client(first.url)
            outcomes.append(str(await client.set("k", "v")))
            first.kill()
            try:
                await client.get("k")
            except redis.exceptions.ConnectionError:
                outcomes.append("lost")
        with redis_server(port=first.port):
            outcomes.append(str(await client.get("k")))
            await client.aclose()
        return outcomes

    assert run(main, start_ms=0) == ["True", "lost", "None"]


def test_other_loops_are_served_as_usual() -> None:
    """A counted client works on an ordinary event loop, too."""

    async def main() -> bytes | str | None:
        client = virtual_time_client(FakeAsyncRedis(server=FakeServer()))
        await client.set("k", "v")
        value = await client.get("k")
        await client.aclose()
        return value

    assert asyncio.run(main()) == b"v"
