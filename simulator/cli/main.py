"""The command line of the simulator: each command is a file of `simulator.cli`, named here."""

from __future__ import annotations

from importlib import import_module
from types import MappingProxyType
from typing import Final

import click

__all__ = ("main",)

COMMANDS: Final = MappingProxyType(
    {
        "replay": "replay:replay",
        "chat": "chat:chat_command",
        "generate": "generate:generate_command",
        "coverage": "coverage:coverage_command",
        "list": "listing:list_command",
        "matrix": "matrix:matrix_command",
        "conformance": "conformance:conformance_command",
        "serve": "serve:serve_command",
        "explore": "explore:explore",
        "soak": "soak:soak_command",
        "bench": "bench:bench_command",
    }
)
"""Each command's file and its name in there."""

EXAMPLES: Final = """\b
Examples:
  python -m simulator replay registration       the conversations of one flow, with their transcripts
  python -m simulator chat --member             talk to the bot as somebody who has something to offer
  python -m simulator list --lines              what a conversation file may say
  python -m simulator COMMAND --help            more of one command

Exit codes: 0 as expected, 1 a difference or a failure, 2 wrong usage."""


class _Commands(click.Group):
    """Commands whose files are read when they are wanted: a second of imports that the others need not wait for."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - the shape that click calls
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name].partition(":")
        command: click.Command = getattr(import_module(f"simulator.cli.{module}"), name)
        return command


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EXAMPLES,
)
def main() -> None:
    """Talk to VimbisoPay without WhatsApp, without Credex core, without waiting."""
