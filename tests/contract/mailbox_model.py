"""What the mailbox means, in plain Python and without Redis: the model that the real one is compared with.

No keys, no times to live, no scripts: dictionaries and lists, one step after the other. Repeats are known by the last
finishing step of a queue, as the rules say.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from service.mailbox import CommitResult, EndedLease, Idle, InboxLease, OutboxLease

Verdict = CommitResult | None  # None: the caller holds what it names


@dataclass
class Queue:
    """One member's inbox or outbox."""

    entries: list[tuple[int, bytes]] = field(default_factory=list)
    due: int | None = None
    fencing_token: int = 0
    held: int | None = None
    done: int = 0
    last_step: tuple[str, int, int] | None = None
    attempts: int = 0
    looks: int = 0
    look: int | None = None
    noticed: int | None = None
    since: int | None = None

    @property
    def head(self) -> int:
        """The head's number; 0 without one."""
        return self.entries[0][0] if self.entries else 0

    def append(self, payload: bytes, now: int) -> None:
        """Adds an entry with the next number."""
        last = self.entries[-1][0] if self.entries else self.done
        self.entries.append((max(last + 1, now), payload))

    def take(self, now: int, lease: int) -> None:
        """Gives a new token to a new holder."""
        self.fencing_token = max(self.fencing_token + 1, now)
        self.held = self.head
        self.due = now + lease

    def judge(self, verb: str, token: int, seq: int) -> tuple[Verdict, bool]:
        """What to answer, and whether this token still holds the queue."""
        holds = self.fencing_token == token and self.held is not None
        if holds and self.held == seq:
            return None, True
        if self.last_step == (verb, token, seq):
            return CommitResult.DONE, holds
        return CommitResult.LOST, False

    def pop(self) -> bytes:
        """Finishes the head."""
        self.done, payload = self.entries.pop(0)
        return payload

    def rest(self) -> None:
        """No work left."""
        self.due = self.held = self.look = None


