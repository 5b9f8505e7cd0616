"""The filters may name too many values, never too few: what they clear, `inspect` neither changes nor flags."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from numba import njit

from xinshu.catalogue.checks import scanning
from xinshu.catalogue.checks.inspection import CELL_ERROR, Facts, Inspection, inspect
from xinshu.catalogue.checks.keys import normal_key_text
from xinshu.catalogue.checks.screening import screen, suspects
from xinshu.catalogue.domain import CodeValue, ItemField
from xinshu.kernel.cells import Cells
from xinshu.kernel.text import GARBLED_PATTERN, INVISIBLE, PLACEHOLDER_PATTERN, WHITE_SPACE

VALUES = (CodeValue("罚款", ("处以罚款",)), CodeValue("其他"))
FIELDS = [
    *(
        ItemField("F", "项", "f", kind, max_length=9, access="public")
        for kind in ("text", "name", "document_no", "other_no")
    ),
    ItemField("F", "项", "f", "text", access="gov"),
    ItemField("F", "项", "f", "date", past_only=True),
    ItemField("F", "项", "f", "date"),
    ItemField("F", "项", "f", "amount"),
    ItemField("F", "项", "f", "amount", usual_amount=10),
    ItemField("F", "项", "f", "amount", usual_amount=0.07),
    ItemField("F", "项", "f", "number", usual_amount=1e9),
    *(
        ItemField("F", "项", "f", kind)
        for kind in ("uscc", "org_code", "reg_no", "id_number", "region", "industry", "year", "month")
    ),
    ItemField("F", "项", "f", "code", values=VALUES),
    ItemField("F", "项", "f", "codes", values=VALUES, open_values=True),
]
every_kind = pytest.mark.parametrize(
    "item_field", FIELDS, ids=lambda each: f"{each.kind}-{each.access}-{each.usual_amount or each.past_only}"
)

# Characters that rules are about: blanks, invisible, full-width, digits of other scripts, mojibake, look-alikes, ſ and K
# (which case folding turns into s and k), and the beginnings of placeholders.
NASTY = (
    "".join(sorted({*WHITE_SPACE, *INVISIBLE}))
    + "０９ＡＺａｚ٣৪߅ſKıİß×xX0无没暂未知不空待测试tesTnNuUlLaA/／-－*＊.…·+=“《（〔"
    + "Ã¥â€™锟斤拷烫屯鏈夐檺鍏徃涓浗浜烘皯琛屾斂\ufffd\ufffe\ue000\uf8ff\U000f0000\x00\x1b\x7f\x80\x85\x9f½þÿ"
)
TOKENS = (
    *("2026", "-", "02", "30", "05-12", "/", "年", "月", "日", "0000", "A环罚", "〔2026〕", "17号", "第", "〔", "〕"),
    *("91990100MA0000A193", "11990100000001011X", "00000000000000000X", "13800000000", "110101199003078515"),
    *(
        "9.13E+17",
        "1e12",
        "1,000",
        ".5",
        "0",
        "7",
        "1000",
        "10000",
        "999.99",
        "+",
        "9" * 31,
        "罚款",
        "；",
        "其他-",
        "test",
        "null",
        "无",
    ),
    *("有限公司", "6222 0200 0000 0000 000", "\n", " "),
)
TEXTS = st.one_of(
    st.text(NASTY, max_size=12),
    st.lists(st.sampled_from((*TOKENS, *NASTY)), max_size=5).map("".join),
    st.from_regex(PLACEHOLDER_PATTERN.replace("(?i)", ""), fullmatch=True),
    st.from_regex(GARBLED_PATTERN, fullmatch=False),
    st.from_regex(CELL_ERROR, fullmatch=True),
    st.from_regex(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.decimals(0, 20_000, places=3).map(str),
    st.text(max_size=10),
)


def _check(item_field: ItemField, text: str, facts: Facts) -> None:
    judged = inspect(item_field, text, facts)
    named = bool(suspects(item_field, pl.Series([text], dtype=pl.String), facts)[0])
    assert named or (judged.value == text and not judged.problems)


@every_kind
@settings(max_examples=150, deadline=None)
@given(text=TEXTS)
@example(text="teſt")
@example(text="斤拷")
@example(text="0000-01-01")
@example(text="A环罚〔2026〕１７号")
@example(text="1٣")
@example(text="9.13E+17")
@example(text="7")
@example(text="1" * 400)
@example(text=" 2026-05-12")
def test_nothing_is_cleared_that_would_be_changed_or_flagged(item_field, text, facts):
    assume(not any("\ud800" <= char <= "\udfff" for char in text))  # no UTF-8, so in no column
    _check(item_field, text, facts)


@every_kind
def test_every_single_character_before_within_and_after(item_field, facts):
    around = {
        "uscc": ("91990100MA0000A1", "93"),
        "date": ("2026-05", "-12"),
        "amount": ("1", "2"),
        "document_no": ("环罚〔2026〕1", "号"),
    }
    before, after = around.get(item_field.kind, ("示", "例"))
    characters = [
        chr(code) for code in (*range(0x3400), *range(0xA000, 0xD800, 7), *range(0xE000, 0x10000), 0x1F600, 0xF0000)
    ]
    texts = [
        form for char in characters for form in (char + before + after, before + char + after, before + after + char)
    ]
    cleared = ~suspects(item_field, pl.Series(texts), facts)
    wrong = [
        text
        for text, skipped in zip(texts, cleared.tolist(), strict=True)
        if skipped and ((judged := inspect(item_field, text, facts)).value != text or judged.problems)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        pytest.param("name", "示例纺织有限公司", id="name"),
        pytest.param("text", "依据《中华人民共和国产品质量法》第四十九条，共3项", id="text"),
        pytest.param("document_no", "A环罚〔2026〕17号", id="document number"),
        pytest.param("date", "2026-05-12", id="date"),
        pytest.param("amount", "2.5", id="amount"),
        pytest.param("uscc", "91990100MA0000A193", id="credit code"),
    ],
)
def test_ordinary_values_are_cleared(kind, text, facts):
    item_field = ItemField("F", "项", "f", kind, max_length=200 if kind in {"name", "text"} else None, access="public")
    assert not suspects(item_field, pl.Series([text]), facts)[0]


LONG = "经查当事人于二〇二六年在其经营场所内销售不合格产品的行为违反了有关规定" * 4
MIXED = {
    "text": [
        *TOKENS,
        LONG,
        LONG + "13800000000",
        "13800000000" + LONG,
        "",
        "未知",
        "未" + LONG,
        LONG + "\u3000",
        "Err:502",
    ],
    "document_no": [
        f"{'环' * 40}罚〔2026〕第17号",
        f"环罚〔2026〕{'1' * 70}号",
        "环罚(2026)17号",
        "环罚〔2126〕17号",
        "",
    ],
    "name": ["示例(A市)纺织有限公司", "示例纺织", "", LONG[:30], "示例 纺织", "ａ示例"],
    "other_no": ["9.13E+17", "91", "", "13800000000", "9e12", " 7", "12-34-56-78-90-12"],
}


def test_a_table_names_the_cells_that_each_column_names_by_itself(facts):
    """Columns of many rows side by side, with long numbers before, within and behind a cell: 256 rows are looked at at once."""
    dice = random.Random(1)
    fields = [
        *(ItemField(kind.upper(), "项", kind, kind, max_length=2_000, access="public") for kind in MIXED),
        ItemField("GOV", "项", "gov", "text", max_length=2_000, access="gov"),
    ]
    texts = {each.code: [dice.choice(MIXED[each.kind]) for _ in range(700)] for each in fields}

    def never(_field: ItemField, _text: str) -> Inspection:
        raise AssertionError

    found = screen(fields, Cells.of(pl.DataFrame(texts)), (), {}, facts, never)
    for each in fields:
        alone = {text: bool(suspects(each, pl.Series([text]), facts)[0]) for text in set(texts[each.code])}
        assert found.masks[each.code].tolist() == [alone[text] for text in texts[each.code]], each.code
        cleared = {text for text, named in alone.items() if not named and text}
        judged = {text: inspect(each, text, facts) for text in cleared}
        assert [text for text, said in judged.items() if said.problems or said.value != text] == [], each.code
        assert len(cleared) >= 2, each.code


@settings(max_examples=200, deadline=None)
@given(
    texts=st.lists(
        st.one_of(st.sampled_from([text for texts in MIXED.values() for text in texts if text]), TEXTS), min_size=2
    )
)
def test_names_have_one_digest_exactly_when_they_compare_the_same(texts, facts):
    assume(not any("\ud800" <= char <= "\udfff" for text in texts for char in text))
    item_field = ItemField("F", "项", "f", "name")
    keys = screen(
        [item_field],
        Cells.of(pl.DataFrame({"F": texts})),
        (),
        {"F": True},
        facts,
        lambda _field, text: Inspection(text),
    ).keys["F"]
    told = [
        (normal_key_text(text), tuple(digests))
        for text, digests, care in zip(texts, keys.digests.T.tolist(), keys.care.tolist(), strict=True)
        if not care
    ]
    assert len({name for name, _ in told}) == len({digests for _, digests in told}) == len(set(told))


def test_places_are_passed_over_only_where_nothing_is_odd():
    """All sequences of three bytes that can stand in UTF-8 one after another."""
    odd_at, perhaps_at = scanning._odd_at, scanning._perhaps_odd_at

    @njit
    def count(buffer, size):
        odd, missed = 0, 0
        for place in range(0, size, 64):
            found = odd_at(buffer, place)
            odd += found != 0
            missed += (found & ~perhaps_at(buffer, place)) != 0
        return odd, missed

    some = np.arange(1 << 20, dtype=np.uint32)
    odd = 0
    for start in range(0, 1 << 24, 1 << 20):
        triples = some + start
        more = (triples >> 14 & 3 == 2) & (triples >> 6 & 3 == 2)  # second and third byte go on with a character
        triples = triples[(triples >> 16 >= 0xC0) & more | (triples & 0x808080 == 0)]
        text = np.stack([triples >> 16, triples >> 8, triples], axis=1).astype(np.uint8).ravel()
        found, missed = count(np.concatenate([text, np.zeros(96, dtype=np.uint8)]), len(text))
        assert missed == 0
        odd += found
    assert odd > 1000
