"""`replay`: play conversations and compare their transcripts with the snapshots."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import (
    flush_option,
    jobs_option,
    json_option,
    logs_option,
    no_color_option,
    redis_option,
)

__all__ = ("replay_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator replay
  python -m simulator replay registration/stranger my-own.yaml
  python -m simulator replay --brief
  python -m simulator replay --redis redis://localhost:6379/9 --quiet"""


@click.command("replay", epilog=EXAMPLES, short_help="Play conversations, and compare with the snapshots.")
@click.argument("names", nargs=-1, metavar="[FILES OR NAMES]...")
@redis_option
@flush_option
@click.option("--seed", default=1, show_default=True, help="Of everything that is random.")
@json_option
@no_color_option
@click.option("--brief", is_flag=True, help="Show one line per conversation, not its transcript.")
@jobs_option
@click.option("--quiet", is_flag=True, help="Show only differences and failures, and the summary.")
@click.option("--no-cache", is_flag=True, help="Play everything again, also what is cached.")
@click.option("--afresh", "no_cache", is_flag=True, hidden=True)  # its name until November 2026
@logs_option
def replay_command(**options: Any) -> None:
    """Play conversations against the bot and compare their transcripts with the snapshots.

    NAMES are files, names of conversations, flows, or flow/name; without any, all stored conversations are played.

    The result of a conversation is cached, and shown again as long as no source, library or line of it has changed.

    With a real Redis all conversations are played, one after the other.
    """
    from simulator.cli.runners.replay import run

    run(**options)
