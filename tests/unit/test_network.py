"""Faults: what a client meets when the network or its target fails, and what the target did meanwhile."""

from __future__ import annotations

import asyncio

import fakeredis
import httpx
import pytest
import redis.asyncio
from redis.exceptions import ConnectionError as RedisConnectionError

from simulator.whatsapp_cloud.virtual_time import Clock, run
from simulator.world.faults import Answer, Effect, Fault, Faults
from simulator.world.network import Network, Switch, with_switches

START_MS = 1_793_600_000_000


class Target(httpx.AsyncBaseTransport):
    """Answers 200 to everything, and remembers what it handled."""

    def __init__(self) -> None:
        self.handled: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.handled.append(request.url.path)
        return httpx.Response(200, text="done", request=request)


def meet(fault: Fault | None, *, read_timeout_s: float | None = 5, path: str = "/v1/login") -> tuple[str, int, int]:
    """What one request comes to: the status or the error's name, how often it was handled, how long it took (ms)."""

    async def main(clock: Clock) -> tuple[str, int, int]:
        target, faults = Target(), Faults()
        if fault is not None:
            faults.add(fault)
        async with httpx.AsyncClient(
            transport=Network(target, faults=faults), timeout=read_timeout_s, base_url="http://core"
        ) as client:
            try:
                async with asyncio.timeout(60):
                    met = str((await client.post(path)).status_code)
            except (httpx.HTTPError, TimeoutError) as error:
                met = type(error).__name__
        return met, len(target.handled), clock.now_ms() - START_MS

    return run(main, start_ms=START_MS)


@pytest.mark.parametrize(
    ("fault", "met", "handled", "took_ms"),
    [
        (None, "200", 1, 0),
        (Fault(Effect.REFUSED), "ConnectError", 0, 0),
        (Fault(Effect.RESET), "ReadError", 0, 0),
        (Fault(Effect.RESET, after=True), "ReadError", 1, 0),
        (Fault(Effect.TIMEOUT), "ReadTimeout", 0, 5_000),
        (Fault(Effect.TIMEOUT, after=True), "ReadTimeout", 1, 5_000),
        (Fault(Effect.ANSWER, answer=Answer(500)), "500", 0, 0),
        (Fault(Effect.ANSWER, after=True, answer=Answer.json(404, {})), "404", 1, 0),
        (Fault(Effect.SLOW, slow_ms=3_000), "200", 1, 3_000),
        (Fault(Effect.SLOW, slow_ms=12_000), "ReadTimeout", 0, 5_000),
        (Fault(Effect.SLOW, after=True, slow_ms=12_000), "ReadTimeout", 1, 5_000),
        (Fault(Effect.RESET, endpoint="createCredex"), "200", 1, 0),
        (Fault(Effect.RESET, endpoint="LOGIN"), "ReadError", 0, 0),
    ],
)
def test_each_effect_is_met_as_declared(fault: Fault | None, met: str, handled: int, took_ms: int) -> None:
    """Before or after the target handled it, the client meets exactly the declared failure."""
    assert (met, handled, took_ms) == meet(fault)


def test_a_request_that_hangs_is_bounded_by_the_callers_deadline() -> None:
    """Without a read timeout only the deadline around the call ends it."""
    assert meet(Fault(Effect.TIMEOUT), read_timeout_s=None) == ("TimeoutError", 0, 60_000)


def test_faults_wear_out_and_can_be_removed() -> None:
    """A fault strikes as often as it says, oldest first, unless it is taken out of force."""
    faults = Faults()
    twice = Fault(Effect.RESET, times=2)
    always = Fault(Effect.REFUSED, times=None)
    faults.add(twice)
    number = faults.add(always)

    struck = [faults.take("login") for _ in range(4)]

    assert [each and each.effect for each in struck] == [Effect.RESET, Effect.RESET, Effect.REFUSED, Effect.REFUSED]
    assert [number] == [armed.number for armed in faults]
    faults.remove(number)
    assert faults.take("login") is None


def test_what_is_usual_befalls_what_no_fault_hits() -> None:
    """It never wears out, hides no fault, and is there when all of them are taken out of force."""
    faults = Faults()
    faults.usual = Fault(Effect.SLOW, "messages", slow_ms=500, times=None)
    faults.add(Fault(Effect.RESET, "messages"))

    struck = [faults.take("messages") for _ in range(3)]

    assert [each and each.effect for each in struck] == [Effect.RESET, Effect.SLOW, Effect.SLOW]
    assert faults.take("typing") is None
    faults.clear()
    assert faults.take("messages") == faults.usual


def test_a_fault_says_what_it_does() -> None:
    """An answer belongs to the effect that answers, and a fault that never strikes is none."""
    with pytest.raises(ValueError, match="an answer belongs"):
        Fault(Effect.RESET, answer=Answer(500))
    with pytest.raises(ValueError, match="an answer belongs"):
        Fault(Effect.ANSWER)
    with pytest.raises(ValueError, match="at least once"):
        Fault(Effect.RESET, times=0)


def test_hooks_are_called_for_every_request() -> None:
    """Before it leaves, and after it was handled."""

    async def main(_: Clock) -> list[str]:
        told: list[str] = []

        async def hook(point: str) -> None:
            told.append(point)

        async with httpx.AsyncClient(transport=Network(Target(), hook=hook, latency_ms=10)) as client:
            await client.get("http://core/v1/login/")
        return told

    assert run(main, start_ms=START_MS) == ["before login", "after login"]


async def test_a_switch_cuts_redis_off_and_lets_it_back() -> None:
    """While it is down every command fails with redis-py's own error; afterwards all data is there."""
    switch = Switch()
    client: redis.asyncio.Redis = with_switches(fakeredis.FakeAsyncRedis(), [Switch(), switch])
    await client.set("key", "kept")

    switch.down = True
    with pytest.raises(RedisConnectionError, match="Redis is down"):
        await client.get("key")
    switch.down = False

    assert await client.get("key") == b"kept"
    await client.aclose()


async def test_a_command_in_flight_when_the_switch_falls_is_lost_on_the_way_back() -> None:
    """It was done by the server, and whoever asked for it does not learn so."""
    server, switch, told = fakeredis.FakeServer(), Switch(), []

    async def hook(when: str, command: bytes) -> None:
        if b"INCR" in command:
            told.append(when)
            switch.down = when == "after"

    client: redis.asyncio.Redis = with_switches(fakeredis.FakeAsyncRedis(server=server), [switch], hook)
    with pytest.raises(RedisConnectionError):
        await client.incr("count")
    switch.down = False

    assert told == ["before", "after"]
    assert await client.get("count") == b"1"
    await client.aclose()


def test_what_is_done_late_is_done_when_nobody_waits_for_it_any_more() -> None:
    """A request whose answer was lost may still arrive: the target sees it once, later."""

    async def main(_: Clock) -> tuple[int, int]:
        target, faults = Target(), Faults()
        faults.add(Fault(Effect.RESET, late_ms=2_000))
        async with httpx.AsyncClient(transport=Network(target, faults=faults), base_url="http://core") as client:
            with pytest.raises(httpx.ReadError):
                await client.post("/v1/createCredex")
            before = len(target.handled)
            await asyncio.sleep(3)
        return before, len(target.handled)

    assert run(main, start_ms=START_MS) == (0, 1)
