"""Runs `coverage`."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.text import Text

from simulator.cli.output import DIFFERENT, console, keep_logs_quiet, paths_of
from simulator.playback.coverage import Coverage, measure

__all__ = ("run",)


def run(names: tuple[str, ...], *, missing: bool, jobs: int, as_json: bool, no_color: bool) -> None:
    """Measure the coverage, and print it."""
    keep_logs_quiet(logs=False)
    coverage = measure(paths_of(names), jobs=jobs)
    if as_json:
        click.echo(json.dumps(coverage.json(), ensure_ascii=False, indent=2))
    else:
        _coverage(console(no_color=no_color), coverage, missing=missing)
    sys.exit(0 if coverage.complete else DIFFERENT)


def _coverage(out: Console, coverage: Coverage, *, missing: bool) -> None:
    for name, title in coverage.titles.items():
        shown = {exit_taken: by for exit_taken, by in coverage.of(name).items() if not (missing and by)}
        if shown:
            out.print(Text(f"{title} ({name})", "bold"), soft_wrap=True)
        for exit_taken, by in shown.items():
            mark = Text("  ✓ ", "green") if by else Text("  ✗ ", "bold red")
            more = f" and {len(by) - 1} more" if len(by) > 1 else ""
            taker = f"  {by[0]}{more}" if by else "  nobody"
            out.print(mark + Text(str(exit_taken)) + Text(taker, "grey50"), soft_wrap=True)
    for conversation, problem in coverage.problems.items():
        out.print(Text(f"✗ {conversation}: {problem}", "bold red"), soft_wrap=True)
    walked = len(coverage.taken) - len(coverage.missing)
    style = "bold green" if coverage.complete else "bold red"
    out.print(Text(f"{walked} of {len(coverage.taken)} ways are walked", style))
