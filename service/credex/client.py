"""The client of Credex core, generation C2 of its wire: what can be asked of it, one method a question."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from functools import partial
from typing import Any, Final, TypeVar

import httpx

from service.credex import parsing as decode
from service.credex.budget import SlidingWindowLimiter
from service.credex.endpoints import (
    ACCEPT,
    AUTHORISE,
    CANCEL,
    CREATE,
    CREATE_ACCOUNT,
    DECLINE,
    FIND_MEMBER,
    GET_ACCOUNT,
    GET_CREDEX,
    LEDGER,
    LOGIN,
    ONBOARD,
    SET_OFFER_RECIPIENT,
    UNAUTHORISE,
    UPGRADE,
)
from service.credex.error_mapping import Endpoint
from service.credex.errors import NoAnswerError, Refusal, RefusedError
from service.credex.response import CoreResponse
from service.credex.tokens import Tokens
from service.credex.transport import Reading, Transport
from service.credex.values import CredexState, LedgerEntry, Written
from service.domain import Dashboard, Denomination, Handle, Money, Person, Recipient

__all__ = ("CredexClient",)

T = TypeVar("T")

LEDGER_PAGE: Final = 500
LEDGER_PAGES: Final = 10


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
        budget: SlidingWindowLimiter,
        deadline_s: float = 10.0,
    ) -> None:
        """Keep the parts; nothing is asked of core yet."""
        self._core = Transport(
            http, base_url=base_url, api_key=api_key, tokens=tokens, budget=budget, deadline_s=deadline_s
        )

    async def login(self, phone: str) -> Dashboard:
        """Log in and read the dashboard. Always asks core.

        Raises:
            NotFound: there is no such member.
        """
        answer = await self._core.login(phone)
        dashboard = _readable(lambda: decode.dashboard(answer), LOGIN)
        if dashboard is None:
            raise NoAnswerError("Credex core logged the member in, but gave no dashboard.")
        return dashboard

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
        return _written(await self._core.join(ONBOARD, phone, body, send_within_s), None)

    async def account_by_handle(self, phone: str, handle: str) -> Recipient:
        """Whose account a handle is.

        Raises:
            NotFound: there is no such account.
            Refused: it is no handle. It is not sent: core would look up what is left after deleting letters.
        """
        wanted = _handle(handle, "accountHandle")
        answer = await self._core.read(GET_ACCOUNT, phone, {"accountHandle": wanted})
        return _readable(lambda: decode.recipient(answer, wanted), GET_ACCOUNT)

    async def member_by_handle(self, phone: str, handle: str) -> Person:
        """Whose handle it is.

        Raises:
            NotFound: there is no such member.
            Refused: it is no handle. It is not sent.
        """
        answer = await self._core.read(FIND_MEMBER, phone, {"memberHandle": _handle(handle, "memberHandle")})
        return _readable(lambda: decode.member(answer), FIND_MEMBER)

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
        answer = await self._core.write(CREATE, phone, body, send_within_s)
        return _written(answer, decode.created_id(answer))

    async def accept_credex(self, phone: str, credex_id: str, *, send_within_s: float | None = None) -> Written:
        """Accept a pending incoming offer."""
        return _written(await self._core.write(ACCEPT, phone, {"credexID": credex_id}, send_within_s), credex_id)

    async def decline_credex(self, phone: str, credex_id: str, *, send_within_s: float | None = None) -> Written:
        """Decline a pending incoming offer."""
        return _written(await self._core.write(DECLINE, phone, {"credexID": credex_id}, send_within_s), credex_id)

    async def cancel_credex(self, phone: str, credex_id: str, *, send_within_s: float | None = None) -> Written:
        """Take back a pending outgoing offer."""
        return _written(await self._core.write(CANCEL, phone, {"credexID": credex_id}, send_within_s), credex_id)

    async def get_credex(self, phone: str, credex_id: str, account_id: str) -> CredexState:
        """Where a credex stands, seen from one of its two accounts.

        Raises:
            NotFound: no such credex, or none of this account, or an offer that expired.
        """
        answer = await self._core.read(GET_CREDEX, phone, {"credexID": credex_id, "accountID": account_id})
        return _readable(lambda: decode.state(answer, credex_id), GET_CREDEX)

    async def get_ledger(self, phone: str, account_id: str) -> tuple[LedgerEntry, ...]:
        """All accepted credexes of an account, the newest first.

        Core lists the oldest first and does not say how many there are, so all pages are read, under one deadline.

        Raises:
            NoAnswer: also when there are more than 5,000: an answer without the newest would mislead.
        """

        async def work(read: Reading) -> tuple[LedgerEntry, ...]:
            entries: list[LedgerEntry] = []
            for page in range(LEDGER_PAGES):
                body: dict[str, Any] = {"accountID": account_id, "numRows": LEDGER_PAGE}
                if page:
                    # Older cores refuse a zero here.
                    body["startRow"] = page * LEDGER_PAGE
                answer = await read(body)
                rows, more = _readable(partial(decode.ledger, answer, asked_for=LEDGER_PAGE), LEDGER)
                entries += rows
                if not more:
                    return tuple(reversed(entries))
            raise NoAnswerError("The ledger is longer than can be read in one call; its newest part was not reached.")

        return await self._core.reads(LEDGER, phone, work)

    async def create_account(
        self,
        phone: str,
        *,
        name: str,
        handle: str,
        denomination: Denomination,
        send_within_s: float | None = None,
    ) -> Written:
        """Open a business account that the member owns."""
        body = {
            "accountType": "BUSINESS",
            "accountName": name,
            "accountHandle": handle,
            "defaultDenom": str(denomination),
        }
        return _written(await self._core.write(CREATE_ACCOUNT, phone, body, send_within_s), None)

    async def authorise(
        self, phone: str, *, account_id: str, handle: str, send_within_s: float | None = None
    ) -> Written:
        """Let the member with this handle act for an account."""
        body = {"accountID": account_id, "memberHandleToBeAuthorized": handle}
        return _written(await self._core.write(AUTHORISE, phone, body, send_within_s), None)

    async def unauthorise(
        self, phone: str, *, account_id: str, member_id: str, send_within_s: float | None = None
    ) -> Written:
        """Let a member no longer act for an account."""
        body = {"accountID": account_id, "memberIDtoBeUnauthorized": member_id}
        return _written(await self._core.write(UNAUTHORISE, phone, body, send_within_s), None)

    async def send_offers_to(
        self, phone: str, *, account_id: str, member_id: str, send_within_s: float | None = None
    ) -> Written:
        """Have a member who may act for an account told of new offers to it."""
        body = {"accountID": account_id, "memberIDtoSendOffers": member_id}
        return _written(await self._core.write(SET_OFFER_RECIPIENT, phone, body, send_within_s), None)

    async def upgrade(self, phone: str, *, account_id: str, send_within_s: float | None = None) -> Written:
        """Pay for tier 3 from the personal account."""
        return _written(await self._core.write(UPGRADE, phone, {"personalAccountID": account_id}, send_within_s), None)


def _handle(typed: str, field: str) -> str:
    try:
        return str(Handle(typed.lower()))
    except ValueError:
        raise RefusedError(Refusal.VALIDATION, field=field) from None


def _readable(read: Callable[[], T], asked: Endpoint) -> T:
    try:
        return read()
    except decode.Unreadable as error:
        raise NoAnswerError(f"Credex core's answer to {asked.path} cannot be read: {error}.") from error


def _written(answer: CoreResponse, credex_id: str | None) -> Written:
    """The write is done even if its dashboard cannot be read."""
    dashboard = None
    with suppress(decode.Unreadable):
        dashboard = decode.dashboard(answer)
    return Written(credex_id, dashboard)
