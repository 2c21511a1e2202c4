"""A person's phone: what its owner can do with it, and what it shows."""

from __future__ import annotations

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from simulator.whatsapp_cloud.errors import HandsetError, NotOnScreen
from simulator.whatsapp_cloud.values import Bubble, Choice, Json

__all__ = ("Handset", "Line", "Written", "scoped_id")

TYPING_MS: Final = 25_000
"""How long the typing indicator stays unless a message ends it (Meta, September 2026)."""

_SHOWN: Final = 40
_MEDIA: Final[Mapping[str, Json]] = {
    "image": {"mime_type": "image/jpeg"},
    "video": {"mime_type": "video/mp4"},
    "audio": {"mime_type": "audio/ogg; codecs=opus", "voice": True},
    "document": {"mime_type": "application/pdf", "filename": "document.pdf"},
    "sticker": {"mime_type": "image/webp", "animated": False},
}
_UNSUPPORTED: Final[Json] = {
    "code": 131051,
    "title": "Message type unknown",
    "message": "Message type unknown",
    "error_data": {"details": "Message type is currently not supported."},
}


class Line(Protocol):
    """What a phone needs of WhatsApp."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""

    def hand_over(self, handset: Handset, message: Json, *, contact: bool = True) -> str:
        """Take a person's message; gives it its id, time and sender, and returns the wamid."""

    def media_id(self, phone: str) -> str:
        """A new id for a file that a person sends."""

    def renumber(self, handset: Handset, phone: str) -> None:
        """Move a person to another phone number."""


@dataclass(slots=True)
class Written:
    """A message of the person; ``read`` once the business marked it as read."""

    wamid: str
    at_ms: int
    message: Json
    read: bool = False


def scoped_id(phone: str, country: str) -> str:
    """The business-scoped user id of whoever has this phone number."""
    return f"{country}.{int.from_bytes(hashlib.blake2s(phone.encode()).digest()[:7], 'big')}"


