"""`list`: what there is to play, and what a line may say."""

from __future__ import annotations

import sys
from typing import Final

import click
from rich.text import Text

from simulator.cli.options import DIFFERENT, console, no_color_option
from simulator.errors import ConversationError
from simulator.script.conversation import load, stored
from simulator.script.directives import STAGE, VERBS

__all__ = ("list_command",)


EXAMPLES: Final = """\b
Examples:
  python -m simulator list
  python -m simulator list --lines"""


@click.command("list", epilog=EXAMPLES, short_help="List the conversations, or what their lines may say.")
@click.option("--lines", is_flag=True, help="List what a line of a conversation file may say.")
@no_color_option
def list_command(*, lines: bool, no_color: bool) -> None:
    """List the stored conversations, or what their lines may say."""
    out = console(no_color=no_color)
    if lines:
        for directive in (*VERBS.values(), *STAGE.values()):
            out.print(Text(f"- {directive.example}", "bold"), soft_wrap=True)
            out.print(Text(f"    {directive.help}"), soft_wrap=True)
        return
    wrong, rows = 0, []
    for path in stored():
        name = f"{path.parent.name}/{path.stem}"
        try:
            rows.append((Text(name, "bold"), load(path).title))
        except ConversationError as error:
            wrong += 1
            rows.append((Text(name, "bold red"), str(error)))
    widest = max((len(shown) for shown, _ in rows), default=0)
    for shown, title in rows:
        out.print(shown + Text(" " * (widest + 2 - len(shown)) + title), soft_wrap=True)
    sys.exit(DIFFERENT if wrong else 0)
