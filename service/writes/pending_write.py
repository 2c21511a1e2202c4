"""The record of a write that is stored before it is sent: after a crash another process continues from it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Union

import msgspec

from service.conversation import Session, Transition
from service.domain.commands import Done, Outcome, Unknown, Write
from service.messages import Message
from service.writes.operation import Baseline
from service.writes.registry import COMMANDS, may_duplicate

RECORD_VERSION: Final = 1
"""The version of the record that this release writes."""

RETRY_AFTER_MS: Final = (30_000, 120_000, 600_000)
"""When an unresolved write is reconciled again; after the last of these, every hour."""

HOURLY_MS: Final = 3_600_000
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

    @property
    def ends_ms(self) -> int:
        """When nothing can be found out any more: the end of day D+2, UTC."""
        made = datetime.fromtimestamp(self.made_at_ms / 1000, UTC)
        midnight = datetime(made.year, made.month, made.day, tzinfo=UTC)
        return int((midnight + timedelta(days=DAYS_PENDING + 1)).timestamp() * 1000)

    def retry_later(self, now_ms: int) -> PendingWrite:
        """The same write, unresolved, to be reconciled later."""
        wait = RETRY_AFTER_MS[self.attempts] if self.attempts < len(RETRY_AFTER_MS) else HOURLY_MS
        return msgspec.structs.replace(
            self,
            attempts=self.attempts + 1,
            reconcile_at_ms=min(now_ms + wait, self.ends_ms),
            messages=(),
            transitions=(),
        )

    def may_duplicate(self, command: Write) -> bool:
        """Whether the effect of another write could be taken for this one's."""
        return may_duplicate(self.command, command)

    def exclude_match(self, credex_id: str) -> PendingWrite:
        """The same write, knowing that this credex is another write's."""
        if not credex_id:
            return self
        baseline = msgspec.structs.replace(self.baseline, pending=(*self.baseline.pending, credex_id))
        return msgspec.structs.replace(self, baseline=baseline)

    def exclude_outcome(self, command: Write, outcome: Outcome) -> PendingWrite:
        """The same write, knowing the outcome of another: its credex is not this one's."""
        match outcome:
            case Done(credex_id="") | Unknown() if self.may_duplicate(command):
                # Its effect stands there as well, or may, and nothing tells the two apart.
                return msgspec.structs.replace(self, baseline=msgspec.structs.replace(self.baseline, shared=True))
            case Done(credex_id=credex_id):
                return self.exclude_match(credex_id)
            case _:
                return self


class PendingWrites(msgspec.Struct, frozen=True):
    """All pending writes of one member: at most one under way, and those whose outcome is unknown."""

    under_way: PendingWrite | None = None
    unresolved: tuple[PendingWrite, ...] = ()
    version: int = RECORD_VERSION

    @property
    def due_ms(self) -> int | None:
        """When the next unresolved write is to be reconciled."""
        return min((write.reconcile_at_ms for write in self.unresolved), default=None)

    def mark_unknown(self, now_ms: int) -> PendingWrites:
        """The write under way, if there is one, counted among the unresolved."""
        if self.under_way is None:
            return self
        return PendingWrites(unresolved=(*self.unresolved, self.under_way.retry_later(now_ms)))


def encode(pending: PendingWrites) -> bytes | None:
    """The record to store; None if nothing is pending."""
    return msgspec.json.encode(pending) if pending.under_way or pending.unresolved else None
