"""`/r/{id}`: one public record, gone with 410 once its publicity has ended, unknown when it never was public."""

from __future__ import annotations

import re
from datetime import date, timedelta

import psycopg
import pytest
from django.test import Client

from xinshu.kernel.ids import public_id, public_id_bytes, uuid7
from xinshu.web.portal import views

TODAY = date(2026, 11, 22)
PENALTY = "超标排放水污染物"


class Desk:
    """A browser on a day, and the address of one public penalty."""

    def __init__(self, world, monkeypatch) -> None:
        self.day = TODAY
        monkeypatch.setattr(views, "today", lambda: self.day)
        self.client = Client(headers={"host": "127.0.0.1"})
        page = self.client.get(f"/s/{world.company(1)}").content.decode()
        self.address = re.search(r'href="(/r/[0-9A-Z]{16})"', page)[1]

    def get(self, address: str = ""):
        return self.client.get(address or self.address)


@pytest.fixture
def desk(world, monkeypatch):
    world.register([world.registration(1)])
    world.penalise([world.penalty(1)])
    return Desk(world, monkeypatch)


@pytest.fixture
def elsewhere(database):
    with psycopg.connect(database.conninfo, autocommit=True) as connection:
        yield connection


def test_a_record_is_shown_whole_with_its_subject_rule_and_source(desk, world):
    answer = desk.get()
    text = answer.content.decode()
    assert answer.status_code == 200
    assert f'href="/s/{world.company(1)}"' in text
    for words in (PENALTY, "公示规则", "首次入库", "2026-09-08", "信息编号", desk.address[-16:], "5个工作日内答复"):
        assert words in text
    assert "最近更正" not in text


def test_as_people_copy_an_id(desk):
    spaced = desk.address[-16:].lower()
    assert desk.get(f"/r/{spaced[:4]}-{spaced[4:]}").status_code == 200


def test_a_correction_is_told_with_its_day(desk, world):
    world.penalise([world.penalty(1, 违法事实="更正后的事实，排放口浓度超标")], at="2026-10-09")
    text = desk.get().content.decode()
    assert re.search(r"最近更正</dt><dd>2026-10-09", text)


def test_after_its_last_day_nothing_of_it_is_said(desk, elsewhere):
    elsewhere.execute("UPDATE records_record SET public_until = %s", [TODAY + timedelta(days=1)])
    assert desk.get().status_code == 200
    desk.day = TODAY + timedelta(days=1)
    answer = desk.get()
    assert answer.status_code == 410
    assert "该信息已终止公示" in answer.content.decode()
    assert PENALTY not in answer.content.decode()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("public_from = NULL, public_until = NULL", id="never public"),
        pytest.param("public_from = '2027-01-01'", id="not yet public"),
        pytest.param("subject_id = NULL", id="on nobody's page"),
        pytest.param("person_index = gen_random_uuid()", id="about a person"),
    ],
)
def test_what_the_public_was_never_shown_is_unknown(desk, elsewhere, change):
    unknown = desk.get(f"/r/{public_id(uuid7(views.timezone.now()))}")
    assert unknown.status_code == 404
    elsewhere.execute(f"UPDATE records_record SET {change} WHERE payload LIKE '%{PENALTY}%'")
    hidden = desk.get()
    assert (hidden.status_code, hidden.content) == (404, unknown.content)


@pytest.mark.parametrize("text", ["x", "0" * 17, "示例", "%00", "U" * 16])
def test_what_is_no_id_is_unknown(desk, text):
    assert desk.get(f"/r/{text}").status_code == 404


def test_the_bytes_of_a_public_id_are_those_of_its_digest():
    value = uuid7(views.timezone.now())
    assert len(public_id_bytes(public_id(value))) == 10
    assert public_id_bytes("0" * 15 + "1") == bytes(9) + b"\x01"
