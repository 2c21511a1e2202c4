"""`coverage`: which exits of the flows the conversations take."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import jobs_option, json_option, no_color_option

__all__ = ("coverage_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator coverage                  flows, their exits, and the conversations that take them
  python -m simulator coverage help             the exits that the conversations of one flow take
  python -m simulator coverage --missing        only the exits that no conversation takes"""


@click.command("coverage", epilog=EXAMPLES, short_help="Show which exits of the flows the conversations take.")
@click.argument("names", nargs=-1, metavar="[FILES OR NAMES]...")
@click.option("--missing", is_flag=True, help="Show only the exits that no conversation takes.")
@jobs_option
@json_option
@no_color_option
def coverage_command(**options: Any) -> None:
    """List all flows, their exits, and the conversations that take them: all stored ones, or those named.

    A stored conversation must take every exit.
    """
    from simulator.cli.runners.coverage import run

    run(**options)
