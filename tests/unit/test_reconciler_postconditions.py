"""Proof of what stands on a dashboard: accounts, the people who act for them, tiers; and of offers with a due date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final

import msgspec
import pytest

from service.credex import errors as credex
from service.credex.errors import CredexError, NoAnswerError, NotFoundError
from service.domain import Account, Denomination, Money, Offer, Person
from service.domain import commands as calls
from service.domain.commands import DidNotHappen, Done, Outcome, Refused, Unavailable, Unknown, Write
from service.writes.accept_offer import AcceptOffer
from service.writes.authorise import Authorise
from service.writes.cancel_offer import CancelOffer
from service.writes.create_offer import CreateOffer
from service.writes.decline_offer import DeclineOffer
from service.writes.offer_recipient import SetOfferRecipient
from service.writes.open_account import OpenAccount
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.register import Register
from service.writes.registry import COMMANDS
from service.writes.unauthorise import Unauthorise
from service.writes.upgrade import Upgrade
from tests.unit.reconciler_desk import FARAI, MINE, SESSION, TARIRO, Desk, at_desk, request, usd

RUDO: Final = Person("m-2", "Rudo Dube")
TARIRO_HERSELF: Final = Person("m-1", "Tariro Moyo")

OPEN: Final = OpenAccount("Moyo Shop", "moyo_shop", Denomination.USD)
AUTHORISE: Final = Authorise(MINE, RUDO.member_id, RUDO.name, "rudo")
UNAUTHORISE: Final = Unauthorise(MINE, RUDO.member_id, RUDO.name)
NOTICES: Final = SetOfferRecipient(MINE, RUDO.member_id, RUDO.name)
UPGRADE: Final = Upgrade(MINE)


@dataclass(frozen=True)
class Case:
    """A write, how core stands before it, and how it stands when the write happened."""

    call: Write
    before: Callable[[Desk], None]
    effect: Callable[[Desk], None]


def nothing(_: Desk) -> None:
    """Core stays as it is."""


def with_rudo(desk: Desk) -> None:
    """Rudo may act for the account."""
    desk.core.authorised = (TARIRO_HERSELF, RUDO)


def without_rudo(desk: Desk) -> None:
    """Rudo may not act for the account."""
    desk.core.authorised = (TARIRO_HERSELF,)


def tells_rudo(desk: Desk) -> None:
    """Rudo is told of offers."""
    desk.core.told = RUDO


def opens(desk: Desk, *, owned: bool = True) -> None:
    """The business account is there."""
    shop = Account("account-of-shop", OPEN.name, OPEN.handle, "BUSINESS", OPEN.denomination, owned)
    desk.core.others = (shop,)


def rises(desk: Desk) -> None:
    """Tariro has paid, and has tier 3."""
    desk.core.tier = 3
    desk.core.balance = usd("11.50")


CASES: Final = {
    "open": Case(OPEN, nothing, opens),
    "authorise": Case(AUTHORISE, nothing, with_rudo),
    "unauthorise": Case(UNAUTHORISE, with_rudo, without_rudo),
    "notices": Case(NOTICES, with_rudo, tells_rudo),
    "upgrade": Case(UPGRADE, nothing, rises),
}

each_write = pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())

LOST: Final = NoAnswerError("no answer")
UNCLEAR: Final = (
    LOST,
    credex.ServerError(http_status=500),
    credex.RefusedError(credex.Refusal.TIER, http_status=403),
    NotFoundError("member", http_status=404),
    credex.UnauthorisedError(http_status=401),
    credex.TooManyRequestsError(retry_after_s=2),
)


def judged(
    case: Case, answer: CredexError, effect: Callable[[Desk], None], late: Callable[[Desk], None] | None = None
) -> tuple[Outcome, Desk]:
    """What an answer comes to when this happened in core."""

    async def play(desk: Desk) -> tuple[Outcome, Desk]:
        case.before(desk)
        intent = await desk.prepared(case.call)
        desk.core.answer, desk.core.effect = answer, lambda: effect(desk)
        if late is not None:
            desk.core.later(8, lambda: late(desk))
        return await desk.money.send(TARIRO, intent, ()), desk

    return at_desk(play)


def test_every_write_has_a_case_here_or_beside() -> None:
    """A new write is not forgotten."""
    trades = {Register, CreateOffer, AcceptOffer, DeclineOffer, CancelOffer}
    assert set(COMMANDS) == trades | {type(case.call) for case in CASES.values()}


@each_write
@pytest.mark.parametrize("answer", UNCLEAR, ids=lambda answer: type(answer).__name__)
def test_what_stands_afterwards_happened_whatever_core_said(case: Case, answer: CredexError) -> None:
    """Core has said 400 and 404 of what it did."""
    outcome, desk = judged(case, answer, case.effect)
    assert outcome == Done(desk.core.shown(), proven=True)
    assert [request(case.call)] == [sent for sent, _ in desk.core.sent]


@each_write
def test_what_stands_only_after_a_while_happened(case: Case) -> None:
    """After a lost answer nothing is judged absent before core can be done with it."""
    outcome, desk = judged(case, LOST, nothing, late=case.effect)
    assert outcome == Done(desk.core.shown(), proven=True)


@each_write
def test_what_does_not_stand_did_not_happen(case: Case) -> None:
    """Said only 10 s after the last moment of sending."""
    outcome, desk = judged(case, LOST, nothing)
    assert (outcome, desk.passed_ms) == (DidNotHappen(), 15_000)


@each_write
def test_a_refusal_without_effect_is_told_at_once(case: Case) -> None:
    """Core is done with it: there is nothing to wait for."""
    outcome, desk = judged(case, UNCLEAR[2], nothing)
    assert (outcome, desk.passed_ms) == (Refused("tier"), 0)


@each_write
def test_what_is_said_to_stand_and_does_not_is_not_told(case: Case) -> None:
    """Core contradicts itself, and its dashboard is believed."""
    already = credex.RefusedError(credex.Refusal.ALREADY, http_status=409)
    assert judged(case, already, nothing)[0] == Refused("unknown")


def test_a_tier_that_core_names_and_keeps_out_of_its_dashboard_is_believed() -> None:
    """Nothing that was seen contradicts it: nothing was paid, and the tier is not told."""
    already = credex.RefusedError(credex.Refusal.ALREADY, http_status=409)

    def silent_on_tier(desk: Desk) -> None:
        desk.core.tier = None

    assert judged(CASES["upgrade"], already, silent_on_tier)[0] == Refused("already")


@pytest.mark.parametrize("name", ["authorise", "unauthorise", "notices"])
def test_whom_core_does_not_know_is_not_found(name: str) -> None:
    """The member is told that there is no such person, not that an offer is gone."""
    assert judged(CASES[name], NotFoundError("member", http_status=404), nothing)[0] == calls.NotFound()


@each_write
def test_what_stands_already_is_told_without_sending(case: Case) -> None:
    """Nothing is paid or made twice."""

    async def play(desk: Desk) -> tuple[PendingWrite | Outcome, int]:
        case.before(desk)
        case.effect(desk)
        prepared = await desk.money.prepare(TARIRO, case.call, seq=3, session=SESSION, pending=PendingWrites())
        return prepared, len(desk.core.sent)

    expected = Refused("duplicate_handle" if case.call is OPEN else "already")
    assert (expected, 0) == at_desk(play)


@pytest.mark.parametrize("name", ["authorise", "unauthorise", "notices", "upgrade"])
@pytest.mark.parametrize("change", ["owned", "listed"])
def test_only_owners_change_what_their_account_shows(name: str, change: str) -> None:
    """Another one's dashboard would not even show whether it happened."""

    async def play(desk: Desk) -> PendingWrite | Outcome:
        setattr(desk.core, change, False)
        return await desk.money.prepare(TARIRO, CASES[name].call, seq=3, session=SESSION, pending=PendingWrites())

    assert Refused("not_authorised") == at_desk(play)


