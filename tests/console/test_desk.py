"""The words of the tray: estimates only where they are worth something."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from xinshu.web.console.desk import progress_of
from xinshu.web.console.templatetags.elapsed import duration

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)


def _job(**changes):
    batch = SimpleNamespace(label="PL-20261122-0001", file="a.csv", item="administrative-penalty")
    facts = {
        "batch": batch,
        "state": "running",
        "step": "入库",
        "share": 0.5,
        "rows": 1000,
        "received_at": NOW - timedelta(seconds=40),
        "started_at": NOW - timedelta(seconds=30),
        "finished_at": None,
    }
    found = SimpleNamespace(**(facts | changes))
    return progress_of(found, SimpleNamespace(catalogue={}), NOW)


def test_half_way_the_rest_is_as_long_as_the_past():
    job = _job()
    assert (job.per_cent, job.expected, job.elapsed, job.left, job.quarter) == (50, 2000, 30, 30, 50)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"share": 0.09}, id="hardly begun"),
        pytest.param({"finished_at": NOW, "state": "done"}, id="finished"),
    ],
)
def test_no_estimate(changes):
    job = _job(**changes)
    assert (job.expected, job.left) == (None, None)


def test_before_it_begins_the_wait_counts():
    assert _job(started_at=None, share=0.0, rows=0, state="queued").elapsed == 40


@pytest.mark.parametrize(("seconds", "words"), [(0.4, "不到1秒"), (59.9, "59秒"), (72, "1分12秒"), (3725, "1小时2分")])
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
