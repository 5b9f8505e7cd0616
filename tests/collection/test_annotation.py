"""The annotated workbook: bad cells marked, reasons in the last column, nothing that runs; corrected, it comes in again."""

from __future__ import annotations

import csv
from datetime import UTC, datetime
from pathlib import Path

import hostile
import openpyxl
import polars as pl
import pytest

from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.template import write_template
from xinshu.collection import annotation
from xinshu.collection.annotation import annotate
from xinshu.collection.checking import run_check
from xinshu.collection.errors import AnnotationFailed, FileRefused
from xinshu.kernel.profiles import open_profile

PROFILE = open_profile("demo", Path(__file__).parents[2] / "profiles")
ITEM = load_catalogue(PROFILE)["administrative-penalty"]
CODES = [each.code for each in ITEM.fields]
RED, YELLOW = "00FFC7CE", "00FFEB9C"


def row(number: int, **changes: object) -> list[object]:
    """A valid row."""
    values = {each.code: each.example for each in ITEM.fields} | {"CF_WSH": f"A环罚〔2026〕{number}号"} | changes
    return [values[code] or None for code in CODES]


@pytest.fixture
def form(tmp_path):
    """Fill rows into our own form; returns the path."""

    def fill(*rows: list[object], name: str = "a.xlsx") -> Path:
        write_template(ITEM, tmp_path / name)
        book = openpyxl.load_workbook(tmp_path / name)
        for number, cells in enumerate(rows, start=2):
            for column, value in enumerate(cells, start=1):
                cell = book["填报"].cell(number, column, value)
                if isinstance(value, str):
                    cell.data_type = "s"
        book.save(tmp_path / name)
        return tmp_path / name

    return fill


@pytest.fixture
def check(tmp_path, settings_with):
    """Check a file; returns the report."""

    def run(path: Path):
        settings = settings_with(home=tmp_path / "home")
        return run_check(path, item=ITEM, settings=settings, profile=PROFILE, as_of=datetime(2026, 5, 20, tzinfo=UTC))

    return run


@pytest.fixture
def marked(check, tmp_path, settings_with):
    """Check a file and annotate it; returns what was made."""

    def run(path: Path, target: str = "out/标注.xlsx", **changes: object):
        findings = check(path).findings_file
        settings = settings_with(home=tmp_path / "home", **changes)
        return annotate(path, findings, tmp_path / target, item=ITEM, settings=settings)

    return run


def sheet_of(made, name: str = "填报"):
    """The sheet and its columns by title."""
    sheet = openpyxl.load_workbook(made.path)[name]
    return sheet, {cell.value: cell.column for cell in sheet[1]}


def test_the_own_workbook_comes_back_with_its_bad_cells_marked(form, marked):
    made = marked(form(row(1), row(2, CF_NR_FK="贰"), row(3, CF_NR_FK="1000", CF_JDRQ="2026.5.1")))
    sheet, columns = sheet_of(made)
    assert (made.own, made.rows) == (True, 2)
    bad, doubt = (sheet.cell(number, columns["罚款金额（万元）"]) for number in (3, 4))
    assert (bad.fill.fgColor.rgb, doubt.fill.fgColor.rgb) == (RED, YELLOW)
    assert (bad.value, bad.comment.author) == ("贰", "信枢")
    assert "不是数值" in bad.comment.text
    assert sheet.cell(2, columns["罚款金额（万元）"]).comment is None
    reasons = [sheet.cell(number, columns["问题说明"]).value for number in (2, 3, 4)]
    assert columns["问题说明"] == len(CODES) + 1
    assert reasons[0] is None
    assert reasons[1].startswith("错误：「罚款金额（万元）」为“贰”")
    assert [line[:2] for line in reasons[2].split("\n")] == ["错误", "疑问"]


def test_the_rest_of_the_workbook_stays(form, marked):
    book = openpyxl.load_workbook(marked(form(row(1, CF_SY="=1+1", CF_NR_FK="贰"))).path)
    cell = book["填报"].cell(2, CODES.index("CF_SY") + 1)
    assert book.sheetnames == ["填报", "填写示例", "填写说明", "代码表"]
    assert book["代码表"].sheet_state == "hidden"
    assert book["填报"].data_validations.count
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_corrected_it_comes_in_again_and_is_unmarked(form, marked, check, tmp_path):
    made = marked(form(row(1, CF_NR_FK="贰"), row(2, CF_XDR_MC="")))
    book = openpyxl.load_workbook(made.path)
    book["填报"].cell(2, CODES.index("CF_NR_FK") + 1).value = "2"
    book.save(made.path)
    report = check(made.path)
    assert (report.rows, report.clean, report.by_rule) == (2, 1, {"required": 1})
    sheet, columns = sheet_of(marked(made.path, "again.xlsx"))
    mended = sheet.cell(2, columns["罚款金额（万元）"])
    assert list(columns)[-1] == "问题说明"
    assert (mended.comment, mended.fill.fill_type) == (None, None)
    assert sheet.cell(2, columns["问题说明"]).value is None
    assert "未填写" in sheet.cell(3, columns["问题说明"]).value


def test_a_comment_of_the_supplier_stays_before_ours(form, marked):
    path = form(row(1, CF_NR_FK="贰"))
    book = openpyxl.load_workbook(path)
    book["填报"].cell(2, CODES.index("CF_NR_FK") + 1).comment = openpyxl.comments.Comment("请张三核对", "李四")
    book.save(path)
    sheet, columns = sheet_of(marked(path))
    lines = sheet.cell(2, columns["罚款金额（万元）"]).comment.text.split("\n")
    assert lines[0] == "请张三核对"
    assert lines[1].startswith("错误：")


