"""Regressions: shrunk failing worlds, stored among the conversations so that they are replayed with all others."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Final

from simulator.explore.invariants.checker import INVARIANTS
from simulator.explore.shrink import ShrunkWorld
from simulator.script.conversation import parse, write_conversation
from simulator.script.library import CONVERSATIONS

__all__ = ("FOLDER", "as_conversation", "keep", "stored_regressions")

FOLDER: Final = CONVERSATIONS / "regressions"

_MONEY: Final = frozenset({"confirmed", "truthful", "reported", "conserved"})
"""The invariants whose regressions the index lists under "money is safe"."""


def as_conversation(small: ShrunkWorld) -> str:
    """The shrunk world as a conversation to store, with the invariant as title and a place in the index."""
    broken = small.broken
    sentence = INVARIANTS.get(broken.invariant, "The world comes to rest.")
    conversation = replace(
        parse(small.yaml, file="shrunk", flow=FOLDER.name, name="shrunk"),
        title=f"{broken.invariant.capitalize()}, in a world that once broke it",
        about=f"{sentence} It did not: {' '.join(broken.what.split()).rstrip('.')}.",
        covers=("money is safe" if broken.invariant in _MONEY else "redis fails",),
    )
    return write_conversation(conversation)


def keep(small: ShrunkWorld, folder: Path = FOLDER) -> Path:
    """Write it into a folder, under a name that depends only on its text. Returns the path."""
    text = as_conversation(small)
    digest = hashlib.blake2s(text.encode(), digest_size=3).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{small.broken.invariant.replace(' ', '-')}-{digest}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def stored_regressions(folder: Path = FOLDER) -> list[Path]:
    """The files of all stored regressions."""
    return sorted(folder.glob("*.yaml"))
