"""The command line of the simulator: replay, chat, generate, coverage, list."""

from __future__ import annotations

import json
import logging
import os
import sys
from pathlib import Path
from typing import Any, Final

import click
import structlog
from redis.exceptions import RedisError
from rich.console import Console
from rich.text import Text

from service.settings import EMBEDDED
from simulator.conversation import find, load, stored
from simulator.coverage import Coverage, measure
from simulator.database import claim
from simulator.directives import STAGE, VERBS
from simulator.errors import ConversationError, DatabaseInUseError, SimulatorError, UnknownConversationError
from simulator.generate import SNAPSHOT_PEOPLE, SNAPSHOT_TURNS, generate
from simulator.phone import draw
from simulator.played import Shelf, sources_digest
from simulator.run import Played, Report, play_all
from simulator.transcript import Transcript

__all__ = ("main",)

DIFFERENT: Final = 1
USAGE: Final = 2

_redis = click.option(
    "--redis",
    "redis_url",
    default=EMBEDDED,
    metavar="URL",
    help="Use a real Redis, e.g. redis://localhost:6379/9. Its database must be empty.",
)
_flush = click.option("--flush", is_flag=True, help="Delete all that is in that database first.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of drawings.")
_no_color = click.option(
    "--no-color", is_flag=True, help="Print no colours (nor does it with NO_COLOR, or into a file)."
)
_jobs = click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default="one a processor",
    type=click.IntRange(1, 64),
    help="How many to play at the same time; always one with a real Redis.",
)
_logs = click.option("--logs", is_flag=True, help="Let the bot's own log lines out, on standard error.")


_MAIN_EXAMPLES: Final = """\b
Examples:
  python -m simulator replay                    all conversations, compared with their transcripts
  python -m simulator replay registration       the conversations of one flow
  python -m simulator chat                      talk to the bot yourself
  python -m simulator generate --seed 7         let invented people wander through it
  python -m simulator coverage                  which ways through the flows they walk
  python -m simulator list --lines              what a conversation file may say
  python -m simulator bench                     measure: how fast, and how many bytes

Exit codes: 0 as expected, 1 a difference or a failure, 2 wrong usage."""
_REPLAY_EXAMPLES: Final = """\b
Examples:
  python -m simulator replay
  python -m simulator replay registration/stranger my-own.yaml
  python -m simulator replay --brief
  python -m simulator replay --redis redis://localhost:6379/9 --quiet"""
_GENERATE_EXAMPLES: Final = """\b
Examples:
  python -m simulator generate --seed 7
  python -m simulator generate --seed 7 --people 3 --turns 60 --save seed-7.yaml"""
_CHAT_EXAMPLES: Final = """\b
Examples:
  python -m simulator chat
  python -m simulator chat --member --name "Rudo Ncube"
"""
_BENCH_EXAMPLES: Final = """\b
Examples:
  python -m simulator bench
  python -m simulator bench --members 5000 --seconds 60"""
_COVERAGE_EXAMPLES: Final = """\b
Examples:
  python -m simulator coverage                  flows, their ways, and who walks them
  python -m simulator coverage help             what the conversations of one flow walk
  python -m simulator coverage --missing        only the ways that nobody walks"""
_LIST_EXAMPLES: Final = """\b
Examples:
  python -m simulator list
  python -m simulator list --lines"""


def _console(*, no_color: bool, stderr: bool = False) -> Console:
    # Not only no colours but no codes at all: what is printed can then be compared.
    plain = no_color or bool(os.environ.get("NO_COLOR"))
    return Console(color_system=None if plain else "auto", stderr=stderr, highlight=False, emoji=False, markup=False)


def _keep_logs_quiet(*, logs: bool) -> None:
    logging.disable(logging.NOTSET if logs else logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if logs else logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, epilog=_MAIN_EXAMPLES)
def main() -> None:
    """Talk to VimbisoPay without WhatsApp, without Credex core, without waiting."""


