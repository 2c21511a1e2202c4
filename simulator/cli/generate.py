"""`generate`: lets invented people wander."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import click

from simulator.cli.options import (
    check_redis,
    console,
    flush_option,
    json_option,
    keep_logs_quiet,
    logs_option,
    no_color_option,
    redis_option,
    show,
)
from simulator.errors import SimulatorError
from simulator.playback.generate import SNAPSHOT_PEOPLE, SNAPSHOT_TURNS, generate

__all__ = ("generate_command",)


EXAMPLES: Final = """\b
Examples:
  python -m simulator generate --seed 7
  python -m simulator generate --seed 7 --people 3 --turns 60 --save seed-7.yaml"""


@click.command("generate", epilog=EXAMPLES, short_help="Let invented people wander through the bot.")
@click.option("--seed", required=True, type=int, help="Decides who takes part and what they do.")
@click.option("--people", default=SNAPSHOT_PEOPLE, show_default=True, type=click.IntRange(1, 50))
@click.option("--turns", default=SNAPSHOT_TURNS, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Save it as a conversation file.")
@redis_option
@flush_option
@json_option
@no_color_option
@logs_option
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
    keep_logs_quiet(logs=logs)
    check_redis(redis_url, flush=flush)
    try:
        made = generate(seed, people=people, turns=turns, redis_url=redis_url)
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
    if save is not None:
        save.write_text(made.yaml, encoding="utf-8")
    if as_json:
        click.echo(json.dumps(made.transcript.json(), ensure_ascii=False, indent=2))
    else:
        show(console(no_color=no_color), made.transcript)
