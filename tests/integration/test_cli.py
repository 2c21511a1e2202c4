"""The command line: what it prints, and with which code it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import redis
from click.testing import CliRunner, Result

from simulator.cli.main import main
from simulator.playback.snapshots import difference, path_of, stored_names
from simulator.script.conversation import load
from simulator.script.directives import STAGE, VERBS
from simulator.script.library import stored
from tests.redis_server import RunningRedis

pytestmark = pytest.mark.usefixtures("quiet")

CONVERSATION = """
title: A stranger says hi
people:
  Tariro: {phone: "+263 77 123 4567"}
lines:
  - Tariro: hi
"""


def run(*arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(main, arguments, input=typed, env={"NO_COLOR": "1"})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(CONVERSATION, encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["", *main.commands])
def test_every_command_explains_itself_with_examples(command: str) -> None:
    """Help texts are complete: each option has words, and there is something to copy."""
    result = run(*([command] if command else []), "--help")

    assert result.exit_code == 0
    assert "python -m simulator " in result.output
    assert "Examples:" in result.output


def test_the_list_of_commands_says_of_each_in_one_whole_sentence_what_it_does() -> None:
    """Nothing is cut off, on a terminal 80 wide."""
    lines = run("--help").output.split("Commands:\n")[1].split("\n\n")[0].splitlines()

    assert [line.split()[0] for line in lines] == list(main.commands)
    assert [line for line in lines if len(line) > 80 or not line.endswith((".", "?")) or line.endswith("...")] == []


def test_a_file_of_ones_own_is_played_and_shown(file: Path) -> None:
    """It is compared with nothing, for nothing is kept of it."""
    result = run("replay", str(file))

    assert result.exit_code == 0
    assert "A stranger says hi" in result.output
    assert "[ Become a member ]" in result.output
    assert "1 conversation, 1 turn, " in result.output
    assert "\x1b[" not in result.output


def test_a_stored_conversation_that_comes_out_as_kept_is_good() -> None:
    """--quiet leaves only the summary."""
    result = run("replay", "registration/stranger", "--quiet", "--no-cache")

    assert result.exit_code == 0
    assert len(result.output.splitlines()) == 1


def test_json_holds_transcripts_and_the_summary(file: Path) -> None:
    """It is one value, and nothing else is printed."""
    result = run("replay", str(file), "--json")

    value = json.loads(result.output)
    assert result.exit_code == 0
    assert [moment["kind"] for moment in value["conversations"][0]["transcript"]["moments"]] == ["said", "shown"]
    assert {key: part for key, part in value["summary"].items() if key != "seconds"} == {
        "conversations": 1,
        "turns": 1,
        "wrong": 0,
    }


def test_a_line_that_fails_ends_with_one(file: Path) -> None:
    """And says where and why."""
    file.write_text(f"{CONVERSATION}  - Tariro taps: Nothing\n", encoding="utf-8")
    result = run("replay", str(file))

    assert result.exit_code == 1
    assert "mine.yaml:7: " in result.output
    assert "'Nothing' is not on Tariro's screen" in result.output


def test_a_file_that_cannot_be_read_ends_with_one(file: Path) -> None:
    """With all of its problems."""
    file.write_text(f"{CONVERSATION}  - Tario: hi\n  - wait: soon\n", encoding="utf-8")
    result = run("replay", str(file))

    assert result.exit_code == 1
    assert "mine.yaml:7: nobody and nothing here is called 'Tario'" in result.output
    assert "mine.yaml:8: not a duration: 'soon'" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["replay", "strangr"], "Did you mean 'stranger'?"),
        (["replay", "strangr"], "`python -m simulator list` names them all"),
        (["explore", "--faults", "double-tap"], "Did you mean 'double-taps'?"),
        (["replay", "nowhere.yaml"], "there is no file nowhere.yaml"),
        (["replay", "--tempo"], "No such option"),
        (["generate"], "Missing option '--seed'"),
        (["generate", "--seed", "1", "--people", "0"], "not in the range"),
        (["chat", "--phone", "12"], "no such phone number can exist"),
        (["chat", "--member", "--name", "Rudo"], "a first and a last name"),
        (["dance"], "No such command"),
    ],
)
def test_wrong_usage_ends_with_two(arguments: list[str], said: str) -> None:
    """And says what would be right."""
    result = run(*arguments)

    assert result.exit_code == 2
    assert said in result.output


def test_a_database_in_use_is_wrong_usage(running_redis: RunningRedis, file: Path) -> None:
    """Nothing is played, and nothing deleted."""
    url = f"{running_redis.url}/9"
    with redis.Redis.from_url(url) as client:
        client.set("precious", "1")
        result = run("replay", str(file), "--redis", url)
        assert client.get("precious") == b"1"
        client.flushdb()

    assert result.exit_code == 2
    assert "--flush" in result.output


def test_a_redis_that_is_not_there_ends_with_one(file: Path) -> None:
    """It is no difference, but a failure with a reason."""
    result = run("replay", str(file), "--redis", "redis://127.0.0.1:1/0")

    assert result.exit_code == 1
    assert "cannot use the Redis" in result.output


def test_list_names_every_conversation() -> None:
    """With its title."""
    result = run("list")

    assert result.exit_code == 0
    assert all(load(path).id in result.output for path in stored())


def test_list_lines_names_everything_that_a_line_may_say() -> None:
    """With an example that works and its explanation."""
    result = run("list", "--lines")

    assert result.exit_code == 0
    assert all(directive.words in result.output for directive in (*VERBS.values(), *STAGE.values()))


def test_generate_shows_and_saves(tmp_path: Path) -> None:
    """What it saves can be replayed."""
    saved = tmp_path / "seed-7.yaml"
    result = run("generate", "--seed", "7", "--turns", "4", "--save", str(saved))

    assert result.exit_code == 0
    assert "Generated from seed 7" in result.output
    assert len(load(saved).lines) == 4


def test_chat_taps_by_number_and_sends_everything_else() -> None:
    """A number taps, a space before it makes it a text, commands begin with a slash."""
    result = run(
        "chat", typed="hi\n1\n 1\n/wait 6 min\n/wait soon\n/send pigeon\n/send image\n/help\n/quit\nnot read\n"
    )

    assert result.exit_code == 0
    assert "▸ Become a member" in result.output
    assert "What is your first name?" in result.output
    assert "A name needs at least 3 letters." in result.output
    assert "-- 6 minutes pass --" in result.output
    assert "not a duration: 'soon'" in result.output
    assert "nothing of the kind 'pigeon'" in result.output
    assert "(image)" in result.output
    assert "/react" in result.output
    assert "not read" not in result.output


def test_chat_ends_with_its_input() -> None:
    """As at Ctrl-D."""
    result = run("chat", "--member", "--name", "Rudo Chirwa", typed="menu\n")

    assert result.exit_code == 0
    assert "Rudo Chirwa Personal" in result.output


def test_differences_are_shown_short(tmp_path: Path) -> None:
    """Nothing when it is the same, the lines around it when not, one line when nothing is kept."""
    path = path_of("flow/name", tmp_path)
    path.parent.mkdir()
    path.write_text("".join(f"{number}\n" for number in range(100)), encoding="utf-8")
    same = path.read_text(encoding="utf-8")

    assert not difference("flow/name", same, tmp_path)
    assert "+fifty" in difference("flow/name", same.replace("50\n", "fifty\n"), tmp_path)
    assert difference("flow/name", "other\n" * 100, tmp_path, most_lines=5).endswith("lines more")
    assert difference("flow/other", same, tmp_path).startswith("there is no transcript of it yet")
    assert list(stored_names(tmp_path)) == ["flow/name"]
