"""Core over HTTP: who may call, how often, and the status of each answer. Knows nothing of money."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath

from simulator.credex_core.endpoints import ENDPOINTS, Reply, RequestContext
from simulator.credex_core.ledger import Member
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.responses import ResponseBuilder
from simulator.credex_core.rules import RefusalError
from simulator.credex_core.sessions import Session

if TYPE_CHECKING:
    from simulator.credex_core.core import Core

__all__ = ("application",)

PREFIX: Final = "/v1"
WINDOW_MS: Final = 60_000

_CORE: Final = "simulator.credex_core.core"
"""Where the scope of a request holds the core that it came to."""

Application = Callable[[Any, Any, Any], Awaitable[None]]

_encode = msgspec.json.Encoder(decimal_format="number").encode

# What core says after it did what was asked and then stumbled over something else.
MISREPORTS: Final = {
    404: {"error": "Failed to fetch dashboard data"},
    400: {"error": "Failed to create the digital signature"},
    500: {"error": "Internal server error"},
}
MISREPORTED_ONBOARDING: Final = {"message": "The account could not be created"}
DATABASE_WORDS: Final = "Cannot read properties of undefined (reading 'properties')"
MISSING_CODES: Final = frozenset({"NOT_FOUND", "NOT_PENDING"})


class RejectedError(Exception):
    """The request gets this answer and goes no further."""

    def __init__(self, status: int, body: Mapping[str, Any] | str, *, retry_after_s: int | None = None) -> None:
        """Keep status and body; a text is sent as HTML."""
        super().__init__(status)
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class RateWindow:
    """The rate limiter's count: fixed windows, one for all callers."""

    began_ms: int = 0
    calls: int = 0


def application(core: Core) -> Application:
    """The ASGI application of one core."""
    app: Any = _application()
    served = _Served(core)

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, _CORE: served}, receive, send)

    return serve


@dataclass(frozen=True, slots=True)
class _Served:
    """One core, and how often it was called."""

    core: Core
    window: RateWindow = field(default_factory=RateWindow)


@cache
def _application() -> Litestar:
    """The application of all cores: it takes 5 ms to make, and knows none."""
    return Litestar(route_handlers=[_health, _call], openapi_config=None, logging_config=None)


@get("/health")
async def _health() -> dict[str, str]:
    return {"status": "healthy"}


