"""Due dates as members type them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from service.flows import formatting
from service.flows.offer.dates import USUAL, DueRefused, core_day, read_due, window

NOVEMBER = date(2026, 11, 5)
DAYS = st.dates(date(1970, 1, 1), date(9998, 12, 31))


@pytest.mark.parametrize(
    "typed",
    [
        "2026-12-03", "2026/12/3", "2026.12.03", "3/12/2026", "03-12-2026", "3.12.2026", "3/12/26", "3/12", "03.12",
        "3 December", "3 Dec", "3 dec.", "3rd December", "3rd of December 2026", "3 December, 2026", "3-Dec-2026",
        "3december", "03 DECEMBER 26", "December 3", "Dec 3rd", "december 3, 2026", " 3   December ", "3 December.",
        "by 3 December", "on the 3rd of dec", "due 3/12", "in 4 weeks", "4 weeks", "4 Weeks", "in four weeks",
        "28 days", "in 28 days", "28days", "4 weeks from now", USUAL,
    ],
)  # fmt: skip
def test_a_date_is_read_however_it_is_written(typed: str) -> None:
    """In figures the day stands before the month; without a year the next such day is meant."""
    assert read_due(typed, NOVEMBER) == date(2026, 12, 3)


@pytest.mark.parametrize(
    "typed",
    [
        "", " ", "soon", "tomorrow", "3", "3 12", "2026", "December", "3 Decembr", "3 Marketing", "Mayonnaise 3",
        "Christmas", "3/12/2026/1", "3/12/026", "in weeks", "in -3 weeks", "0x10 days", "three december", "1e1 days",
        "٣/١٢/2026", "3\u200b December", "9999 weeks", "12345-01-01", "x" * 4096, "1" * 4096, "in 3 weeks or so",
    ],
)  # fmt: skip
def test_what_is_no_date_is_refused_with_an_example_and_the_dates_there_are(typed: str) -> None:
    """The example can be typed as it stands."""
    with pytest.raises(DueRefused) as refused:
        read_due(typed, NOVEMBER)
    assert str(refused.value) == (
        "I cannot read that date. It can be from 12 November 2026 to 9 December 2026. For example: in 3 weeks."
    )
    assert refused.value.reason == "I cannot read that date."
    assert read_due("in 3 weeks", NOVEMBER) == date(2026, 11, 26)


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("31 November", "There is no such date."),
        ("30/2/2027", "There is no such date."),
        ("2026-13-01", "There is no such date."),
        ("12/24/2026", "There is no such date."),  # days come first
        ("0/0", "There is no such date."),
        ("0000-01-01", "There is no such date."),
        ("29 February 2027", "There is no such date."),
        ("11 November", "11 November 2026 is too soon."),
        ("10 December", "10 December 2026 is too late."),
        ("5 November", "5 November 2026 is too soon."),
        ("4 November", "4 November 2027 is too late."),
        ("29 February", "29 February 2028 is too late."),
        ("12/3/2026", "12 March 2026 is too soon."),
        ("0 days", "5 November 2026 is too soon."),
        ("999 weeks", "28 December 2045 is too late."),
        ("6 days", "11 November 2026 is too soon."),
        ("35 days", "10 December 2026 is too late."),
        ("five weeks", "10 December 2026 is too late."),
    ],
)
def test_a_date_that_core_would_refuse_is_named_as_it_was_read(typed: str, reason: str) -> None:
    """So whoever puts the month first, or forgets the year, sees what was understood."""
    with pytest.raises(DueRefused) as refused:
        read_due(typed, NOVEMBER)
    assert refused.value.reason == reason
    assert str(refused.value) == f"{reason} It can be from 12 November 2026 to 9 December 2026."


@pytest.mark.parametrize(("typed", "due"), [("in a week", date(2026, 11, 12)), ("34 days", date(2026, 12, 9))])
def test_the_first_and_the_last_date_are_among_them(typed: str, due: date) -> None:
    """A week and 34 days ahead."""
    assert read_due(typed, NOVEMBER) == due


@pytest.mark.parametrize(
    ("day", "typed", "due"),
    [
        (date(2026, 12, 20), "5 January", date(2027, 1, 5)),
        (date(2026, 12, 20), "5/1", date(2027, 1, 5)),
        (date(2026, 12, 20), "31 December", date(2026, 12, 31)),
        (date(2028, 2, 1), "29 February", date(2028, 2, 29)),
        (date(2028, 2, 1), "29/2", date(2028, 2, 29)),
        (date(2028, 2, 22), "in 1 week", date(2028, 2, 29)),
        (date(2027, 2, 22), "in 1 week", date(2027, 3, 1)),
        (date(2099, 12, 20), "5 January", date(2100, 1, 5)),
    ],
)
def test_without_a_year_the_next_such_day_is_meant(day: date, typed: str, due: date) -> None:
    """Also across the end of the year, and for 29 February."""
    assert read_due(typed, day) == due


def test_29_february_is_looked_for_even_where_a_leap_year_is_left_out() -> None:
    """2100 is none, so that eight years lie between two of them."""
    with pytest.raises(DueRefused, match="29 February 2104 is too late"):
        read_due("29 February", date(2096, 3, 1))


def test_the_day_is_cores_which_is_utcs() -> None:
    """In Harare it is two hours ahead."""
    midnight = 1_795_824_000_000
    assert [core_day(midnight - 1), core_day(midnight)] == [date(2026, 11, 27), date(2026, 11, 28)]


_FIGURES = st.integers(0, 40)
_WRITTEN = st.one_of(
    st.text(),
    st.from_regex(r"(in )?[0-9]{1,4} ?(days|weeks|months)", fullmatch=True),
    st.from_regex(r"[0-9]{1,5}[-/. ][0-9]{1,3}([-/. ][0-9]{1,5})?", fullmatch=True),
    st.from_regex(
        r"(by |on the )?[0-9]{1,2}(st|th)?[ -]?(of )?(jan|february|sept|dec\.|xyz)( [0-9]{2,4})?", fullmatch=True
    ),
    st.builds("{}/{}/{}".format, _FIGURES, _FIGURES, st.integers(0, 10_000)),
    DAYS.map(date.isoformat),
    DAYS.map(formatting.day),
)


@given(_WRITTEN, DAYS)
@example("29 february", date(9998, 3, 1))
@example("999 weeks", date(9998, 12, 31))
@example("31/12", date(9998, 12, 31))
def test_whatever_is_typed_is_a_date_that_core_takes_or_refused_in_words(typed: str, day: date) -> None:
    """Never anything else, on any day."""
    first, last = window(day)
    try:
        due = read_due(typed, day)
    except DueRefused as refused:
        assert refused.reason in str(refused)  # noqa: PT017 - it may also not be raised
        assert formatting.day(first) in str(refused)  # noqa: PT017
    else:
        assert first <= due <= last


@given(DAYS, st.integers(7, 34))
def test_what_is_shown_can_be_typed_back(day: date, ahead: int) -> None:
    """Every date that there is, in every form that we show or suggest."""
    due = day + timedelta(days=ahead)
    for typed in (formatting.day(due), due.isoformat(), f"{due.day}/{due.month}/{due.year}", f"in {ahead} days"):
        assert read_due(typed, day) == due
    if ahead % 7 == 0:
        assert read_due(f"in {ahead // 7} weeks", day) == due


@given(DAYS.filter(lambda day: day.year > 2000), st.integers(7, 34))
def test_the_year_need_not_be_said(day: date, ahead: int) -> None:
    """A date so near is always the next one of its kind."""
    due = day + timedelta(days=ahead)
    for typed in (f"{due.day} {due:%B}", f"{due:%b} {due.day}", f"{due.day}/{due.month}"):
        assert read_due(typed, day) == due
