"""The worker: takes a member's oldest message, lets the flows answer it, and commits the answer in one step.

A worker may die anywhere. Until the commit nothing is sent and nothing is forgotten: the message stays the head of its
inbox, and whoever claims it next starts again, or continues from the intent if money was under way.
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
from service.domain import InboundMessage
from service.domain.commands import (
    WRITES,
    Call,
    CreateOffer,
    Done,
    Outcome,
    PossibleDuplicate,
    Read,
    Unavailable,
    Unknown,
    Write,
)
from service.mailbox import CommitResult as Step
from service.mailbox import EndedLease, Idle, InboxLease, Mailbox, StateUnavailableError
from service.mailbox.versioning import NewerRecord, read
from service.messages import Button, Buttons, Message, Outgoing
from service.runtime.progress import ProgressNotifier, TypingIndicator
from service.writes import pending_write as written_down
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.reconciler import Reconciler

__all__ = ("Finished", "Worker")

MAX_DELIVERY_ATTEMPTS: Final = 5
TURN_MS: Final = 25_000
LOOKS_MS: Final = 15_000
"""No look at an unresolved intent begins later than this: the lease must outlive the last one."""

NEWER_RECORD_MS: Final = 1_000
GIVE_WAY_MS: Final = 200
"""Whoever gave a newer record back looks so much later than others, or the nearest to Redis would always be first."""
BACKOFF_MS: Final = (1_000, 2_000, 4_000, 8_000)
REPEAT_AFTER_S: Final = (0.2, 1.0, 3.0)

GIVEN_UP: Final = (
    "Something went wrong on our side with your last message, and I could not finish it. "
    "If you had confirmed an offer, check your pending offers before doing it again."
)

_T = TypeVar("_T")

log = structlog.get_logger(__name__)


class Reads(Protocol):
    """What is read of Credex core here: whatever goes wrong is an outcome."""

    async def read(self, member: str, call: Read) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Finished:
    """One turn, for logs and measurements: never the texts.

    Attributes:
        wamid: of the message that began it; None when none did.
        ms: how long the turn took.
        reply_ms: since that message was stored.
    """

    member: str
    wamid: str | None
    event: str
    flow: str
    step: str
    walked: tuple[Transition, ...]
    messages: int
    calls: int
    ms: int
    reply_ms: int | None


class _LostError(Exception):
    """Another worker holds this member now: whatever was computed here is void."""


@dataclass(slots=True)
class _Work:
    """One claim being worked on."""

    claim: InboxLease
    session: Session | None
    intents: PendingWrites
    started_ms: int
    messages: list[Message] = field(default_factory=list)
    walked: list[Transition] = field(default_factory=list)
    calls: int = 0
    event: str = ""
    wamid: str | None = None
    asking: Callable[[], None] = lambda: None

    @property
    def member(self) -> str:
        return self.claim.member


class Worker:
    """Handles inboxes. `run_once` does all there is for one member and comes back."""

    def __init__(
        self,
        mailbox: Mailbox,
        core: Reads,
        money: Reconciler,
        registry: FlowRegistry,
        *,
        clock_ms: Callable[[], int],
        typing_indicator: TypingIndicator | None = None,
        outbox_woken: Callable[[], None] = lambda: None,
        finished: Callable[[Finished], None] = lambda _: None,
    ) -> None:
        """Put the rooms together; nothing is done yet."""
        self._mailbox = mailbox
        self._core = core
        self._money = money
        self._registry = registry
        self._clock_ms = clock_ms
        self._progress = ProgressNotifier(mailbox, typing_indicator, clock_ms, outbox_woken)
        self._outbox_woken = outbox_woken
        self._finished = finished
        self._held: dict[tuple[str, int], InboxLease] = {}
        self._giving_way_until_ms = 0

    @property
    def busy(self) -> bool:
        """Whether a claim is in hand."""
        return bool(self._held)

    async def run_once(self) -> int | None:
        """Handle one member who is due: 0 if there was one, else the ms until somebody is (None: nobody)."""
        now_ms = self._clock_ms()
        claimed = await self._mailbox.claim(now_ms)
        if isinstance(claimed, Idle):
            way_ms = GIVE_WAY_MS if now_ms < self._giving_way_until_ms else 0
            return None if claimed.next_due_ms is None else max(1, claimed.next_due_ms - now_ms) + way_ms
        following: InboxLease | None = claimed
        while following is not None:
            claim = following
            key = (claim.member, claim.fencing_token)
            self._held[key] = claim
            try:
                following = await self._handle(claim)
            except asyncio.CancelledError:
                raise  # whoever stops us gives the claim back, or does not if we are meant to have died
            except BaseException:
                self._held.pop(key, None)
                raise
            self._held.pop(key, None)
        return 0

    async def release_all(self) -> None:
        """Give back, uncounted, what a stop has interrupted."""
        held, self._held = list(self._held.values()), {}
        for claim in held:
            now_ms = self._clock_ms()
            with suppress(StateUnavailableError):  # then its lease runs out, which serves as well
                await self._mailbox.release(claim, now_ms, due_ms=now_ms, counted=False)

    # -- one claim --------------------------------------------------------------------------------------------------

    async def _handle(self, claim: InboxLease) -> InboxLease | None:
        try:
            if claim.attempts > MAX_DELIVERY_ATTEMPTS:
                return await self._bury(claim)
            work = self._open(claim)
            return await self._work(work)
        except _LostError:
            log.warning("claim_lost")
        except NewerRecord:
            now_ms = self._clock_ms()
            self._giving_way_until_ms = now_ms + NEWER_RECORD_MS
            await self._mailbox.release(claim, now_ms, due_ms=now_ms + NEWER_RECORD_MS, counted=False)
        except StateUnavailableError:
            raise
        except Exception:
            log.exception("turn_failed", attempts=claim.attempts)
            now_ms = self._clock_ms()
            pause = BACKOFF_MS[min(claim.attempts, len(BACKOFF_MS)) - 1]
            await self._mailbox.release(claim, now_ms, due_ms=now_ms + pause, counted=True)
        return None

    def _open(self, claim: InboxLease) -> _Work:
        session = read(claim.session, Session)
        intents = read(claim.pending_writes, PendingWrites) or PendingWrites()
        return _Work(claim, session, intents, self._clock_ms())

    async def _work(self, work: _Work) -> InboxLease | None:
        under_way = work.intents.under_way
        if under_way is not None and under_way.seq != work.claim.seq:
            work.intents = work.intents.aside(self._clock_ms())
            under_way = None
        if work.claim.entry is None:
            return await self._look_again(work)
        inbound = read(work.claim.entry, InboundMessage)
        if inbound is None:
            raise NewerRecord
        work.wamid = inbound.wamid
        async with self._progress.notify_while_running(
            work.claim, inbound.wamid, since_ms=work.started_ms
        ) as work.asking:
            if under_way is not None:
                work.event = "recovered"
                work.messages += under_way.messages
                work.walked += under_way.walked
                work.asking()
                outcome = await self._money.recover(work.member, under_way, work.intents.unresolved)
                turn = self._concluded(work, under_way, outcome)
            else:
                work.event = str(inbound.content.__struct_config__.tag)
                turn = self._advance(
                    work, work.session, Received(work.member, inbound, last_delivered_ms=work.claim.last_delivered_ms)
                )
            while turn.call is not None:
                outcome = await self._call(work, turn, turn.call)
                turn = self._advance(work, turn.session, CallFinished(work.member, outcome))
        return await self._commit(work, turn.session)

    def _advance(self, work: _Work, session: Session | None, event: Event) -> Turn:
        turn = take_turn(self._registry, session, event, self._clock_ms())
        work.messages += turn.messages
        work.walked += turn.transitions
        return turn

    async def _call(self, work: _Work, turn: Turn, call: Call) -> Outcome:
        work.calls += 1
        work.asking()
        if isinstance(call, WRITES):
            return await self._write(work, turn, call)
        return await self._read_core(work, call)

    async def _read_core(self, work: _Work, call: Read) -> Outcome:
        left_ms = work.started_ms + TURN_MS - self._clock_ms()
        try:
            async with asyncio.timeout(max(0, left_ms) / 1000):
                return await self._core.read(work.member, call)
        except TimeoutError:
            return Unavailable()

    # -- money ------------------------------------------------------------------------------------------------------

    async def _write(self, work: _Work, turn: Turn, call: Write) -> Outcome:
        if self._clock_ms() > work.started_ms + TURN_MS:
            return Unavailable()  # one of several in a turn: what is late by now is left for another
        made = await self._look(work, lambda intent: intent.looks_like(call))
        if made and not (isinstance(call, CreateOffer) and call.allow_duplicate):
            return PossibleDuplicate(made=True)
        prepared = await self._money.prepare(
            work.member, call, seq=work.claim.seq, session=turn.session, intents=work.intents
        )
        if not isinstance(prepared, PendingWrite):
            return prepared
        intent = msgspec.structs.replace(prepared, messages=tuple(work.messages), walked=tuple(work.walked))
        await self._store(work, msgspec.structs.replace(work.intents, under_way=intent))
        outcome = await self._money.send(work.member, intent, work.intents.unresolved)
        self._settled(work, intent, outcome)
        return outcome

    async def _store(self, work: _Work, intents: PendingWrites) -> None:
        raw = written_down.encode(intents)
        assert raw is not None
        stored = await self._persistently(lambda: self._mailbox.store_pending_writes(work.claim, self._clock_ms(), raw))
        if stored is Step.LOST:
            raise _LostError

    def _concluded(self, work: _Work, intent: PendingWrite, outcome: Outcome) -> Turn:
        """The turn of an intent that somebody else began, carried on with what became of its write."""
        self._settled(work, intent, outcome)
        return self._advance(work, intent.session, CallFinished(work.member, outcome))

    def _settled(self, work: _Work, intent: PendingWrite, outcome: Outcome) -> None:
        """Keep what stays unknown; tell the others which credex is this one's."""
        others = work.intents.unresolved
        if isinstance(outcome, Unknown):
            work.intents = PendingWrites(unresolved=(*others, intent.again(self._clock_ms())))
        else:
            work.intents = PendingWrites(unresolved=tuple(other.beside(intent.call, outcome) for other in others))

    async def _look_again(self, work: _Work) -> InboxLease | None:
        """No message waits: look at the intents that are due, and tell what is found."""
        work.event = "looked"
        now_ms = self._clock_ms()
        await self._look(work, lambda intent: intent.look_at_ms <= now_ms)
        return await self._commit(work, work.session)

    async def _look(self, work: _Work, wanted: Callable[[PendingWrite], bool]) -> bool:
        """Look at the unresolved intents that are wanted, and tell what is found. Whether one of them did happen."""
        ahead, behind, happened = list(work.intents.unresolved), list[PendingWrite](), False
        while ahead:
            intent = ahead.pop(0)
            if not wanted(intent) or self._clock_ms() > work.started_ms + LOOKS_MS:
                behind.append(intent)
                continue
            outcome = await self._money.look(work.member, intent, (*behind, *ahead))
            work.calls += 1
            now_ms = self._clock_ms()
            if isinstance(outcome, Unknown) and now_ms < intent.ends_ms:
                behind.append(intent.again(now_ms))
                continue
            self._advance(
                work,
                work.session,
                WriteReconciled(work.member, intent.step, intent.call, outcome, intent.session.answers),
            )
            happened = happened or isinstance(outcome, Done)
            ahead, behind = ([other.beside(intent.call, outcome) for other in each] for each in (ahead, behind))
        work.intents = msgspec.structs.replace(work.intents, unresolved=tuple(behind))
        return happened

    # -- the end of a claim -----------------------------------------------------------------------------------------

    async def _commit(self, work: _Work, session: Session | None) -> InboxLease | None:
        # One that is not valid at any time is to be forgotten.
        raw_session = msgspec.json.encode(session) if session and session.valid_until_ms else None
        outbox = _entries(work.messages)
        raw_intents = written_down.encode(work.intents)

        async def attempt() -> EndedLease[InboxLease]:
            return await self._mailbox.commit(
                work.claim,
                self._clock_ms(),
                session=raw_session,
                outbox=outbox,
                pending_writes=raw_intents,
                due_ms=work.intents.due_ms,
            )

        committed = await self._persistently(attempt)
        if committed.result is Step.LOST:
            raise _LostError
        if outbox:
            self._outbox_woken()
        self._report(work, session)
        return committed.next

    async def _persistently(self, attempt: Callable[[], Awaitable[_T]]) -> _T:
        """Repeat a step whose answer was lost: the mailbox knows its own repeats, so it happens once."""
        for pause in REPEAT_AFTER_S:
            try:
                return await attempt()
            except StateUnavailableError:
                await asyncio.sleep(pause)
        return await attempt()

    async def _bury(self, claim: InboxLease) -> InboxLease | None:
        log.error("message_given_up", attempts=claim.attempts)
        told = Buttons(body=GIVEN_UP, buttons=(Button(navigation_id("menu"), "Menu"),))
        buried = await self._mailbox.dead_letter(
            claim, self._clock_ms(), reason=f"not finished by {MAX_DELIVERY_ATTEMPTS} claims", outbox=_entries([told])
        )
        self._outbox_woken()
        return buried.next

    def _report(self, work: _Work, session: Session | None) -> None:
        now_ms = self._clock_ms()
        finished = Finished(
            member=work.member,
            wamid=work.wamid,
            event=work.event,
            flow=session.flow if session else "",
            step=session.step if session else "",
            walked=tuple(work.walked),
            messages=len(work.messages),
            calls=work.calls,
            ms=now_ms - work.started_ms,
            # A sequence number is the time at which the message was stored, or slightly more.
            reply_ms=None if work.wamid is None else max(0, now_ms - work.claim.seq),
        )
        try:
            self._finished(finished)
        except Exception:
            # The turn is committed; whoever listens must not cost the member's next message its lease.
            log.exception("turn_not_reported")


def _entries(messages: Sequence[Message]) -> list[bytes]:
    return [msgspec.json.encode(Outgoing(message)) for message in messages]
