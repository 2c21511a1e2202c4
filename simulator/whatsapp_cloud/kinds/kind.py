"""The parts of a kind of message, and checks that kinds share."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from ..errors import RefusedError
from ..schema import Field
from ..values import Bubble, Json

__all__ = ("Found", "Kind", "differ", "exactly_one", "trimmed")


@dataclass(slots=True)
class Found:
    """The result of reading a message.

    Attributes:
        bubble: the message as the person will see it.
        media: kind and id of each uploaded file that it refers to.
        links: the addresses from which Meta would fetch files.
        target, emoji: of a reaction.
    """

    bubble: Bubble
    media: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    target: str = ""
    emoji: str = ""

    def file(self, kind: str, content: Json, path: str) -> None:
        """Record the file of an object, given by exactly one of `id` and `link`."""
        exactly_one(content, ("id", "link"), path)
        if content.get("id") is not None:
            self.media.append((kind, content["id"]))
        else:
            self.links.append(content["link"])


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: the schema of its content, and the function that reads valid content."""

    content: Field
    read: Callable[[Any, Found], None]


def exactly_one(content: Json, keys: tuple[str, str], path: str = "") -> None:
    """Refuse an object with both keys or neither."""
    given = [key for key in keys if content.get(key)]
    if len(given) != 1:
        where = f" in {path}" if path else ""
        raise RefusedError(131009, details=f"Exactly one of {keys[0]} and {keys[1]} is needed{where}")


def differ(what: str, values: Collection[str]) -> None:
    """Refuse duplicate values."""
    if len(set(values)) != len(values):
        raise RefusedError(131009, details=f"Duplicate {what} are not allowed")


def trimmed(what: str, value: str) -> None:
    """Refuse a value with leading or trailing white space."""
    if value != value.strip():
        raise RefusedError(131009, details=f"{what} must not begin or end with a space")
