"""Proof: what a look at core shows of a write that was not answered clearly."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Final

import msgspec
import pytest

from service.credex import errors as credex
from service.credex.errors import CredexError, NoAnswerError, NotFoundError
from service.credex.values import CredexKind, LedgerEntry
from service.domain import Denomination, Money, Offer
from service.domain.commands import DidNotHappen, Done, OnlySimilar, Outcome, Refused, Unknown, Write
from service.writes.pending_write import PendingWrite
from tests.unit.reconciler_desk import (
    ACCEPT,
    CANCEL,
    DECLINE,
    FARAI,
    FIVE,
    JOIN,
    START_MS,
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


# -- evidence of an offer -------------------------------------------------------------------------------------------


def _decided(
    change: Callable[[Desk], None], *, others: Callable[[PendingWrite], tuple[PendingWrite, ...]] = lambda _: ()
) -> tuple[Outcome, Desk]:
    """What is known in the end of a write whose answer was lost, when this happened in core."""

    async def play(desk: Desk) -> tuple[Outcome, Desk]:
        write = await desk.prepared()
        desk.core.answer = LOST
        desk.core.effect = lambda: change(desk)
        return await desk.decided(write, *others(write)), desk

    return at_desk(play)


def test_two_new_offers_are_told_as_two() -> None:
    """Which of them is ours cannot be told, and need not be: what core shows is told."""

    def twice(desk: Desk) -> None:
        desk.core.offered(credex_id="c-1")
        desk.core.offered(credex_id="c-2")

    outcome, _ = _decided(twice)
    assert isinstance(outcome, Done)
    assert (outcome.count, outcome.proven) == (2, True)


def test_each_of_two_writes_that_look_the_same_takes_one_offer() -> None:
    """While a twin is unresolved, the other one is left for it."""

    def twice(desk: Desk) -> None:
        desk.core.offered(credex_id="c-1")
        desk.core.offered(credex_id="c-2")

    outcome, _ = _decided(twice, others=lambda write: (write,))
    assert isinstance(outcome, Done)
    assert (outcome.count, outcome.credex_id) == (1, "c-1")


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (offer("c-new", usd("5.01")), Unknown),  # the balance does not show it: the books stay open
        (offer("c-new", Money(Decimal(5), Denomination.CAD)), DidNotHappen),
        (offer("c-new", usd("5"), "Chipo Dube Personal", secured=False), OnlySimilar),
        (offer("c-new", usd("5"), secured=False), Done),
        (offer("c-out", usd("5")), DidNotHappen),
    ],
)
def test_what_another_offer_proves(wrong: Offer, expected: type[Outcome]) -> None:
    """Amount, denomination and an id that was not there before; the name decides whose it may be."""
    assert type(_decided(lambda desk: desk.core.outgoing.append(wrong))[0]) is expected


def test_the_same_amount_written_otherwise_is_evidence() -> None:
    """5 is 5.00."""
    outcome, _ = _decided(lambda desk: desk.core.offered(amount=usd("5.00")))
    assert isinstance(outcome, Done)


def test_a_receiver_who_was_renamed_is_found_by_the_handle() -> None:
    """The account's present name is asked for when an offer of the amount shows under another one."""

    def renamed(desk: Desk) -> None:
        desk.core.offered(to="Farai Traders")
        desk.core.name = "Farai Traders"

    outcome, desk = _decided(renamed)
    assert isinstance(outcome, Done)
    assert desk.core.asked == ["dashboard", "ledger", "name"]


def accepted_at_once(desk: Desk) -> None:
    """The other side accepts before anybody looks."""
    desk.core.offered()
    desk.core.taken()


def test_an_offer_that_was_accepted_already_is_found_in_the_ledger() -> None:
    """It is no longer among the pending, and the balance has moved."""
    outcome, desk = _decided(accepted_at_once)
    expected = Done(desk.core.shown(), "c-new", proven=True, accepted=True, as_of_ms=START_MS)
    assert outcome == expected
    assert desk.core.asked == ["dashboard", "ledger"]


def test_an_offer_that_was_accepted_and_paid_back_is_found() -> None:
    """The balance is what it was before."""

    def paid_back(desk: Desk) -> None:
        accepted_at_once(desk)
        desk.core.accepted.append(LedgerEntry(usd("5"), FARAI, START_MS, "c-back"))
        desk.core.balance = usd("12.50")

    assert isinstance(_decided(paid_back)[0], Done)


def spent(desk: Desk) -> None:
    """The balance moves for some reason that no list shows."""
    desk.core.balance = usd("1")


def entry(amount: str = "-5", *, by: str = FARAI, credex_id: str | None = "c-new") -> LedgerEntry:
    """A line of the ledger, of a day on which core's clock was wrong."""
    return LedgerEntry(usd(amount), by, START_MS - 86_400_000, credex_id)


