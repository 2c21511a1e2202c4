"""The simulator's help texts come without the service, its libraries and the simulator's own machinery."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.settings import EMBEDDED
from simulator.cli import generate, options
from simulator.cli.main import main
from simulator.playback.generate import SNAPSHOT_PEOPLE, SNAPSHOT_TURNS

ROOT = Path(__file__).parents[2]

ALLOWED = ("simulator", "simulator.__main__", "simulator.cli")
HEAVY = (
    *(
        "aiohttp",
        "cryptography",
        "faker",
        "fakeredis",
        "httpx",
        "litestar",
        "msgspec",
        "phonenumbers",
        "prompt_toolkit",
    ),
    *("pydantic", "pydantic_settings", "redis", "rich", "structlog", "uvicorn", "yaml"),
)

PRINT_MODULES = """
import runpy, sys
sys.argv[1:] = {arguments!r}
try:
    runpy.run_module("simulator", run_name="__main__", alter_sys=True)
except SystemExit as end:
    assert not end.code, end.code
print("MODULES", *sorted(sys.modules))
"""


def imported_for(*arguments: str) -> set[str]:
    """The modules that a process has imported when its help text is printed."""
    done = subprocess.run(
        [sys.executable, "-c", PRINT_MODULES.format(arguments=list(arguments))],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    text, _, names = done.stdout.rpartition("MODULES ")
    assert "Usage: " in text
    return set(names.split())


@pytest.mark.parametrize("arguments", [["--help"], *([name, "--help"] for name in main.commands if name != "explore")])
def test_help_imports_neither_the_service_nor_a_library_but_click(arguments: list[str]) -> None:
    """Only the files that declare options are read. That of `explore` also lists faults and promises."""
    names = imported_for(*arguments)

    assert {name for name in names if name.split(".")[0] in {"service", *HEAVY}} == set()
    ours = {name for name in names if name.split(".")[0] == "simulator"}
    assert {name for name in ours if name not in ALLOWED and name.split(".")[:2] != ["simulator", "cli"]} == set()
    assert {name for name in ours if name.startswith("simulator.cli.runners")} == set()


def test_defaults_that_help_repeats_are_the_real_ones() -> None:
    """They are repeated because importing them is slow."""
    assert options.EMBEDDED == EMBEDDED
    assert (generate.SNAPSHOT_PEOPLE, generate.SNAPSHOT_TURNS) == (SNAPSHOT_PEOPLE, SNAPSHOT_TURNS)


@pytest.mark.parametrize(
    ("command", "old", "new"),
    [
        ("replay", "--afresh", "--no-cache"),
        ("explore", "--small", "--shrink"),
        ("explore", "--no-small", "--no-shrink"),
    ],
)
def test_former_names_of_options_still_work(command: str, old: str, new: str) -> None:
    """They mean the same as the present names, and the help text does not show them."""
    declared = main.commands[command]

    given = [declared.make_context(command, [flag]).params for flag in (old, new)]

    assert given[0] == given[1]
    text = CliRunner().invoke(main, [command, "--help"]).output
    assert new in text
    assert old not in text
