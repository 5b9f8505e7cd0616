"""The compiled serializer against the plain one, and a batch against single queries: every subject is told the same."""

from __future__ import annotations

import json
import random
import re
import sys
from dataclasses import replace
from datetime import date
from types import SimpleNamespace
from uuid import uuid4

import numpy as np
import pytest
from django.db import connections, transaction
from tests.disclosure.conftest import NOW, PERSON
from tests.disclosure.plain import EPOCH, OpenVault, Row, cut, held, plain_fact, sight
from tests.disclosure.test_purposes import PROFILES

from xinshu.catalogue.loading import load_catalogue
from xinshu.disclosure import disclosing
from xinshu.disclosure.asking import query
from xinshu.disclosure.assembling import Column, Headings, Serializer, View, views_of
from xinshu.disclosure.batches import run_batch
from xinshu.disclosure.domain import Fact, Heading, State
from xinshu.disclosure.models import Ticket
from xinshu.disclosure.results import open_result
from xinshu.disclosure.review import decide_query
from xinshu.disclosure.rules import load_gate_rules
from xinshu.kernel.profiles import open_profile
from xinshu.records.disclosing import holdings_of, open_scope
from xinshu.security.masking import mask_numbers

DAY = date(2026, 11, 22)
_ID = "11010118990101001X"
TEXTS = [
    "",
    "值",
    "张*",
    "*",
    "1****X",
    f"当事人{_ID}未按期",
    _ID,
    "电话 138-0000-0000 转 8",
    "１３８００００００００，号",
    "١٢٣٤٥٦٧٨٩٠١٢",
    "12345678901",
    "1234567890",
    "编号 2026 1234 5678 9012",
    "a\0" + _ID,
    'say "值"\\ \n\t/',
    "𝟏𝟐𝟑𝟒𝟓𝟔𝟕𝟖𝟗𝟎𝟏𝟐",
    "🙂" * 3,
    "\x1f1234567890123",
    "长" * 900 + "123456789012",
]
WRITERS = [
    lambda values: json.dumps(values, ensure_ascii=False, separators=(",", ":")),
    lambda values: json.dumps(values, ensure_ascii=False),
    json.dumps,
]


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue(open_profile("demo", PROFILES))


@pytest.fixture(scope="module")
def rules(catalogue):
    return load_gate_rules(open_profile("demo", PROFILES), catalogue)


def some_row(chance: random.Random, catalogue, place: int) -> Row:
    """A record of any item, filled anyhow, written by a tidy or an untidy writer."""
    number, item = chance.choice(list(enumerate(catalogue.values(), 1)))
    codes = [each.code for each in item.fields if chance.random() < 0.6] + ["NEW_COLUMN"] * (chance.random() < 0.2)
    values = {code: chance.choice([None, *TEXTS]) for code in codes}
    whole = {code: chance.choice([None, "", "张三丰", _ID, 'q"']) for code in codes if chance.random() < 0.5}
    writer = chance.choice([WRITERS[0], WRITERS[0], *WRITERS])
    day = None if chance.random() < 0.1 else DAY
    beside = Fact(Heading("", "", ()), chance.choice(["某局", '"局"', "119900000000000350"]), day, DAY, ())
    return Row(place, number, writer(values), None if chance.random() < 0.2 else writer(whole), beside)