@pytest.mark.parametrize(
    ("entries", "balance", "expected"),
    [
        ([], "12.50", DidNotHappen),
        ([], "7.50", Unknown),
        ([entry()], "7.50", Done),
        ([entry(credex_id=None)], "7.50", Done),
        ([entry("5")], "17.50", DidNotHappen),
        ([entry("-5.01")], "7.49", DidNotHappen),
        ([entry(by="Chipo Dube Personal")], "7.50", OnlySimilar),
        ([entry(credex_id="c-out")], "12.50", DidNotHappen),
        ([entry(), entry(credex_id="c-2")], "2.50", Done),
    ],
)
def test_what_new_lines_of_the_ledger_prove(entries: list[LedgerEntry], balance: str, expected: type[Outcome]) -> None:
    """New by id or by place, issued by us, of this amount; the time that core gives them decides nothing."""

    def change(desk: Desk) -> None:
        desk.core.balance = usd(balance)
        desk.core.accepted.extend(entries)

    assert type(_decided(change)[0]) is expected


def test_a_ledger_that_may_be_cut_proves_no_absence() -> None:
    """Neither yes nor no is told; an offer that is pending is found all the same."""

    def cut(desk: Desk) -> None:
        desk.core.whole = False

    assert _decided(cut)[0] == Unknown()

    def made(desk: Desk) -> None:
        desk.core.whole = False
        desk.core.offered()

    assert isinstance(_decided(made)[0], Done)


def test_an_absence_is_told_two_and_a_half_minutes_after_sending_at_the_latest() -> None:
    """Two looks, the first 115 s after the last moment of sending."""
    outcome, desk = _decided(lambda _: None)
    assert isinstance(outcome, DidNotHappen)
    assert 115_000 + 5_000 <= outcome.as_of_ms - START_MS <= 150_000
    assert desk.core.asked == ["dashboard", "ledger"] * 5


def test_a_balance_that_changed_without_reason_leaves_it_unknown() -> None:
    """Something was not shown, and it may be the offer."""
    assert _decided(spent)[0] == Unknown()


@pytest.mark.parametrize("credex_id", ["c-twin", None])
def test_an_older_lookalike_accepted_meanwhile_is_not_taken_for_this_offer(credex_id: str | None) -> None:
    """Core says what became of it, and its line in the ledger is explained by that."""

    async def play(desk: Desk) -> Outcome:
        desk.core.offered(credex_id="c-twin")
        write = await desk.prepared(msgspec.structs.replace(FIVE, shown=("c-twin",)))

        def change() -> None:
            desk.core.taken(credex_id="c-twin")
            desk.core.accepted[0] = entry(credex_id=credex_id)

        desk.core.answer, desk.core.effect = LOST, change
        return await desk.decided(write)

    assert isinstance(at_desk(play), DidNotHappen)


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
        return await desk.decided(intent)

    assert Unknown() == at_desk(play)


@pytest.mark.parametrize("call", [FIVE, ACCEPT])
def test_another_members_dashboard_proves_nothing(call: Write) -> None:
    """Core mixes members up at times: what it shows of somebody else is no evidence, and no absence."""

    async def play(desk: Desk) -> Outcome:
        write = await desk.prepared(call)
        desk.core.member_id = "m-2"
        desk.core.answer = LOST
        return await desk.decided(write)

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
        outcome = await desk.decided(intent)
        assert not isinstance(outcome, Done) or outcome.dashboard == desk.core.shown()
        if isinstance(outcome, Done):
            return msgspec.structs.replace(outcome, dashboard=None, as_of_ms=0)
        return DidNotHappen() if isinstance(outcome, DidNotHappen) else outcome

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
        outcome = await desk.decided(intent)
        assert not isinstance(outcome, Done) or outcome == Done(
            desk.core.shown(), proven=True, as_of_ms=outcome.as_of_ms
        )
        outcome = DidNotHappen() if isinstance(outcome, DidNotHappen) else outcome
        return outcome, desk.passed_ms // 1000 * 1000

    return at_desk(play)


@pytest.mark.parametrize("error", [LOST, FAILED, REFUSED, GONE, STRANGER, LIMITED], ids=named)
def test_whoever_can_log_in_is_registered(error: CredexError) -> None:
    """They could not before."""
    outcome, passed_ms = _registered(error, happened=True)
    assert (type(outcome), passed_ms) == (Done, 0)


@pytest.mark.parametrize(
    ("error", "expected", "after_ms"),
    [
        (LOST, DidNotHappen(), 140_000),
        (FAILED, DidNotHappen(), 140_000),
        (STRANGER, DidNotHappen(), 3_000),
        (credex.RefusedError(credex.Refusal.VALIDATION, http_status=400), Refused("validation"), 3_000),
        (credex.RefusedError(credex.Refusal.DUPLICATE_PHONE, http_status=409), Refused("unknown"), 3_000),
    ],
    ids=named,
)
def test_whoever_cannot_log_in_is_not_registered(error: CredexError, expected: Outcome, after_ms: int) -> None:
    """Core knows no such member, also when there was time enough."""
    assert _registered(error, happened=False) == (expected, after_ms)
