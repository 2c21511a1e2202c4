"""The tutorial "Add a write" in CONTRIBUTING.md works as it stands there: it is assembled, checked and played."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, Final

import pytest

ROOT: Final = Path(__file__).parents[2]
RECORD: Final = ROOT / "tests/fixtures/records/pending_writes/create-offer.under-way.json"
MOST_LINES: Final = 6
"""So many lines of existing files may have to change for a write."""

BLOCK: Final = re.compile(
    r"^ *`(?P<path>[^`\n]+)`\n\n(?P<code> *```(?:python|yaml)\n.*?^ *```$)", re.DOTALL | re.MULTILINE
)
DIFF: Final = re.compile(r"^ *```diff\n.*?^ *```$", re.DOTALL | re.MULTILINE)
QUOTED: Final = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)

pytestmark = pytest.mark.xdist_group("contributing")


def section() -> str:
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return text.split("\n## Add a write\n")[1].split("\n## ")[0]


def inside(block: str) -> str:
    """The content of a fenced block, without the fences and the indentation of the list that it is in."""
    return "\n".join(dedent(block).splitlines()[1:-1]) + "\n"


def new_files() -> dict[str, str]:
    return {found["path"]: inside(found["code"]) for found in BLOCK.finditer(section())}


@dataclass(frozen=True)
class Change:
    """Lines of one place of a file: those that are there, and those that are to be there."""

    path: str
    before: str
    after: str


def changes() -> list[Change]:
    (listed,) = DIFF.findall(section())
    found = []
    for of_file in inside(listed).split("--- ")[1:]:
        path, _, hunks = of_file.partition("\n")
        for hunk in hunks.split("@@\n"):
            lines = hunk.splitlines(keepends=True)
            before = "".join(line[1:] for line in lines if not line.startswith("+"))
            found.append(Change(path, before, "".join(line[1:] for line in lines if not line.startswith("-"))))
    return found


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with the write of the tutorial."""
    folder = tmp_path_factory.mktemp("tutorial")
    for package in ("service", "simulator"):
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, text in new_files().items():
        assert not (folder / path).exists(), path
        (folder / path).parent.mkdir(exist_ok=True)
        (folder / path).write_text(text, "utf-8")
    for change in changes():
        text = f"\n{(folder / change.path).read_text('utf-8')}"
        assert text.count(f"\n{change.before}") == 1, f"{change.path} has not once: {change.before}"
        (folder / change.path).write_text(text.replace(f"\n{change.before}", f"\n{change.after}")[1:], "utf-8")
    return folder


def run(tree: Path, *arguments: str, given: str = "") -> str:
    """The output of a Python program in the copy; fails with all that it printed if it fails."""
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree,
        env={**os.environ, "PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def played(tree: Path) -> dict[str, Any]:
    """What the conversation of the tutorial showed and did."""
    (conversation,) = (path for path in new_files() if path.endswith(".yaml"))
    printed = run(tree, str(ROOT / "tests/integration/play_in_tree.py"), conversation, given=json.dumps(record()))
    result: dict[str, Any] = json.loads(printed.splitlines()[-1])  # log lines come before
    assert Path(result["package"]).is_relative_to(tree)
    return result


def record() -> dict[str, Any]:
    """A record with the new write under way."""
    stored: dict[str, Any] = json.loads(RECORD.read_bytes())
    stored["under_way"]["call"] = {
        "type": "request-credex",
        "account_id": "8b5e",
        "issuer_id": "c7a4",
        "issuer_name": "Farai Ncube Personal",
        "amount": stored["under_way"]["call"]["amount"],
        "wamid": "wamid.1",
    }
    return stored


def test_a_write_is_new_files_and_at_most_six_lines_in_existing_ones() -> None:
    """An operation, a flow, an endpoint of the simulated core, a conversation; the lines are those that are added."""
    folders = {str(Path(path).parent) for path in new_files()}
    assert folders == {
        "service/writes",
        "service/flows",
        "simulator/credex_core/endpoints",
        "simulator/conversations/request",
    }
    (listed,) = DIFF.findall(section())
    lines = inside(listed).splitlines()
    added = sum(line.startswith("+") for line in lines)
    removed = sum(line.startswith("-") and not line.startswith("--- ") for line in lines)
    assert 0 < added <= MOST_LINES
    assert removed <= added


def test_the_new_files_pass_lint_and_types(tree: Path) -> None:
    """What a reader copies is as good as what is there."""
    files = [path for path in new_files() if path.endswith(".py")]
    changed = {change.path for change in changes()}
    run(tree, "-m", "ruff", "check", "--no-cache", *files, *changed)
    run(tree, "-m", "ruff", "format", "--check", "--no-cache", *files, *changed)
    run(tree, "-m", "mypy", "--strict", "--follow-imports=silent", "--cache-dir=.types", *files)


def test_the_conversation_shows_what_the_tutorial_says(played: dict[str, Any]) -> None:
    """Word for word, in this order, and the menu's entry leads to it."""
    (quoted,) = QUOTED.findall(section())
    shown = [" ".join(body.split()) for body in played["shown"]]
    places = [next((at for at, body in enumerate(shown) if line in body), -1) for line in quoted.splitlines()]
    assert len(places) == 3
    assert -1 not in places
    assert places == sorted(places)
    assert shown[1].startswith("How much do you want to request?")
    assert sum("Request *5.00 USD* from *Farai Ncube Personal*?" in body for body in shown) == 2


def test_what_was_confirmed_twice_is_sent_once(played: dict[str, Any]) -> None:
    """The answer to the first was lost, and before the second the bot looks."""
    assert played["calls"].count("requestCredex") == 1
    assert played["states"] == ["REQUESTS"]


def test_the_stored_record_of_the_new_write_is_read_back(played: dict[str, Any]) -> None:
    """Whole, and written the same again, though no decoder names it."""
    assert played["record"]["under_way"]["call"] == record()["under_way"]["call"]
