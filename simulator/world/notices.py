"""What Credex core sends to the bot: messages for one member, and signed events."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import httpx

from service.domain import Money

__all__ = ("EVENTS", "CoreEvent", "Notice")

EVENTS: Final = ("offer_update", "member_update", "company_update")


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for a member.

    Attributes:
        to: the member's key.
        offer: the message names the newest offer that waits for the member.
    """

    to: str
    message: str
    offer: bool = False

    def request(self, url: str, api_key: str, *, phone: str, name: str, credex_id: str) -> httpx.Request:
        """The request that carries it to the bot."""
        body = {"phoneNumber": phone, "memberName": name, "message": self.message}
        if credex_id:
            body["credexID"] = credex_id
        return httpx.Request("POST", url, json=body, headers={"x-client-api-key": api_key})


@dataclass(frozen=True, slots=True)
class CoreEvent:
    """An event that core reports.

    Attributes:
        kind: one of `EVENTS`.
        status: the state of the offer, member or company after it.
        to: the member (by key) that it names; empty for none.
        amount: of an offer.
    """

    kind: str
    webhook_id: str
    status: str
    to: str = ""
    amount: Money | None = None

    def request(self, url: str, secret: str, *, phone: str, name: str, credex_id: str, now_ms: int) -> httpx.Request:
        """The signed request that carries it to the bot."""
        timestamp = datetime.fromtimestamp(now_ms / 1000, UTC).isoformat().replace("+00:00", "Z")
        metadata = {"webhook_id": self.webhook_id, "timestamp": timestamp, "event_type": self.kind}
        payload: dict[str, Any] = {"status": self.status}
        if phone:
            payload |= {"phone_number": phone, "member_name": name}
        if self.kind == "offer_update" and self.amount is not None:
            payload |= {"offer_id": credex_id or "gone", "denomination": str(self.amount.denomination)}
        else:
            payload |= {"updated_fields": ["name"], "member_id": "m-1", "company_id": "a-1", "name": name or "?"}
        text = json.dumps({"metadata": metadata, "payload": payload})
        if self.amount is not None:
            # The amount is inserted as text: no float may touch money.
            text = text.replace('"payload": {', f'"payload": {{"amount": {self.amount.plain}, ')
        body = text.encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return httpx.Request("POST", url, content=body, headers={"x-credex-signature-256": signature})
