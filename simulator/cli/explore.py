"""`explore`: worlds from seeds, in which everything breaks that can break."""

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

from simulator.cli.options import DIFFERENT, console, jobs_option, json_option, keep_logs_quiet, no_color_option
from simulator.explore.fleet import Summary, explore_many, repeated_by
from simulator.explore.invariants.watch import PROMISES
from simulator.explore.kinds import KINDS, PEOPLE_KINDS
from simulator.explore.options import Options, UnknownKindError, read_kinds
from simulator.explore.regressions import keep
from simulator.explore.run import WorldResult
from simulator.explore.shrink import shrink
from simulator.playback.cache import sources_digest
from simulator.world.process import Bot
from simulator.world.world import Connections, run_service

__all__ = ("explore",)

WORLDS: Final = 1_000
SMALL: Final = 3
"""So many failing worlds are made small in one run: each takes some hundred worlds to play."""

SEEDS: Final = 1_000_000_000

_WORDS: Final = {**{kind.name: kind.words for kind in KINDS.values()}, **PEOPLE_KINDS}
EPILOG: Final = "\n".join(
    [
        "\b",
        "What can go wrong (--faults):",
        *(f"  {name.replace(' ', '-'):<13}{words}" for name, words in _WORDS.items()),
        "",
        "\b",
        "What is promised:",
        *(f"  {name:<13}{sentence}" for name, sentence in PROMISES.items()),
        "",
        "\b",
        "Examples:",
        "  python -m simulator explore",
        "  python -m simulator explore --seed 42 --worlds 1",
        "  python -m simulator explore --minutes 60 --keep-going",
        "  python -m simulator explore --people 12 --turns 300 --worlds 4",
        "  python -m simulator explore --faults kills,hurry",
        "",
        "Each world has 1 to 3 processes of the bot over one Redis and, unless you say otherwise, 2 to 5 people",
        "(half of the worlds have 2) who act 3 to 60 times (14 on average), and each kind of trouble with a",
        "probability of a half.",
        "",
        "Exit codes: 0 all promises kept, 1 at least one broken, 2 wrong usage.",
    ]
)


def _faults(_: click.Context, __: click.Parameter, text: str) -> frozenset[str] | None:
    try:
        return read_kinds(text)
    except UnknownKindError as error:
        raise click.BadParameter(str(error)) from error


@click.command(epilog=EPILOG, short_help="Break everything in worlds from seeds: are the promises kept?")
@click.option("--worlds", type=click.IntRange(1), help=f"How many.  [default: {WORLDS:,}, or what --minutes allow]")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="Begin no world later than this.")
@click.option("--seed", type=click.IntRange(0), help="Of the first world; the others follow.  [default: a fresh one]")
@click.option("--people", type=click.IntRange(2, 50), help="How many take part in each world.")
@click.option("--turns", type=click.IntRange(1, 10_000), help="How often they act in each world.")
@click.option("--faults", default="all", show_default=True, callback=_faults, metavar="KIND,KIND|none|all")
@click.option("--lossy", is_flag=True, help="The state Redis may lose its last writes: count what is lost with them.")
@jobs_option
@click.option("--keep-going", is_flag=True, help="Do not stop at the first world with a broken promise.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("explored"),
    show_default=True,
    help="Write worlds with broken promises there, as they were and made small, as conversations.",
)
@click.option("--small/--no-small", default=True, show_default=True, help="Make the first three of them small.")
@json_option
@no_color_option
@click.pass_obj
def explore(
    run_bot: Callable[[Connections], Bot] | None,
    *,
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
    small: bool,
    as_json: bool,
    no_color: bool,
) -> None:
    """Let whole worlds happen, break everything that can break, and check after every step what is promised.

    A world is a function of its seed: people, WhatsApp, processes of the bot, Redis, Credex core, time and chance. The
    line that is printed for one with a broken promise repeats it.
    """
    run_bot = run_bot or run_service
    keep_logs_quiet(logs=False)
    out = console(no_color=no_color)
    first = secrets.randbelow(SEEDS) if seed is None else seed
    wanted = WORLDS if worlds is None and minutes is None else worlds
    options = Options(people=people, turns=turns, faults=faults, lossy=lossy)
    version = sources_digest()[:12]
    if not as_json:
        out.print(Text(f"Seeds from {first}, sources {version}{options.words}", "grey50"), soft_wrap=True)
    with _progress(out if out.is_terminal and not as_json else None, wanted) as step:
        summary = explore_many(
            first, options, worlds=wanted, minutes=minutes, jobs=jobs, keep_going=keep_going, told=step, run_bot=run_bot
        )
    progress = console(no_color=no_color, stderr=True)
    saved = {
        outcome.seed: _save(outcome, save, progress, small=small and place < SMALL, run_bot=run_bot)
        for place, outcome in enumerate(summary.broken)
    }
    if as_json:
        click.echo(json.dumps(_json(summary, options, first, version, saved), ensure_ascii=False, indent=2))
    else:
        _show(out, summary, options, version, saved)
    sys.exit(DIFFERENT if summary.broken else 0)


