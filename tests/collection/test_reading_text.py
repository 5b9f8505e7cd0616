"""Text tables: encodings, delimiters, line ends, quotes, ragged rows, and the same result however they are cut."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from xinshu.collection.reading.delimited import columns_of
from xinshu.collection.reading.records import is_utf8, lay_out, padded
from xinshu.collection.reading.shape import Heading

HEAD = ["行政相对人名称", "行政处罚决定书文号", "违法事实"]
ROWS = [
    ["示例纺织有限公司", "A环罚〔2026〕1号", "没有按照规定公示信息，责令改正"],
    ["示例织造有限公司", "A环罚〔2026〕2号", ""],
]
READ = [
    (2, {"CF_XDR_MC": ROWS[0][0], "CF_WSH": ROWS[0][1], "CF_SY": ROWS[0][2]}),
    (3, {"CF_XDR_MC": ROWS[1][0], "CF_WSH": ROWS[1][1], "CF_SY": ""}),
]


def table(rows=None, *, head=HEAD, mark=",", end="\n") -> str:
    """A text table, quoted where it must be."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=mark, lineterminator=end)
    writer.writerows([head, *(ROWS if rows is None else rows)])
    return buffer.getvalue()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("mark", [",", "\t", ";", "|"], ids=["comma", "tab", "semicolon", "bar"])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-be-bom", "utf-16-le", "utf-16-be"],
)
def test_encodings_delimiters_and_line_ends(read, encoding, mark, end):
    text = table(mark=mark, end=end)
    content = b"\xfe\xff" + text.encode("utf-16-be") if encoding == "utf-16-be-bom" else text.encode(encoding)
    found = read(content)
    assert (found.rows, found.shape, found.warnings, found.refused) == (READ, {}, [], [])


def test_big5(read):
    rows = [["示例紡織有限公司", "A環罰1號"]]
    text = "CF_XDR_MC,CF_WSH\n" + "".join(",".join(row) + "\n" for row in rows * 30)
    found = read(text.encode("big5"))
    assert found.values[0] == {"CF_XDR_MC": "示例紡織有限公司", "CF_WSH": "A環罰1號"}


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("size", [1, 2, 3, 7, 16, 50, 1000])
def test_chunks_end_anywhere(read, encoding, size):
    rows = [["示例，“甲”", "a,b", 'x"y'], ["㐀𠀀", "c\r\nd", ""], ["", "", ""], ["乙", "e\nf\n", "，"]] * 3
    content = table(rows, end="\r\n").encode(encoding)
    whole = read(content)
    assert len(whole.rows) == 9
    assert (whole.rows[1][0], whole.values[1]) == (3, {"CF_XDR_MC": "㐀𠀀", "CF_WSH": "c\nd"})
    cut = read(content, chunk_bytes=size)
    assert (cut.rows, cut.shape) == (whole.rows, whole.shape)