def silent_on_people(desk: Desk) -> None:
    """Core keeps to itself who may act and who is told."""
    desk.core.authorised, desk.core.told = (), None


def silent_on_tier(desk: Desk) -> None:
    """Core leaves the tier out, and one dollar less is there."""
    desk.core.tier, desk.core.balance = None, usd("11.50")


def unlisted(desk: Desk) -> None:
    """The account is missing from the dashboard."""
    desk.core.listed = False


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("authorise", silent_on_people),
        ("unauthorise", silent_on_people),
        ("notices", silent_on_people),
        ("upgrade", silent_on_tier),
        ("authorise", unlisted),
        ("unauthorise", unlisted),
        ("notices", unlisted),
        ("upgrade", unlisted),
    ],
)
def test_a_dashboard_that_does_not_tell_proves_nothing(name: str, change: Callable[[Desk], None]) -> None:
    """What core leaves out is neither done nor undone."""
    assert judged(CASES[name], LOST, change)[0] == Unknown()


def test_nobody_rises_without_paying() -> None:
    """Where core keeps the tier to itself, a balance that stands as before says that nothing happened."""

    def silent(desk: Desk) -> None:
        desk.core.tier = None

    assert judged(Case(UPGRADE, silent, nothing), LOST, nothing)[0] == DidNotHappen()


