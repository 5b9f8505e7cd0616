"""Rates, ranking and months, without a database."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from xinshu.kernel.clock import InvalidInstant
from xinshu.quality.domain import QualityRow, month_bounds, per_cent, ranked


def row(key, reported=10, accepted=10, in_error=0, due=0, late=0):
    return QualityRow(key, "", 1, reported, accepted, 0, reported - accepted, 0, 0, in_error, due, late)


def test_rates():
    found = row("a", reported=8, accepted=6, in_error=1, due=4, late=1)
    assert (found.load_rate, found.compliance_rate, found.timeliness_rate) == (0.75, 0.875, 0.75)


def test_a_rate_of_nothing_is_none():
    found = row("a", reported=0, accepted=0)
    assert (found.load_rate, found.compliance_rate, found.timeliness_rate) == (None, None, None)


@pytest.mark.parametrize(
    ("rate", "text"), [(None, "—"), (0.9644, "96.4%"), (1.0, "100.0%"), (0.0, "0.0%"), (0.99951, "100.0%")]
)
def test_a_rate_on_screen(rate, text):
    assert per_cent(rate) == text


def test_ranking_shares_places_and_leaves_out_who_reported_nothing():
    rows = [row("c", 10, 5), row("z", 0, 0), row("b", 10, 9), row("a", 100, 90), row("d", 10, 10)]
    assert [(each.key, each.rank) for each in ranked(rows)] == [("d", 1), ("a", 2), ("b", 2), ("c", 4), ("z", None)]


@pytest.mark.parametrize(
    ("month", "since", "until"),
    [
        pytest.param(
            "2026-09", datetime(2026, 8, 31, 16, tzinfo=UTC), datetime(2026, 9, 30, 16, tzinfo=UTC), id="30 days"
        ),
        pytest.param(
            "2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC), id="year"
        ),
        pytest.param(
            "2026-02", datetime(2026, 1, 31, 16, tzinfo=UTC), datetime(2026, 2, 28, 16, tzinfo=UTC), id="short"
        ),
    ],
)
def test_a_month_is_a_shanghai_month(month, since, until):
    assert month_bounds(month) == (since, until)


@pytest.mark.parametrize(
    "text", ["2026", "2026-13", "2026-1", "2026-00", "0000-01", "9999-12", "2026-09-01", "；DROP", ""]
)
def test_what_is_no_month_is_refused(text):
    with pytest.raises(InvalidInstant):
        month_bounds(text)
