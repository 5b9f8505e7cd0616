"""Shanghai days, moments given by a person, working days over a calendar passed in."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.clock import (
    InvalidInstant,
    WorkCalendar,
    add_working_days,
    is_working_day,
    parse_as_of,
    shanghai_date,
    working_days_between,
)

CALENDAR = WorkCalendar(
    closed=frozenset({date(2026, 10, 1), date(2026, 10, 2)}),
    make_up=frozenset({date(2026, 10, 10)}),
    years=frozenset({2026}),
    fixed_holidays=frozenset({(1, 1)}),
)
DAYS = st.dates(date(2025, 6, 1), date(2027, 6, 1))


@pytest.mark.parametrize(
    ("instant", "day"),
    [
        (datetime(2024, 2, 23, 15, 59, 59, tzinfo=UTC), date(2024, 2, 23)),
        (datetime(2024, 2, 23, 16, 0, 0, tzinfo=UTC), date(2024, 2, 24)),
    ],
    ids=["last second", "midnight"],
)
def test_the_day_is_the_day_in_shanghai(instant, day):
    assert shanghai_date(instant) == day


def test_an_instant_without_time_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        shanghai_date(datetime(2026, 1, 1))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize(
    ("given_text", "instant"),
    [
        ("2026-04-01", datetime(2026, 4, 1, 4, 0, tzinfo=UTC)),
        ("2026-04-01T00:30", datetime(2026, 3, 31, 16, 30, tzinfo=UTC)),
        (" 2026-04-01 ", datetime(2026, 4, 1, 4, 0, tzinfo=UTC)),
    ],
    ids=["a day is its noon", "a moment", "outer space"],
)
def test_a_given_moment_is_shanghai_time(given_text, instant):
    assert parse_as_of(given_text) == instant


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "2026-4-1",
        "2026-02-30",
        "2026-04-01T24:01",
        "2026-04-01T09:00:00Z",
        "2026/04/01",
        "0000-01-01",
        "٢٠٢٦-٠٤-٠١",
        "x" * 999,
    ],
)
def test_another_form_is_refused_with_the_right_form_named(bad):
    with pytest.raises(InvalidInstant) as caught:
        parse_as_of(bad)
    assert "2026-04-01T09:30" in caught.value.fix
    assert len(caught.value.message) < 80


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        pytest.param(date(2026, 9, 30), True, id="a Wednesday"),
        pytest.param(date(2026, 10, 1), False, id="closed Thursday"),
        pytest.param(date(2026, 10, 3), False, id="a Saturday"),
        pytest.param(date(2026, 10, 10), True, id="made-up Saturday"),
        pytest.param(date(2027, 1, 1), False, id="fixed holiday of an unpublished year"),
        pytest.param(date(2027, 10, 1), True, id="Friday of an unpublished year"),
        pytest.param(date(2026, 1, 1), True, id="the published calendar alone counts in its year"),
    ],
)
def test_working_days(day, worked):
    assert is_working_day(day, CALENDAR) is worked


def test_day_zero_is_the_start_even_on_a_holiday():
    assert add_working_days(date(2026, 10, 3), 0, CALENDAR).day == date(2026, 10, 3)


@pytest.mark.parametrize(
    ("start", "count", "day", "provisional"),
    [
        pytest.param(date(2026, 12, 28), 3, date(2026, 12, 31), False, id="ends in the published year"),
        pytest.param(date(2026, 12, 31), 1, date(2027, 1, 4), True, id="passes into an unpublished one"),
        pytest.param(date(2025, 12, 31), 1, date(2026, 1, 1), False, id="day zero does not count"),
        pytest.param(date(2025, 12, 30), 2, date(2026, 1, 1), True, id="a day on the way does"),
    ],
)
def test_an_answer_resting_on_an_unpublished_year_is_provisional(start, count, day, provisional):
    result = add_working_days(start, count, CALENDAR)
    assert (result.day, result.provisional) == (day, provisional)


def test_the_end_of_time_is_no_crash():
    result = add_working_days(date(9999, 12, 31), 7, CALENDAR)
    assert (result.day, result.provisional) == (date.max, True)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="negative"):
        add_working_days(date(2026, 1, 5), -1, CALENDAR)


@given(start=DAYS, later=st.integers(0, 60), count=st.integers(0, 40))
def test_adding_working_days_is_monotone(start, later, count):
    result = add_working_days(start, count, CALENDAR).day
    assert result <= add_working_days(start, count + 1, CALENDAR).day - timedelta(days=1)
    assert result <= add_working_days(start + timedelta(days=later), count, CALENDAR).day


@given(start=DAYS, count=st.integers(1, 40))
def test_the_day_reached_is_worked_and_as_many_working_days_away(start, count):
    day = add_working_days(start, count, CALENDAR).day
    assert is_working_day(day, CALENDAR)
    assert working_days_between(start, day, CALENDAR) == count
    assert working_days_between(day, start, CALENDAR) == -count
