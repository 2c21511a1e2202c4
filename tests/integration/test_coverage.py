"""Every way through the flows is walked by a stored conversation: ``python -m simulator coverage`` shows which."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner, Result

from simulator.cli.main import main
from simulator.playback.coverage import Coverage, ExitTaken, all_exits, registries, sum_results
from simulator.script.library import stored
from tests.integration.plays import Plays

pytestmark = pytest.mark.usefixtures("quiet")


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"NO_COLOR": "1"})


@pytest.mark.xdist_group("plays")
def test_every_way_is_walked_by_a_conversation(plays: Plays) -> None:
    """Whoever adds an exit adds a conversation that takes it; those that are missing are listed."""
    results = [(f"{path.parent.name}/{path.stem}", plays.ways(path), "") for path in stored()]

    assert [str(way) for way in sum_results(results).missing] == []


def test_the_ways_are_those_of_the_flows_by_questions_and_by_forms() -> None:
    """Every exit of every step, and every step that has none."""
    ways = all_exits()
    for registry in registries():
        assert {f"{source} → {name}" for source, name, _ in registry.edges()} <= {str(way) for way in ways}
    assert ExitTaken("help", "text") in ways
    assert {way.step for way in ways if way.flow == "registration"} >= {"first_name", "form"}


def test_what_nobody_walks_is_missing_and_what_breaks_is_told() -> None:
    """Measured by what came out, not by what a conversation is called."""
    one = ExitTaken("help", "text")
    coverage = sum_results([("help/help", frozenset({one}), ""), ("help/broken", frozenset(), "no such title")])

    assert coverage.taken[one] == ("help/help",)
    assert set(coverage.missing) == set(all_exits()) - {one}
    assert coverage.problems == {"help/broken": "no such title"}
    assert not coverage.complete
    assert Coverage({}, {one: ("help/help",)}, {}).complete


def test_the_command_lists_flows_ways_and_conversations() -> None:
    """While a way is missing it fails."""
    result = run("coverage", "greeting/member", "help/help")

    assert result.exit_code == 1
    assert "Help (help)\n  ✓ help.text  help/help\n" in result.output
    assert "  ✓ greeting.look_up → member  greeting/member and 1 more\n" in result.output
    assert "  ✗ registration.register → unknown  nobody\n" in result.output
    assert result.output.endswith(f" of {len(all_exits())} ways are walked\n")
    assert "✓" not in run("coverage", "help/help", "--missing").output


def test_the_command_says_the_same_as_json() -> None:
    """For programs to read."""
    said = json.loads(run("coverage", "help/help", "--json").output)

    assert {"step": "text", "exit": "", "conversations": ["help/help"]} in next(
        flow["ways"] for flow in said["flows"] if flow["name"] == "help"
    )
    assert said["summary"]["ways"] == len(all_exits())
    assert 0 < said["summary"]["walked"] < said["summary"]["ways"]
