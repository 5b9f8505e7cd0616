"""Workbooks: typed cells, title rows, sheets; and those that are damaged or dangerous."""

from __future__ import annotations

import time
import tracemalloc
from datetime import date, datetime

import hostile
import pytest

from xinshu.catalogue.checks.inspection import NUMBER_MARK

HEAD = ["行政相对人名称", "统一社会信用代码", "行政处罚决定书文号", "罚款金额（万元）", "处罚决定日期", "备注"]
ROW = ["示例公司", "91990100MA0000A193", "A〔2026〕1号", 2.5, date(2026, 5, 12), "无"]
VALUES = {
    "CF_XDR_MC": "示例公司",
    "CF_XDR_SHXYM": "91990100MA0000A193",
    "CF_WSH": "A〔2026〕1号",
    "CF_NR_FK": "2.5",
    "CF_JDRQ": "2026-05-12",
    "BZ": "无",
}


def sheet(**changes: object) -> bytes:
    """A workbook with one row of every kind of cell."""
    codes = list(VALUES)
    return hostile.workbook([HEAD, [changes.get(code, value) for code, value in zip(codes, ROW, strict=True)]])


@pytest.mark.parametrize("date_1904", [False, True], ids=["1900", "1904"])
def test_typed_cells(read, date_1904):
    found = read(hostile.workbook([HEAD, ROW], date_1904=date_1904), "a.xlsx")
    assert (found.refused, found.numbers, found.values) == ([], [2], [VALUES])


@pytest.mark.parametrize(
    ("field", "cell", "text"),
    [
        pytest.param("CF_XDR_SHXYM", 913201000000000000, NUMBER_MARK + "913201000000000000", id="code as a number"),
        pytest.param("CF_XDR_SHXYM", 123, NUMBER_MARK + "123", id="short number in a credit code"),
        pytest.param("CF_WSH", 202600000001, NUMBER_MARK + "202600000001", id="twelve digits in a document number"),
        pytest.param("CF_WSH", 20260001, "20260001", id="eight digits in a document number"),
        pytest.param("CF_XDR_SHXYM", "9.132E+17", "9.132E+17", id="exponent as text stays as it is"),
        pytest.param("CF_NR_FK", 3, "3", id="whole number"),
        pytest.param("CF_NR_FK", 0.1 + 0.2, "0.3", id="fifteen digits, as the program shows it"),
        pytest.param("CF_NR_FK", 0.00001, "0.00001", id="no exponent"),
        pytest.param("CF_NR_FK", -4.50, "-4.5", id="negative"),
        pytest.param("CF_JDRQ", datetime(2026, 5, 12, 8, 30), "2026-05-12", id="a moment in a date column"),  # noqa: DTZ001
        pytest.param("CF_JDRQ", 46154, "46154", id="a serial number without a date format"),
        pytest.param("BZ", True, "是", id="true"),
        pytest.param("BZ", False, "否", id="false"),
        pytest.param("BZ", "=1+1", "=1+1", id="text that looks like a formula"),
        pytest.param("BZ", "甲\n乙", "甲\n乙", id="line feed"),
    ],
)
def test_one_cell(read, field, cell, text):
    (row,) = read(sheet(**{field: cell}), "a.xlsx").values
    assert row[field] == text


def test_titles_blank_rows_and_numbers(read):
    rows = [["行政处罚信息"], [], HEAD, ROW, [], [None, None], ROW]
    found = read(hostile.workbook(rows), "a.xlsx")
    assert found.numbers == [4, 7]


def test_data_that_do_not_begin_in_the_first_column(read):
    found = read(hostile.workbook([[], [None, None, *HEAD], [None, None, *ROW]]), "a.xlsx")
    assert (found.numbers, found.values) == ([3], [VALUES])


def test_the_sheet_with_the_headings_is_read_and_hidden_ones_are_not(read):
    content = hostile.workbook([HEAD, ROW], sheets={"第二页": "visible", "旧数据": "hidden"})
    found = read(content, "a.xlsx")
    assert found.values == [VALUES]


def test_the_form_itself_has_no_rows(read_path, certificate, tmp_path):
    from xinshu.catalogue.template import write_template

    write_template(certificate, tmp_path / "a.xlsx")
    found = read_path(tmp_path / "a.xlsx")
    assert (found.refused, found.rows, found.warnings) == ([], [], [])


@pytest.mark.parametrize("name", ["a.csv", "a.xls", "a.ods", "noname"])
def test_content_counts_not_the_name(read, name):
    assert read(sheet(), name).values == [VALUES]


