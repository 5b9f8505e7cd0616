"""The base calendar and the deadlines counted over it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel.clock import add_working_days, is_working_day, working_days_between
from xinshu.rules.deadlines import deadline_on, due, on_time
from xinshu.rules.errors import DeadlineUnknown

VECTORS = yaml.safe_load((Path(__file__).parent / "vectors.yaml").read_text(encoding="utf-8"))
ON_TIME = [row for row in VECTORS["instants"] if row["rule"] == "on_time"]


@pytest.mark.parametrize(("start", "count", "day"), VECTORS["working_days"], ids=str)
def test_the_nth_working_day(rules, start, count, day):
    result = add_working_days(start, count, rules.calendar)
    assert (result.day, result.provisional) == (day, False)
    assert working_days_between(start, day, rules.calendar) == count


@pytest.mark.parametrize("year", VECTORS["calendar"])
def test_the_calendar_of_a_year(rules, year):
    published = VECTORS["calendar"][year]
    days = [date(year, 1, 1) + timedelta(days=offset) for offset in range(366)]
    unusual = [day for day in days if day.year == year and is_working_day(day, rules.calendar) != (day.weekday() < 5)]
    assert [f"{day:%m-%d}" for day in unusual if day.weekday() < 5] == published["closed"]
    assert [f"{day:%m-%d}" for day in unusual if day.weekday() >= 5] == published["make_up"]


def test_the_calendar_covers_2004_to_2026_without_a_gap(rules):
    assert rules.calendar.years == set(range(2004, 2027))


@pytest.mark.parametrize(
    ("day", "worked"),
    [(date(2020, 1, 31), False), (date(2020, 1, 19), True), (date(2015, 9, 3), False), (date(2008, 2, 2), True)],
    ids=["longer Spring Festival of 2020", "made-up Sunday", "victory day of 2015", "made-up Saturday of 2008"],
)
def test_earlier_years(rules, day, worked):
    assert is_working_day(day, rules.calendar) is worked


def test_a_year_without_published_calendar_is_provisional(rules):
    result = due("dual-publicity", date(2026, 12, 30), rules.calendar, rules.deadlines)
    assert (result.day, result.provisional) == (date(2027, 1, 11), True)


@pytest.mark.parametrize("row", ON_TIME, ids=lambda row: row["utc"])
def test_on_time_is_judged_by_the_day_in_shanghai(rules, row):
    assert row["working_days"] == deadline_on("dual-publicity", row["decided"], rules.deadlines).working_days
    for instant in (row["utc"], row["local"]):
        received = datetime.fromisoformat(instant)
        verdict = on_time(received, "dual-publicity", row["decided"], rules.calendar, rules.deadlines)
        assert verdict is row["result"]


@pytest.mark.parametrize(
    ("name", "event", "day"),
    [
        pytest.param("dual-publicity", date(2024, 2, 8), date(2024, 2, 23), id="7 working days"),
        pytest.param("extended-publicity", date(2024, 2, 8), date(2024, 2, 23), id="the same for other acts"),
        pytest.param("market-regulation-publicity", date(2024, 12, 31), date(2025, 2, 5), id="20 working days"),
        pytest.param("monthly", date(2026, 1, 31), date(2026, 2, 28), id="end of the next month"),
        pytest.param("monthly", date(2025, 12, 1), date(2026, 1, 31), id="over the year's end"),
        pytest.param("repair.accept", date(2026, 7, 1), date(2026, 7, 6), id="3 working days"),
        pytest.param("repair.review", date(2026, 7, 1), date(2026, 7, 15), id="10 working days"),
        pytest.param("objection.answer", date(2026, 4, 30), date(2026, 5, 11), id="5 working days"),
    ],
)
def test_due_days(rules, name, event, day):
    assert due(name, event, rules.calendar, rules.deadlines).day == day


@pytest.mark.parametrize(
    ("name", "event", "said"),
    [
        pytest.param("no-such-limit", date(2026, 7, 1), "没有定义", id="unknown name"),
        pytest.param("repair.share-result", date(2026, 4, 1), "2026-04-01", id="no version on the day"),
    ],
)
def test_an_unknown_limit_is_refused(rules, name, event, said):
    with pytest.raises(DeadlineUnknown) as caught:
        due(name, event, rules.calendar, rules.deadlines)
    assert name in caught.value.message
    assert said in caught.value.message


def test_the_last_day_of_a_version_still_falls_under_it(rules):
    assert due("repair.share-result", date(2026, 3, 31), rules.calendar, rules.deadlines).day == date(2026, 4, 3)


@given(day=st.dates(), later=st.integers(0, 400), name=st.sampled_from(["dual-publicity", "monthly"]))
def test_a_later_event_is_never_due_earlier(rules, day, later, name):
    after = date.fromordinal(min(day.toordinal() + later, date.max.toordinal()))
    first = due(name, day, rules.calendar, rules.deadlines).day
    assert day <= first <= due(name, after, rules.calendar, rules.deadlines).day
