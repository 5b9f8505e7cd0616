"""What the checks say across cells, rows and chunks. docs/checks.md, "One row"."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xinshu.catalogue.checks import CheckContext, ItemChecker
from xinshu.catalogue.checks.duplicates import DuplicateWatch
from xinshu.catalogue.rulebook import Finding
from xinshu.kernel.cells import Cells
from xinshu.kernel.identifiers import Uscc, citizen_id

A_CITY, OTHER = "11990100000001011X", "91990100MA0000A193"
ID = citizen_id.from_15("110101900307851")
PERSON = {"CF_XDR_LB": "自然人", "CF_XDR_ZJLX": "身份证", "CF_XDR_ZJHM": ID} | dict.fromkeys(
    ("CF_XDR_SHXYM", "CF_XDR_GSZC", "CF_XDR_ZZJG", "CF_FRDB"), ""
)
SHOP = {"CF_XDR_LB": "个体工商户", "CF_XDR_SHXYM": Uscc.PLACEHOLDER, "CF_XDR_ZZJG": "", "CF_XDR_GSZC": ""}


def named(found: list[Finding]) -> list[tuple[int, str, str]]:
    return [(each.row, each.rule, each.field) for each in found]


# -- duplicates --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunk", [0, 1, 2], ids=["one chunk", "every row a chunk", "two rows a chunk"])
def test_later_rows_of_a_key_name_the_first(make_row, check, chunk):
    found = check(make_row(), make_row(CF_WSH="B〔2026〕1号"), make_row(BZ="又"), make_row(), chunk=chunk)
    assert named(found) == [(4, "duplicate.in_file", "CF_WSH"), (5, "duplicate.in_file", "CF_WSH")]
    assert all("与第 2 行" in each.message for each in found)


SAME = [
    pytest.param({}, {"CF_WSH": "示市监处罚(2026) 17号"}, id="brackets and blanks of the document number"),
    pytest.param({}, {"CF_XDR_SHXYM": OTHER.lower()}, id="case of the code"),
    pytest.param({}, {"CF_XDR_MC": "另一名称", "CF_XDR_ZZJG": ""}, id="the code counts, not the name"),
    pytest.param(SHOP, SHOP | {"CF_FRDB": "赵示例"}, id="no code: the name counts"),
    pytest.param(SHOP, SHOP | {"CF_XDR_MC": "示例 纺织有限公司"}, id="name with a blank"),
    pytest.param(PERSON, PERSON | {"CF_XDR_MC": "赵示例"}, id="a person's number counts"),
    pytest.param(PERSON, PERSON | {"CF_XDR_ZJHM": f"{ID[:6]}{ID[8:17]}"}, id="fifteen digits are the same person"),
]
OTHERS = [
    pytest.param({}, {"CF_CFJGDM": OTHER}, id="another authority"),
    pytest.param({}, {"CF_WSH": "示市监处罚〔2026〕18号"}, id="another document"),
    pytest.param({}, {"CF_XDR_SHXYM": A_CITY}, id="another counterpart"),
    pytest.param(SHOP, SHOP | {"CF_XDR_MC": "示例织造有限公司"}, id="another name without a code"),
    pytest.param(PERSON, PERSON | {"CF_XDR_ZJLX": "护照"}, id="another kind of paper"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_the_same_information_written_otherwise(make_row, check, one, other):
    assert named(check(make_row(**one), make_row(**one) | other)) == [(3, "duplicate.in_file", "CF_WSH")]


@pytest.mark.parametrize(("one", "other"), OTHERS)
def test_other_information(make_row, check, one, other):
    assert check(make_row(**one), make_row(**one) | other) == []


@pytest.mark.parametrize("chunk", [0, 1], ids=["one chunk", "every row a chunk"])
def test_a_row_in_doubt_is_no_duplicate_and_no_original(make_row, penalty, make_context, chunk):
    rows = [make_row(CF_NR_FK="贰"), make_row(), make_row(CF_NR_FK="1000"), make_row()]
    checker = ItemChecker(penalty, make_context())
    doubtful, duplicate, found = [], [], []
    for start in range(0, 4, chunk or 4):
        part = rows[start : start + (chunk or 4)]
        result = checker.check(Cells.of(pl.DataFrame(part)), np.arange(start + 2, start + 2 + len(part)))
        doubtful += result.doubtful.tolist()
        duplicate += result.duplicate.tolist()
        found += result.findings["rule"].to_list()
    assert doubtful == [True, False, True, False]
    assert duplicate == [False, False, False, True]
    assert found == ["number.format", "amount.unit", "duplicate.in_file"]


def test_one_hash_alike_is_no_duplicate():
    watch = DuplicateWatch()
    one, everything = np.array([7], dtype=np.uint64), np.array([True])
    assert watch.see(one, np.array([1], dtype=np.uint64), np.array([2]), everything) == {}
    assert watch.see(one, np.array([2], dtype=np.uint64), np.array([3]), everything) == {}
    assert watch.see(one, np.array([1], dtype=np.uint64), np.array([4]), everything) == {0: 2}


def test_the_first_row_of_a_key_is_remembered_however_many_follow():
    watch, chunk = DuplicateWatch(), 50_000
    everything = np.ones(chunk, dtype=np.bool_)
    for number in range(4):
        keys = np.arange(number * chunk, (number + 1) * chunk, dtype=np.uint64)
        assert watch.see(keys * 7, keys, keys.astype(np.int64) + 2, everything) == {}
    keys = np.array([0, 199_999, 200_000, 200_000, 5], dtype=np.uint64)
    eligible = np.array([True, True, True, True, False])
    assert watch.see(keys * 7, keys, np.arange(900_000, 900_005), eligible) == {0: 2, 1: 200_001, 3: 900_002}


# -- amounts of individual businesses ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        pytest.param({"XDR_LB": "个体工商户"}, ["amount.unit"], id="individual business"),
        pytest.param({}, [], id="anybody else"),
    ],
)
def test_ten_thousand_is_much_for_an_individual_business(items, make_row, make_context, change, rules):
    penalty = items["administrative-penalty"]
    fields = tuple(replace(each, usual_amount=None) if each.kind == "amount" else each for each in penalty.fields)
    row = make_row(CF_NR_FK="10000", **{f"CF_{key}": value for key, value in change.items()})
    found = ItemChecker(replace(penalty, fields=fields), make_context()).check(
        Cells.of(pl.DataFrame([row])), np.array([2])
    )
    assert found.findings["rule"].to_list() == rules


# -- late --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "rules", "late"),
    [
        pytest.param("2026-05-10", [], False, id="last day"),
        pytest.param("2026-05-09", ["late"], True, id="one day late"),
        pytest.param("1949-10-01", ["late"], True, id="long ago"),
        pytest.param("2026-13-01", ["date.format"], False, id="no date"),
        pytest.param("2026-06-01", ["date.future"], False, id="in the future"),
    ],
)
def test_late_rows(make_row, penalty, make_context, day, rules, late):
    row = pl.DataFrame([make_row(CF_JDRQ=day)])
    result = ItemChecker(penalty, make_context()).check(Cells.of(row), np.array([2]))
    assert (result.findings["rule"].to_list(), result.late.tolist()) == (rules, [late])


def test_a_late_row_is_accepted(make_row, penalty, make_context):
    result = ItemChecker(penalty, make_context()).check(
        Cells.of(pl.DataFrame([make_row(CF_JDRQ="2020-01-01")])), np.array([2])
    )
    assert not result.doubtful.any()


def test_an_item_without_a_deadline_is_never_late(make_row, check):
    assert check(make_row(CF_JDRQ="2020-01-01"), due=None) == []


# -- source ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sources", "supplier", "flagged"),
    [
        pytest.param([A_CITY, OTHER], A_CITY, [3], id="given"),
        pytest.param([OTHER, A_CITY, OTHER], "", [3], id="most frequent"),
        pytest.param(["x", "x", A_CITY], "", [], id="wrong codes do not count"),
        pytest.param(["", ""], "", [], id="none at all"),
        pytest.param([OTHER, A_CITY], "", [2], id="equally frequent: the smaller code"),
    ],
)
def test_source_other_than_the_supplier(make_row, check, sources, supplier, flagged):
    rows = [make_row(CF_SJLYDM=code, CF_WSH=f"A〔2026〕{n}号") for n, code in enumerate(sources)]
    found = check(*rows, supplier=supplier)
    assert [each.row for each in found if each.rule == "source.differs"] == flagged


def test_the_supplier_told_from_the_first_part_holds_for_the_rest(make_row, check):
    rows = [make_row(CF_SJLYDM=code, CF_WSH=f"A〔2026〕{n}号") for n, code in enumerate([A_CITY, OTHER, OTHER])]
    assert named(check(*rows, chunk=1)) == [(3, "source.differs", "CF_SJLYDM"), (4, "source.differs", "CF_SJLYDM")]


# -- shape -------------------------------------------------------------------------------------------------------


def test_a_misshapen_row_has_that_finding_only(make_row, penalty, make_context):
    rows = pl.DataFrame([make_row(CF_XDR_MC="", CF_JDRQ="2020-01-01"), make_row(CF_WSH="B〔2026〕1号")])
    result = ItemChecker(penalty, make_context()).check(
        Cells.of(rows), np.array([7, 9]), shape={0: "有 3 列，表头有 33 列"}
    )
    assert result.findings.select("row", "rule", "message", "field").rows() == [
        (7, "row.shape", "第 7 行有 3 列，表头有 33 列。", "")
    ]
    assert (result.doubtful.tolist(), result.late.tolist()) == ([True, False], [False, False])


def test_columns_nobody_needs_may_be_absent(make_row, penalty, make_context):
    optional = [each.code for each in penalty.fields if not each.required and not make_row()[each.code]]
    row = {code: value for code, value in make_row().items() if code not in optional}
    result = ItemChecker(penalty, make_context()).check(Cells.of(pl.DataFrame([row])), np.array([2]))
    assert result.findings.is_empty()
    assert set(result.frame.columns) == {*make_row(), "_row"}


def test_no_rows_at_all(make_row, penalty, make_context):
    result = ItemChecker(penalty, make_context()).check(
        Cells.of(pl.DataFrame([make_row()]).clear()), np.empty(0, dtype=np.int64)
    )
    assert (result.frame.height, result.findings.height) == (0, 0)


def test_values_are_kept_in_one_form(make_row, penalty, make_context):
    row = make_row(
        CF_XDR_MC=" 示例Ｂ\u200b公司 ",
        CF_XDR_ZZJG="ma0000a1-9",
        CF_JDRQ="2026年5月2日",
        CF_NR_FK="+2.50",
        CF_CFLB="处以罚款、警告",
    )
    frame = ItemChecker(penalty, make_context()).check(Cells.of(pl.DataFrame([row])), np.array([2])).frame
    kept = frame.select("CF_XDR_MC", "CF_XDR_ZZJG", "CF_JDRQ", "CF_NR_FK", "CF_CFLB").row(0)
    assert kept == ("示例B公司", "MA0000A19", "2026-05-02", "2.5", "罚款；警告")


# -- many rows ---------------------------------------------------------------------------------------------------

PIECES = {
    "CF_XDR_MC": ["示例公司", "", "无", "Ａ公司", "锟斤拷", " 示例 "],
    "CF_XDR_LB": ["法人及非法人组织", "自然人", "个体工商户", "", "法人"],
    "CF_XDR_SHXYM": [OTHER, Uscc.PLACEHOLDER, "", OTHER[:-1] + "9", ID, OTHER.lower()],
    "CF_XDR_ZJLX": ["", "身份证", "护照"],
    "CF_XDR_ZJHM": ["", ID, ID[:-1] + "A"],
    "CF_WSH": ["示〔2026〕1号", "示（2026）1号", "无", "1", "示〔2026〕２号"],
    "CF_SY": ["正常", "电话13800000000", "字" * 5001],
    "CF_CFLB": ["罚款", "处以罚款；警告", "不罚", "其他-x"],
    "CF_NR_FK": ["2", "", "0", "-1", "1000", "贰", "1,000.50"],
    "CF_JDRQ": ["2026-05-12", "2026/5/1", "2026-06-01", "昨天", "2026-02-30"],
    "CF_YXQ": ["2027-05-12", "2020-01-01", "2099-12-31"],
    "CF_SJLYDM": [A_CITY, OTHER, "x"],
}
ROW = st.fixed_dictionaries({code: st.sampled_from(values) for code, values in PIECES.items()})


@pytest.fixture(scope="module")
def verdict(penalty, facts):
    """Everything the checks say of some rows, in order: each row as it is kept, then its findings."""

    def judge(rows: list[dict[str, str]], size: int) -> list[tuple[int, str, str, str]]:
        checker = ItemChecker(penalty, CheckContext(facts, "rows.csv", A_CITY, _due, 7))
        found = []
        for start in range(0, len(rows), size):
            part = pl.DataFrame(rows[start : start + size])
            result = checker.check(Cells.of(part), np.arange(start + 2, start + 2 + part.height))
            kept = result.frame.with_columns(
                doubtful=pl.Series(result.doubtful), duplicate=pl.Series(result.duplicate), late=pl.Series(result.late)
            )
            found += [(row["_row"], "", "", str(row)) for row in kept.iter_rows(named=True)]
            found += result.findings.select("row", "field", "rule", pl.col("message") + pl.col("fix")).rows()
        return sorted(found, key=lambda each: each[0])  # stable: the order of a row's findings counts

    return judge


@settings(max_examples=20, deadline=None)
@given(rows=st.lists(ROW, min_size=1, max_size=8), size=st.integers(1, 3))
def test_chunks_and_paths_do_not_change_the_verdict(rows, size, verdict, make_row):
    whole = [make_row(**row) for row in rows]
    expected = verdict(whole, len(whole))
    assert verdict(whole, size) == expected
    # Filled up with right rows, columns are judged by suspects instead of distinct values.
    filler = [
        make_row(CF_WSH=f"示例〔2026〕{n}9号", CF_XDR_MC=f"示例{n}", CF_SY=f"事{n}", CF_NR_FK=f"{n + 1}")
        for n in range(400)
    ]
    many = verdict(whole + filler, 1000)
    assert [each for each in many if each[0] < len(whole) + 2] == expected
    assert {each[2] for each in many[len(expected) :]} == {""}


def test_many_findings_are_worded_like_few(make_row, verdict):
    rows = [make_row(CF_WSH=f"示{n}", CF_NR_FK="" if n % 2 else "贰") for n in range(200)]
    assert verdict(rows, 200) == verdict(rows, 7)


def _due(day: date) -> date:
    return date(2026, 5, 22) if day > date(2026, 5, 5) else date(2026, 5, 8)
