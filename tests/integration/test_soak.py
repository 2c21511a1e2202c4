"""The soak keeps its promises with the service as it is, and finds defects that are planted into it.

Whether a defect shows depends on a fault meeting a write, in real time; so those runs are asked for
(`--soak-defects`), and `test_soak_ledger_audit.py` shows without chance that the audit notices what is broken. All
runs go on at the same time, each on a stack of its own: most of the time is spent waiting for leases of the dead.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
import pytest_asyncio

from simulator.processes.soak import Options, Result, soak
from tests.system import need

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.xdist_group("soak")]

SEED = int(os.environ.get("SEED", "0")) or secrets.randbelow(2**31)
"""Another one in each run; it is printed, and `SEED=…` plays it again."""

DEFECTS = "tests.integration.soak_defects"
RUNS = {
    "the service as it is": Options(seconds=25, seed=SEED, members=40, rate=8, drain_s=240),
    # A defect may leave work that never ends; what is looked at beyond leases and doubts need not be waited for.
    "resends a write": Options(seconds=40, seed=SEED, members=60, rate=12, processes=1, drain_s=80, module=DEFECTS),
    "acknowledges before storing": Options(
        seconds=25, seed=SEED, members=60, rate=12, processes=1, drain_s=80, module=DEFECTS
    ),
}

WRITES = ("offers confirmed", "registrations confirmed", "accepted, declined, cancelled")
FAULTS = (
    *("kill -9 service", "kill -9 state", "kill -9 cache", "SIGTERM deploy"),
    *("connections reset", "connections half closed, each"),
)

Tasks = dict[str, asyncio.Task[Result]]


def options(name: str) -> Options:
    """What is tried; a defect is told to the service by the name of its test run."""
    return replace(RUNS[name], variables={"DEFECT": name}) if RUNS[name].module == DEFECTS else RUNS[name]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def soaks(request: pytest.FixtureRequest) -> AsyncIterator[Tasks]:
    """All runs that are to be tested, going on at the same time."""
    need("redis-server")
    wanted = {item.name for item in request.session.items}
    names = [name for name, test in TESTS.items() if test in wanted]
    started = {name: asyncio.create_task(soak(options(name), lambda _: None), name=name) for name in names}
    yield started
    for task in started.values():
        task.cancel()
    await asyncio.gather(*started.values(), return_exceptions=True)
    for task in started.values():
        if not task.cancelled() and task.exception() is None and (kept := task.result().evidence) is not None:
            shutil.rmtree(kept)


async def result_of(soaks: Tasks, name: str) -> Result:
    print(f"SEED={SEED} plays it again, as far as a clock allows")  # noqa: T201 - pytest shows it with a failure
    result = await soaks[name]
    for each in result.violations:
        print(f"{each.invariant}: {each.who}: {each.what}")  # noqa: T201
        if result.evidence is not None and (told := result.evidence / "transcripts" / f"{each.who}.txt").exists():
            print(told.read_text("utf-8"))  # noqa: T201
    return result


async def test_under_load_with_everything_going_wrong_all_promises_are_kept(soaks: Tasks) -> None:
    """Nothing is lost, nothing happens twice, nothing is said that is not so; and something was tried."""
    result = await result_of(soaks, "the service as it is")

    assert result.violations == []
    assert result.evidence is None
    figures = result.figures
    assert figures["answers"] == figures["messages in"] > 0
    assert figures["offers confirmed"] >= figures["offers created"] == figures["offers reported as made"]
    # How much is tried is a matter of the machine, on a slow one not even each kind; but something was.
    assert sum(figures[kind] for kind in WRITES) > 0
    assert sum(figures.get(kind, 0) for kind in FAULTS) > 0


@pytest.mark.soak_defects
async def test_a_service_that_resends_a_write_whose_answer_was_lost_is_found_out(soaks: Tasks) -> None:
    """Two offers for one confirmation: the soak says whose, and keeps what they wrote and were told."""
    result = await result_of(soaks, "resends a write")

    assert "at most one credex per confirmation" in {each.invariant for each in result.violations}
    assert result.evidence is not None
    twice = next(each for each in result.violations if each.invariant == "at most one credex per confirmation")
    amount = twice.what.partition(" offers of ")[2].removesuffix(" were made for one confirmation")
    assert f"Offer *{amount}* to" in (result.evidence / "transcripts" / f"{twice.who}.txt").read_text("utf-8")
    assert [log.name for log in result.evidence.glob("bot-*.log")] != []


@pytest.mark.soak_defects
async def test_a_service_that_acknowledges_webhooks_before_storing_them_is_found_out(soaks: Tasks) -> None:
    """A message that WhatsApp was told is safe, and is not: somebody waits for an answer that never comes."""
    result = await result_of(soaks, "acknowledges before storing")

    # One of several written at once may be missed at its place in the row of answers, too.
    found = {each.invariant for each in result.violations}
    assert found & {"no message is lost", "each message is answered, once and in order"} != set()


TESTS = {
    "the service as it is": test_under_load_with_everything_going_wrong_all_promises_are_kept.__name__,
    "resends a write": test_a_service_that_resends_a_write_whose_answer_was_lost_is_found_out.__name__,
    "acknowledges before storing": test_a_service_that_acknowledges_webhooks_before_storing_them_is_found_out.__name__,
}
