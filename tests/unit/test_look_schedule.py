"""When core is looked at after a write that was not answered clearly."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.writes.schedule import WATCH_MS, after_failure, next_look, next_watch
from tests.unit.reconciler_desk import START_MS

SECOND = 1_000
HOUR_MS = 3_600 * SECOND
LADDER_S = (15, 30, 120, 140, 600, 620)

made_at = st.integers(START_MS, START_MS + 10**9)
elapsed = st.integers(0, 72 * HOUR_MS)


def _seconds(made_at_ms: int, now_ms: int, counted_ms: int | None = None) -> int:
    """How many whole seconds after the pending write was stored the next look is made."""
    return (next_look(made_at_ms, now_ms, counted_ms=counted_ms) - made_at_ms) // SECOND


def test_the_looks_come_in_pairs_and_then_hourly() -> None:
    """15 s, 30 s, 2 min and 20 s after it, 10 min and 20 s after it, then every hour."""
    now_ms, looks = START_MS, []
    for _ in range(10):
        now_ms = next_look(START_MS, now_ms, counted_ms=None)
        looks.append((now_ms - START_MS) // SECOND)
    assert looks == [*LADDER_S, 3_600, 7_200, 10_800, 14_400]


@pytest.mark.parametrize(
    ("after_s", "next_s"),
    [(0, 15), (14, 15), (16, 30), (31, 120), (121, 140), (141, 600), (601, 620), (621, 3_600), (40_000, 43_200)],
)
def test_the_next_look_depends_on_the_time_since_the_write_alone(after_s: int, next_s: int) -> None:
    """A look that came late takes the place of those that were missed."""
    assert _seconds(START_MS, START_MS + after_s * SECOND) == next_s


@given(made_at_ms=made_at, elapsed_ms=elapsed)
def test_a_look_is_never_planned_for_the_past_and_its_jitter_is_under_a_second(
    made_at_ms: int, elapsed_ms: int
) -> None:
    """Jitter only ever delays it."""
    now_ms = made_at_ms + elapsed_ms
    at_ms = next_look(made_at_ms, now_ms, counted_ms=None)
    assert at_ms > now_ms
    rungs = [*(second * SECOND for second in LADDER_S), *(hour * HOUR_MS for hour in range(1, 75))]
    assert any(0 <= at_ms - made_at_ms - rung < SECOND for rung in rungs)


def test_looks_at_writes_of_one_moment_are_spread_and_replayable() -> None:
    """Members whose writes failed within the same second do not ask core at the same moment; the seed decides when."""
    fractions = {(next_look(START_MS + ms, START_MS + ms, counted_ms=None) - ms) % SECOND for ms in range(100)}
    assert len(fractions) > 50
    assert next_look(START_MS, START_MS, counted_ms=None) == next_look(START_MS, START_MS, counted_ms=None)


@given(made_at_ms=made_at, elapsed_ms=elapsed, since_ms=st.integers(0, 19_999))
def test_the_second_counting_look_is_made_20_s_after_the_first(made_at_ms: int, elapsed_ms: int, since_ms: int) -> None:
    """Unless the schedule has one before."""
    counted_ms = made_at_ms + elapsed_ms
    now_ms = counted_ms + since_ms
    at_ms = next_look(made_at_ms, now_ms, counted_ms=counted_ms)
    assert at_ms == min(counted_ms + 20 * SECOND, next_look(made_at_ms, now_ms, counted_ms=None))
    assert at_ms > now_ms


def test_a_first_counting_look_of_long_ago_does_not_hurry_the_next() -> None:
    """The schedule goes on."""
    assert _seconds(START_MS, START_MS + 700 * SECOND, counted_ms=START_MS + 621 * SECOND) == 3_600


def test_a_look_that_failed_is_repeated_after_5_s_and_ever_later_up_to_5_minutes() -> None:
    """5, 10, 20, 40, ... and never more than 300 s."""
    waits = [(after_failure(START_MS, failures) - START_MS) // SECOND for failures in range(9)]
    assert waits == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert after_failure(START_MS, 10**6) == START_MS + 300 * SECOND


def test_a_verdict_is_watched_at_1_5_15_and_30_minutes() -> None:
    """What comes later than the last of them is not told any more."""
    now_ms: int | None = START_MS
    looks = []
    while now_ms is not None:
        now_ms = next_watch(START_MS, now_ms)
        looks.append(now_ms and (now_ms - START_MS) // (60 * SECOND))
    assert looks == [1, 5, 15, 30, None]


@given(elapsed_ms=st.integers(0, 2 * HOUR_MS))
def test_a_watch_is_always_ahead_and_ends(elapsed_ms: int) -> None:
    """Also when a look came late."""
    at_ms = next_watch(START_MS, START_MS + elapsed_ms)
    assert (at_ms is None) is (elapsed_ms >= WATCH_MS[-1])
    assert at_ms is None or at_ms > START_MS + elapsed_ms
