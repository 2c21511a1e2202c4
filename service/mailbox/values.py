"""What goes into and comes out of the mailbox. Payloads are bytes, and mean nothing here."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar


class CommitResult(StrEnum):
    """What became of a step that names a claim."""

    COMMITTED = "committed"
    """It happened now."""
    DONE = "done"
    """It had happened already: the first answer was lost, or a status was faster."""
    LOST = "lost"
    """Refused, nothing changed: someone else holds the member now, or the lease was ended before."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """One inbound message: who wrote, WhatsApp's id of it, when it was sent, and the entry to store."""

    member: str
    wamid: str
    sent_at_ms: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class InboxLease:
    """A member's head message, held until the lease ends.

    With `seq` 0 and no `entry` no message waits: the member is due for a second look at an unresolved intent.
    `attempts` counts this claim too; `last_wrote_ms` is when the member last wrote (None: not in 7 days);
    `last_delivered_ms` is when the newest messages to the member had left (None: some wait; 0: none for a day).
    """

    member: str
    fencing_token: int
    seq: int
    entry: bytes | None
    attempts: int
    session: bytes | None
    pending_writes: bytes | None
    last_wrote_ms: int | None
    last_delivered_ms: int | None


@dataclass(frozen=True, slots=True)
class Idle:
    """Nothing is due now; `next_due_ms` says when something is (None: nobody has work)."""

    next_due_ms: int | None


@dataclass(frozen=True, slots=True)
class OutboxLease:
    """The head of an outbox, held until the lease ends; its attempt is counted already.

    `uncertain_since_ms` is set when an earlier attempt may have reached WhatsApp.
    """

    member: str
    fencing_token: int
    seq: int
    entry: bytes
    attempts: int
    uncertain_since_ms: int | None
    last_wrote_ms: int | None
    shard: str = "0"

    @property
    def id(self) -> str:
        """The id that travels with the message and comes back on its statuses."""
        return f"{self.shard}:{self.member}:{self.seq}"


LeaseT = TypeVar("LeaseT", bound=InboxLease | OutboxLease)


@dataclass(frozen=True, slots=True)
class EndedLease(Generic[LeaseT]):
    """What became of a step that ends a lease, and the lease of the same member's next entry if one waits."""

    result: CommitResult
    next: LeaseT | None


@dataclass(frozen=True, slots=True)
class QueueStats:
    """How much waits: members with an inbox or outbox that has work, the dead, and when the first ones are due."""

    inbox_members: int
    outbox_members: int
    dead: int
    inbox_due_ms: int | None
    outbox_due_ms: int | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Something given up: a message, or (with `seq` 0) an intent. `stored` is its record, and names it."""

    member: str
    seq: int
    entry: bytes
    reason: str
    died_at_ms: int
    stored: bytes

    @property
    def is_pending_writes(self) -> bool:
        """Whether this is an intent rather than a message."""
        return self.seq == 0

    @property
    def entry_offset(self) -> int:
        """Where the entry begins in `stored`, counted from 0."""
        return len(self.stored) - len(self.entry)

    @classmethod
    def parse(cls, stored: bytes) -> DeadLetter:
        """Reads a record as `bury.lua` writes it: a line of sizes, then member, reason and entry."""
        head, _, rest = stored.partition(b"\n")
        _kind, seq, _token, died_at_ms, member_size, reason_size = head.split(b" ")
        member_end = int(member_size)
        reason_end = member_end + int(reason_size)
        return cls(
            member=rest[:member_end].decode("utf-8", "surrogatepass"),
            seq=int(seq),
            entry=rest[reason_end:],
            reason=rest[member_end:reason_end].decode("utf-8", "surrogatepass"),
            died_at_ms=int(died_at_ms),
            stored=stored,
        )
