"""JSON and JSON Lines."""

from __future__ import annotations

import json

import pytest

from xinshu.catalogue.checks.inspection import NUMBER_MARK

ONE = {"行政相对人名称": "示例公司", "CF_WSH": "A〔2026〕1号", "罚款金额（万元）": 2.5}
OTHER = {"行政相对人名称": "示例厂", "CF_WSH": "A〔2026〕2号", "罚款金额（万元）": 0}
VALUES = [
    {"CF_XDR_MC": "示例公司", "CF_WSH": "A〔2026〕1号", "CF_NR_FK": "2.5"},
    {"CF_XDR_MC": "示例厂", "CF_WSH": "A〔2026〕2号", "CF_NR_FK": "0"},
]


def text(value: object, **options: object) -> str:
    return json.dumps(value, ensure_ascii=False, **options)


FORMS = [
    pytest.param("a.json", text([ONE, OTHER]), [1, 2], id="array"),
    pytest.param("a.json", text([ONE, OTHER], indent=2), [1, 2], id="array over lines"),
    pytest.param("a.json", text({"rows": [ONE, OTHER]}), [1, 2], id="rows"),
    pytest.param("a.json", text({"code": 0, "data": [ONE, OTHER]}, indent=1), [1, 2], id="data"),
    pytest.param("a.jsonl", f"{text(ONE)}\n\n{text(OTHER)}\n", [1, 3], id="lines"),
    pytest.param("a.ndjson", f"{text(ONE)}\r\n{text(OTHER)}", [1, 2], id="lines with CR LF"),
    pytest.param("a.json", f"{text(ONE)}\n{text(OTHER)}", [1, 2], id="lines under the name of a document"),
    pytest.param("noname", f"\n {text([ONE, OTHER])}", [1, 2], id="no name"),
]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize(("name", "content", "numbers"), FORMS)
def test_forms(read, name, content, numbers, encoding):
    found = read(content.encode(encoding), name)
    assert (found.refused, found.numbers, found.values, found.shape) == ([], numbers, VALUES, {})


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        pytest.param("统一社会信用代码", "913201000000000000", "913201000000000000", id="code as text"),
        pytest.param(
            "统一社会信用代码", "913201000000000000n", NUMBER_MARK + "913201000000000000", id="code as number"
        ),
        pytest.param("统一社会信用代码", "1n", NUMBER_MARK + "1", id="short number in a credit code"),
        pytest.param("统一社会信用代码", "9.132e+17n", NUMBER_MARK + "913200000000000000", id="exponent"),
        pytest.param("罚款金额（万元）", "1e2n", "100", id="exponent in an amount"),
        pytest.param("罚款金额（万元）", "1e99n", "1e99", id="exponent out of reach"),
        pytest.param("罚款金额（万元）", "2.50n", "2.50", id="fraction as it is written"),
        pytest.param("罚款金额（万元）", "NaNn", "NaN", id="NaN"),
        pytest.param("备注", "truen", "是", id="true"),
        pytest.param("备注", "nulln", "", id="null"),
        pytest.param("备注", "12345678901n", "12345678901", id="eleven digits"),
    ],
)
def test_one_value(read, key, value, expected):
    literal = value[:-1] if value.endswith("n") else text(value)
    record = text(ONE | {key: "#"}).replace('"#"', literal)
    (row,) = [row for _, row in read(f"[{record}]".encode(), "a.json").rows]
    code = {"统一社会信用代码": "CF_XDR_SHXYM", "罚款金额（万元）": "CF_NR_FK", "备注": "BZ"}[key]
    assert row[code] == expected


@pytest.mark.parametrize(
    ("line", "word"),
    [
        pytest.param('{"CF_WSH": ', "完整", id="cut off"),
        pytest.param("[1, 2]", "一层", id="no object"),
        pytest.param('"text"', "一层", id="a string"),
        pytest.param(text(ONE | {"备注": {"a": 1}}), "一层", id="nested object"),
        pytest.param(text(ONE | {"备注": ["a"]}), "一层", id="nested array"),
        pytest.param('{"CF_WSH": "1", "CF_WSH": "2"}', "多次", id="a key twice"),
        pytest.param(
            text({"CF_WSH": "1", "行政处罚决定书文号": "2"}), "行政处罚决定书文号", id="two keys of one column"
        ),
        pytest.param("[" * 100_000, "完整", id="nested without end"),
        pytest.param('{"CF_WSH": ' + "9" * 5_000 + "}", "完整", id="a number of five thousand digits"),
    ],
)
def test_a_bad_record_does_not_stop_the_others(read, line, word):
    filler = [text(ONE)] * 250  # the keys of the first records are the heading
    found = read("\n".join([*filler, line, text(OTHER)]).encode(), "a.jsonl")
    assert list(found.shape) == [251]
    assert word in found.shape[251]
    assert (found.numbers[-1], found.values[-1]) == (252, VALUES[1])


def test_keys_that_come_late(read):
    lines = [text(ONE)] * 250 + [text(OTHER | {"备注": "迟"}), text(OTHER | {"别的": "x"}), text(OTHER | {"别的": "y"})]
    found = read("\n".join(lines).encode(), "a.jsonl")
    assert found.values[250] == VALUES[1] | {"BZ": "迟"}
    assert list(found.shape) == [252, 253]
    assert "别的" in found.shape[252]


@pytest.mark.parametrize(
    ("name", "content", "rule"),
    [
        pytest.param("a.json", b"", "file.unreadable", id="empty"),
        pytest.param("a.json", b"[]", "file.unreadable", id="no records"),
        pytest.param("a.json", b"[{]", "file.unreadable", id="no JSON"),
        pytest.param("a.json", b"{\n}", "file.unreadable", id="no array"),
        pytest.param("a.json", b"[" * 100_000, "file.unreadable", id="nested without end"),
        pytest.param("a.json", b"[[1]]", "file.unreadable", id="records that are none"),
        pytest.param("a.json", text([{"名称": 1}]).encode(), "column.missing", id="column missing"),
        pytest.param("a.json", text([ONE | {"行政处罚决定书文号": 1}]).encode(), "column.duplicate", id="column twice"),
        pytest.param(
            "a.json", text([ONE | {f"k{n}": 1 for n in range(300)}]).encode(), "file.limit", id="too many keys"
        ),
        pytest.param("a.jsonl", b"\n".join([text(ONE).encode()] * 3), "file.limit", id="too many rows"),
    ],
)
def test_refused(read, name, content, rule):
    found = read(content, name, max_rows=2)
    assert found.refused[-1] == rule
    assert found.worded
