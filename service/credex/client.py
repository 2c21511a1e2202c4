"""The client of Credex core, generation C2 of its wire.

A write is sent once: never again after a timeout, a lost connection or a 401. A read is sent again once, after a
401 and a new login. Every call has one deadline for everything in it, the wait for the call budget included.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

import httpx

from service.credex import decode
from service.credex.answer import Answer, read_answer
from service.credex.budget import Budget
from service.credex.errors import (
    CredexError,
    NoAnswer,
    NotSent,
    Refusal,
    Refused,
    Unauthorised,
)
from service.credex.http import certainly_not_sent
from service.credex.refusals import Asked, pause_s, settle
from service.credex.tokens import Tokens
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Dashboard, Denomination, Handle, Money, Recipient

__all__ = ("CredexClient",)

T = TypeVar("T")

LOGIN: Final = Asked("login", frozenset({"MEMBER_LOGIN"}), "member", frozenset({"token", "memberDashboard"}))
ONBOARD: Final = Asked(
    "onboardMember", frozenset({"MEMBER_ONBOARDED", "MEMBER_REGISTERED"}), "member", frozenset({"memberDashboard"})
)
FIND: Final = Asked("getAccountByHandle", frozenset({"ACCOUNT_FOUND"}), "account", frozenset({"accountData"}))
CREATE: Final = Asked("createCredex", frozenset({"CREDEX_CREATED"}), "account", frozenset({"createCredexData"}))
ACCEPT: Final = Asked("acceptCredex", frozenset({"CREDEX_ACCEPTED"}), "credex", frozenset({"acceptCredexData"}))
DECLINE: Final = Asked("declineCredex", frozenset({"CREDEX_DECLINED"}), "credex")
CANCEL: Final = Asked("cancelCredex", frozenset({"CREDEX_CANCELLED"}), "credex")
LOOK: Final = Asked(
    "getCredex",
    frozenset({"CREDEX_RETRIEVED", "CREDEX_FOUND", "CREDEX_FETCHED"}),
    "credex",
    frozenset({"credexData", "transactionType"}),
)

LEDGER: Final = Asked("getLedger", frozenset({"LEDGER_RETRIEVED"}), "account", frozenset({"ledger"}))

LEDGER_PAGE: Final = 500
LEDGER_PAGES: Final = 10

CONNECT_SHARE: Final = 0.6
"""A connection that takes this much of the time left is given up, while it is still certain that nothing was sent."""


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


class CredexClient:
    """Asks Credex core on behalf of members, who are named by their phone (digits, country code first).

    Every method raises `CredexError`; see `service.credex.errors` for what is certain after which. Writes take
    ``send_within_s``: what has not left by then is not sent at all.

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
        budget: Budget,
        deadline_s: float = 10.0,
    ) -> None:
        """Keep the parts; nothing is asked of core yet."""
        self._http = http
        self._base_url = base_url.rstrip("/") + "/"
        self._api_key = api_key
        self._tokens = tokens
        self._budget = budget
        self._deadline_s = deadline_s

    async def login(self, phone: str) -> Dashboard:
        """Log in and read the dashboard. Always asks core.

        Raises:
            NotFound: there is no such member.
        """

        async def work(attempt: _Attempt) -> Dashboard:
            answer = await self._login(phone, attempt, final=True)
            dashboard = _readable(lambda: decode.dashboard(answer), LOGIN)
            if dashboard is None:
                raise NoAnswer("Credex core logged the member in, but gave no dashboard.")
            return dashboard

        return await self._in_time(LOGIN, work)

    async def onboard(
        self,
        phone: str,
        *,
        first_name: str,
        last_name: str,
        denomination: Denomination,
        send_within_s: float | None = None,
    ) -> Written:
        """Make somebody a member, with one personal account."""
        body = {"phone": phone, "firstname": first_name, "lastname": last_name, "defaultDenom": str(denomination)}

        async def work(attempt: _Attempt) -> Answer:
            answer = await self._post(ONBOARD, body, attempt, phone=phone, final=True)
            settle(answer, ONBOARD)
            await self._keep(phone, answer.token, attempt)
            return answer

        return _written(await self._in_time(ONBOARD, work, send_within_s), None)

    async def account_by_handle(self, phone: str, handle: str) -> Recipient:
        """Whose account a handle is.

        Raises:
            NotFound: there is no such account.
            Refused: it is no handle. It is not sent: core would look up what is left after deleting letters.
        """
        try:
            wanted = str(Handle(handle.lower()))
        except ValueError:
            raise Refused(Refusal.VALIDATION, field="accountHandle") from None
        answer = await self._read(FIND, phone, {"accountHandle": wanted})
        return _readable(lambda: decode.recipient(answer, wanted), FIND)

    async def create_credex(
        self,
        phone: str,
        *,
        issuer_account_id: str,
        receiver_account_id: str,
        amount: Money,
        due: date | None,
        send_within_s: float | None = None,
    ) -> Written:
        """Offer a credex: secured without a due date, unsecured with one. Sent twice, it would be two offers."""
        body: dict[str, Any] = {
            "issuerAccountID": issuer_account_id,
            "receiverAccountID": receiver_account_id,
            "Denomination": str(amount.denomination),
            "InitialAmount": amount.plain,
            "credexType": "PURCHASE",
            "OFFERSorREQUESTS": "OFFERS",
            "securedCredex": due is None,
        }
        if due is not None:
            body["dueDate"] = due.isoformat()
        answer = await self._write(CREATE, phone, body, send_within_s)
        return _written(answer, decode.created_id(answer))

    async def accept_credex(self, phone: str, credex_id: str, *, send_within_s: float | None = None) -> Written:
        """Accept a pending incoming offer."""
        return _written(await self._write(ACCEPT, phone, {"credexID": credex_id}, send_within_s), credex_id)

    async def decline_credex(self, phone: str, credex_id: str, *, send_within_s: float | None = None) -> Written:
        """Decline a pending incoming offer."""
        return _written(await self._write(DECLINE, phone, {"credexID": credex_id}, send_within_s), credex_id)

    async def cancel_credex(self, phone: str, credex_id: str, *, send_within_s: float | None = None) -> Written:
        """Take back a pending outgoing offer."""
        return _written(await self._write(CANCEL, phone, {"credexID": credex_id}, send_within_s), credex_id)

    async def get_credex(self, phone: str, credex_id: str, account_id: str) -> CredexState:
        """Where a credex stands, seen from one of its two accounts.

        Raises:
            NotFound: no such credex, or none of this account, or an offer that expired.
        """
        answer = await self._read(LOOK, phone, {"credexID": credex_id, "accountID": account_id})
        return _readable(lambda: decode.state(answer, credex_id), LOOK)

    async def get_ledger(self, phone: str, account_id: str) -> tuple[LedgerEntry, ...]:
        """All accepted credexes of an account, the newest first.

        Core lists the oldest first and does not say how many there are, so all pages are read, under one deadline.

        Raises:
            NoAnswer: also when there are more than 5,000: an answer without the newest would mislead.
        """

        async def work(attempt: _Attempt) -> tuple[LedgerEntry, ...]:
            entries: list[LedgerEntry] = []
            for page in range(LEDGER_PAGES):
                body: dict[str, Any] = {"accountID": account_id, "numRows": LEDGER_PAGE}
                if page:
                    # Older cores refuse a zero here.
                    body["startRow"] = page * LEDGER_PAGE
                answer = await self._reading(LEDGER, phone, body, attempt)
                rows, more = _readable(partial(decode.ledger, answer, asked_for=LEDGER_PAGE), LEDGER)
                entries += rows
                if not more:
                    return tuple(reversed(entries))
            raise NoAnswer("The ledger is longer than can be read in one call; its newest part was not reached.")

        return await self._in_time(LEDGER, work)

    async def _read(self, asked: Asked, phone: str, body: Mapping[str, Any]) -> Answer:
        async def work(attempt: _Attempt) -> Answer:
            return await self._reading(asked, phone, body, attempt)

        return await self._in_time(asked, work)

    async def _reading(self, asked: Asked, phone: str, body: Mapping[str, Any], attempt: _Attempt) -> Answer:
        """A call with a token that may be sent again, once, after a new login."""
        token = await self._token(phone, attempt)
        answer = await self._post(asked, body, attempt, phone=phone, token=token, final=True)
        try:
            settle(answer, asked)
        except Unauthorised:
            token = _given(await self._login(phone, attempt))
            answer = await self._post(asked, body, attempt, phone=phone, token=token, final=True)
            settle(answer, asked)
        return answer

    async def _write(
        self, asked: Asked, phone: str, body: Mapping[str, Any], send_within_s: float | None = None
    ) -> Answer:
        """A call with a token that is sent once, whatever happens."""

        async def work(attempt: _Attempt) -> Answer:
            try:
                token = await self._token(phone, attempt)
            except NotSent:
                raise
            except CredexError as error:
                raise NotSent(f"The login before {asked.path} failed. {asked.path} was not sent.") from error
            answer = await self._post(asked, body, attempt, phone=phone, token=token, final=True)
            settle(answer, asked)
            return answer

        return await self._in_time(asked, work, send_within_s)

    async def _login(self, phone: str, attempt: _Attempt, *, final: bool = False) -> Answer:
        answer = await self._post(LOGIN, {"phone": phone}, attempt, phone=phone, final=final)
        settle(answer, LOGIN)
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
        asked: Asked,
        body: Mapping[str, Any],
        attempt: _Attempt,
        *,
        phone: str,
        token: str | None = None,
        final: bool = False,
    ) -> Answer:
        """Send one request, once. ``final`` marks the one whose sending decides between `NotSent` and `NoAnswer`."""
        await self._budget.wait(at_most_ms=int(attempt.left_s(final=final) * 1000))
        headers = {"Content-Type": "application/json", "x-client-api-key": self._api_key}
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        left_s = attempt.left_s(final=final)
        if not left_s:
            raise NotSent(f"It was too late to send {asked.path}. It was not sent.")
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
                raise NotSent(f"Credex core cannot be reached. {asked.path} was not sent.") from error
            raise NoAnswer(f"The connection broke after {asked.path} was sent. The outcome is unknown.") from error
        answer = read_answer(response)
        await self._noticed(answer, phone, token, attempt)
        return answer

    async def _noticed(self, answer: Answer, phone: str, token: str | None, attempt: _Attempt) -> None:
        """What every answer may bring, whatever was asked: a newer token, the end of one, a pause for everyone."""
        await self._keep(phone, answer.renewed, attempt)
        with suppress(TimeoutError):
            async with asyncio.timeout(attempt.left_s() / 4):
                if answer.status == httpx.codes.UNAUTHORIZED and token is not None:
                    await self._tokens.drop(phone, token)
                if answer.status == httpx.codes.TOO_MANY_REQUESTS:
                    await self._budget.pause(pause_s(answer.retry_after))

    async def _in_time(
        self, asked: Asked, work: Callable[[_Attempt], Awaitable[T]], send_within_s: float | None = None
    ) -> T:
        now = asyncio.get_running_loop().time()
        attempt = _Attempt(now + self._deadline_s, now + (self._deadline_s if send_within_s is None else send_within_s))
        try:
            async with asyncio.timeout_at(attempt.until):
                return await work(attempt)
        except TimeoutError as error:
            if attempt.sent:
                raise NoAnswer(
                    f"Credex core did not answer {asked.path} within {self._deadline_s:g} s. The outcome is unknown."
                ) from error
            raise NotSent(f"{self._deadline_s:g} s passed before {asked.path} could be sent. It was not.") from error


def _given(answer: Answer) -> str:
    if answer.token is None:
        raise NoAnswer("Credex core logged the member in, but gave no token.")
    return answer.token


def _readable(read: Callable[[], T], asked: Asked) -> T:
    try:
        return read()
    except decode.Unreadable as error:
        raise NoAnswer(f"Credex core's answer to {asked.path} cannot be read: {error}.") from error


def _written(answer: Answer, credex_id: str | None) -> Written:
    """The write is done even if its dashboard cannot be read."""
    dashboard = None
    with suppress(decode.Unreadable):
        dashboard = decode.dashboard(answer)
    return Written(credex_id, dashboard)
