"""The command line of the simulator: each command is a file of `simulator.commands`, named here."""

from __future__ import annotations

from typing import Final

import click

from simulator.commands.bench import bench_command
from simulator.commands.chat import chat_command
from simulator.commands.conformance import conformance_command
from simulator.commands.coverage import coverage_command
from simulator.commands.explore import explore
from simulator.commands.generate import generate_command
from simulator.commands.listing import list_command
from simulator.commands.matrix import matrix_command
from simulator.commands.replay import replay
from simulator.commands.serve import serve_command
from simulator.commands.soak import soak_command

__all__ = ("main",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator replay                    all conversations, compared with their transcripts
  python -m simulator replay registration       the conversations of one flow
  python -m simulator chat                      talk to the bot yourself
  python -m simulator generate --seed 7         let invented people wander through it
  python -m simulator coverage                  which ways through the flows they walk
  python -m simulator matrix                    all of them in odd worlds: do members notice?
  python -m simulator serve                     a server to develop bots against
  python -m simulator conformance               the Cloud API, limit by limit
  python -m simulator list --lines              what a conversation file may say
  python -m simulator bench                     measure: how fast, and how many bytes
  python -m simulator explore                   worlds in which everything breaks: are the promises kept?
  python -m simulator soak                      processes on a real Redis, killed under load

Exit codes: 0 as expected, 1 a difference or a failure, 2 wrong usage."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=EXAMPLES)
def main() -> None:
    """Talk to VimbisoPay without WhatsApp, without Credex core, without waiting."""


for _command in (
    replay,
    generate_command,
    chat_command,
    bench_command,
    coverage_command,
    list_command,
    soak_command,
    matrix_command,
    serve_command,
    conformance_command,
    explore,
):
    main.add_command(_command)