class Model:
    """The mailbox of one shard."""

    def __init__(self, lease: int) -> None:
        self.lease = lease
        self.inboxes: dict[str, Queue] = {}
        self.outboxes: dict[str, Queue] = {}
        self.sessions: dict[str, bytes] = {}
        self.intents: dict[str, bytes] = {}
        self.seen: dict[str, dict[str, int]] = {}
        self.dead: list[tuple[str, int, bytes]] = []

    def ingest(self, member: str, wamid: str, sent_at: int, entry: bytes, now: int) -> bool:
        """Stores one message."""
        seen = self.seen.setdefault(member, {})
        if wamid in seen:
            return False
        self._enqueue(member, entry, now)
        seen[wamid] = min(sent_at, now)
        return True

    def _enqueue(self, member: str, entry: bytes, now: int) -> None:
        inbox = self.inboxes.setdefault(member, Queue())
        waited = bool(inbox.entries)
        inbox.append(entry, now)
        if inbox.due is None or (not waited and inbox.held is None):
            inbox.due = min(inbox.due or now, now)

    def claim(self, now: int) -> InboxLease | Idle:
        """Holds the member due first."""
        found = _first_due(self.inboxes, now)
        if not isinstance(found, str):
            return Idle(found)
        inbox = self.inboxes[found]
        inbox.take(now, self.lease)
        self._count(inbox)
        return self._claim_of(found)

    def _count(self, inbox: Queue) -> None:
        if inbox.entries:
            inbox.attempts += 1
        else:
            inbox.looks += 1

    def _claim_of(self, member: str) -> InboxLease:
        inbox = self.inboxes[member]
        entry = inbox.entries[0][1] if inbox.entries else None
        return InboxLease(
            member=member,
            fencing_token=inbox.fencing_token,
            seq=inbox.head,
            entry=entry,
            attempts=inbox.attempts if inbox.entries else inbox.looks,
            session=self.sessions.get(member),
            pending_writes=self.intents.get(member),
            last_wrote_ms=self._last_wrote(member),
            last_delivered_ms=self._told(member),
        )

    def _told(self, member: str) -> int | None:
        outbox = self.outboxes.get(member, Queue())
        return None if outbox.entries else outbox.fencing_token

    def _last_wrote(self, member: str) -> int | None:
        return max(self.seen[member].values(), default=None) if member in self.seen else None

    def commit(
        self,
        claim: InboxLease,
        now: int,
        session: bytes | None,
        outbox: list[bytes],
        pending_writes: bytes | None,
        due: int | None,
    ) -> EndedLease[InboxLease]:
        """Finishes a claim."""
        inbox = self.inboxes[claim.member]
        verdict, holds = inbox.judge("commit", claim.fencing_token, claim.seq)
        if verdict is not None:
            return EndedLease(verdict, self._again(claim.member, now) if holds else None)
        if claim.seq:
            inbox.pop()
        _put(self.sessions, claim.member, session)
        _put(self.intents, claim.member, pending_writes)
        inbox.look = due if pending_writes is not None else None
        inbox.last_step = ("commit", claim.fencing_token, claim.seq)
        self._post(claim.member, outbox, now)
        return EndedLease(CommitResult.COMMITTED, self._move_on(claim.member, now))

    def dead_letter(self, claim: InboxLease, now: int, outbox: list[bytes]) -> EndedLease[InboxLease]:
        """Gives the head or the intent up."""
        inbox = self.inboxes[claim.member]
        verdict, holds = inbox.judge("bury", claim.fencing_token, claim.seq)
        if verdict is not None:
            return EndedLease(verdict, self._again(claim.member, now) if holds else None)
        if claim.seq:
            self.dead.append((claim.member, claim.seq, inbox.pop()))
        else:
            self.dead.append((claim.member, 0, self.intents.pop(claim.member)))
            inbox.look = None
        self.sessions.pop(claim.member, None)
        inbox.last_step = ("bury", claim.fencing_token, claim.seq)
        self._post(claim.member, outbox, now)
        return EndedLease(CommitResult.COMMITTED, self._move_on(claim.member, now))

    def _again(self, member: str, now: int) -> InboxLease:
        self.inboxes[member].due = now + self.lease
        return self._claim_of(member)

    def _move_on(self, member: str, now: int) -> InboxLease | None:
        inbox = self.inboxes[member]
        inbox.attempts = inbox.looks = 0
        inbox.noticed = None
        if inbox.entries:
            inbox.held, inbox.attempts, inbox.due = inbox.head, 1, now + self.lease
            return self._claim_of(member)
        if inbox.look is None:
            inbox.rest()
        else:
            inbox.held, inbox.due = None, inbox.look
        return None

    def release(self, claim: InboxLease, now: int, due: int, *, counted: bool) -> CommitResult:
        """Ends the lease only."""
        inbox = self.inboxes[claim.member]
        verdict, _ = inbox.judge("give_back", claim.fencing_token, claim.seq)
        if verdict is not None:
            return verdict
        if not counted and claim.seq:
            inbox.attempts -= 1
        elif not counted:
            inbox.looks -= 1
        inbox.held = None
        inbox.due = min(due, now) if not claim.seq and inbox.entries else due
        inbox.last_step = ("give_back", claim.fencing_token, claim.seq)
        return CommitResult.COMMITTED

    def store_pending_writes(self, claim: InboxLease, now: int, intent: bytes) -> CommitResult:
        """Writes the intent down."""
        inbox = self.inboxes[claim.member]
        if inbox.judge("", claim.fencing_token, claim.seq)[0] is not None:
            return CommitResult.LOST
        self.intents[claim.member] = intent
        inbox.look, inbox.due = now, now + self.lease
        return CommitResult.COMMITTED

    def post_progress(self, claim: InboxLease, now: int, entry: bytes) -> CommitResult:
        """One extra message for a head."""
        inbox = self.inboxes[claim.member]
        if inbox.judge("", claim.fencing_token, claim.seq)[0] is not None:
            return CommitResult.LOST
        if inbox.noticed == claim.seq:
            return CommitResult.DONE
        inbox.noticed = claim.seq
        self._post(claim.member, [entry], now)
        return CommitResult.COMMITTED

    def redrive(self, number: int, now: int) -> CommitResult:
        """Takes the dead with this number back."""
        member, seq, body = self.dead[number]
        inbox = self.inboxes[member]
        if not seq and (inbox.held is not None or member in self.intents):
            return CommitResult.LOST
        del self.dead[number]
        self.sessions.pop(member, None)
        if seq:
            self._enqueue(member, body, now)
        else:
            self.intents[member] = body
            inbox.look = now
            inbox.due = inbox.due if inbox.entries else now
        return CommitResult.COMMITTED

    def _post(self, member: str, entries: list[bytes], now: int) -> None:
        outbox = self.outboxes.setdefault(member, Queue())
        for entry in entries:
            outbox.append(entry, now)
        if entries and outbox.due is None:
            outbox.due = now

    def claim_outbox(self, now: int) -> OutboxLease | Idle:
        """Holds the outbox due first, and counts the attempt."""
        found = _first_due(self.outboxes, now)
        if not isinstance(found, str):
            return Idle(found)
        outbox = self.outboxes[found]
        outbox.take(now, self.lease)
        return self._attempt(found, now)

    def _attempt(self, member: str, now: int) -> OutboxLease:
        outbox = self.outboxes[member]
        before, outbox.since = outbox.since, now
        outbox.attempts += 1
        outbox.held, outbox.due = outbox.head, now + self.lease
        return self._posting_of(member, before)

    def _posting_of(self, member: str, before: int | None) -> OutboxLease:
        outbox = self.outboxes[member]
        seq, entry = outbox.entries[0]
        return OutboxLease(member, outbox.fencing_token, seq, entry, outbox.attempts, before, self._last_wrote(member))

    def end_attempt(
        self, posting: OutboxLease, now: int, again: int | None, since: int | None
    ) -> EndedLease[OutboxLease]:
        """Ends an attempt to send."""
        outbox = self.outboxes[posting.member]
        verb = "settle" if again is None else "postpone"
        verdict, holds = outbox.judge(verb, posting.fencing_token, posting.seq)
        if verdict is CommitResult.DONE and holds:
            outbox.due = now + self.lease
            return EndedLease(verdict, self._posting_of(posting.member, None))
        if verdict is not None:
            emptied = outbox.last_step == ("confirm", posting.fencing_token, posting.seq)
            return EndedLease(CommitResult.DONE if emptied else verdict, None)
        confirmed = outbox.head != posting.seq
        outbox.last_step = (verb, posting.fencing_token, posting.seq)
        outcome = CommitResult.DONE if confirmed else CommitResult.COMMITTED
        if again is not None:
            outbox.held = None
            outbox.due = now if confirmed and since is not None else again
            outbox.since = None if confirmed else since
            return EndedLease(outcome, None)
        if not confirmed:
            self._sent(outbox)
        if outbox.entries:
            return EndedLease(outcome, self._attempt(posting.member, now))
        self._rest_told(outbox, now)
        return EndedLease(outcome, None)

    def confirm_delivery(self, member: str, seq: int, now: int) -> bool:
        """A status says that it was sent."""
        outbox = self.outboxes[member]
        if outbox.head != seq:
            return False
        self._sent(outbox)
        if not outbox.entries:
            if outbox.held is not None:
                outbox.last_step = ("confirm", outbox.fencing_token, seq)
            self._rest_told(outbox, now)
        elif outbox.held is None:
            outbox.due = now
        return True

    def _rest_told(self, outbox: Queue, now: int) -> None:
        outbox.fencing_token = max(outbox.fencing_token, now)
        outbox.rest()

    def _sent(self, outbox: Queue) -> None:
        outbox.pop()
        outbox.attempts, outbox.since = 0, None


def _first_due(queues: dict[str, Queue], now: int) -> str | int | None:
    waiting = sorted((queue.due, member) for member, queue in queues.items() if queue.due is not None)
    if not waiting:
        return None
    due, member = waiting[0]
    return member if due <= now else due


def _put(where: dict[str, bytes], member: str, value: bytes | None) -> None:
    if value is None:
        where.pop(member, None)
    else:
        where[member] = value
