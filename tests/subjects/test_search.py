"""Search by parts, short and former names, pinyin, codes; suggestions apart. Expectations written by hand."""

from __future__ import annotations

import pytest
from tests.plugins.main_path import make_uscc
from tests.subjects.test_parts import WORDS

from xinshu.subjects.queries import search, search_names

NAMES = {
    1: "A市恒瑞纺织有限公司",
    2: "恒瑞（B市）建材有限公司",
    3: "A东区锦程百货店",
    4: "长乐银行股份有限公司",
    5: "A市福安物流有限公司",
}


@pytest.fixture
def stocked(world):
    rows = [world.registration(number, 企业名称=name) for number, name in NAMES.items()]
    rows[4] |= {"曾用名": "A市鼎盛针织厂；A市同庆仓储有限公司"}
    world.register(rows)
    return world


def found(text: str) -> list[tuple[int, str]]:
    """(number of the company, field) of each hit."""
    numbers = {make_uscc(number): number for number in NAMES}
    return [(numbers[hit.uscc], hit.field) for hit in search_names(text, vocabulary=WORDS).hits]


SEARCHES = {
    "two characters": ("恒瑞", [(2, "name"), (1, "name")]),
    "from the middle": ("瑞纺", [(1, "name")]),
    "the beginning": ("A市恒", [(1, "name")]),
    "several parts": ("百货 A东区", [(3, "name")]),
    "half-width brackets": ("恒瑞(B市)", [(2, "name")]),
    "short name": ("恒瑞公司", [(1, "short_name"), (2, "short_name")]),
    "region in front instead of in brackets": ("B市恒瑞建材有限公司", [(2, "short_name")]),
    "retired region": ("A老城区锦程百货店", [(3, "short_name")]),
    "former name": ("鼎盛针织", [(5, "former_name")]),
    "pinyin": ("hengruifangzhi", [(1, "pinyin")]),
    "pinyin with spaces, last syllable begun": ("jin cheng bai h", [(3, "pinyin")]),
    "pinyin of names, not of single characters": ("changleyinhang", [(4, "pinyin")]),
    "first letters": ("hrfz", [(1, "pinyin")]),
    "pinyin of a former name": ("dingshengzhenzhi", [(5, "pinyin")]),
    "credit code": (make_uscc(3), [(3, "uscc")]),
    "organisation code with a hyphen": (f"{make_uscc(3)[8:16]}-{make_uscc(3)[16]}", [(3, "org_code")]),
    "beginning of a credit code": (make_uscc(3)[:16], [(3, "uscc")]),
    "one character": ("恒", []),
    "like's own signs": ("恒%瑞", []),
}


@pytest.mark.parametrize("case", SEARCHES)
def test_a_search_finds(stocked, case):
    text, expected = SEARCHES[case]
    assert sorted(found(text)) == sorted(expected)


def test_a_hit_says_what_matched(stocked):
    hit = search("A市鼎盛针织厂")[0]
    assert (hit.name, hit.matched, hit.former_name) == (NAMES[5], "曾用名（A市鼎盛针织厂）", "A市鼎盛针织厂")
    assert search("恒瑞纺织")[0].matched == "名称中间"


def test_similar_names_stand_apart_with_reasons(stocked):
    answer = search_names("A市恒锐纺织有限公司", vocabulary=WORDS)
    assert answer.hits == ()
    assert [each.name for each in answer.suggestions] == [NAMES[1]]
    assert "字号“恒锐”与“恒瑞”同音不同字" in answer.suggestions[0].reasons


def test_nothing_is_proposed_beside_a_hit(stocked):
    assert search_names(NAMES[1], vocabulary=WORDS).suggestions == ()


def test_a_retired_region_is_named(stocked):
    assert search_names("A老城区锦程", vocabulary=WORDS).notes == ("“A老城区”已撤销或更名，现为A东区、A西区",)


def test_a_renamed_subject_is_found_by_both_names(stocked):
    stocked.register([stocked.registration(1, 企业名称="A市恒瑞新材料有限公司")], at="2026-09-05")
    assert found("恒瑞新材料") == [(1, "name")]
    assert found("A市恒瑞纺织有限公司") == [(1, "former_name")]


def test_a_limit_says_there_may_be_more(stocked):
    assert search_names("恒瑞", limit=1).full
    assert not search_names("恒瑞", limit=5).full


def test_offices_are_found_by_the_name_before_a_reform(stocked):
    from datetime import date

    from xinshu.kernel.profiles import open_profile
    from xinshu.publication.queries import PublicReference
    from xinshu.publication.search import search_public

    reference = PublicReference.load(open_profile("demo", stocked.desk.settings.profiles_dir))
    answer = search_public("A市环境保护局", reference=reference, day=date(2026, 9, 1))
    assert [(each.name, each.matched) for each in answer.offices] == [
        ("A市生态环境局", "原“环境保护局”，2018年机构改革后为“生态环境局”")
    ]
    assert not answer.empty
