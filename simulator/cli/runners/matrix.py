"""Runs `matrix`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from simulator.cli.output import DIFFERENT, console, keep_logs_quiet, paths_of
from simulator.matrix.run import Row, Verdict, play
from simulator.matrix.variants import VARIANTS

__all__ = ("run",)


def run(
    names: tuple[str, ...],
    *,
    only: tuple[str, ...],
    most: int | None,
    listing: bool,
    jobs: int,
    as_json: bool,
    no_color: bool,
) -> None:
    """Play the conversations in the variants, and print what differs."""
    out = console(no_color=no_color)
    if listing:
        _list(out)
        return
    keep_logs_quiet(logs=False)
    paths = paths_of(names)
    variants = [VARIANTS[name] for name in dict.fromkeys(only or VARIANTS)]
    rows: list[Row] = []
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=out, transient=True, disable=as_json or not out.is_terminal) as bar:
        task = bar.add_task("playing", total=len(variants))
        for row in play(
            variants, paths, jobs=jobs, most=most, on_result=lambda one: bar.update(task, description=one.name)
        ):
            rows.append(row)
            bar.advance(task)
            if not as_json:
                _report(out, row)
    if as_json:
        click.echo(json.dumps([_json(row) for row in rows], ensure_ascii=False, indent=2))
    else:
        _summary(out, rows)
    sys.exit(0 if all(row.good for row in rows) else DIFFERENT)


def _list(out: Console) -> None:
    for variant in VARIANTS.values():
        out.print(Text(variant.name, "bold") + Text(f"  {variant.about}", "grey50"), soft_wrap=True)
        for tolerance in variant.tolerances:
            out.print(f"  may differ: {tolerance.why}", soft_wrap=True)
        for name, divergence in variant.divergences.items():
            out.print(f"  diverges: {name}: {divergence.why}", soft_wrap=True)


def _report(out: Console, row: Row) -> None:
    """Print what is wrong as soon as it is known and, into a file, a line per variant."""
    for result in row.results:
        if result.verdict is Verdict.WRONG:
            out.print(Text(f"✗ {row.variant.name}: {result.name}", "bold red"), soft_wrap=True)
            for line in result.said.splitlines():
                out.print(Text(f"    {line}"), soft_wrap=True)
    if not out.is_terminal:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in row.counts.items())
        out.print(Text(f"{'✓' if row.good else '✗'} {row.variant.name}: {counts}, {row.seconds:.0f} s"), soft_wrap=True)
    out.file.flush()


def _summary(out: Console, rows: Sequence[Row]) -> None:
    shown = [verdict for verdict in Verdict if any(row.counts[verdict] for row in rows)]
    table = Table("variant", *(str(verdict) for verdict in shown), "s", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in rows:
        style = "default" if row.good else "bold red"
        counts = (str(row.counts[verdict] or "") for verdict in shown)
        table.add_row(row.variant.name, *counts, f"{row.seconds:.0f}", style=style)
    out.print(table)
    wrong = sum(row.counts[Verdict.WRONG] for row in rows)
    played = sum(row.played for row in rows)
    text = f"{played} conversations played in {len(rows)} variant worlds, {sum(row.seconds for row in rows):.0f} s"
    text += f", {wrong} not as they should be" if wrong else ""
    out.print(Text(text, "bold red" if wrong else "bold green"), soft_wrap=True)


def _json(row: Row) -> dict[str, Any]:
    return {
        "variant": row.variant.name,
        "good": row.good,
        "seconds": round(row.seconds, 1),
        "conversations": [{"name": each.name, "verdict": str(each.verdict), "said": each.said} for each in row.results],
    }
