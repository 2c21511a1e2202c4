"""Converts a message of the business to the screen that a member sees."""

from __future__ import annotations

from .. import Bubble
from .model import Choice, Screen

__all__ = ("screen",)


def screen(bubble: Bubble) -> Screen | None:
    """A message as shown on a phone; None for a reaction, which has no bubble."""
    if bubble.kind == "reaction":
        return None
    return Screen(
        body=bubble.body,
        header=bubble.header,
        footer=bubble.footer,
        opener=bubble.label,
        choices=tuple(Choice(choice.title, choice.description, choice.section) for choice in bubble.choices),
    )
