"""Writes that were not answered clearly, or whose sender died: what successive looks tell, and when."""

from __future__ import annotations

import asyncio
from typing import Final

import msgspec
import pytest

from service.credex import errors as credex
from service.credex.errors import CredexError, NoAnswerError, NotFoundError, NotSentError
from service.credex.values import Written
from service.domain.commands import DidNotHappen, Done, Outcome, Refused, Unknown, Write
from service.writes.pending_write import PendingWrite
from service.writes.reconciler import Looked
from service.writes.verdict import LookMemory
from tests.unit.reconciler_desk import (
    ACCEPT,
    CANCEL,
    DECLINE,
    FIVE,
    JOIN,
    START_MS,
    TARIRO,
    Desk,
    at_desk,
    usd,
)

SEND_BY_MS: Final = START_MS + 5_000
FIRST_COUNTING_MS: Final = SEND_BY_MS + 115_000
"""An absence counts from here on."""

LOST: Final = NoAnswerError("no answer")
FAILED: Final = credex.ServerError(http_status=500)
REFUSED: Final = credex.RefusedError(credex.Refusal.INSUFFICIENT_BALANCE, http_status=400)
GONE: Final = NotFoundError("credex", http_status=404)
STRANGER: Final = credex.UnauthorisedError(http_status=401)
LIMITED: Final = credex.TooManyRequestsError(retry_after_s=2)

SILENT: Final = (LOST, FAILED)
"""After these core may still be at work."""
ANSWERED: Final = (REFUSED, GONE, STRANGER, LIMITED)
"""After these core is done with the request."""


def named(value: object) -> str:
    """What a case is called in the list of tests."""
    return type(value).__name__


async def sent(desk: Desk, call: Write = FIVE, *others: PendingWrite) -> Outcome:
    """Prepare and send: what is known then."""
    return await desk.sent(await desk.prepared(call, *others), *others)


async def looked(desk: Desk, write: PendingWrite, *, at_ms: int, counted_ms: int | None = None) -> Looked:
    """Look once, so long after the start; an earlier look may have counted."""
    await asyncio.sleep((at_ms - desk.passed_ms) / 1000)
    return await desk.money.look(TARIRO, msgspec.structs.replace(write, memory=LookMemory(counted_ms)), ())


# -- sent, and not answered clearly ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [*SILENT, *ANSWERED], ids=named)
@pytest.mark.parametrize("happened", [True, False])
def test_nothing_is_ever_sent_twice(error: CredexError, *, happened: bool) -> None:
    """Not after a lost answer, not after a failure, whatever is found."""

    async def play(desk: Desk) -> int:
        desk.core.answer = error
        desk.core.effect = desk.core.offered if happened else desk.core.effect
        await desk.decided(await desk.prepared())
        return len(desk.core.sent)

    assert at_desk(play) == 1


@pytest.mark.parametrize("error", [*SILENT, *ANSWERED], ids=named)
def test_an_offer_that_stands_is_found_at_once(error: CredexError) -> None:
    """Core creates offers and answers 404, 400 or 500 all the same."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.answer, desk.core.effect = error, desk.core.offered
        outcome = await sent(desk)
        return outcome, Done(desk.core.shown(), "c-new", proven=True, as_of_ms=START_MS), desk.passed_ms

    outcome, expected, passed_ms = at_desk(play)
    assert (expected, 0) == (outcome, passed_ms)


REFUSALS: Final = (
    (REFUSED, Refused("insufficient_balance")),
    (GONE, Refused("unknown")),
    (credex.RefusedError(credex.Refusal.NOT_PENDING, http_status=409), Refused("unknown")),
    (STRANGER, DidNotHappen()),
    (LIMITED, DidNotHappen()),
)


@pytest.mark.parametrize(("error", "expected"), REFUSALS, ids=named)
def test_what_core_itself_answered_is_believed_after_two_looks(error: CredexError, expected: Outcome) -> None:
    """Core is done with the request: two looks 3 s apart show all it did."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.answer = error
        return await sent(desk), desk.core.asked, desk.passed_ms

    assert (expected, ["dashboard", "ledger"] * 2, 3_000) == at_desk(play)


