"""Runs `generate`."""

from __future__ import annotations

import json
from pathlib import Path

import click

from simulator.cli.output import check_redis, console, keep_logs_quiet, show
from simulator.errors import SimulatorError
from simulator.playback.generate import generate

__all__ = ("run",)


def run(
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
    """Generate a conversation, and print or save it."""
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
