"""Memory of members in Redis, predicted and measured: ``python -m notebooks.review.memory --members 100000``.

It starts its own redis-server on 127.0.0.1 and stops it.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import structlog

from notebooks.review.memory_keys import MODELLED, Server
from notebooks.review.memory_members import Member, Records, members
from notebooks.review.memory_model import Comparison, Kind, compared
from notebooks.review.memory_shapes import Hidden
from notebooks.review.memory_timeline import Moment, timeline
from service.mailbox import open_state
from simulator.processes.programs import redis_server

__all__ = (
    "WITHIN",
    "OffError",
    "close",
    "hidden_as_predicted",
    "kinds",
    "measured",
    "offer_timeline",
    "run_in_thread",
    "server",
    "table_of",
)

WITHIN: Final = 0.05
"""The largest accepted relative error of a prediction."""

WITHIN_BYTES: Final = 4
"""The largest accepted error of the bytes that ``MEMORY USAGE`` does not report for a key."""

_T = TypeVar("_T")


class OffError(AssertionError):
    """The measurement differs from the prediction: the model is incomplete, or Redis changed."""


def run_in_thread(work: Callable[[], _T]) -> _T:
    """Run `work` in another thread, because a notebook has a running event loop and loops do not nest."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


def measured(work: Coroutine[Any, Any, _T]) -> _T:
    """Run a measurement to its end, inside or outside a notebook."""
    return run_in_thread(lambda: asyncio.run(work))


def offer_timeline() -> list[Moment]:
    """Play an offer from greeting to receipt, and record all keys after every script."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        return run_in_thread(timeline)
    finally:
        structlog.configure(**before)


def kinds(records: Records) -> dict[Kind, Member]:
    """One member of each kind."""
    return {member.kind: member for member in members(0, 20 * 8 * len(records.sessions), len(records.sessions))}


async def server() -> Server:
    """The installed redis-server."""
    with redis_server() as program:
        client = open_state(f"redis://127.0.0.1:{program.port}")
        try:
            return await Server.of(client)
        finally:
            await client.aclose()


def close(comparisons: Sequence[Comparison], on: Server) -> str:
    """Check that all predictions are accurate; returns a sentence.

    Args:
        comparisons: predictions and measurements.
        on: the server; only the modelled version is checked.

    Raises:
        OffError: a prediction is off by more than `WITHIN`.
    """
    most = f"off by at most {max(abs(each.off) for each in comparisons):.1%}"
    if not on.modelled:
        return f"{_another(on)}: {most}, which is shown and holds nothing"
    for each in comparisons:
        if abs(each.off) > WITHIN:
            raise OffError(
                f"of {each.prediction.members:,} members {each.prediction.total:,.0f} bytes were predicted and "
                f"{each.measured:,} measured: off by {each.off:+.1%}, and {WITHIN:.0%} were promised"
            )
    return f"{most} (promised: {WITHIN:.0%})"


def hidden_as_predicted(hidden: Sequence[Hidden], on: Server) -> str:
    """Check the bytes that ``MEMORY USAGE`` does not report against the prediction; returns a sentence.

    Raises:
        OffError: the prediction for a kind of key is wrong.
    """
    if not on.modelled:
        return f"{_another(on)}: what it hides holds nothing"
    for each in hidden:
        if abs(each.measured - each.predicted) > WITHIN_BYTES:
            raise OffError(
                f"{each.what}: {each.predicted} bytes hidden were predicted and {each.measured:.1f} measured, "
                f"and {WITHIN_BYTES} bytes were promised"
            )
    return f"hidden bytes as predicted, to {WITHIN_BYTES} bytes a key"


def _another(on: Server) -> str:
    return f"This is {on}, and the prediction knows Redis {MODELLED.rstrip('.')} with jemalloc"


def table_of(comparisons: Sequence[Comparison]) -> list[tuple[object, ...]]:
    """Rows: members, keys, predicted MiB, measured MiB, error, bytes per member."""
    return [
        (
            each.prediction.members,
            each.prediction.keys,
            f"{each.prediction.total / 2**20:.2f}",
            f"{each.measured / 2**20:.2f}",
            f"{each.off:+.1%}",
            round(each.measured / each.prediction.members),
        )
        for each in comparisons
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m notebooks.review.memory", description=__doc__)
    parser.add_argument("--members", type=int, default=10_000, help="how many to load (%(default)s)")
    most = parser.parse_args(arguments).members
    if most < 1:
        parser.error("--members must be at least 1")
    records = Records.of(offer_timeline())

    def report(done: int) -> None:
        if done % 5_000 == 0 or done == most:
            sys.stderr.write(f"  {done:>9,} of {most:,} members are there\n")

    marks = tuple(sorted({mark for mark in (1_000, 10_000, 100_000) if mark < most} | {most}))
    comparisons = measured(compared(records, marks, report=report))
    sys.stdout.write(f"{'members':>9} {'keys':>9} {'predicted':>10} {'measured':>9} {'off by':>7} {'a member':>9}\n")
    for row in table_of(comparisons):
        sys.stdout.write("{:>9,} {:>9,} {:>6} MiB {:>5} MiB {:>7} {:>7} B\n".format(*row))
    try:
        sys.stdout.write(close(comparisons, measured(server())) + "\n")
    except OffError as error:
        sys.stdout.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
