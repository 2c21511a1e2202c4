"""The inbox worker: takes a member's oldest message, lets the flows answer it, and commits the answer in one step.

A worker may die anywhere. Until the commit nothing is sent and nothing is lost: the message stays first in its inbox,
and the worker that claims it next starts again, or continues from the pending write if a write to core was under way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final, TypeVar

import msgspec
import structlog

from service.conversation import (
    CallFinished,
    Event,
    FlowRegistry,
    Received,
    Session,
    Turn,
    WriteReconciled,
    navigation_id,
    take_turn,
)
from service.domain.commands import Call, Done, Known, Outcome, PossibleDuplicate, Read, Unavailable, Unknown, Write
from service.mailbox import CommitResult, EndedLease, Idle, InboxLease, Mailbox, StateUnavailableError
from service.mailbox.versioning import NewerRecordError, read_record
from service.messages import Button, Buttons, Message, Outgoing
from service.runtime.progress import ProgressNotifier, TypingIndicator
from service.runtime.records import INBOX_ENTRY, PENDING_WRITES, SESSION
from service.runtime.turn_work import Finished, LeaseLostError, Reads, TurnWork
from service.writes import pending_write as pending_writes
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.reconciler import Looked, Reconciler
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
        except LeaseLostError:
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

    def _open(self, lease: InboxLease) -> TurnWork:
        session = read_record(lease.session, SESSION)
        pending = read_record(lease.pending_writes, PENDING_WRITES) or PendingWrites()
        return TurnWork(lease, session, pending, self._clock_ms())

    async def _work(self, work: TurnWork) -> InboxLease | None:
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
                # Its sender died: the write may have been sent or not, and is not sent now.
                write = msgspec.structs.replace(under_way, interrupted=True)
                looked = await self._reconciler.look(work.member, write, work.pending.unresolved)
                turn = self._resume(work, write, looked)
            else:
                work.event = str(inbound.content.__struct_config__.tag)
                turn = self._take_turn(work, work.session, Received(work.member, inbound))
            while turn.call is not None:
                outcome = await self._call(work, turn, turn.call)
                turn = self._take_turn(work, turn.session, CallFinished(work.member, outcome))
        return await self._commit(work, turn.session)

    def _take_turn(self, work: TurnWork, session: Session | None, event: Event) -> Turn:
        turn = take_turn(self._registry, session, event, self._clock_ms())
        work.messages += turn.messages
        work.transitions += turn.transitions
        return turn

    async def _call(self, work: TurnWork, turn: Turn, call: Call) -> Outcome:
        work.calls += 1
        work.core_called()
        if isinstance(call, Write):
            return await self._write(work, turn, call)
        return await self._read_core(work, call)

    async def _read_core(self, work: TurnWork, call: Read) -> Outcome:
        left_ms = work.started_ms + TURN_MS - self._clock_ms()
        try:
            async with asyncio.timeout(max(0, left_ms) / 1000):
                outcome = await self._core.read(work.member, call)
        except TimeoutError:
            return Unavailable()
        work.core_answers = work.core_answers or isinstance(outcome, Known)
        return outcome

    # -- writes -----------------------------------------------------------------------------------------------------

    async def _write(self, work: TurnWork, turn: Turn, call: Write) -> Outcome:
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
        looked = await self._reconciler.send(work.member, write, work.pending.unresolved)
        self._record(work, write, looked)
        return looked.outcome

    async def _store(self, work: TurnWork, pending: PendingWrites) -> None:
        raw = pending_writes.encode(pending)
        assert raw is not None
        stored = await self._retrying(lambda: self._mailbox.store_pending_writes(work.lease, self._clock_ms(), raw))
        if stored is CommitResult.LOST:
            raise LeaseLostError

    def _resume(self, work: TurnWork, write: PendingWrite, looked: Looked) -> Turn:
        """Continue the turn in which a dead worker made this write, with the outcome of the write."""
        self._record(work, write, looked)
        return self._take_turn(work, write.session, CallFinished(work.member, looked.outcome))

    def _record(self, work: TurnWork, write: PendingWrite, looked: Looked) -> None:
        """Keep a write whose outcome is unknown, watch one whose verdict comes from looks, forget the others."""
        pending = msgspec.structs.replace(work.pending, under_way=None)
        if isinstance(looked.outcome, Unknown):
            unknown = self._later(write, looked)
            work.pending = msgspec.structs.replace(pending, unresolved=(*pending.unresolved, unknown))
            return
        work.pending = pending.exclude_outcome(write.command, looked.outcome)
        self._watch(work, write, looked)

    def _later(self, write: PendingWrite, looked: Looked) -> PendingWrite:
        remembering = msgspec.structs.replace(write, memory=looked.memory)
        now_ms = self._clock_ms()
        return remembering.look_again(now_ms) if looked.failed else remembering.look_later(now_ms)

    def _watch(self, work: TurnWork, write: PendingWrite, looked: Looked) -> None:
        """Keep looking for a while after a verdict: core may show more, or show it late."""
        if not operation_of(write.command).is_watched(looked.outcome):
            return
        watched = msgspec.structs.replace(write, memory=looked.memory).watch(self._clock_ms(), looked.outcome)
        if watched is not None:
            work.pending = msgspec.structs.replace(work.pending, watched=(*work.pending.watched, watched))

    async def _reconcile_due(self, work: TurnWork) -> InboxLease | None:
        """No message waits: look for the pending writes that are due."""
        work.event = "looked"
        now_ms = self._clock_ms()
        await self._reconcile(work, lambda write: write.reconcile_at_ms <= now_ms)
        await self._look_at_watched(work, now_ms)
        return await self._commit(work, work.session)

    async def _reconcile(self, work: TurnWork, wanted: Callable[[PendingWrite], bool]) -> bool:
        """Look for the wanted unresolved writes once each and tell the member the outcomes; whether one happened."""
        happened, at = False, 0
        while at < len(work.pending.unresolved) and self._clock_ms() <= work.started_ms + RECONCILE_MS:
            before, write, after = _around(work.pending.unresolved, at)
            if not wanted(write):
                at += 1
                continue
            looked = await self._reconciler.look(work.member, write, (*before, *after))
            work.calls += 1
            if isinstance(looked.outcome, Unknown) and self._clock_ms() < write.ends_ms:
                unresolved = (*before, self._later(write, looked), *after)
                work.pending = msgspec.structs.replace(work.pending, unresolved=unresolved)
                at += 1
                continue
            self._tell(work, write, looked.outcome)
            happened = happened or isinstance(looked.outcome, Done)
            others = msgspec.structs.replace(work.pending, unresolved=(*before, *after))
            work.pending = others.exclude_outcome(write.command, looked.outcome)
            self._watch(work, write, looked)
        return happened

    async def _look_at_watched(self, work: TurnWork, now_ms: int) -> None:
        """Look for watched writes that are due; tell what the member was not told yet."""
        at = 0
        while at < len(work.pending.watched) and self._clock_ms() <= work.started_ms + RECONCILE_MS:
            before, write, after = _around(work.pending.watched, at)
            if write.reconcile_at_ms > now_ms:
                at += 1
                continue
            looked = await self._reconciler.look(work.member, write, work.pending.unresolved)
            work.calls += 1
            outcome = looked.outcome
            if isinstance(outcome, Done) and outcome.count > write.matches_told:
                self._tell(work, write, msgspec.structs.replace(outcome, another=write.matches_told > 0))
            remembering = msgspec.structs.replace(write, memory=looked.memory)
            again = remembering.watch(self._clock_ms(), outcome)
            others = msgspec.structs.replace(work.pending, watched=(*before, *after))
            others = others.exclude_outcome(write.command, outcome)
            work.pending = msgspec.structs.replace(others, watched=(*others.watched, *([again] if again else [])))

    def _tell(self, work: TurnWork, write: PendingWrite, outcome: Outcome) -> None:
        event = WriteReconciled(work.member, write.step, write.command, outcome, write.session.answers)
        self._take_turn(work, work.session, event)

    # -- the end of a lease -----------------------------------------------------------------------------------------

    async def _commit(self, work: TurnWork, session: Session | None) -> InboxLease | None:
        # A session that is never valid is not stored.
        raw_session = msgspec.json.encode(session) if session and session.valid_until_ms else None
        outbox = _entries(work.messages)
        if work.core_answers:
            # Core could be read just now: a look that failed need not wait any longer.
            work.pending = work.pending.look_now(self._clock_ms())
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
            raise LeaseLostError
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

    def _report(self, work: TurnWork, session: Session | None) -> None:
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


def _around(
    writes: tuple[PendingWrite, ...], at: int
) -> tuple[Sequence[PendingWrite], PendingWrite, Sequence[PendingWrite]]:
    """The writes before one, that one, and those after it."""
    return writes[:at], writes[at], writes[at + 1 :]


def _entries(messages: Sequence[Message]) -> list[bytes]:
    return [msgspec.json.encode(Outgoing(message)) for message in messages]
