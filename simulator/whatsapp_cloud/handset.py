"""A person's phone: what its owner can do with it, and what it shows."""

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
"""How long the typing indicator stays unless a message ends it (Meta, September 2026)."""

_SHOWN: Final = 40


@dataclass(frozen=True, slots=True)
class InboundExtras:
    """What goes with a message: who sent it, `value.errors`, and what a form looked like when it was submitted."""

    contact: bool = True
    errors: Sequence[Json] = ()
    form: tuple[str, ...] = ()


NO_EXTRAS: Final = InboundExtras()


class HandsetBackend(Protocol):
    """What a phone needs of WhatsApp."""

    def now_ms(self) -> int:
        """Milliseconds since the epoch."""

    def receive(self, handset: Handset, message: Json, extras: InboundExtras) -> str:
        """Take a person's message; gives it its id, time and sender, and returns the wamid."""

    def form(self, bubble: Bubble) -> str:
        """The definition of the form that a message opens; empty where nobody here made it."""

    def media_id(self, phone: str) -> str:
        """A new id for a file that a person sends."""

    def renumber(self, handset: Handset, phone: str) -> None:
        """Move a person to another phone number."""


@dataclass(slots=True)
class InboundMessage:
    """A message of the person; ``read`` once the business marked it as read."""

    wamid: str
    at_ms: int
    message: Json
    read: bool = False


def scoped_id(phone: str, country: str = "") -> str:
    """The business-scoped user id of the person with this phone number.

    Args:
        phone: digits, calling code first.
        country: the ISO 3166 code that the id begins with; that of the phone number by default.
    """
    return f"{country or country_of(phone)}.{int.from_bytes(hashlib.blake2s(phone.encode()).digest()[:7], 'big')}"


