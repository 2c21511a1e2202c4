"""What several commands share: options, colours, what a name means, and how a transcript is printed."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Final

import click
import structlog
from redis.exceptions import RedisError
from rich.console import Console

from service.settings import EMBEDDED
from simulator.errors import DatabaseInUseError, UnknownConversationError
from simulator.script.conversation import find, stored
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.transcript.render import draw
from simulator.world.redis_database import ensure_empty

__all__ = (
    "DIFFERENT",
    "USAGE",
    "check_redis",
    "console",
    "flush_option",
    "jobs_option",
    "json_option",
    "keep_logs_quiet",
    "logs_option",
    "no_color_option",
    "paths_of",
    "redis_option",
    "show",
)

DIFFERENT: Final = 1
USAGE: Final = 2

redis_option = click.option(
    "--redis",
    "redis_url",
    default=EMBEDDED,
    metavar="URL",
    help="Use a real Redis, e.g. redis://localhost:6379/9. Its database must be empty.",
)
flush_option = click.option("--flush", is_flag=True, help="Delete all that is in that database first.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of drawings.")
no_color_option = click.option(
    "--no-color", is_flag=True, help="Print no colours (nor does it with NO_COLOR, or into a file)."
)
jobs_option = click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default="one a processor",
    type=click.IntRange(1, 64),
    help="How many to play at the same time.",
)
logs_option = click.option("--logs", is_flag=True, help="Let the bot's own log lines out, on standard error.")


def console(*, no_color: bool, stderr: bool = False) -> Console:
    # Not only no colours but no codes at all: what is printed can then be compared.
    plain = no_color or bool(os.environ.get("NO_COLOR"))
    return Console(color_system=None if plain else "auto", stderr=stderr, highlight=False, emoji=False, markup=False)


def keep_logs_quiet(*, logs: bool) -> None:
    logging.disable(logging.NOTSET if logs else logging.CRITICAL)
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if logs else logging.CRITICAL),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


def paths_of(names: tuple[str, ...]) -> list[Path]:
    try:
        paths = [path for name in names for path in find(name)] if names else stored()
    except UnknownConversationError as error:
        raise click.UsageError(str(error)) from error
    return list(dict.fromkeys(paths))


def check_redis(redis_url: str, *, flush: bool) -> None:
    """Once, before all: each conversation leaves the database as empty as it found it."""
    if redis_url == EMBEDDED:
        return
    try:
        ensure_empty(redis_url, flush=flush)
    except DatabaseInUseError as error:
        raise click.UsageError(str(error)) from error
    except (ValueError, RedisError, OSError) as error:
        raise click.ClickException(f"cannot use the Redis at {redis_url}: {error}") from error


def show(out: Console, transcript: Transcript) -> None:
    for line in draw(transcript):
        line.rstrip()
        out.print(line, soft_wrap=True)