@pytest.mark.parametrize(
    ("line", "rows", "shape"),
    [
        pytest.param('"a,b",1,x', [("a,b", "1", "x")], {}, id="delimiter in quotes"),
        pytest.param('"a""b",1,x', [('a"b', "1", "x")], {}, id="quotes in quotes"),
        pytest.param('"","1",""', [("", "1", "")], {}, id="empty in quotes"),
        pytest.param('5"管,1,x', [('5"管', "1", "x")], {}, id="stray quote within a cell"),
        pytest.param('管5",1,x', [('管5"', "1", "x")], {}, id="stray quote at the end of a cell"),
        pytest.param('管5",1,x\n乙6",2,y', [('管5"', "1", "x"), ('乙6"', "2", "y")], {}, id="two of them"),
        pytest.param('"甲"乙,1,x', [("甲乙", "1", "x")], {}, id="text after a quoted cell"),
        pytest.param(' "甲",1,x', [(' "甲"', "1", "x")], {}, id="blank before a quote"),
        pytest.param("a,1", [("a", "1", "")], {2: "有 2 列，表头有 3 列"}, id="short row"),
        pytest.param("a,1,x,y", [("a", "1", "x")], {2: "有 4 列，表头有 3 列"}, id="long row"),
        pytest.param(
            "a,1\nb,2,y,z,z\nc,3,z",
            [("a", "1", ""), ("b", "2", "y"), ("c", "3", "z")],
            {2: "有 2 列，表头有 3 列", 3: "有 5 列，表头有 3 列"},
            id="short and long",
        ),
        pytest.param('"a\nb",1', [("a\nb", "1", "")], {2: "有 2 列，表头有 3 列"}, id="short row over two lines"),
        pytest.param(",,,\n,\n\na,1,x", [("a", "1", "x")], {}, id="blank rows of any width"),
        pytest.param(
            ",,,y", [("", "", "")], {2: "有 4 列，表头有 3 列"}, id="long row with its only text too far right"
        ),
        pytest.param("a\x01b,1,x", [("a\x01b", "1", "x")], {}, id="control character"),
        pytest.param("a\x00b,1,x", [("a\x00b", "1", "x")], {}, id="NUL"),
        pytest.param("a\u2028b,1,x\x0c", [("a\u2028b", "1", "x\x0c")], {}, id="line separators that are none"),
    ],
)
def test_quotes_and_ragged_rows(read, line, rows, shape):
    found = read(f"{','.join(HEAD)}\n{line}\n".encode())
    assert [tuple(row.values()) for _, row in found.rows] == rows
    assert (found.shape, found.refused) == (shape, [])


def test_blank_lines_and_titles_count_as_rows(read):
    text = "2026年5月行政处罚信息\n\n" + table() + "\n\n" + "丙,A〔2026〕3号,x\n"
    assert read(text.encode()).numbers == [4, 5, 8]


def test_damaged_bytes_become_characters_that_are_findings(read):
    content = table([["示例" * 40, "A1", "好"], ["甲", "A2", "坏"]]).encode().replace("坏".encode(), b"\xff\xfe")
    found = read(content)
    assert found.values[1]["CF_SY"].startswith("\ufffd")


HEADINGS = [
    pytest.param("行政相对人名称,CF_WSH,相对人类别,", ["column.unknown"], [], id="unknown is named, blank is not"),
    pytest.param("行政相对人名称", [], ["column.missing"], id="missing"),
    pytest.param("行政相对人名称,相对人名称,行政处罚决定书文号", [], ["column.duplicate"], id="title and alias"),
    pytest.param("CF_WSH,CF_WSH", [], ["column.duplicate", "column.missing"], id="twice and missing"),
    pytest.param("﹡行政相对人名称＊, ｃｆ_ｗｓｈ ", [], [], id="width, stars and blanks"),
    pytest.param("行政相对人名称,文号xyz", [], ["column.unknown", "column.missing"], id="a misspelt heading"),
]


@pytest.mark.parametrize(("head", "warnings", "refused"), HEADINGS)
def test_headings(read, head, warnings, refused):
    found = read((head.replace("﹡", "") + "\n" + ",".join("abcd"[: head.count(",") + 1]) + "\n").encode())
    assert (found.warnings, found.refused) == (warnings, refused)


