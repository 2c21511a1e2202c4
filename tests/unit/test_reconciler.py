"""Writes: an intent first, sent once, and the truth about what became of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
import pytest

from service.credex import errors as credex
from service.credex.errors import BudgetExhaustedError, CredexError, NoAnswerError, NotFoundError, NotSentError
from service.credex.values import Written
from service.domain import Denomination, Money, Person
from service.domain.commands import DidNotHappen, Done, Outcome, PossibleDuplicate, Refused, Unavailable, Unknown, Write
from service.writes.operation import Baseline
from service.writes.pending_write import PendingWrite, PendingWrites
from tests.unit.reconciler_desk import (
    ACCEPT,
    CANCEL,
    DECLINE,
    FIVE,
    JOIN,
    SESSION,
    START_MS,
    TARIRO,
    Desk,
    at_desk,
    request,
    usd,
)

SEND_BY_MS: Final = START_MS + 5_000
ABSENT_FROM_MS: Final = SEND_BY_MS + 10_000

LOST: Final = NoAnswerError("no answer")
FAILED: Final = credex.ServerError(http_status=500)
REFUSED: Final = credex.RefusedError(credex.Refusal.INSUFFICIENT_BALANCE, http_status=400)
GONE: Final = NotFoundError("credex", http_status=404)
STRANGER: Final = credex.UnauthorisedError(http_status=401)
LIMITED: Final = credex.TooManyRequestsError(retry_after_s=2)

UNSENT: Final = (NotSentError("refused"), BudgetExhaustedError(9_000))
SILENT: Final = (LOST, FAILED)
"""After these core may still be at work."""
ANSWERED: Final = (REFUSED, GONE, STRANGER, LIMITED)
"""After these core is done with the request."""


def named(value: object) -> str:
    """What a case is called in the list of tests."""
    return type(value).__name__


async def sent(desk: Desk, call: Write = FIVE, *others: PendingWrite) -> Outcome:
    """Prepare and send."""
    return await desk.money.send(TARIRO, await desk.prepared(call, *others), others)


# -- before it is sent ----------------------------------------------------------------------------------------------


def test_the_intent_holds_the_turn_and_how_things_stood() -> None:
    """Whoever takes over after a crash needs nothing else."""
    expected = PendingWrite(
        seq=3,
        step="offer.create",
        command=FIVE,
        session=SESSION,
        baseline=Baseline(pending=("c-out",), balance=usd("12.50")),
        made_at_ms=START_MS,
        send_by_ms=SEND_BY_MS,
    )
    assert expected == at_desk(lambda desk: desk.prepared(FIVE))


def test_the_baseline_knows_which_offers_look_the_same() -> None:
    """An offer of the same amount to the same person is told apart by its id only."""

    async def play(desk: Desk) -> Baseline:
        desk.core.offered(credex_id="c-twin")
        return (await desk.prepared(FIVE)).baseline

    assert Baseline(pending=("c-out", "c-twin"), lookalikes=("c-twin",), balance=usd("7.50")) == at_desk(play)


@pytest.mark.parametrize(
    ("authorised", "owned", "shared"),
    [(1, True, False), (2, True, True), (1, False, True), (0, True, False)],
)
def test_the_baseline_knows_whether_somebody_else_may_act(authorised: int, *, owned: bool, shared: bool) -> None:
    """For an account of somebody else there is always its owner."""

    async def play(desk: Desk) -> bool:
        desk.core.authorised = tuple(Person(f"m-{n}", "Somebody") for n in range(authorised))
        desk.core.owned = owned
        return (await desk.prepared(FIVE)).baseline.shared

    assert at_desk(play) is shared


def listed(*, known: bool = True, account: bool = True) -> Callable[[Desk], None]:
    """A core that knows the member, or lists the account, or not."""

    def arrange(desk: Desk) -> None:
        desk.core.known, desk.core.listed = known, account

    return arrange


def without_offers(desk: Desk) -> None:
    """Nothing is pending."""
    desk.core.incoming.clear()
    desk.core.outgoing.clear()


@pytest.mark.parametrize(
    ("call", "arrange", "expected"),
    [
        (JOIN, listed(), Refused("duplicate_phone")),
        (FIVE, listed(known=False), Refused("not_authorised")),
        (FIVE, listed(account=False), Refused("not_authorised")),
        (ACCEPT, listed(account=False), Refused("not_authorised")),
        (ACCEPT, without_offers, Refused("not_pending")),
        (DECLINE, without_offers, Refused("not_pending")),
        (CANCEL, without_offers, Refused("not_pending")),
    ],
)
def test_what_cannot_be_done_is_not_sent(call: Write, arrange: Callable[[Desk], None], expected: Outcome) -> None:
    """The baseline shows that core would refuse."""

    async def play(desk: Desk) -> tuple[PendingWrite | Outcome, object]:
        arrange(desk)
        prepared = await desk.money.prepare(TARIRO, call, seq=3, session=SESSION, pending=PendingWrites())
        return prepared, desk.core.sent

    assert (expected, []) == at_desk(play)


@pytest.mark.parametrize("error", [*UNSENT, *SILENT, *ANSWERED[2:]], ids=named)
def test_without_a_baseline_nothing_is_sent(error: CredexError) -> None:
    """A write whose outcome could not be proven is not begun."""

    async def play(desk: Desk) -> PendingWrite | Outcome:
        desk.core.failing.append(error)
        return await desk.money.prepare(TARIRO, FIVE, seq=3, session=SESSION, pending=PendingWrites())

    assert Unavailable() == at_desk(play)


@pytest.mark.parametrize(
    ("call", "doubtful"),
    [
        (FIVE, True),
        (msgspec.structs.replace(FIVE, allow_duplicate=True), False),
        (msgspec.structs.replace(FIVE, amount=usd("5.01")), False),
        (msgspec.structs.replace(FIVE, amount=Money(Decimal(5), Denomination.ZWG)), False),
        (msgspec.structs.replace(FIVE, receiver_id="account-of-chipo"), False),
        (ACCEPT, False),
    ],
)
def test_a_write_that_looks_like_an_unresolved_one_waits_for_the_member(call: Write, *, doubtful: bool) -> None:
    """Same person, same amount: the member must say that it is meant despite the earlier one."""

    async def play(desk: Desk) -> PendingWrite | Outcome:
        earlier = (await desk.prepared(FIVE)).retry_later(START_MS)
        return await desk.money.prepare(
            TARIRO, call, seq=9, session=SESSION, pending=PendingWrites(unresolved=(earlier,))
        )

    assert isinstance(at_desk(play), PossibleDuplicate) is doubtful


# -- sent, and answered clearly -------------------------------------------------------------------------------------


def test_success_is_believed_at_once() -> None:
    """Core's word that it is done needs no look."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        return await sent(desk), (desk.core.asked, desk.core.sent), desk.passed_ms

    assert (Done(None, "c-new"), ([], [(request(FIVE), 5.0)]), 0) == at_desk(play)


