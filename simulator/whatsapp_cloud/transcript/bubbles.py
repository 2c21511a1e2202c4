"""From what WhatsApp knows of a message to what a member sees of it."""

from __future__ import annotations

from .. import Bubble
from .model import Choice, Screen

__all__ = ("screen",)


def screen(bubble: Bubble) -> Screen | None:
    """What a message looks like on a phone; None for what makes no bubble (a reaction)."""
    if bubble.kind == "reaction":
        return None
    return Screen(
        body=bubble.body,
        header=bubble.header,
        footer=bubble.footer,
        opener=bubble.label,
        choices=tuple(Choice(choice.title, choice.description, choice.section) for choice in bubble.choices),
    )
