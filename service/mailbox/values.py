"""Values that go into and come out of the mailbox. Payloads are opaque bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar


class CommitResult(StrEnum):
    """What became of a step that names a lease."""

    COMMITTED = "committed"
    """It was done now."""
    DONE = "done"
    """It had been done before: the first reply was lost, or a status came first."""
    LOST = "lost"
    """Refused, nothing changed: another process holds the lease now, or it has ended."""


@dataclass(frozen=True, slots=True)
class InboxEntry:
    """A message to store: its sender, WhatsApp's id of it, when it was sent, and the record."""

    member: str
    wamid: str
    sent_at_ms: int
    entry: bytes


@dataclass(frozen=True, slots=True)
class InboxLease:
    """The head of a member's inbox, held until the lease ends.

    With `seq` 0 and no `entry` no message waits: the member's pending writes are due. `attempts` includes this one;
    `last_wrote_ms` is when the member last wrote (None: not in 7 days); `last_delivered_ms` is when the newest messages
    to the member had been sent (None: some wait; 0: none for a day).
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
    """Nothing is due now; `next_due_ms` is when something will be (None: there is no work)."""

    next_due_ms: int | None


@dataclass(frozen=True, slots=True)
class OutboxLease:
    """The head of an outbox, held until the lease ends; this attempt is counted already.

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
    """Members whose inbox or outbox has work, the dead letters, and when the first work is due."""

    inbox_members: int
    outbox_members: int
    dead_letters: int
    inbox_due_ms: int | None
    outbox_due_ms: int | None


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up, or (with `seq` 0) pending writes. `stored` is the whole record and identifies it."""

    member: str
    seq: int
    entry: bytes
    reason: str
    died_at_ms: int
    stored: bytes

    @property
    def is_pending_writes(self) -> bool:
        """Whether these are pending writes rather than a message."""
        return self.seq == 0

    @property
    def entry_offset(self) -> int:
        """Where the entry begins in `stored`, counted from 0."""
        return len(self.stored) - len(self.entry)

    @classmethod
    def parse(cls, stored: bytes) -> DeadLetter:
        """Reads a record as `dead_letter.lua` writes it: a line of sizes, then member, reason and entry."""
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
