"""Runs `chat`."""

from __future__ import annotations

import click

from simulator.chat.session import chat
from simulator.cli.output import check_redis, console, keep_logs_quiet
from simulator.errors import ConversationError, SimulatorError

__all__ = ("run",)


def run(
    *, name: str, phone: str, member: bool, real_time: bool, redis_url: str, flush: bool, no_color: bool, logs: bool
) -> None:
    """Chat until the input ends."""
    keep_logs_quiet(logs=logs)
    check_redis(redis_url, flush=flush)
    try:
        chat(
            name=name,
            phone=phone,
            member=member,
            real_time=real_time,
            redis_url=redis_url,
            console=console(no_color=no_color),
        )
    except ConversationError as error:
        raise click.UsageError("\n".join(problem.what for problem in error.problems)) from error
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