@pytest.mark.parametrize("error", UNSENT, ids=named)
def test_what_certainly_did_not_leave_did_not_happen(error: CredexError) -> None:
    """No look is needed for what core never saw."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.answer = error
        return await sent(desk), desk.core.asked, desk.passed_ms

    assert (Unavailable(), [], 0) == at_desk(play)


@pytest.mark.parametrize(("late_ms", "times"), [(4_999, 1), (5_000, 0), (60_000, 0)])
def test_nothing_is_sent_after_send_by(late_ms: int, times: int) -> None:
    """A worker that wakes up late must not send: somebody may have judged already that it did not happen."""

    async def play(desk: Desk) -> int:
        intent = await desk.prepared()
        intent = msgspec.structs.replace(intent, send_by_ms=intent.send_by_ms - late_ms)
        await desk.money.send(TARIRO, intent, ())
        return len(desk.core.sent)

    assert times == at_desk(play)


def test_core_is_told_how_long_a_write_may_wait() -> None:
    """What is left until `send_by` bounds the wait for a free moment, too."""

    async def play(desk: Desk) -> object:
        intent = await desk.prepared()
        await desk.money.send(TARIRO, msgspec.structs.replace(intent, send_by_ms=START_MS + 1_200), ())
        return desk.core.sent

    assert at_desk(play) == [(request(FIVE), 1.2)]


# -- sent, and not answered clearly ---------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [*SILENT, *ANSWERED], ids=named)
@pytest.mark.parametrize("happened", [True, False])
def test_nothing_is_ever_sent_twice(error: CredexError, *, happened: bool) -> None:
    """Not after a lost answer, not after a failure, whatever is found."""

    async def play(desk: Desk) -> int:
        desk.core.answer = error
        desk.core.effect = desk.core.offered if happened else desk.core.effect
        await sent(desk)
        return len(desk.core.sent)

    assert at_desk(play) == 1


@pytest.mark.parametrize("error", [*SILENT, *ANSWERED], ids=named)
def test_an_offer_that_stands_is_found_at_once(error: CredexError) -> None:
    """Core creates offers and answers 404, 400 or 500 all the same."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.answer, desk.core.effect = error, desk.core.offered
        outcome = await sent(desk)
        return outcome, Done(desk.core.shown(), "c-new", proven=True), desk.passed_ms

    outcome, expected, passed_ms = at_desk(play)
    assert (expected, 0) == (outcome, passed_ms)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (REFUSED, Refused("insufficient_balance")),
        (GONE, Refused("unknown")),
        (credex.RefusedError(credex.Refusal.NOT_PENDING, http_status=409), Refused("unknown")),
        (STRANGER, DidNotHappen()),
        (LIMITED, DidNotHappen()),
    ],
    ids=named,
)
def test_what_core_itself_answered_is_looked_at_once(error: CredexError, expected: Outcome) -> None:
    """Core is done with the request, so that one look shows all it did."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.answer = error
        return await sent(desk), desk.core.asked, desk.passed_ms

    assert (expected, ["dashboard"], 0) == at_desk(play)


@pytest.mark.parametrize("error", SILENT, ids=named)
def test_silence_is_not_taken_for_absence_too_early(error: CredexError) -> None:
    """Core may still be at work: absent is only what shows nowhere 10 s after the last moment of sending."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.answer = error
        return await sent(desk), desk.core.asked, desk.clock.now_ms()

    assert (DidNotHappen(), ["dashboard", "dashboard"], ABSENT_FROM_MS) == at_desk(play)


