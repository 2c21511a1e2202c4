"""`generate`: let invented people use the bot at random."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import click

from simulator.cli.options import flush_option, json_option, logs_option, no_color_option, redis_option

__all__ = ("generate_command",)

SNAPSHOT_PEOPLE: Final = 2
SNAPSHOT_TURNS: Final = 16
"""As in the generated snapshots (`simulator.playback.generate`)."""

EXAMPLES: Final = """\b
Examples:
  python -m simulator generate --seed 7
  python -m simulator generate --seed 7 --people 3 --turns 60 --save seed-7.yaml"""


@click.command("generate", epilog=EXAMPLES, short_help="Let invented people use the bot at random.")
@click.option("--seed", required=True, type=int, help="Decides who takes part and what they do.")
@click.option("--people", default=SNAPSHOT_PEOPLE, show_default=True, type=click.IntRange(1, 50))
@click.option("--turns", default=SNAPSHOT_TURNS, show_default=True, type=click.IntRange(1, 10_000))
@click.option("--save", type=click.Path(dir_okay=False, path_type=Path), help="Save it as a conversation file.")
@redis_option
@flush_option
@json_option
@no_color_option
@logs_option
def generate_command(**options: Any) -> None:
    """Let invented people use the bot at random, seeing only what is on their screens."""
    from simulator.cli.runners.generate import run

    run(**options)
