"""A person's phone: the actions of its owner, and the messages that it shows."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from .errors import HandsetError, NotOnScreenError
from .form_screens import OpenForm
from .inbound import (
    MEDIA,
    edited,
    filled,
    identity_changed,
    media,
    moved,
    other,
    reaction,
    referral,
    tapped,
)
from .phone_numbers import country_of
from .values import Bubble, Choice, Json

__all__ = ("Handset", "HandsetBackend", "InboundExtras", "InboundMessage", "scoped_id")

TYPING_MS: Final = 25_000
"""How long the typing indicator is shown unless a message ends it (Meta, September 2026)."""

_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class InboundExtras:
    """Parts of a webhook besides the message: the sender's contact, `value.errors`, and the filled-in form as shown."""

    contact: bool = True
    errors: Sequence[Json] = ()
    form: tuple[str, ...] = ()


NO_EXTRAS: Final = InboundExtras()


class HandsetBackend(Protocol):
    """The part of the API that a handset uses."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""

    def receive(self, handset: Handset, message: Json, extras: InboundExtras) -> str:
        """Accept a person's message, add id, time and sender, and return the wamid."""

    def form(self, bubble: Bubble) -> str:
        """The Flow JSON of the form that a message opens; empty if the account does not have the form."""

    def media_id(self, phone: str) -> str:
        """Make an id for a file that a person sends."""

    def renumber(self, handset: Handset, phone: str) -> None:
        """Move a person to another phone number."""


@dataclass(slots=True)
class InboundMessage:
    """A message from the person; ``read`` once the business has marked it as read."""

    wamid: str
    at_ms: int
    message: Json
    read: bool = False


def scoped_id(phone: str, country: str = "") -> str:
    """The business-scoped user id of the person with this phone number.

    Args:
        phone: digits, calling code first.
        country: the ISO 3166 code that the id begins with; by default that of the phone number.
    """
    return f"{country or country_of(phone)}.{int.from_bytes(hashlib.blake2s(phone.encode()).digest()[:7], 'big')}"


