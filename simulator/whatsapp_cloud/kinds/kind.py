"""What a kind of message is made of."""

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
    """What reading a message finds.

    Attributes:
        bubble: what the person will see.
        media: the uploaded files that it names: what each is used as, and its id.
        links: the addresses from which Meta would fetch files.
        target, emoji: of a reaction.
    """

    bubble: Bubble
    media: list[tuple[str, str]] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    target: str = ""
    emoji: str = ""

    def file(self, kind: str, content: Json, path: str) -> None:
        """Note the file that an object names, by exactly one of `id` and `link`."""
        exactly_one(content, ("id", "link"), path)
        if content.get("id") is not None:
            self.media.append((kind, content["id"]))
        else:
            self.links.append(content["link"])


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: the field that its name is a key for, and how its content is read once it has that shape."""

    content: Field
    read: Callable[[Any, Found], None]


def exactly_one(content: Json, keys: tuple[str, str], path: str = "") -> None:
    """Refuse an object that has both keys or neither."""
    given = [key for key in keys if content.get(key)]
    if len(given) != 1:
        where = f" in {path}" if path else ""
        raise RefusedError(131009, details=f"Exactly one of {keys[0]} and {keys[1]} is needed{where}")


def differ(what: str, values: Collection[str]) -> None:
    """Refuse values of which two are the same."""
    if len(set(values)) != len(values):
        raise RefusedError(131009, details=f"Duplicate {what} are not allowed")


def trimmed(what: str, value: str) -> None:
    """Refuse a value with white space at an end."""
    if value != value.strip():
        raise RefusedError(131009, details=f"{what} must not begin or end with a space")
