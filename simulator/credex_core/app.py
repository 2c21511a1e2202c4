"""Core over HTTP: client key, rate limit, bearer token, and the status of each answer."""

from __future__ import annotations

import json
import math
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any, Final

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.params import FromPath

from simulator.credex_core.core import Core
from simulator.credex_core.endpoints import Endpoint, Reply, RequestContext
from simulator.credex_core.ledger import Member
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.responses import ResponseBuilder
from simulator.credex_core.rules import RefusalError
from simulator.credex_core.sessions import Session

__all__ = ("asgi_app",)

PREFIX: Final = "/v1"
WINDOW_MS: Final = 60_000

_SERVED: Final = "simulator.credex_core.served"
"""The key of a request's scope that holds the core it was sent to."""

Application = Callable[[Any, Any, Any], Awaitable[None]]

_encode = msgspec.json.Encoder(decimal_format="number").encode

# The answers of a core that has done what was asked, and failed afterwards.
MISREPORTS: Final = {
    404: {"error": "Failed to fetch dashboard data"},
    400: {"error": "Failed to create the digital signature"},
    500: {"error": "Internal server error"},
}
MISREPORTED_ONBOARDING: Final = {"message": "The account could not be created"}
DATABASE_WORDS: Final = "Cannot read properties of undefined (reading 'properties')"
MISSING_CODES: Final = frozenset({"NOT_FOUND", "NOT_PENDING"})


class RejectedError(Exception):
    """The request is answered before it reaches an endpoint."""

    def __init__(self, status: int, body: Mapping[str, Any] | str, *, retry_after_s: int | None = None) -> None:
        """Answer with a status and a body; a text is sent as HTML."""
        super().__init__(status)
        self.status = status
        self.body = body
        self.retry_after_s = retry_after_s


@dataclass(slots=True)
class RateWindow:
    """The calls counted in the present window of 60 s, for all callers together."""

    began_ms: int = 0
    calls: int = 0


def asgi_app(core: Core) -> Application:
    """The ASGI application of one core, under ``/v1``."""
    app: Any = _litestar()
    served = _Served(core)

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await app({**scope, _SERVED: served}, receive, send)

    return serve


@dataclass(frozen=True, slots=True)
class _Served:
    core: Core
    window: RateWindow = field(default_factory=RateWindow)


@cache
def _litestar() -> Litestar:
    """The application that all cores share: it takes 5 ms to build, and finds its core in the scope."""
    return Litestar(route_handlers=[_health, _call], openapi_config=None, logging_config=None)


@get("/health")
async def _health() -> dict[str, str]:
    return {"status": "healthy"}


@post(PREFIX + "/{endpoint:str}")
async def _call(endpoint: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
    scope: Any = request.scope
    served: _Served = scope[_SERVED]
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
    """One request: its rate limit, client key, token and endpoint are applied in this order."""

    def __init__(self, core: Core, window: RateWindow, name: str, headers: Mapping[str, str]) -> None:
        self._core = core
        self._window = window
        self._name = name
        self._given = headers
        self._member: Member | None = None
        self.headers = {"X-Request-ID": str(uuid.UUID(int=core.token_rng.getrandbits(128), version=4))}

    def phone(self, body: Mapping[str, Any] | None) -> str:
        """The phone number of the member concerned, or the one that the body names; empty if neither is known."""
        named = (body or {}).get("phone")
        return self._member.phone if self._member is not None else named if isinstance(named, str) else ""

    def answer(self, body: Mapping[str, Any] | None) -> tuple[int, Mapping[str, Any] | str]:
        """Status and body; the headers are then in ``headers``."""
        core = self._core
        responses = ResponseBuilder(core.ledger, core.quirks, core.token_rng)
        try:
            self._limit()
            endpoint = self._known()
            self._check_key()
            try:
                reply = self._reply(endpoint, body, responses)
            except RefusalError as refusal:
                return _refused(refusal, self._name, endpoint, core.quirks, responses)
        except RejectedError as rejected:
            if rejected.retry_after_s is not None:
                self.headers["Retry-After"] = str(rejected.retry_after_s)
            return rejected.status, rejected.body
        self._member = reply.member
        misreported = core.take_misreported_status(self._name)
        if misreported is None:
            if core.quirks.dashboard_left_out and endpoint.writes:
                reply.body["data"]["dashboard"] = None
            return reply.status, reply.body
        if self._name != "onboardMember":
            return misreported, MISREPORTS[misreported]
        core.ledger.drop_account(core.ledger.accounts_of(reply.member.member_id)[0])
        return misreported, MISREPORTED_ONBOARDING

    def _known(self) -> Endpoint:
        endpoint = self._core.endpoints.get(self._name)
        if endpoint is None:
            raise RejectedError(404, {"status": "error", "statusCode": 404, "message": f"No such path: {self._name}"})
        return endpoint

    def _check_key(self) -> None:
        if self._given.get("x-client-api-key") != self._core.api_key:
            raise RejectedError(401, {"message": "Unauthorized client"})

    def _reply(self, endpoint: Endpoint, body: Mapping[str, Any] | None, responses: ResponseBuilder) -> Reply:
        if body is None:
            raise RejectedError(400, {"status": "error", "statusCode": 400, "message": "The body is no JSON"})
        core = self._core
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
        limit = self._core.rate_limit
        if limit is None:
            return
        now = self._core.clock_ms()
        window = self._window
        if now - window.began_ms >= WINDOW_MS:
            window.began_ms, window.calls = now, 0
        window.calls += 1
        reset_s = math.ceil((window.began_ms + WINDOW_MS - now) / 1000)
        self.headers |= {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(limit - window.calls, 0)),
            "X-RateLimit-Reset": str(reset_s),
        }
        if window.calls > limit:
            raise RejectedError(429, "Too many requests, please try again later.", retry_after_s=reset_s)


def _refused(
    refusal: RefusalError, name: str, endpoint: Endpoint, quirks: Quirks, responses: ResponseBuilder
) -> tuple[int, Mapping[str, Any]]:
    """A refusal as the quirks have it; the first quirk that applies wins."""
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
    """The JSON object of a body; empty for other media types and other values, None for invalid JSON."""
    if not media_type.startswith("application/json") or not content:
        return {}
    try:
        value = json.loads(content, parse_float=Decimal)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else {}
