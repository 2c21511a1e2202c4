"""The requests and answers of the control API, as the OpenAPI page shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from .handset import Handset
from .values import Attempt, Bubble, Choice, FormField, StatusNote

__all__ = (
    "ActResult",
    "Announce",
    "Change",
    "Delivery",
    "Edit",
    "Fill",
    "Message",
    "Network",
    "NewNumber",
    "NewPerson",
    "Numbered",
    "OpenedForm",
    "Person",
    "Raw",
    "React",
    "Screen",
    "SendKind",
    "Tap",
    "TypeText",
    "delivery",
    "message",
    "person",
)


class ControlRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request; unknown keys are refused."""


class Act(ControlRequest, frozen=True):
    """A person's action; the answer waits up to ``wait_ms`` for the bot's next message."""

    wait_ms: int = 0


class NewPerson(ControlRequest, frozen=True):
    """A person to be given a phone."""

    phone: str
    name: str = ""
    receipts: bool = True
    online: bool = True
    blocked: bool = False
    username: str = ""
    hides_number: bool = False
    parent_id: str = ""


class Change(ControlRequest, frozen=True):
    """Changes of a person; absent keys stay unchanged."""

    name: str | None = None
    receipts: bool | None = None
    online: bool | None = None
    blocked: bool | None = None
    username: str | None = None
    hides_number: bool | None = None


class TypeText(Act, frozen=True, kw_only=True):
    """A text; ``reply_to`` is the wamid of the message that it quotes."""

    text: str
    reply_to: str | None = None
    forwarded: bool | Literal["frequently"] = False


class Tap(Act, frozen=True, kw_only=True):
    """A tap on a button or a row, by title or id; on the message with this wamid, or on the newest that shows it."""

    choice: str
    message: str | None = None
    context: bool = True


class Fill(Act, frozen=True, kw_only=True):
    """Fill in and submit the newest form, or that of the message with this wamid.

    If not ``checked``, the form's checks are skipped.
    """

    answers: dict[str, Any]
    message: str | None = None
    with_token: bool = True
    checked: bool = True


class SendKind(Act, frozen=True, kw_only=True):
    """A message other than text: image, video, audio, document, sticker, location, contacts, order, unsupported..."""

    kind: str
    fields: dict[str, Any] = {}


class React(Act, frozen=True, kw_only=True):
    """A reaction to the message with this wamid (the newest by default); an empty emoji or null removes it."""

    emoji: str | None
    message: str | None = None


class Edit(Act, frozen=True, kw_only=True):
    """Edit an own message, or delete it if there is no text."""

    message: str
    text: str | None = None
    coexistence: bool = False


class NewNumber(Act, frozen=True, kw_only=True):
    """Another phone number; ``form`` is the form of the notification."""

    phone: str
    form: Literal["new", "old", "user_id"] = "new"


class Raw(Act, frozen=True, kw_only=True):
    """Any JSON as a message; id, time and sender are added unless given."""

    message: dict[str, Any]
    contact: bool = True


class Network(ControlRequest, frozen=True):
    """Whether webhooks are held back."""

    held: bool


class Announce(ControlRequest, frozen=True):
    """A webhook field other than `messages`; with a sample value unless one is given."""

    field: str
    value: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person with a phone."""

    phone: str
    name: str
    user_id: str
    username: str
    receipts: bool
    online: bool
    blocked: bool
    hides_number: bool
    typing: bool
    shown: int
    written: int


@dataclass(frozen=True, slots=True)
class Message:
    """A message on the screen; ``number`` is its position, from 1."""

    number: int
    wamid: str
    at_ms: int
    kind: str
    body: str
    header: str
    footer: str
    label: str
    choices: tuple[Choice, ...]
    quotes: str | None
    statuses: tuple[StatusNote, ...]


@dataclass(frozen=True, slots=True)
class Screen:
    """The screen of a phone: ``shown`` messages in total, of which ``messages`` are those requested."""

    phone: str
    shown: int
    typing: bool
    messages: list[Message]
    reactions: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenedForm:
    """An open form with the fields of its screens."""

    message: str
    fields: list[FormField]


@dataclass(frozen=True, slots=True)
class ActResult:
    """The result of an action: its wamid, and the new messages on the screen."""

    wamid: str
    screen: Screen


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver a webhook."""

    number: int
    webhook: int
    phones: tuple[str, ...]
    at_ms: int
    ended_ms: int | None
    status: int | None
    problem: str
    body: str


@dataclass(frozen=True, slots=True)
class Numbered:
    """The number of a rule or a webhook."""

    number: int


def person(handset: Handset) -> Person:
    """The JSON form of a person."""
    return Person(
        handset.phone,
        handset.name,
        handset.user_id,
        handset.username,
        handset.receipts,
        handset.online,
        handset.blocked,
        handset.hides_number,
        handset.typing_shown,
        len(handset.screen),
        len(handset.sent),
    )


def message(number: int, bubble: Bubble) -> Message:
    """The JSON form of a message on the screen."""
    return Message(
        number,
        bubble.wamid,
        bubble.at_ms if bubble.shown_ms is None else bubble.shown_ms,
        bubble.kind,
        bubble.body,
        bubble.header,
        bubble.footer,
        bubble.label,
        bubble.choices,
        bubble.quotes,
        tuple(bubble.statuses),
    )


def delivery(attempt: Attempt) -> Delivery:
    """The JSON form of an attempt."""
    return Delivery(
        attempt.number,
        attempt.webhook,
        attempt.phones,
        attempt.at_ms,
        attempt.ended_ms,
        attempt.status,
        attempt.problem,
        attempt.body.decode(),
    )
