"""Pages of lists that are longer than WhatsApp's ten rows."""

from __future__ import annotations

from typing import Final

__all__ = ("page_asked",)

_MOST_DIGITS: Final = 6


def page_asked(argument: str, pages: int) -> int:
    """The page that a button asks for, from 1 to ``pages``; the button may be old, so its page may be gone."""
    number = argument.isascii() and argument.isdecimal() and len(argument) <= _MOST_DIGITS
    return max(1, min(int(argument) if number else 1, pages))