BOOK = sheet()
REFUSED = [
    pytest.param(b"", "file.unreadable", id="empty"),
    pytest.param(b"a,b\n1,2\n", "file.unreadable", id="text under the name of a workbook"),
    pytest.param(BOOK[: len(BOOK) // 2], "file.unreadable", id="truncated"),
    pytest.param(BOOK[:200] + b"\0" * 300 + BOOK[500:], "file.unreadable", id="bytes overwritten"),
    pytest.param(
        hostile.altered(BOOK, {hostile.SHEET: b"<worksheet><sheetData><row>"}), "file.unreadable", id="XML cut off"
    ),
    pytest.param(hostile.altered(BOOK, {hostile.SHEET: b"not xml <<<"}), "file.unreadable", id="no XML"),
    pytest.param(hostile.altered(BOOK, {"xl/workbook.xml": b"<workbook/>"}), "file.unreadable", id="no sheets"),
    pytest.param(hostile.workbook([]), "file.unreadable", id="empty sheet"),
    pytest.param(b"PK\x05\x06" + b"\0" * 18, "file.unreadable", id="empty archive"),
    pytest.param(hostile.OLE_HEADER + b"\0" * 1000, "file.unreadable", id="a compound file of nothing"),
    pytest.param(hostile.encrypted_entries(BOOK), "file.unsafe", id="encrypted parts"),
    pytest.param(hostile.with_macros(BOOK), "file.unsafe", id="macros"),
    pytest.param(hostile.with_old_macros(BOOK), "file.unsafe", id="Excel 4 macros"),
    pytest.param(hostile.with_entities(BOOK), "file.unsafe", id="billion laughs"),
    pytest.param(
        hostile.with_entities(BOOK, before=b"<!-- " + b" " * 3_000_000 + b"-->"),
        "file.unsafe",
        id="entities after a long comment",
    ),
    pytest.param(hostile.with_utf16_entities(BOOK), "file.unsafe", id="external entity in UTF-16"),
    pytest.param(hostile.altered(BOOK, {"../../etc/passwd": b"x"}), "file.unsafe", id="path upwards"),
    pytest.param(hostile.altered(BOOK, {"/etc/passwd": b"x"}), "file.unsafe", id="absolute path"),
    pytest.param(hostile.altered(BOOK, {"..\\..\\x": b"x"}), "file.unsafe", id="path upwards, Windows"),
    pytest.param(hostile.altered(BOOK, {"C:/x": b"x"}), "file.unsafe", id="drive"),
    pytest.param(hostile.zip_bomb(BOOK, 100 << 20), "file.unsafe", id="bomb by ratio"),
    pytest.param(hostile.zip_bomb(BOOK, 140 << 20), "file.unsafe", id="bomb beyond the limit"),
    pytest.param(hostile.many_parts(BOOK, 5_001), "file.limit", id="parts without number"),
    pytest.param(hostile.far_cells(BOOK, "XFD1048576"), "file.unsafe", id="two cells far apart"),
    pytest.param(hostile.far_cells(BOOK, "A9999999999"), "file.unsafe", id="a row that cannot be"),
    pytest.param(hostile.workbook([HEAD + ["x"] * 295, ROW]), "file.limit", id="too many columns"),
    pytest.param(hostile.workbook([HEAD[:1], ROW]), "column.missing", id="column missing"),
    pytest.param(hostile.workbook([[*HEAD, "CF_WSH"], ROW]), "column.duplicate", id="column twice"),
]


@pytest.mark.parametrize(("content", "rule"), REFUSED)
def test_refused_soon_and_with_little_memory(read, content, rule):
    tracemalloc.start()
    began = time.monotonic()
    found = read(content, "a.xlsx")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.refused, found.worded) == ([rule], True)
    assert time.monotonic() - began < 5
    assert peak < 64 << 20


def test_unpacked_size_is_counted(read):
    found = read(hostile.workbook([HEAD, *[ROW] * 2000]), "a.xlsx", max_unpacked_bytes=100_000)
    assert found.refused == ["file.limit"]


def test_rows_are_limited(read):
    assert read(hostile.workbook([HEAD, ROW, ROW]), "a.xlsx", max_rows=1).refused == ["file.limit"]


def test_a_sheet_of_many_chunks(read):
    rows = [[f"公司{n}", None, f"A〔2026〕{n}号", n, None, None] for n in range(20_050)]
    found = read(hostile.workbook([HEAD, *rows]), "a.xlsx", max_rows=30_000)
    assert found.numbers == list(range(2, 20_052))
    assert found.values[-1] == {"CF_XDR_MC": "公司20049", "CF_WSH": "A〔2026〕20049号", "CF_NR_FK": "20049"}
