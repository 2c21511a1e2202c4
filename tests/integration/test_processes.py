"""Real processes of the service on a real Redis: killed, stopped, cut off; nothing is lost and nothing said is untrue.

Most of the time here is spent waiting for the leases of the dead (40 s), so all of these tests run at the same time:
each is a task of its own, on a stack of its own, and the tests wait for theirs. Seeds are printed when one fails.
"""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest
import pytest_asyncio

from service.app import WORKERS
from service.domain import Money
from simulator.server.virtual_user import VirtualUser
from simulator.world.faults import Effect, Fault
from simulator.world.network import RequestHook
from tests.integration.processes import Stack, all_of, eventually, people, start_stack
from tests.integration.processes_offers import NOT_MADE, OFFERED, UNKNOWN, Saboteur, crowd
from tests.integration.processes_talk import Newcomer, Reader, labels
from tests.system import need

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("processes")]

SEED = int(os.environ.get("SEED", "1"))
DEADLINE_S = 600
"""Longer than anything here takes on any machine; only a defect waits for it."""

TOO_SOON_MS = 15_000
"""A message of unknown fate is sent again 30 s after it was taken up; it may have been half of that on its way."""

PEOPLE = people(SEED, 10)

Scenario = Callable[[], Awaitable[None]]
Tasks = dict[str, asyncio.Task[None]]


async def conversations_survive() -> None:
    """200 people talk to two processes; one is killed, then both, and started again."""
    chance = random.Random(SEED)
    async with start_stack(bots=2, seed=SEED, core_ms=100) as here:
        cast: list[Reader | Newcomer] = []
        for number, person in enumerate(people(SEED, 200)):
            if number % 5 == 0:
                cast.append(Newcomer(here.add_user(person, number), person))
            else:
                cast.append(Reader.of(here.add_member(person, number), chance))
        kills = asyncio.create_task(_kill_twice(here))
        await all_of([one.talk() for one in cast], [one.user for one in cast], within_s=DEADLINE_S)
        await kills

        assert await here.wait_until_idle(within_s=DEADLINE_S) == []
        assert await here.durability() == ("yes", "always", "noeviction")
        assert {one.user.phone: labels(one.user) for one in cast} == {one.user.phone: one.expected for one in cast}
        # Nothing twice to its effect, and what was said is so: everybody is a member, once.
        joined = [member.phone for member in here.world.core.ledger.members.values()]
        assert sorted(joined) == sorted({*[one.user.phone for one in cast], here.world.core.foundation.phone})
        assert _too_soon([one.user for one in cast]) == []


async def offers_survive() -> None:
    """100 members make an offer each over two processes, which are killed over them four times."""
    async with start_stack(bots=2, seed=SEED, core_ms=100) as here:
        cast = crowd(here, SEED, 100, each=1)
        saboteur = Saboteur(here, SEED, between=range(20, 50))
        here.world.core_proxy.hook = saboteur.hook
        # While core is cut off offers are refused before they are written; so only the first 20 meet that, and however
        # quick or slow the machine, those after them bring the writes that the saboteur counts. The last ten come when
        # all those are there: somebody has yet to log in whenever it waits for that.
        talking = [asyncio.create_task(one.talk()) for one in cast[:20]]
        async with asyncio.timeout(DEADLINE_S):
            await saboteur.end_outage(cast[:20])
            talking += [asyncio.create_task(one.talk()) for one in cast[20:90]]
            await here.until(lambda: saboteur.writes >= 50)
        talking += [asyncio.create_task(one.talk()) for one in cast[90:]]
        await all_of(talking, [one.user for one in cast], within_s=DEADLINE_S)

        assert sorted(saboteur.done) == sorted(saboteur.plan.values())
        assert await here.wait_until_idle(within_s=DEADLINE_S) == []
        confirmed = [(one, money) for one in cast for money in one.confirmed]
        assert len(confirmed) == 100
        made = Counter(str(Money(credex.amount, credex.denomination)) for credex in here.world.core.offers())
        assert {amount: count for amount, count in made.items() if count > 1} == {}
        told = {str(money): one.said(money) for one, money in confirmed}
        assert {amount: said[-1] for amount, said in told.items()} == {
            amount: OFFERED if made[amount] else NOT_MADE for amount in told
        }
        assert {amount: said for amount, said in told.items() if {OFFERED, NOT_MADE} <= set(said)} == {}
        here.world.core.check_conserved()
        # That all this was tried: somebody was told at once that nothing is known, and the dead were taken over from.
        assert [amount for amount, said in told.items() if said[0] == UNKNOWN] != []
        assert "recovered" in {turn["kind"] for turn in here.turn_logs()}