@post(PREFIX + "/{endpoint:str}")
async def _call(endpoint: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    scope: Any = request.scope
    served: _Served = scope[_CORE]
    body = _parsed(await request.body(), request.headers.get("content-type", ""))
    handling = _Handling(served.core, served.window, endpoint, request.headers)
    status, content = handling.answer(body)
    served.core.record_call(endpoint, handling.phone(body), status, {} if body is None else body)
    text = isinstance(content, str)
    return Response(
        content=content.encode() if isinstance(content, str) else _encode(content),
        status_code=status,
        media_type="text/html" if text else "application/json; charset=utf-8",
        headers=handling.headers,
    )


class _Handling:
    """One request on its way through key, limit, token and endpoint."""

    def __init__(self, core: Core, window: RateWindow, endpoint: str, headers: Mapping[str, str]) -> None:
        self._core = core
        self._window = window
        self._endpoint = endpoint
        self._given = headers
        self._member: Member | None = None
        self.headers = {"X-Request-ID": str(uuid.UUID(int=core.token_rng.getrandbits(128), version=4))}

    def phone(self, body: Mapping[str, Any] | None) -> str:
        """Whom the request was about, as far as that came out."""
        named = (body or {}).get("phone")
        return self._member.phone if self._member is not None else named if isinstance(named, str) else ""

    def answer(self, body: Mapping[str, Any] | None) -> tuple[int, Mapping[str, Any] | str]:
        """Status and body; headers are left in ``headers``."""
        core = self._core
        responses = ResponseBuilder(core.ledger, core.quirks, core.token_rng)
        try:
            self._limit()
            reply = self._reply(body, responses)
        except RejectedError as halt:
            if halt.retry_after_s is not None:
                self.headers["Retry-After"] = str(halt.retry_after_s)
            return halt.status, halt.body
        except RefusalError as refusal:
            return _refused(refusal, self._endpoint, core.quirks, responses)
        self._member = reply.member
        stumbles = core.stumbles(self._endpoint)
        if stumbles is None:
            return reply.status, self._without_dashboard(reply.body)
        if self._endpoint != "onboardMember":
            return stumbles, MISREPORTS[stumbles]
        core.ledger.drop_account(core.ledger.accounts_of(reply.member.member_id)[0])
        return stumbles, MISREPORTED_ONBOARDING

    def _without_dashboard(self, body: dict[str, Any]) -> dict[str, Any]:
        if self._core.quirks.dashboard_left_out and ENDPOINTS[self._endpoint].writes:
            body["data"]["dashboard"] = None
        return body

    def _reply(self, body: Mapping[str, Any] | None, responses: ResponseBuilder) -> Reply:
        core = self._core
        endpoint = ENDPOINTS.get(self._endpoint)
        if endpoint is None:
            raise RejectedError(
                404, {"status": "error", "statusCode": 404, "message": f"No such path: {self._endpoint}"}
            )
        if self._given.get("x-client-api-key") != core.api_key:
            raise RejectedError(401, {"message": "Unauthorized client"})
        if body is None:
            raise RejectedError(400, {"status": "error", "statusCode": 400, "message": "The body is no JSON"})
        member = None
        if endpoint.authenticated:
            session = self._session()
            member = self._member = core.ledger.members[session.member_id]
            if not core.quirks.tokens_not_renewed:
                self.headers["Authorization"] = f"Bearer {core.sessions.renew(session)}"
        context = RequestContext(core.ledger, core.sessions, core.quirks, responses, core.treasury)
        return endpoint.handle(context, member, body)

    def _session(self) -> Session:
        scheme, _, token = self._given.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise RejectedError(401, {"message": "Authentication required"})
        session = self._core.sessions.find(token)
        if session is None or session.member_id not in self._core.ledger.members:
            raise RejectedError(401, {"message": "Invalid token"})
        return session

    def _limit(self) -> None:
        most = self._core.rate_limit
        if most is None:
            return
        now = self._core.clock_ms()
        window = self._window
        if now - window.began_ms >= WINDOW_MS:
            window.began_ms, window.calls = now, 0
        window.calls += 1
        reset_s = math.ceil((window.began_ms + WINDOW_MS - now) / 1000)
        self.headers |= {
            "X-RateLimit-Limit": str(most),
            "X-RateLimit-Remaining": str(max(most - window.calls, 0)),
            "X-RateLimit-Reset": str(reset_s),
        }
        if window.calls > most:
            raise RejectedError(429, "Too many requests, please try again later.", retry_after_s=reset_s)


def _refused(
    refusal: RefusalError, name: str, quirks: Quirks, responses: ResponseBuilder
) -> tuple[int, Mapping[str, Any]]:
    """A refusal, in the form of the oddest core asked for."""
    endpoint = ENDPOINTS[name]
    if quirks.raw_errors and refusal.code == "MISSING_PARAMS":
        return 400, {"error": DATABASE_WORDS}
    if quirks.missing_as_500 and endpoint.names_credex and refusal.code in MISSING_CODES:
        return 500, {"status": "error", "statusCode": 500, "message": "Internal server error"}
    if quirks.management_as_200 and endpoint.manages_accounts:
        return 200, {"message": refusal.reason}
    if quirks.bare_refusals:
        by_credex = endpoint.names_credex or name == "createCredex"
        return refusal.status, {"error" if by_credex else "message": refusal.reason}
    status = 200 if quirks.errors_as_200 else 400 if quirks.errors_as_400 else refusal.status
    return status, responses.refusal(refusal)


def _parsed(content: bytes, media_type: str) -> Mapping[str, Any] | None:
    """The JSON object; nothing of another media type is read; None for what is no JSON."""
    if not media_type.startswith("application/json") or not content:
        return {}
    try:
        value = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else {}
