"""XLS, ODS, Parquet; several sheets; error values and formulas: nothing is lost in silence, nothing dangerous is parsed."""

from __future__ import annotations

import io
import time
import tracemalloc
from datetime import date, datetime, timedelta
from decimal import Decimal

import hostile
import openpyxl
import polars as pl
import pytest
import xlsxwriter

from xinshu.catalogue.checks.inspection import NUMBER_MARK, UNCALCULATED

HEAD = ["行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "罚款金额（万元）", "处罚决定日期", "备注"]
CODES = ["CF_XDR_MC", "CF_XDR_SHXYM", "CF_WSH", "CF_NR_FK", "CF_JDRQ", "BZ"]
ROW = ["示例公司", "91990100MA0000A193", "A〔2026〕1号", 2.5, date(2026, 5, 12), "无"]
VALUES = dict(zip(CODES, ["示例公司", "91990100MA0000A193", "A〔2026〕1号", "2.5", "2026-05-12", "无"], strict=True))
WRITERS = {"xlsx": hostile.workbook, "xls": hostile.xls, "ods": hostile.ods}
every_workbook = pytest.mark.parametrize("form", WRITERS)


def changed(**changes: object) -> list[object]:
    """The row with other cells."""
    return [changes.get(code, value) for code, value in zip(CODES, ROW, strict=True)]


@every_workbook
def test_typed_cells(read, form):
    found = read(WRITERS[form]([["行政处罚信息"], [], HEAD, ROW, [None, None], ROW]), f"a.{form}")
    assert (found.refused, found.warnings, found.numbers, found.values) == ([], [], [4, 6], [VALUES, VALUES])


@every_workbook
@pytest.mark.parametrize(
    ("field", "cell", "text"),
    [
        pytest.param("CF_XDR_SHXYM", 913201000000000000, NUMBER_MARK + "913201000000000000", id="code as a number"),
        pytest.param("CF_WSH", 202600000001, NUMBER_MARK + "202600000001", id="twelve digits"),
        pytest.param("CF_NR_FK", 3, "3", id="whole number"),
        pytest.param("CF_NR_FK", 0.1 + 0.2, "0.3", id="fifteen digits"),
        pytest.param("CF_JDRQ", datetime(2026, 5, 12, 8, 30), "2026-05-12", id="a moment in a date column"),  # noqa: DTZ001
        pytest.param("BZ", True, "是", id="true"),
        pytest.param("BZ", "甲\n乙", "甲\n乙", id="two lines"),
        pytest.param("BZ", "=1+1", "=1+1", id="text that looks like a formula"),
        pytest.param("BZ", '<b> & "x"', '<b> & "x"', id="marks of XML"),
    ],
)
def test_one_cell(read, form, field, cell, text):
    (row,) = read(WRITERS[form]([HEAD, changed(**{field: cell})]), "a").values
    assert row[field] == text


# -- error values and formulas -----------------------------------------------------------------------------------


def with_formulas(*formulas: tuple[str, object]) -> bytes:
    """A workbook whose 备注 cells are formulas with these cached results; None writes no result."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("数据")
    sheet.write_row(0, 0, HEAD)
    for number, (formula, result) in enumerate(formulas, start=1):
        sheet.write_row(number, 0, ["甲", "", f"A{number}"])
        sheet.write_formula(number, 5, formula, None, "" if result is None else result)
    book.close()
    without = [number for number, (_, result) in enumerate(formulas, start=2) if result is None]

    def drop(xml: bytes) -> bytes:
        for number in without:
            start = xml.index(f'<c r="F{number}"'.encode())
            first, last = xml.index(b"<v>", start), xml.index(b"</v>", start) + 4
            xml = xml[:first] + xml[last:]
        return xml

    return hostile.altered(buffer.getvalue(), {hostile.SHEET: drop})


@pytest.mark.parametrize("name", ["#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!"])
def test_an_error_value_arrives_by_its_name(read, name):
    (row,) = read(with_formulas(("=1/0", name)), "a.xlsx").values
    assert row["BZ"] == name


def test_an_error_value_without_formula_too(read):
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(["甲", None, "A1", None, None, "#N/A"])
    buffer = io.BytesIO()
    book.save(buffer)
    assert b't="e"' in hostile.part(buffer.getvalue(), hostile.SHEET)
    (row,) = read(buffer.getvalue(), "a.xlsx").values
    assert row["BZ"] == "#N/A"


@pytest.mark.parametrize(
    ("formula", "result", "text"),
    [
        pytest.param("=1+1", 2, "2", id="number"),
        pytest.param('="甲"&"乙"', "甲乙", "甲乙", id="text"),
        pytest.param("=1+1", None, UNCALCULATED, id="never calculated"),
    ],
)
def test_a_formula_counts_by_its_kept_result(read, formula, result, text):
    (row,) = read(with_formulas((formula, result)), "a.xlsx").values
    assert row["BZ"] == text


def test_a_program_that_writes_formulas_without_results(read):
    book = openpyxl.Workbook()
    book.active.append(HEAD)
    book.active.append(["甲", None, "A1", "=1+1", None, '=A2&"x"'])
    buffer = io.BytesIO()
    book.save(buffer)
    (row,) = read(buffer.getvalue(), "a.xlsx").values
    assert (row["CF_NR_FK"], row["BZ"]) == (UNCALCULATED, UNCALCULATED)


def test_a_formula_whose_result_is_an_empty_text_is_an_empty_cell(read):
    xml = b'<c r="F2" t="str"><f>IF(1,"","")</f><v></v></c>'

    def put(sheet: bytes) -> bytes:
        start = sheet.index(b'<c r="F2"')
        return sheet[:start] + xml + sheet[sheet.index(b"</c>", start) + 4 :]

    (row,) = read(hostile.altered(with_formulas(("=1", 1)), {hostile.SHEET: put}), "a.xlsx").values
    assert row == {"CF_XDR_MC": "甲", "CF_WSH": "A1"}


def test_errors_of_many_rows_across_blocks(read):
    book = with_formulas(*[("=1/0", "#REF!") if n % 3 else ("=1", n) for n in range(9_000)])
    found = read(book, "a.xlsx")
    assert [row["BZ"] for row in found.values] == ["#REF!" if n % 3 else str(n) for n in range(9_000)]


def test_error_values_of_an_xls(read):
    content = hostile.xls([HEAD, ROW, changed(BZ=None)], errors={(2, 5): "#REF!"})
    found = read(content, "a.xls")
    assert [row["BZ"] for row in found.values] == ["无", "#REF!"]


def test_error_values_and_uncalculated_formulas_of_an_ods(read):
    cells = [*map(hostile.ods_cell, ROW[:4])]
    cells.append('<table:table-cell table:formula="of:=1"/>')
    cells.append(
        '<table:table-cell table:formula="of:=1/0" office:value-type="string" office:string-value=""'
        ' calcext:value-type="error"><text:p>#DIV/0!</text:p></table:table-cell>'
    )
    found = read(hostile.ods([HEAD], inside=f"<table:table-row>{''.join(cells)}</table:table-row>"), "a.ods")
    assert found.values == [VALUES | {"CF_JDRQ": UNCALCULATED, "BZ": "#DIV/0!"}]


# -- sheets ------------------------------------------------------------------------------------------------------


def test_sheets_that_are_left_are_named(read):
    found = read(hostile.workbook([HEAD, ROW], sheets={"第二页": "visible", "旧数据": "hidden"}), "a.xlsx")
    assert (found.warnings, found.values) == (["sheet.unread"], [VALUES])
    assert "“数据”" in found.words[0]
    assert "第二页、旧数据（隐藏）" in found.words[0]


def test_a_hidden_sheet_of_an_xls_is_named(read):
    found = read(hostile.xls([HEAD, ROW], hidden="参数"), "a.xls")
    assert (found.values, "参数（隐藏）" in found.words[0]) == ([VALUES], True)


def test_the_sheets_of_our_own_form_and_empty_ones_are_not_named(read_path, certificate, tmp_path):
    from xinshu.catalogue.template import write_template

    write_template(certificate, tmp_path / "a.xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    book.create_sheet("Sheet2")
    book.save(tmp_path / "a.xlsx")
    assert read_path(tmp_path / "a.xlsx").warnings == []


def test_merged_titles_above_the_heading(read):
    book = openpyxl.Workbook()
    sheet = book.active
    for row in (["2026年5月行政处罚信息汇总表"], ["填报单位：A局", None, None, "单位：万元"], HEAD, ROW):
        sheet.append(row)
    sheet.merge_cells("A1:F1")
    sheet.merge_cells("A2:C2")
    buffer = io.BytesIO()
    book.save(buffer)
    found = read(buffer.getvalue(), "a.xlsx")
    assert (found.numbers, found.values, found.warnings) == ([4], [VALUES], [])


def test_the_columns_of_an_annotated_workbook_are_known(read):
    found = read(hostile.workbook([[*HEAD, "原行号", "问题说明"], [*ROW, 7, "错误：……"]]), "a.xlsx")
    assert (found.warnings, found.values) == ([], [VALUES])


# -- Parquet -----------------------------------------------------------------------------------------------------


def columns(**changes: object) -> pl.DataFrame:
    """A Parquet table of one row under Chinese headings."""
    values = {"CF_XDR_MC": "甲", "CF_WSH": "A1"} | changes
    return pl.DataFrame({code: value if isinstance(value, pl.Series) else [value] for code, value in values.items()})


@pytest.mark.parametrize(
    ("field", "values", "text"),
    [
        pytest.param("CF_NR_FK", pl.Series([2.0]), "2", id="float without a fraction"),
        pytest.param("CF_NR_FK", pl.Series([0.1 + 0.2]), "0.3", id="float"),
        pytest.param("CF_NR_FK", pl.Series([7], dtype=pl.UInt8), "7", id="small integer"),
        pytest.param("CF_NR_FK", pl.Series([Decimal("12.50")]), "12.50", id="decimal"),
        pytest.param("CF_NR_FK", pl.Series([float("nan")]), "nan", id="no number stays visible"),
        pytest.param("CF_JDRQ", pl.Series([date(2026, 5, 12)]), "2026-05-12", id="date"),
        pytest.param("CF_JDRQ", pl.Series([datetime(2026, 5, 12, 8)]), "2026-05-12", id="moment in a date column"),  # noqa: DTZ001
        pytest.param(
            "CF_JDRQ",
            pl.Series([datetime(2026, 5, 11, 17)]).dt.replace_time_zone("UTC"),  # noqa: DTZ001
            "2026-05-12",
            id="moment of another time zone",
        ),
        pytest.param("CF_XDR_SHXYM", pl.Series([123]), NUMBER_MARK + "123", id="credit code as a number"),
        pytest.param("CF_WSH", pl.Series([202600000001]), NUMBER_MARK + "202600000001", id="twelve digits"),
        pytest.param("BZ", pl.Series([True]), "是", id="true"),
        pytest.param("BZ", pl.Series(["甲"], dtype=pl.Categorical), "甲", id="categorical"),
        pytest.param("BZ", pl.Series(["a\x00b\n=1"]), "a\x00b\n=1", id="any text"),
        pytest.param("BZ", pl.Series([timedelta(hours=1)]), "1:00:00", id="duration stays visible"),
    ],
)
def test_parquet_types_become_text(read, field, values, text):
    (row,) = read(hostile.parquet(columns(**{field: values})), "a.parquet").values
    assert row[field] == text


def test_parquet_nulls_blank_rows_and_row_numbers(read):
    table = pl.DataFrame(
        {"行政相对人名称": ["甲", None, "丙"], "行政处罚决定书文号": ["A1", "", "A3"], "无关": [[1], [2], [3]]}
    )
    found = read(hostile.parquet(table), "a.parquet")
    assert (found.numbers, found.warnings) == ([1, 3], ["column.unknown"])


def test_parquet_of_many_chunks(read):
    table = pl.DataFrame({"CF_XDR_MC": ["甲"] * 250_001, "CF_WSH": range(250_001)})
    found = read(hostile.parquet(table), "a.parquet", max_rows=300_000)
    assert found.numbers == list(range(1, 250_002))
    assert found.values[-1] == {"CF_XDR_MC": "甲", "CF_WSH": "250000"}


# -- refused -----------------------------------------------------------------------------------------------------

XLS, ODS, PARQUET = hostile.xls([HEAD, ROW]), hostile.ods([HEAD, ROW]), hostile.parquet(columns())


def repeated(columns: int, rows: int) -> str:
    """One filled cell and row that unfold to many."""
    cell = f'<table:table-cell office:value-type="string" table:number-columns-repeated="{columns}"><text:p>x</text:p></table:table-cell>'
    return f'<table:table-row table:number-rows-repeated="{rows}">{cell}</table:table-row>'


def far_xls() -> bytes:
    """Two cells at the ends of the sheet."""
    return hostile.xls([HEAD, ROW, *[[]] * 65_000, [None] * 255 + ["x"]])


REFUSED = [
    pytest.param(hostile.compound_file("EncryptionInfo", "EncryptedPackage"), "file.unsafe", id="encrypted XLSX"),
    pytest.param(hostile.compound_file("Workbook", "_VBA_PROJECT_CUR"), "file.unsafe", id="XLS with macros"),
    pytest.param(hostile.compound_file("WordDocument"), "file.unreadable", id="a DOC"),
    pytest.param(hostile.compound_file("Workbook"), "file.unreadable", id="XLS of nothing"),
    pytest.param(hostile.encrypted_xls(XLS), "file.unsafe", id="encrypted XLS"),
    pytest.param(hostile.macro_sheet(XLS), "file.unsafe", id="XLS with an Excel 4 macro sheet"),
    pytest.param(XLS[: len(XLS) // 2], "file.unreadable", id="XLS truncated"),
    pytest.param(XLS[:512] + b"\xff" * 512 + XLS[1024:], "file.unreadable", id="XLS overwritten"),
    pytest.param(hostile.looping(XLS), "file.unreadable", id="XLS whose sectors follow each other in a ring"),
    pytest.param(far_xls(), "file.unsafe", id="XLS with two cells far apart"),
    pytest.param(ODS[: len(ODS) // 2], "file.unreadable", id="ODS truncated"),
    pytest.param(hostile.ods([HEAD], parts={"Basic/Standard/x.xml": b"x"}), "file.unsafe", id="ODS with macros"),
    pytest.param(hostile.ods([HEAD], inside=repeated(16_384, 1_000_000)), "file.unsafe", id="ODS that unfolds"),
    pytest.param(hostile.ods([HEAD], inside=repeated(10**9, 1)), "file.unsafe", id="ODS of a billion columns"),
    pytest.param(hostile.ods([HEAD], inside=repeated(1, 10**15)), "file.unsafe", id="ODS of rows without number"),
    pytest.param(
        hostile.altered(ODS, {"content.xml": lambda xml: xml.replace(b"<office:body", b"<!DOCTYPE x><office:body")}),
        "file.unsafe",
        id="ODS with a document type",
    ),
    pytest.param(
        hostile.altered(ODS, {"META-INF/manifest.xml": b"<manifest:encryption-data/>"}),
        "file.unsafe",
        id="ODS encrypted",
    ),
    pytest.param(hostile.zip_bomb(ODS, 140 << 20), "file.unsafe", id="ODS bomb"),
    pytest.param(hostile.altered(ODS, {"content.xml": b"<a"}), "file.unreadable", id="ODS of no XML"),
    pytest.param(PARQUET[: len(PARQUET) // 2], "file.unreadable", id="Parquet truncated"),
    pytest.param(b"PAR1" + b"\xff" * 200 + b"PAR1", "file.unreadable", id="Parquet of nothing"),
    pytest.param(b"PARE" + PARQUET[4:-4] + b"PARE", "file.unsafe", id="Parquet encrypted"),
    pytest.param(hostile.parquet(columns().clear()), "file.unreadable", id="Parquet without rows"),
    pytest.param(hostile.parquet(columns(BZ=pl.Series([["a"]]))), "file.unreadable", id="Parquet with a list"),
    pytest.param(hostile.parquet(columns(BZ=pl.Series([b"a"]))), "file.unreadable", id="Parquet with bytes"),
    pytest.param(
        hostile.parquet(pl.DataFrame({"CF_XDR_MC": ["甲"] * 10_001, "CF_WSH": 1})), "file.limit", id="Parquet rows"
    ),
    pytest.param(hostile.parquet(columns(BZ="字" * 1_001)), "file.limit", id="Parquet with a long cell"),
    pytest.param(hostile.parquet(pl.DataFrame({"CF_XDR_MC": ["甲"]})), "column.missing", id="Parquet, column missing"),
    pytest.param(
        hostile.altered(hostile.workbook([HEAD, ROW]), {"xl/workbook.bin": b"x"}), "file.unreadable", id="XLSB"
    ),
    pytest.param(
        hostile.altered(hostile.workbook([HEAD, ROW]), {hostile.SHEET: lambda xml: xml.decode().encode("utf-16")}),
        "file.unreadable",
        id="a sheet in UTF-16",
    ),
]


@pytest.mark.parametrize(("content", "rule"), REFUSED)
def test_refused_soon_and_with_little_memory(read, content, rule):
    tracemalloc.start()
    began = time.monotonic()
    found = read(content, "数据")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.refused, found.worded) == ([rule], True)
    assert time.monotonic() - began < 8
    assert peak < 64 << 20


def test_what_libreoffice_fills_up_with_is_no_bomb(read):
    rest = (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell'
        ' table:number-columns-repeated="16384"/></table:table-row>'
    )
    assert read(hostile.ods([HEAD, ROW], inside=rest), "a.ods").values == [VALUES]
