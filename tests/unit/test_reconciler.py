"""Writes: an intent first, sent once, and the truth about what became of them."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
import pytest

from service.credex import errors as credex
from service.credex.errors import BudgetExhaustedError, CredexError, NoAnswerError, NotFoundError, NotSentError
from service.credex.values import LedgerEntry
from service.domain import Denomination, Money, Person
from service.domain.commands import DidNotHappen, Done, Outcome, PossibleDuplicate, Refused, Unavailable, Unknown, Write
from service.writes.create_offer import CreateOffer
from service.writes.operation import Baseline
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.verdict import Row
from tests.unit.reconciler_desk import (
    ACCEPT,
    CANCEL,
    DECLINE,
    FARAI,
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

SHOWN: Final = msgspec.structs.replace(FIVE, shown=("c-twin",))
"""The confirmed screen showed an offer like it."""

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
    """Prepare and send: what is known then."""
    return await desk.sent(await desk.prepared(call, *others), *others)


# -- before it is sent ----------------------------------------------------------------------------------------------


def test_the_intent_holds_the_turn_and_how_things_stood() -> None:
    """Whoever takes over after a crash needs nothing else."""
    expected = PendingWrite(
        seq=3,
        step="offer.create",
        command=FIVE,
        session=SESSION,
        baseline=Baseline(
            pending=("c-out",),
            balance=usd("12.50"),
            offers=(Row(usd("2"), FARAI, "c-out", secured=True),),
            member_id="m-1",
            ledger_rows=0,
        ),
        made_at_ms=START_MS,
        send_by_ms=SEND_BY_MS,
    )
    assert expected == at_desk(lambda desk: desk.prepared(FIVE))


def test_the_baseline_knows_which_offers_look_the_same() -> None:
    """An offer of the same amount to the same person is told apart by its id only."""

    async def play(desk: Desk) -> tuple[Baseline, object]:
        desk.core.offered(credex_id="c-twin")
        await desk.money.prepare(TARIRO, SHOWN, seq=3, session=SESSION, pending=PendingWrites())
        asked = list(desk.core.asked)
        return (await desk.prepared(SHOWN)).baseline, asked

    baseline, asked = at_desk(play)
    assert baseline == Baseline(
        pending=("c-out", "c-twin"),
        lookalikes=("c-twin",),
        balance=usd("7.50"),
        offers=(
            Row(usd("2"), FARAI, "c-out", secured=True),
            Row(usd("5"), FARAI, "c-twin", secured=True),
        ),
        member_id="m-1",
        ledger_rows=0,
    )
    assert asked == ["dashboard", "ledger"]


def test_the_baseline_of_an_offer_includes_the_ledger() -> None:
    """Rows are told apart by their ids; where core gives none, by their number."""

    async def play(desk: Desk) -> Baseline:
        desk.core.accepted += [LedgerEntry(usd("-1"), FARAI, None, "c-1"), LedgerEntry(usd("7"), FARAI)]
        return (await desk.prepared(FIVE)).baseline

    baseline = at_desk(play)
    assert (baseline.ledger_rows, baseline.ledger_ids) == (2, frozenset({"c-1"}))


@pytest.mark.parametrize("error", [None, LOST, FAILED], ids=named)
def test_an_offer_is_sent_also_where_the_ledger_cannot_be_read_to_its_end(error: CredexError | None) -> None:
    """What becomes of it is found if it shows; its absence is never told."""

    async def play(desk: Desk) -> tuple[int | None, Outcome]:
        desk.core.whole = error is not None
        desk.core.failing.extend([None, error])
        write = await desk.prepared(FIVE)
        desk.core.whole, desk.core.answer = True, LOST
        return write.baseline.ledger_rows, await desk.decided(write)

    assert at_desk(play) == (None, Unknown())


@pytest.mark.parametrize("call", [ACCEPT, DECLINE, CANCEL, JOIN], ids=named)
def test_what_is_no_offer_needs_no_ledger(call: Write) -> None:
    """It is judged by its own credex, or by what stands on the dashboard."""

    async def play(desk: Desk) -> object:
        desk.core.known = call is not JOIN
        await desk.money.prepare(TARIRO, call, seq=3, session=SESSION, pending=PendingWrites())
        return desk.core.asked

    assert at_desk(play) == ["dashboard"]


@pytest.mark.parametrize(
    ("call", "to", "asked"),
    [
        (FIVE, FARAI, True),
        (FIVE, "Chipo Dube Personal", True),
        (msgspec.structs.replace(FIVE, shown=("c-other",)), FARAI, True),
        (msgspec.structs.replace(FIVE, shown=("c-twin",)), FARAI, False),
        (msgspec.structs.replace(FIVE, allow_duplicate=True), FARAI, False),
        (msgspec.structs.replace(FIVE, amount=usd("5.01")), FARAI, False),
        (msgspec.structs.replace(FIVE, amount=Money(Decimal(5), Denomination.CAD)), FARAI, False),
    ],
)
def test_an_offer_like_it_that_the_confirmed_screen_did_not_show_is_asked_about(
    call: CreateOffer, to: str, *, asked: bool
) -> None:
    """Same amount, to anybody: it may have been made on another device, so nothing is sent."""

    async def play(desk: Desk) -> tuple[PendingWrite | Outcome, object]:
        desk.core.offered(credex_id="c-twin", to=to)
        prepared = await desk.money.prepare(TARIRO, call, seq=3, session=SESSION, pending=PendingWrites())
        return prepared, desk.core.sent

    prepared, sent_to_core = at_desk(play)
    assert sent_to_core == []
    assert (prepared == PossibleDuplicate(elsewhere=True)) is asked
    assert isinstance(prepared, PendingWrite) is not asked


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
        earlier = (await desk.prepared(FIVE)).look_later(START_MS)
        return await desk.money.prepare(
            TARIRO, call, seq=9, session=SESSION, pending=PendingWrites(unresolved=(earlier,))
        )

    assert (at_desk(play) == PossibleDuplicate()) is doubtful


@pytest.mark.parametrize(
    ("verdict", "made"),
    [(Done(None, "c-1", proven=True), True), (DidNotHappen(), False), (Refused("validation"), False)],
)
@pytest.mark.parametrize("call", [FIVE, msgspec.structs.replace(FIVE, allow_duplicate=True), ACCEPT], ids=named)
def test_a_write_that_looks_like_a_watched_one_waits_for_the_member(
    call: Write, verdict: Outcome, *, made: bool
) -> None:
    """Core may show more of the earlier one, and the member hears first what it has shown so far."""

    async def play(desk: Desk) -> PendingWrite | Outcome:
        earlier = (await desk.prepared(FIVE)).watch(START_MS, verdict)
        assert earlier is not None
        return await desk.money.prepare(TARIRO, call, seq=9, session=SESSION, pending=PendingWrites(watched=(earlier,)))

    asked = isinstance(call, CreateOffer) and not call.allow_duplicate
    assert (at_desk(play) == PossibleDuplicate(made=made)) is asked


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
