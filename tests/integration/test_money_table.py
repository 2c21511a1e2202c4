"""Every write, at every point where a process can die or an answer can be lost: what core holds, what the member hears.

`make money-table` prints the table.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Final

import pytest
import structlog
from redis import Redis

from service.settings import EMBEDDED
from simulator.credex_core.endpoints import ENDPOINTS
from tests.defects.money import DEFECTS
from tests.integration.money_table import Cell, drive, look_around
from tests.integration.money_table_print import Table, printed
from tests.integration.money_table_rows import Core, Group, Row, impossible, rows
from tests.integration.money_table_standing import MORE
from tests.integration.money_table_writes import WRITES, WriteRow
from tests.redis_server import RunningRedis
from tests.system import free_processors

PROCESSES: Final = min(free_processors(), 8)
"""Each has a database of its own on the real server, which has 16; more would take longer to start than they save."""

REDISES: Final = ("embedded", "redis-server")
BY_NAME: Final = {write.name: write for write in (*WRITES, *MORE)}
SHARE: Final = 3

DEADLY: Final = frozenset({Group.KILLED, Group.LOST, Group.AGAIN, Group.AGAIN_LOST})

Place = tuple[Row, Core]
Chosen = Callable[[Place], bool]


@pytest.fixture(scope="module")
def pool() -> Iterator[ProcessPoolExecutor]:
    """Cells have nothing in common, so that they can be driven side by side."""
    with ProcessPoolExecutor(PROCESSES, mp_context=get_context("spawn")) as executor:
        yield executor


@pytest.fixture(params=REDISES)
def redis_url(request: pytest.FixtureRequest) -> str:
    """An embedded Redis, then a real one."""
    if request.param == "embedded":
        return EMBEDDED
    running: RunningRedis = request.getfixturevalue("running_redis")
    with Redis.from_url(running.url) as client:
        client.flushall()
    return running.url


def driven(write: str, places: Sequence[Place], redis_url: str) -> list[Cell]:
    """Drive cells one after the other, in a process where nobody reads the log."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    return [drive(BY_NAME[write], row, core, redis_url=redis_url) for row, core in places]


def filled(write: WriteRow, redis_url: str, pool: ProcessPoolExecutor, chosen: Chosen) -> Table:
    """The cells of one write that are chosen, and those that cannot be."""
    seen = look_around(write, redis_url=redis_url)
    table: dict[Place, Cell | str] = {
        (row, core): impossible(write, row, core, seen) for row in rows() for core in Core
    }
    possible = [place for place, why_not in table.items() if not why_not]
    places = [place for place in possible if chosen(place)]
    table = {place: cell for place, cell in table.items() if cell or place in places}
    urls = [redis_url if redis_url == EMBEDDED else f"{redis_url}/{number}" for number in range(PROCESSES)]
    shares = [places[number::PROCESSES] for number in range(PROCESSES)]
    futures = [pool.submit(driven, write.name, share, url) for share, url in zip(shares, urls, strict=True)]
    for share, future in zip(shares, futures, strict=True):
        table.update(zip(share, future.result(), strict=True))
    return table


def every(_: Place) -> bool:
    """All cells."""
    return True


def a_third(seed: str) -> Chosen:
    """Every third cell, by chance."""
    chance = random.Random(seed)
    return lambda _: chance.randrange(SHARE) == 0


def deaths_and_a_third(seed: str) -> Chosen:
    """All in which the bot dies or a script's reply is lost, and every third of the others."""
    other = a_third(seed)
    return lambda place: place[0].group in DEADLY or other(place)


Show = Callable[[str, Table], None]


@pytest.fixture
def show(pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]) -> Show:
    """Prints a table if that was asked for."""

    def printing(name: str, table: Table) -> None:
        if pytestconfig.getoption("--money-table", default=False):
            with capsys.disabled():
                pytestconfig.get_terminal_writer().write("\n".join([*printed(name, table), ""]))

    return printing


def check(name: str, table: Table) -> None:
    """Nothing is wrong in any cell, and none is empty."""
    cells = [(row, core, cell) for (row, core), cell in table.items() if isinstance(cell, Cell)]
    assert {f"{row.title} | {core}": (name, str(cell), *cell.wrong) for row, core, cell in cells if cell.wrong} == {}
    assert [f"{row.title} | {core}" for (row, core), cell in table.items() if not str(cell)] == []


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("write", WRITES, ids=lambda write: write.name)
def test_money_and_truth_survive_every_trouble(
    write: WriteRow, redis_url: str, pool: ProcessPoolExecutor, pytestconfig: pytest.Config, show: Show
) -> None:
    """At most one effect for a confirmation, one true word about it in the end, and nothing left behind in Redis.

    On a real Redis, too: all cells when the table is printed, else all deaths and a third of the others.
    """
    whole = redis_url == EMBEDDED or pytestconfig.getoption("--money-table", default=False)
    table = filled(write, redis_url, pool, every if whole else deaths_and_a_third(write.name))
    show(write.name if redis_url == EMBEDDED else f"{write.name} on a real redis-server", table)
    check(write.name, table)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("write", MORE, ids=lambda write: write.name)
def test_what_is_no_plain_trade_survives_as_well(
    write: WriteRow, pool: ProcessPoolExecutor, pytestconfig: pytest.Config, show: Show
) -> None:
    """The same for promises, accounts, people and tiers: all cells when the table is printed, else every third.

    On the embedded Redis alone: what a real one does otherwise does not depend on what is written to core.
    """
    whole = pytestconfig.getoption("--money-table", default=False)
    table = filled(write, EMBEDDED, pool, every if whole else a_third(write.name))
    show(write.name, table)
    check(write.name, table)


DEATH: Final = Row(Group.KILLED, "after createCredex")
TELLING: Final = {
    "a write sent again after a lost answer": [(Row(Group.ANSWER, "timeout"), Core.EFFECT)],
    "absent at once": [(Row(Group.LATE, "reset", late_s=3), Core.EFFECT)],
    "the baseline from the cache": [(Row(Group.TWIN, "reset"), Core.NOTHING)],
    "sent after the time to send": [(Row(Group.FROZEN, "after store_pending_writes"), Core.NOTHING)],
    "the turn computed again after a crash": [(DEATH, Core.EFFECT)],
    "committed before the write is known": [(Row(Group.ANSWER, "500"), Core.NOTHING), (DEATH, Core.EFFECT)],
}
"""For each defect, cells in which it shows."""


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("defect", DEFECTS)
def test_the_table_notices_each_planted_defect(defect: str) -> None:
    """A bot with this defect fails in at least one cell, in which the bot without it does not."""
    write = BY_NAME["createCredex"]
    with_it = [drive(write, row, core, run_bot=DEFECTS[defect]) for row, core in TELLING[defect]]
    without = [drive(write, row, core) for row, core in TELLING[defect]]
    assert any(cell.wrong for cell in with_it)
    assert [cell.wrong for cell in without] == [()] * len(without)


def test_each_telling_cell_is_in_the_table() -> None:
    """A defect must show in a row that is driven for every write."""
    known = set(rows())
    assert [row for places in TELLING.values() for row, _ in places if row not in known] == []


def test_every_write_of_core_is_in_the_table() -> None:
    """A new endpoint that changes something needs rows of its own."""
    reads = {name for name in ENDPOINTS if name == "login" or name.startswith("get")}
    assert {write.endpoint for write in BY_NAME.values()} == ENDPOINTS.keys() - reads
