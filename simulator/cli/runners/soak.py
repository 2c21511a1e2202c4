"""Runs `soak`."""

from __future__ import annotations

import asyncio
import json
import secrets
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

import click
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from simulator.cli.output import console, keep_logs_quiet
from simulator.errors import SimulatorError
from simulator.processes.soak import Options, Progress, Result, soak

__all__ = ("run",)

MOST_SHOWN: Final = 20


def run(
    *, seconds: int, seed: int | None, members: int, rate: float, processes: int, as_json: bool, no_color: bool
) -> None:
    """Soak for the given time, and print figures and violated invariants."""
    keep_logs_quiet(logs=False)
    chosen = secrets.randbelow(2**31) if seed is None else seed
    options = Options(seconds=seconds, seed=chosen, members=members, rate=rate, processes=processes)
    out, progress = console(no_color=no_color), console(no_color=no_color, stderr=True)
    progress.print(f"seed {chosen}")
    try:
        result = asyncio.run(_soak(options, progress))
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
    except asyncio.CancelledError:
        raise click.ClickException("told to stop; all processes have ended, and nothing was judged.") from None
    if as_json:
        out.print(json.dumps(_plain(options, result), indent=2), soft_wrap=True)
    else:
        _show(out, options, result)
    if result.violations:
        raise SystemExit(1)


async def _soak(options: Options, progress: Console) -> Result:
    task = asyncio.current_task()
    if task is not None:
        # Ctrl-C cancels by itself; a supervisor's SIGTERM must end all processes in the same way.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    with _bar(progress) as show:
        return await soak(options, show)


@contextmanager
def _bar(progress: Console) -> Iterator[Callable[[Progress], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TextColumn("{task.fields[seen]}"))
    with Bars(*columns, console=progress, transient=True) as bars:
        task = bars.add_task("starting", total=1.0, seen="")

        def show(now: Progress) -> None:
            seen = now.figures
            killed = sum(int(count) for kind, count in seen.items() if kind.startswith(("kill", "SIGTERM")))
            line = (
                f"{seen['messages in']} in, {seen['answers']} answered, {seen['offers created']} offers, {killed} kills"
            )
            bars.update(task, description=now.phase, completed=now.share, seen=line)

        yield show


def _plain(options: Options, result: Result) -> dict[str, object]:
    return {
        "seed": options.seed,
        "members": options.members,
        "rate": options.rate,
        "processes": options.processes,
        "figures": result.figures,
        "violations": [each._asdict() for each in result.violations],
        "evidence": None if result.evidence is None else str(result.evidence),
    }


def _show(out: Console, options: Options, result: Result) -> None:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), show_header=False)
    table.add_column()
    table.add_column(justify="right", style="bold")
    for name, figure in result.figures.items():
        table.add_row(name, f"{figure:,}")
    out.print(table)
    out.print()
    if not result.violations:
        out.print("All invariants held: no message lost, no write made twice, every answer true.")
        return
    out.print(f"{len(result.violations)} invariants were violated:", style="bold red")
    for each in result.violations[:MOST_SHOWN]:
        out.print(f"  {each.invariant}\n    {each.who}: {each.what}", soft_wrap=True)
    if len(result.violations) > MOST_SHOWN:
        out.print(f"  and {len(result.violations) - MOST_SHOWN} more")
    out.print(f"\nTranscripts and the logs of all processes: {result.evidence}", soft_wrap=True)
    again = f"--seed {options.seed} --members {options.members} --rate {options.rate:g}"
    out.print(
        f"Again: python -m simulator soak --seconds {options.seconds} {again} --processes {options.processes}",
        soft_wrap=True,
    )
