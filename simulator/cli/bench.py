"""`bench`: measures."""

from __future__ import annotations

from typing import Final

import click

from simulator.cli.options import console, keep_logs_quiet, logs_option, no_color_option
from simulator.errors import SimulatorError

__all__ = ("bench_command",)


EXAMPLES: Final = """\b
Examples:
  python -m simulator bench
  python -m simulator bench --members 5000 --seconds 60"""


@click.command("bench", epilog=EXAMPLES, short_help="Measure turns and webhooks a second, bytes a member.")
@click.option(
    "--members", default=500, show_default=True, type=click.IntRange(10, 20_000), help="Who write at the same moment."
)
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(1, 600), help="The most for each load.")
@no_color_option
@logs_option
def bench_command(*, members: int, seconds: int, no_color: bool, logs: bool) -> None:
    """Measure turns and webhooks a second, and bytes a member in Redis. Nothing here passes or fails."""
    from simulator.processes.bench import bench  # noqa: PLC0415 - a web server that nothing else here needs

    keep_logs_quiet(logs=logs)
    try:
        bench(
            members=members,
            seconds=seconds,
            out=console(no_color=no_color),
            progress=console(no_color=no_color, stderr=True),
        )
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
