"""`list`: the stored conversations, and the lines that they may contain."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import no_color_option

__all__ = ("list_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator list
  python -m simulator list --lines"""


@click.command("list", epilog=EXAMPLES, short_help="List the conversations, or the lines they may contain.")
@click.option("--lines", is_flag=True, help="List the lines that a conversation file may contain.")
@no_color_option
def list_command(**options: Any) -> None:
    """List the stored conversations, or the lines that a conversation file may contain."""
    from simulator.cli.runners.list import run

    run(**options)