def test_error_cells_are_marked_where_they_stand(form, marked):
    sheet, columns = sheet_of(marked(form(row(1, CF_SY="#N/A"))))
    assert "#N/A" in sheet.cell(2, columns["违法事实"]).comment.text


RUNS = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)", "\t=1", "＝1+1"]


@pytest.mark.parametrize("form_of_file", ["csv", "xls", "ods", "parquet", "json"])
def test_other_forms_give_a_workbook_of_their_bad_rows(tmp_path, marked, check, form_of_file):
    rows = [row(1), row(2, CF_NR_FK="贰", CF_SY=RUNS[0]), row(3), row(4, CF_XDR_MC=None)]
    path = tmp_path / f"数据.{form_of_file}"
    path.write_bytes(as_file(form_of_file, rows))
    made = marked(path)
    assert (made.own, made.rows, made.left_out) == (False, 2, 0)
    sheet, columns = sheet_of(made, "疑问行")
    first = 1 if form_of_file in ("parquet", "json") else 2
    assert [sheet.cell(number, columns["原行号"]).value for number in (2, 3)] == [first + 1, first + 3]
    assert "不是数值" in sheet.cell(2, columns["问题说明"]).value
    assert sheet.cell(2, columns["罚款金额（万元）"]).fill.fgColor.rgb == "FFFFC7CE"
    assert (sheet.cell(2, columns["违法事实"]).value, sheet.cell(2, columns["违法事实"]).data_type) == (RUNS[0], "s")
    again = check(made.path)
    assert (again.rows, again.doubtful, again.by_rule) == (2, 2, {"number.format": 1, "required": 1})


def as_file(form: str, rows: list[list[object]]) -> bytes:
    """The rows as a file of that form."""
    import io
    import json

    titles = [each.title for each in ITEM.fields]
    texts = [["" if cell is None else str(cell) for cell in each] for each in rows]
    if form == "csv":
        buffer = io.StringIO()
        csv.writer(buffer).writerows([titles, *texts])
        return buffer.getvalue().encode("gb18030")
    if form in ("xls", "ods"):
        return {"xls": hostile.xls, "ods": hostile.ods}[form]([titles, *rows])
    if form == "json":
        return json.dumps([dict(zip(titles, each, strict=True)) for each in rows]).encode()
    return hostile.parquet(pl.DataFrame(texts, schema=titles, orient="row"))


def test_nothing_in_either_manner_runs_as_a_formula(form, marked, tmp_path):
    rows = [row(number, CF_NR_FK="贰", CF_SY=text) for number, text in enumerate(RUNS)]
    path = tmp_path / "a.csv"
    path.write_bytes(as_file("csv", rows))
    own, rest = marked(form(*rows, name="b.xlsx")), marked(path, "rest.xlsx")
    for made in (own, rest):
        sheet = openpyxl.load_workbook(made.path).worksheets[0]
        assert [sheet.cell(number, CODES.index("CF_SY") + 1).value for number in range(2, 8)] == RUNS
        assert {cell.data_type for line in sheet for cell in line} <= {"s", "n"}


def test_a_large_workbook_gives_its_bad_rows_only(form, marked, monkeypatch, tmp_path, settings_with, check):
    monkeypatch.setattr(annotation, "OWN_ROWS", 2)
    path = form(row(1), row(2, CF_NR_FK="贰"), row(3))
    part = tmp_path / "part.xlsx"
    plan = annotation.ReadPlan(ITEM, path.name, annotation.ReadLimits.of(settings_with()))
    answer = annotation._annotate(path, check(path).findings_file, part, plan)
    assert answer == {"own": False, "rows": 1, "left_out": 0}


def test_warnings_alone_leave_no_bad_rows(tmp_path, marked):
    path = tmp_path / "a.csv"
    path.write_bytes(as_file("csv", [row(1, CF_JDRQ="2026-04-01", CF_YXQ="2027-04-01")]))
    assert marked(path).rows == 0


def test_a_refused_file_has_nothing_to_mark(tmp_path, settings_with):
    (tmp_path / "a.csv").write_text("名称\n甲\n", encoding="utf-8")
    (tmp_path / "f.csv").write_text("sheet,row,field,level,message,fix\n", encoding="utf-8")
    with pytest.raises(FileRefused) as refused:
        annotate(tmp_path / "a.csv", tmp_path / "f.csv", tmp_path / "o.xlsx", item=ITEM, settings=settings_with())
    assert "行政相对人名称" in refused.value.message
    assert not (tmp_path / "o.xlsx").exists()


@pytest.mark.parametrize("changes", [{"reader_memory_bytes": 1}, {"reader_seconds": 0}], ids=["memory", "time"])
def test_the_bounds_hold_and_the_old_target_stays(form, marked, tmp_path, check, settings_with, changes):
    path, target = form(row(1, CF_NR_FK="贰")), tmp_path / "o.xlsx"
    target.write_bytes(b"old")
    findings = check(path).findings_file
    with pytest.raises(AnnotationFailed):
        annotate(path, findings, target, item=ITEM, settings=settings_with(**changes))
    assert target.read_bytes() == b"old"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["a.xlsx", "home", "o.xlsx"]


def test_the_command_writes_it(form, tmp_path, capfd):
    import json

    from xinshu.cli import app as cli

    target = tmp_path / "o.xlsx"
    path = form(row(1, CF_NR_FK="贰"))
    options = ["--item", ITEM.item, "--as-of", "2026-05-20", "--annotated", str(target), "--json"]
    assert cli.run(["check", str(path), *options]) == 0
    answer = json.loads(capfd.readouterr().out)
    assert answer["annotated"] == {"file": str(target), "own_workbook": True, "rows": 1, "left_out": 0}
    assert target.stat().st_size > 1000
