"""Texts: normalised words, the option that a text names, thanks, paragraphs."""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from service.conversation.registry import Vocabulary
from service.conversation.session import Option
from service.messages import Buttons, Form, List, Message, Text, length

KINDS: Final = {
    "image": "pictures",
    "video": "videos",
    "audio": "voice notes",
    "document": "documents",
    "sticker": "stickers",
    "location": "locations",
    "contacts": "contact cards",
    "order": "orders",
    "edit": "changed messages",
    "unsupported": "polls, changed messages and the like",
}
"""What members call each of WhatsApp's message types."""

_THANKS: Final = "🙏"
_AGREED: Final = "👍"

_EMOJI_MODIFIERS: Final = re.compile("[\\s\\ufe0f\\U0001f3fb-\\U0001f3ff]")
"""What may stand around and on an emoji without making it another one: spaces, its coloured form, skin tones."""


def normalize(text: str) -> str:
    """The words of a text: lower case, no punctuation, no emoji, single spaces."""
    return " ".join(re.sub(r"[^\w\s']", " ", text.casefold()).split())


def thanked(text: str, vocabulary: Vocabulary, *, agreeing: bool) -> str:
    """The emoji that answers thanks and, if nothing hangs on it, agreement; empty when the text is neither."""
    said, emoji = normalize(text), set(_EMOJI_MODIFIERS.sub("", text))
    if said in vocabulary.thanks or (emoji and emoji <= vocabulary.thanks):
        return _THANKS
    agreed = said in vocabulary.agreed or (emoji and emoji <= vocabulary.agreed | vocabulary.thanks)
    return _AGREED if agreed and agreeing else ""


def option_meant(
    word: str, options: Sequence[Option], vocabulary: Vocabulary, *, confirm_turn: int | None
) -> Option | None:
    """The option that was meant by its number, its title, or, where the screen of `confirm_turn` asks, yes and no."""
    if word.isdecimal() and word.isascii() and len(word) <= len("10") and 1 <= int(word) <= len(options):
        return options[int(word) - 1]
    by_title = [option for option in options if normalize(option.title) == word and word]
    if by_title:
        return by_title[0]
    if confirm_turn is None:
        return None
    meant = {**dict.fromkeys(vocabulary.yes, "confirm"), **dict.fromkeys(vocabulary.no, "cancel")}
    wanted = f"a:{confirm_turn}:{meant.get(word, '')}"
    return next((option for option in options if option.id == wanted), None)


def paragraphs(*parts: str) -> str:
    """The parts that say something, one below the other."""
    return "\n\n".join(part for part in parts if part)


def with_preface(preface: str, screen: Sequence[Message]) -> list[Message]:
    """The screen with something said above it, in the same message where there is room."""
    if not preface:
        return list(screen)
    first, *rest = screen
    if isinstance(first, Text | Buttons | List | Form):
        body = f"{preface}\n\n{first.body}"
        if length(body) <= 1024:  # noqa: PLR2004 - WhatsApp's limit for all interactive bodies
            return [msgspec.structs.replace(first, body=body), *rest]
    return [Text(preface), *screen]
