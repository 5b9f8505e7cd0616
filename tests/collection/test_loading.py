"""Loading: what the store holds after files came in, in any order, twice, half changed. Expectations written by hand."""

from __future__ import annotations

import json
import random

import pytest
from tests.plugins.main_path import canonical

from xinshu.records.domain import Marks

ITEM = "administrative-penalty"
HELD_BACK = {"处罚决定日期": "2026.9.3"}


def totals(report):
    return (report.rows, report.new, report.updated, report.unchanged, report.doubtful, report.duplicates)


@pytest.fixture
def stocked(world):
    """Five enterprises are registered."""
    world.register([world.registration(n) for n in range(1, 6)])
    return world


@pytest.fixture(
    params=[
        pytest.param((1 << 40, 1_000_000), id="all of the item read at once"),
        pytest.param((0, 1_000_000), id="each key looked up"),
        pytest.param((1 << 40, 1), id="more than is kept"),
    ]
)
def way(request, monkeypatch):
    """How the store is asked for keys."""
    share, most = request.param
    monkeypatch.setattr("xinshu.records.known._READ_AT_ONCE", share)
    monkeypatch.setattr("xinshu.records.known._MOST_KEPT", most)


def test_good_rows_are_loaded_and_bad_ones_held_back(stocked):
    rows = [stocked.penalty(1), stocked.penalty(2, 2, **HELD_BACK), stocked.penalty(3, 3), stocked.penalty(3, 3)]
    report = stocked.penalise(rows)
    assert totals(report) == (4, 2, 0, 0, 1, 1)
    assert report.by_rule == {"date.format": 1, "duplicate.in_file": 1}
    assert report.unlinked == 0
    assert report.load_rate == 0.5


def test_the_identical_file_is_answered_from_its_batch(stocked):
    path = stocked.file([stocked.penalty(1)])
    first = stocked.load("administrative-penalty", path)
    before = canonical(stocked.desk, batches=True)
    again = stocked.load("administrative-penalty", path, at="2026-10-01")
    assert again.repeated
    assert not first.repeated
    assert (again.batch, totals(again), again.received_at) == (first.batch, totals(first), first.received_at)
    assert canonical(stocked.desk, batches=True) == before


@pytest.mark.parametrize(("first", "late"), [("2026-09-08", 0), ("2026-10-01", 1)])
def test_a_correction_does_not_change_whether_a_record_was_late(stocked, first, late):
    stocked.penalise([stocked.penalty(1)], at=first)
    assert (
        stocked.penalise([stocked.penalty(1, 违法事实="当事人总排口氨氮浓度超过排放标准")], at="2026-10-20").updated
        == 1
    )
    lines = map(json.loads, canonical(stocked.desk))
    (record,) = [each for each in lines if each["kind"] == "record" and each["item"] == ITEM]
    assert record["marks"] & Marks.LATE == late


def test_the_same_rows_in_another_order_change_nothing(stocked, way):
    rows = [stocked.penalty(1 + n % 5, n) for n in range(1, 60)]
    stocked.penalise(rows)
    before = canonical(stocked.desk)
    random.Random(7).shuffle(rows)
    report = stocked.penalise(rows, at="2026-09-09")
    assert totals(report) == (59, 0, 0, 59, 0, 0)
    assert canonical(stocked.desk) == before


def test_changed_rows_become_revisions_and_the_rest_stays(stocked, way):
    stocked.penalise([stocked.penalty(1), stocked.penalty(2, 2)])
    report = stocked.penalise([stocked.penalty(1, 处罚内容="罚款人民币叁万元"), stocked.penalty(2, 2)], at="2026-09-09")
    assert totals(report) == (2, 0, 1, 1, 0, 0)
    lines = canonical(stocked.desk)
    assert sum('"kind": "revision"' in line for line in lines) == 1
    assert sum("罚款人民币叁万元" in line for line in lines) == 1
    assert sum("罚款人民币贰万元" in line for line in lines) == 2  # the untouched record and the former content


def test_the_document_number_is_the_same_in_any_spelling_of_its_brackets(stocked):
    stocked.penalise([stocked.penalty(1)])
    report = stocked.penalise([stocked.penalty(1, 行政处罚决定书文号="A环罚[2026]1号")], at="2026-09-09")
    assert totals(report) == (1, 0, 1, 0, 0, 0)


def test_a_held_row_can_be_corrected_and_sent_again(stocked, way):
    stocked.penalise([stocked.penalty(1), stocked.penalty(2, 2, **HELD_BACK)])
    report = stocked.penalise([stocked.penalty(1), stocked.penalty(2, 2)], at="2026-09-09")
    assert totals(report) == (2, 1, 0, 1, 0, 0)


def test_every_total_is_the_sum_of_its_tallies(stocked):
    from xinshu.collection.models import Batch, Tally

    stocked.penalise([stocked.penalty(1), stocked.penalty(2, 2, **HELD_BACK), stocked.penalty(9, 3)])
    batch = Batch.objects.get(item="administrative-penalty")
    tallies = list(Tally.objects.filter(batch=batch))
    for name in ("rows", "new", "updated", "unchanged", "doubtful", "duplicates", "unlinked"):
        assert sum(getattr(each, name) for each in tallies) == getattr(batch, name), name
    assert batch.rows == batch.new + batch.updated + batch.unchanged + batch.doubtful + batch.duplicates


@pytest.mark.parametrize(
    ("changes", "rule", "held"),
    [
        pytest.param(
            {"行政相对人名称": "A市完全不同贸易有限公司"}, "subject.name_mismatch", True, id="name of another"
        ),
        pytest.param({}, None, False, id="right name"),
    ],
)
def test_the_name_has_to_belong_to_the_code(stocked, changes, rule, held):
    report = stocked.penalise([stocked.penalty(1, **changes)])
    assert (report.doubtful == 1) is held
    assert list(report.by_rule) == ([rule] if rule else [])


