"""Writes to Credex core: an intent first, then sent once, then the truth about what became of it.

Credex core has no idempotency key, and an error or a timeout does not mean that nothing happened. So no write is ever
repeated here. Whatever is not the success answer is judged by proof: what stands in a fresh dashboard and did not stand
there before.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Final, Protocol

import msgspec
import structlog

from service.conversation import Session
from service.credex import CredexError, CredexKind, CredexState, LedgerEntry, NotSentError, Written
from service.credex import errors as credex
from service.domain import Account, Dashboard, Denomination, Offer
from service.domain.commands import (
    AcceptOffer,
    CancelOffer,
    CreateOffer,
    DeclineOffer,
    DidNotHappen,
    Done,
    NotFound,
    Outcome,
    PossibleDuplicate,
    Refused,
    Register,
    Unavailable,
    Unknown,
    Upgrade,
    Write,
)
from service.writes.membership import ON_PERSON, STANDING, Standing, stands
from service.writes.membership import precheck as standing_hindrance
from service.writes.pending_write import Baseline, PendingWrite, PendingWrites

__all__ = ("Reconciler", "WritesToCore")

SEND_WITHIN_MS: Final = 5_000
"""A write leaves within this time of its intent, the wait for a free moment at core included, or not at all."""

ABSENT_AFTER_MS: Final = 10_000
"""So long after the last moment of sending, a write that shows nowhere is judged not to have happened."""

JUDGE_WITHIN_MS: Final = 20_000
"""What takes longer to find out stays unresolved: a judgement must end before the worker's lease does."""

ACCEPTED_SLACK_MS: Final = 2_000
"""Core's clock and ours may differ by this much."""

_ENDED_AS: Final = {
    AcceptOffer: (CredexKind.OWES, CredexKind.CLEARED),
    DeclineOffer: (CredexKind.DECLINED,),
    CancelOffer: (CredexKind.CANCELLED,),
}

log = structlog.get_logger(__name__)


class WritesToCore(Protocol):
    """What is needed of Credex core here. Every method raises `CredexError`."""

    async def dashboard(self, member: str) -> Dashboard: ...
    async def send(self, member: str, call: Write, *, within_s: float) -> Written: ...
    async def state(self, member: str, credex_id: str, account_id: str) -> CredexState: ...
    async def accepted(self, member: str, account_id: str) -> Sequence[LedgerEntry]: ...


class _Absent(msgspec.Struct, frozen=True):
    """The write shows nowhere, so far.

    Attributes:
        seen: what would show it was there to be looked at, and did not; else it was concluded from something else.
    """

    seen: bool = True


