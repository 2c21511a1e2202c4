"""A failing world on its whole way through the command: found, told, written down, made small, and shown again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from simulator.cli.main import main
from simulator.explore.run import play
from simulator.script.conversation import load
from tests.defects.catalogue import PLANTED

FEW = 10
DROPPED = PLANTED["the second message of a POST is dropped"]

pytestmark = pytest.mark.usefixtures("quiet")


def explore(folder: Path, *arguments: str) -> tuple[int, str]:
    """What the command does and says, with a bot that drops the second message of a POST."""
    wanted = ["explore", "--seed", "1", "--worlds", str(DROPPED.within), "--faults", "several", "--save", str(folder)]
    done = CliRunner().invoke(main, [*wanted, *arguments], obj=DROPPED.run_bot)
    return done.exit_code, done.stdout


def test_a_failing_world_is_told_and_kept_whole_and_small(tmp_path: Path) -> None:
    """The run fails, says which promise broke and how to repeat it, and names two conversations that show it."""
    exit_code, said = explore(tmp_path, "--no-color")

    whole, small = sorted(tmp_path.glob("*.yaml"), key=lambda path: not path.name.startswith("seed-"))
    seed = whole.stem.removeprefix("seed-")
    assert exit_code == 1
    assert f"python -m simulator explore --seed {seed} --worlds 1 --faults several" in said
    assert "answered: Each acknowledged message is answered." in said
    assert str(whole) in said
    assert str(small) in said
    assert small.name.startswith("answered-")
    assert len(load(small).lines) < min(FEW, len(load(whole).lines))
    for path in (whole, small):
        assert {violation.invariant for violation in play(load(path), run_bot=DROPPED.run_bot).violations} == {
            "answered"
        }
        assert play(load(path)).violations == ()


def test_what_was_made_small_is_a_conversation_that_anybody_can_replay(tmp_path: Path) -> None:
    """Its transcript says what was promised, and everything that people said in it."""
    explore(tmp_path)
    (small,) = tmp_path.glob("answered-*.yaml")

    done = CliRunner().invoke(main, ["replay", str(small), "--no-color"])

    assert done.exit_code == 0
    assert "Answered, in a world that once broke it" in done.stdout
    assert "Each acknowledged message is answered." in done.stdout


def test_a_failing_world_is_told_to_programs_as_well(tmp_path: Path) -> None:
    """With --no-small there is only the whole world, and the answer holds it."""
    exit_code, said = explore(tmp_path, "--json", "--no-small")

    (path,) = tmp_path.iterdir()
    (failing,) = json.loads(said)["broken"]
    assert exit_code == 1
    assert failing["files"] == [str(path)]
    assert failing["conversation"] == path.read_text(encoding="utf-8")
    assert {violation["invariant"] for violation in failing["violations"]} == {"answered"}
