"""The risk register: data of the profile, each figure of it live."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import yaml
from django.db import connection

from xinshu.bootstrap.audit import check_whole_record
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.errors import ProfileInvalid
from xinshu.kernel.profiles import Profile, open_profile
from xinshu.ops.metrics import METRICS
from xinshu.ops.risks import Bound, judge, load_checklist, load_risks, read_all
from xinshu.security.audit.domain import Outcome
from xinshu.security.models import User

NOW = datetime.now(UTC)


@pytest.fixture
def profile():
    return open_profile("demo", Path(__file__).resolve().parents[2] / "profiles")


@pytest.fixture
def with_file(tmp_path):
    """A profile of one file."""

    def make(name: str, content: object) -> Profile:
        path = tmp_path / "audit" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
        return Profile("test", (tmp_path,))

    return make


def test_every_risk_is_scored_owned_and_tied_to_a_live_figure(profile, settings):
    risks = load_risks(profile)
    values = read_all(settings, NOW)
    assert set(values) == set(METRICS)
    for each in risks:
        assert 1 <= each.score <= 25
        assert each.owner
        assert each.measures
        assert each.review > date(2026, 1, 1)
        assert {bound.metric for bound in each.bounds} <= set(values)
    used = {bound.metric for each in risks for bound in each.bounds}
    assert used == set(METRICS), "a figure nobody looks at"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"likelihood": 6}, id="score"),
        pytest.param({"metrics": [{"metric": "nothing_of_the_kind", "at_most": 1}]}, id="no such metric"),
        pytest.param({"metrics": [{"metric": "disk_free"}]}, id="no limit"),
        pytest.param({"metrics": [{"metric": "disk_free", "at_most": 1, "at_least": 2}]}, id="two limits"),
        pytest.param({"metrics": []}, id="tied to nothing"),
        pytest.param({"review": "soon"}, id="no date"),
        pytest.param({"owner": None, "measures": []}, id="no measures"),
    ],
)
def test_a_register_that_is_wrong_is_refused(with_file, change):
    good = {
        "id": "R-1",
        "title": "某风险",
        "likelihood": 2,
        "effect": 3,
        "owner": "系统管理员",
        "measures": ["某措施"],
        "review": date(2027, 1, 1),
        "metrics": [{"metric": "disk_free", "at_least": 10}],
    }
    assert load_risks(with_file("risks.yaml", [good]))[0].score == 6
    with pytest.raises(ProfileInvalid):
        load_risks(with_file("risks.yaml", [{**good, **change}]))
    with pytest.raises(ProfileInvalid):
        load_risks(with_file("risks.yaml", [good, good]))


def test_a_question_is_for_a_quarter_or_a_year(with_file, profile):
    assert {each.period for each in load_checklist(profile)} == {"quarter", "year"}
    with pytest.raises(ProfileInvalid):
        load_checklist(with_file("checklist.yaml", [{"id": "A", "period": "week", "clause": "1", "question": "？"}]))


@pytest.mark.parametrize(
    ("bound", "value", "state"),
    [
        (Bound("failed_tasks", 3, upper=True), 3, "ok"),
        (Bound("failed_tasks", 3, upper=True), 4, "over"),
        (Bound("disk_free", 15, upper=False), 15, "ok"),
        (Bound("disk_free", 15, upper=False), 14.9, "over"),
        (Bound("doubtful_rate", 5, upper=True), None, "unknown"),
    ],
)
def test_a_figure_is_judged_at_its_limit(profile, bound, value, state):
    risk = load_risks(profile)[0]
    changed = type(risk)(**{name: getattr(risk, name) for name in risk.__slots__} | {"bounds": (bound,)})
    (judged,) = judge([changed], {bound.metric: value}, risk.review)
    assert [each.state for each in judged.readings] == [state]
    assert judged.live == (state == "over")


def test_a_review_is_overdue_the_day_after_its_date(profile):
    risk = load_risks(profile)[0]
    values = dict.fromkeys(METRICS, 0.0)
    assert [judge([risk], values, day)[0].due for day in (risk.review, risk.review + timedelta(days=1))] == [
        False,
        True,
    ]


def test_figures_follow_what_happens(settings, write, world):
    before = read_all(settings, NOW)
    assert before["doubtful_rate"] is None
    assert before["full_check_days"] is None
    assert before["chain_broken"] == before["failed_tasks"] == before["late_tasks"] == before["idle_accounts"] == 0
    write(action="identity.sign_in", outcome=Outcome.REFUSED, code="identity.sign_in_refused")
    write(action="disclosure.alarm", detail={"run": 12})
    User.objects.create(username="alt", display_name="某某", organisation_id=world.source)
    User.objects.filter(username="alt").update(created_at=NOW - timedelta(days=400))
    long_ago = NOW - timedelta(hours=2)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('q', 't', 'todo')")
        cursor.execute("UPDATE procrastinate_events SET at = %s", [long_ago])
        cursor.execute(
            "WITH j AS (INSERT INTO procrastinate_jobs (queue_name, task_name, status) VALUES ('q', 't', 'failed')"
            " RETURNING id) INSERT INTO procrastinate_events (job_id, type, at) SELECT id, 'failed', %s FROM j",
            [long_ago],
        )
    assert check_whole_record(settings, NOW).ok
    world.register(
        [world.registration(1), world.registration(2, 统一社会信用代码="1")], at=shanghai_date(NOW).isoformat()
    )
    now = datetime.now(UTC) + timedelta(seconds=1)
    after = read_all(settings, now)
    assert after["refused_sign_ins"] == 1
    assert after["refused_requests"] == 1
    assert after["anomalies"] == 1
    assert after["idle_accounts"] == 1
    assert after["late_tasks"] >= 1
    assert after["failed_tasks"] == 1
    assert after["doubtful_rate"] == 50
    assert after["unlinked_share"] == 0
    assert after["full_check_days"] is not None
    assert 0 < after["disk_free"] <= 100
    assert after["key_days"] >= 0
    assert read_all(settings, now + timedelta(hours=1))["anchor_minutes"] >= 60
