"""Credex core as it tells the bot something: messages for one member, and signed events."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import yaml

from service.domain import Money
from simulator.errors import did_you_mean
from simulator.script.yaml_reader import YamlReader, read_amount

__all__ = ("EVENTS", "Event", "Notice", "read_event", "read_notice")

EVENTS = ("offer_update", "member_update", "company_update")


@dataclass(frozen=True, slots=True)
class Notice:
    """A message for a member, by their name in the conversation; with ``offer`` it names their newest one."""

    to: str
    message: str
    offer: bool = False

    def request(self, url: str, api_key: str, *, phone: str, name: str, credex_id: str) -> httpx.Request:
        """The request that brings it to the bot."""
        body = {"phoneNumber": phone, "memberName": name, "message": self.message}
        if credex_id:
            body["credexID"] = credex_id
        return httpx.Request("POST", url, json=body, headers={"x-client-api-key": api_key})


@dataclass(frozen=True, slots=True)
class Event:
    """An event; without ``to`` it names no member."""

    kind: str
    webhook_id: str
    status: str
    to: str = ""
    amount: Money | None = None

    def request(self, url: str, secret: str, *, phone: str, name: str, credex_id: str, now_ms: int) -> httpx.Request:
        """The request that brings it to the bot, signed."""
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
            # The number as it stands, for no float may come near money.
            text = text.replace('"payload": {', f'"payload": {{"amount": {self.amount.plain}, ')
        body = text.encode()
        signature = "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        return httpx.Request("POST", url, content=body, headers={"x-credex-signature-256": signature})


def read_notice(reading: YamlReader, node: yaml.Node) -> Notice | None:
    """Read ``{to: Farai, message: …, offer: newest}``; what is wrong goes to the reading's problems."""
    fields = reading.mapping(node, "a notice", known=("to", "message", "offer"), needed=("to", "message"))
    read = {key: reading.text(value, key) for key, value in fields.items()}
    if read.get("offer") not in {None, "newest"}:
        reading.problem(fields["offer"], f"no offer is called {read['offer']!r}", "Only the newest one can be meant.")
    if reading.problems:
        return None
    return Notice(str(read["to"]), str(read["message"]), offer="offer" in read)


def read_event(reading: YamlReader, node: yaml.Node) -> Event | None:
    """Read ``{event: offer_update, id: w1, status: pending, to: Farai, amount: 5 USD}``."""
    fields = reading.mapping(
        node, "an event", known=("event", "id", "status", "to", "amount"), needed=("event", "id", "status")
    )
    read = {key: reading.text(value, key) for key, value in fields.items() if key != "amount"}
    amount = reading.value(fields["amount"], read_amount, "an amount") if "amount" in fields else None
    kind = read.get("event") or ""
    if "event" in fields and kind not in EVENTS:
        reading.problem(fields["event"], f"no event is called {kind!r}", did_you_mean(kind, EVENTS, "events"))
    if kind == "offer_update" and amount is None:
        reading.problem(node, "an offer has an amount", "For example: amount: 5 USD.")
    if reading.problems:
        return None
    return Event(kind, str(read["id"]), str(read["status"]), read.get("to") or "", amount)
