"""Outgoing messages that cannot break WhatsApp's limits: the constructors count and raise.

Limits are Meta's for the Cloud API (messages reference and OpenAPI file v23.0, read November 2026). Meta does not
say what it counts; UTF-16 units are the strictest reading, so an emoji never tips a message over.
"""

import unicodedata
from typing import Final

import msgspec

TEXT_BODY: Final = 4096
BODY: Final = 1024
HEADER: Final = 60
FOOTER: Final = 60
BUTTONS: Final = 3
BUTTON_TITLE: Final = 20
BUTTON_ID: Final = 256
ROWS: Final = 10
ROW_TITLE: Final = 24
ROW_ID: Final = 200
ROW_DESCRIPTION: Final = 72
SECTION_TITLE: Final = 24
LIST_BUTTON: Final = 20
FORM_BUTTON: Final = 20


class MessageError(ValueError):
    """A message that WhatsApp would refuse. It is a defect of a flow: flows shorten names by rule."""


def length(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text.encode("utf-16-le")) // 2


def shorten(text: str, most: int) -> str:
    """The text, cut with an ellipsis so that it is at most ``most`` UTF-16 units long."""
    if length(text) <= most:
        return text
    kept = text
    while length(kept) > most - 1:
        kept = kept[:-1]
    return kept.rstrip() + "…"


_JOINER: Final = "\u200d"
"""The zero-width joiner combines emoji into one; alone it shows nothing."""


def visible(text: str) -> str:
    """The text on one line, with nothing invisible in it; empty when there is nothing to see.

    Controls, zero-width characters, halves of surrogate pairs and marks that turn the direction of writing (and would
    reverse the amounts next to them) become spaces. Joiners that make emoji are kept.
    """
    kept = "".join(
        " " if unicodedata.category(character).startswith("C") and character != _JOINER else character
        for character in text
    )
    said = " ".join(kept.split())
    return said if said.strip(_JOINER + " ") else ""


def _within(what: str, text: str, most: int, least: int = 1) -> None:
    counted = length(text)
    if not least <= counted <= most:
        raise MessageError(f"{what} has {counted} UTF-16 units, allowed are {least} to {most}: {text!r}")
    if least and not text.strip():
        raise MessageError(f"{what} is blank")


def _unique(what: str, values: list[str]) -> None:
    if len(set(values)) != len(values):
        raise MessageError(f"{what} must differ from one another: {values}")


def _identifier(what: str, value: str, most: int) -> None:
    _within(what, value, most)
    if value != value.strip():
        raise MessageError(f"{what} may not begin or end with a space: {value!r}")


class Button(msgspec.Struct, frozen=True):
    """A reply button: what comes back when it is tapped, and what the member reads on it."""

    id: str
    title: str

    def __post_init__(self) -> None:
        _identifier("a button's id", self.id, BUTTON_ID)
        _within("a button's title", self.title, BUTTON_TITLE)


class Row(msgspec.Struct, frozen=True):
    id: str
    title: str
    description: str = ""

    def __post_init__(self) -> None:
        _identifier("a row's id", self.id, ROW_ID)
        _within("a row's title", self.title, ROW_TITLE)
        _within("a row's description", self.description, ROW_DESCRIPTION, least=0)


class Section(msgspec.Struct, frozen=True):
    """Rows under a title; the title may be empty in a list of one section."""

    rows: tuple[Row, ...]
    title: str = ""

    def __post_init__(self) -> None:
        _within("a section's title", self.title, SECTION_TITLE, least=0)
        if not self.rows:
            raise MessageError("a section needs a row")


class Text(msgspec.Struct, frozen=True, tag="text"):
    """A plain text, at most 4096 units."""

    body: str

    def __post_init__(self) -> None:
        _within("a text", self.body, TEXT_BODY)


class _Interactive(msgspec.Struct, frozen=True):
    body: str
    header: str = msgspec.field(default="", name="header")
    footer: str = ""

    def _check(self) -> None:
        _within("a body", self.body, BODY)
        _within("a header", self.header, HEADER, least=0)
        _within("a footer", self.footer, FOOTER, least=0)


class Buttons(_Interactive, frozen=True, tag="buttons", kw_only=True):
    """A text with one to three reply buttons."""

    buttons: tuple[Button, ...]

    def __post_init__(self) -> None:
        self._check()
        if not 1 <= len(self.buttons) <= BUTTONS:
            raise MessageError(f"there may be 1 to {BUTTONS} buttons, not {len(self.buttons)}")
        _unique("button ids", [button.id for button in self.buttons])
        _unique("button titles", [button.title for button in self.buttons])


class List(_Interactive, frozen=True, tag="list", kw_only=True):
    """A text with a button that opens a list of at most ten rows."""

    button: str
    sections: tuple[Section, ...]

    def __post_init__(self) -> None:
        self._check()
        _within("a list's button", self.button, LIST_BUTTON)
        rows = [row for section in self.sections for row in section.rows]
        if not 1 <= len(rows) <= ROWS:
            raise MessageError(f"a list may have 1 to {ROWS} rows in all, not {len(rows)}")
        if len(self.sections) > 1 and not all(section.title for section in self.sections):
            raise MessageError("each of several sections needs a title")
        _unique("row ids", [row.id for row in rows])


class Form(_Interactive, frozen=True, tag="form", kw_only=True):
    """A text with a button that opens a WhatsApp Flow form.

    ``token`` comes back with the answers and must be unguessable and used once.
    """

    button: str
    form_id: str
    token: str
    screen: str

    def __post_init__(self) -> None:
        self._check()
        _within("a form's button", self.button, FORM_BUTTON)
        for what, value in (("form id", self.form_id), ("token", self.token), ("screen", self.screen)):
            _within(f"a form's {what}", value, BUTTON_ID)


class Template(msgspec.Struct, frozen=True, tag="template"):
    """An approved template: the only kind that may go out when the member has been silent for 24 hours."""

    name: str
    language: str
    body: tuple[str, ...] = ()
    quick_replies: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _within("a template's name", self.name, 512)
        for value in self.body:
            _within("a template's value", value, BODY)
            if "\n" in value or "\t" in value or "     " in value:
                raise MessageError("a template's value may hold no line break, tab or more than 4 spaces in a row")


class Reaction(msgspec.Struct, frozen=True, tag="reaction"):
    """An emoji on one of the member's own messages."""

    message_id: str
    emoji: str


Message = Text | Buttons | List | Form | Template | Reaction


class Outgoing(msgspec.Struct, frozen=True):
    """A message as it waits in a member's outbox.

    When the member has been silent for 24 hours ``otherwise`` is sent in its place; without it nothing is sent.
    """

    message: Message
    version: int = 1
    otherwise: Template | None = None


def choices(message: Message) -> tuple[Button | Row, ...]:
    """The buttons or rows that a message offers, in the order shown."""
    if isinstance(message, Buttons):
        return message.buttons
    if isinstance(message, List):
        return tuple(row for section in message.sections for row in section.rows)
    return ()
