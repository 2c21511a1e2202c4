"""`chat`: a phone in the terminal."""

from __future__ import annotations

from typing import Final

import click

from simulator.cli.options import (
    check_redis,
    console,
    flush_option,
    keep_logs_quiet,
    logs_option,
    no_color_option,
    redis_option,
)
from simulator.errors import ConversationError, SimulatorError

__all__ = ("chat_command",)


EXAMPLES: Final = """\b
Examples:
  python -m simulator chat
  python -m simulator chat --member --name "Rudo Ncube"
"""


@click.command("chat", epilog=EXAMPLES, short_help="Talk to the bot yourself.")
@click.option("--name", default="Tariro Moyo", show_default=True, help="Who you are: first and last name.")
@click.option("--phone", default="+263 77 123 4567", show_default=True, help="Your phone number.")
@click.option("--member", is_flag=True, help="Be a member already, with 25 USD and 1,000 ZWG.")
@click.option("--real-time", is_flag=True, help="Let time pass as it does, instead of only when you say /wait.")
@redis_option
@flush_option
@no_color_option
@logs_option
def chat_command(
    *, name: str, phone: str, member: bool, real_time: bool, redis_url: str, flush: bool, no_color: bool, logs: bool
) -> None:
    """Talk to the bot. Numbers or the arrow keys choose buttons and rows; /help says the rest."""
    from simulator.chat.session import chat  # noqa: PLC0415 - a terminal library that nothing else here needs

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
