"""What is written down before money moves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from service.conversation import Option, Session, Transition
from service.domain import Denomination, Money
from service.domain.commands import DidNotHappen, Done, Outcome, Unknown, Write
from service.mailbox.versioning import read_record
from service.messages import Button, Buttons, Text
from service.runtime.records import PENDING_WRITES
from service.writes.create_offer import CreateOffer
from service.writes.operation import Baseline
from service.writes.pending_write import PendingWrite, PendingWrites, encode
from service.writes.register import Register
from service.writes.upgrade import Upgrade
from tests.unit.reconciler_desk import ACCEPT, CANCEL, DECLINE, FIVE, JOIN, START_MS, usd

MINUTE_MS = 60_000
DAY_MS = 86_400_000
MIDNIGHT_MS = START_MS - 8 * 60 * MINUTE_MS

FULL = PendingWrite(
    seq=17,
    step="offer.create",
    command=FIVE,
    session=Session(
        flow="offer",
        step="create",
        turn=5,
        answers={"amount": "5.00 USD", "receiver_name": "Farai “F” Ncube\n"},
        account="acc",
        options=(Option("a:5:confirm", "Confirm"),),
        preface="Above.",
        prompted_at_ms=START_MS,
        valid_until_ms=START_MS + 1,
    ),
    baseline=Baseline(pending=("c-1", "c-2"), lookalikes=("c-2",), balance=usd("12.50"), shared=True),
    made_at_ms=START_MS,
    send_by_ms=START_MS + 5_000,
    messages=(Text("One."), Buttons(body="Two.", buttons=(Button("n:menu", "Menu"),))),
    transitions=(Transition("offer", "confirm", "confirm"),),
    attempts=2,
    reconcile_at_ms=START_MS + 30_000,
)


def intent(call: Write = FIVE, *, made_at_ms: int = START_MS) -> PendingWrite:
    """An intent of which only the call matters."""
    return PendingWrite(
        seq=1,
        step="offer.create",
        command=call,
        session=Session(),
        baseline=Baseline(),
        made_at_ms=made_at_ms,
        send_by_ms=made_at_ms + 5_000,
    )


@pytest.mark.parametrize(
    "call",
    [
        FIVE,
        msgspec.structs.replace(FIVE, due=date(2026, 12, 1), allow_duplicate=True),
        CreateOffer("a", "b", "Ü&<>", Money(Decimal("0.0001"), Denomination.XAU)),
        CreateOffer("a", "b", "c", Money(Decimal("999999999999.99"), Denomination.ZWG)),
        ACCEPT,
        DECLINE,
        CANCEL,
        JOIN,
    ],
)
def test_what_is_written_down_is_read_back_the_same(call: Write) -> None:
    """Whoever takes over knows exactly what the first worker knew, to the last digit."""
    written = PendingWrites(under_way=msgspec.structs.replace(FULL, command=call), unresolved=(FULL, intent(call)))
    assert read_record(encode(written), PENDING_WRITES) == written


def test_nothing_to_remember_is_no_record() -> None:
    """The key is deleted then."""
    assert encode(PendingWrites()) is None


def test_an_unresolved_intent_is_looked_at_later_and_later() -> None:
    """After 30 s, 2 min and 10 min, then every hour."""
    now_ms, waits = START_MS, []
    one = intent()
    for _ in range(6):
        one = one.retry_later(now_ms)
        waits.append((one.reconcile_at_ms - now_ms) // 1000)
        now_ms = one.reconcile_at_ms
    assert waits == [30, 120, 600, 3600, 3600, 3600]


def test_an_intent_looked_at_again_says_nothing_more() -> None:
    """What its turn said has been sent; only the outcome is missing."""
    again = FULL.retry_later(START_MS)
    assert (again.messages, again.transitions, again.attempts) == ((), (), 3)


@pytest.mark.parametrize("made_at_ms", [MIDNIGHT_MS, START_MS, MIDNIGHT_MS + DAY_MS - 1])
def test_an_intent_ends_with_the_second_day_after_its_own(made_at_ms: int) -> None:
    """Core drops an offer of day D at the end of D+2, in UTC: later nothing can be proven."""
    ends = datetime.fromtimestamp(intent(made_at_ms=made_at_ms).ends_ms / 1000, UTC)
    assert ends == datetime(2026, 11, 5, tzinfo=UTC)


def test_no_look_is_planned_after_the_end() -> None:
    """The last one is at the end itself."""
    one = intent()
    for _ in range(100):
        one = one.retry_later(one.reconcile_at_ms or START_MS)
    assert one.reconcile_at_ms == one.ends_ms


@pytest.mark.parametrize(
    ("call", "alike"),
    [
        (FIVE, True),
        (msgspec.structs.replace(FIVE, amount=usd("5.00"), receiver_name="Another name", account_id="other"), True),
        (msgspec.structs.replace(FIVE, amount=usd("5.01")), False),
        (msgspec.structs.replace(FIVE, amount=Money(Decimal(5), Denomination.CAD)), False),
        (msgspec.structs.replace(FIVE, receiver_id="account-of-chipo"), False),
        (ACCEPT, False),
        (JOIN, False),
    ],
)
def test_writes_look_alike_by_person_and_amount(call: Write, *, alike: bool) -> None:
    """Whichever account they come from, and however the amount is written."""
    assert (intent().may_duplicate(call), intent(call).may_duplicate(FIVE)) == (alike, alike)


@pytest.mark.parametrize(
    ("outcome", "pending", "shared"),
    [
        (Done(None, "c-9"), ("c-9",), False),
        (Done(None, ""), (), True),
        (Unknown(), (), True),
        (DidNotHappen(), (), False),
    ],
)
def test_an_intent_learns_from_the_outcome_of_its_twin(
    outcome: Outcome, pending: tuple[str, ...], *, shared: bool
) -> None:
    """The other's credex is not this one's; without an id nothing tells them apart."""
    assert intent().exclude_outcome(FIVE, outcome).baseline == Baseline(pending=pending, shared=shared)


def test_a_success_without_an_id_means_nothing_to_others() -> None:
    """Only a twin could be confused with it."""
    assert intent().exclude_outcome(msgspec.structs.replace(FIVE, amount=usd("6")), Done(None, "")) == intent()


def test_the_member_is_due_when_the_first_intent_is() -> None:
    """And not at all without any."""
    early, late = intent().retry_later(START_MS), intent().retry_later(START_MS + 5)
    due = [PendingWrites(unresolved=(late, early)).due_ms, PendingWrites(under_way=early).due_ms]
    assert due == [START_MS + 30_000, None]


def test_a_write_set_aside_is_unresolved() -> None:
    """Its message is gone, so its outcome is found out like any other's."""
    early = intent(ACCEPT).retry_later(START_MS)
    aside = PendingWrites(under_way=FULL, unresolved=(early,)).mark_unknown(START_MS)
    assert aside == PendingWrites(unresolved=(early, FULL.retry_later(START_MS)))
    assert aside.mark_unknown(START_MS + 1) == aside


def test_an_upgrade_that_is_not_known_looks_like_the_next_one() -> None:
    """Paying for a tier twice is as bad as offering twice, so a second upgrade is doubtful while one is unresolved."""
    intent = PendingWrite(
        seq=1,
        step="upgrade.pay",
        command=Upgrade("account"),
        session=Session(),
        baseline=Baseline(),
        made_at_ms=0,
        send_by_ms=0,
    )

    assert intent.may_duplicate(Upgrade("account"))
    assert not intent.may_duplicate(Register("Tariro", "Moyo"))
