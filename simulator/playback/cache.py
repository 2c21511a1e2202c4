"""Caches the transcripts of conversations.

A transcript is a function of the conversation, the seed and the sources, so it need not be played again as long as none
of them changes. A change of any source makes the whole cache stale.
"""

from __future__ import annotations

import hashlib
import pickle
import shutil
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from simulator.script.library import CONVERSATIONS
from simulator.whatsapp_cloud.transcript.model import Transcript

__all__ = ("ReplayCache", "sources_digest")

ROOT: Final = Path(__file__).resolve().parents[2]
CACHE_FOLDER: Final = ROOT / ".replayed"
_PACKAGES: Final = ("service", "simulator")
_LOCKS: Final = ("replay.lock", "dev.lock")


def sources_digest(root: Path = ROOT) -> str:
    """A digest of everything but the conversation that a transcript depends on: sources, pinned libraries, Python."""
    digest = hashlib.blake2b(sys.version.encode(), digest_size=16)
    files = [path for package in _PACKAGES for path in sorted((root / package).rglob("*")) if _is_source(path)]
    for path in [*files, *(root / lock for lock in _LOCKS)]:
        if path.is_file():
            digest.update(b"\0" + str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def _is_source(path: Path) -> bool:
    return path.is_file() and path.suffix != ".pyc" and not path.is_relative_to(CONVERSATIONS)


@dataclass(frozen=True, slots=True)
class ReplayCache:
    """The transcripts of one state of the sources."""

    folder: Path

    @classmethod
    def of(cls, digest: str, *, at: Path = CACHE_FOLDER) -> ReplayCache:
        """The cache for these sources. Caches for other sources are stale, and deleted."""
        with suppress(OSError):
            for other in at.iterdir():
                if other.name != digest:
                    shutil.rmtree(other, ignore_errors=True)
        return cls(at / digest)

    def find(self, path: Path, seed: int) -> Transcript | None:
        """The cached transcript of a conversation file as it is now; None if there is none."""
        try:
            found = pickle.loads(self._place(path, seed).read_bytes())  # noqa: S301 - written by this class alone
        except (OSError, pickle.UnpicklingError, EOFError, AttributeError, ValueError):
            return None
        return found if isinstance(found, Transcript) else None

    def keep(self, path: Path, seed: int, transcript: Transcript) -> None:
        """Store a transcript; errors are ignored, and the conversation is played again next time."""
        place = self._place(path, seed)
        with suppress(OSError):
            place.parent.mkdir(parents=True, exist_ok=True)
            partial = place.with_suffix(".partial")
            partial.write_bytes(pickle.dumps(transcript))
            partial.replace(place)

    def _place(self, path: Path, seed: int) -> Path:
        content = hashlib.blake2b(path.read_bytes(), digest_size=16).hexdigest()
        return self.folder / f"{path.parent.name}.{path.stem}.{seed}.{content}"