def test_a_subject_that_is_not_registered_is_unknown_and_its_record_unlinked(stocked):
    report = stocked.penalise([stocked.penalty(77)])
    assert report.by_rule == {"subject.unknown": 1}
    assert (report.accepted, report.unlinked) == (1, 1)


def test_a_closed_subject_is_marked(stocked):
    stocked.register([stocked.registration(8, 登记状态="注销", 核准日期="2026-06-01")])
    report = stocked.penalise([stocked.penalty(8)])
    assert report.by_rule == {"subject.closed": 1}
    assert report.accepted == 1


def test_a_second_decision_of_the_same_day_is_doubted(stocked):
    stocked.penalise([stocked.penalty(1)])
    report = stocked.penalise([stocked.penalty(1, 2)], at="2026-09-09")
    assert report.by_rule == {"duplicate.similar": 1}
    assert (report.doubtful, report.accepted) == (1, 0)


def individual(world, name, document=1):
    return world.penalty(
        1,
        document,
        **{
            "行政相对人名称": name,
            "行政相对人类别": "个体工商户",
            "行政相对人代码_1(统一社会信用代码)": "00000000000000000X",
            "法定代表人": "李四光",
        },
    )


def test_without_a_code_only_the_exact_unique_name_links(stocked):
    report = stocked.penalise([individual(stocked, "A市第2纺织有限公司")])
    assert (report.unlinked, report.by_rule) == (0, {})


def test_a_similar_name_is_a_suggestion_and_never_a_link(stocked):
    report = stocked.penalise([individual(stocked, "A市第2纺识有限公司")])
    assert (report.unlinked, report.by_rule) == (1, {"subject.suggestion": 1})


def test_a_name_borne_by_two_links_to_neither(stocked):
    stocked.register(
        [
            stocked.registration(20, 企业名称="A市双名贸易有限公司"),
            stocked.registration(21, 企业名称="A市双名贸易有限公司"),
        ]
    )
    report = stocked.penalise([individual(stocked, "A市双名贸易有限公司")])
    assert report.unlinked == 1


def test_records_that_waited_are_linked_when_their_subject_arrives(world):
    world.penalise([world.penalty(1), individual(world, "A市第2纺织有限公司", 2)])
    waiting = [line for line in canonical(world.desk) if '"subject": null' in line]
    assert len(waiting) == 2
    world.register([world.registration(n) for n in (1, 2)], at="2026-09-10")
    records = [line for line in canonical(world.desk) if "administrative-penalty" in line]
    assert [world.company(1) in line or world.company(2) in line for line in records] == [True, True]
    assert sum('"linked_by": 1' in line for line in records) == 1
    assert sum('"linked_by": 4' in line for line in records) == 1


def test_loading_before_or_after_the_registration_ends_in_the_same_store(world, request):
    world.penalise([world.penalty(1), world.penalty(2, 2)])
    world.register([world.registration(n) for n in (1, 2)], at="2026-09-10")
    late = canonical(world.desk)
    assert any('"kind": "record"' in line for line in late)
    other = request.getfixturevalue("second_world")
    other.register([other.registration(n) for n in (1, 2)], at="2026-09-10")
    other.penalise([other.penalty(1), other.penalty(2, 2)])
    assert canonical(other.desk) == late


def test_a_renamed_enterprise_keeps_its_former_name(stocked):
    stocked.register([stocked.registration(1, 企业名称="A市新名纺织有限公司", 核准日期="2026-09-02")], at="2026-09-03")
    report = stocked.penalise(
        [stocked.penalty(1), stocked.penalty(1, 2, 行政相对人名称="A市新名纺织有限公司", 处罚决定日期="2026-09-04")]
    )
    assert report.by_rule == {}
    assert report.unlinked == 0


def test_an_unknown_source_is_refused(world):
    from xinshu.collection.errors import UnknownSource

    with pytest.raises(UnknownSource):
        world.load("administrative-penalty", [world.penalty(1)], source=world.company(1))


def test_a_refused_file_leaves_its_reason_and_no_rows(world):
    from xinshu.collection.errors import FileRefused
    from xinshu.collection.models import Batch

    row = world.penalty(1)
    del row["处罚类别"]
    with pytest.raises(FileRefused) as refused:
        world.penalise([row])
    assert "处罚类别" in refused.value.message
    assert "column.missing" in refused.value.findings_file.read_text(encoding="utf-8-sig")
    assert Batch.objects.get().state == "refused"
    assert canonical(world.desk) == []


def test_personal_values_are_nowhere_on_disk_or_in_the_tables_in_the_clear(stocked, dumped):
    number = "320101189001010015"
    person = stocked.penalty(
        1,
        9,
        **{
            "行政相对人名称": "欧阳测验名",
            "行政相对人类别": "自然人",
            "行政相对人代码_1(统一社会信用代码)": "",
            "法定代表人": "",
            "自然人证件类型": "身份证",
            "自然人证件号码": number,
        },
    )
    bad = dict(person, 行政处罚决定书文号="A环罚〔2026〕10号", 自然人证件号码="320101189001010016")
    report = stocked.penalise([person, bad])
    assert (report.accepted, report.doubtful) == (1, 1)

    dump = dumped()
    kept = b"".join(path.read_bytes() for path in stocked.desk.settings.home.rglob("*") if path.is_file())
    for secret in (number, "320101189001010016", "欧阳测验名", "张三丰"):
        assert secret.encode() not in dump, secret
        assert secret.encode() not in kept, secret
