"""Sessions as a release writes them, kept so that later releases can be seen to resume them.

``python -m tests.sessions`` adds what is missing for steps that are new. It never touches what is there: members'
phones hold such sessions, and they do not change because the program does.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from service.conversation import FlowRegistry, Question, Session
from service.flows import flow_registry
from tests.unit.flows_play import Play
from tests.unit.test_flows_explore import WORLDS, explored

__all__ = ("SESSIONS", "asking_steps", "kept", "path_of")

SESSIONS: Final = Path(__file__).parent / "fixtures" / "sessions" / "v1"


def asking_steps(flows: FlowRegistry | None = None) -> Iterator[str]:
    """Every step that waits for the member, as ``flow.step``."""
    for flow in (flows or flow_registry()).flows:
        yield from (f"{flow.name}.{step.name}" for step in flow.steps if isinstance(step, Question))


def path_of(step: str) -> Path:
    """Where the session of a step is kept."""
    return SESSIONS / f"{step}.json"


def kept() -> dict[str, bytes]:
    """The sessions kept, by their steps."""
    return {path.stem: path.read_bytes() for path in sorted(SESSIONS.glob("*.json"))}


def written() -> dict[str, Session]:
    """A session at each step that waits for the member, the fullest that there is."""
    found: dict[str, Session] = {}
    plays: list[Play] = explored(flow_registry(), WORLDS["usual"])
    for play in plays:
        before = found.get(play.at)
        if play.call is None and play.session and (before is None or len(play.answers) > len(before.answers)):
            found[play.at] = play.session
    return {step: found[step] for step in asking_steps() if step in found}


def main() -> None:
    """Add what is missing."""
    SESSIONS.mkdir(parents=True, exist_ok=True)
    for step, session in written().items():
        if not path_of(step).exists():
            path_of(step).write_bytes(msgspec.json.format(msgspec.json.encode(session), indent=2) + b"\n")
            print(f"added {path_of(step).name}")  # noqa: T201 - a script


if __name__ == "__main__":
    main()