@pytest.mark.parametrize(("error", "expected"), REFUSALS, ids=named)
def test_a_refusal_of_a_write_that_is_no_offer_takes_two_looks_too(error: CredexError, expected: Outcome) -> None:
    """It still waits in both."""

    async def play(desk: Desk) -> tuple[bool, object, int]:
        desk.core.answer = error
        outcome = await sent(desk, ACCEPT)
        return isinstance(outcome, Done | Unknown), desk.core.asked, desk.passed_ms

    assert isinstance(expected, Refused | DidNotHappen)
    assert at_desk(play) == (False, ["dashboard"] * 2, 3_000)


@pytest.mark.parametrize("error", ANSWERED, ids=named)
def test_an_offer_that_core_refused_and_shows_a_moment_later_is_found(error: CredexError) -> None:
    """Older cores create and refuse, and their reads lag behind: the first look did not show it."""

    async def play(desk: Desk) -> Outcome:
        desk.core.answer = error
        desk.core.effect = lambda: desk.core.later(2.5, desk.core.offered)
        return await sent(desk)

    outcome = at_desk(play)
    assert isinstance(outcome, Done)
    assert (outcome.credex_id, outcome.proven) == ("c-new", True)


@pytest.mark.parametrize(("reads", "looks"), [((LOST,), 1), ((None, None, LOST), 2), ((None, None, STRANGER), 2)])
def test_a_refusal_is_not_believed_without_two_looks_that_worked(
    reads: tuple[CredexError | None, ...], looks: int
) -> None:
    """Core may have made it all the same."""

    async def play(desk: Desk) -> tuple[Looked, int]:
        write = await desk.prepared()
        desk.core.answer = REFUSED
        desk.core.failing.extend(reads)
        looked = await desk.money.send(TARIRO, write, ())
        return looked, desk.core.asked.count("dashboard")

    assert at_desk(play) == (Looked(Unknown(), LookMemory(), failed=True), looks)


