"""What a member may notice of Credex core's oddities, and why: all else has to be as ever.

A `Difference` is words that are left out on both sides before they are compared. `Apart` is one conversation that goes
another way; what is seen there instead is named, so that nothing else passes for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ("ALLOWED", "APART", "Apart", "Difference")


@dataclass(frozen=True, slots=True)
class Difference:
    """Words that may be there or not, or be others of the same form."""

    why: str
    words: str

    def left_out(self, text: str) -> str:
        """The text without them."""
        return re.sub(self.words, "", text)


@dataclass(frozen=True, slots=True)
class Apart:
    """A conversation that goes another way: why, and a pattern for what is seen there (or cannot be played)."""

    why: str
    seen: str


ALLOWED: Final[Mapping[str, tuple[Difference, ...]]] = {}

APART: Final[Mapping[str, Mapping[str, Apart]]] = {}
