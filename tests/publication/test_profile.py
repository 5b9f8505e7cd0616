"""The public view of a subject: what it shows, what it never shows, and on which days."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from xinshu.kernel.clock import parse_as_of
from xinshu.kernel.identifiers import CitizenId
from xinshu.kernel.profiles import open_profile
from xinshu.publication.domain import EXPIRED, INVALID
from xinshu.publication.queries import PublicReference, busiest_subject, public_profile
from xinshu.subjects.errors import SubjectNotFound
from xinshu.subjects.queries import find_subject
from xinshu.subjects.services import merge, undo_merge
from xinshu.web.portal.timeline import entry

AUTUMN = date(2026, 10, 1)
PERSON_ID = next(f"11010118990101001{last}" for last in "0123456789X" if CitizenId.is_valid(f"11010118990101001{last}"))
NAME = "行政相对人名称"


@pytest.fixture(scope="session")
def reference():
    return PublicReference.load(open_profile("demo", Path(__file__).parents[2] / "profiles"))


@pytest.fixture
def stocked(world):
    """Three enterprises are registered."""
    world.register([world.registration(n) for n in (1, 2, 3)])
    return world


@pytest.fixture
def show(stocked, reference):
    """The public profile of the n-th enterprise."""

    def profile(number=1, day=AUTUMN, known_at=None):
        moment = parse_as_of(known_at) if known_at else None
        return public_profile(stocked.company(number), reference=reference, day=day, known_at=moment)

    return profile


def section(profile, item="administrative-penalty"):
    (found,) = [each for each in profile.sections if each.item == item]
    return found.records


def values(fields):
    return {each.title: each.value for each in fields}


def permit(world, number=1, **changes):
    """A valid row of administrative-license, from the examples of the item."""
    fields = world.desk.catalogue["administrative-license"].fields
    row = {each.title: each.example for each in fields if each.example}
    name = {NAME: f"A市第{number}纺织有限公司", "行政相对人代码_1(统一社会信用代码)": world.company(number)}
    codes = dict.fromkeys(("行政相对人代码_2(工商注册号)", "行政相对人代码_3(组织机构代码)"), "")
    return {**row, **name, **codes, **changes}


def person_row(world):
    organisation = dict.fromkeys(("行政相对人代码_1(统一社会信用代码)", "法定代表人"), "")
    person = {NAME: "王小明", "行政相对人类别": "自然人", "自然人证件类型": "身份证", "自然人证件号码": PERSON_ID}
    return world.penalty(1, 9, **organisation, **person)


def test_a_profile_has_the_subjects_facts(show, stocked, reference):
    """And is found by public id, and by its code in small letters."""
    found = show()
    assert (found.code, found.name, found.status) == (stocked.company(1), "A市第1纺织有限公司", "存续")
    assert found.region == "示例省A市A东区"
    assert values(found.registration)["成立日期"] == "2019-03-12"
    assert (found.registration_from.received_on, found.registration_from.catalogue_version) == (
        date(2026, 9, 1),
        "2026.1",
    )
    for code in (find_subject(stocked.company(1)).public_id, stocked.company(1).lower()):
        assert public_profile(code, reference=reference, day=AUTUMN) == show()
    with pytest.raises(SubjectNotFound):
        public_profile(stocked.company(77), reference=reference, day=AUTUMN)


def test_nothing_found_is_no_verdict_and_sections_stand_in_the_order_of_the_catalogue(show, reference):
    found = show()
    assert found.total == 0
    assert found.none_found == "截至 2026-10-01 未查到公示记录"
    assert set(found.as_dict()["counts"].values()) == {0}

    shown = [each.item for each in found.sections]
    assert shown == [name for name in reference.catalogue if name in shown]
    assert "enterprise-registration" not in shown
    assert "administrative-penalty" in shown


def test_a_penalty_is_shown_for_its_period(stocked, show):
    stocked.penalise([stocked.penalty(1)])
    first, end = date(2026, 9, 3), date(2027, 9, 3)
    shown = {day: bool(section(show(day=day))) for each in (first, end) for day in (each - timedelta(days=1), each)}
    assert list(shown.values()) == [False, True, True, False]


def test_a_penalty_says_how_long_and_why(stocked, show):
    stocked.penalise([stocked.penalty(1)])
    (record,) = section(show())
    assert record.headline == "超标排放水污染物"
    assert record.document_no == "A环罚〔2026〕1号"
    publicity = record.publicity
    assert (publicity.severity, publicity.stands_in) == ("一般", True)
    assert (publicity.since, publicity.repair_from, publicity.until) == (
        date(2026, 9, 3),
        date(2026, 12, 3),
        date(2027, 9, 3),
    )
    assert publicity.rule_set == "信用修复管理办法"
    assert [publicity.days_to_repair(day) for day in (AUTUMN, date(2026, 12, 3), date(2027, 1, 1))] == [63, 0, 0]
    assert (record.provenance.source, record.provenance.event_date, record.provenance.received_on) == (
        "A市生态环境局",
        date(2026, 9, 3),
        date(2026, 9, 8),
    )


def test_a_persons_number_written_into_free_text_is_masked(stocked, show):
    spaced = f"{PERSON_ID[:6]} {PERSON_ID[6:14]} {PERSON_ID[14:]}"
    text = f"经查，当事人（{spaced}，电话138-0013-8000）未公示"
    report = stocked.penalise([stocked.penalty(1, 违法事实=text, 处罚内容="罚款，详情致电 138 0013 8000")])
    assert report.accepted == 1, "else it is not on the page anyway"
    told = json.dumps(show().as_dict(), ensure_ascii=False)
    assert "经查，当事人（" in told
    for hidden in (spaced, "138-0013-8000", "138 0013 8000"):
        assert hidden not in told


def test_only_public_values_come_through_and_names_of_people_are_masked(stocked, show):
    secret = {"法定代表人证件类型": "身份证", "法定代表人证件号码": PERSON_ID, "备注": "内部备注"}
    report = stocked.penalise([stocked.penalty(1, 案件程序类别="普通程序", **secret)], at="2026-09-29")
    assert (report.accepted, report.by_rule) == (1, {"late": 1})
    found = show()
    told = json.dumps(found.as_dict(), ensure_ascii=False)
    shown = values(section(found)[0].fields)
    assert shown["法定代表人"] == "张**"
    assert values(found.registration)["法定代表人"] == "张**"
    for hidden in (
        "张三丰",
        PERSON_ID,
        PERSON_ID[-4:],
        "1****",
        "内部备注",
        "证件号码",
        "证件类型",
        "普通程序",
        "迟报",
        "marks",
    ):
        assert hidden not in told


def test_natural_persons_and_minor_penalties_are_on_nobodys_page(stocked, show):
    warning = stocked.penalty(3, 4, 处罚类别="警告", **{"罚款金额（万元）": ""})  # minor: shown nowhere either
    report = stocked.penalise([person_row(stocked), stocked.penalty(2, 3), warning])
    assert (report.accepted, report.unlinked) == (3, 1)
    assert [show(number).total for number in (1, 2, 3)] == [0, 1, 0]
    assert all("王" not in json.dumps(show(number).as_dict(), ensure_ascii=False) for number in (1, 2, 3))


def test_a_permit_stays_after_its_end_as_expired(stocked, show):
    rows = [permit(stocked, 1, 有效期至="2026-10-01"), permit(stocked, 2, 有效期至="2099-12-31")]
    assert stocked.load("administrative-license", rows).accepted == 2

    def told(number, day):
        (record,) = section(show(number, day=day), "administrative-license")
        assert (record.headline, record.publicity) == ("食品经营许可证", None)
        return record.state, values(record.fields)["有效期至"]

    assert told(1, date(2026, 10, 1)) == ("", "2026-10-01")
    assert told(1, date(2026, 10, 2)) == (EXPIRED, "2026-10-01")
    assert told(2, date(2026, 10, 2)) == ("", "长期")


@pytest.mark.parametrize("word", ["无效", "2", "撤销"])
def test_a_permit_that_is_no_longer_valid_is_never_shown_as_one_that_is(stocked, show, word):
    rows = [
        permit(stocked, 1, 有效期至="2099-12-31", 当前状态=word),
        permit(stocked, 2, 有效期至="2026-10-01", 当前状态=word),
    ]
    assert stocked.load("administrative-license", rows).accepted == 2
    for number in (1, 2):
        (record,) = section(show(number, day=date(2026, 10, 2)), "administrative-license")
        assert record.state == INVALID
        state = entry(record, date(2026, 10, 2), {"administrative-license"}).state
        assert (state.words, state.tone) == (INVALID, "")


def test_a_list_entry_is_shown_until_removal(stocked, show):
    fields = stocked.desk.catalogue["serious-dishonesty-list"].fields
    row = {each.title: each.example for each in fields if each.example}
    row |= {"主体名称": "A市第1纺织有限公司", "统一社会信用代码": stocked.company(1)}
    assert stocked.load("serious-dishonesty-list", [row]).accepted == 1
    title = {each.code: each.title for each in fields}
    removed = {**row, title["MDZT"]: "移出", title["YCRQ"]: "2026-11-01"}
    assert stocked.load("serious-dishonesty-list", [removed], at="2026-11-02").updated == 1
    before = show(day=date(2026, 11, 1), known_at="2026-11-01T23:00")
    assert len(section(before, "serious-dishonesty-list")) == 1
    assert section(show(day=date(2026, 11, 2)), "serious-dishonesty-list") == ()


def test_what_was_known_at_a_moment(stocked, show):
    stocked.penalise([stocked.penalty(1)])
    stocked.penalise([stocked.penalty(1, 处罚内容="罚款人民币叁万元")], at="2026-09-20")

    def content(moment):
        return [values(each.fields)["处罚内容"] for each in section(show(known_at=moment))]

    assert content("2026-09-07") == []
    assert content("2026-09-10") == ["罚款人民币贰万元"]
    assert content("2026-09-21") == ["罚款人民币叁万元"]
    assert content(None) == ["罚款人民币叁万元"]


def test_a_renamed_subject_had_its_old_name_before(stocked, show):
    for at, name in (("2026-09-10", "A市新名纺织有限公司"), ("2026-09-20", "A市更新纺织有限公司")):
        stocked.register([stocked.registration(1, 企业名称=name, 登记状态="存续")], at=at)
    names = {
        at: (found.name, set(found.former_names))
        for at in ("2026-09-05", "2026-09-15")
        for found in [show(known_at=at)]
    }
    assert names["2026-09-05"] == ("A市第1纺织有限公司", set())
    assert names["2026-09-15"] == ("A市新名纺织有限公司", {"A市第1纺织有限公司"})
    now = show()
    assert (now.name, set(now.former_names)) == ("A市更新纺织有限公司", {"A市第1纺织有限公司", "A市新名纺织有限公司"})
    with pytest.raises(SubjectNotFound):
        show(known_at="2026-08-31")


def test_a_merged_subjects_records_are_on_the_winners_page(stocked, show):
    stocked.penalise([stocked.penalty(1), stocked.penalty(2, 2)])
    loser, winner = (find_subject(stocked.company(n)).id for n in (2, 1))
    merged_at = parse_as_of("2026-09-20")
    judged = merge(loser, winner, reason="登记机关函", by="tester", now=merged_at)
    assert len(section(show(1))) == 2
    assert show(1).name == "A市第1纺织有限公司"
    assert values(show(1).registration)["企业名称"] == "A市第1纺织有限公司"
    assert show(2).merged_into == stocked.company(1)
    assert len(section(show(2))) == 1
    assert len(section(show(1, known_at="2026-09-19"))) == 1
    assert show(2, known_at="2026-09-19").merged_into == ""
    undo_merge(judged.id, reason="误判", by="tester", now=merged_at + timedelta(days=2))
    assert len(section(show(1))) == 1
    assert show(2).merged_into == ""
    assert len(section(show(1, known_at="2026-09-21"))) == 2


def test_the_timeline_runs_over_all_items(stocked, show):
    stocked.penalise([stocked.penalty(1), stocked.penalty(1, 2, 处罚决定日期="2026-09-05")])
    stocked.load("administrative-license", [permit(stocked)])
    found = show()
    days = [each.provenance.event_date for each in found.timeline]
    assert days == sorted(days, reverse=True)
    assert len(days) == found.total == 3
    assert busiest_subject(AUTUMN) == stocked.company(1)


def test_nothing_public_has_no_busiest_subject(database):
    assert busiest_subject(AUTUMN) is None
