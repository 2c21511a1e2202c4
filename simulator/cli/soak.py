"""`soak`: real processes on a real Redis, under load and faults."""

from __future__ import annotations

from typing import Any, Final

import click

from simulator.cli.options import json_option, no_color_option

__all__ = ("soak_command",)

MAX_WAIT_S: Final = 100
"""Nobody may wait longer than this between two messages: after five minutes the bot abandons an unanswered question."""

EXAMPLES: Final = """\b
Examples:
  python -m simulator soak                       a minute
  python -m simulator soak --seconds 3600        an hour
  python -m simulator soak --seed 7              the same people and the same faults as the last time
  python -m simulator soak --processes 4 --rate 40 --members 200"""


@click.command("soak", epilog=EXAMPLES, short_help="Load and kill real processes: do the invariants hold?")
@click.option("--seconds", default=60, show_default=True, type=click.IntRange(10, 86_400), help="Of load and faults.")
@click.option("--seed", type=click.IntRange(0, 2**31), help="Of people's acts and faults.  [default: random]")
@click.option("--members", default=60, show_default=True, type=click.IntRange(4, 5_000), help="People at a time.")
@click.option("--rate", default=10.0, show_default=True, type=click.FloatRange(0.5, 200), help="Messages per second.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1, 8), help="Of the service.")
@json_option
@no_color_option
def soak_command(*, members: int, rate: float, **options: Any) -> None:
    """Run the service as processes on a real Redis, under load; kill, stop and disconnect every part of it.

    Then the faults stop, all queues must empty (up to 12 minutes, usually one), and the invariants are checked from
    outside: no message lost, nothing done twice, every answer true. Needs redis-server.
    """
    if members / rate > MAX_WAIT_S:
        raise click.UsageError(
            f"{members} people who write {rate:g} messages a second together would each wait {members / rate:.0f} s "
            f"between two messages; {MAX_WAIT_S} s is the most. Use fewer --members or a higher --rate."
        )
    from simulator.cli.runners.soak import run

    run(members=members, rate=rate, **options)
