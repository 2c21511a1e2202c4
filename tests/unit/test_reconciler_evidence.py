"""Proof: what a look at core shows of a write that was not answered clearly."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec
import pytest

from service.credex import errors as credex
from service.credex.errors import CredexError, NoAnswerError, NotFoundError
from service.credex.values import CredexKind, LedgerEntry
from service.domain import Denomination, Money, Person
from service.domain.commands import DidNotHappen, Done, Outcome, Refused, Unknown, Write
from service.writes.pending_write import PendingWrite
from tests.unit.reconciler_desk import (
    ACCEPT,
    CANCEL,
    DECLINE,
    FARAI,
    FIVE,
    JOIN,
    START_MS,
    TARIRO,
    Desk,
    at_desk,
    offer,
    usd,
)

LOST: Final = NoAnswerError("no answer")
FAILED: Final = credex.ServerError(http_status=500)
REFUSED: Final = credex.RefusedError(credex.Refusal.INSUFFICIENT_BALANCE, http_status=400)
GONE: Final = NotFoundError("credex", http_status=404)
STRANGER: Final = credex.UnauthorisedError(http_status=401)
LIMITED: Final = credex.TooManyRequestsError(retry_after_s=2)


def named(value: object) -> str:
    """What a case is called in the list of tests."""
    return type(value).__name__


# -- proof of an offer ----------------------------------------------------------------------------------------------


def _judged(
    change: Callable[[Desk], None], *, others: Callable[[PendingWrite], tuple[PendingWrite, ...]] = lambda _: ()
) -> tuple[Outcome, Desk]:
    """What a lost answer comes to when this happened in core."""

    async def play(desk: Desk) -> tuple[Outcome, Desk]:
        intent = await desk.prepared()
        desk.core.answer = LOST
        desk.core.effect = lambda: change(desk)
        return await desk.money.send(TARIRO, intent, others(intent)), desk

    return at_desk(play)


def test_two_candidates_are_no_proof() -> None:
    """One of them is somebody else's, or both are."""

    def twice(desk: Desk) -> None:
        desk.core.offered(credex_id="c-1")
        desk.core.offered(credex_id="c-2")

    assert _judged(twice)[0] == Unknown()


def test_a_candidate_on_a_shared_account_is_no_proof() -> None:
    """Another member may have made it at the same moment."""

    async def play(desk: Desk) -> Outcome:
        desk.core.authorised = (Person("m-1", "Tariro"), Person("m-2", "Rudo"))
        desk.core.answer, desk.core.effect = LOST, desk.core.offered
        return await desk.money.send(TARIRO, await desk.prepared(), ())

    assert Unknown() == at_desk(play)


def test_an_empty_shared_account_proves_absence() -> None:
    """Nobody made anything, so neither did we."""

    async def play(desk: Desk) -> Outcome:
        desk.core.authorised = (Person("m-1", "Tariro"), Person("m-2", "Rudo"))
        desk.core.answer = LOST
        return await desk.money.send(TARIRO, await desk.prepared(), ())

    assert DidNotHappen() == at_desk(play)


def test_a_candidate_is_no_proof_while_a_twin_is_unresolved() -> None:
    """It may be the earlier write's."""
    twin = _judged(lambda desk: desk.core.offered(), others=lambda intent: (intent,))
    assert twin[0] == Unknown()


@pytest.mark.parametrize(
    "wrong",
    [
        offer("c-new", usd("5.01")),
        offer("c-new", Money(Decimal(5), Denomination.CAD)),
        offer("c-new", usd("5"), "Chipo Dube Personal"),
        offer("c-new", usd("5"), secured=False),
        offer("c-out", usd("5")),
    ],
)
def test_an_offer_that_differs_is_no_proof(wrong: object) -> None:
    """Amount, denomination, person, kind, and an id that was not there before: all must fit."""
    assert _judged(lambda desk: desk.core.outgoing.append(wrong))[0] == DidNotHappen()  # type: ignore[arg-type]


def test_the_same_amount_written_otherwise_is_proof() -> None:
    """5 is 5.00."""
    outcome, _ = _judged(lambda desk: desk.core.offered(amount=usd("5.00")))
    assert isinstance(outcome, Done)


def accepted_at_once(desk: Desk) -> None:
    """The other side accepts before anybody looks."""
    desk.core.offered()
    desk.core.taken()


def test_an_offer_that_was_accepted_already_is_found_in_the_ledger() -> None:
    """It is no longer among the pending, and the balance has moved."""
    outcome, desk = _judged(accepted_at_once)
    assert outcome == Done(desk.core.shown(), "c-new", proven=True, accepted=True)
    assert desk.core.asked == ["dashboard", "accepted"]


