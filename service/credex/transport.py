"""How a request reaches Credex core and an answer comes back: once, in time, with the member's token.

A write is sent once: never again after a timeout, a lost connection or a 401. A read is sent again once, after a
401 and a new login. Every call has one deadline for everything in it, the wait for the call budget included.
"""

from __future__ import annotations

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
from service.credex.response import CoreResponse, read_answer
from service.credex.tokens import Tokens
from service.http_client import certainly_not_sent

__all__ = ("CallLimiter", "Reading", "Transport")

T = TypeVar("T")

Reading = Callable[[Mapping[str, Any]], Awaitable[CoreResponse]]
"""Reads once more under the same deadline, with another body."""

CONNECT_SHARE: Final = 0.6
"""A connection that takes this much of the time left is given up, while it is still certain that nothing was sent."""


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
    """One call of the client: when it must end, when the request that matters must have left, and whether it has."""

    until: float
    send_until: float
    sent: bool = False

    def left_s(self, *, final: bool = False) -> float:
        """What is left of the call; with ``final`` what is left until the request that matters must have left."""
        until = min(self.until, self.send_until) if final else self.until
        return max(0.0, until - asyncio.get_running_loop().time())


class Transport:
    """Sends what the client asks; every method raises `CredexError`.

    Args:
        http: sends the requests; must not repeat them by itself.
        base_url: of core, version prefix included; a missing slash at its end is added.
        api_key: shared with core, sent with every call.
        tokens: where bearer tokens are kept.
        budget: hands out the moments at which core may be called.
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
        """Keep the parts; nothing is asked of core yet."""
        self._http = http
        self._base_url = base_url.rstrip("/") + "/"
        self._api_key = api_key
        self._tokens = tokens
        self._budget = budget
        self._deadline_s = deadline_s

    async def login(self, phone: str) -> CoreResponse:
        """Log in, and keep the token. Always asks core."""

        async def work(attempt: _Attempt) -> CoreResponse:
            return await self._login(phone, attempt, final=True)

        return await self._in_time(LOGIN, work)

    async def join(
        self, asked: Endpoint, phone: str, body: Mapping[str, Any], send_within_s: float | None
    ) -> CoreResponse:
        """Send a write that needs no token and may bring one, once, whatever happens."""

        async def work(attempt: _Attempt) -> CoreResponse:
            answer = await self._post(asked, body, attempt, phone=phone, final=True)
            classify(answer, asked)
            await self._keep(phone, answer.token, attempt)
            return answer

        return await self._in_time(asked, work, send_within_s)

    async def reads(self, asked: Endpoint, phone: str, work: Callable[[Reading], Awaitable[T]]) -> T:
        """Do something that reads several times, under one deadline."""

        async def attempted(attempt: _Attempt) -> T:
            return await work(lambda body: self._reading(asked, phone, body, attempt))

        return await self._in_time(asked, attempted)

    async def read(self, asked: Endpoint, phone: str, body: Mapping[str, Any]) -> CoreResponse:
        """Send a read with a token; once more after a 401 and a new login."""

        async def work(attempt: _Attempt) -> CoreResponse:
            return await self._reading(asked, phone, body, attempt)

        return await self._in_time(asked, work)

    async def _reading(self, asked: Endpoint, phone: str, body: Mapping[str, Any], attempt: _Attempt) -> CoreResponse:
        """A call with a token that may be sent again, once, after a new login."""
        token = await self._token(phone, attempt)
        answer = await self._post(asked, body, attempt, phone=phone, token=token, final=True)
        try:
            classify(answer, asked)
        except UnauthorisedError:
            token = _given(await self._login(phone, attempt))
            answer = await self._post(asked, body, attempt, phone=phone, token=token, final=True)
            classify(answer, asked)
        return answer

    async def write(
        self, asked: Endpoint, phone: str, body: Mapping[str, Any], send_within_s: float | None = None
    ) -> CoreResponse:
        """Send a write with a token, once, whatever happens."""

        async def work(attempt: _Attempt) -> CoreResponse:
            try:
                token = await self._token(phone, attempt)
            except NotSentError:
                raise
            except CredexError as error:
                raise NotSentError(f"The login before {asked.path} failed. {asked.path} was not sent.") from error
            answer = await self._post(asked, body, attempt, phone=phone, token=token, final=True)
            classify(answer, asked)
            return answer

        return await self._in_time(asked, work, send_within_s)

    async def _login(self, phone: str, attempt: _Attempt, *, final: bool = False) -> CoreResponse:
        answer = await self._post(LOGIN, {"phone": phone}, attempt, phone=phone, final=final)
        classify(answer, LOGIN)
        await self._keep(phone, answer.token, attempt)
        return answer

    async def _token(self, phone: str, attempt: _Attempt) -> str:
        kept = None
        with suppress(TimeoutError):
            async with asyncio.timeout(attempt.left_s() / 4):
                kept = await self._tokens.get(phone)
        return kept or _given(await self._login(phone, attempt))

    async def _keep(self, phone: str, token: str | None, attempt: _Attempt) -> None:
        """A slow cache must not turn an answer that is here into none: it gets part of the time left."""
        if token is None:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(attempt.left_s() / 4):
                await self._tokens.put(phone, token)

    async def _post(
        self,
        asked: Endpoint,
        body: Mapping[str, Any],
        attempt: _Attempt,
        *,
        phone: str,
        token: str | None = None,
        final: bool = False,
    ) -> CoreResponse:
        """Send one request, once. ``final``: its sending decides between `NotSentError` and `NoAnswerError`."""
        await self._budget.wait(at_most_ms=int(attempt.left_s(final=final) * 1000))
        headers = {"Content-Type": "application/json", "x-client-api-key": self._api_key}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        left_s = attempt.left_s(final=final)
        if not left_s:
            raise NotSentError(f"It was too late to send {asked.path}. It was not sent.")
        connect = min(left_s, attempt.left_s() * CONNECT_SHARE)
        request = self._http.build_request(
            "POST",
            self._base_url + asked.path,
            content=json.dumps(body).encode(),
            headers=headers,
            timeout=httpx.Timeout(None, connect=connect, pool=connect),
        )
        attempt.sent = attempt.sent or final
        try:
            response = await self._http.send(request, auth=None, follow_redirects=False)
        # Transports let through more than httpx documents, and after sending any of it leaves the outcome unknown.
        except Exception as error:
            if certainly_not_sent(error):
                raise NotSentError(f"Credex core cannot be reached. {asked.path} was not sent.") from error
            raise NoAnswerError(f"The connection broke after {asked.path} was sent. The outcome is unknown.") from error
        answer = read_answer(response)
        await self._noticed(answer, phone, token, attempt)
        return answer

    async def _noticed(self, answer: CoreResponse, phone: str, token: str | None, attempt: _Attempt) -> None:
        """What every answer may bring, whatever was asked: a newer token, the end of one, a pause for everyone."""
        await self._keep(phone, answer.renewed, attempt)
        with suppress(TimeoutError):
            async with asyncio.timeout(attempt.left_s() / 4):
                if answer.status == httpx.codes.UNAUTHORIZED and token is not None:
                    await self._tokens.drop(phone, token)
                if answer.status == httpx.codes.TOO_MANY_REQUESTS:
                    await self._budget.pause(pause_s(answer.retry_after))

    async def _in_time(
        self, asked: Endpoint, work: Callable[[_Attempt], Awaitable[T]], send_within_s: float | None = None
    ) -> T:
        now = asyncio.get_running_loop().time()
        attempt = _Attempt(now + self._deadline_s, now + (self._deadline_s if send_within_s is None else send_within_s))
        try:
            async with asyncio.timeout_at(attempt.until):
                return await work(attempt)
        except TimeoutError as error:
            if attempt.sent:
                raise NoAnswerError(
                    f"Credex core did not answer {asked.path} within {self._deadline_s:g} s. The outcome is unknown."
                ) from error
            raise NotSentError(
                f"{self._deadline_s:g} s passed before {asked.path} could be sent. It was not."
            ) from error


def _given(answer: CoreResponse) -> str:
    if answer.token is None:
        raise NoAnswerError("Credex core logged the member in, but gave no token.")
    return answer.token
