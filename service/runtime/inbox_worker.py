"""The inbox worker: takes a member's oldest message, lets the flows answer it, and commits the answer in one step.

A worker may die anywhere. Until the commit nothing is sent and nothing is lost: the message stays first in its inbox,
and the worker that claims it next starts again, or continues from the pending write if a write to core was under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

import msgspec
import structlog

from service.conversation import (
    CallFinished,
    Event,
    FlowRegistry,
    Received,
    Session,
    Transition,
    Turn,
    WriteReconciled,
    navigation_id,
    take_turn,
)
from service.domain.commands import Call, Done, Outcome, PossibleDuplicate, Read, Unavailable, Unknown, Write
from service.mailbox import CommitResult, EndedLease, Idle, InboxLease, Mailbox, StateUnavailableError
from service.mailbox.versioning import NewerRecordError, read_record
from service.messages import Button, Buttons, Message, Outgoing
from service.runtime.progress import ProgressNotifier, TypingIndicator
from service.runtime.records import INBOX_ENTRY, PENDING_WRITES, SESSION
from service.writes import pending_write as pending_writes
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.reconciler import Reconciler
from service.writes.registry import operation_of

MAX_DELIVERY_ATTEMPTS: Final = 5
TURN_MS: Final = 25_000
RECONCILE_MS: Final = 15_000
"""No reconciliation of a pending write begins later than this: the lease must outlive the last one."""

NEWER_RECORD_MS: Final = 1_000
DEFER_MS: Final = 200
"""A worker that released a newer record claims this much later, or the one nearest to Redis would always be first."""
BACKOFF_MS: Final = (1_000, 2_000, 4_000, 8_000)
REPEAT_AFTER_S: Final = (0.2, 1.0, 3.0)

GIVEN_UP: Final = (
    "Something went wrong on our side with your last message, and I could not finish it. "
    "If you had confirmed an offer, check your pending offers before doing it again."
)

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


class Reads(Protocol):
    """Reads from Credex core: a failure is an outcome, never an exception."""

    async def read(self, member: str, call: Read) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """One turn, for logs and metrics: never the texts.

    Attributes:
        wamid: of the message that began it; None if none did.
        ms: how long the turn took.
        reply_ms: since that message was stored.
    """

    member: str
    wamid: str | None
    event: str
    flow: str
    step: str
    transitions: tuple[Transition, ...]
    messages: int
    calls: int
    ms: int
    reply_ms: int | None


class _LostError(Exception):
    """Another worker holds this member now: nothing computed here may be stored."""


@dataclass(slots=True)
class _Work:
    """The state of one lease while it is worked on."""

    lease: InboxLease
    session: Session | None
    pending: PendingWrites
    started_ms: int
    messages: list[Message] = field(default_factory=list)
    transitions: list[Transition] = field(default_factory=list)
    calls: int = 0
    event: str = ""
    wamid: str | None = None
    core_called: Callable[[], None] = lambda: None

    @property
    def member(self) -> str:
        return self.lease.member


class Worker:
    def __init__(
        self,
        mailbox: Mailbox,
        core: Reads,
        reconciler: Reconciler,
        registry: FlowRegistry,
        *,
        clock_ms: Callable[[], int],
        typing_indicator: TypingIndicator | None = None,
        outbox_woken: Callable[[], None] = lambda: None,
        finished: Callable[[Finished], None] = lambda _: None,
    ) -> None:
        self._mailbox = mailbox
        self._core = core
        self._reconciler = reconciler
        self._registry = registry
        self._clock_ms = clock_ms
        self._progress = ProgressNotifier(mailbox, typing_indicator, clock_ms, outbox_woken)
        self._outbox_woken = outbox_woken
        self._finished = finished
        self._leases: dict[tuple[str, int], InboxLease] = {}
        self._deferring_until_ms = 0

    @property
    def busy(self) -> bool:
        return bool(self._leases)

    async def run_once(self) -> int | None:
        """Handle one member who is due: 0 if there was one, else the ms until somebody is (None: nobody)."""
        now_ms = self._clock_ms()
        claimed = await self._mailbox.claim(now_ms)
        if isinstance(claimed, Idle):
            defer_ms = DEFER_MS if now_ms < self._deferring_until_ms else 0
            return None if claimed.next_due_ms is None else max(1, claimed.next_due_ms - now_ms) + defer_ms
        lease: InboxLease | None = claimed
        while lease is not None:
            key = (lease.member, lease.fencing_token)
            self._leases[key] = lease
            try:
                lease = await self._handle(lease)
            except asyncio.CancelledError:
                raise  # the lease is kept for release_all, unless the process is meant to have died
            except BaseException:
                self._leases.pop(key, None)
                raise
            self._leases.pop(key, None)
        return 0

    async def release_all(self) -> None:
        """Release the leases that a stop has interrupted, without counting an attempt."""
        leases, self._leases = list(self._leases.values()), {}
        for lease in leases:
            now_ms = self._clock_ms()
            with suppress(StateUnavailableError):  # then the lease runs out by itself
                await self._mailbox.release(lease, now_ms, due_ms=now_ms, counted=False)

    # -- one lease --------------------------------------------------------------------------------------------------

    async def _handle(self, lease: InboxLease) -> InboxLease | None:
        try:
            if lease.attempts > MAX_DELIVERY_ATTEMPTS:
                return await self._dead_letter(lease)
            work = self._open(lease)
            return await self._work(work)
        except _LostError:
            log.warning("claim_lost")
        except NewerRecordError:
            now_ms = self._clock_ms()
            self._deferring_until_ms = now_ms + NEWER_RECORD_MS
            await self._mailbox.release(lease, now_ms, due_ms=now_ms + NEWER_RECORD_MS, counted=False)
        except StateUnavailableError:
            raise
        except Exception:
            log.exception("turn_failed", attempts=lease.attempts)
            now_ms = self._clock_ms()
            pause = BACKOFF_MS[min(lease.attempts, len(BACKOFF_MS)) - 1]
            await self._mailbox.release(lease, now_ms, due_ms=now_ms + pause, counted=True)
        return None

    def _open(self, lease: InboxLease) -> _Work:
        session = read_record(lease.session, SESSION)
        pending = read_record(lease.pending_writes, PENDING_WRITES) or PendingWrites()
        return _Work(lease, session, pending, self._clock_ms())

    async def _work(self, work: _Work) -> InboxLease | None:
        under_way = work.pending.under_way
        if under_way is not None and under_way.seq != work.lease.seq:
            work.pending = work.pending.mark_unknown(self._clock_ms())
            under_way = None
        if work.lease.entry is None:
            return await self._reconcile_due(work)
        inbound = read_record(work.lease.entry, INBOX_ENTRY)
        work.wamid = inbound.wamid
        async with self._progress.notify_while_running(
            work.lease, inbound.wamid, since_ms=work.started_ms
        ) as work.core_called:
            if under_way is not None:
                work.event = "recovered"
                work.messages += under_way.messages
                work.transitions += under_way.transitions
                work.core_called()
                outcome = await self._reconciler.recover(work.member, under_way, work.pending.unresolved)
                turn = self._resume(work, under_way, outcome)
            else:
                work.event = str(inbound.content.__struct_config__.tag)
                turn = self._take_turn(
                    work, work.session, Received(work.member, inbound, last_delivered_ms=work.lease.last_delivered_ms)
                )
            while turn.call is not None:
                outcome = await self._call(work, turn, turn.call)
                turn = self._take_turn(work, turn.session, CallFinished(work.member, outcome))
        return await self._commit(work, turn.session)

    def _take_turn(self, work: _Work, session: Session | None, event: Event) -> Turn:
        turn = take_turn(self._registry, session, event, self._clock_ms())
        work.messages += turn.messages
        work.transitions += turn.transitions
        return turn

    async def _call(self, work: _Work, turn: Turn, call: Call) -> Outcome:
        work.calls += 1
        work.core_called()
        if isinstance(call, Write):
            return await self._write(work, turn, call)
        return await self._read_core(work, call)

    async def _read_core(self, work: _Work, call: Read) -> Outcome:
        left_ms = work.started_ms + TURN_MS - self._clock_ms()
        try:
            async with asyncio.timeout(max(0, left_ms) / 1000):
                return await self._core.read(work.member, call)
        except TimeoutError:
            return Unavailable()

    # -- writes -----------------------------------------------------------------------------------------------------

    async def _write(self, work: _Work, turn: Turn, call: Write) -> Outcome:
        if self._clock_ms() > work.started_ms + TURN_MS:
            return Unavailable()  # one of several in a turn, and too late for this one
        happened = await self._reconcile(work, lambda write: write.may_duplicate(call))
        if happened and not operation_of(call).allows_duplicate(call):
            return PossibleDuplicate(made=True)
        prepared = await self._reconciler.prepare(
            work.member, call, seq=work.lease.seq, session=turn.session, pending=work.pending
        )
        if not isinstance(prepared, PendingWrite):
            return prepared
        write = msgspec.structs.replace(prepared, messages=tuple(work.messages), transitions=tuple(work.transitions))
        await self._store(work, msgspec.structs.replace(work.pending, under_way=write))
        outcome = await self._reconciler.send(work.member, write, work.pending.unresolved)
        self._record_outcome(work, write, outcome)
        return outcome

    async def _store(self, work: _Work, pending: PendingWrites) -> None:
        raw = pending_writes.encode(pending)
        assert raw is not None
        stored = await self._retrying(lambda: self._mailbox.store_pending_writes(work.lease, self._clock_ms(), raw))
        if stored is CommitResult.LOST:
            raise _LostError

    def _resume(self, work: _Work, write: PendingWrite, outcome: Outcome) -> Turn:
        """Continue the turn in which a dead worker made this write, with the outcome of the write."""
        self._record_outcome(work, write, outcome)
        return self._take_turn(work, write.session, CallFinished(work.member, outcome))

    def _record_outcome(self, work: _Work, write: PendingWrite, outcome: Outcome) -> None:
        """Keep the write if its outcome is unknown; else exclude its credex from the matches of the others."""
        others = work.pending.unresolved
        if isinstance(outcome, Unknown):
            others = (*others, write.retry_later(self._clock_ms()))
        else:
            others = tuple(other.exclude_outcome(write.command, outcome) for other in others)
        work.pending = PendingWrites(unresolved=others)

    async def _reconcile_due(self, work: _Work) -> InboxLease | None:
        """No message waits: reconcile the pending writes that are due."""
        work.event = "looked"
        now_ms = self._clock_ms()
        await self._reconcile(work, lambda write: write.reconcile_at_ms <= now_ms)
        return await self._commit(work, work.session)

    async def _reconcile(self, work: _Work, wanted: Callable[[PendingWrite], bool]) -> bool:
        """Reconcile the wanted unresolved writes once each and tell the member the outcomes; whether one happened."""
        ahead, behind, happened = list(work.pending.unresolved), list[PendingWrite](), False
        while ahead:
            write = ahead.pop(0)
            if not wanted(write) or self._clock_ms() > work.started_ms + RECONCILE_MS:
                behind.append(write)
                continue
            outcome = await self._reconciler.reconcile_once(work.member, write, (*behind, *ahead))
            work.calls += 1
            now_ms = self._clock_ms()
            if isinstance(outcome, Unknown) and now_ms < write.ends_ms:
                behind.append(write.retry_later(now_ms))
                continue
            self._take_turn(
                work,
                work.session,
                WriteReconciled(work.member, write.step, write.command, outcome, write.session.answers),
            )
            happened = happened or isinstance(outcome, Done)
            ahead, behind = (
                [other.exclude_outcome(write.command, outcome) for other in each] for each in (ahead, behind)
            )
        work.pending = msgspec.structs.replace(work.pending, unresolved=tuple(behind))
        return happened

    # -- the end of a lease -----------------------------------------------------------------------------------------

    async def _commit(self, work: _Work, session: Session | None) -> InboxLease | None:
        # A session that is never valid is not stored.
        raw_session = msgspec.json.encode(session) if session and session.valid_until_ms else None
        outbox = _entries(work.messages)
        raw_pending = pending_writes.encode(work.pending)

        async def attempt() -> EndedLease[InboxLease]:
            return await self._mailbox.commit(
                work.lease,
                self._clock_ms(),
                session=raw_session,
                outbox=outbox,
                pending_writes=raw_pending,
                due_ms=work.pending.due_ms,
            )

        committed = await self._retrying(attempt)
        if committed.result is CommitResult.LOST:
            raise _LostError
        if outbox:
            self._outbox_woken()
        self._report(work, session)
        return committed.next

    async def _retrying(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Repeat a step whose reply was lost. Its script recognises a repetition, so the step happens once."""
        for pause in REPEAT_AFTER_S:
            try:
                return await attempt()
            except StateUnavailableError:
                await asyncio.sleep(pause)
        return await attempt()

    async def _dead_letter(self, lease: InboxLease) -> InboxLease | None:
        log.error("message_given_up", attempts=lease.attempts)
        notice = Buttons(body=GIVEN_UP, buttons=(Button(navigation_id("menu"), "Menu"),))
        committed = await self._mailbox.dead_letter(
            lease, self._clock_ms(), reason=f"not finished by {MAX_DELIVERY_ATTEMPTS} claims", outbox=_entries([notice])
        )
        self._outbox_woken()
        return committed.next

    def _report(self, work: _Work, session: Session | None) -> None:
        now_ms = self._clock_ms()
        finished = Finished(
            member=work.member,
            wamid=work.wamid,
            event=work.event,
            flow=session.flow if session else "",
            step=session.step if session else "",
            transitions=tuple(work.transitions),
            messages=len(work.messages),
            calls=work.calls,
            ms=now_ms - work.started_ms,
            # A sequence number is the time at which the message was stored, or slightly more.
            reply_ms=None if work.wamid is None else max(0, now_ms - work.lease.seq),
        )
        try:
            self._finished(finished)
        except Exception:
            # The turn is committed: a failing listener must not cost the member's next message its lease.
            log.exception("turn_not_reported")


def _entries(messages: Sequence[Message]) -> list[bytes]:
    return [msgspec.json.encode(Outgoing(message)) for message in messages]
