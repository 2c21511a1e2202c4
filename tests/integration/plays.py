"""Stored conversations, each played once for all tests that look at what came out."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from simulator.playback.coverage import ExitTaken, replay_with_exits
from simulator.script.conversation import load
from simulator.whatsapp_cloud.transcript.model import Transcript

__all__ = ("Plays",)


@dataclass
class Plays:
    """Plays a conversation when it is first asked for."""

    _played: dict[Path, tuple[Transcript, frozenset[ExitTaken]]] = field(default_factory=dict)

    def transcript(self, path: Path) -> Transcript:
        """What members saw."""
        return self._of(path)[0]

    def ways(self, path: Path) -> frozenset[ExitTaken]:
        """The ways through the flows that were walked."""
        return self._of(path)[1]

    def _of(self, path: Path) -> tuple[Transcript, frozenset[ExitTaken]]:
        if path not in self._played:
            self._played[path] = replay_with_exits(load(path))
        return self._played[path]