@pytest.mark.parametrize("error", SILENT, ids=named)
def test_silence_is_told_as_not_known_at_once(error: CredexError) -> None:
    """Core may still be at work: after one look that shows nothing the member need not wait for the verdict."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.answer = error
        return await sent(desk), desk.core.asked, desk.passed_ms

    assert (Unknown(), ["dashboard", "ledger"], 0) == at_desk(play)


@pytest.mark.parametrize("error", SILENT, ids=named)
@pytest.mark.parametrize("call", [FIVE, ACCEPT, DECLINE, CANCEL, JOIN], ids=named)
def test_silence_is_not_taken_for_absence_too_early(error: CredexError, call: Write) -> None:
    """Absent is what shows nowhere in two looks, the first 115 s after the last moment of sending."""

    async def play(desk: Desk) -> tuple[Outcome, int]:
        desk.core.known = call is not JOIN
        write = await desk.prepared(call)
        desk.core.answer = error
        return await desk.decided(write), desk.clock.now_ms()

    outcome, at_ms = at_desk(play)
    assert outcome == DidNotHappen(as_of_ms=at_ms)
    assert FIRST_COUNTING_MS + 20_000 <= at_ms <= START_MS + 150_000


@pytest.mark.parametrize("error", SILENT, ids=named)
@pytest.mark.parametrize("after_s", [9, 60, 115, 125])
def test_an_offer_that_appears_late_is_found(error: CredexError, after_s: int) -> None:
    """Core was not done yet when it was looked at before."""

    async def play(desk: Desk) -> Outcome:
        write = await desk.prepared()
        desk.core.answer = error
        desk.core.effect = lambda: desk.core.later(after_s, desk.core.offered)
        return await desk.decided(write)

    outcome = at_desk(play)
    assert isinstance(outcome, Done)
    assert (outcome.credex_id, outcome.proven) == ("c-new", True)


@pytest.mark.parametrize("reads", [(LOST,), (FAILED,), (STRANGER,), (NotSentError("down"),), (LIMITED,)])
def test_a_proof_that_cannot_be_had_leaves_it_unresolved(reads: tuple[CredexError | None, ...]) -> None:
    """Neither yes nor no is said without a look that worked; the look is to be repeated."""

    async def play(desk: Desk) -> Looked:
        write = await desk.prepared()
        desk.core.answer = LOST
        desk.core.failing.extend(reads)
        return await desk.money.send(TARIRO, write, ())

    assert Looked(Unknown(), LookMemory(), failed=True) == at_desk(play)


@pytest.mark.parametrize("error", [LOST, FAILED, LIMITED], ids=named)
def test_a_ledger_that_cannot_be_read_proves_no_absence(error: CredexError) -> None:
    """The dashboard alone does not close the books."""

    async def play(desk: Desk) -> Looked:
        write = await desk.prepared()
        desk.core.failing.extend([None, error])
        return await looked(desk, write, at_ms=200_000, counted_ms=START_MS + 121_000)

    found = at_desk(play)
    assert (found.outcome, found.memory.counted_ms, found.failed) == (Unknown(), None, True)


@pytest.mark.parametrize(("answer", "ends_ms"), [(LOST, 25_000), (REFUSED, 25_000)], ids=named)
def test_a_look_ends_before_the_lease_does(answer: CredexError, ends_ms: int) -> None:
    """A core that is slow at every read must not cost the worker its claim."""

    async def play(desk: Desk) -> tuple[Looked, int]:
        write = await desk.prepared()
        desk.core.answer, desk.core.takes_s, desk.core.reads_take_s = answer, 10, 10.1
        return await desk.money.send(TARIRO, write, ()), desk.passed_ms

    assert (Looked(Unknown(), LookMemory(), failed=True), ends_ms) == at_desk(play)


# -- after a crash, and later ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [FIVE, ACCEPT, DECLINE, CANCEL, JOIN], ids=named)
@pytest.mark.parametrize("later_s", [0, 3, 40, 119.999])
def test_a_recovered_write_is_never_sent(call: Write, later_s: float) -> None:
    """Whether it was sent is not known, so it is looked for; the member hears that the bot was interrupted."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.known = call is not JOIN
        write = msgspec.structs.replace(await desk.prepared(call), interrupted=True)
        await asyncio.sleep(later_s)
        return (await desk.money.look(TARIRO, write, ())).outcome, desk.core.sent, desk.passed_ms

    assert (Unknown(interrupted=True), [], later_s * 1000) == at_desk(play)


def test_a_recovered_write_that_happened_is_found() -> None:
    """It had been sent before the crash."""

    async def play(desk: Desk) -> Outcome:
        write = msgspec.structs.replace(await desk.prepared(), interrupted=True)
        desk.core.offered()
        return (await desk.money.look(TARIRO, write, ())).outcome

    outcome = at_desk(play)
    assert isinstance(outcome, Done)
    assert (outcome.credex_id, outcome.as_of_ms) == ("c-new", START_MS)


@pytest.mark.parametrize("call", [FIVE, JOIN, ACCEPT], ids=named)
@pytest.mark.parametrize(
    ("after_ms", "counted_ms", "expected"),
    [
        (0, None, (Unknown, None)),
        (119_999, None, (Unknown, None)),
        (119_999, 90_000, (Unknown, None)),
        (120_000, None, (Unknown, 120_000)),
        (139_999, 120_000, (Unknown, 120_000)),
        (140_000, 120_000, (DidNotHappen, 140_000)),
        (86_400_000, None, (Unknown, 86_400_000)),
        (86_400_000, 120_000, (DidNotHappen, 86_400_000)),
    ],
)
def test_a_look_tells_what_is_certain_by_then(
    call: Write, after_ms: int, counted_ms: int | None, expected: tuple[type[Outcome], int | None]
) -> None:
    """One look, no waiting: absent is only what the second of two counting looks does not show, 20 s after the first.

    A look that comes too soon after the first one does not take its place.
    """

    async def play(desk: Desk) -> tuple[Looked, int]:
        desk.core.known = call is not JOIN
        write = await desk.prepared(call)
        counted = None if counted_ms is None else START_MS + counted_ms
        return await looked(desk, write, at_ms=after_ms, counted_ms=counted), desk.passed_ms

    found, passed_ms = at_desk(play)
    kind, remembered_ms = expected
    assert (type(found.outcome), passed_ms, found.failed) == (kind, after_ms, False)
    if isinstance(found.outcome, DidNotHappen):
        assert found.outcome.as_of_ms == START_MS + after_ms
    else:
        assert found.memory.counted_ms == (None if remembered_ms is None else START_MS + remembered_ms)


