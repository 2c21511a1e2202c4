"""Writes to Credex core: the pending write is stored first, sent once, and reconciled until its outcome is known.

Credex core has no idempotency key, and an error or a timeout does not mean that nothing happened. So no write is ever
repeated here. Without core's success answer the outcome is concluded from evidence: what a fresh dashboard shows that
the baseline did not.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final, Protocol, assert_never

import structlog

from service.conversation import Session
from service.credex.endpoints import Endpoint
from service.credex.errors import (
    CoreAnsweredError,
    CredexError,
    NotFoundError,
    NotSentError,
    RefusedError,
    ServerError,
)
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Dashboard
from service.domain.commands import DidNotHappen, Done, Outcome, PossibleDuplicate, Refused, Unavailable, Unknown, Write
from service.writes.operation import Finding, NeedsCredex, NeedsLedger, NotSeen, Observation
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.registry import operation_of

SEND_WITHIN_MS: Final = 5_000
"""A write is sent within this time of its baseline, the wait for a free call included, or not at all."""

ABSENT_AFTER_MS: Final = 10_000
"""A write that shows nowhere this long after it could last have been sent did not happen."""

RECONCILE_WITHIN_MS: Final = 20_000
"""An outcome that takes longer to find out stays unknown for now: the worker's lease must not run out."""

log = structlog.get_logger(__name__)


class WritesToCore(Protocol):
    """What is needed of Credex core here. Every method raises `CredexError`."""

    async def dashboard(self, member: str) -> Dashboard: ...
    async def send(
        self, member: str, endpoint: Endpoint, body: Mapping[str, object], *, within_s: float
    ) -> Written: ...
    async def state(self, member: str, credex_id: str, account_id: str) -> CredexState: ...
    async def accepted(self, member: str, account_id: str) -> Sequence[LedgerEntry]: ...


class Reconciler:
    """Makes writes, and finds out what became of them."""

    def __init__(self, core: WritesToCore, clock_ms: Callable[[], int]) -> None:
        self._core = core
        self._clock_ms = clock_ms

    async def prepare(
        self, member: str, command: Write, *, seq: int, session: Session, pending: PendingWrites
    ) -> PendingWrite | Outcome:
        """Read the baseline and make the pending write; or say why nothing is to be sent."""
        operation = operation_of(command)
        try:
            dashboard = await self._dashboard(member)
        except CredexError:
            return Unavailable()
        hindered = operation.precheck(command, dashboard)
        if hindered is not None:
            return hindered
        if any(write.may_duplicate(command) for write in pending.unresolved) and not operation.allows_duplicate(
            command
        ):
            return PossibleDuplicate()
        now_ms = self._clock_ms()
        return PendingWrite(
            seq=seq,
            step=f"{session.flow}.{session.step}",
            command=command,
            session=session,
            baseline=operation.baseline(command, dashboard),
            made_at_ms=now_ms,
            send_by_ms=now_ms + SEND_WITHIN_MS,
        )

    async def send(self, member: str, write: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        """Send a pending write that has been stored, once, and find out what became of it."""
        left_ms = write.send_by_ms - self._clock_ms()
        if left_ms <= 0:
            return Unavailable()
        operation = operation_of(write.command)
        try:
            written = await self._core.send(
                member, operation.endpoint, operation.request(write.command), within_s=left_ms / 1000
            )
        except NotSentError:
            return Unavailable()
        except CredexError as error:
            log.warning("write_unclear", error=type(error).__name__, step=write.step)
            return await self._reconcile(member, write, others, error)
        return operation.done(write.command, written)

    async def recover(self, member: str, write: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        """Find out what became of a write whose worker died: it may have been sent or not, and is not sent now."""
        return await self._reconcile(member, write, others, None)

    async def reconcile_once(self, member: str, write: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        """Ask core once whether the write happened; `Unknown` if that cannot be told (yet)."""
        try:
            found = await self._evidence(member, write, others)
        except CredexError:
            return Unknown()
        if isinstance(found, NotSeen):
            return DidNotHappen() if self._clock_ms() >= _absent_from_ms(write) else Unknown()
        return found

    async def _reconcile(
        self, member: str, write: PendingWrite, others: Sequence[PendingWrite], error: CredexError | None
    ) -> Outcome:
        try:
            async with asyncio.timeout(RECONCILE_WITHIN_MS / 1000):
                found = await self._evidence(member, write, others)
                if isinstance(found, NotSeen) and not _core_is_done(error):
                    await asyncio.sleep(max(0, _absent_from_ms(write) - self._clock_ms()) / 1000)
                    found = await self._evidence(member, write, others)
        except (CredexError, TimeoutError):
            return Unknown()
        return operation_of(write.command).conclude(found, error)

    async def _evidence(self, member: str, write: PendingWrite, others: Sequence[PendingWrite]) -> Finding:
        """What core shows about a write now; raises `CredexError` if it could not be read."""
        observation = Observation(
            await self._dashboard(member),
            write.baseline,
            since_ms=write.made_at_ms,
            ambiguous=write.baseline.shared or any(other.may_duplicate(write.command) for other in others),
        )
        found = operation_of(write.command).evidence(write.command, observation)
        match found:
            case NeedsLedger():
                return found.conclude(await self._core.accepted(member, found.account_id))
            case NeedsCredex():
                return found.conclude(await self._credex(member, found))
            case Done() | Refused() | Unknown() | NotSeen():
                return found
            case _:
                assert_never(found)

    async def _dashboard(self, member: str) -> Dashboard | None:
        """A fresh dashboard; None if core does not know the member."""
        try:
            return await self._core.dashboard(member)
        except NotFoundError:
            return None

    async def _credex(self, member: str, wanted: NeedsCredex) -> CredexState | None:
        try:
            return await self._core.state(member, wanted.credex_id, wanted.account_id)
        except (NotFoundError, ServerError, RefusedError):
            return None


def _absent_from_ms(write: PendingWrite) -> int:
    return write.send_by_ms + ABSENT_AFTER_MS


def _core_is_done(error: CredexError | None) -> bool:
    """Whether core itself has answered and is done with the request, so that a later read shows all it did.

    After a failure (5xx), a lost answer or a crash of ours core may still be at work.
    """
    return isinstance(error, CoreAnsweredError) and not isinstance(error, ServerError)