def test_an_unmoved_balance_needs_no_look_into_the_ledger() -> None:
    """A secured offer is set aside from the balance at once: unmoved, nothing was offered."""
    outcome, desk = _judged(lambda _: None)
    assert (outcome, desk.core.asked) == (DidNotHappen(), ["dashboard", "dashboard"])


def spent(desk: Desk) -> None:
    """The balance moves for some other reason."""
    desk.core.balance = usd("1")


def entry(
    amount: str = "-5", *, after_ms: int = 0, by: str = FARAI, credex_id: str | None = "c-new", dated: bool = True
) -> LedgerEntry:
    """A line of the ledger."""
    return LedgerEntry(usd(amount), by, START_MS + after_ms if dated else None, credex_id)


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ([], DidNotHappen()),
        ([entry()], Done),
        ([entry(credex_id=None)], Done),
        ([entry("5")], DidNotHappen()),
        ([entry("-5.01")], DidNotHappen()),
        ([entry(by="Chipo Dube Personal")], DidNotHappen()),
        ([entry(after_ms=-2_001)], DidNotHappen()),
        ([entry(after_ms=-2_000)], Done),
        ([entry(credex_id="c-out")], DidNotHappen()),
        ([entry(dated=False)], Unknown()),
        ([entry(), entry(credex_id="c-2")], Unknown()),
        ([entry(credex_id=None), entry(credex_id="c-out")], Done),
    ],
)
def test_only_one_new_line_of_ours_in_the_ledger_is_proof(entries: list[LedgerEntry], expected: object) -> None:
    """Issued by us, of this amount, to this person, since the intent, none of those pending before, and only one."""

    def change(desk: Desk) -> None:
        spent(desk)
        desk.core.ledger.extend(entries)

    outcome, _ = _judged(change)
    assert (type(outcome) if expected is Done else outcome) == expected


@pytest.mark.parametrize(("credex_id", "expected"), [("c-twin", DidNotHappen), (None, Unknown)])
def test_a_twin_accepted_meanwhile_is_not_taken_for_this_offer(credex_id: str | None, expected: type[Outcome]) -> None:
    """An older offer that looks the same was accepted just now, and the balance moved for another reason."""

    async def play(desk: Desk) -> Outcome:
        desk.core.offered(credex_id="c-twin")
        intent = await desk.prepared()

        def change() -> None:
            desk.core.taken(credex_id="c-twin")
            desk.core.ledger[0] = entry(credex_id=credex_id)
            spent(desk)

        desk.core.answer, desk.core.effect = LOST, change
        return await desk.money.send(TARIRO, intent, ())

    assert type(at_desk(play)) is expected


def test_an_unsecured_offer_is_always_looked_for_in_the_ledger() -> None:
    """It moves no balance."""

    async def play(desk: Desk) -> object:
        call = msgspec.structs.replace(FIVE, due=date(2026, 11, 16))
        desk.core.answer = LOST
        await desk.money.send(TARIRO, await desk.prepared(call), ())
        return desk.core.asked

    assert at_desk(play) == ["dashboard", "accepted"] * 2


def stranger(desk: Desk) -> None:
    """Core does not know the member."""
    desk.core.known = False


def unlisted(desk: Desk) -> None:
    """Core does not list the account."""
    desk.core.listed = False


@pytest.mark.parametrize("vanish", [stranger, unlisted])
@pytest.mark.parametrize("call", [FIVE, ACCEPT])
def test_an_account_that_is_not_shown_proves_nothing(call: Write, vanish: Callable[[Desk], None]) -> None:
    """What cannot be seen is neither there nor absent."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared(call)
        vanish(desk)
        desk.core.answer = LOST
        return await desk.money.send(TARIRO, intent, ())

    assert Unknown() == at_desk(play)


# -- proof of what was done with an offer ---------------------------------------------------------------------------


def without_offers(desk: Desk) -> None:
    """Nothing is pending."""
    desk.core.incoming.clear()
    desk.core.outgoing.clear()


def _ended(call: Write, error: CredexError, state: CredexKind | CredexError | None) -> Outcome:
    """What an unclear answer comes to when the offer waits no longer; with None it still waits."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared(call)
        desk.core.answer = error
        if state is not None:
            without_offers(desk)
            desk.core.states = {"c-in": state, "c-out": state}
        outcome = await desk.money.send(TARIRO, intent, ())
        assert not isinstance(outcome, Done) or outcome.dashboard == desk.core.shown()
        return msgspec.structs.replace(outcome, dashboard=None) if isinstance(outcome, Done) else outcome

    return at_desk(play)


OWN: Final = (
    (ACCEPT, CredexKind.OWES),
    (ACCEPT, CredexKind.CLEARED),
    (DECLINE, CredexKind.DECLINED),
    (CANCEL, CredexKind.CANCELLED),
)
FOREIGN: Final = (
    (ACCEPT, CredexKind.CANCELLED),
    (ACCEPT, CredexKind.DECLINED),
    (DECLINE, CredexKind.CANCELLED),
    (DECLINE, CredexKind.OWES),
    (CANCEL, CredexKind.OWES),
    (CANCEL, CredexKind.DECLINED),
)