def test_an_account_of_somebody_else_is_not_the_one_opened() -> None:
    """It may have the handle, and the member may act for it: it is not theirs."""
    assert judged(CASES["open"], LOST, lambda desk: opens(desk, owned=False))[0] == DidNotHappen()


@each_write
def test_it_is_never_sent_twice(case: Case) -> None:
    """Not by a recovery after a crash, nor by a later look."""

    async def play(desk: Desk) -> tuple[Outcome, Outcome, int]:
        case.before(desk)
        intent = await desk.prepared(case.call)
        recovered = await desk.money.recover(TARIRO, intent, ())
        case.effect(desk)
        return recovered, await desk.money.reconcile_once(TARIRO, intent, ()), len(desk.core.sent)

    recovered, looked, sent = at_desk(play)
    assert (recovered, type(looked), sent) == (DidNotHappen(), Done, 0)


@each_write
def test_without_a_baseline_nothing_is_sent(case: Case) -> None:
    """What stood before has to be known."""

    async def play(desk: Desk) -> PendingWrite | Outcome:
        desk.core.failing.append(LOST)
        return await desk.money.prepare(TARIRO, case.call, seq=3, session=SESSION, pending=PendingWrites())

    assert Unavailable() == at_desk(play)


@each_write
def test_an_intent_is_stored_and_read_back_whole(case: Case) -> None:
    """Whoever takes over after a crash judges by the same baseline."""

    async def play(desk: Desk) -> PendingWrite:
        case.before(desk)
        return await desk.prepared(case.call)

    intent = at_desk(play)
    assert intent == msgspec.json.decode(msgspec.json.encode(intent), type=PendingWrite)


# -- offers with a due date -----------------------------------------------------------------------------------------

DUE: Final = date(2026, 11, 30)
ON_WORD: Final = CreateOffer(MINE, "account-of-farai", FARAI, usd("5"), DUE)


def promised(due: date | None, *, credex_id: str = "c-new", secured: bool = False) -> Offer:
    """A pending offer without backing."""
    return Offer(credex_id, usd("5"), FARAI, secured, due)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (promised(DUE), Done),
        (promised(None), Done),
        (promised(date(2026, 11, 29)), DidNotHappen),
        (promised(None, secured=True), DidNotHappen),
    ],
    ids=["the same day", "a day that core cannot write", "another day", "a secured one"],
)
def test_an_offer_without_backing_is_known_by_its_due_date(found: Offer, expected: type[Outcome]) -> None:
    """Beside amount and counterparty; its balance does not move, and that says nothing."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared(ON_WORD)
        desk.core.answer, desk.core.effect = LOST, lambda: desk.core.outgoing.append(found)
        return await desk.money.send(TARIRO, intent, ())

    assert type(at_desk(play)) is expected


def test_an_offer_without_backing_that_was_accepted_is_found_in_the_ledger() -> None:
    """The balance stands as before, and still it was made."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared(ON_WORD)

        def made_and_taken() -> None:
            desk.core.outgoing.append(promised(DUE))
            desk.core.taken()

        desk.core.answer, desk.core.effect = LOST, made_and_taken
        return await desk.money.send(TARIRO, intent, ())

    outcome = at_desk(play)
    assert isinstance(outcome, Done)
    assert (outcome.accepted, outcome.credex_id) == (True, "c-new")


def test_what_may_still_be_issued_today_is_passed_on() -> None:
    """Core's own figure is better than any reckoning."""

    async def play(desk: Desk) -> Outcome:
        intent = await desk.prepared(ON_WORD)
        left = Money(Decimal("3.00"), Denomination.USD)
        desk.core.answer = credex.RefusedError(credex.Refusal.DAILY_LIMIT, http_status=403, remaining=left)
        return await desk.money.send(TARIRO, intent, ())

    assert Refused("daily_limit", usd("3")) == at_desk(play)