@contextmanager
def _progress(out: Console | None, total: int | None) -> Iterator[Callable[[WorldResult], None]]:
    if out is None:
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    broken = 0
    with Progress(*columns, console=out, transient=True) as bar:
        task = bar.add_task("exploring", total=total)

        def step(outcome: WorldResult) -> None:
            nonlocal broken
            broken += bool(outcome.broken)
            bar.update(task, advance=1, description=f"seed {outcome.seed}" + (f", {broken} broken" if broken else ""))

        yield step


def _save(
    outcome: WorldResult, folder: Path, progress: Console, *, small: bool, run_bot: Callable[[Connections], Bot]
) -> tuple[Path, ...]:
    """Write a failing world down. Returns where: as it was and, if it could be made so, small."""
    if not outcome.yaml:
        return ()
    folder.mkdir(parents=True, exist_ok=True)
    whole = folder / f"seed-{outcome.seed}.yaml"
    whole.write_text(outcome.yaml, encoding="utf-8")
    if not small:
        return (whole,)
    with Progress(TextColumn("{task.description}"), TimeElapsedColumn(), console=progress, transient=True) as bar:
        task = bar.add_task(f"making seed {outcome.seed} small")

        def step(tries: int, lines: int) -> None:
            bar.update(task, description=f"making seed {outcome.seed} small: {lines} lines, {tries} tries")

        try:
            found = shrink(outcome.yaml, outcome.broken[0], run_bot=run_bot, progress=step)
        except ValueError:
            return (whole,)
    return whole, keep(found, folder)


def _show(out: Console, summary: Summary, options: Options, version: str, saved: dict[int, tuple[Path, ...]]) -> None:
    for outcome in summary.broken:
        out.print(Text(f"✗ seed {outcome.seed}", "bold red"))
        for broken in outcome.broken:
            sentence = PROMISES.get(broken.promise, "")
            whose = f"{broken.who}: " if broken.who else ""
            out.print(Text(f"    {broken.promise}: {sentence}", "red"), soft_wrap=True)
            out.print(Text(f"    {whose}{broken.what}"), soft_wrap=True)
        out.print(Text(f"    {repeated_by(outcome, options)}   (sources {version})", "bold"), soft_wrap=True)
        for path in saved[outcome.seed]:
            out.print(Text(f"    {path}", "grey50"), soft_wrap=True)
    out.print(_table("Trouble made", summary.injected, "times"))
    out.print(_table("Promises checked", summary.checked, "times"))
    if options.lossy:
        out.print(_table("Not kept, for the state had lost it", summary.lost, "times"))
    text = (
        f"{summary.worlds:,} worlds, {summary.turns:,} turns, {summary.virtual_hours:,.0f} hours of their time, "
        f"{summary.seconds:,.1f} s, {summary.per_second:.1f} worlds a second; "
        + (f"{len(summary.broken)} with broken promises" if summary.broken else "all promises kept")
    )
    out.print(Text(text, "bold red" if summary.broken else "bold green"), soft_wrap=True)
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
                "promises": [broken._asdict() for broken in outcome.broken],
                "repeat": repeated_by(outcome, options),
                "files": [str(path) for path in saved[outcome.seed]],
                "conversation": outcome.yaml,
            }
            for outcome in summary.broken
        ],
    }