@main.command(epilog=_REPLAY_EXAMPLES)
@click.argument("names", nargs=-1, metavar="[FILES OR NAMES]...")
@_redis
@_flush
@click.option("--seed", default=1, show_default=True, help="Of all that is left to chance.")
@_json
@_no_color
@click.option("--brief", is_flag=True, help="Show one line a conversation, not its transcript.")
@_jobs
@click.option("--quiet", is_flag=True, help="Show only what is not as expected, and the summary.")
@click.option("--afresh", is_flag=True, help="Play all again, also those that nothing has changed for.")
@_logs
def replay(
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
    afresh: bool,
    logs: bool,
) -> None:
    """Play conversations against the bot and compare what comes out with what is kept.

    NAMES are files, names of conversations, flows, or flow/name; without any, all stored conversations are played.

    A conversation that was played before is shown as it was, as long as no source, library or line of it has changed.
    """
    _keep_logs_quiet(logs=logs)
    out = _console(no_color=no_color)
    paths = _paths(names)
    _check_redis(redis_url, flush=flush)
    shown = "nothing" if as_json else "trouble" if quiet else "lines" if brief else "transcripts"
    report = play_all(
        paths,
        seed=seed,
        redis_url=redis_url,
        # Transcripts show by themselves how far it has come.
        progress=out if out.is_terminal and shown in {"lines", "trouble"} else None,
        told=lambda played: _tell(out, played, shown),
        jobs=jobs,
        shelf=None if afresh or logs else Shelf.of(sources_digest()),
    )
    if as_json:
        click.echo(json.dumps(_report_json(report), ensure_ascii=False, indent=2))
    else:
        _summary(out, report)
    sys.exit(0 if report.good else DIFFERENT)


def _paths(names: tuple[str, ...]) -> list[Path]:
    try:
        paths = [path for name in names for path in find(name)] if names else stored()
    except UnknownConversationError as error:
        raise click.UsageError(str(error)) from error
    return list(dict.fromkeys(paths))


def _check_redis(redis_url: str, *, flush: bool) -> None:
    """Once, before all: each conversation leaves the database as empty as it found it."""
    if redis_url == EMBEDDED:
        return
    try:
        claim(redis_url, flush=flush)
    except DatabaseInUseError as error:
        raise click.UsageError(str(error)) from error
    except (ValueError, RedisError, OSError) as error:
        raise click.ClickException(f"cannot use the Redis at {redis_url}: {error}") from error


def _tell(out: Console, played: Played, shown: str) -> None:
    if shown == "nothing" or (shown == "trouble" and played.good):
        return
    if shown == "transcripts" and played.transcript is not None:
        _print(out, played.transcript)
        out.print()
    mark = Text("✓ ", "green") if played.good else Text("✗ ", "bold red")
    turns = f"  {played.transcript.turns} turns" if played.transcript else ""
    out.print(mark + Text(played.name) + Text(turns, "grey50"))
    for line in (played.problem or played.difference).splitlines():
        out.print(Text(f"    {line}", _diff_style(line)), soft_wrap=True)
    if shown == "transcripts":
        out.print()


def _diff_style(line: str) -> str:
    return {"+": "green", "-": "red", "@": "cyan"}.get(line[:1], "default")


def _print(out: Console, transcript: Transcript) -> None:
    for line in draw(transcript):
        line.rstrip()
        out.print(line, soft_wrap=True)


def _summary(out: Console, report: Report) -> None:
    wrong = f", {report.wrong} not as expected" if report.wrong else ""
    count = len(report.played)
    text = (
        f"{count} conversation{'s'[: count != 1]}, {report.turns} turns, {report.seconds:.1f} s{wrong} "
        f"({report.virtual_hours:,.1f} hours of their time)"
    )
    out.print(Text(text, "bold red" if report.wrong else "bold green"), soft_wrap=True)
    if report.before:
        which = "all" if report.before == count else str(report.before)
        said = f"{which} of them as played before: nothing they depend on has changed (--afresh plays them again)"
        out.print(Text(said, "grey50"), soft_wrap=True)