@pytest.mark.parametrize("error", SILENT, ids=named)
def test_an_offer_that_appears_late_is_found(error: CredexError) -> None:
    """Nine seconds after the failure core was not done yet."""

    async def play(desk: Desk) -> Outcome:
        desk.core.answer = error
        desk.core.effect = lambda: desk.core.later(9, desk.core.offered)
        return await sent(desk)

    outcome = at_desk(play)
    assert isinstance(outcome, Done)
    assert (outcome.credex_id, outcome.proven) == ("c-new", True)


@pytest.mark.parametrize("reads", [(LOST,), (FAILED,), (None, LOST), (None, STRANGER), (None, NotSentError("down"))])
def test_a_proof_that_cannot_be_had_leaves_it_unresolved(reads: tuple[CredexError | None, ...]) -> None:
    """Neither yes nor no is said without a look that worked."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared()
        desk.core.answer = LOST
        desk.core.failing.extend(reads)
        return await desk.money.send(TARIRO, intent, ())

    assert Unknown() == at_desk(play)


def test_a_judgement_ends_before_the_lease_does() -> None:
    """A core that is slow at every read must not cost the worker its claim."""

    async def play(desk: Desk) -> tuple[Outcome, int]:
        intent = await desk.prepared()
        desk.core.answer, desk.core.takes_s, desk.core.reads_take_s = LOST, 10, 10.1
        return await desk.money.send(TARIRO, intent, ()), desk.passed_ms

    assert (Unknown(), 30_000) == at_desk(play)


# -- after a crash, and later ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", [FIVE, ACCEPT, DECLINE, CANCEL, JOIN], ids=named)
@pytest.mark.parametrize("later_s", [0, 3, 40])
def test_a_recovered_write_is_never_sent(call: Write, later_s: float) -> None:
    """Whether it was sent is not known, so it is looked for: not before 10 s after `send_by` for the last time."""

    async def play(desk: Desk) -> tuple[Outcome, object, int]:
        desk.core.known = call is not JOIN
        intent = await desk.prepared(call)
        await asyncio.sleep(later_s)
        return await desk.money.recover(TARIRO, intent, ()), desk.core.sent, desk.passed_ms

    assert (DidNotHappen(), [], max(15_000, int(later_s * 1000))) == at_desk(play)


def test_a_recovered_write_that_happened_is_found() -> None:
    """It had been sent before the crash."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared()
        desk.core.offered()
        return await desk.money.recover(TARIRO, intent, ())

    assert isinstance(at_desk(play), Done)