class Handset:
    """One person's WhatsApp.

    Attributes:
        phone: the number as digits.
        name: the profile's name; empty if there is none.
        username: empty if there is none; ``hides_number``: the business does not get the number.
        receipts: whether read receipts are on.
        blocked: whether the business is blocked.
        bubbles: every message accepted for this phone, in order.
        written: every message of the person, in order.
        typing: when the typing indicator appeared.
        reactions: the business's reactions, by wamid of the person's message.
    """

    def __init__(
        self,
        line: Line,
        phone: str,
        *,
        name: str,
        receipts: bool = True,
        online: bool = True,
        blocked: bool = False,
        username: str = "",
        hides_number: bool = False,
        parent_id: str = "",
        country: str = "ZW",
    ) -> None:
        self.phone = phone
        self.name = name
        self.username = username
        self.hides_number = hides_number
        self.parent_id = parent_id
        self.country = country
        self.receipts = receipts
        self.blocked = blocked
        self.bubbles: list[Bubble] = []
        self.written: list[Written] = []
        self.typing: list[int] = []
        self.reactions: dict[str, str] = {}
        self.reachable = asyncio.Event()
        self._line = line
        self._typing_ends_ms = 0
        if online:
            self.reachable.set()

    @property
    def user_id(self) -> str:
        """The business-scoped user id; another number has another one."""
        return scoped_id(self.phone, self.country)

    @property
    def online(self) -> bool:
        """Whether the phone is switched on and has network."""
        return self.reachable.is_set()

    @property
    def screen(self) -> list[Bubble]:
        """The business's messages that the phone shows, in the order of their appearance."""
        shown = [bubble for bubble in self.bubbles if bubble.shown_ms is not None]
        return sorted(shown, key=lambda bubble: bubble.shown_ms or 0)

    @property
    def typing_shown(self) -> bool:
        """Whether the phone shows now that the business is typing."""
        return self._line.now_ms() < self._typing_ends_ms

    def switch_off(self) -> None:
        """Lose the network: messages wait at WhatsApp."""
        self.reachable.clear()

    def switch_on(self) -> None:
        """Find the network again."""
        self.reachable.set()

    def type(self, text: str, *, reply_to: str | None = None, forwarded: bool = False) -> str:
        """Write a text, perhaps as a reply to the message with this wamid. Returns the wamid, as all these do."""
        message: Json = {"type": "text", "text": {"body": text}}
        if reply_to is not None:
            message["context"] = {"from": self._writer(reply_to), "id": reply_to}
        if forwarded:
            message["context"] = {"forwarded": True}
        return self._say(message)

    def tap(self, bubble: str | None, choice: str) -> str:
        """Tap a button or a row, by its id or its title, of the bubble with this wamid (None: the newest that has it).

        Raises:
            NotOnScreen: the phone shows no such thing; the message names what it shows.
        """
        for shown in reversed(self.screen):
            if bubble is not None and shown.wamid != bubble:
                continue
            for one in shown.choices:
                if choice in (one.id, one.title):
                    return self._say(_tapped(shown, one), answers=shown)
        where = "" if bubble is None else " on that message"
        raise NotOnScreen(f"{self._called()} cannot tap {choice!r}{where}. {self._describe_screen()}")

    def fill(self, bubble: str | None, answers: Mapping[str, Any], *, with_token: bool = True) -> str:
        """Submit the form of the bubble with this wamid (None: the newest form). Old phones leave out the token.

        Raises:
            NotOnScreen: the phone shows no such form.
        """
        for shown in reversed(self.screen):
            if shown.kind == "flow" and bubble in (None, shown.wamid):
                token = shown.payload["interactive"]["action"]["parameters"].get("flow_token", "unused")
                response = {**({"flow_token": token} if with_token else {}), **answers}
                reply = {"name": "flow", "body": "Sent", "response_json": json.dumps(response, separators=(",", ":"))}
                message = {"type": "interactive", "interactive": {"type": "nfm_reply", "nfm_reply": reply}}
                return self._say(message, answers=shown)
        raise NotOnScreen(f"{self._called()} sees no such form. {self._describe_screen()}")

    def send(self, kind: str, **fields: Any) -> str:
        """Send something that is no text: image, video, audio, document, sticker, location, contacts, unsupported, ...

        ``fields`` replace or complete what is usual for the kind; ``caption`` for one. Kinds that nobody knows yet are
        sent with their fields as they are.
        """
        if kind in _MEDIA:
            media_id = self._line.media_id(self.phone)
            digest = b64encode(hashlib.sha256(media_id.encode()).digest()).decode()
            return self._say({"type": kind, kind: {**_MEDIA[kind], "sha256": digest, "id": media_id, **fields}})
        if kind == "location":
            return self._say({"type": kind, kind: {"latitude": -17.8292, "longitude": 31.0522, **fields}})
        if kind == "contacts":
            return self._say({"type": kind, kind: list(fields.get("contacts", [_A_CONTACT]))})
        if kind == "unsupported":
            details = {"type": fields.get("type", "unknown")}
            return self._say({"type": kind, "errors": [_UNSUPPORTED], kind: details})
        return self._say({"type": kind, kind: fields} if fields else {"type": kind})

    def react(self, wamid: str, emoji: str) -> str:
        """React to a message with an emoji; an empty one takes the reaction back."""
        return self._say({"type": "reaction", "reaction": {"message_id": wamid, "emoji": emoji}})

    def raw(self, message: Mapping[str, Any], *, contact: bool = True) -> str:
        """Send a message in any shape; id, time and sender are filled in unless it has them."""
        return self._say(dict(message), contact=contact)

    def change_number(self, phone: str) -> str:
        """Move to another phone number; WhatsApp tells the business, from the old one."""
        old = self.phone
        system = {
            "body": f"User {self.name} changed from {old} to {phone}",
            "wa_id": phone,
            "type": "user_changed_number",
        }
        wamid = self._say({"type": "system", "system": system}, contact=False)
        self._line.renumber(self, phone)
        return wamid

    def show_typing(self) -> None:
        """The business types, says WhatsApp."""
        now_ms = self._line.now_ms()
        self.typing.append(now_ms)
        self._typing_ends_ms = now_ms + TYPING_MS

    def show(self, bubble: Bubble) -> None:
        """A message of the business arrives on the phone."""
        bubble.shown_ms = self._line.now_ms()
        self._typing_ends_ms = 0

    def mark_read(self, upto: Written) -> None:
        """The business has read this message and, with it, those before."""
        for written in self.written:
            written.read = True
            if written is upto:
                return

    def _say(self, message: Json, *, answers: Bubble | None = None, contact: bool = True) -> str:
        if not self.online:
            raise HandsetError(f"{self._called()} is offline and cannot send anything: switch the phone on first")
        if self.blocked:
            raise HandsetError(f"{self._called()} has blocked the business and must unblock it before writing to it")
        if answers is not None:
            message["context"] = {"from": self._writer(answers.wamid), "id": answers.wamid}
        return self._line.hand_over(self, message, contact=contact)

    def _writer(self, wamid: str) -> str:
        """Who wrote a message; WhatsApp fills in the business's number where this is empty."""
        return self.phone if any(written.wamid == wamid for written in self.written) else ""

    def _called(self) -> str:
        return f"{self.name or 'the person'} ({self.phone})"

    def _describe_screen(self) -> str:
        if not self.screen:
            return "The screen is empty."
        return "On the screen: " + "; ".join(_describe(bubble) for bubble in self.screen[-3:]) + "."


_A_CONTACT: Final[Json] = {
    "name": {"formatted_name": "Farai Ncube", "first_name": "Farai", "last_name": "Ncube"},
    "phones": [{"phone": "+263 71 234 5678", "wa_id": "263712345678", "type": "CELL"}],
}


def _tapped(bubble: Bubble, choice: Choice) -> Json:
    if bubble.kind == "template":
        return {"type": "button", "button": {"payload": choice.id, "text": choice.title}}
    kind = "list_reply" if bubble.kind == "list" else "button_reply"
    reply = {"id": choice.id, "title": choice.title}
    if choice.description:
        reply["description"] = choice.description
    return {"type": "interactive", "interactive": {"type": kind, kind: reply}}


def _describe(bubble: Bubble) -> str:
    body = bubble.body.replace("\n", " ")
    said = body if len(body) <= _SHOWN else body[: _SHOWN - 1] + "…"
    label = [f"≡ {bubble.label}:"] if bubble.label else []
    return " ".join([f"“{said}”", *label, *_titles(bubble.choices)])


def _titles(choices: Sequence[Choice]) -> list[str]:
    return [f"[{choice.title}]" for choice in choices]
