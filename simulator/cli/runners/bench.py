"""Runs `bench`."""

from __future__ import annotations

import click

from simulator.cli.output import console, keep_logs_quiet
from simulator.errors import SimulatorError
from simulator.processes.bench import bench

__all__ = ("run",)


def run(*, members: int, seconds: int, no_color: bool, logs: bool) -> None:
    """Measure, and print the figures."""
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
