"""The control API of the simulated core: members, offers, quirks, rates, and the passing of days."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import msgspec
from litestar import Request, Response, Router, delete, get, patch, post, put
from litestar.exceptions import ClientException, HTTPException, NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from service.domain import Denomination, Money
from simulator.credex_core.amounts import Rates
from simulator.credex_core.core import Core
from simulator.credex_core.ledger import DAY_MS
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.rules import NotFoundRefusalError, RefusalError, amount

__all__ = ("control",)

MAX_DAYS = 366
MAX_TIMES = 1_000
TIERS = range(1, 6)


class NewMember(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A person who becomes a member; ``balances`` such as ``["50 USD"]``."""

    phone: str
    first_name: str
    last_name: str
    tier: int = 1
    handle: str | None = None
    balances: list[str] = []


class NewOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An offer from one account to another, by their handles; ``amount`` such as ``"5 USD"``."""

    sender: str
    receiver: str
    amount: str


class Days(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A number of days to pass."""

    days: int


class CoreConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Calls per minute for all callers together (null: no limit), and the worth of denominations in USD."""

    rate_limit: int | None = None
    rates: dict[Denomination, Decimal] = {}


@dataclass(frozen=True, slots=True)
class MemberSummary:
    """A member, with the balances of each account by its handle."""

    phone: str
    name: str
    handle: str
    tier: int
    accounts: dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class PendingOffer:
    """A pending offer."""

    credex_id: str
    sender: str
    receiver: str
    amount: str
    secured: bool


def _description(shape: type[Any]) -> str:
    return inspect.cleandoc(shape.__doc__ or "")


def control(core: Core) -> Router:
    """The routes under ``/control/core``."""
    handlers = [*_reading(core), *_acting(core), *_quirks_and_days(core), *_configuration(core)]
    return Router("/control/core", route_handlers=handlers, exception_handlers={HTTPException: error_response})


def error_response(_: Request[Any, Any, Any], problem: HTTPException) -> Response[dict[str, Any]]:
    """The answer for an error: ``error`` says what was wrong, ``where`` which fields."""
    said: dict[str, Any] = {"error": problem.detail}
    if isinstance(problem.extra, list):
        said |= {"error": "; ".join(str(one.get("message", one)) for one in problem.extra), "where": problem.extra}
    return Response(said, status_code=problem.status_code)


def _reading(core: Core) -> list[HTTPRouteHandler]:
    @get("/members", tags=["core"], summary="Members and their balances")
    async def members() -> list[MemberSummary]:
        return [_summary(core, member.phone) for member in core.ledger.members.values()]

    @get("/offers", tags=["core"], summary="Pending offers")
    async def offers() -> list[PendingOffer]:
        return [
            PendingOffer(
                credex.credex_id,
                core.ledger.accounts[credex.issuer_id].handle,
                core.ledger.accounts[credex.receiver_id].handle,
                str(Money(credex.amount, credex.denomination)),
                credex.secured,
            )
            for credex in core.offers()
        ]

    @get("/quirks", tags=["core"], summary="The quirks in force")
    async def quirks() -> Quirks:
        return core.quirks

    @get("/clock", tags=["core"], summary="Core's time, and how many days it is ahead")
    async def clock() -> dict[str, int]:
        return _clock(core)

    return [members, offers, quirks, clock]


def _acting(core: Core) -> list[HTTPRouteHandler]:
    @post("/members", tags=["core"], summary="Add a member", description=_description(NewMember))
    async def join(data: JSONBody[NewMember]) -> MemberSummary:
        balances = [_money(text) for text in data.balances]
        if data.tier not in TIERS:
            raise ClientException(f"there are tiers {TIERS.start} to {TIERS.stop - 1}, not {data.tier}")
        try:
            joined = core.add_member(data.phone, data.first_name, data.last_name, tier=data.tier, handle=data.handle)
            for balance in balances:
                core.fund(joined.handle, balance)
        except (RefusalError, NotFoundRefusalError) as refusal:
            raise ClientException(f"Credex core refuses it: {refusal}") from None
        return _summary(core, data.phone)

    @post("/offers", tags=["core"], summary="Make an offer without the bot", description=_description(NewOffer))
    async def offer(data: JSONBody[NewOffer]) -> dict[str, str]:
        try:
            made = core.offer(data.sender, data.receiver, _money(data.amount))
        except (RefusalError, NotFoundRefusalError, KeyError) as refusal:
            raise ClientException(f"Credex core refuses it: {refusal}") from None
        return {"credex_id": made.credex_id}

    @delete("/members/{phone:str}", tags=["core"], summary="Remove a member", status_code=200)
    async def leave(phone: FromPath[str]) -> MemberSummary:
        removed = _summary(core, phone)
        core.leave(core.member(phone))
        return removed

    return [join, offer, leave]


def _quirks_and_days(core: Core) -> list[HTTPRouteHandler]:
    @put("/quirks", tags=["core"], summary="Set the quirks; those not named are off", description=_description(Quirks))
    async def set_quirks(data: JSONBody[dict[str, Any]]) -> Quirks:
        unknown = sorted(set(data) - set(Quirks.__dataclass_fields__))
        if unknown:
            raise ClientException(f"there are no quirks {', '.join(unknown)}; GET /control/core/quirks lists all")
        try:
            wanted = msgspec.convert(data, Quirks)
            if any(not 0 <= getattr(wanted, way) <= MAX_TIMES for way in data):
                raise ClientException(f"a quirk happens 0 to {MAX_TIMES} times; nothing has changed")
            core.quirks = wanted
        except msgspec.ValidationError as error:
            raise ClientException(f"{error}; nothing has changed") from None
        return core.quirks

    @post(
        "/advance",
        tags=["core"],
        summary="Let days pass in core: offers expire, daily limits start again",
        description=_description(Days),
    )
    async def advance(data: JSONBody[Days]) -> dict[str, int]:
        if not 1 <= data.days <= MAX_DAYS:
            raise ClientException(f"from 1 to {MAX_DAYS} days can pass, not {data.days}; nothing has changed")
        core.advance(data.days)
        return _clock(core)

    return [set_quirks, advance]


def _configuration(core: Core) -> list[HTTPRouteHandler]:
    @get("/knobs", tags=["core"], summary="The rate limit and the worth of denominations")
    async def config() -> CoreConfig:
        return _config(core)

    @patch(
        "/knobs",
        tags=["core"],
        summary="Change them; fields not named stay as they are",
        description=_description(CoreConfig),
    )
    async def configure(data: JSONBody[dict[str, Any]]) -> CoreConfig:
        try:
            wanted = msgspec.convert(data, CoreConfig)
        except msgspec.ValidationError as error:
            raise ClientException(f"{error}; nothing has changed") from None
        if wanted.rate_limit is not None and wanted.rate_limit < 1:
            raise ClientException(f"rate_limit is 1 or more, or null, not {wanted.rate_limit}; nothing has changed")
        if any(not (rate.is_finite() and rate > 0) for rate in wanted.rates.values()):
            raise ClientException("the worth of a denomination is more than 0; nothing has changed")
        if "rate_limit" in data:
            core.rate_limit = wanted.rate_limit
        core.rates = Rates({**core.rates.in_usd, **wanted.rates})
        return _config(core)

    return [config, configure]


def _config(core: Core) -> CoreConfig:
    return CoreConfig(core.rate_limit, dict(core.rates.in_usd))


def _clock(core: Core) -> dict[str, int]:
    now_ms = core.ledger.clock_ms()
    return {"now_ms": now_ms, "days_ahead": (now_ms - core.clock_ms()) // DAY_MS}


def _summary(core: Core, phone: str) -> MemberSummary:
    try:
        member = core.member(phone)
    except KeyError:
        raise NotFoundException(f"no member has the phone {phone}; GET /control/core/members lists them") from None
    accounts = {
        account.handle: {
            str(unit): str(amount) for unit, amount in core.ledger.displayed_balances(account.account_id).items()
        }
        for account in core.ledger.accounts_of(member.member_id)
    }
    return MemberSummary(member.phone, f"{member.first_name} {member.last_name}", member.handle, member.tier, accounts)


def _money(text: str) -> Money:
    """Read an amount above 0, under the rules that hold over HTTP."""
    figure, _, unit = text.partition(" ")
    try:
        return Money(amount({"amount": figure}, "amount"), Denomination(unit))
    except (RefusalError, ValueError):
        raise ClientException(f"no amount: {text!r}; for example: 5 USD") from None
