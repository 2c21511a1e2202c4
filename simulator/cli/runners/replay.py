"""Runs `replay`."""

from __future__ import annotations

import json
import sys
from typing import Any

import click
from rich.console import Console
from rich.text import Text

from simulator.cli.output import DIFFERENT, check_redis, console, keep_logs_quiet, paths_of, show
from simulator.playback.cache import ReplayCache, sources_digest
from simulator.playback.runner import Played, Report, play_all

__all__ = ("run",)


def run(
    names: tuple[str, ...],
    *,
    redis_url: str,
    flush: bool,
    seed: int,
    as_json: bool,
    no_color: bool,
    brief: bool,
    jobs: int,
    quiet: bool,
    no_cache: bool,
    logs: bool,
) -> None:
    """Play the conversations, and print transcripts, differences and a summary."""
    keep_logs_quiet(logs=logs)
    out = console(no_color=no_color)
    paths = paths_of(names)
    check_redis(redis_url, flush=flush)
    shown = "nothing" if as_json else "failures" if quiet else "lines" if brief else "transcripts"
    report = play_all(
        paths,
        seed=seed,
        redis_url=redis_url,
        # Transcripts show by themselves how far it has come.
        progress=out if out.is_terminal and shown in {"lines", "failures"} else None,
        on_result=lambda played: _tell(out, played, shown),
        jobs=jobs,
        cache=None if no_cache or logs else ReplayCache.of(sources_digest()),
    )
    if as_json:
        click.echo(json.dumps(_report_json(report), ensure_ascii=False, indent=2))
    else:
        _summary(out, report)
    sys.exit(0 if report.good else DIFFERENT)


def _tell(out: Console, played: Played, shown: str) -> None:
    if shown == "nothing" or (shown == "failures" and played.good):
        return
    if shown == "transcripts" and played.transcript is not None:
        show(out, played.transcript)
        out.print()
    mark = Text("✓ ", "green") if played.good else Text("✗ ", "bold red")
    turns = f"  {_counted(played.transcript.turns, 'turn')}" if played.transcript else ""
    out.print(mark + Text(played.name) + Text(turns, "grey50"))
    for line in (played.problem or played.difference).splitlines():
        out.print(Text(f"    {line}", _diff_style(line)), soft_wrap=True)
    if shown == "transcripts":
        out.print()


def _diff_style(line: str) -> str:
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "default")


def _summary(out: Console, report: Report) -> None:
    wrong = f", {report.wrong} not as expected" if report.wrong else ""
    count = len(report.played)
    hours = report.virtual_hours
    theirs = f"{hours:,.1f} hours" if hours >= 1 else f"{hours * 60:.1f} minutes"
    text = (
        f"{_counted(count, 'conversation')}, {_counted(report.turns, 'turn')}, {report.seconds:.1f} s{wrong} "
        f"({theirs} of their time)"
    )
    out.print(Text(text, "bold red" if report.wrong else "bold green"), soft_wrap=True)
    if report.cached:
        which = "all" if report.cached == count else str(report.cached)
        text = f"{which} of them from the cache: nothing they depend on has changed (--no-cache plays them again)"
        out.print(Text(text, "grey50"), soft_wrap=True)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s'[: count != 1]}"


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "conversations": [
            {
                "name": played.name,
                "good": played.good,
                "problem": played.problem,
                "difference": played.difference,
                "before": played.cached,
                "transcript": played.transcript.json() if played.transcript else None,
            }
            for played in report.played
        ],
        "summary": {
            "conversations": len(report.played),
            "turns": report.turns,
            "seconds": round(report.seconds, 1),
            "wrong": report.wrong,
        },
    }
