"""Runs `list`."""

from __future__ import annotations

import sys

from rich.text import Text

from simulator.cli.output import DIFFERENT, console
from simulator.errors import ConversationError
from simulator.script.conversation import load
from simulator.script.directives import STAGE, VERBS
from simulator.script.library import stored

__all__ = ("run",)


def run(*, lines: bool, no_color: bool) -> None:
    """Print the list."""
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
