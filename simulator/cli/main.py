"""The command line of the simulator.

Each command has two files: `simulator/cli/<command>.py` declares its options and help, and
`simulator/cli/runners/<command>.py` does the work. The runner is imported only when the command runs, so `--help` does
not wait for the service and its libraries.
"""

from __future__ import annotations

from typing import Final

import click

from simulator.cli.bench import bench_command
from simulator.cli.chat import chat_command
from simulator.cli.conformance import conformance_command
from simulator.cli.coverage import coverage_command
from simulator.cli.explore import explore_command
from simulator.cli.generate import generate_command
from simulator.cli.list import list_command
from simulator.cli.matrix import matrix_command
from simulator.cli.replay import replay_command
from simulator.cli.serve import serve_command
from simulator.cli.soak import soak_command

__all__ = ("main",)

COMMANDS: Final = (
    replay_command,
    chat_command,
    generate_command,
    coverage_command,
    list_command,
    matrix_command,
    conformance_command,
    serve_command,
    explore_command,
    soak_command,
    bench_command,
)
"""In the order in which `--help` lists them."""

EXAMPLES: Final = """\b
Examples:
  python -m simulator replay registration       the conversations of one flow, with their transcripts
  python -m simulator chat --member             talk to the bot as a member with a balance
  python -m simulator list --lines              the lines that a conversation file may contain
  python -m simulator COMMAND --help            the options of one command

Exit codes: 0 as expected, 1 a difference or a failure, 2 wrong usage."""


class _InOrder(click.Group):
    """Lists the commands in the order in which they were added; click would sort them by name."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the signature that click calls
        return list(self.commands)


@click.group(
    cls=_InOrder,
    commands=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXAMPLES,
)
def main() -> None:
    """Talk to VimbisoPay without WhatsApp, without Credex core, and without waiting."""
