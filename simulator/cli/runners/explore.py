"""Runs `explore`."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from simulator.cli.output import DIFFERENT, console, keep_logs_quiet
from simulator.explore.fleet import Summary, explore_many, repeated_by
from simulator.explore.invariants.checker import INVARIANTS
from simulator.explore.kinds import KINDS, PEOPLE_KINDS
from simulator.explore.options import Options
from simulator.explore.regressions import keep
from simulator.explore.run import WorldResult
from simulator.explore.shrink import shrink
from simulator.playback.cache import sources_digest
from simulator.world.connections import Connections, run_service
from simulator.world.process import Bot

__all__ = ("help_tables", "run")

WORLDS: Final = 1_000
MAX_SHRUNK: Final = 3
"""How many failing worlds are shrunk in one run: each takes some hundred worlds to play."""

SEEDS: Final = 1_000_000_000

_WORDS: Final = {**{kind.name: kind.words for kind in KINDS.values()}, **PEOPLE_KINDS}


def help_tables() -> str:
    """The kinds of faults and the invariants, for the end of the help text."""
    return "\n".join(
        [
            "\b",
            "Faults (--faults):",
            *(f"  {name.replace(' ', '-'):<16}{words}" for name, words in _WORDS.items()),
            "",
            "\b",
            "Invariants:",
            *(f"  {name:<16}{sentence}" for name, sentence in INVARIANTS.items()),
        ]
    )


def run(
    *,
    run_bot: Callable[[Connections], Bot] | None,
    worlds: int | None,
    minutes: float | None,
    seed: int | None,
    people: int | None,
    turns: int | None,
    faults: frozenset[str] | None,
    lossy: bool,
    jobs: int,
    keep_going: bool,
    save: Path,
    shrinking: bool,
    as_json: bool,
    no_color: bool,
) -> None:
    """Explore the worlds, shrink the failing ones, and print a summary."""
    run_bot = run_bot or run_service
    keep_logs_quiet(logs=False)
    out = console(no_color=no_color)
    first = secrets.randbelow(SEEDS) if seed is None else seed
    wanted = WORLDS if worlds is None and minutes is None else worlds
    options = Options(people=people, turns=turns, faults=faults, lossy=lossy)
    version = sources_digest()[:12]
    if not as_json:
        out.print(Text(f"Seeds from {first}, sources {version}{options.arguments}", "grey50"), soft_wrap=True)
    with _progress(out if out.is_terminal and not as_json else None, wanted) as step:
        summary = explore_many(
            first,
            options,
            worlds=wanted,
            minutes=minutes,
            jobs=jobs,
            keep_going=keep_going,
            on_result=step,
            run_bot=run_bot,
        )
    progress = console(no_color=no_color, stderr=True)
    saved = {
        outcome.seed: _save(outcome, save, progress, shrinking=shrinking and place < MAX_SHRUNK, run_bot=run_bot)
        for place, outcome in enumerate(summary.failures)
    }
    if as_json:
        click.echo(json.dumps(_json(summary, options, first, version, saved), ensure_ascii=False, indent=2))
    else:
        _show(out, summary, options, version, saved)
    sys.exit(DIFFERENT if summary.failures else 0)


@contextmanager
def _progress(out: Console | None, total: int | None) -> Iterator[Callable[[WorldResult], None]]:
    if out is None:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    failed = 0
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("exploring", total=total)

        def step(outcome: WorldResult) -> None:
            nonlocal failed
            failed += bool(outcome.violations)
            bar.update(task, advance=1, description=f"seed {outcome.seed}" + (f", {failed} failed" if failed else ""))

        yield step


def _save(
    outcome: WorldResult, folder: Path, progress: Console, *, shrinking: bool, run_bot: Callable[[Connections], Bot]
) -> tuple[Path, ...]:
    """Write a failing world to a file, and its shrunk form to another one. Returns the paths."""
    if not outcome.yaml:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f"seed-{outcome.seed}.yaml"
    whole.write_text(outcome.yaml, encoding="utf-8")
    if not shrinking:
        return (whole,)
    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=progress, transient=True) as bar:
        task = bar.add_task(f"shrinking seed {outcome.seed}")

        def step(tries: int, lines: int) -> None:
            bar.update(task, description=f"shrinking seed {outcome.seed}: {lines} lines, {tries} tries")

        try:
            found = shrink(outcome.yaml, outcome.violations[0], run_bot=run_bot, progress=step)
        except ValueError:
            return (whole,)
    return whole, keep(found, folder)


def _show(out: Console, summary: Summary, options: Options, version: str, saved: dict[int, tuple[Path, ...]]) -> None:
    for outcome in summary.failures:
        out.print(Text(f"✗ seed {outcome.seed}", "bold red"))
        for violation in outcome.violations:
            sentence = INVARIANTS.get(violation.invariant, "")
            whose = f"{violation.who}: " if violation.who else ""
            out.print(Text(f"    {violation.invariant}: {sentence}", "red"), soft_wrap=True)
            out.print(Text(f"    {whose}{violation.what}"), soft_wrap=True)
        out.print(Text(f"    {repeated_by(outcome, options)}   (sources {version})", "bold"), soft_wrap=True)
        for path in saved[outcome.seed]:
            out.print(Text(f"    {path}", "grey50"), soft_wrap=True)
    out.print(_table("Faults injected", summary.injected, "times"))
    out.print(_table("Invariants checked", summary.checked, "times"))
    if options.lossy:
        out.print(_table("Violated because the state lost acknowledged writes", summary.lost, "times"))
    text = (
        f"{summary.worlds:,} worlds, {summary.turns:,} turns, {summary.virtual_hours:,.0f} hours of their time, "
        f"{summary.seconds:,.1f} s, {summary.per_second:.1f} worlds a second; "
        + (f"{len(summary.failures)} with violated invariants" if summary.failures else "all invariants hold")
    )
    out.print(Text(text, "bold red" if summary.failures else "bold green"), soft_wrap=True)
    out.print(Text(f"digest {summary.digest}", "grey50"))


def _table(title: str, counts: dict[str, int], unit: str) -> Table:
    table = Table(title, unit, box=None, header_style="bold", pad_edge=False)
    table.columns[1].justify = "right"
    for name, times in sorted(counts.items()):
        table.add_row(name, f"{times:,}")
    return table


def _json(
    summary: Summary, options: Options, first: int, version: str, saved: dict[int, tuple[Path, ...]]
) -> dict[str, Any]:
    return {
        "seed": first,
        "sources": version,
        "worlds": summary.worlds,
        "turns": summary.turns,
        "virtual_hours": round(summary.virtual_hours, 1),
        "seconds": round(summary.seconds, 1),
        "injected": dict(sorted(summary.injected.items())),
        "lost": dict(sorted(summary.lost.items())),
        "checked": dict(sorted(summary.checked.items())),
        "digest": summary.digest,
        "broken": [
            {
                "seed": outcome.seed,
                "violations": [violation._asdict() for violation in outcome.violations],
                "repeat": repeated_by(outcome, options),
                "files": [str(path) for path in saved[outcome.seed]],
                "conversation": outcome.yaml,
            }
            for outcome in summary.failures
        ],
    }
