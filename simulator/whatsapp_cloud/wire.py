"""The bytes between Meta and a bot: ids, envelopes, escaping and signatures."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Literal

from .values import Business, DeliveryFault, Json, Shape

__all__ = ("IdFactory", "Shape", "Undelivered", "Update", "envelope", "escaped", "shuffled", "signature")

_FOREIGN: Final = "999999999999999"
_TO: Final = b"\x11"
_FROM: Final = b"\x12"


class IdFactory:
    """Makes ids that depend on the seed, the phone and its number of ids so far, but not on other phones."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._counts: dict[str, int] = {}

    def dump(self) -> Json:
        """The state that a successor needs to make no id twice."""
        return {"seed": str(self._seed), "counts": dict(self._counts)}

    def load(self, dumped: Json) -> None:
        """Continue from a dumped state."""
        self._seed, self._counts = int(dumped["seed"]), dict(dumped["counts"])

    def _digest(self, *about: str) -> bytes:
        what = "\x00".join(about)
        count = self._counts[what] = self._counts.get(what, 0) + 1
        return hashlib.blake2s(f"{self._seed}\x00{what}\x00{count}".encode()).digest()

    def inbound(self, phone: str) -> str:
        """The wamid of a message from this phone."""
        return _wamid(phone, _FROM, "3A" + self._digest("in", phone).hex()[:18].upper())

    def outbound(self, phone: str) -> str:
        """The wamid of a message to this phone."""
        return _wamid(phone, _TO, self._digest("out", phone).hex()[:18].upper())

    def number(self, about: str) -> str:
        """An id of sixteen digits, such as a media id."""
        return str(10**15 + int.from_bytes(self._digest("number", about)[:6], "big"))

    def text(self, about: str) -> str:
        """An id of letters and digits, such as a trace id or a challenge."""
        return base64.b32encode(self._digest("text", about))[:22].decode()


def _wamid(phone: str, direction: bytes, tail: str) -> str:
    layout = b"\x1c\x18" + bytes([len(phone)]) + phone.encode() + b"\x15\x02\x00" + direction + b"\x18"
    return "wamid." + base64.b64encode(layout + bytes([len(tail)]) + tail.encode() + b"\x00").decode()


@dataclass(frozen=True, slots=True)
class Update:
    """An update to be delivered to the bot.

    Attributes:
        phone: the person concerned; empty for an update of the account.
        part: a person's message, a status, an account error, or a value of another webhook field.
        content: its JSON; for another field, the whole value.
        contact: the person's entry in `contacts`.
        errors: the entries of `value.errors`.
        field: the webhook field.
    """

    phone: str
    part: Literal["messages", "statuses", "errors", "field"]
    content: Json
    contact: Json | None = None
    errors: tuple[Json, ...] = ()
    field: str = "messages"

    def about(self) -> tuple[str, str, str]:
        """What fault rules match: target, phone number and kind."""
        if self.part == "statuses":
            return "statuses", self.phone, str(self.content.get("status", ""))
        kind = str(self.content.get("type", ""))
        inner = self.content.get(kind)
        return "webhooks", self.phone, str(inner.get("type", kind)) if kind == "interactive" and inner else kind


@dataclass(frozen=True, slots=True)
class Undelivered:
    """A webhook that the bot has not accepted yet, as saved across a restart.

    Attributes:
        number: the webhook number.
        phones: the people whose messages or statuses it has.
        due_ms: the time of the next attempt.
        tries: the number of attempts so far.
        after: the numbers of the webhooks that it waits for.
    """

    number: int
    phones: tuple[str, ...]
    body: bytes
    headers: dict[str, str]
    due_ms: int
    tries: int = 0
    after: tuple[int, ...] = ()


def envelope(business: Business, updates: Sequence[Update], shape: Shape, fault: DeliveryFault) -> Json:
    """The JSON of one webhook. A field other than `messages` always has its own change."""
    if shape == "messages":
        groups = [list(group) for _, group in groupby(updates, lambda update: update.part == "field" and update)]
    elif shape == "natural":
        groups = [
            list(group) for _, group in groupby(updates, lambda update: (update.phone, update.part, update.field))
        ]
    else:
        groups = [[update] for update in updates]
    changes = [{"value": _value(business, group, fault), "field": group[0].field} for group in groups]
    bundles = [[change] for change in changes] if shape == "entries" else [changes]
    entries = [{"id": business.business_id, "changes": bundle} for bundle in bundles]
    return {"object": "whatsapp_business_account", "entry": entries}


def _value(business: Business, updates: Iterable[Update], fault: DeliveryFault) -> Json:
    updates = list(updates)
    if updates[0].part == "field":
        return updates[0].content
    value: Json = {
        "messaging_product": "whatsapp",
        "metadata": {
            "display_phone_number": business.display_phone_number,
            "phone_number_id": _FOREIGN if fault.foreign else business.phone_number_id,
        },
    }
    for update in updates:
        contact = None if "contacts" in fault.without else _contact(update.contact, fault)
        if contact is not None and contact not in value.setdefault("contacts", []):
            value["contacts"].append(contact)
        content = {key: part for key, part in update.content.items() if key not in fault.without}
        value.setdefault(update.part, []).append({**content, **fault.extra})
        if update.errors:
            value.setdefault("errors", []).extend(update.errors)
    return value


def _contact(contact: Json | None, fault: DeliveryFault) -> Json | None:
    if contact is None:
        return None
    kept = {key: part for key, part in contact.items() if key not in fault.without}
    if "profile" in kept:
        kept["profile"] = {key: part for key, part in kept["profile"].items() if key not in fault.without}
    return kept


def shuffled(value: Any, chance: random.Random) -> Any:
    """The same JSON with the keys of its objects in random order."""
    if isinstance(value, dict):
        keys = chance.sample(list(value), len(value))
        return {key: shuffled(value[key], chance) for key in keys}
    return [shuffled(item, chance) for item in value] if isinstance(value, list) else value


def escaped(value: Any) -> bytes:
    r"""Compact JSON as Meta writes it: non-ASCII as lowercase ``\uXXXX``, and slashes as ``\/``."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode()


def signature(secret: str, body: bytes) -> str:
    """The value of `X-Hub-Signature-256` for exactly these bytes."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