class Reconciler:
    """Makes writes, and finds out what became of them."""

    def __init__(self, core: WritesToCore, clock_ms: Callable[[], int]) -> None:
        """Use this core and this clock."""
        self._core = core
        self._clock_ms = clock_ms

    async def prepare(
        self, member: str, call: Write, *, seq: int, session: Session, intents: PendingWrites
    ) -> PendingWrite | Outcome:
        """Read the baseline and make the intent; or say why nothing is to be sent."""
        try:
            dashboard: Dashboard | None = await self._core.dashboard(member)
        except credex.NotFoundError:
            dashboard = None
        except CredexError:
            return Unavailable()
        precheck = _hindrance(call, dashboard)
        if precheck is not None:
            return precheck
        if any(intent.looks_like(call) for intent in intents.unresolved) and not _despite(call):
            return PossibleDuplicate()
        now_ms = self._clock_ms()
        return PendingWrite(
            seq=seq,
            step=f"{session.flow}.{session.step}",
            call=call,
            session=session,
            baseline=_baseline(call, dashboard),
            made_at_ms=now_ms,
            send_by_ms=now_ms + SEND_WITHIN_MS,
        )

    async def send(self, member: str, intent: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        """Send the write of a stored intent, once, and find out what became of it."""
        left_ms = intent.send_by_ms - self._clock_ms()
        if left_ms <= 0:
            return Unavailable()
        try:
            written = await self._core.send(member, intent.call, within_s=left_ms / 1000)
        except NotSentError:
            return Unavailable()
        except CredexError as error:
            log.warning("write_unclear", error=type(error).__name__, step=intent.step)
            return await self._judge(member, intent, others, error)
        return Done(written.dashboard, written.credex_id or "")

    async def recover(self, member: str, intent: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        """Find out what became of a write whose worker died: it may have been sent or not, and is not sent now."""
        return await self._judge(member, intent, others, None)

    async def look(self, member: str, intent: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        """Look once whether the write happened; `Unknown` when it cannot be told (yet)."""
        try:
            found = await self._proof(member, intent, others)
        except CredexError:
            return Unknown()
        if isinstance(found, _Absent):
            return DidNotHappen() if self._clock_ms() >= _absent_from(intent) else Unknown()
        return found

    # -- judging ----------------------------------------------------------------------------------------------------

    async def _judge(
        self, member: str, intent: PendingWrite, others: Sequence[PendingWrite], error: CredexError | None
    ) -> Outcome:
        try:
            async with asyncio.timeout(JUDGE_WITHIN_MS / 1000):
                found = await self._proof(member, intent, others)
                if isinstance(found, _Absent) and not _ended_in_core(error):
                    await asyncio.sleep(max(0, _absent_from(intent) - self._clock_ms()) / 1000)
                    found = await self._proof(member, intent, others)
        except (CredexError, TimeoutError):
            return Unknown()
        if not isinstance(found, _Absent):
            return _in_the_light_of(found, error)
        return _refused(intent.call, error, found)

    async def _proof(self, member: str, intent: PendingWrite, others: Sequence[PendingWrite]) -> Outcome | _Absent:
        """What a look at core shows.

        Raises:
            CredexError: core could not be looked at.
        """
        call = intent.call
        try:
            dashboard = await self._core.dashboard(member)
        except credex.NotFoundError:
            return _Absent() if isinstance(call, Register) else Unknown()
        if isinstance(call, Register):
            return Done(dashboard, proven=True)
        if isinstance(call, STANDING):
            return _standing(call, dashboard, intent.baseline)
        account = dashboard.account(call.account_id)
        if account is None:
            return Unknown()
        if isinstance(call, CreateOffer):
            return await self._offer_made(member, intent, call, dashboard, account, others)
        return await self._offer_ended(member, call, dashboard, account)

    async def _offer_made(
        self,
        member: str,
        intent: PendingWrite,
        call: CreateOffer,
        dashboard: Dashboard,
        account: Account,
        others: Sequence[PendingWrite],
    ) -> Outcome | _Absent:
        new = [
            offer
            for offer in account.outgoing
            if offer.credex_id not in intent.baseline.pending and _alike(offer, call)
        ]
        ambiguous = intent.baseline.shared or any(other.looks_like(call) for other in others)
        if new:
            unique = len(new) == 1 and not ambiguous
            return Done(dashboard, new[0].credex_id, proven=True) if unique else Unknown()
        unmoved = intent.baseline.balance is not None and account.balance(call.amount.denomination).equals(
            intent.baseline.balance
        )
        if call.secured and unmoved:
            return _Absent()
        # The other side may have accepted it already: then it is in the ledger and no longer among the pending.
        listed = await self._core.accepted(member, account.account_id)
        entries = [entry for entry in listed if _could_be(entry, intent, call)]
        if not entries:
            return _Absent()
        entry = entries[0]
        unique = len(entries) == 1 and entry.at_ms is not None and not ambiguous
        # Without an id it may be one that waited before and looked the same, if one of those waits no longer.
        waiting = {offer.credex_id for offer in account.outgoing}
        if not unique or (entry.credex_id is None and not waiting.issuperset(intent.baseline.alike)):
            return Unknown()
        return Done(dashboard, entry.credex_id or "", proven=True, accepted=True)

    async def _offer_ended(
        self, member: str, call: AcceptOffer | DeclineOffer | CancelOffer, dashboard: Dashboard, account: Account
    ) -> Outcome | _Absent:
        if _is_pending(account, call):
            return _Absent()
        try:
            state = await self._core.state(member, call.credex_id, call.account_id)
        except (credex.NotFoundError, credex.ServerError, credex.RefusedError):
            return Done(dashboard, proven=True, by_us=False)
        if state.kind in _ENDED_AS[type(call)]:
            return Done(dashboard, call.credex_id, proven=True)
        # Core contradicts itself when it still waits: that tells nothing.
        return Unknown() if state.kind is CredexKind.OFFERS else Refused("not_pending")


_ON_OFFER: Final = (AcceptOffer, DeclineOffer, CancelOffer)


def _standing(call: Standing, dashboard: Dashboard, baseline: Baseline) -> Outcome | _Absent:
    match stands(call, dashboard, baseline):
        case None:
            return Unknown()
        case True:
            return Done(dashboard, proven=True)
        case _:
            return _Absent(seen=not isinstance(call, Upgrade) or dashboard.tier is not None)


def _despite(call: Write) -> bool:
    return isinstance(call, CreateOffer) and call.allow_duplicate


def _absent_from(intent: PendingWrite) -> int:
    return intent.send_by_ms + ABSENT_AFTER_MS


def _alike(offer: Offer, call: CreateOffer) -> bool:
    """Whether a pending offer looks like the one that this write makes."""
    return (
        offer.amount.equals(call.amount)
        and offer.counterparty == call.receiver_name
        and offer.secured is call.secured
        # Core writes some dates so that they cannot be read: what it leaves out excludes nothing.
        and offer.due in {None, call.due}
    )


def _could_be(entry: LedgerEntry, intent: PendingWrite, call: CreateOffer) -> bool:
    """Whether an accepted credex may be the one that this write made. What core leaves out excludes nothing."""
    recent = entry.at_ms is None or entry.at_ms >= intent.made_at_ms - ACCEPTED_SLACK_MS
    issued = (-entry.amount).equals(call.amount)
    new = entry.credex_id is None or entry.credex_id not in intent.baseline.pending
    return recent and issued and new and entry.counterparty == call.receiver_name


def _ended_in_core(error: CredexError | None) -> bool:
    """Whether core itself has answered and is done with the request, so that a later look shows all it did.

    A failure (5xx), a lost answer or a crash of ours says nothing of the kind: core may still be at work.
    """
    return isinstance(error, credex.CoreAnsweredError) and not isinstance(error, credex.ServerError)


def _refused(call: Write, error: CredexError | None, absent: _Absent) -> Outcome:
    """What core said of a write that shows nowhere, as far as what stands there does not contradict it."""
    match error:
        case credex.NotFoundError() if isinstance(call, ON_PERSON):
            return NotFound()
        case credex.NotFoundError() | credex.RefusedError(code=credex.Refusal.NOT_PENDING) if isinstance(
            call, _ON_OFFER
        ):
            return DidNotHappen()  # it waits, whatever core said of it
        case credex.NotFoundError() | credex.RefusedError(code=credex.Refusal.NOT_PENDING | credex.Refusal.ALREADY):
            # It has nothing to do with this write, or should stand, and was looked for where it would.
            named = isinstance(error, credex.RefusedError) and error.code is credex.Refusal.ALREADY
            return Refused("already" if named and not absent.seen else "unknown")
        case credex.RefusedError(code=credex.Refusal.DUPLICATE_PHONE) if isinstance(call, Register):
            return Refused("unknown")  # nobody can log in with that number
        case credex.RefusedError(code=code, remaining=remaining):
            return Refused(code.value, remaining)
        case _:
            return DidNotHappen()


def _in_the_light_of(found: Outcome, error: CredexError | None) -> Outcome:
    """What was found, corrected by what core said: it is no longer pending, and core refused because of that."""
    gone_before = isinstance(error, credex.NotFoundError) or (
        isinstance(error, credex.RefusedError) and error.code is credex.Refusal.NOT_PENDING
    )
    if isinstance(found, Done) and not found.by_us and gone_before:
        return Refused("not_pending")
    return found


def _is_pending(account: Account, call: AcceptOffer | DeclineOffer | CancelOffer) -> bool:
    offers = account.outgoing if isinstance(call, CancelOffer) else account.incoming
    return any(offer.credex_id == call.credex_id for offer in offers)


def _hindrance(call: Write, dashboard: Dashboard | None) -> Outcome | None:
    """Why there is nothing to send, seen from the baseline alone."""
    if isinstance(call, Register):
        return Refused("duplicate_phone") if dashboard else None
    if isinstance(call, STANDING):
        return standing_hindrance(call, dashboard)
    account = dashboard.account(call.account_id) if dashboard else None
    if account is None:
        return Refused("not_authorised")
    if isinstance(call, CreateOffer):
        return None
    return None if _is_pending(account, call) else Refused("not_pending")


def _baseline(call: Write, dashboard: Dashboard | None) -> Baseline:
    if dashboard is None or not isinstance(call, CreateOffer | Upgrade):
        return Baseline()
    account = dashboard.account(call.account_id)
    if account is None:
        return Baseline()
    if isinstance(call, Upgrade):
        return Baseline(balance=account.balance(Denomination.USD), tier=dashboard.tier)
    return Baseline(
        pending=tuple(offer.credex_id for offer in account.outgoing),
        alike=tuple(offer.credex_id for offer in account.outgoing if _alike(offer, call)),
        balance=account.balance(call.amount.denomination),
        shared=len(account.authorised) > 1 or not account.owned,
    )
