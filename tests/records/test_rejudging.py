"""Publicity follows the rule set in force. Expectations by hand from docs/rules.md section 4, transition "earliest":
Order 58 shows an ordinary penalty 36 months, Order 36 (from 2026-04-01) a fine 12 and a severe kind 36 months."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from django.db import connection
from tests.plugins.main_path import canonical

from xinshu.bootstrap.desk import bring_up_to_date
from xinshu.kernel.identifiers import citizen_id
from xinshu.records.queries import reading

DECIDED = {"处罚决定日期": "2024-01-31", "处罚有效期": "2025-01-31"}
RECEIVED = "2024-02-05"
UNDER_58 = ("order58", "ordinary", date(2024, 1, 31), date(2024, 4, 30), date(2027, 1, 31), 0)
BEFORE, AFTER = date(2026, 3, 31), date(2026, 4, 2)


def stored() -> dict[int, tuple[object, ...]]:
    """{row of the file: (rule set, class, from, repair from, until, default mark)} of all penalties."""
    with reading("all"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT row_no, rule_set, severity, public_from, repair_from, public_until, marks & 2 FROM records_record"
            " WHERE item_id = (SELECT id FROM catalogue_item WHERE item = 'administrative-penalty') ORDER BY row_no"
        )
        return {row[0]: row[1:] for row in cursor.fetchall()}


@dataclass(frozen=True)
class Case:
    """A penalty decided 2024-01-31: its columns, how it is judged when received, how from 2026-04-01."""

    columns: dict[str, str]
    first: tuple[object, ...]
    later: tuple[object, ...]


HIDDEN_58 = ("order58", None, None, None, None, 0)
PERSON = {
    "行政相对人名称": "李示例",
    "行政相对人类别": "自然人",
    "行政相对人代码_1(统一社会信用代码)": "",
    "法定代表人": "",
    "自然人证件类型": "身份证",
}
CASES = {
    "fine: one year instead of three": Case(
        {}, UNDER_58, ("order36", "general", date(2024, 1, 31), date(2024, 4, 30), date(2025, 1, 31), 2)
    ),
    "licence revoked: three years, repair only after one": Case(
        {"处罚类别": "吊销许可证件", "罚款金额（万元）": "", "暂扣或吊销证照名称及编号": "排污许可证"},
        UNDER_58,
        ("order36", "serious", date(2024, 1, 31), date(2025, 1, 31), date(2027, 1, 31), 0),
    ),
    "food: class, repair and end by Order 36": Case(
        {"所属领域": "食品"},
        ("order58", "special", date(2024, 1, 31), date(2025, 1, 31), date(2027, 1, 31), 0),
        ("order36", "general", date(2024, 1, 31), date(2024, 4, 30), date(2025, 1, 31), 2),
    ),
    "declared serious": Case(
        {"失信程度": "严重"},
        UNDER_58,
        ("order36", "serious", date(2024, 1, 31), date(2025, 1, 31), date(2027, 1, 31), 0),
    ),
    "hidden by Order 58 stays hidden": Case(
        {"处罚类别": "警告", "罚款金额（万元）": ""}, HIDDEN_58, ("order36", "minor", None, None, None, 0)
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_a_penalty_loaded_under_order_58_is_judged_anew_from_april_2026(world, case):
    world.penalise([world.penalty(1, **DECIDED, **case.columns)], at=RECEIVED)
    assert stored() == {2: case.first}
    assert bring_up_to_date(world.desk.settings, BEFORE) == 0
    assert stored() == {2: case.first}
    assert bring_up_to_date(world.desk.settings, AFTER) == 1
    assert stored() == {2: case.later}


def test_again_changes_nothing_and_no_revision_is_written(world):
    world.penalise([world.penalty(n, n, **DECIDED) for n in (1, 2, 3)], at=RECEIVED)
    content = [line for line in canonical(world.desk) if '"kind": "revision"' in line]
    assert bring_up_to_date(world.desk.settings, AFTER) == 3
    after = canonical(world.desk)
    assert bring_up_to_date(world.desk.settings, date(2026, 11, 1)) == 0
    assert canonical(world.desk) == after
    assert [line for line in after if '"kind": "revision"' in line] == content == []


def test_what_comes_in_afterwards_is_judged_alike_and_a_resend_still_counts_as_unchanged(world):
    rows = [world.penalty(1, **DECIDED)]
    world.penalise(rows, at=RECEIVED)
    bring_up_to_date(world.desk.settings, AFTER)
    report = world.penalise([*rows, world.penalty(2, 2, **DECIDED)], at="2026-04-03")
    assert (report.unchanged, report.new) == (1, 1)
    assert stored()[2] == stored()[3]


def test_other_marks_stay(world):
    world.penalise([world.penalty(1, **DECIDED)], at="2024-06-03")  # late: due 2024-02-09
    bring_up_to_date(world.desk.settings, AFTER)
    with reading("all"), connection.cursor() as cursor:
        cursor.execute("SELECT marks FROM records_record")
        assert cursor.fetchall() == [(3,)]


def test_a_natural_person_has_no_rule_set_and_stays_hidden(world):
    body = "99010219900101001"
    number = body + citizen_id.check_character(body)
    world.penalise([world.penalty(1, **DECIDED, **PERSON | {"自然人证件号码": number})], at=RECEIVED)
    assert stored() == {2: (None, None, None, None, None, 0)}
    assert bring_up_to_date(world.desk.settings, AFTER) == 0
    assert stored() == {2: (None, None, None, None, None, 0)}


def test_an_empty_installation_has_nothing_to_judge(database, settings_with):
    assert bring_up_to_date(settings_with(profile="demo"), AFTER) == 0


def test_the_worker_knows_the_daily_task():
    from procrastinate.contrib.django import app

    app.perform_import_paths()
    (periodic,) = [each for each in app.periodic_registry.periodic_tasks.values() if "up_to_date" in each.task.name]
    assert periodic.cron == "5 16 * * *"  # by UTC