class Handset:
    """One person's WhatsApp.

    Attributes:
        phone: the number as digits.
        name: the profile's name; empty if there is none.
        username: empty if there is none; ``hides_number``: the business does not get the number.
        receipts: whether read receipts are on.
        blocked: whether the business is blocked.
        devices: how many this person has had; each has keys of its own.
        bubbles: every message accepted for this phone, in order.
        sent: every message of the person, in order.
        typing: when the typing indicator appeared; ``typing_ends_ms`` when the last one ends.
        reactions: the business's reactions, by wamid of the person's message.
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
        """The business-scoped user id; another number has another one."""
        return scoped_id(self.phone, self.country)

    @property
    def identity(self) -> str:
        """The hash of the keys of the person's device."""
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
        """Lose the network: messages wait at WhatsApp."""
        self.reachable.clear()

    def switch_on(self) -> None:
        """Find the network again."""
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
        """Write a text. Returns the wamid, as all these do.

        Args:
            text: what is written.
            reply_to: the wamid of the message that it quotes.
            forwarded: it was written elsewhere; ``frequently`` after more than five times.
            product: the shop's id of a product, which it asks about.
            advertisement: what differs from a usual one, for a text by which somebody answers it.
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
        return self._say(message)

    def tap(self, bubble: str | None, choice: str, *, context: bool = True) -> str:
        """Tap a button or a row, by its id or its title, of the bubble with this wamid (None: the newest that has it).

        Args:
            bubble: the wamid of the message.
            choice: the id or the title.
            context: whether the bot is told which message it was on; of templates it sometimes is not.

        Raises:
            NotOnScreen: the phone shows no such thing; the message names what it shows.
        """
        for shown in reversed(self.screen):
            if bubble is not None and shown.wamid != bubble:
                continue
            for one in shown.choices:
                if choice in (one.id, one.title):
                    return self._say(tapped(shown, one), answers=shown if context else None)
        where = "" if bubble is None else " on that message"
        raise NotOnScreenError(f"{self._called()} cannot tap {choice!r}{where}. {self._describe_screen()}")

    def form(self, bubble: str | None) -> tuple[Bubble, OpenForm | None]:
        """The form of the bubble with this wamid (None: the newest form), open; None if only its id is known.

        Raises:
            NotOnScreen: the phone shows no such form.
            NotFilledIn: no phone can show it.
        """
        for shown in reversed(self.screen):
            if shown.kind == "flow" and bubble in (None, shown.wamid):
                source = self._backend.form(shown)
                parameters = shown.payload["interactive"]["action"]["parameters"]
                return shown, OpenForm.of(source, parameters) if source else None
        raise NotOnScreenError(f"{self._called()} sees no such form. {self._describe_screen()}")

    def fill(
        self, bubble: str | None, answers: Mapping[str, Any], *, with_token: bool = True, checked: bool = True
    ) -> str:
        """Fill in the form of the bubble with this wamid (None: the newest form) and submit it.

        A form that the account has is shown and filled in as its definition says; of any other only the id is known,
        and the answers are sent as they are.

        Args:
            bubble: the wamid of the message.
            answers: by the names of the fields.
            with_token: old phones leave the token out.
            checked: the form sees to its rules; otherwise somebody goes past it, and the bot gets what they like.

        Raises:
            NotOnScreen: the phone shows no such form.
            NotFilledIn: the form does not take these answers.
        """
        shown, opened = self.form(bubble)
        told: Mapping[str, Any] = answers
        if opened is not None:
            told = opened.submit(answers) if checked else opened.unchecked(answers)
        looks = () if opened is None else tuple(opened.shown)
        return self._say(filled(shown, told, with_token=with_token), answers=shown, extras=InboundExtras(form=looks))

    def send(self, kind: str, **fields: Any) -> str:
        """Send something that is no text: image, video, audio, document, sticker, location, contacts, order, ...

        ``fields`` replace or complete what is usual for the kind; ``caption`` for one. Kinds that nobody knows yet are
        sent with their fields as they are.
        """
        if kind in MEDIA:
            return self._say(media(kind, self._backend.media_id(self.phone), fields))
        return self._say(other(kind, fields))

    def react(self, wamid: str, emoji: str | None) -> str:
        """React to a message; an empty emoji takes the reaction back, and so does None, which some phones send."""
        return self._say(reaction(wamid, emoji))

    def edit(self, wamid: str, text: str, *, coexistence: bool = False) -> str:
        """Correct an own message. Only a number that is in the WhatsApp Business app as well is told the new text."""
        return self._say(edited(wamid, text, coexistence=coexistence))

    def revoke(self, wamid: str) -> str:
        """Delete an own message for everyone, and have the bot told so."""
        return self._say(other("revoke", {"original_message_id": wamid}))

    def garble(self) -> str:
        """Tap something of which WhatsApp tells only that it failed: an interactive message with nothing in it."""
        error = {"code": 131000, "title": "Something went wrong", "message": "Something went wrong"}
        return self._say({"type": "interactive"}, extras=InboundExtras(errors=[error]))

    def raw(self, message: Mapping[str, Any], *, contact: bool = True) -> str:
        """Send a message in any shape; id, time and sender are filled in unless it has them."""
        return self._say(dict(message), extras=InboundExtras(contact=contact))

    def change_number(self, phone: str, *, form: Literal["new", "old", "user_id"] = "new") -> str:
        """Move to another phone number; WhatsApp tells the business, from the old one. See `inbound.moved`."""
        told = moved(self.name, self.phone, phone, scoped_id(phone, self.country), form)
        wamid = self._say(told, extras=InboundExtras(contact=False))
        self._backend.renumber(self, phone)
        return wamid

    def change_identity(self) -> str:
        """Move to another device; WhatsApp tells businesses that check identities."""
        self.devices += 1
        return self._say(identity_changed(self.identity, self._backend.now_ms()))

    def show_typing(self) -> None:
        """The business types, says WhatsApp."""
        now_ms = self._backend.now_ms()
        self.typing.append(now_ms)
        self.typing_ends_ms = now_ms + TYPING_MS

    def show(self, bubble: Bubble) -> None:
        """A message of the business arrives on the phone."""
        bubble.shown_ms = self._backend.now_ms()
        self.typing_ends_ms = 0
        self.devices = 1

    def mark_read(self, upto: InboundMessage) -> None:
        """The business has read this message and, with it, those before."""
        for message in self.sent:
            message.read = True
            if message is upto:
                return

    def _say(self, message: Json, *, answers: Bubble | None = None, extras: InboundExtras = NO_EXTRAS) -> str:
        if not self.online:
            raise HandsetError(f"{self._called()} is offline and cannot send anything: switch the phone on first")
        if self.blocked:
            raise HandsetError(f"{self._called()} has blocked the business and must unblock it before writing to it")
        if answers is not None:
            message["context"] = {"from": self._writer(answers.wamid), "id": answers.wamid}
        return self._backend.receive(self, message, extras)

    def _writer(self, wamid: str) -> str:
        """Who wrote a message; WhatsApp fills in the business's number where this is empty."""
        return self.phone if any(message.wamid == wamid for message in self.sent) else ""

    def _called(self) -> str:
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