def _report_json(report: Report) -> dict[str, Any]:
    return {
        "conversations": [
            {
                "name": played.name,
                "good": played.good,
                "problem": played.problem,
                "difference": played.difference,
                "before": played.before,
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


@main.command("generate", epilog=_GENERATE_EXAMPLES)
@click.option("--seed", required=True, type=int, help="Decides who takes part and what they do.")
@click.option("--people", default=SNAPSHOT_PEOPLE, show_default=True, type=click.IntRange(1, 50))
@click.option("--turns", default=SNAPSHOT_TURNS, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Save it as a conversation file.")
@_redis
@_flush
@_json
@_no_color
@_logs
def generate_command(
    *,
    seed: int,
    people: int,
    turns: int,
    save: Path | None,
    redis_url: str,
    flush: bool,
    as_json: bool,
    no_color: bool,
    logs: bool,
) -> None:
    """Let invented people wander through the bot, reading only what is on their screens."""
    _keep_logs_quiet(logs=logs)
    _check_redis(redis_url, flush=flush)
    try:
        made = generate(seed, people=people, turns=turns, redis_url=redis_url)
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
    if save is not None:
        save.write_text(made.yaml, encoding="utf-8")
    if as_json:
        click.echo(json.dumps(made.transcript.json(), ensure_ascii=False, indent=2))
    else:
        _print(_console(no_color=no_color), made.transcript)


@main.command("chat", epilog=_CHAT_EXAMPLES)
@click.option("--name", default="Tariro Moyo", show_default=True, help="Who you are: first and last name.")
@click.option("--phone", default="+263 77 123 4567", show_default=True, help="Your phone number.")
@click.option("--member", is_flag=True, help="Be a member already, with 25 USD and 1,000 ZWG.")
@click.option("--real-time", is_flag=True, help="Let time pass as it does, instead of only when you say /wait.")
@_redis
@_flush
@_no_color
@_logs
def chat_command(
    *, name: str, phone: str, member: bool, real_time: bool, redis_url: str, flush: bool, no_color: bool, logs: bool
) -> None:
    """Talk to the bot. Numbers or the arrow keys choose buttons and rows; /help says the rest."""
    from simulator.chat import chat  # noqa: PLC0415 - a terminal library that nothing else here needs

    _keep_logs_quiet(logs=logs)
    _check_redis(redis_url, flush=flush)
    try:
        chat(
            name=name,
            phone=phone,
            member=member,
            real_time=real_time,
            redis_url=redis_url,
            console=_console(no_color=no_color),
        )
    except ConversationError as error:
        raise click.UsageError("\n".join(problem.what for problem in error.problems)) from error
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error


@main.command("bench", epilog=_BENCH_EXAMPLES)
@click.option(
    "--members", default=500, show_default=True, type=click.IntRange(10, 20_000), help="Who write at the same moment."
)
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(1, 600), help="The most for each load.")
@_no_color
@_logs
def bench_command(*, members: int, seconds: int, no_color: bool, logs: bool) -> None:
    """Measure turns and webhooks a second, and bytes a member in Redis. Nothing here passes or fails."""
    from simulator.bench import bench  # noqa: PLC0415 - a web server that nothing else here needs

    _keep_logs_quiet(logs=logs)
    try:
        bench(
            members=members,
            seconds=seconds,
            out=_console(no_color=no_color),
            progress=_console(no_color=no_color, stderr=True),
        )
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error


@main.command("coverage", epilog=_COVERAGE_EXAMPLES)
@click.argument("names", nargs=-1, metavar="[FILES OR NAMES]...")
@click.option("--missing", is_flag=True, help="Show only what is not walked.")
@_jobs
@_json
@_no_color
def coverage_command(names: tuple[str, ...], *, missing: bool, jobs: int, as_json: bool, no_color: bool) -> None:
    """List all flows and their ways, and which conversations walk them: all that are stored, or those named.

    Every way must be walked by one that is stored.
    """
    _keep_logs_quiet(logs=False)
    coverage = measure(_paths(names), jobs=jobs)
    if as_json:
        click.echo(json.dumps(coverage.json(), ensure_ascii=False, indent=2))
    else:
        _coverage(_console(no_color=no_color), coverage, missing=missing)
    sys.exit(0 if coverage.whole else DIFFERENT)


def _coverage(out: Console, coverage: Coverage, *, missing: bool) -> None:
    for name, title in coverage.titles.items():
        shown = {way: by for way, by in coverage.of(name).items() if not (missing and by)}
        if shown:
            out.print(Text(f"{title} ({name})", "bold"), soft_wrap=True)
        for way, by in shown.items():
            mark = Text("  ✓ ", "green") if by else Text("  ✗ ", "bold red")
            more = f" and {len(by) - 1} more" if len(by) > 1 else ""
            walker = f"  {by[0]}{more}" if by else "  nobody"
            out.print(mark + Text(str(way)) + Text(walker, "grey50"), soft_wrap=True)
    for conversation, problem in coverage.problems.items():
        out.print(Text(f"✗ {conversation}: {problem}", "bold red"), soft_wrap=True)
    walked = len(coverage.walked) - len(coverage.missing)
    style = "bold green" if coverage.whole else "bold red"
    out.print(Text(f"{walked} of {len(coverage.walked)} ways are walked", style))


@main.command("list", epilog=_LIST_EXAMPLES)
@click.option("--lines", is_flag=True, help="List what a line of a conversation file may say.")
@_no_color
def list_command(*, lines: bool, no_color: bool) -> None:
    """List the stored conversations, or what their lines may say."""
    out = _console(no_color=no_color)
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
