"""Options that several commands share. Importing this file must stay cheap: `--help` imports it."""

from __future__ import annotations

import os
from typing import Final

import click

__all__ = (
    "flush_option",
    "jobs_option",
    "json_option",
    "logs_option",
    "no_color_option",
    "redis_option",
)

EMBEDDED: Final = "embedded://"
"""`service.settings.EMBEDDED`, repeated because importing the settings costs more than the whole help text."""

redis_option = click.option(
    "--redis",
    "redis_url",
    default=EMBEDDED,
    metavar="URL",
    help="Use a real Redis, e.g. redis://localhost:6379/9. Its database must be empty.",
)
flush_option = click.option("--flush", is_flag=True, help="Delete everything in that database first.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
no_color_option = click.option(
    "--no-color", is_flag=True, help="Print without colours (as with NO_COLOR, or into a file)."
)
jobs_option = click.option(
    "--jobs",
    default=os.cpu_count() or 1,
    show_default="one per processor",
    type=click.IntRange(1, 64),
    help="How many to play at the same time.",
)
logs_option = click.option("--logs", is_flag=True, help="Print the bot's own log lines on standard error.")
