"""Versions of the bot: the graphs of its flows and its transcripts, of the working tree or of a git revision."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from service.conversation import FlowRegistry
from simulator.playback.snapshots import SNAPSHOTS

__all__ = ("NoHistoryError", "Version", "graphs_of", "now", "version_at")

ROOT: Final = SNAPSHOTS.parent
SECONDS: Final = 60

_DRAW: Final = """
import json
from importlib import import_module
from service import flows

def registries():
    # What the function was called, the newest name first.
    for module, function in (
        ("simulator.playback.coverage", "registries"),
        ("simulator.playback.coverage", "books"),
        ("simulator.coverage", "books"),
    ):
        try:
            return getattr(import_module(module), function)()
        except (ImportError, AttributeError):
            continue
    return ((getattr(flows, "flow_registry", None) or flows.book)(),)

graphs = {}
for registry in registries():
    for flow in registry.flows:
        steps = graphs.setdefault(flow.name, {"title": flow.title, "steps": {}})["steps"]
        for step in flow.steps:
            kind = "call" if hasattr(step, "call") else step.kind
            exits = {
                name: target if not target or "." in target else f"{flow.name}.{target}"
                for name, target in step.exits.items()
            }
            known = steps.setdefault(step.name, {"kind": kind, "exits": {}})
            known["exits"].update(exits)
print(json.dumps(graphs))
"""
"""Runs in the tree of the revision and prints its flows."""

Graphs = Mapping[str, Any]
"""Flow -> its title and its steps; step -> its kind and its exits; exit -> the step it leads to."""


class NoHistoryError(RuntimeError):
    """The revision is not available: there is no git history, or not enough of it."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the bot.

    Attributes:
        name: the name of the version, for headings.
        graphs: its flows.
        transcripts: text snapshots by the conversation's name.
    """

    name: str
    graphs: Graphs
    transcripts: Mapping[str, str] = field(default_factory=dict)


def graphs_of(registries: Iterable[FlowRegistry]) -> Graphs:
    """The flows of these registries as graphs; the steps and exits of flows with the same name are merged."""
    graphs: dict[str, Any] = {}
    for registry in registries:
        for flow in registry.flows:
            steps = graphs.setdefault(flow.name, {"title": flow.title, "steps": {}})["steps"]
            for step in flow.steps:
                known = steps.setdefault(step.name, {"kind": getattr(step, "kind", "call"), "exits": {}})
                known["exits"] |= {
                    name: target if not target or "." in target else f"{flow.name}.{target}"
                    for name, target in step.exits.items()
                }
    return graphs


def now(root: Path = ROOT) -> Version:
    """The working tree."""
    return Version("the working tree", _graphs_in(root), _transcripts(root / "snapshots"))


def version_at(revision: str, root: Path = ROOT) -> Version:
    """A revision of git.

    Raises:
        NoHistoryError: there is no such revision here.
    """
    if _git(root, "rev-parse", "--is-inside-work-tree") is None:
        raise NoHistoryError(
            f"{revision!r} cannot be looked at: this is not a copy by git, or git is not installed. "
            "`git clone` brings the history with the code."
        )
    commit = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if commit is None:
        shallow = (_git(root, "rev-parse", "--is-shallow-repository") or b"").strip() == b"true"
        why = "only the newest revisions were cloned (`git fetch --unshallow` brings the others)" if shallow else ""
        raise NoHistoryError(f"there is no revision {revision!r} here" + (f": {why}" if why else ""))
    packed = _git(root, "archive", "--format=zip", commit.decode().strip())
    if packed is None:
        raise NoHistoryError(f"git cannot read the files of {revision!r}: parts of the history are missing here")
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(io.BytesIO(packed)) as files:
        files.extractall(folder)
        return Version(revision, _graphs_in(Path(folder)), _transcripts(Path(folder) / "snapshots"))


def _graphs_in(tree: Path) -> Graphs:
    done = subprocess.run(  # noqa: S603 - our own code, no shell
        [sys.executable, "-c", _DRAW], cwd=tree, capture_output=True, timeout=SECONDS, check=False
    )
    if done.returncode:
        last = done.stderr.decode(errors="replace").strip().splitlines()[-1:]
        raise NoHistoryError(f"the flows of that revision cannot be drawn with today's libraries: {''.join(last)}")
    return dict(json.loads(done.stdout))


def _transcripts(folder: Path) -> dict[str, str]:
    return {f"{path.parent.name}/{path.stem}": path.read_text("utf-8") for path in sorted(folder.glob("*/*.txt"))}


def _git(root: Path, *arguments: str) -> bytes | None:
    """What git says; None when it fails or is not installed."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell; a revision cannot be an option
            ["git", *arguments],  # noqa: S607 - wherever the system has it
            cwd=root,
            capture_output=True,
            timeout=SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return None
    return None if done.returncode else done.stdout