REFUSED = [
    pytest.param(b"", "file.unreadable", "空", {}, id="empty"),
    pytest.param(b"\xef\xbb\xbf \r\n", "file.unreadable", "空", {}, id="blank"),
    pytest.param(b"%PDF-1.7\n", "file.unreadable", "不是数据文件", {}, id="PDF"),
    pytest.param(b"\x89PNG\r\n\x1a\n" + b"\0" * 100, "file.unreadable", "不是数据文件", {}, id="PNG"),
    pytest.param(bytes(range(128, 256)) * 40, "file.unreadable", "编码", {}, id="no encoding"),
    pytest.param(
        table([["甲", '"', ""]]).replace('""""', '"').encode(),
        "file.unreadable",
        "第 2 行有双引号",
        {},
        id="open quote",
    ),
    pytest.param(
        table().encode() + b'x,"y' + b"z" * 9000,
        "file.unreadable",
        "第 4 行",
        {"chunk_bytes": 100, "cell_max_chars": 1000},
        id="open quote, large",
    ),
    pytest.param(table([["甲", "x" * 1001, ""]]).encode(), "file.limit", "第 2 行", {}, id="long cell"),
    pytest.param(
        table().encode() + b"x" * 9000,
        "file.limit",
        "第 4 行过长",
        {"chunk_bytes": 100, "cell_max_chars": 1000},
        id="endless line",
    ),
    pytest.param(table(head=HEAD + ["x"] * 298).encode(), "file.limit", "301 列", {}, id="too many columns"),
    pytest.param(",".join(["x"] * 1_000_000).encode(), "file.limit", "列", {}, id="a million columns"),
    pytest.param(table().encode(), "file.limit", "超过 1 行", {"max_rows": 1}, id="too many rows"),
    pytest.param(table().encode(), "file.limit", "MB", {"max_bytes": 10}, id="too large"),
]


@pytest.mark.parametrize(("content", "rule", "word", "limits"), REFUSED)
def test_refused(read, content, rule, word, limits):
    found = read(content, **limits)
    assert found.refused == [rule]
    assert word in found.reason
    assert found.worded


def test_no_plain_file(read_path, tmp_path):
    (tmp_path / "real.csv").write_text(table(), encoding="utf-8")
    (tmp_path / "link.csv").symlink_to(tmp_path / "real.csv")
    (tmp_path / "folder.csv").mkdir()
    for name in ("link.csv", "folder.csv", "absent.csv"):
        assert read_path(tmp_path / name).refused == ["file.unreadable"], name
    assert read_path(tmp_path / "real.csv").rows == READ


CSV_TEXT = st.text(st.sampled_from('ab,"\n示 '), max_size=40)


@settings(max_examples=500, deadline=None)
@given(text=CSV_TEXT)
@example('a"b,c"d\n"e')
@example('"a"b","c\n')
@example('""""\n"",a\n')
def test_records_are_those_of_the_csv_module(text):
    layout = lay_out(padded(text.encode() + b"\n"), ",", 3)
    whole = (text + "\n").encode()[: layout.cut].decode()
    expected = list(csv.reader(io.StringIO(whole, newline="")))
    assert layout.height == len(expected)
    assert layout.counts.tolist() == [max(len(row), 1) for row in expected]
    assert (layout.open_record >= 0) == (whole != text + "\n")
    found = columns_of(layout, ",", Heading(("A", "B", "C")))
    frame = found.cells.frame()
    for index, row in enumerate(expected):
        assert list(frame.row(index)) == [*row, "", "", ""][:3]
        assert (index in found.shape) == (len(row) != 3 and any(row))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.lists(st.text(st.sampled_from('ab,"\n\t;|示例“'), max_size=6), min_size=3, max_size=3), max_size=6
    ),
    size=st.integers(1, 40),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_what_is_written_is_read(rows, size, quoting, read):
    buffer = io.StringIO()
    csv.writer(buffer, quoting=quoting).writerows([HEAD, *rows])
    found = read(buffer.getvalue().encode(), chunk_bytes=size)
    assert [list(row.values()) for _, row in found.rows] == [row for row in rows if any(row)]


@given(text=st.binary(max_size=12) | st.text(max_size=6).map(str.encode))
@example(text=b"\xed\xa0\x80")
@example(text=b"\xc0\x80")
@example(text=b"\xf4\x90\x80\x80")
@example(text="示例".encode()[:-1])
def test_utf8_is_what_python_decodes(text):
    try:
        text.decode()
        expected = True
    except UnicodeDecodeError:
        expected = False
    assert is_utf8(padded(text), len(text)) == expected
