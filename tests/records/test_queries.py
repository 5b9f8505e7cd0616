"""Reading the store: row-level security, days of publicity, and what was known when."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection, transaction

from xinshu.kernel.clock import parse_as_of
from xinshu.records.domain import Marks
from xinshu.records.queries import former_contents, most_recorded, reading, records_of
from xinshu.subjects.queries import find_subject

CONTENT = "处罚内容"


@pytest.fixture
def stocked(world):
    """Two enterprises, a general penalty (shown 2026-09-03 to 2027-09-02) and a warning (never shown) of the first."""
    world.register([world.registration(1), world.registration(2)])
    warning = {"处罚类别": "警告", "罚款金额（万元）": "", "处罚决定日期": "2026-09-04"}
    world.penalise([world.penalty(1), world.penalty(1, 2, **warning)])
    return world


def subject(world, number=1):
    return find_subject(world.company(number)).id


def rows_seen() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_record")
        return cursor.fetchone()[0]


def penalties(found):
    return [each for each in found if each.item == "administrative-penalty"]


def test_without_a_scope_the_application_sees_nothing_and_a_scope_ends_with_its_block(stocked):
    assert rows_seen() == 0
    with transaction.atomic():
        assert rows_seen() == 0
    with transaction.atomic():
        with reading("all"):
            assert rows_seen() == 4
        assert rows_seen() == 0
    with pytest.raises(RuntimeError), reading("all"):
        raise RuntimeError
    assert rows_seen() == 0


def test_a_scope_shows_what_is_public_on_the_day(stocked):
    expected = {
        "all": 4,
        date(2026, 8, 31): 0,
        date(2026, 9, 2): 2,  # the registrations
        date(2026, 9, 3): 3,  # the day of the decision
        date(2027, 9, 2): 3,  # the last day
        date(2027, 9, 3): 2,
    }
    for scope, seen in expected.items():
        with reading(scope):
            assert rows_seen() == seen, scope


def test_records_say_where_they_come_from_and_come_latest_event_first(stocked):
    (record,) = penalties(records_of([subject(stocked)], scope=date(2026, 10, 1), known_at=None))
    assert record.values["CF_WSH"] == "A环罚〔2026〕1号"
    assert (record.supplier, record.authority) == (stocked.source, stocked.source)
    assert (record.rule_set, record.severity) == ("order36", "general")
    assert (record.public_from, record.repair_from, record.public_until) == (
        date(2026, 9, 3),
        date(2026, 12, 3),
        date(2027, 9, 3),
    )
    assert record.marks == Marks.DEFAULT_CLASS
    assert record.received_at == parse_as_of("2026-09-08")
    assert not record.person
    found = records_of([subject(stocked)], scope="all", known_at=None)
    assert [each.event_date for each in found] == [date(2026, 9, 4), date(2026, 9, 3), date(2024, 5, 6)]
    assert records_of([], scope="all", known_at=None) == []


def test_the_store_answers_what_it_knew_at_a_moment(stocked):
    stocked.penalise([stocked.penalty(1, **{CONTENT: "罚款人民币叁万元"})], at="2026-09-09")
    expected = {
        "2026-09-08T11:59": [],
        "2026-09-08T12:00": ["罚款人民币贰万元"],
        "2026-09-09T11:59": ["罚款人民币贰万元"],
        "2026-09-09T12:00": ["罚款人民币叁万元"],
    }
    for moment, content in expected.items():
        for scope in ("all", date(2026, 10, 1)):
            found = penalties(records_of([subject(stocked)], scope=scope, known_at=parse_as_of(moment)))
            assert [each.values["CF_NR"] for each in found if each.severity == "general"] == content, moment


def test_a_record_linked_later_was_not_the_subjects_before(world):
    world.penalise([world.penalty(5)])
    world.register([world.registration(5)], at="2026-09-10")
    for moment, count in (("2026-09-09", 0), ("2026-09-10", 1)):
        found = records_of([subject(world, 5)], scope="all", known_at=parse_as_of(moment))
        assert len(penalties(found)) == count


def test_former_contents_come_latest_first_and_need_the_whole_scope(stocked):
    for day, name in (("2026-09-09", "罚款人民币叁万元"), ("2026-09-10", "罚款人民币肆万元")):
        stocked.penalise([stocked.penalty(1, **{CONTENT: name})], at=day)
    (record,) = penalties(records_of([subject(stocked)], scope=date(2026, 10, 1), known_at=None))
    told = [each["CF_NR"] for each in former_contents([record.id], known_at=None)]
    assert told == ["罚款人民币叁万元", "罚款人民币贰万元"]
    earlier = former_contents([record.id], known_at=parse_as_of("2026-09-09T18:00"))
    assert [each["CF_NR"] for each in earlier] == ["罚款人民币贰万元"]
    with reading(date(2026, 10, 1)), connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM records_revision")
        assert cursor.fetchone()[0] == 0
    assert most_recorded(date(2026, 10, 1)) == subject(stocked)
    assert most_recorded(date(2026, 8, 1)) is None
