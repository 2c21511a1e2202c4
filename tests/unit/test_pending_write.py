"""What is written down before money moves."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import msgspec
import pytest

from service.conversation import Option, Session, Transition
from service.domain import Denomination, Money
from service.domain.commands import DidNotHappen, Done, Outcome, Refused, Unknown, Write
from service.mailbox.versioning import read_record
from service.messages import Button, Buttons, Text
from service.runtime.records import PENDING_WRITES
from service.writes.create_offer import CreateOffer
from service.writes.operation import Baseline
from service.writes.pending_write import PendingWrite, PendingWrites, encode
from service.writes.register import Register
from service.writes.upgrade import Upgrade
from service.writes.verdict import FIRST_COUNTING_MS, LookMemory, Row
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
    baseline=Baseline(
        pending=("c-1", "c-2"),
        lookalikes=("c-2",),
        balance=usd("12.50"),
        shared=True,
        offers=(Row(usd("5"), FIVE.receiver_name, "c-2", secured=True),),
        ledger_rows=2,
        ledger_ids=frozenset({"c-0"}),
    ),
    made_at_ms=START_MS,
    send_by_ms=START_MS + 5_000,
    messages=(Text("One."), Buttons(body="Two.", buttons=(Button("n:menu", "Menu"),))),
    transitions=(Transition("offer", "confirm", "confirm"),),
    attempts=2,
    reconcile_at_ms=START_MS + 30_000,
    failures=1,
    memory=LookMemory(START_MS + 1, other_names=True, unexplained=Decimal("0.01"), unexplained_ms=START_MS),
    others=(Row(usd("6"), "Ü", "c-6"),),
    interrupted=True,
    nameless_twins=1,
    verdict_ms=START_MS + 2,
    matches_told=1,
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
    written = PendingWrites(
        under_way=msgspec.structs.replace(FULL, command=call), unresolved=(FULL, intent(call)), watched=(FULL,)
    )
    assert read_record(encode(written), PENDING_WRITES) == written


def test_nothing_to_remember_is_no_record() -> None:
    """The key is deleted then."""
    assert encode(PendingWrites()) is None


def _looked_for(one: PendingWrite, *, times: int) -> list[int]:
    """How many seconds after the pending write was stored each look is made, without jitter."""
    now_ms, at_s = START_MS, []
    for _ in range(times):
        one = one.look_later(now_ms)
        at_s.append((one.reconcile_at_ms - START_MS) // 1000)
        now_ms = one.reconcile_at_ms
    return at_s


def test_an_unresolved_write_is_looked_for_later_and_later() -> None:
    """Twice in the first half minute, in pairs 20 s apart at two and ten minutes, then every hour."""
    assert _looked_for(intent(), times=9) == [15, 30, 120, 140, 600, 620, 3_600, 7_200, 10_800]


def test_the_schedule_starts_when_the_baseline_was_read() -> None:
    """However long that took, the look at two minutes is late enough to count."""
    slow = msgspec.structs.replace(intent(), send_by_ms=START_MS + 15_000)
    assert slow.look_later(START_MS + 100_000).reconcile_at_ms - slow.send_by_ms >= FIRST_COUNTING_MS
    assert (slow.look_later(START_MS + 100_000).reconcile_at_ms - START_MS) // 1000 == 130


def test_a_look_that_came_late_is_followed_by_the_next_of_the_schedule() -> None:
    """The schedule starts when the write was stored: what was missed is not made up for."""
    assert intent().look_later(START_MS + 31_500).reconcile_at_ms // 1000 == START_MS // 1000 + 120


def test_the_second_counting_look_follows_the_first_after_20_s() -> None:
    """Wherever in the schedule the first one was."""
    counted = msgspec.structs.replace(intent(), memory=LookMemory(START_MS + 3_600_500))
    assert counted.look_later(START_MS + 3_601_000).reconcile_at_ms == START_MS + 3_620_500


def test_a_look_that_failed_is_repeated_soon_and_does_not_climb() -> None:
    """After 5, 10, 20, ... at most 300 s; the next one that works goes on with the schedule."""
    now_ms, waits, one = START_MS, [], intent().look_later(START_MS)
    attempts = one.attempts
    for _ in range(8):
        one = one.look_again(now_ms)
        waits.append((one.reconcile_at_ms - now_ms) // 1000)
        now_ms = one.reconcile_at_ms
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300]
    assert (one.attempts, one.failures) == (attempts, 8)
    later = one.look_later(START_MS + 29_000)
    assert (later.reconcile_at_ms // 1000 - START_MS // 1000, later.failures) == (30, 0)


@pytest.mark.parametrize(
    "again", [FULL.look_later(START_MS), FULL.look_again(START_MS), FULL.watch(START_MS, DidNotHappen())]
)
def test_a_write_looked_for_again_says_nothing_more(again: PendingWrite) -> None:
    """What its turn said has been sent; only the outcome is missing."""
    assert (again.messages, again.transitions) == ((), ())
    assert (again.command, again.baseline, again.session) == (FULL.command, FULL.baseline, FULL.session)


def test_the_looks_of_an_unresolved_write_are_counted() -> None:
    """Those that worked."""
    assert (FULL.look_later(START_MS).attempts, FULL.look_again(START_MS).attempts) == (3, 2)


# -- watched --------------------------------------------------------------------------------------------------------


def test_a_verdict_is_watched_for_half_an_hour() -> None:
    """At 1, 5, 15 and 30 minutes after it was told; then no more."""
    now_ms, minutes = START_MS, []
    watched = intent().watch(now_ms, DidNotHappen())
    while watched is not None:
        minutes.append((watched.reconcile_at_ms - START_MS) / MINUTE_MS)
        now_ms = watched.reconcile_at_ms
        watched = watched.watch(now_ms, Unknown())
    assert minutes == [1, 5, 15, 30]


def test_a_watched_write_remembers_how_many_the_member_was_told_of() -> None:
    """The most that were ever shown: fewer later are no news."""
    told: list[int] = []
    watched: PendingWrite | None = intent()
    for outcome in (DidNotHappen(), Done(None, "c-1", count=2), Done(None, "c-1"), Unknown()):
        assert watched is not None
        watched = watched.watch(START_MS, outcome)
        assert watched is not None
        told.append(watched.matches_told)
    assert told == [0, 2, 2, 2]


def test_a_watched_write_keeps_the_member_due() -> None:
    """As an unresolved one does, and is stored as long as it is watched."""
    watched = intent().watch(START_MS, DidNotHappen())
    assert watched is not None
    pending = PendingWrites(watched=(watched,))
    assert pending.due_ms == START_MS + MINUTE_MS
    assert PendingWrites(unresolved=(intent().look_later(START_MS),), watched=(watched,)).due_ms == min(
        pending.due_ms, intent().look_later(START_MS).reconcile_at_ms
    )
    assert read_record(encode(pending), PENDING_WRITES) == pending


@pytest.mark.parametrize("made_at_ms", [MIDNIGHT_MS, START_MS, MIDNIGHT_MS + DAY_MS - 1])
def test_an_intent_ends_with_the_second_day_after_its_own(made_at_ms: int) -> None:
    """Core drops an offer of day D at the end of D+2, in UTC: later nothing can be proven."""
    ends = datetime.fromtimestamp(intent(made_at_ms=made_at_ms).ends_ms / 1000, UTC)
    assert ends == datetime(2026, 11, 5, tzinfo=UTC)


def test_no_look_is_planned_after_the_end() -> None:
    """The last one is at the end itself."""
    one = intent()
    for _ in range(100):
        one = one.look_later(one.reconcile_at_ms or START_MS)
    assert one.reconcile_at_ms == one.ends_ms
    assert one.look_again(one.ends_ms - 1).reconcile_at_ms == one.ends_ms


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


ROW = Row(FIVE.amount, FIVE.receiver_name, "c-9", secured=True)


@pytest.mark.parametrize(
    ("outcome", "pending", "others", "nameless"),
    [
        (Done(None, "c-9"), ("c-9",), (ROW,), 0),
        (Done(None, ""), (), (), 1),
        (Unknown(), (), (), 0),
        (DidNotHappen(), (), (), 0),
        (Refused("validation"), (), (), 0),
    ],
)
def test_a_write_learns_from_the_outcome_of_its_twin(
    outcome: Outcome, pending: tuple[str, ...], others: tuple[Row, ...], nameless: int
) -> None:
    """The other's credex is not this one's; without an id nothing tells them apart, and there is one more."""
    learned = intent().exclude_outcome(FIVE, outcome)
    assert learned.baseline == Baseline(pending=pending)
    assert (learned.others, learned.nameless_twins) == (others, nameless)


def test_the_offer_of_another_write_is_known_whatever_it_looks_like() -> None:
    """It has moved the balance since the baseline; what makes no offer has no row."""
    six = msgspec.structs.replace(FIVE, amount=usd("6"), due=date(2026, 12, 1))
    learned = intent().exclude_outcome(six, Done(None, "c-6")).exclude_outcome(ACCEPT, Done(None, "c-in"))
    assert learned.others == (Row(usd("6"), FIVE.receiver_name, "c-6", secured=False),)
    assert learned.baseline.pending == ("c-6", "c-in")


@pytest.mark.parametrize("baseline", [Baseline(pending=("c-9",)), Baseline(ledger_ids=frozenset({"c-9"}))])
def test_what_stood_in_the_baseline_is_not_excluded_again(baseline: Baseline) -> None:
    """It would count twice when the other side accepts it."""
    one = msgspec.structs.replace(intent(), baseline=baseline)
    assert one.exclude_outcome(FIVE, Done(None, "c-9")) == one
    learned = intent().exclude_outcome(FIVE, Done(None, "c-9"))
    assert learned.exclude_outcome(FIVE, Done(None, "c-9")) == learned


def test_watched_writes_learn_as_unresolved_ones_do() -> None:
    """An offer that another write made is no late success of theirs."""
    pending = PendingWrites(unresolved=(intent(),), watched=(intent(ACCEPT), intent()))
    learned = pending.exclude_outcome(FIVE, Done(None, "c-9"))
    assert [one.others for one in (*learned.unresolved, *learned.watched)] == [(ROW,)] * 3


def test_a_success_without_an_id_means_nothing_to_others() -> None:
    """Only a twin could be confused with it."""
    assert intent().exclude_outcome(msgspec.structs.replace(FIVE, amount=usd("6")), Done(None, "")) == intent()


def test_the_member_is_due_when_the_first_intent_is() -> None:
    """And not at all without any."""
    early, late = intent().look_later(START_MS), intent().look_later(START_MS + 15_000_000)
    due = [PendingWrites(unresolved=(late, early)).due_ms, PendingWrites(under_way=early).due_ms]
    assert due == [early.reconcile_at_ms, None]
    assert early.reconcile_at_ms < late.reconcile_at_ms


def test_a_write_set_aside_is_unresolved() -> None:
    """Its message is gone, so its outcome is found out like any other's."""
    early, watched = intent(ACCEPT).look_later(START_MS), intent(CANCEL).watch(START_MS, DidNotHappen())
    assert watched is not None
    aside = PendingWrites(under_way=FULL, unresolved=(early,), watched=(watched,)).mark_unknown(START_MS)
    interrupted = msgspec.structs.replace(FULL, interrupted=True)
    assert aside == PendingWrites(unresolved=(early, interrupted.look_later(START_MS)), watched=(watched,))
    assert aside.mark_unknown(START_MS + 1) == aside


def test_looks_that_failed_are_made_at_once_when_core_answers() -> None:
    """The others wait for their time."""
    failed, waiting = intent().look_again(START_MS), intent(ACCEPT).look_later(START_MS)
    now = PendingWrites(unresolved=(failed, waiting)).look_now(START_MS + 1)
    assert [one.reconcile_at_ms for one in now.unresolved] == [START_MS + 1, waiting.reconcile_at_ms]


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