async def _kill_twice(here: Stack) -> None:
    """Kill one process early, and both later; there is work in the hands of the dead."""
    await here.until(lambda: here.shown >= 150)
    here.kill(0)
    here.start(0)
    await here.healthy(index=0)
    await here.until(lambda: here.shown >= 400)
    here.kill(0)
    here.kill(1)
    assert await here.held_leases() != []
    here.start(0)
    here.start(1)


async def told_to_stop() -> None:
    """A process is told to stop while a write waits 5 s for core and seven reads 4 s; others wait their turn."""
    async with start_stack(bots=1, seed=SEED) as here:
        maker, _ = crowd(here, SEED, 2, each=1)
        readers = [
            Reader(here.add_member(person, 10 + place), ["hi"], hasty=True) for place, person in enumerate(PEOPLE)
        ]
        # Each of these takes 4 s at least (core has 10 s to answer), so that they cannot all be finished in time.
        readers[0].words = ["hi", "menu", "pending", "outgoing"] * 2
        in_core = Counter[str]()
        here.world.core_proxy.hook = _counting(in_core, here)
        here.world.core_proxy.faults.add(Fault(Effect.SLOW, "createCredex", slow_ms=5_000))
        question = await maker.asked(maker.amounts[0])
        maker.user.tap(question, "Confirm")
        await here.until(lambda: in_core["before createCredex"] == 1)
        here.world.core_proxy.faults.add(Fault(Effect.SLOW, "login", times=None, slow_ms=4_000))
        talking = [asyncio.create_task(one.talk()) for one in readers]
        already = in_core["before login"]
        await here.until(lambda: in_core["before login"] >= already + WORKERS - 1)
        assert await _stopped(here) == 0
        # It did not go on until all was done: what was not finished was given back, and waits for no lease.
        assert await here.redis.llen(f"{{0}}:inbox:{readers[0].user.phone}") > 0
        assert (await here.held_leases(), await _due_later(here)) == ([], [])
        here.world.core_proxy.faults.clear()

        here.start(0)
        await all_of(talking, [one.user for one in readers], within_s=DEADLINE_S)
        await maker.told(maker.amounts[0])
        assert await here.wait_until_idle(within_s=DEADLINE_S) == []
        assert [labels(one.user) for one in readers] == [one.expected for one in readers]
        assert [said for said in maker.said(maker.amounts[0]) if said != UNKNOWN] == [OFFERED]
        assert len(here.world.core.offers()) == 1
        assert [pair for one in [maker.user, *(one.user for one in readers)] for pair in one.repetitions] == []


def _counting(counts: Counter[str], here: Stack) -> RequestHook:
    async def hook(point: str) -> None:
        counts[point] += 1
        here.news.set()

    return hook


async def _stopped(here: Stack) -> int | None:
    """Tell the only process to stop (SIGTERM); its exit code."""
    here.bots[0].terminate()

    async def ended() -> bool:
        return here.bots[0].ended

    await eventually(ended, "the process has ended", within_s=DEADLINE_S)
    return here.bots[0].exit_code


async def _due_later(here: Stack) -> list[str]:
    """Members whose work nobody would take up now."""
    now_ms = time.time_ns() // 1_000_000
    later = [await here.redis.zrangebyscore(f"{{0}}:{queue}", f"({now_ms}", "+inf") for queue in ("inbox", "outbox")]
    return [str(member) for members in later for member in members]


