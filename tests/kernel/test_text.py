"""Text cells and names; the same tables and patterns must act alike in Python and in Polars."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinshu.kernel import text

ANY = st.text(
    st.one_of(st.sampled_from("Ａｚ９ａ（［·•．\u3000\xa0\u200b\ufeff\u00ad⼀豈xX无/"), st.characters()), max_size=30
)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        pytest.param("\u3000\xa0\t 南京 \r\n", "南京", id="outer white space"),
        pytest.param("南\u200b京\ufeff\u00ad\u202e市", "南京市", id="invisible characters inside"),
        pytest.param("\u200b 南京 \u200b", "南京", id="white space behind an invisible character"),
        pytest.param("ＡＢｃ１２", "ABc12", id="full-width letters and digits"),
        pytest.param("（甲），一 二", "（甲），一 二", id="punctuation and inner spaces stay"),
        pytest.param("", "", id="empty"),
    ],
)
def test_a_cell_is_cleaned(raw, clean):
    assert text.normalise_cell(raw) == clean


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("示例（南京）有限公司", "示例(南京)有限公司", id="bracket width"),
        pytest.param("示例〔南京〕有限公司", "示例【南京】 有限公司", id="bracket kind and space"),
        pytest.param("ａbc科技", "ABC 科技", id="case and width"),
        pytest.param("买买提·艾力", "买买提•艾力", id="middle dots"),
        pytest.param("买买提・艾力", "买买提‧ 艾力", id="katakana dot and hyphenation point"),
        pytest.param("⼀⼆公司", "一二公司", id="radicals"),
        pytest.param("示例\u200b公司\ufe00", "示例公司", id="invisible and variation selector"),
        pytest.param("Ａ＆Ｂ－１", "a&b-1", id="full-width signs"),
    ],
)
def test_spellings_of_one_name_compare_equal(one, other):
    assert text.normalise_name(one) == text.normalise_name(other)


def test_different_names_stay_different():
    assert text.normalise_name("示例一公司") != text.normalise_name("示例二公司")


@given(ANY)
def test_normalising_is_idempotent(raw):
    for normalise in (text.normalise_cell, text.normalise_name, text.upper_ascii):
        assert normalise(normalise(raw)) == normalise(raw)


def test_upper_casing_adds_no_letters():
    assert text.upper_ascii("xſßı") == "Xſßı"


@pytest.mark.parametrize(
    "garbled",
    [
        pytest.param("南京\ufffd公司", id="replacement character"),
        pytest.param("锟斤拷锟斤拷", id="replacement character read as GBK"),
        pytest.param("南京\ue123", id="private use"),
        pytest.param("南京\x07", id="control character"),
        pytest.param("a\x00b", id="NUL"),
        pytest.param("\ud800", id="lone surrogate"),
        pytest.param("Ã¥", id="two bytes as Latin-1"),
        pytest.param("南京市示例有限公司".encode().decode("latin-1"), id="UTF-8 as Latin-1"),
        pytest.param("罚款".encode().decode("cp1252", "ignore"), id="UTF-8 as Windows-1252"),
        pytest.param("南京示例".encode("gb18030").decode("latin-1"), id="GBK as Latin-1"),
        pytest.param("示例有限公司".encode().decode("gb18030", "ignore"), id="UTF-8 as GBK"),
        pytest.param("烫烫烫烫", id="uninitialised memory"),
    ],
)
def test_garbled(garbled):
    assert text.is_garbled(garbled)
    if garbled.isprintable() or "\ud800" not in garbled:
        assert text.is_garbled(text.normalise_cell(garbled))


@pytest.mark.parametrize(
    "good",
    [
        "苏环罚〔2026〕17号",
        "张×× 于××××年",
        "××××××",
        "·····",
        "NESTLÉ® 咖啡",
        "Café™ Ação",
        "第一行\n第二行\t列",
        "面积 30 m² ± 5 ℃，½ 以上",
        "𠮷野家",
        "约翰·史密斯",
        "",
    ],
)
def test_not_garbled(good):
    assert not text.is_garbled(good)


@pytest.mark.parametrize(
    "cell",
    [
        "无",
        "/",
        "-",
        "——",
        "测试",
        "测试1",
        "暂无",
        " 无 ",
        "NULL",
        "n/a",
        "N/A",
        "Ｎ／Ａ",
        "xxx",
        "0",
        "000",
        "不详",
        "待补充",
        "…",
        "test",
        "？",
    ],
)
def test_placeholders(cell):
    assert text.is_placeholder(cell)


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "无锡市示例有限公司",
        "测试技术有限公司",
        "无线",
        "A",
        "10",
        "未知名公司",
        "暂无处罚的企业",
        "无\n锡",
        "待补充材料",
    ],
)
def test_not_placeholders(cell):
    assert not text.is_placeholder(cell)


def test_full_width_letters_and_digits_are_seen_but_not_punctuation():
    assert text.has_full_width_alnum("示例Ａ")
    assert text.has_full_width_alnum("９")
    assert not text.has_full_width_alnum("（示例），A9")


@given(st.lists(ANY.filter(lambda value: not any("\ud800" <= char <= "\udfff" for char in value)), max_size=20))
def test_the_exported_tables_and_patterns_do_the_same_in_polars(cells):
    column = pl.Series("cell", cells, dtype=pl.String).to_frame().lazy()
    cell = pl.col("cell")
    clean = cell.str.replace_many(list(text.CELL_CHARACTERS), list(text.CELL_CHARACTERS.values())).str.strip_chars(
        text.WHITE_SPACE
    )
    name = cell.str.replace_many(list(text.NAME_CHARACTERS), list(text.NAME_CHARACTERS.values()))
    result = column.select(
        clean.alias("clean"),
        name.alias("name"),
        cell.str.contains(text.GARBLED_PATTERN).alias("garbled"),
        clean.str.contains(text.PLACEHOLDER_PATTERN).alias("placeholder"),
        cell.str.contains(text.FULL_WIDTH_ALNUM_PATTERN).alias("wide"),
    ).collect()
    assert result["clean"].to_list() == [text.normalise_cell(value) for value in cells]
    assert result["name"].to_list() == [text.normalise_name(value) for value in cells]
    assert result["garbled"].to_list() == [text.is_garbled(value) for value in cells]
    assert result["placeholder"].to_list() == [text.is_placeholder(value) for value in cells]
    assert result["wide"].to_list() == [text.has_full_width_alnum(value) for value in cells]