class Handset:
    """WhatsApp on one person's phone.

    Attributes:
        phone: the number as digits.
        name: the profile's name; empty if there is none.
        username: empty if there is none; ``hides_number``: the business does not get the number.
        receipts: whether read receipts are on.
        blocked: whether the business is blocked.
        devices: how many devices the person has used; each has its own keys.
        bubbles: every message accepted for this phone, in order.
        sent: every message that the person sent, in order.
        typing: the times at which the typing indicator appeared; ``typing_ends_ms``: when the last one ends.
        reactions: the business's reactions, by the wamid of the person's message.
    """

    def __init__(
        self,
        backend: HandsetBackend,
        phone: str,
        *,
        name: str,
        receipts: bool = True,
        online: bool = True,
        blocked: bool = False,
        username: str = "",
        hides_number: bool = False,
        parent_id: str = "",
        country: str = "",
    ) -> None:
        self.phone = phone
        self.name = name
        self.username = username
        self.hides_number = hides_number
        self.parent_id = parent_id
        self.country = country or country_of(phone)
        self.receipts = receipts
        self.blocked = blocked
        self.bubbles: list[Bubble] = []
        self.sent: list[InboundMessage] = []
        self.typing: list[int] = []
        self.reactions: dict[str, str] = {}
        self.reachable = asyncio.Event()
        self._backend = backend
        self.typing_ends_ms = 0
        self.devices = 1
        if online:
            self.reachable.set()

    @property
    def user_id(self) -> str:
        """The business-scoped user id; it changes with the number."""
        return scoped_id(self.phone, self.country)

    @property
    def identity(self) -> str:
        """The hash of the device's keys."""
        return hashlib.blake2s(f"{self.phone} {self.devices}".encode()).hexdigest()[:12]

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
        return self._backend.now_ms() < self.typing_ends_ms

    def switch_off(self) -> None:
        """Go offline: messages wait at WhatsApp."""
        self.reachable.clear()

    def switch_on(self) -> None:
        """Go online."""
        self.reachable.set()

    def type(
        self,
        text: str,
        *,
        reply_to: str | None = None,
        forwarded: bool | Literal["frequently"] = False,
        product: str = "",
        advertisement: Mapping[str, Any] | None = None,
    ) -> str:
        """Type and send a text. This and the following actions return the wamid.

        Args:
            text: the body.
            reply_to: the wamid of the message that it quotes.
            forwarded: the message is marked as forwarded; ``frequently`` for one forwarded more than five times.
            product: the retailer id of the product that the text asks about.
            advertisement: marks the text as an answer to an advertisement; the fields replace those of a sample one.
        """
        message: Json = {"type": "text", "text": {"body": text}}
        if reply_to is not None:
            message["context"] = {"from": self._writer(reply_to), "id": reply_to}
        if forwarded:
            message["context"] = {"frequently_forwarded" if forwarded == "frequently" else "forwarded": True}
        if product:
            about = {"catalog_id": "194836987003835", "product_retailer_id": product}
            message.setdefault("context", {"from": ""})["referred_product"] = about
        if advertisement is not None:
            message["referral"] = referral(advertisement)
        return self._send_message(message)

    def tap(self, bubble: str | None, choice: str, *, context: bool = True) -> str:
        """Tap a button or a row, by its id or its title, of the bubble with this wamid (None: the newest that has it).

        Args:
            bubble: the wamid of the message.
            choice: the id or the title.
            context: whether the webhook names the message; for templates, Meta sometimes omits it.

        Raises:
            NotOnScreenError: the phone shows no such choice; the error lists what it shows.
        """
        for shown in reversed(self.screen):
            if bubble is not None and shown.wamid != bubble:
                continue
            for one in shown.choices:
                if choice in (one.id, one.title):
                    return self._send_message(tapped(shown, one), answers=shown if context else None)
        where = "" if bubble is None else " on that message"
        raise NotOnScreenError(f"{self._label()} cannot tap {choice!r}{where}. {self._describe_screen()}")

    def form(self, bubble: str | None) -> tuple[Bubble, OpenForm | None]:
        """Open the form of the bubble with this wamid (None: the newest); the form is None if only its id is known.

        Raises:
            NotOnScreenError: the phone shows no such form.
            NotFilledInError: its Flow JSON is invalid.
        """
        for shown in reversed(self.screen):
            if shown.kind == "flow" and bubble in (None, shown.wamid):
                source = self._backend.form(shown)
                parameters = shown.payload["interactive"]["action"]["parameters"]
                return shown, OpenForm.of(source, parameters) if source else None
        raise NotOnScreenError(f"{self._label()} sees no such form. {self._describe_screen()}")

    def fill(
        self, bubble: str | None, answers: Mapping[str, Any], *, with_token: bool = True, checked: bool = True
    ) -> str:
        """Fill in the form of the bubble with this wamid (None: the newest form) and submit it.

        A form of the account is filled in according to its Flow JSON. For any other, only the id is known, and the
        answers are sent unchanged.

        Args:
            bubble: the wamid of the message.
            answers: by the names of the fields.
            with_token: whether the submission has the flow token; old clients omit it.
            checked: whether the form's checks apply; otherwise any answers are sent.

        Raises:
            NotOnScreenError: the phone shows no such form.
            NotFilledInError: the form rejects these answers.
        """
        shown, opened = self.form(bubble)
        content: Mapping[str, Any] = answers
        if opened is not None:
            content = opened.submit(answers) if checked else opened.unchecked(answers)
        looks = () if opened is None else tuple(opened.shown)
        return self._send_message(
            filled(shown, content, with_token=with_token), answers=shown, extras=InboundExtras(form=looks)
        )

    def send(self, kind: str, **fields: Any) -> str:
        """Send a message other than text: image, video, audio, document, sticker, location, contacts, order, ...

        ``fields`` replace or extend the defaults of the kind, such as ``caption``. Unknown kinds are sent with exactly
        these fields.
        """
        if kind in MEDIA:
            return self._send_message(media(kind, self._backend.media_id(self.phone), fields))
        return self._send_message(other(kind, fields))

    def react(self, wamid: str, emoji: str | None) -> str:
        """React to a message; an empty emoji removes the reaction, and so does None, which some clients send."""
        return self._send_message(reaction(wamid, emoji))

    def edit(self, wamid: str, text: str, *, coexistence: bool = False) -> str:
        """Edit an own message. Only numbers that also use the WhatsApp Business app receive the new text."""
        return self._send_message(edited(wamid, text, coexistence=coexistence))

    def revoke(self, wamid: str) -> str:
        """Delete an own message for everyone."""
        return self._send_message(other("revoke", {"original_message_id": wamid}))

    def garble(self) -> str:
        """Send an interactive message without content, with an error: what WhatsApp reports for a tap that failed."""
        error = {"code": 131000, "title": "Something went wrong", "message": "Something went wrong"}
        return self._send_message({"type": "interactive"}, extras=InboundExtras(errors=[error]))

    def raw(self, message: Mapping[str, Any], *, contact: bool = True) -> str:
        """Send any JSON as a message; id, time and sender are added unless given."""
        return self._send_message(dict(message), extras=InboundExtras(contact=contact))

    def change_number(self, phone: str, *, form: Literal["new", "old", "user_id"] = "new") -> str:
        """Move to another phone number; the business is notified from the old one. See `inbound.moved`."""
        content = moved(self.name, self.phone, phone, scoped_id(phone, self.country), form)
        wamid = self._send_message(content, extras=InboundExtras(contact=False))
        self._backend.renumber(self, phone)
        return wamid

    def change_identity(self) -> str:
        """Move to another device; businesses that check identities are notified."""
        self.devices += 1
        return self._send_message(identity_changed(self.identity, self._backend.now_ms()))

    def show_typing(self) -> None:
        """Show the typing indicator."""
        now_ms = self._backend.now_ms()
        self.typing.append(now_ms)
        self.typing_ends_ms = now_ms + TYPING_MS

    def show(self, bubble: Bubble) -> None:
        """Show a message of the business."""
        bubble.shown_ms = self._backend.now_ms()
        self.typing_ends_ms = 0
        self.devices = 1

    def mark_read(self, upto: InboundMessage) -> None:
        """Mark this message and all earlier ones as read by the business."""
        for message in self.sent:
            message.read = True
            if message is upto:
                return

    def _send_message(self, message: Json, *, answers: Bubble | None = None, extras: InboundExtras = NO_EXTRAS) -> str:
        if not self.online:
            raise HandsetError(f"{self._label()} is offline and cannot send anything: switch the phone on first")
        if self.blocked:
            raise HandsetError(f"{self._label()} has blocked the business and must unblock it before writing to it")
        if answers is not None:
            message["context"] = {"from": self._writer(answers.wamid), "id": answers.wamid}
        return self._backend.receive(self, message, extras)

    def _writer(self, wamid: str) -> str:
        """The sender of a message; empty for the business, whose number the backend fills in."""
        return self.phone if any(message.wamid == wamid for message in self.sent) else ""

    def _label(self) -> str:
        return f"{self.name or 'the person'} ({self.phone})"

    def _describe_screen(self) -> str:
        if not self.screen:
            return "The screen is empty."
        return "On the screen: " + "; ".join(_describe(bubble) for bubble in self.screen[-3:]) + "."


def _describe(bubble: Bubble) -> str:
    body = bubble.body.replace("\n", " ")
    said = body if len(body) <= _SHOWN else body[: _SHOWN - 1] + "…"
    label = [f"≡ {bubble.label}:"] if bubble.label else []
    return " ".join([f"“{said}”", *label, *_titles(bubble.choices)])


def _titles(choices: Sequence[Choice]) -> list[str]:
    return [f"[{choice.title}]" for choice in choices]
