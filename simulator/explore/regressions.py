"""Failing worlds that were made small, kept among the conversations so that they are played with all others."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Final

import yaml

from simulator.explore.invariants.checker import INVARIANTS
from simulator.explore.shrink import ShrunkWorld, head_of
from simulator.script.library import CONVERSATIONS

__all__ = ("FOLDER", "as_conversation", "keep", "stored_regressions")

FOLDER: Final = CONVERSATIONS / "regressions"

_MONEY: Final = frozenset({"confirmed", "truthful", "reported", "conserved"})
_HEAD: Final = ("title", "about", "covers")


def as_conversation(small: ShrunkWorld) -> str:
    """The small world as a conversation to keep: called after its promise, and placed in the index."""
    head, lines = small.yaml.split("lines:\n", 1)
    found: dict[str, Any] = yaml.load(head, yaml.BaseLoader)  # noqa: S506 - it makes nothing but texts and mappings
    broken = small.broken
    named = {
        "title": f"{broken.invariant.capitalize()}, in a world that once broke it",
        "about": f"{INVARIANTS.get(broken.invariant, 'The world comes to rest.')} It did not: {_plain(broken.what)}.",
        "covers": ["money is safe" if broken.invariant in _MONEY else "redis fails"],
    }
    rest = {key: value for key, value in found.items() if key not in _HEAD}
    return head_of({**named, **rest}) + "lines:\n" + lines


def keep(small: ShrunkWorld, folder: Path = FOLDER) -> Path:
    """Write it into a folder, under a name that it always has. Returns where."""
    text = as_conversation(small)
    digest = hashlib.blake2s(text.encode(), digest_size=3).hexdigest()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{small.broken.invariant.replace(' ', '-')}-{digest}.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def stored_regressions(folder: Path = FOLDER) -> list[Path]:
    """Every world that is kept."""
    return sorted(folder.glob("*.yaml"))


def _plain(what: str) -> str:
    """What happened, without what differs from one world to the next in nothing but its number."""
    return " ".join(what.split()).rstrip(".")
