"""Core's answers as JSON: dashboards, credexes and envelopes of generation C2, changed by the quirks in force."""

from __future__ import annotations

import random
import uuid
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from service.domain import Denomination
from simulator.credex_core.amounts import format_amount
from simulator.credex_core.ledger import ACCEPTED, DAY_MS, ZERO, Account, Credex, Ledger, Member, State
from simulator.credex_core.quirks import Quirks
from simulator.credex_core.rules import RefusalError
from simulator.credex_core.trading import remaining_today

__all__ = ("ResponseBuilder", "iso")

Json = dict[str, Any]


def iso(at_ms: int) -> str:
    """A time as core writes it: ISO 8601 in UTC, with milliseconds."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class ResponseBuilder:
    """Builds the JSON of one answer."""

    def __init__(self, ledger: Ledger, quirks: Quirks, token_rng: random.Random) -> None:
        """Read from this ledger; ids of actions come from ``token_rng``, not from the ledger's generator."""
        self._ledger = ledger
        self._token_rng = token_rng
        self._quirks = quirks

    # Envelopes

    def success(self, kind: str, member: Member, details: Json, *, action_id: str | None = None) -> Json:
        """The answer to a successful request: its action, and the present dashboard."""
        return {
            "success": True,
            "message": kind.replace("_", " ").capitalize(),
            "data": {
                "action": self._action(
                    action_id or str(uuid.UUID(int=self._token_rng.getrandbits(128), version=4)),
                    kind,
                    member.member_id,
                    details,
                ),
                "dashboard": self.dashboard(member),
            },
        }

    def refusal(self, refusal: RefusalError) -> Json:
        """The answer to a refused request."""
        details = {"code": refusal.code, "reason": refusal.reason, "field": refusal.field}
        if refusal.kind == "ERROR":
            details["message"] = details.pop("reason")
        if self._quirks.reason_only:
            del details["code"]
        return {
            "message": refusal.reason,
            "data": {
                "action": self._action(
                    None, refusal.kind, "system", {k: v for k, v in details.items() if v is not None}
                ),
                "dashboard": {},
            },
        }

    def _action(self, action_id: str | None, kind: str, actor: str, details: Mapping[str, Any]) -> Json:
        now = iso(self._ledger.clock_ms())
        return {"id": action_id, "type": kind, "timestamp": now, "actor": actor, "details": dict(details)}

    # Dashboards

    def dashboard(self, member: Member) -> Json:
        """The dashboard of a member."""
        remaining = None if self._quirks.null_remaining else remaining_today(self._ledger, member)
        tier_and_limit: Json = {} if self._quirks.null_tier else {"memberTier": self._integer(member.tier)}
        tier_and_limit["remainingAvailableUSD"] = None if remaining is None else self._number(remaining)
        person: Json = {
            "memberID": member.member_id,
            "firstname": member.first_name,
            "lastname": member.last_name,
            "memberHandle": member.handle,
            "defaultDenom": member.denomination,
        }
        accounts = [
            account
            for account in self._ledger.accounts_of(member.member_id)
            if account.owner_id == member.member_id or not self._quirks.owned_only
        ]
        listed = [self._account(account, member) for account in accounts for _ in range(self._copies(account))]
        if self._quirks.nested_envelopes:
            return {"member": person, **tier_and_limit, "accounts": [_wrapped(one) for one in listed]}
        return {"member": {**person, **tier_and_limit}, "accounts": self.items(listed)}

    def _copies(self, account: Account) -> int:
        if not self._quirks.duplicate_accounts:
            return 1
        today = self._ledger.clock_ms() // DAY_MS
        issued = (c for c in self._ledger.of_account(account.account_id) if c.issuer_id == account.account_id)
        return max(2, sum(credex.created_ms // DAY_MS == today for credex in issued))

    def _account(self, account: Account, member: Member) -> Json:
        owned = account.owner_id == member.member_id
        balances: Any = self._balances(account)
        return {
            "accountID": account.account_id,
            "accountName": account.name,
            "accountHandle": account.handle,
            "accountType": account.kind,
            "defaultDenom": account.denomination,
            "isOwnedAccount": owned,
            "sendOffersTo": self._person(account.send_offers_to) if owned else {},
            "authFor": self.items([self._person(one) for one in account.authorised] if owned else []),
            "balanceData": {"data": balances} if self._quirks.nested_envelopes else balances,
            "pendingInData": self._pending(account, incoming=True),
            "pendingOutData": self._pending(account, incoming=False),
        }

    def _person(self, member_id: str) -> Json:
        member = self._ledger.members[member_id]
        return {"memberID": member_id, "firstname": member.first_name, "lastname": member.last_name}

    def _balances(self, account: Account) -> Json:
        own = account.denomination
        balances = self._ledger.displayed_balances(account.account_id)
        payables, receivables = self._ledger.unsecured(account.account_id)
        secured = sum((self._ledger.rates.convert(held, unit, own) for unit, held in balances.items()), ZERO)
        return {
            "securedNetBalancesByDenom": self.items([self._shown(held, unit) for unit, held in balances.items()]),
            "unsecuredBalancesInDefaultDenom": {
                "totalPayables": self._figure(payables, own),
                "totalReceivables": self._figure(receivables, own),
                "netPayRec": self._figure(receivables - payables, own),
            },
            "netCredexAssetsInDefaultDenom": self._figure(secured + receivables - payables, own),
        }

    def _pending(self, account: Account, *, incoming: bool) -> Any:
        pending = self._ledger.pending(account.account_id, incoming=incoming)
        ordered = reversed(pending) if self._quirks.lists_reversed else pending
        offers = [self.offer(credex, incoming=incoming) for credex in ordered]
        items = self.items(offers)
        return {"data": items} if self._quirks.nested_envelopes and items != {} else items

    def offer(self, credex: Credex, *, incoming: bool) -> Json:
        """A pending offer as dashboards list it."""
        other = credex.issuer_id if incoming else credex.receiver_id
        signed = -credex.amount if self._quirks.negative_outgoing and not incoming else credex.amount
        listed: Json = {
            "credexID": credex.credex_id,
            "formattedInitialAmount": self._shown(signed, credex.denomination),
            "counterpartyAccountName": self._ledger.accounts[other].name,
        }
        if credex.secured:
            listed["secured"] = True
        if credex.due is not None:
            listed["dueDate"] = self._date(credex.due)
        return listed

    # Credexes

    def created(self, credex: Credex) -> Json:
        """The details of a credex just created."""
        return {
            "amount": self._shown(credex.amount, credex.denomination).split(" ", 1)[0],
            "denomination": credex.denomination,
            "securedCredex": credex.secured,
            "receiverAccountID": credex.receiver_id,
            "receiverAccountName": self._ledger.accounts[credex.receiver_id].name,
            "issuerAccountID": credex.issuer_id,
            "dueDate": self._date(credex.due),
        }

    def credex(self, credex: Credex, account: Account) -> Json:
        """A credex from the side of one of its accounts; outgoing amounts are negative."""
        debit = account.account_id == credex.issuer_id
        other = self._ledger.accounts[credex.receiver_id if debit else credex.issuer_id]
        ended = None if credex.ended_ms is None else iso(credex.ended_ms)[:10]
        securer = None if credex.securer_id is None else self._ledger.accounts[credex.securer_id]
        overdue = credex.due is not None and credex.state is State.OWES and credex.due < self._ledger.today

        def signed(amount: Decimal) -> str:
            return self._figure(-amount if debit else amount, credex.denomination)

        return {
            "credexID": credex.credex_id,
            "transactionType": credex.state,
            "debit": debit,
            "counterpartyAccountName": other.name,
            "securerID": securer and securer.account_id,
            "securerName": securer and securer.name,
            "Denomination": credex.denomination,
            "acceptedAt": ended if credex.state in ACCEPTED else None,
            "declinedAt": ended if credex.state is State.DECLINED else None,
            "cancelledAt": ended if credex.state is State.CANCELLED else None,
            "dueDate": self._date(credex.due),
            "formattedInitialAmount": signed(credex.amount),
            "formattedOutstandingAmount": signed(credex.outstanding),
            "formattedRedeemedAmount": signed(credex.amount if credex.state is State.CLEARED else ZERO),
            "formattedDefaultedAmount": signed(credex.outstanding if overdue else ZERO),
            "formattedWrittenOffAmount": signed(ZERO),
        }

    def ledger_row(self, credex: Credex, account: Account) -> Json:
        """A row of an account's ledger; the amount is negative if this account issued it."""
        debit = account.account_id == credex.issuer_id
        other = self._ledger.accounts[credex.receiver_id if debit else credex.issuer_id]
        identity = {} if self._quirks.ledger_without_ids else {"credexID": credex.credex_id}
        return {
            **identity,
            "formattedAmount": self._shown(-credex.amount if debit else credex.amount, credex.denomination),
            "counterpartyAccountName": other.name,
            "description": "Secured credex" if credex.secured else "Unsecured credex",
            "timestamp": iso(credex.ended_ms or credex.created_ms),
        }

    # Quirks of single values

    def items(self, items: list[Any]) -> Any:
        """A list, or ``{}`` for an empty one with ``empty_as_object``."""
        return {} if self._quirks.empty_as_object and not items else items

    def _integer(self, number: int) -> Any:
        return {"low": number, "high": 0} if self._quirks.low_high_integers else number

    def _number(self, number: Decimal) -> Any:
        whole = number == number.to_integral_value()
        return self._integer(int(number)) if whole and number >= 0 else round(number, 10)

    def _shown(self, amount: Decimal, denomination: Denomination) -> str:
        figure = format_amount(amount, denomination)
        return figure.replace(",", "") if self._quirks.no_separators else figure

    def _figure(self, amount: Decimal, denomination: Denomination) -> str:
        figure = self._shown(amount, denomination)
        return f"-{figure}" if self._quirks.negative_zero and not amount else figure

    def _date(self, day: date | None) -> str | None:
        if day is None:
            return None
        return "Invalid date" if self._quirks.invalid_date else day.isoformat()


def _wrapped(inside: Any) -> Json:
    return {"success": True, "data": inside}