@pytest.mark.parametrize("after_ms", [0, 119_999, 140_000, 86_400_000])
def test_a_look_finds_what_shows_at_any_time(after_ms: int) -> None:
    """What is there is there; it is told as of the look."""

    async def play(desk: Desk) -> Outcome:
        write = await desk.prepared()
        desk.core.offered()
        return (await looked(desk, write, at_ms=after_ms)).outcome

    outcome = at_desk(play)
    assert isinstance(outcome, Done)
    assert (outcome.credex_id, outcome.proven, outcome.as_of_ms) == ("c-new", True, START_MS + after_ms)


@pytest.mark.parametrize("error", [LOST, FAILED, NotSentError("down"), LIMITED], ids=named)
@pytest.mark.parametrize("interrupted", [True, False])
def test_a_look_that_fails_tells_nothing(error: CredexError, *, interrupted: bool) -> None:
    """However late it is; what was remembered is kept, and the look is to be repeated."""

    async def play(desk: Desk) -> Looked:
        write = msgspec.structs.replace(await desk.prepared(), interrupted=interrupted)
        desk.core.failing.append(error)
        return await looked(desk, write, at_ms=3_600_000, counted_ms=START_MS + 120_000)

    assert Looked(Unknown(interrupted=interrupted), LookMemory(START_MS + 120_000), failed=True) == at_desk(play)


@pytest.mark.parametrize(("at_ms", "failed"), [(119_999, False), (120_000, True)])
def test_a_look_that_cannot_count_is_repeated_once_it_is_time(at_ms: int, *, failed: bool) -> None:
    """Before that nothing is lost by waiting for the next one."""

    async def play(desk: Desk) -> Looked:
        write = await desk.prepared()
        desk.core.balance = usd("1")  # the books do not close
        return await looked(desk, write, at_ms=at_ms)

    found = at_desk(play)
    assert (found.outcome, found.failed) == (Unknown(), failed)


def test_a_credex_that_is_known_to_be_another_writes_is_no_candidate() -> None:
    """The member offered the same once more, and that one was answered clearly."""

    async def play(desk: Desk) -> Outcome:
        write = await desk.prepared()
        desk.core.offered(credex_id="c-despite")
        return await desk.looked_for(write.exclude_outcome(FIVE, Done(None, "c-despite")))

    assert isinstance(at_desk(play), DidNotHappen)


def test_a_success_without_an_id_leaves_its_twin_in_doubt() -> None:
    """Nothing tells the two apart, so one offer proves nothing for the other one."""

    async def play(desk: Desk) -> Outcome:
        write = (await desk.prepared()).exclude_outcome(FIVE, Done(None, ""))
        desk.core.offered(credex_id="c-despite")
        return await desk.looked_for(write, within_ms=10_000_000)

    assert Unknown() == at_desk(play)


def test_a_second_offer_beside_a_success_without_an_id_is_the_twins() -> None:
    """There are as many as were made."""

    async def play(desk: Desk) -> Outcome:
        write = (await desk.prepared()).exclude_outcome(FIVE, Done(None, ""))
        desk.core.offered(credex_id="c-despite")
        desk.core.offered(credex_id="c-new")
        return await desk.looked_for(write)

    assert isinstance(at_desk(play), Done)


def test_core_that_writes_back_its_dashboard_gives_the_newest_balance() -> None:
    """The success answer's dashboard is the outcome's."""

    async def play(desk: Desk) -> tuple[Outcome, object]:
        desk.core.answer = Written("c-new", desk.core.shown())
        return await sent(desk), desk.core.shown()

    outcome, shown = at_desk(play)
    assert outcome == Done(shown, "c-new")  # type: ignore[arg-type]
