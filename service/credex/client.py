"""The client of Credex core, generation C2 of its wire."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, Final, TypeVar

import httpx

from service.credex import parsing
from service.credex.endpoints import GET_ACCOUNT, GET_CREDEX, GET_LEDGER, GET_MEMBER, LOGIN, Endpoint
from service.credex.errors import NoAnswerError, Refusal, RefusedError
from service.credex.tokens import Tokens
from service.credex.transport import CallLimiter, Reading, Transport
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Dashboard, Handle, Person, Recipient

T = TypeVar("T")

LEDGER_PAGE: Final = 500
LEDGER_PAGES: Final = 10


class CredexClient:
    """Asks Credex core on behalf of members, who are named by their phone (digits, country code first).

    Every method raises `CredexError`; see `service.credex.errors` for what is certain after which. The arguments are
    those of `Transport`.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: str,
        api_key: str,
        tokens: Tokens,
        budget: CallLimiter,
        deadline_s: float = 10.0,
    ) -> None:
        self._core = Transport(
            http, base_url=base_url, api_key=api_key, tokens=tokens, budget=budget, deadline_s=deadline_s
        )

    async def login(self, phone: str) -> Dashboard:
        """Log in and read the dashboard. Always asks core.

        Raises:
            NotFoundError: there is no such member.
        """
        response = await self._core.login(phone)
        dashboard = _readable(lambda: parsing.dashboard(response), LOGIN)
        if dashboard is None:
            raise NoAnswerError("Credex core logged the member in, but gave no dashboard.")
        return dashboard

    async def write(
        self, phone: str, endpoint: Endpoint, body: Mapping[str, object], *, send_within_s: float | None = None
    ) -> Written:
        """Send a write, once. A write that has not left within ``send_within_s`` is not sent at all."""
        if endpoint.needs_token:
            response = await self._core.write(endpoint, phone, body, send_within_s)
        else:
            response = await self._core.join(endpoint, phone, {"phone": phone, **body}, send_within_s)
        credex_id = parsing.created_id(response) if endpoint.creates_credex else None
        dashboard = None
        with suppress(parsing.Unreadable):  # the write is done even if its dashboard cannot be read
            dashboard = parsing.dashboard(response)
        return Written(credex_id, dashboard)

    async def account_by_handle(self, phone: str, handle: str) -> Recipient:
        """The account that a handle belongs to.

        Raises:
            NotFoundError: there is no such account.
            RefusedError: it is no handle. It is not sent: core would look up what is left after deleting letters.
        """
        wanted = _handle(handle, "accountHandle")
        response = await self._core.read(GET_ACCOUNT, phone, {"accountHandle": wanted})
        return _readable(lambda: parsing.recipient(response, wanted), GET_ACCOUNT)

    async def member_by_handle(self, phone: str, handle: str) -> Person:
        """The member that a handle belongs to; raises as `account_by_handle`."""
        response = await self._core.read(GET_MEMBER, phone, {"memberHandle": _handle(handle, "memberHandle")})
        return _readable(lambda: parsing.member(response), GET_MEMBER)

    async def get_credex(self, phone: str, credex_id: str, account_id: str) -> CredexState:
        """A credex, seen from one of its two accounts.

        Raises:
            NotFoundError: no such credex, or none of this account, or an offer that expired.
        """
        response = await self._core.read(GET_CREDEX, phone, {"credexID": credex_id, "accountID": account_id})
        return _readable(lambda: parsing.state(response, credex_id), GET_CREDEX)

    async def get_ledger(self, phone: str, account_id: str) -> tuple[LedgerEntry, ...]:
        """All accepted credexes of an account, the newest first.

        Core lists the oldest first and does not say how many there are, so all pages are read, under one deadline.

        Raises:
            NoAnswerError: also when there are more than 5,000: an answer without the newest would mislead.
        """

        async def work(read: Reading) -> tuple[LedgerEntry, ...]:
            entries: list[LedgerEntry] = []
            for page in range(LEDGER_PAGES):
                body: dict[str, Any] = {"accountID": account_id, "numRows": LEDGER_PAGE}
                if page:
                    # Older cores refuse a zero here.
                    body["startRow"] = page * LEDGER_PAGE
                response = await read(body)
                rows, more = _readable(partial(parsing.ledger, response, page_size=LEDGER_PAGE), GET_LEDGER)
                entries += rows
                if not more:
                    return tuple(reversed(entries))
            raise NoAnswerError("The ledger is longer than can be read in one call; its newest part was not reached.")

        return await self._core.reads(GET_LEDGER, phone, work)


def _handle(typed: str, field: str) -> str:
    try:
        return str(Handle(typed.lower()))
    except ValueError:
        raise RefusedError(Refusal.VALIDATION, field=field) from None


def _readable(read: Callable[[], T], endpoint: Endpoint) -> T:
    try:
        return read()
    except parsing.Unreadable as error:
        raise NoAnswerError(f"Credex core's answer to {endpoint.path} cannot be read: {error}.") from error
