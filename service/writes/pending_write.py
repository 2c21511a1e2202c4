"""The record of a write that is stored before it is sent: after a crash another process continues from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Union

import msgspec

from service.conversation import Session, Transition
from service.domain.commands import Done, Outcome, Write
from service.messages import Message
from service.writes.operation import Baseline
from service.writes.registry import COMMANDS, may_duplicate, offer_row
from service.writes.schedule import SEND_WITHIN_MS, after_failure, next_look, next_watch
from service.writes.verdict import LookMemory, Row

RECORD_VERSION: Final = 1
"""The version of the record that this release writes."""

DAYS_PENDING: Final = 2
"""Credex core drops an offer of day D at the end of D+2 (UTC): later nothing can be proven any more."""

if TYPE_CHECKING:
    _StoredWrite = Write
else:
    # msgspec reads a stored write by its tag, and has to be given every command for that.
    _StoredWrite = Union[COMMANDS]  # noqa: UP007 - not known before run time


class PendingWrite(msgspec.Struct, frozen=True):
    """A write under way or unresolved, with the whole turn so far: it is continued, never computed again.

    Attributes:
        seq: the sequence number of the message that led to it.
        step: the step (``flow.step``) that made the call.
        session: the session, waiting for the outcome.
        baseline: the state of the account before the write.
        made_at_ms: when the baseline was read.
        send_by_ms: nothing is sent later than this.
        attempts: how often it was reconciled since it became unresolved.
        reconcile_at_ms: when it is reconciled next.
        failures: how many looks in a row failed, or could not count.
        memory: of the last look.
        others: offers made since the baseline that are known to be other writes'.
        nameless_twins: how many writes that look the same are done, and core did not name their credex.
        interrupted: a process that was sending it died.
        verdict_ms: when its verdict was told, if it is watched since; else 0.
        matches_told: how many new offers like it the member was told of.
    """

    seq: int
    step: str
    command: _StoredWrite = msgspec.field(name="call")
    session: Session
    baseline: Baseline
    made_at_ms: int
    send_by_ms: int
    messages: tuple[Message, ...] = ()
    transitions: tuple[Transition, ...] = msgspec.field(default=(), name="walked")
    attempts: int = msgspec.field(default=0, name="looks")
    reconcile_at_ms: int = msgspec.field(default=0, name="look_at_ms")
    failures: int = 0
    memory: LookMemory = LookMemory()
    others: tuple[Row, ...] = ()
    interrupted: bool = False
    nameless_twins: int = 0
    verdict_ms: int = 0
    matches_told: int = 0

    @property
    def ends_ms(self) -> int:
        """When nothing can be found out any more: the end of day D+2, UTC."""
        made = datetime.fromtimestamp(self.made_at_ms / 1000, UTC)
        midnight = datetime(made.year, made.month, made.day, tzinfo=UTC)
        return int((midnight + timedelta(days=DAYS_PENDING + 1)).timestamp() * 1000)

    def look_later(self, now_ms: int) -> PendingWrite:
        """The same write, unresolved, to be looked for at the next time of its schedule."""
        # The baseline may have taken a while: an absence counts by the time of sending.
        at_ms = next_look(self.send_by_ms - SEND_WITHIN_MS, now_ms, counted_ms=self.memory.counted_ms)
        return msgspec.structs.replace(
            self,
            attempts=self.attempts + 1,
            failures=0,
            reconcile_at_ms=min(at_ms, self.ends_ms),
            messages=(),
            transitions=(),
        )

    def look_again(self, now_ms: int) -> PendingWrite:
        """The same write after a look that failed: it is repeated soon, and does not count as one of the schedule."""
        at_ms = after_failure(now_ms, self.failures)
        return msgspec.structs.replace(
            self, failures=self.failures + 1, reconcile_at_ms=min(at_ms, self.ends_ms), messages=(), transitions=()
        )

    def watch(self, now_ms: int, outcome: Outcome) -> PendingWrite | None:
        """The same write, whose verdict has been told, to be watched; None when its watch is over."""
        verdict_ms = self.verdict_ms or now_ms
        at_ms = next_watch(verdict_ms, now_ms)
        if at_ms is None:
            return None
        told = max(self.matches_told, outcome.count) if isinstance(outcome, Done) else self.matches_told
        return msgspec.structs.replace(
            self,
            verdict_ms=verdict_ms,
            matches_told=told,
            failures=0,
            reconcile_at_ms=at_ms,
            messages=(),
            transitions=(),
        )

    def may_duplicate(self, command: Write) -> bool:
        """Whether the effect of another write could be taken for this one's."""
        return may_duplicate(self.command, command)

    def exclude_outcome(self, command: Write, outcome: Outcome) -> PendingWrite:
        """The same write, knowing the outcome of another: its credex is not this one's."""
        if not isinstance(outcome, Done):
            return self
        if not outcome.credex_id:
            nameless = self.nameless_twins + self.may_duplicate(command)
            return msgspec.structs.replace(self, nameless_twins=nameless)
        if outcome.credex_id in {*self.baseline.pending, *self.baseline.ledger_ids}:
            return self
        baseline = msgspec.structs.replace(self.baseline, pending=(*self.baseline.pending, outcome.credex_id))
        row = offer_row(command, outcome.credex_id)
        others = (*self.others, row) if row else self.others
        return msgspec.structs.replace(self, baseline=baseline, others=others)


class PendingWrites(msgspec.Struct, frozen=True):
    """All pending writes of one member.

    Attributes:
        under_way: the one that is being made.
        unresolved: those whose outcome is unknown.
        watched: those whose verdict was concluded from looks and told, for half an hour.
    """

    under_way: PendingWrite | None = None
    unresolved: tuple[PendingWrite, ...] = ()
    version: int = RECORD_VERSION
    watched: tuple[PendingWrite, ...] = ()

    @property
    def due_ms(self) -> int | None:
        """When the next write is to be looked for."""
        return min((write.reconcile_at_ms for write in (*self.unresolved, *self.watched)), default=None)

    def look_now(self, now_ms: int) -> PendingWrites:
        """The same writes; those whose last look failed are looked for at once."""
        unresolved = tuple(
            msgspec.structs.replace(write, reconcile_at_ms=now_ms) if write.failures else write
            for write in self.unresolved
        )
        return msgspec.structs.replace(self, unresolved=unresolved)

    def exclude_outcome(self, command: Write, outcome: Outcome) -> PendingWrites:
        """The same writes, knowing the outcome of another one: see `PendingWrite.exclude_outcome`."""
        return msgspec.structs.replace(
            self,
            unresolved=tuple(each.exclude_outcome(command, outcome) for each in self.unresolved),
            watched=tuple(each.exclude_outcome(command, outcome) for each in self.watched),
        )

    def mark_unknown(self, now_ms: int) -> PendingWrites:
        """The write under way, if there is one, counted among the unresolved."""
        if self.under_way is None:
            return self
        interrupted = msgspec.structs.replace(self.under_way, interrupted=True).look_later(now_ms)
        return msgspec.structs.replace(self, under_way=None, unresolved=(*self.unresolved, interrupted))


def encode(pending: PendingWrites) -> bytes | None:
    """The record to store; None if nothing is pending."""
    return msgspec.json.encode(pending) if pending.under_way or pending.unresolved or pending.watched else None
