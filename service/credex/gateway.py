"""Credex core as the bot uses it: reads become outcomes, writes are sent, and dashboards are cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol, assert_never

import msgspec
import structlog
from redis.asyncio import Redis, RedisCluster
from redis.exceptions import RedisError

from service.credex.client import CredexClient
from service.credex.endpoints import Endpoint
from service.credex.errors import CredexError, NotFoundError, RefusedError
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Credex, Dashboard, LedgerLine, LedgerPage, Person, Recipient
from service.domain.commands import (
    FindAccount,
    FindMember,
    Known,
    Login,
    NotFound,
    Outcome,
    Read,
    ReadCredex,
    ReadLedger,
    Refused,
    Unavailable,
)

log = structlog.get_logger(__name__)

CACHED_MS = 30_000
"""How long a cached dashboard may be shown. Lists, and everything about money, are always read from core."""

LEDGER_LINES = 7
"""Lines on a page of a ledger: as many as a small screen shows without scrolling."""


class Dashboards(Protocol):
    """A short-lived store of dashboards."""

    async def get(self, member: str) -> Dashboard | None: ...
    async def put(self, member: str, dashboard: Dashboard) -> None: ...
    async def drop(self, member: str) -> None: ...


class _Kept(msgspec.Struct):
    until_ms: int
    dashboard: Dashboard


class DashboardCache:
    """Dashboards in the cache Redis. While it is down nothing is cached."""

    def __init__(self, redis: Redis | RedisCluster, clock_ms: Callable[[], int]) -> None:
        self._redis = redis
        self._clock_ms = clock_ms

    async def get(self, member: str) -> Dashboard | None:
        """The member's dashboard, if it was read moments ago."""
        try:
            raw = await self._redis.get(_key(member))
            kept = msgspec.json.decode(raw, type=_Kept) if raw else None
        except (RedisError, OSError, msgspec.MsgspecError):
            return None
        # The Redis TTL only frees memory: the clock that is passed in may differ from Redis's.
        return kept.dashboard if kept and self._clock_ms() <= kept.until_ms else None

    async def put(self, member: str, dashboard: Dashboard) -> None:
        raw = msgspec.json.encode(_Kept(self._clock_ms() + CACHED_MS, dashboard))
        try:
            await self._redis.set(_key(member), raw, px=CACHED_MS)
        except (RedisError, OSError):
            return

    async def drop(self, member: str) -> None:
        """Drop the member's dashboard: it has become outdated."""
        try:
            await self._redis.delete(_key(member))
        except (RedisError, OSError):
            return


def _key(member: str) -> str:
    return f"dashboard:{member}"


class CredexGateway:
    """Credex core for the worker and the reconciler. All methods but `read` raise `CredexError`."""

    def __init__(self, client: CredexClient, dashboards: Dashboards) -> None:
        self._client = client
        self._dashboards = dashboards

    async def read(self, member: str, call: Read) -> Outcome:
        """Make a read; a failure is an outcome, never an exception."""
        try:
            return Known(await self._read(member, call))
        except NotFoundError:
            return NotFound()
        except RefusedError as refused:
            return Refused(refused.code.value)
        except CredexError as error:
            log.warning("read_failed", call=type(call).__name__, error=type(error).__name__)
            return Unavailable()

    async def _read(self, member: str, call: Read) -> Dashboard | Recipient | Person | LedgerPage | Credex:
        match call:
            case Login(fresh=fresh):
                kept = None if fresh else await self._dashboards.get(member)
                return kept or await self.dashboard(member)
            case FindAccount(handle=handle):
                return await self._client.account_by_handle(member, handle)
            case FindMember(handle=handle):
                return await self._client.member_by_handle(member, handle)
            case ReadLedger(account_id=account_id, page=page):
                return _page(await self._client.get_ledger(member, account_id), page)
            case ReadCredex(credex_id=credex_id, account_id=account_id):
                return _credex(await self._client.get_credex(member, credex_id, account_id))
            case _:
                assert_never(call)

    async def dashboard(self, member: str) -> Dashboard:
        """The member's dashboard, read from core now."""
        dashboard = await self._client.login(member)
        await self._dashboards.put(member, dashboard)
        return dashboard

    async def send(self, member: str, endpoint: Endpoint, body: Mapping[str, object], *, within_s: float) -> Written:
        """Send a write, once, and only if it leaves within this time."""
        written = await self._client.write(member, endpoint, body, send_within_s=within_s)
        if written.dashboard is None:
            # The cached one would show money that is spent.
            await self._dashboards.drop(member)
        else:
            await self._dashboards.put(member, written.dashboard)
        return written

    async def state(self, member: str, credex_id: str, account_id: str) -> CredexState:
        """The present state of a credex."""
        return await self._client.get_credex(member, credex_id, account_id)

    async def accepted(self, member: str, account_id: str) -> Sequence[LedgerEntry]:
        """Accepted credexes of an account, the newest that core gives."""
        return await self._client.get_ledger(member, account_id)


def _page(entries: Sequence[LedgerEntry], wanted: int) -> LedgerPage:
    """One page of a ledger whose newest entry comes first; past the end it is the last one."""
    pages = max(1, -(-len(entries) // LEDGER_LINES))
    page = min(max(1, wanted), pages)
    shown = entries[(page - 1) * LEDGER_LINES : page * LEDGER_LINES]
    return LedgerPage(
        tuple(LedgerLine(one.amount, one.counterparty, one.at_ms, one.credex_id) for one in shown), page, pages
    )


def _credex(state: CredexState) -> Credex:
    return Credex(
        credex_id=state.credex_id,
        state=state.kind.value,
        outgoing=state.outgoing,
        counterparty=state.counterparty,
        amount=state.amount,
        outstanding=state.outstanding,
        secured=state.secured,
        due=state.due,
    )