@pytest.mark.parametrize("seed", range(12))
def test_many_records_are_cut_as_each_by_itself_plainly(seed, catalogue, rules):
    chance = random.Random(seed)
    numbered = dict(enumerate(catalogue.values(), 1))
    purposes = chance.sample(rules.in_force(DAY), 3)
    looks = []
    for purpose in purposes:  # subjects of a batch may be seen differently, by their consents
        openings = {key: each for key, each in purpose.openings(catalogue).items() if chance.random() < 0.8}
        looks.append(views_of(catalogue, openings))
    sights = [sight(each, numbered) for each in looks]
    rows = [some_row(chance, catalogue, place) for place in range(40) for _ in range(chance.randrange(12))]
    of = {place: place % len(looks) for place in range(40)}
    found = cut(rows, {place: sights[each] for place, each in of.items()})
    plain: dict[int, list[Fact]] = {}
    for row in rows:
        view = looks[of[row.place]].get(numbered[row.item].item)
        fact = None if view is None else plain_fact(view, row.values, row.whole, row.beside)
        if fact is not None:
            plain.setdefault(row.place, []).append(fact)
    assert sum(map(len, plain.values())) > 50
    assert found == {place: tuple(facts) for place, facts in plain.items()}
    for place in plain:
        alone = [row for row in rows if row.place == place]
        assert cut(alone, {place: sights[of[place]]}) == {place: found[place]}


def test_only_cells_that_show_something_are_opened():
    view = View(
        Heading("i", "事项", (("N", "姓名"), ("T", "事由"))),
        (Column("N", True, True, False), Column("T", False, False, True)),
    )
    vault, beside = OpenVault(), Fact(Heading("", "", ()), "某局", None, DAY, ())
    rows = [Row(0, 1, '{"N":"张*"}', '{"N":"张三"}', beside), Row(0, 1, '{"T":"无"}', '{"N":"张三"}', beside)]
    seen = sight({"i": view}, {1: SimpleNamespace(item="i")})
    assert [each.values for each in cut(rows, {0: seen}, vault)[0]] == [("张三",), ("无",)]
    assert vault.asked == 1


def test_a_sealed_value_of_a_column_that_is_not_personal_stays_sealed():
    columns = (Column("A", False, False, False), Column("N", True, True, False), Column("Z", True, False, False))
    view = View(Heading("i", "事项", (("A", "甲"), ("N", "姓名"), ("Z", "证件"))), columns)
    sealed = json.dumps({"A": "漏", "N": "张三", "Z": _ID}, ensure_ascii=False)
    row = Row(0, 1, '{"A":"值","N":"张*","Z":"1***X"}', sealed, Fact(Heading("", "", ()), "某局", None, DAY, ()))
    ((fact,),) = cut([row], {0: sight({"i": view}, {1: SimpleNamespace(item="i")})}).values()
    assert (fact.values, fact.masked) == (("值", "张三", "1***X"), (2,))


def test_no_character_that_is_a_digit_is_overlooked():
    """A run of ten of them, whatever the script, is masked as the one masker does it."""
    digits = [chr(code) for code in range(sys.maxunicode) if not 0xD800 <= code < 0xE000 and re.match(r"\d", chr(code))]
    assert len(digits) > 500
    view = View(Heading("i", "事项", (("T", "事由"),)), (Column("T", False, False, True),))
    seen = sight({"i": view}, {1: SimpleNamespace(item="i")})
    beside = Fact(Heading("", "", ()), "某局", None, DAY, ())
    texts = [f"号{each * 10}1Ｘ" for each in digits]
    rows = [Row(0, 1, json.dumps({"T": each}, ensure_ascii=False), None, beside) for each in texts]
    assert [fact.values for fact in cut(rows, {0: seen})[0]] == [(mask_numbers(each),) for each in texts]
    assert all("*" in mask_numbers(each) for each in texts)


@pytest.mark.parametrize("payload", ['{"T":1}', '{"T":"x"', "[]", '{"T":["x"]}', "null", '{"T":"x"},{"T":"y"}'])
def test_a_record_that_is_no_flat_object_is_not_guessed_at(payload):
    view = View(Heading("i", "事项", (("T", "事由"),)), (Column("T", False, False, True),))
    row = Row(0, 1, payload, None, Fact(Heading("", "", ()), "某局", None, DAY, ()))
    with pytest.raises(ValueError, match=r"flat object|unexpected|expected|JSON|EOF"):
        cut([row], {0: sight({"i": view}, {1: SimpleNamespace(item="i")})})


