"""Writes to Credex core: the pending write is stored first, sent once, and reconciled until its outcome is known.

Credex core has no idempotency key, and an error or a timeout does not mean that nothing happened. So no write is ever
repeated here. Without core's success answer the outcome is concluded from evidence: what a fresh dashboard shows that
the baseline did not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, assert_never

import msgspec
import structlog

from service.conversation import Session
from service.credex.endpoints import Endpoint
from service.credex.errors import (
    CoreAnsweredError,
    CredexError,
    NoAnswerError,
    NotFoundError,
    NotSentError,
    RefusedError,
    ServerError,
)
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Dashboard
from service.domain.commands import DidNotHappen, Done, Outcome, PossibleDuplicate, Refused, Unavailable, Unknown, Write
from service.writes.operation import (
    Finding,
    NeedsCredex,
    NeedsLedger,
    NeedsName,
    NotSeen,
    Observation,
    OfferFinding,
)
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.registry import operation_of
from service.writes.schedule import SEND_WITHIN_MS
from service.writes.verdict import FIRST_COUNTING_MS, SECOND_COUNTING_MS, LookMemory

SECOND_LOOK_S: Final = 3.0
"""Older cores create and refuse: a refusal is believed after two looks, so far apart, that show nothing new."""

LOOK_WITHIN_S: Final = 15.0
"""A look that takes longer has failed: the worker's lease must not run out."""

log = structlog.get_logger(__name__)


