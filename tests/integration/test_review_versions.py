"""A revision of git as reviewers see it: its flows, drawn by its own code, and its transcripts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from notebooks.review.changes import compare
from notebooks.review.playbacks import play, play_variant
from notebooks.review.versions import NoHistoryError, now, version_at
from simulator.script.conversation import load
from simulator.script.library import find
from tests.system import need

FLOWS = """
from types import SimpleNamespace as Made

def book():
    ask = Made(name="which", kind="buttons", exits={exits})
    return Made(flows=[Made(name="tea", title="Tea", steps=[ask])])
"""


def git(folder: Path, *arguments: str) -> None:
    name = ("-c", "user.name=T", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *name, *arguments], cwd=folder, check=True, capture_output=True)


def write(folder: Path, exits: str, transcript: str) -> None:
    for place in (folder / "service", folder / "snapshots" / "tea"):
        place.mkdir(parents=True, exist_ok=True)
    (folder / "service" / "flows.py").write_text(FLOWS.replace("{exits}", exits))
    (folder / "snapshots" / "tea" / "asked.txt").write_text(transcript)


@pytest.fixture
def history(tmp_path: Path) -> Path:
    need("git")
    folder = tmp_path / "history"
    write(folder, '{"green": "", "black": "milk.ask"}', "Tea\n")
    git(folder.parent, "init", "-q", str(folder))
    git(folder, "add", ".")
    git(folder, "commit", "-q", "-m", "one")
    write(folder, '{"green": "which"}', "Tea, today\n")
    git(folder, "commit", "-q", "-a", "-m", "two")
    return folder


def test_what_changed_since_a_revision_is_read_from_its_files_and_its_code(history: Path) -> None:
    """Nothing of the working tree is touched, and what is not committed yet counts as now."""
    write(history, '{"red": "which"}', "Tea, tomorrow\n")

    changes = compare(version_at("HEAD~1", history), now(history))

    assert changes.sentences == (
        ("tea.which", "the exit “green” is gone (it led to the end)"),
        ("tea.which", "the exit “black” is gone (it led to milk.ask)"),
        ("tea.which", "a new exit “red” → tea.which"),
        ("tea/asked", "the same messages, at other times"),
    )
    assert version_at("HEAD", history).transcripts == {"tea/asked": "Tea, today\n"}


def test_a_shallow_copy_says_that_it_is_one_and_how_to_get_the_rest(history: Path) -> None:
    """As continuous integration clones."""
    copy = history.parent / "copy"
    git(history.parent, "clone", "-q", "--depth", "1", f"file://{history}", str(copy))

    assert version_at("HEAD", copy).name == "HEAD"
    with pytest.raises(NoHistoryError, match=r"no revision 'HEAD~1' here: only the newest .*git fetch --unshallow"):
        version_at("HEAD~1", copy)


def test_what_is_no_copy_by_git_says_so(tmp_path: Path) -> None:
    """And a revision cannot be an option of git."""
    with pytest.raises(NoHistoryError, match="not a copy by git"):
        version_at("HEAD", tmp_path)


def test_a_revision_is_never_taken_for_an_option(history: Path) -> None:
    """Whatever somebody types."""
    with pytest.raises(NoHistoryError, match="no revision '--all'"):
        version_at("--all", history)


def test_a_conversation_can_be_played_otherwise_from_some_message_on() -> None:
    """For what no stored conversation shows: coming back too late."""
    playbacks = play(load(next(find("upgrade/hustler"))))
    confirm = next(turn for turn in playbacks.turns if any(way.exit == "confirm" for way in turn.exits_taken))

    late = play_variant(playbacks, confirm.wamid, "later", wait="6 min")

    assert late is not None
    assert late.name == "upgrade/hustler, later"
    assert late.turns[-1].before == "upgrade.explain"
    assert [way.exit for way in late.turns[-1].exits_taken if way.flow == "upgrade"] == []
    screens = [moment.screen.body for moment in late.transcript.moments if moment.screen is not None]
    assert screens[-1].startswith("That was left for more than five minutes, so I let it go. Nothing was paid.")
