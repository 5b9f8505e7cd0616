"""A page shows what is stored at the moment it is asked for, whoever changed it: nothing of the data is kept.

The changes are made on a connection of their own, as another process would; the page has been read often before, so that
its statements are prepared and its frame is kept.
"""

from __future__ import annotations

from datetime import date, timedelta

import psycopg
import pytest
from django.test import Client

from xinshu.kernel.clock import parse_as_of
from xinshu.subjects.queries import find_subject
from xinshu.subjects.services import merge, undo_merge
from xinshu.web.portal import views

TODAY = date(2026, 11, 22)
PENALTY, OTHER = "超标排放水污染物", "擅自停运治理设施"


class Reader:
    """Reads the page of the first enterprise on a day."""

    def __init__(self, world, monkeypatch) -> None:
        self.day = TODAY
        self.client = Client(headers={"host": "127.0.0.1"})
        self.address = f"/s/{world.company(1)}"
        monkeypatch.setattr(views, "today", lambda: self.day)

    def page(self) -> str:
        return self.client.get(self.address).content.decode()


@pytest.fixture
def reader(world, monkeypatch):
    world.register([world.registration(1), world.registration(2)])
    world.penalise([world.penalty(1), world.penalty(2, 2, 违法行为类型=OTHER)])
    reader = Reader(world, monkeypatch)
    for _ in range(8):
        text = reader.page()
    assert PENALTY in text
    assert OTHER not in text
    return reader


@pytest.fixture
def elsewhere(database):
    """Another process's connection."""
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        yield connection


def test_what_is_repaired_or_withdrawn_is_gone_at_once(reader, elsewhere):
    elsewhere.execute(
        "UPDATE records_record SET public_until = %s WHERE payload LIKE %s", [TODAY + timedelta(days=1), f"%{PENALTY}%"]
    )
    assert PENALTY in reader.page()
    elsewhere.execute("UPDATE records_record SET public_until = %s WHERE payload LIKE %s", [TODAY, f"%{PENALTY}%"])
    text = reader.page()
    assert PENALTY not in text
    assert "未查到公示记录" in text


def test_what_comes_in_stands_there_at_once(reader, world):
    assert world.penalise([world.penalty(1, 3, 违法行为类型=OTHER, 处罚决定日期="2026-09-04")]).new == 1
    assert OTHER in reader.page()


def test_a_period_ends_with_its_last_day_in_shanghai(reader):
    for day, shown in ((date(2027, 9, 2), True), (date(2027, 9, 3), False), (date(2026, 9, 2), False)):
        reader.day = day
        assert (PENALTY in reader.page()) is shown, day


def test_a_supplier_or_subject_renamed_has_its_new_name(reader, elsewhere):
    elsewhere.execute("UPDATE security_organisation SET name = '改名后的局' WHERE name LIKE '%%A市生态环境局'")
    elsewhere.execute("UPDATE subjects_subject SET status = '注销' WHERE name = 'A市第1纺织有限公司'")
    text = reader.page()
    assert "来源单位 <b>改名后的局</b>" in text
    assert "该主体已注销" in text
    found = reader.client.get("/search?q=改名后的局").content.decode()
    assert "<h3>改名后的局</h3>" in found


def test_a_merge_and_its_undoing_show_at_once(reader, world):
    first, second = (find_subject(world.company(number)).id for number in (1, 2))
    made = merge(second, first, reason="同一企业", by="tester", now=parse_as_of("2026-11-20"))
    assert OTHER in reader.page()
    undo_merge(made.id, reason="判断有误", by="tester", now=parse_as_of("2026-11-21"))
    assert OTHER not in reader.page()


def test_no_answer_may_be_kept_on_the_way_and_none_asks_for_a_session(reader):
    answer = reader.client.get(reader.address)
    assert "no-store" in answer["Cache-Control"]
    assert answer.cookies == {}
    assert "Cookie" not in answer.get("Vary", "")
