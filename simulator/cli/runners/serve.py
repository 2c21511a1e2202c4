"""Runs `serve`."""

from __future__ import annotations

import asyncio
import errno
import secrets
from pathlib import Path

import click

from simulator.cli.output import keep_logs_quiet
from simulator.credex_core import Quirks
from simulator.errors import SimulatorError
from simulator.server.serve import serve
from simulator.whatsapp_cloud import Rule

__all__ = ("run",)


def run(
    *,
    bots: tuple[str, ...],
    port: int,
    host: str,
    file: Path | None,
    rules: tuple[Rule, ...],
    quirks: Quirks | None,
    seed: int | None,
) -> None:
    """Serve until a signal ends the process."""
    keep_logs_quiet(logs=False)
    # A bot remembers ids for days: the same ones once more would look to it like messages delivered twice.
    chosen = secrets.randbits(63) if seed is None else seed
    try:
        asyncio.run(
            serve(bots=bots, port=port, host=host, file=file, rules=rules, quirks=quirks, seed=chosen, say=_say)
        )
    except SimulatorError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        other = "; --port chooses another one" if error.errno == errno.EADDRINUSE else ""
        raise click.ClickException(f"cannot listen on {host}:{port}: {error}{other}") from error


def _say(line: str) -> None:
    click.echo(line)
