"""`bench`: measure throughput and memory."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import logs_option, no_color_option

__all__ = ("bench_command",)

EXAMPLES: Final = """\b
Examples:
  python -m simulator bench
  python -m simulator bench --members 5000 --seconds 60"""


@click.command("bench", epilog=EXAMPLES, short_help="Measure turns and webhooks per second, bytes per member.")
@click.option(
    "--members", default=500, show_default=True, type=click.IntRange(10, 20_000), help="How many write at once."
)
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(1, 600), help="The limit for each load.")
@no_color_option
@logs_option
def bench_command(**options: Any) -> None:
    """Measure turns and webhooks per second, and bytes per member in Redis. Nothing here passes or fails."""
    from simulator.cli.runners.bench import run

    run(**options)