@pytest.mark.parametrize("purpose", ["administrative-approval", "public-resource-trading", "supervision"])
@pytest.mark.parametrize("part", [1, 3, 400])
def test_a_batch_tells_of_each_subject_what_a_single_query_tells(
    purpose, part, gate, officer, approver, make_request, world, monkeypatch
):
    monkeypatch.setattr(disclosing, "_PART", part)
    for n in range(3, 14):  # one by one, each on a day of its own: else they are taken for one sent twice
        given = {"违法事实": f"第{n}次检查：{TEXTS[n % 9]}", "处罚决定日期": f"2026-08-{n + 10}"}
        world.penalise([world.penalty(n % 3 + 1, n * 7919, **given)])
    several = make_request(2, 9, 1, 3, purpose=purpose)
    number = query(gate, officer, several, NOW).number
    ticket = Ticket.objects.get(number=number)
    counts = {"field_count": ticket.field_count, "subject_count": 4}
    decide_query(gate, approver, number, approve=True, reason="", now=NOW, **counts)
    assert run_batch(gate, ticket.id, NOW) is State.DONE
    told = open_result(gate, ticket.id).subjects
    alone = [
        query(gate, officer, replace(several, subjects=(each,)), NOW).result.subjects[0] for each in several.subjects
    ]
    assert list(told) == alone
    assert sum(len(each.facts) for each in told) > 11


@pytest.mark.parametrize("column", ["events", "received"])
@pytest.mark.parametrize("ordinal", [date.min.toordinal() - 1, date.max.toordinal() + 1])
def test_a_day_no_calendar_has_is_not_written(column, ordinal):
    """PostgreSQL's dates reach further than those of ISO 8601 with four digits."""
    view = View(Heading("i", "事项", (("T", "事由"),)), (Column("T", False, False, False),))
    given = held([Row(0, 1, '{"T":"x"}', None, Fact(Heading("", "", ()), "某局", DAY, DAY, ()))])
    given = replace(given, **{column: np.array([ordinal - EPOCH], dtype=np.int32)})
    seen = {0: sight({"i": view}, {1: SimpleNamespace(item="i")})}
    with pytest.raises(ValueError, match="outside the calendar"):
        Serializer(OpenVault(), str, Headings()).facts_of(given, seen)


def test_days_are_those_of_the_calendar():
    """Each of four hundred years, and the first and last there are."""
    view = View(Heading("i", "事项", (("T", "事由"),)), (Column("T", False, False, False),))
    first = date(1899, 12, 1).toordinal()
    days = [date.min, date.max, *map(date.fromordinal, range(first, first + 146_097 + 100))]
    rows = [Row(0, 1, '{"T":"x"}', None, Fact(Heading("", "", ()), "某局", each, each, ())) for each in days]
    facts = cut(rows, {0: sight({"i": view}, {1: SimpleNamespace(item="i")})})[0]
    assert [(each.event_date, each.received_on) for each in facts] == [(each, each) for each in days]


def test_a_person_known_under_two_indexes_is_told_with_the_records_of_both(personnel, gate, world):
    """While keys of the index rotate some records stand under the old one, some under the new."""
    old = uuid4()
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE records_record SET person_index = %s WHERE person_index IS NOT NULL", [old])
        assert cursor.rowcount == 1
    person = {
        "行政相对人名称": "王小明",
        "行政相对人类别": "自然人",
        "自然人证件类型": "身份证",
        "自然人证件号码": PERSON,
    }
    row = world.penalty(1, 60_000, **person) | {"行政相对人代码_1(统一社会信用代码)": "", "法定代表人": ""}
    assert world.penalise([row | {"处罚决定日期": "2026-08-20"}]).accepted == 1
    with transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(f"SELECT {open_scope()}")
        asked = [(7, each) for each in (*gate.person_indexes(PERSON), old)]
        held = holdings_of({}, asked, None, None)
    assert (list(held.known), held.places.tolist()) == ([7], [7, 7])
