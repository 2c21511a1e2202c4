"""The ledger as the client reads it: page by page, and complete only where core shows that there is no more."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

import httpx
import pytest

from service.credex.client import LEDGER_PAGE, CredexClient
from service.credex.errors import NoAnswerError
from service.credex.values import Ledger
from service.domain import Denomination, Money
from service.runtime.sliding_window import SlidingWindowLimiter
from simulator.credex_core import API_KEY
from simulator.whatsapp_cloud.virtual_time import Clock, run
from tests.credex_world import FARAI, START_MS, TARIRO, MemoryTokens, World, in_world, usd

Page = Callable[[int], object]
"""The body that core answers to a request for the rows from this one on."""


def test_the_ledger_has_the_newest_first() -> None:
    """Core lists the oldest first, page by page; the newest is what is looked for."""

    async def play(world: World) -> Ledger:
        credex = world.core.offer(TARIRO, "farai_shop", usd("2.50"))
        world.core.accept(credex)
        return await world.client.get_ledger(TARIRO, world.account_id(TARIRO))

    ledger = in_world(play)
    entries = ledger.entries
    assert ledger.complete
    assert [usd("-2.50"), Money(Decimal(1040), Denomination.ZWG), usd("12.50")] == [entry.amount for entry in entries]
    assert (entries[0].counterparty, entries[0].at_ms) == ("Farai Ncube Personal", START_MS)


def test_a_ledger_of_several_pages_is_read_whole() -> None:
    """However many credexes there are, the newest is among those read."""

    async def play(world: World) -> tuple[int, bool, list[str]]:
        for _ in range(1000):
            world.core.fund("farai_shop", usd("0.01"))
        newest = world.core.fund("farai_shop", usd("0.02"))
        ledger = await world.client.get_ledger(FARAI, world.account_id("farai_shop"))
        assert ledger.entries[0].credex_id == newest.credex_id
        return len(ledger.entries), ledger.complete, world.endpoints()

    assert in_world(play) == (1001, True, ["login", "getLedger", "getLedger", "getLedger"])


# -- where a ledger ends --------------------------------------------------------------------------------------------


def row(number: int) -> dict[str, Any]:
    """A row of a ledger."""
    return {
        "credexID": f"c-{number}",
        "formattedAmount": "-0.01 USD",
        "counterpartyAccountName": "Farai",
        "timestamp": "2026-11-02T08:00:00.000Z",
    }


def page(first: int, count: int, *, more: bool | None) -> dict[str, Any]:
    """A page of a ledger in the newest form; with None core does not say whether there is more."""
    pagination = {} if more is None else {"hasMore": more}
    rows = [row(number) for number in range(first, first + count)]
    return {
        "data": {
            "action": {"type": "LEDGER_RETRIEVED", "details": {"ledger": rows}},
            "dashboard": {"pagination": pagination},
        }
    }


def read(answered: Page) -> tuple[Ledger, Sequence[int]]:
    """The ledger that a core with such pages gives, and the rows from which on it was asked for more."""
    starts: list[int] = []

    def core(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("login"):
            return httpx.Response(200, json={"data": {"action": {"details": {"token": "a-token"}}}})
        starts.append(json.loads(request.content).get("startRow", 0))
        return httpx.Response(200, json=answered(starts[-1]))

    async def main(clock: Clock) -> Ledger:
        async with httpx.AsyncClient(transport=httpx.MockTransport(core)) as http:
            client = CredexClient(
                http,
                base_url="http://core.test/v1/",
                api_key=API_KEY,
                tokens=MemoryTokens(clock.now_ms),
                budget=SlidingWindowLimiter(None, clock_ms=clock.now_ms, per_minute=1000),
            )
            return await client.get_ledger(TARIRO, "account")

    return run(main, start_ms=START_MS), starts


@pytest.mark.parametrize(
    ("count", "more", "complete"),
    [
        (0, None, True),
        (6, None, True),
        (7, None, False),
        (8, None, True),
        (10, None, False),
        (11, None, True),
        (LEDGER_PAGE - 1, None, True),
        (0, False, True),
        (7, False, True),
        (10, False, True),
        (LEDGER_PAGE, False, True),
    ],
)
def test_a_short_page_ends_a_ledger_unless_it_is_as_long_as_some_core_s_own(
    count: int, *, more: bool | None, complete: bool
) -> None:
    """Cores that give 7 or 10 rows whatever is asked for do not say so: the next one gives them all, and says so."""
    ledger, starts = read(lambda first: page(first, count, more=more))
    assert (len(ledger.entries), ledger.complete, starts) == (count, complete, [0])


def test_a_full_page_is_followed_by_the_next_where_core_does_not_say() -> None:
    """It may be the last one, and only the next shows it."""
    ledger, starts = read(lambda first: page(first, LEDGER_PAGE if not first else 3, more=None))
    assert (len(ledger.entries), ledger.complete, starts) == (LEDGER_PAGE + 3, True, [0, LEDGER_PAGE])
    assert [entry.credex_id for entry in ledger.entries][:4] == ["c-502", "c-501", "c-500", "c-499"]


@pytest.mark.parametrize("capped_at", [10, 250])
def test_pages_that_core_cuts_are_read_on_from_where_they_ended(capped_at: int) -> None:
    """Core says that there is more: no row between two pages is passed over."""

    def cut(first: int) -> object:
        return page(first, min(capped_at, 25 + capped_at - first), more=first + capped_at < 25 + capped_at)

    ledger, starts = read(cut)
    assert [entry.credex_id for entry in ledger.entries] == [f"c-{number}" for number in range(24 + capped_at, -1, -1)]
    assert (ledger.complete, starts) == (True, list(range(0, 25 + capped_at, capped_at)))


@pytest.mark.parametrize(("count", "more"), [(LEDGER_PAGE, None), (LEDGER_PAGE, True), (10, True)])
def test_a_page_that_comes_again_leaves_a_ledger_incomplete(count: int, *, more: bool | None) -> None:
    """This core ignores where a page is to start: what follows is never shown, and each row counts once."""
    ledger, starts = read(lambda _: page(0, count, more=more))
    assert (len(ledger.entries), ledger.complete, starts) == (count, False, [0, count])


@pytest.mark.parametrize("empty", [{}, [], {"data": {}}])
def test_an_older_core_s_empty_list_is_an_empty_ledger(empty: object) -> None:
    """It writes ``{}`` where there is nothing, and wraps lists."""
    ledger, _ = read(lambda _: {"data": {"action": {"type": "LEDGER_RETRIEVED", "details": {"ledger": empty}}}})
    assert ledger == Ledger((), complete=True)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"ledger": None},
        {"ledger": "none"},
        {"data": {"action": {"type": "LEDGER_RETRIEVED", "details": {}}}},
        {"data": {"action": {"type": "LEDGER_RETRIEVED", "details": {"ledger": None}}}},
        {"data": {"action": {"type": "LEDGER_RETRIEVED", "details": {"ledger": [{"credexID": "c-1"}]}}}},
    ],
)
def test_a_ledger_that_is_missing_or_cut_off_is_no_empty_one(body: object) -> None:
    """A failure is never taken for an empty list."""
    with pytest.raises(NoAnswerError):
        read(lambda _: body)


def test_a_ledger_that_does_not_end_is_not_read() -> None:
    """An answer without the newest rows would mislead."""
    with pytest.raises(NoAnswerError):
        read(lambda first: page(first, LEDGER_PAGE, more=True))
