"""`chat`: a phone in the terminal."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import flush_option, logs_option, no_color_option, redis_option

__all__ = ("chat_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator chat
  python -m simulator chat --member --name "Rudo Ncube"
"""


@click.command("chat", epilog=EXAMPLES, short_help="Talk to the bot yourself.")
@click.option("--name", default="Tariro Moyo", show_default=True, help="Your first and last name.")
@click.option("--phone", default="+263 77 123 4567", show_default=True, help="Your phone number.")
@click.option("--member", is_flag=True, help="Be a member already, with 25 USD and 1,000 ZWG.")
@click.option("--real-time", is_flag=True, help="Let time pass by itself; otherwise it passes only with /wait.")
@redis_option
@flush_option
@no_color_option
@logs_option
def chat_command(**options: Any) -> None:
    """Talk to the bot. Numbers or the arrow keys choose buttons and rows; /help lists everything else."""
    from simulator.cli.runners.chat import run

    run(**options)
