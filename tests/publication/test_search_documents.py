"""The search box by the number of a document: any spelling, only what is public, never a natural person's."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from xinshu.kernel.identifiers import CitizenId
from xinshu.kernel.profiles import open_profile
from xinshu.publication import search as search_module
from xinshu.publication.queries import PublicReference, public_page_of
from xinshu.publication.search import search_public
from xinshu.records.domain import document_digest

AUTUMN = date(2026, 10, 1)
NUMBER = "A环罚〔2026〕17号"
PERSON_ID = next(f"11010118990101001{last}" for last in "0123456789X" if CitizenId.is_valid(f"11010118990101001{last}"))


@pytest.fixture(scope="session")
def reference():
    return PublicReference.load(open_profile("demo", Path(__file__).parents[2] / "profiles"))


@pytest.fixture
def stocked(world):
    world.register([world.registration(n) for n in (1, 2, 3)])
    world.penalise([world.penalty(1, 17), world.penalty(2, 18)])
    return world


@pytest.fixture
def found(stocked, reference):
    """(number, name of the subject) of the documents found."""

    def look(text, day=AUTUMN):
        answer = search_public(text, reference=reference, day=day)
        return [(each.document_no, each.subject_name) for each in answer.documents]

    return look


@pytest.mark.parametrize(
    "typed",
    [
        NUMBER,
        "A环罚[2026]17号",
        "Ａ环罚（２０２６）第１７号",
        " a环罚 2026 17 ",
        "A环罚〔2026〕\u200b17",
        "A环罚2026第17號",
    ],
)
def test_a_document_is_found_by_any_spelling_of_its_number(found, typed):
    assert found(typed) == [(NUMBER, "A市第1纺织有限公司")]


@pytest.mark.parametrize(
    "typed", ["A环罚〔2026〕1号", "A环罚〔2026〕170号", "环罚〔2026〕17号", "17", "号", "A市第1纺织有限公司"]
)
def test_another_number_is_not_taken_for_it(found, typed):
    assert found(typed) == []


def test_what_was_found_opens_as_a_record(stocked, reference):
    (hit,) = search_public(NUMBER, reference=reference, day=AUTUMN).documents
    shown = public_page_of(hit.record, reference=reference, day=AUTUMN)
    assert (shown.record.document_no, shown.code) == (NUMBER, hit.subject) == (NUMBER, stocked.company(1))


def test_a_document_is_found_while_it_is_public_only(found):
    assert found(NUMBER, date(2026, 9, 2)) == []
    assert found(NUMBER, date(2027, 9, 2)) != []
    assert found(NUMBER, date(2027, 9, 3)) == []


def test_a_person_s_document_a_hidden_and_an_unlinked_one_are_not_found(stocked, found):
    person = {
        "行政相对人名称": "王小明",
        "行政相对人类别": "自然人",
        "行政相对人代码_1(统一社会信用代码)": "",
        "法定代表人": "",
        "自然人证件类型": "身份证",
        "自然人证件号码": PERSON_ID,
    }
    stocked.penalise(
        [
            stocked.penalty(1, 31, **person),
            stocked.penalty(1, 32, 处罚类别="警告", **{"罚款金额（万元）": "", "处罚内容": "警告"}),
            stocked.penalty(9, 33),
        ],
        at="2026-09-09",
    )
    assert [found(f"A环罚〔2026〕{number}号") for number in (31, 32, 33)] == [[], [], []]
    stocked.register([stocked.registration(9)], at="2026-09-10")
    assert found("A环罚〔2026〕33号") == [("A环罚〔2026〕33号", "A市第9纺织有限公司")]


def test_one_document_about_several_subjects(stocked, found):
    stocked.penalise([stocked.penalty(n, 17, 处罚决定日期="2026-09-07") for n in (2, 3)], at="2026-09-09")
    assert {name for _, name in found(NUMBER)} == {f"A市第{n}纺织有限公司" for n in (1, 2, 3)}


def test_a_digest_shared_with_another_number_finds_nothing_wrong(stocked, found, monkeypatch):
    from xinshu.records import queries

    monkeypatch.setattr(queries, "document_digest", lambda _: document_digest("A环罚202618".encode()))
    assert found(NUMBER) == []


def test_a_credit_code_asks_for_no_document(stocked, reference, monkeypatch):
    monkeypatch.setattr(search_module, "records_of_document", lambda *_, **__: pytest.fail("asked"))
    assert search_public(stocked.company(1), reference=reference, day=AUTUMN).subjects
