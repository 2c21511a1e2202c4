"""Defects that concern writes to Credex core."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog

from service.conversation import Session, Turn
from service.credex.endpoints import Endpoint
from service.credex.errors import CredexError, NoAnswerError
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Dashboard
from service.domain.commands import DidNotHappen, Done, Known, Login, Outcome, Unknown, Write
from service.mailbox import InboxLease
from service.runtime.inbox_worker import Worker, _Work
from service.writes.operation import NotSeen
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.reconciler import Reconciler, WritesToCore
from tests.defects.build import with_money, with_worker

__all__ = ("DEFECTS",)

log = structlog.get_logger(__name__)


class _Core:
    """Core as writes use it; what is not done otherwise is done as ever."""

    def __init__(self, core: Any) -> None:
        self._core = core

    async def dashboard(self, member: str) -> Dashboard:
        return await self._core.dashboard(member)  # type: ignore[no-any-return]

    async def send(self, member: str, endpoint: Endpoint, body: Mapping[str, object], *, within_s: float) -> Written:
        return await self._core.send(member, endpoint, body, within_s=within_s)  # type: ignore[no-any-return]

    async def state(self, member: str, credex_id: str, account_id: str) -> CredexState:
        return await self._core.state(member, credex_id, account_id)  # type: ignore[no-any-return]

    async def accepted(self, member: str, account_id: str) -> Sequence[LedgerEntry]:
        return await self._core.accepted(member, account_id)  # type: ignore[no-any-return]


class _Twice(_Core):
    async def send(self, member: str, endpoint: Endpoint, body: Mapping[str, object], *, within_s: float) -> Written:
        try:
            return await super().send(member, endpoint, body, within_s=within_s)
        except NoAnswerError:
            return await super().send(member, endpoint, body, within_s=within_s)


class Resending(Reconciler):
    """Sends once more when the answer is lost."""

    def __init__(self, core: WritesToCore, clock_ms: Callable[[], int]) -> None:
        super().__init__(_Twice(core), clock_ms)


class Hasty(Reconciler):
    """Takes for absent what does not show at once."""

    async def _reconcile(
        self, member: str, intent: PendingWrite, others: Sequence[PendingWrite], error: CredexError | None
    ) -> Outcome:
        try:
            found = await self._evidence(member, intent, others)
        except CredexError:
            return Unknown()
        log.info("judged", error=type(error).__name__)
        return DidNotHappen() if isinstance(found, NotSeen) else found


class _Remembered(_Core):
    async def dashboard(self, member: str) -> Dashboard:
        known = await self._core.read(member, Login())
        if isinstance(known, Known) and isinstance(known.value, Dashboard):
            return known.value
        return await super().dashboard(member)


class Stale(Reconciler):
    """Takes the baseline from the cache."""

    async def prepare(
        self, member: str, command: Write, *, seq: int, session: Session, pending: PendingWrites
    ) -> PendingWrite | Outcome:
        """Prepare with what was shown last, not with what is."""
        remembering = Reconciler(_Remembered(self._core), self._clock_ms)
        return await remembering.prepare(member, command, seq=seq, session=session, pending=pending)


class Tardy(Reconciler):
    """Sends however late it is."""

    async def send(self, member: str, intent: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        return await super().send(member, msgspec.structs.replace(intent, send_by_ms=self._clock_ms() + 5_000), others)


class Forgetful(Worker):
    """Computes the turn again after a crash, as if there were no intent."""

    def _open(self, claim: InboxLease) -> _Work:
        work = super()._open(claim)
        work.pending = PendingWrites(unresolved=work.pending.unresolved)
        return work


class Eager(Worker):
    """Commits, and tells, before the write is known."""

    async def _write(self, work: _Work, turn: Turn, call: Write) -> Outcome:
        prepared = await self._reconciler.prepare(
            work.member, call, seq=work.lease.seq, session=turn.session, pending=work.pending
        )
        if not isinstance(prepared, PendingWrite):
            return prepared
        self._sending = asyncio.create_task(self._reconciler.send(work.member, prepared, ()))
        return Done()


DEFECTS: Final = {
    "a write sent again after a lost answer": with_money(Resending),
    "absent at once": with_money(Hasty),
    "the baseline from the cache": with_money(Stale),
    "sent after the time to send": with_money(Tardy),
    "the turn computed again after a crash": with_worker(Forgetful),
    "committed before the write is known": with_worker(Eager),
}
"""By name, a function that starts a bot with the defect."""
