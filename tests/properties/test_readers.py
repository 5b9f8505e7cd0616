"""Any table, written in any dialect, encoding or form that is supported, reads back as the same cells."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
import xlsxwriter
import xlwt
from hypothesis import given, settings
from hypothesis import strategies as st

from xinshu.catalogue.loading import load_catalogue
from xinshu.collection.reading import ReadLimits, ReadPlan, open_file
from xinshu.kernel.profiles import open_profile

ITEM = load_catalogue(open_profile("demo", Path(__file__).parents[2] / "profiles"))["credit-commitment"]
TITLES = [each.title for each in ITEM.fields]
CODES = [each.code for each in ITEM.fields]
LIMITS = ReadLimits(64 << 20, 10_000, 300, 40_000, 128 << 20, 1 << 20)
fixed = settings(max_examples=40, deadline=None, derandomize=True)

# Every encoding and form can hold these: no control characters, no lone surrogates, nothing a program trims.
LETTERS = st.characters(
    codec="gb18030", exclude_categories=("Cc", "Cs", "Co", "Cn", "Zl", "Zp"), exclude_characters="\ufeff"
)
CELL = st.one_of(st.text(LETTERS, max_size=8), st.text("\"',;|\t 示例=+-@a1\n", max_size=8))
# A row that is blank is left out by all readers, so each has a name in its first column.
ROWS = st.lists(
    st.lists(CELL, min_size=len(CODES), max_size=len(CODES)).map(lambda cells: ["示" + cells[0], *cells[1:]]),
    min_size=1,
    max_size=8,
)


def cells_of(content: bytes, name: str, **limits: int) -> list[list[str]]:
    """All cells of a file by column code, in the item's order."""
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(content)
        opened = open_file(path, ReadPlan(ITEM, name, ReadLimits(*(limits.get(f, getattr(LIMITS, f)) for f in NAMES))))
        found: list[list[str]] = []
        for chunk in opened.chunks:
            assert not chunk.shape
            found += [list(row) for row in chunk.frame.select(CODES).iter_rows()]
    return found


NAMES = ("max_bytes", "max_rows", "max_columns", "cell_max_chars", "max_unpacked_bytes", "chunk_bytes")


@fixed
@given(
    rows=ROWS,
    mark=st.sampled_from(",\t;|"),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]),
    size=st.sampled_from([7, 100, 1 << 20]),
    order=st.permutations(range(len(CODES))),
)
def test_text_tables(rows, mark, end, quoting, encoding, size, order):
    buffer = io.StringIO()
    if end == "\r":  # the module would leave a line feed in a cell unquoted, which ends the row for every reader
        quoting = csv.QUOTE_ALL
    writer = csv.writer(buffer, delimiter=mark, lineterminator=end, quoting=quoting)
    writer.writerows([[line[place] for place in order] for line in (TITLES, *rows)])
    assert cells_of(buffer.getvalue().encode(encoding), "a.csv", chunk_bytes=size) == rows


@fixed
@given(
    rows=ROWS,
    lines=st.booleans(),
    ascii_only=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "gb18030"]),
)
def test_json(rows, lines, ascii_only, encoding):
    records = [dict(zip(TITLES, row, strict=True)) for row in rows]
    texts = [json.dumps(each, ensure_ascii=ascii_only) for each in records]
    text = "\n".join(texts) if lines else f"[{','.join(texts)}]"
    assert cells_of(text.encode(encoding), "a.jsonl" if lines else "a.json") == rows


@fixed
@given(rows=ROWS, above=st.integers(0, 3))
def test_xlsx(rows, above):
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet()
    for number, line in enumerate([*[["标题"]] * above, TITLES, *rows]):
        for column, text in enumerate(line):
            sheet.write_string(number, column, text)
    book.close()
    assert cells_of(buffer.getvalue(), "a.xlsx") == rows


@settings(fixed, max_examples=20)
@given(rows=ROWS)
def test_xls(rows):
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("数据")
    for number, line in enumerate([TITLES, *rows]):
        for column, text in enumerate(line):
            sheet.write(number, column, text)
    buffer = io.BytesIO()
    book.save(buffer)
    assert cells_of(buffer.getvalue(), "a.xls") == rows


@fixed
@given(rows=ROWS, size=st.sampled_from([1, 3, 1000]))
def test_parquet(rows, size):
    buffer = io.BytesIO()
    pl.DataFrame(rows, schema=TITLES, orient="row").write_parquet(buffer, row_group_size=size)
    assert cells_of(buffer.getvalue(), "a.parquet") == rows
