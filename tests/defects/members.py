"""Defects that concern members: sessions, tokens, displayed data, and reports."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from typing import Any, Final

import msgspec
from redis.exceptions import RedisError

from service.app import Dependencies, Service
from service.conversation import Event, Received, Session, Turn, WriteReconciled
from service.credex.client import CredexClient
from service.credex.gateway import CredexGateway, DashboardCache
from service.credex.tokens import CachedTokens
from service.domain import ButtonReply, Dashboard, InboundMessage, Money, TextMessage, UnsupportedMessage
from service.domain.commands import Outcome
from service.mailbox import InboxLease, StateUnavailableError
from service.runtime.inbox_worker import Worker, _Work
from service.settings import Settings
from service.whatsapp import GraphClient
from service.writes.create_offer import CreateOffer
from service.writes.pending_write import PendingWrite, PendingWrites
from service.writes.reconciler import Reconciler
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot
from tests.defects.build import RunBot, with_money, with_service, with_worker

__all__ = ("DEFECTS",)


class OneToken(CachedTokens):
    """Stores one token of core for all members."""

    async def get(self, member: str) -> str | None:  # noqa: ARG002 - that is the defect
        return await super().get("member")

    async def put(self, member: str, token: str) -> None:  # noqa: ARG002
        await super().put("member", token)


class Shared(Service):
    """Calls core with one token for all members."""

    def _credex_client(self) -> CredexClient:
        client = super()._credex_client()
        old = client._core._tokens
        assert isinstance(old, CachedTokens)
        new = OneToken.__new__(OneToken)
        new.__dict__.update(old.__dict__)
        client._core._tokens = new
        return client


class OneDashboard(DashboardCache):
    """Stores one dashboard for all members."""

    async def get(self, member: str) -> Dashboard | None:  # noqa: ARG002 - that is the defect
        return await super().get("member")

    async def put(self, member: str, dashboard: Dashboard) -> None:  # noqa: ARG002
        await super().put("member", dashboard)


class MixedUp(CredexGateway):
    """Shows each member the balances of the previous one."""

    _newest: tuple[Money, ...] = ()

    async def dashboard(self, member: str) -> Dashboard:
        whole = await super().dashboard(member)
        first, *others = whole.accounts
        mixed = replace(first, balances=self._newest or first.balances)
        self._newest = first.balances
        return replace(whole, accounts=(mixed, *others))


def _mixing_up(wires: Connections) -> Bot:
    service = run_service(wires)
    assert isinstance(service, Service)
    assert isinstance(service._worker._core, CredexGateway)
    old = service._worker._core
    core = MixedUp(old._client, old._dashboards)
    service._worker._core = core
    service._worker._reconciler._core = core
    return service


class Obliging(Worker):
    """Accepts a Confirm button of any age as an answer to the present question."""

    def _take_turn(self, work: _Work, session: Session | None, event: Event) -> Turn:
        return super()._take_turn(work, session, _refreshed(event, session, self._clock_ms()))


def _refreshed(event: Event, session: Session | None, now_ms: int) -> Event:
    match event:
        case Received(inbound=InboundMessage(content=ButtonReply(id=tapped) as content) as inbound) if (
            session and tapped.endswith(":confirm")
        ):
            content = msgspec.structs.replace(content, id=f"a:{session.turn}:confirm")
            inbound = msgspec.structs.replace(inbound, content=content, sent_at_ms=now_ms, received_at_ms=now_ms)
            return Received(event.member, inbound)
        case _:
            return event


class Presuming(Worker):
    """Accepts any typed text as an answer to the newest question, regardless of its time."""

    def _take_turn(self, work: _Work, session: Session | None, event: Event) -> Turn:
        if isinstance(event, Received) and isinstance(event.inbound.content, TextMessage):
            now_ms = self._clock_ms() + 1_000
            inbound = msgspec.structs.replace(event.inbound, sent_at_ms=now_ms)
            event = Received(event.member, inbound)
        return super()._take_turn(work, session, event)


class Floating(Reconciler):
    """Calculates with binary floats."""

    async def send(self, member: str, intent: PendingWrite, others: Sequence[PendingWrite]) -> Outcome:
        call = intent.command
        if isinstance(call, CreateOffer):
            reckoned = Decimal(float(call.amount.amount) + 0.1 - 0.1)
            amount = Money(reckoned, call.amount.denomination)
            intent = msgspec.structs.replace(intent, command=msgspec.structs.replace(call, amount=amount))
        return await super().send(member, intent, others)


class Secretive(Worker):
    """Reconciles a write and does not report the outcome."""

    def _take_turn(self, work: _Work, session: Session | None, event: Event) -> Turn:
        if isinstance(event, WriteReconciled):
            return Turn(session or Session())
        return super()._take_turn(work, session, event)


class Hoarding(Worker):
    """Never stops reconciling a write that was once unknown."""

    def __init__(self, *args: object, **named: object) -> None:
        super().__init__(*args, **named)  # type: ignore[arg-type]
        self._once: dict[str, PendingWrite] = {}

    async def _commit(self, work: _Work, session: Session | None) -> InboxLease | None:
        for intent in work.pending.unresolved:
            self._once[work.member] = intent
        kept = self._once.get(work.member)
        if kept is not None and not work.pending.unresolved:
            work.pending = PendingWrites(
                unresolved=(msgspec.structs.replace(kept, reconcile_at_ms=self._clock_ms() + DAY_MS),)
            )
        return await super()._commit(work, session)


class Picky(Worker):
    """Raises an error for pictures."""

    def _take_turn(self, work: _Work, session: Session | None, event: Event) -> Turn:
        if isinstance(event, Received) and isinstance(event.inbound.content, UnsupportedMessage):
            raise KeyError("text")
        return super()._take_turn(work, session, event)


class Verbose(GraphClient):
    """Sends button titles that are too long."""

    async def _post(self, body: dict[str, object]) -> tuple[int, Any]:
        return await super()._post(_lengthened(body))


def _lengthened(body: Any) -> Any:
    """The same message with a longer title for the menu."""
    if isinstance(body, dict):
        return {key: _lengthened(value) for key, value in body.items()}
    if isinstance(body, list | tuple):
        return [_lengthened(value) for value in body]
    return "Back to the main menu" if body == "Menu" else body


class Wordy(Service):
    """Sends through a client that ignores limits."""

    def __init__(self, settings: Settings, *, dependencies: Dependencies) -> None:
        super().__init__(settings, dependencies=dependencies)
        self._sender._graph = Verbose(
            self._graph_http,
            api_url=settings.whatsapp_api_url,
            phone_number_id=settings.whatsapp_phone_number_id,
            access_token=settings.whatsapp_access_token.get_secret_value(),
        )


class Amnesiac(Service):
    """Stops its worker for good after one failure of Redis."""

    async def start(self) -> None:
        handle = self._worker.run_once
        service = self

        async def until_it_fails() -> int | None:
            if service._failed:
                return None
            try:
                return await handle()
            except StateUnavailableError:
                service._failed = True
                raise

        self._worker.run_once = until_it_fails  # type: ignore[method-assign]
        await super().start()

    _failed = False


def _with_cache(kind: Callable[..., DashboardCache]) -> RunBot:
    def run_bot(wires: Connections) -> Bot:
        service = run_service(wires)
        assert isinstance(service, Service)
        core = service._worker._core
        assert isinstance(core, CredexGateway)
        core._dashboards = kind(wires.cache, wires.clock_ms)
        return service

    return run_bot


class EverLasting(DashboardCache):
    """Stores dashboards without a TTL."""

    async def put(self, member: str, dashboard: Dashboard) -> None:
        await super().put(member, dashboard)
        with suppress(RedisError, OSError):
            await self._redis.persist(f"dashboard:{member}")


DAY_MS: Final = 86_400_000

DEFECTS: Final[dict[str, RunBot]] = {
    "one token of core for everybody": with_service(Shared),
    "one dashboard for everybody": _with_cache(OneDashboard),
    "another's balance under one's own name": _mixing_up,
    "an old Confirm acts": with_worker(Obliging),
    "a word confirms what was asked after it": with_worker(Presuming),
    "money in binary fractions": with_money(Floating),
    "what was found is not told": with_worker(Secretive),
    "an intent is never cleared": with_worker(Hoarding),
    "pictures are not expected": with_worker(Picky),
    "buttons longer than WhatsApp takes": with_service(Wordy),
    "a worker that ends when Redis is away": with_service(Amnesiac),
    "the cache never forgets": _with_cache(EverLasting),
}
"""By name, a function that starts a bot with the defect."""