@pytest.mark.parametrize(("call", "kind"), OWN)
@pytest.mark.parametrize("error", [LOST, FAILED, STRANGER], ids=named)
def test_an_offer_that_ended_as_asked_is_done(call: Write, kind: CredexKind, error: CredexError) -> None:
    """Core says how it ended."""
    credex_id = "c-out" if call is CANCEL else "c-in"
    assert _ended(call, error, kind) == Done(None, credex_id, proven=True)


@pytest.mark.parametrize(("call", "kind"), FOREIGN)
@pytest.mark.parametrize("error", [LOST, FAILED, GONE], ids=named)
def test_an_offer_that_ended_otherwise_was_gone(call: Write, kind: CredexKind, error: CredexError) -> None:
    """The other side was faster."""
    assert _ended(call, error, kind) == Refused("not_pending")


@pytest.mark.parametrize("call", [ACCEPT, DECLINE, CANCEL])
@pytest.mark.parametrize("state", [GONE, FAILED, REFUSED], ids=named)
def test_who_ended_an_offer_may_stay_open(call: Write, state: CredexError) -> None:
    """It waits no longer, and core does not say why: that is told as it is."""
    assert _ended(call, LOST, state) == Done(None, proven=True, by_us=False)


@pytest.mark.parametrize("call", [ACCEPT, DECLINE, CANCEL])
def test_core_that_knew_no_such_offer_did_not_end_it(call: Write) -> None:
    """It said so when it was asked, and it is gone: somebody else was faster."""
    already = credex.RefusedError(credex.Refusal.NOT_PENDING, http_status=409)
    assert [_ended(call, error, GONE) for error in (GONE, already)] == [Refused("not_pending")] * 2


@pytest.mark.parametrize("call", [ACCEPT, DECLINE, CANCEL])
@pytest.mark.parametrize("state", [LOST, LIMITED, CredexKind.OFFERS], ids=named)
def test_an_offer_that_cannot_be_looked_at_stays_unresolved(call: Write, state: CredexKind | CredexError) -> None:
    """No answer, no room for the question, or an answer that contradicts the dashboard."""
    assert _ended(call, LOST, state) == Unknown()


@pytest.mark.parametrize("call", [ACCEPT, DECLINE, CANCEL])
@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (LOST, DidNotHappen()),
        (FAILED, DidNotHappen()),
        (STRANGER, DidNotHappen()),
        (REFUSED, Refused("insufficient_balance")),
        (GONE, DidNotHappen()),
        (credex.RefusedError(credex.Refusal.NOT_PENDING, http_status=409), DidNotHappen()),
    ],
    ids=named,
)
def test_an_offer_that_still_waits_was_not_ended(call: Write, error: CredexError, expected: Outcome) -> None:
    """It is in the list as before, also when core said that it is not."""
    assert _ended(call, error, None) == expected


# -- proof of a registration ----------------------------------------------------------------------------------------


def _registered(error: CredexError, *, happened: bool) -> tuple[Outcome, int]:
    async def play(desk: Desk) -> tuple[Outcome, int]:
        desk.core.known = False
        intent = await desk.prepared(JOIN)
        desk.core.answer = error
        if happened:
            desk.core.effect = lambda: setattr(desk.core, "known", True)
        outcome = await desk.money.send(TARIRO, intent, ())
        assert not isinstance(outcome, Done) or outcome == Done(desk.core.shown(), proven=True)
        return outcome, desk.passed_ms

    return at_desk(play)


@pytest.mark.parametrize("error", [LOST, FAILED, REFUSED, GONE, STRANGER, LIMITED], ids=named)
def test_whoever_can_log_in_is_registered(error: CredexError) -> None:
    """They could not before."""
    outcome, passed_ms = _registered(error, happened=True)
    assert (type(outcome), passed_ms) == (Done, 0)


@pytest.mark.parametrize(
    ("error", "expected", "after_ms"),
    [
        (LOST, DidNotHappen(), 15_000),
        (FAILED, DidNotHappen(), 15_000),
        (STRANGER, DidNotHappen(), 0),
        (credex.RefusedError(credex.Refusal.VALIDATION, http_status=400), Refused("validation"), 0),
        (credex.RefusedError(credex.Refusal.DUPLICATE_PHONE, http_status=409), Refused("unknown"), 0),
    ],
    ids=named,
)
def test_whoever_cannot_log_in_is_not_registered(error: CredexError, expected: Outcome, after_ms: int) -> None:
    """Core knows no such member, also when there was time enough."""
    assert _registered(error, happened=False) == (expected, after_ms)
