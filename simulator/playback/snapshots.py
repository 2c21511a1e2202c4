"""The stored transcripts, and how transcripts are compared with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

__all__ = ("GENERATED", "SNAPSHOTS", "difference", "generated_name", "path_of", "stored_names")

SNAPSHOTS: Final = Path(__file__).parents[2] / "snapshots"

GENERATED: Final = "generated"
"""The folder of the conversations that are generated from seeds."""


def path_of(name: str, root: Path = SNAPSHOTS) -> Path:
    """The file of a conversation's transcript, by its ``<flow>/<name>``."""
    return root / f"{name}.txt"


def generated_name(seed: int) -> str:
    """The ``<flow>/<name>`` of a generated conversation."""
    return f"{GENERATED}/seed-{seed}"


def stored_names(root: Path = SNAPSHOTS) -> Iterator[str]:
    """The names of all stored transcripts."""
    for path in sorted(root.glob("*/*.txt")):
        yield f"{path.parent.name}/{path.stem}"


def difference(name: str, transcript: str, root: Path = SNAPSHOTS, *, most_lines: int = 30) -> str:
    """How a transcript differs from the stored one, as a short diff; empty if it does not."""
    path = path_of(name, root)
    if not path.exists():
        return f"there is no transcript of it yet: {path.name}"
    before = path.read_text(encoding="utf-8")
    if before == transcript:
        return ""
    lines = list(difflib.unified_diff(before.splitlines(), transcript.splitlines(), "kept", "now", lineterm="", n=2))
    more = [f"... and {len(lines) - most_lines} lines more"] if len(lines) > most_lines else []
    return "\n".join([*lines[:most_lines], *more])
