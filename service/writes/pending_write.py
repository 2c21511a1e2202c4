"""What is written down before money moves, so that whoever takes over after a crash knows where things stand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec

from service.conversation import Session, Transition
from service.domain import Money
from service.domain.commands import CreateOffer, Done, Outcome, Unknown, Upgrade, Write
from service.messages import Message

__all__ = ("RECORD_VERSION", "Baseline", "PendingWrite", "PendingWrites", "encode")

RECORD_VERSION: Final = 1
"""The form of the record that this release writes."""

LOOK_AFTER_MS: Final = (30_000, 120_000, 600_000)
"""When an unresolved intent is looked at again; after the last of these, every hour."""

HOURLY_MS: Final = 3_600_000
DAYS_PENDING: Final = 2
"""Credex core drops an offer of day D at the end of D+2 (UTC): later nothing can be proven any more."""


class Baseline(msgspec.Struct, frozen=True):
    """How the issuing account stood immediately before the write: what is there later and was not here is new.

    Attributes:
        pending: ids of all offers pending on the account, and of those known to be other writes' since.
        alike: ids of those among them that looked like the offer to be made.
        balance: the secured balance in the denomination of the write; an upgrade is paid in USD.
        shared: a new offer that looks like this one need not be it: another member may act for the account, or another
            write made one that cannot be told from it.
        tier: the member's, where the write is to raise it and core said which it is.
    """

    pending: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    balance: Money | None = None
    shared: bool = False
    tier: int | None = None


class PendingWrite(msgspec.Struct, frozen=True):
    """A write under way or unresolved, with the whole turn so far: it is continued, never computed again.

    Attributes:
        seq: the sequence number of the message that led to it.
        step: the step (``flow.step``) that made the call.
        call: the write.
        session: the session as it waits for the call's outcome.
        messages: what the turn says besides.
        walked: the exits that the turn took.
        baseline: how things stood before.
        made_at_ms: when this was written down.
        send_by_ms: nothing is sent later than this.
        looks: how often it was looked at since it became unresolved.
        look_at_ms: when it is looked at next.
    """

    seq: int
    step: str
    call: Write
    session: Session
    baseline: Baseline
    made_at_ms: int
    send_by_ms: int
    messages: tuple[Message, ...] = ()
    walked: tuple[Transition, ...] = ()
    looks: int = 0
    look_at_ms: int = 0

    @property
    def ends_ms(self) -> int:
        """When nothing can be found out any more: the end of day D+2, UTC."""
        made = datetime.fromtimestamp(self.made_at_ms / 1000, UTC)
        midnight = datetime(made.year, made.month, made.day, tzinfo=UTC)
        return int((midnight + timedelta(days=DAYS_PENDING + 1)).timestamp() * 1000)

    def again(self, now_ms: int) -> PendingWrite:
        """The same intent, unresolved, to be looked at again later."""
        wait = LOOK_AFTER_MS[self.looks] if self.looks < len(LOOK_AFTER_MS) else HOURLY_MS
        return msgspec.structs.replace(
            self, looks=self.looks + 1, look_at_ms=min(now_ms + wait, self.ends_ms), messages=(), walked=()
        )

    def looks_like(self, call: Write) -> bool:
        """Whether a write could be taken for this one: same counterparty and amount, or the upgrade once more."""
        match self.call, call:
            case CreateOffer() as mine, CreateOffer():
                return mine.receiver_id == call.receiver_id and mine.amount.equals(call.amount)
            case Upgrade(), Upgrade():
                return True
            case _:
                return False

    def not_this(self, credex_id: str) -> PendingWrite:
        """The same intent, knowing that this credex is another write's."""
        if not credex_id:
            return self
        baseline = msgspec.structs.replace(self.baseline, pending=(*self.baseline.pending, credex_id))
        return msgspec.structs.replace(self, baseline=baseline)

    def beside(self, call: Write, outcome: Outcome) -> PendingWrite:
        """The same intent, knowing what became of another write in the end: its credex is not this one's."""
        match outcome:
            case Done(credex_id="") | Unknown() if self.looks_like(call):
                # It stands there as well, or may, and nothing tells the two apart.
                return msgspec.structs.replace(self, baseline=msgspec.structs.replace(self.baseline, shared=True))
            case Done(credex_id=credex_id):
                return self.not_this(credex_id)
            case _:
                return self


class PendingWrites(msgspec.Struct, frozen=True):
    """All that is written down for one member: at most one write under way, and those that are unresolved."""

    under_way: PendingWrite | None = None
    unresolved: tuple[PendingWrite, ...] = ()
    version: int = RECORD_VERSION

    @property
    def due_ms(self) -> int | None:
        """When the next unresolved intent is looked at."""
        return min((intent.look_at_ms for intent in self.unresolved), default=None)

    def aside(self, now_ms: int) -> PendingWrites:
        """The write under way, if there is one, counted among the unresolved."""
        if self.under_way is None:
            return self
        return PendingWrites(unresolved=(*self.unresolved, self.under_way.again(now_ms)))


def encode(intents: PendingWrites) -> bytes | None:
    """The record to store; None when there is nothing to remember."""
    return msgspec.json.encode(intents) if intents.under_way or intents.unresolved else None
