"""Requests to Credex core and its responses: each sent once, within a deadline, with the member's token.

A write is sent once: never again after a timeout, a lost connection or a 401. A read is sent again once, after a
401 and a new login. Every call has one deadline, which includes the wait for the limiter.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeVar

import httpx

from service.credex.endpoints import LOGIN, Endpoint
from service.credex.error_mapping import classify, pause_s
from service.credex.errors import CredexError, NoAnswerError, NotSentError, UnauthorisedError
from service.credex.response import CoreResponse, parse_response
from service.credex.tokens import Tokens
from service.http_client import certainly_not_sent

T = TypeVar("T")

Reading = Callable[[Mapping[str, Any]], Awaitable[CoreResponse]]
"""Reads once more under the same deadline, with another body."""

_CONNECT_SHARE: Final = 0.6
"""A connection may take this share of the time left: it is given up while it is certain that nothing was sent."""


class CallLimiter(Protocol):
    """Decides when core may be called."""

    async def wait(self, *, at_most_ms: int) -> int:
        """Wait until a call is allowed; returns how long that took, in ms.

        Raises:
            BudgetExhaustedError: it would take longer than ``at_most_ms``.
        """

    async def pause(self, seconds: float) -> None:
        """Allow no calls for this long: core answered 429."""


@dataclass(slots=True)
class _Attempt:
    """One call of the client: when it must end, when its final request must have left, and whether it has."""

    until: float
    send_until: float
    sent: bool = False

    def left_s(self, *, final: bool = False) -> float:
        """The time left for the call; with ``final``, until the final request must have left."""
        until = min(self.until, self.send_until) if final else self.until
        return max(0.0, until - asyncio.get_running_loop().time())


class Transport:
    """Sends the client's requests; every method raises `CredexError`.

    Args:
        http: sends the requests; must not repeat them by itself.
        base_url: of core, version prefix included; a missing slash at its end is added.
        api_key: shared with core, sent with every call.
        tokens: where bearer tokens are kept.
        budget: decides when core may be called.
        deadline_s: for one call, everything in it.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: str,
        api_key: str,
        tokens: Tokens,
        budget: CallLimiter,
        deadline_s: float,
    ) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/") + "/"
        self._api_key = api_key
        self._tokens = tokens
        self._budget = budget
        self._deadline_s = deadline_s

    async def login(self, phone: str) -> CoreResponse:
        """Log in, and keep the token."""

        async def work(attempt: _Attempt) -> CoreResponse:
            return await self._login(phone, attempt, final=True)

        return await self._within_deadline(LOGIN, work)

    async def join(
        self, endpoint: Endpoint, phone: str, body: Mapping[str, Any], send_within_s: float | None
    ) -> CoreResponse:
        """Send a write that needs no token and may return one, once."""

        async def work(attempt: _Attempt) -> CoreResponse:
            response = await self._post(endpoint, body, attempt, phone=phone, final=True)
            classify(response, endpoint)
            await self._keep(phone, response.token, attempt)
            return response

        return await self._within_deadline(endpoint, work, send_within_s)

    async def reads(self, endpoint: Endpoint, phone: str, work: Callable[[Reading], Awaitable[T]]) -> T:

        async def attempted(attempt: _Attempt) -> T:
            return await work(lambda body: self._read_again_after_401(endpoint, phone, body, attempt))

        return await self._within_deadline(endpoint, attempted)

    async def read(self, endpoint: Endpoint, phone: str, body: Mapping[str, Any]) -> CoreResponse:
        """Send a read with a token; after a 401 log in and send it once more."""

        async def work(attempt: _Attempt) -> CoreResponse:
            return await self._read_again_after_401(endpoint, phone, body, attempt)

        return await self._within_deadline(endpoint, work)

    async def _read_again_after_401(
        self, endpoint: Endpoint, phone: str, body: Mapping[str, Any], attempt: _Attempt
    ) -> CoreResponse:
        token = await self._token(phone, attempt)
        response = await self._post(endpoint, body, attempt, phone=phone, token=token, final=True)
        try:
            classify(response, endpoint)
        except UnauthorisedError:
            token = _token_of(await self._login(phone, attempt))
            response = await self._post(endpoint, body, attempt, phone=phone, token=token, final=True)
            classify(response, endpoint)
        return response

    async def write(
        self, endpoint: Endpoint, phone: str, body: Mapping[str, Any], send_within_s: float | None = None
    ) -> CoreResponse:
        """Send a write with a token, once."""

        async def work(attempt: _Attempt) -> CoreResponse:
            try:
                token = await self._token(phone, attempt)
            except NotSentError:
                raise
            except CredexError as error:
                raise NotSentError(f"The login before {endpoint.path} failed. {endpoint.path} was not sent.") from error
            response = await self._post(endpoint, body, attempt, phone=phone, token=token, final=True)
            classify(response, endpoint)
            return response

        return await self._within_deadline(endpoint, work, send_within_s)

    async def _login(self, phone: str, attempt: _Attempt, *, final: bool = False) -> CoreResponse:
        response = await self._post(LOGIN, {"phone": phone}, attempt, phone=phone, final=final)
        classify(response, LOGIN)
        await self._keep(phone, response.token, attempt)
        return response

    async def _token(self, phone: str, attempt: _Attempt) -> str:
        kept = None
        with suppress(TimeoutError):
            async with asyncio.timeout(attempt.left_s() / 4):
                kept = await self._tokens.get(phone)
        return kept or _token_of(await self._login(phone, attempt))

    async def _keep(self, phone: str, token: str | None, attempt: _Attempt) -> None:
        """Keep a token. A slow cache gets only part of the time left, so that it never costs the response."""
        if token is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(attempt.left_s() / 4):
                await self._tokens.put(phone, token)

    async def _post(
        self,
        endpoint: Endpoint,
        body: Mapping[str, Any],
        attempt: _Attempt,
        *,
        phone: str,
        token: str | None = None,
        final: bool = False,
    ) -> CoreResponse:
        """Send one request, once. After ``final`` was sent a failure is a `NoAnswerError`, before a `NotSentError`."""
        await self._budget.wait(at_most_ms=int(attempt.left_s(final=final) * 1000))
        headers = {"Content-Type": "application/json", "x-client-api-key": self._api_key}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        left_s = attempt.left_s(final=final)
        if not left_s:
            raise NotSentError(f"It was too late to send {endpoint.path}. It was not sent.")
        connect = min(left_s, attempt.left_s() * _CONNECT_SHARE)
        request = self._http.build_request(
            "POST",
            self._base_url + endpoint.path,
            content=json.dumps(body).encode(),
            headers=headers,
            timeout=httpx.Timeout(None, connect=connect, pool=connect),
        )
        attempt.sent = attempt.sent or final
        try:
            raw = await self._http.send(request, auth=None, follow_redirects=False)
        # Transports raise more than httpx documents, and after sending every exception leaves the outcome unknown.
        except Exception as error:
            if certainly_not_sent(error):
                raise NotSentError(f"Credex core cannot be reached. {endpoint.path} was not sent.") from error
            raise NoAnswerError(
                f"The connection broke after {endpoint.path} was sent. The outcome is unknown."
            ) from error
        response = parse_response(raw)
        await self._apply_side_effects(response, phone, token, attempt)
        return response

    async def _apply_side_effects(
        self, response: CoreResponse, phone: str, token: str | None, attempt: _Attempt
    ) -> None:
        """Any response may bring a newer token, void the one that was sent, or ask for a pause."""
        await self._keep(phone, response.renewed, attempt)
        with suppress(TimeoutError):
            async with asyncio.timeout(attempt.left_s() / 4):
                if response.status == httpx.codes.UNAUTHORIZED and token is not None:
                    await self._tokens.drop(phone, token)
                if response.status == httpx.codes.TOO_MANY_REQUESTS:
                    await self._budget.pause(pause_s(response.retry_after))

    async def _within_deadline(
        self, endpoint: Endpoint, work: Callable[[_Attempt], Awaitable[T]], send_within_s: float | None = None
    ) -> T:
        now = asyncio.get_running_loop().time()
        attempt = _Attempt(now + self._deadline_s, now + (self._deadline_s if send_within_s is None else send_within_s))
        try:
            async with asyncio.timeout_at(attempt.until):
                return await work(attempt)
        except TimeoutError as error:
            if attempt.sent:
                raise NoAnswerError(
                    f"Credex core did not answer {endpoint.path} within {self._deadline_s:g} s. The outcome is unknown."
                ) from error
            raise NotSentError(
                f"{self._deadline_s:g} s passed before {endpoint.path} could be sent. It was not."
            ) from error


def _token_of(response: CoreResponse) -> str:
    if response.token is None:
        raise NoAnswerError("Credex core logged the member in, but gave no token.")
    return response.token