class WritesToCore(Protocol):
    """What is needed of Credex core here. Every method raises `CredexError`."""

    async def dashboard(self, member: str) -> Dashboard: ...
    async def send(
        self, member: str, endpoint: Endpoint, body: Mapping[str, object], *, within_s: float
    ) -> Written: ...
    async def state(self, member: str, credex_id: str, account_id: str) -> CredexState: ...
    async def ledger(self, member: str, account_id: str) -> Sequence[LedgerEntry] | None: ...
    async def account_name(self, member: str, handle: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Looked:
    """One look at core for a write.

    Attributes:
        outcome: `Unknown` while it is not known.
        memory: for the next look.
        failed: core could not be looked at, or the look could not count although it was time: it is to be repeated.
    """

    outcome: Outcome
    memory: LookMemory
    failed: bool = False


class Reconciler:
    """Makes writes, and finds out what became of them."""

    def __init__(self, core: WritesToCore, clock_ms: Callable[[], int]) -> None:
        """Nothing is asked of core yet; the clock is the state's."""
        self._core = core
        self._clock_ms = clock_ms

    async def prepare(
        self, member: str, command: Write, *, seq: int, session: Session, pending: PendingWrites
    ) -> PendingWrite | Outcome:
        """Read the baseline and make the pending write; or say why nothing is to be sent."""
        operation = operation_of(command)
        made_at_ms = self._clock_ms()
        account_id = operation.ledger_account(command)
        try:
            dashboard = await self._dashboard(member)
            hindered = operation.precheck(command, dashboard)
            if hindered is not None:
                return hindered
            ledger = None if account_id is None else await self._ledger(member, account_id)
        except CredexError:
            return Unavailable()
        baseline = operation.baseline(command, dashboard, ledger)
        if dashboard is not None:
            baseline = msgspec.structs.replace(baseline, member_id=dashboard.member_id)
        if not operation.allows_duplicate(command):
            watched = pending.watched if operation.asks_while_watched else ()
            earlier = [each for each in (*pending.unresolved, *watched) if each.may_duplicate(command)]
            if earlier:
                made = any(each.matches_told for each in earlier)
                return PossibleDuplicate(made=made, watched=all(each.verdict_ms for each in earlier) and not made)
            if operation.unseen_lookalike(command, baseline):
                return PossibleDuplicate(elsewhere=True)
        return PendingWrite(
            seq=seq,
            step=f"{session.flow}.{session.step}",
            command=command,
            session=session,
            baseline=baseline,
            made_at_ms=made_at_ms,
            send_by_ms=self._clock_ms() + SEND_WITHIN_MS,
        )

    async def send(self, member: str, write: PendingWrite, others: Sequence[PendingWrite]) -> Looked:
        """Send a pending write that has been stored, once, and look what became of it where the answer is unclear."""
        left_ms = write.send_by_ms - self._clock_ms()
        if left_ms <= 0:
            return Looked(Unavailable(), write.memory)
        operation = operation_of(write.command)
        try:
            written = await self._core.send(
                member, operation.endpoint, operation.request(write.command), within_s=left_ms / 1000
            )
        except NotSentError:
            return Looked(Unavailable(), write.memory)
        except CredexError as error:
            log.warning("write_unclear", error=type(error).__name__, step=write.step)
            if _core_is_done(error):
                return await self._refused(member, write, others, error)
            return await self.look(member, write, others)
        return Looked(operation.done(write.command, written), write.memory)

    async def look(self, member: str, write: PendingWrite, others: Sequence[PendingWrite]) -> Looked:
        """Look at core once for a write: its outcome is `Unknown` if that cannot be told (yet).

        A write whose sender died may have been sent or not. It is looked for, and never sent now.
        """
        at_ms = self._clock_ms()
        try:
            found = await self._evidence(member, write, others)
        except (CredexError, TimeoutError):
            return Looked(Unknown(interrupted=write.interrupted), write.memory, failed=True)
        if isinstance(found, NotSeen):
            found = _absent(write, at_ms)
        if not isinstance(found, OfferFinding):
            return Looked(_at(found, at_ms, write), msgspec.structs.replace(write.memory, counted_ms=None))
        unsure = isinstance(found.outcome, Unknown)
        return Looked(
            Unknown(interrupted=write.interrupted) if unsure else found.outcome,
            found.memory,
            failed=unsure and found.memory.counted_ms is None and at_ms >= write.send_by_ms + FIRST_COUNTING_MS,
        )

    async def _refused(
        self, member: str, write: PendingWrite, others: Sequence[PendingWrite], error: CredexError
    ) -> Looked:
        """Core refused in its own words. It is believed if two looks show that nothing happened all the same."""
        operation = operation_of(write.command)
        try:
            found = await self._evidence(member, write, others)
            if _shows_nothing(found):
                await asyncio.sleep(SECOND_LOOK_S)
                found = await self._evidence(member, write, others)
        except (CredexError, TimeoutError):
            return Looked(Unknown(), write.memory, failed=True)
        if not isinstance(found, OfferFinding):
            return Looked(operation.conclude(found, error), write.memory)
        if found.shows_nothing:
            return Looked(operation.refusal(error, NotSeen()), found.memory)
        return Looked(found.outcome, found.memory)

    async def _evidence(self, member: str, write: PendingWrite, others: Sequence[PendingWrite]) -> Finding:
        """What core shows about a write now.

        Raises:
            CredexError: it could not be read.
            TimeoutError: not in time.
        """
        at_ms = self._clock_ms()
        async with asyncio.timeout(LOOK_WITHIN_S):
            dashboard = await self._dashboard(member)
            if dashboard is not None and write.baseline.member_id not in {"", dashboard.member_id}:
                raise NoAnswerError("Credex core answered with another member's dashboard.")
            now = Observation(
                dashboard,
                write.baseline,
                at_ms=at_ms,
                send_by_ms=write.send_by_ms,
                memory=write.memory,
                others=write.others,
                twins=sum(other.may_duplicate(write.command) for other in others),
                nameless=write.nameless_twins,
            )
            found = operation_of(write.command).evidence(write.command, now)
            while True:
                match found:
                    case NeedsLedger():
                        found = found.conclude(await self._ledger(member, found.account_id))
                    case NeedsCredex():
                        found = found.conclude(await self._credex(member, found))
                    case NeedsName():
                        found = found.conclude(await self._core.account_name(member, found.handle))
                    case Done() | Refused() | Unknown() | NotSeen() | OfferFinding():
                        return found
                    case _:
                        assert_never(found)

    async def _dashboard(self, member: str) -> Dashboard | None:
        """A fresh dashboard; None if core does not know the member."""
        try:
            return await self._core.dashboard(member)
        except NotFoundError:
            return None

    async def _ledger(self, member: str, account_id: str) -> Sequence[LedgerEntry] | None:
        """The ledger, oldest first; None where core gives none, or not to its end."""
        try:
            return await self._core.ledger(member, account_id)
        except (CoreAnsweredError, NoAnswerError):
            return None

    async def _credex(self, member: str, wanted: NeedsCredex) -> CredexState | None:
        try:
            return await self._core.state(member, wanted.credex_id, wanted.account_id)
        except (NotFoundError, ServerError, RefusedError):
            return None


def _core_is_done(error: CredexError | None) -> bool:
    """Whether core itself has answered and is done with the request, so that a later read shows all it did.

    After a failure (5xx), a lost answer or a crash of ours core may still be at work.
    """
    return isinstance(error, CoreAnsweredError) and not isinstance(error, ServerError)


def _shows_nothing(found: Finding) -> bool:
    return isinstance(found, NotSeen) or (isinstance(found, OfferFinding) and found.shows_nothing)


def _absent(write: PendingWrite, at_ms: int) -> OfferFinding:
    """An effect that shows nowhere: the second of two looks in time proves that it is not there."""
    memory = write.memory
    if at_ms < write.send_by_ms + FIRST_COUNTING_MS:
        return OfferFinding(Unknown(), msgspec.structs.replace(memory, counted_ms=None), shows_nothing=True)
    if memory.counted_ms is None:
        return OfferFinding(Unknown(), msgspec.structs.replace(memory, counted_ms=at_ms), shows_nothing=True)
    if at_ms < memory.counted_ms + SECOND_COUNTING_MS:
        return OfferFinding(Unknown(), memory, shows_nothing=True)
    return OfferFinding(DidNotHappen(as_of_ms=at_ms), memory, shows_nothing=True)


def _at(found: Done | Refused | Unknown, at_ms: int, write: PendingWrite) -> Outcome:
    match found:
        case Done():
            return msgspec.structs.replace(found, as_of_ms=at_ms)
        case Unknown():
            return Unknown(interrupted=write.interrupted)
        case Refused():
            return found
        case _:
            assert_never(found)