async def redis_comes_back() -> None:
    """The state Redis is killed in the middle of 40 conversations and comes back on its file; then the cache goes."""
    chance = random.Random(SEED)
    async with start_stack(bots=1, seed=SEED, core_ms=50) as here:
        cast = [Reader.of(here.add_member(person, place), chance) for place, person in enumerate(PEOPLE * 4)]
        late = [Reader(here.add_member(person, 100 + place), ["hi"], hasty=True) for place, person in enumerate(PEOPLE)]
        talking = [asyncio.create_task(one.talk()) for one in cast]
        await here.until(lambda: here.shown >= 30)
        here.state.kill()
        assert (await here.healthy(503))["status"] == "unavailable"
        talking += [asyncio.create_task(one.talk()) for one in late]
        await here.until(lambda: any(attempt.status == 503 for attempt in here.world.cloud.deliveries))
        await here.restart_state()
        assert (await here.healthy(200))["status"] == "ok"
        everybody = [*cast, *late]
        await all_of(talking, [one.user for one in everybody], within_s=DEADLINE_S)

        assert await here.wait_until_idle(within_s=DEADLINE_S) == []
        assert [labels(one.user) for one in everybody] == [one.expected for one in everybody]
        assert _too_soon([one.user for one in everybody]) == []

        here.cache.kill()
        assert (await here.healthy(200))["status"] == "degraded"
        await late[0].ask("menu")
        assert labels(late[0].user) == late[0].expected


def _too_soon(users: Sequence[VirtualUser]) -> list[tuple[int, int]]:
    """Messages that were sent twice although nobody had reason to doubt the first: when they were sent."""
    pairs = [pair for user in users for pair in user.repetitions]
    return [(one.at_ms, other.at_ms) for one, other in pairs if other.at_ms - one.at_ms < TOO_SOON_MS]


SCENARIOS: dict[str, Scenario] = {
    "test_a_kill_in_the_middle_of_100_offers_makes_none_twice_and_no_statement_untrue": offers_survive,
    "test_told_to_stop_it_finishes_what_is_claimed_and_gives_back_the_rest": told_to_stop,
    "test_the_state_redis_killed_and_back_on_its_file_loses_nothing": redis_comes_back,
    "test_a_kill_in_the_middle_of_200_conversations_loses_and_repeats_nothing": conversations_survive,
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def tasks(request: pytest.FixtureRequest) -> AsyncIterator[Tasks]:
    """All scenarios that are to be tested, running at the same time."""
    need("redis-server")
    wanted = {item.name for item in request.session.items} & set(SCENARIOS)
    started = {name: asyncio.create_task(_seeded(SCENARIOS[name]), name=name) for name in sorted(wanted)}
    yield started
    for task in started.values():
        task.cancel()
    await asyncio.gather(*started.values(), return_exceptions=True)


async def _seeded(scenario: Scenario) -> None:
    try:
        async with asyncio.timeout(2 * DEADLINE_S):
            await scenario()
    except BaseException:
        print(f"SEED={SEED} plays it again: {scenario.__name__}")  # noqa: T201 - pytest shows it
        raise


async def test_a_kill_in_the_middle_of_200_conversations_loses_and_repeats_nothing(
    tasks: Tasks, request: pytest.FixtureRequest
) -> None:
    """Whoever is killed with SIGKILL and when: all get every answer, in order, and no effect happens twice."""
    await tasks[request.node.name]


async def test_a_kill_in_the_middle_of_100_offers_makes_none_twice_and_no_statement_untrue(
    tasks: Tasks, request: pytest.FixtureRequest
) -> None:
    """At most one offer a confirmation, whoever dies when; what members are told of it is so, in the end and before."""
    await tasks[request.node.name]


async def test_told_to_stop_it_finishes_what_is_claimed_and_gives_back_the_rest(
    tasks: Tasks, request: pytest.FixtureRequest
) -> None:
    """At SIGTERM, with slow calls under way: exit code 0, no lease left, every answer given once."""
    await tasks[request.node.name]


async def test_the_state_redis_killed_and_back_on_its_file_loses_nothing(
    tasks: Tasks, request: pytest.FixtureRequest
) -> None:
    """Without its state it is not ready and refuses with 503; with it again all are answered; without a cache, too."""
    await tasks[request.node.name]
