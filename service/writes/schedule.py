"""When core is looked at again after a write whose outcome is not known, or was concluded from looks. Pure."""

from __future__ import annotations

from typing import Final

SEND_WITHIN_MS: Final = 5_000
"""A write is sent within this time of its baseline, the wait for a free call included, or not at all."""

LOOKS_MS: Final = (15_000, 30_000, 120_000, 140_000, 600_000, 620_000)
"""After the pending write was stored; then every hour."""

HOURLY_MS: Final = 3_600_000

WATCH_MS: Final = (60_000, 300_000, 900_000, 1_800_000)
"""After a verdict: what comes later than the last of these is no longer told."""

SECOND_LOOK_MS: Final = 20_000
"""After a look that could be the first of the two that prove an absence."""

AGAIN_MS: Final = 5_000
MOST_AGAIN_MS: Final = 300_000

JITTER_MS: Final = 1_000
"""Looks of members whose writes failed at the same moment are spread over this time."""


def next_look(made_at_ms: int, now_ms: int, *, counted_ms: int | None) -> int:
    """When an unresolved write is looked at next.

    Args:
        made_at_ms: when the pending write was stored.
        now_ms: the state's time.
        counted_ms: when the first of two counting looks began, if it did.
    """
    elapsed_ms = now_ms - made_at_ms
    rung_ms = next((each for each in LOOKS_MS if each > elapsed_ms), None)
    if rung_ms is None:
        rung_ms = (elapsed_ms // HOURLY_MS + 1) * HOURLY_MS
    at_ms = made_at_ms + rung_ms + _jitter_ms(made_at_ms)
    second_ms = None if counted_ms is None else counted_ms + SECOND_LOOK_MS
    return at_ms if second_ms is None or second_ms <= now_ms else min(at_ms, second_ms)


def after_failure(now_ms: int, failures: int) -> int:
    """When a look that failed, or could not count, is made again: it does not take the place of the next one."""
    return now_ms + min(AGAIN_MS << min(failures, 10), MOST_AGAIN_MS)


def next_watch(verdict_ms: int, now_ms: int) -> int | None:
    """When a write with a verdict is looked at next; None when its watch is over."""
    at_ms = next((each for each in WATCH_MS if each > now_ms - verdict_ms), None)
    return None if at_ms is None else verdict_ms + at_ms


def _jitter_ms(made_at_ms: int) -> int:
    # A function of the record and not of chance, so that a run is a function of its seed.
    spread: int = made_at_ms * 7_919 % JITTER_MS
    return spread