@pytest.mark.parametrize(
    ("after_ms", "happened", "expected"),
    [
        (14_999, False, Unknown),
        (15_000, False, DidNotHappen),
        (0, True, Done),
        (86_400_000, True, Done),
    ],
)
def test_a_look_tells_what_is_certain_by_then(after_ms: int, expected: type[Outcome], *, happened: bool) -> None:
    """One look, no waiting: what shows is there, what shows nowhere is absent only when it is late enough."""

    async def play(desk: Desk) -> tuple[type[Outcome], int]:
        intent = await desk.prepared()
        if happened:
            desk.core.offered()
        await asyncio.sleep(after_ms / 1000)
        return type(await desk.money.reconcile_once(TARIRO, intent, ())), desk.passed_ms

    assert (expected, after_ms) == at_desk(play)


@pytest.mark.parametrize("error", [LOST, FAILED, NotSentError("down"), LIMITED], ids=named)
def test_a_look_that_fails_tells_nothing(error: CredexError) -> None:
    """However late it is."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared()
        await asyncio.sleep(3_600)
        desk.core.failing.append(error)
        return await desk.money.reconcile_once(TARIRO, intent, ())

    assert Unknown() == at_desk(play)


def test_a_credex_that_is_known_to_be_another_writes_is_no_candidate() -> None:
    """The member offered the same once more, and that one was answered clearly."""

    async def play(desk: Desk) -> tuple[Outcome, Outcome]:
        intent = await desk.prepared()
        desk.core.offered(credex_id="c-despite")
        await asyncio.sleep(60)
        other = Done(None, "c-despite")
        return (
            await desk.money.reconcile_once(TARIRO, intent.exclude_match("c-despite"), ()),
            await desk.money.reconcile_once(TARIRO, intent.exclude_outcome(FIVE, other), ()),
        )

    assert (DidNotHappen(), DidNotHappen()) == at_desk(play)


def test_a_success_without_an_id_leaves_its_twin_in_doubt() -> None:
    """Nothing tells the two apart, so what stands there proves nothing for the other one."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared()
        desk.core.offered(credex_id="c-despite")
        return await desk.money.reconcile_once(TARIRO, intent.exclude_outcome(FIVE, Done(None, "")), ())

    assert Unknown() == at_desk(play)


def test_core_that_writes_back_its_dashboard_gives_the_newest_balance() -> None:
    """The success answer's dashboard is the outcome's."""

    async def play(desk: Desk) -> tuple[Outcome, object]:
        desk.core.answer = Written("c-new", desk.core.shown())
        return await sent(desk), desk.core.shown()

    outcome, shown = at_desk(play)
    assert outcome == Done(shown, "c-new")  # type: ignore[arg-type]
