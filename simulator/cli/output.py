"""What several runners share: the console, logs, names of conversations, and printing a transcript."""

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
from simulator.script.library import find, stored
from simulator.whatsapp_cloud.transcript.model import Transcript
from simulator.whatsapp_cloud.transcript.render import draw
from simulator.world.redis_database import ensure_empty

__all__ = (
    "DIFFERENT",
    "check_redis",
    "console",
    "keep_logs_quiet",
    "paths_of",
    "show",
)

DIFFERENT: Final = 1


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
    """Check once, before everything: each conversation leaves the database as empty as it found it."""
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
        out.print(line, soft_wrap=True)
