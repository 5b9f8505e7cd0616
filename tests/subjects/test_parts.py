"""Names told apart, and pairs of names that are or are not alike. Expectations written by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from xinshu.kernel.profiles import open_profile
from xinshu.subjects.likeness import WORTH_SHOWING, compare
from xinshu.subjects.parts import split_name
from xinshu.subjects.readings import reading_keys, split_syllables, typed_pinyin
from xinshu.subjects.vocabulary import VocabularyInvalid, load_vocabulary

PROFILES = Path(__file__).parents[2] / "profiles"
WORDS = load_vocabulary(open_profile("demo", PROFILES))

# name: (regions, trade name, trade, form, branch)
PARTS = {
    "A市甲乙纺织有限公司": (("A市",), "甲乙", "纺织", "有限公司", ""),
    "甲乙（A市）纺织有限公司": (("A市",), "甲乙", "纺织", "有限公司", ""),
    "甲乙(A市)纺织有限公司": (("A市",), "甲乙", "纺织", "有限公司", ""),
    "甲乙纺织": ((), "甲乙", "纺织", "", ""),
    "甲乙公司": ((), "甲乙", "", "公司", ""),
    "江苏省南京市甲乙科技有限公司": (("江苏省", "南京市"), "甲乙", "科技", "有限公司", ""),
    "昆山甲乙电子有限公司": (("昆山",), "甲乙", "电子", "有限公司", ""),
    "A市三亚汽车零部件有限公司": (("A市",), "三亚", "汽车零部件", "有限公司", ""),
    "A市A东区甲乙烟酒店": (("A市", "A东区"), "甲乙", "烟酒", "店", ""),
    "甲乙（集团）有限公司": ((), "甲乙", "", "集团有限公司", ""),
    "甲乙投资合伙企业（有限合伙）": ((), "甲乙", "投资", "合伙企业(有限合伙)", ""),
    "A南县甲乙水稻种植农民专业合作社": (("A南县",), "甲乙", "水稻种植", "农民专业合作社", ""),
    "甲乙百货商店（个体工商户）": ((), "甲乙", "百货", "商店", ""),
    "A市甲乙纺织有限公司A东区分公司": (("A市",), "甲乙", "纺织", "有限公司", "A东区分公司"),
    "A市甲乙超市有限公司第三分店": (("A市",), "甲乙", "超市", "有限公司", "第三分店"),
    "甲乙银行A市营业部": ((), "甲乙", "", "银行", "A市营业部"),
    "甲乙五金经营部": ((), "甲乙", "五金", "经营部", ""),
    "中国甲乙集团有限公司": (("中国",), "甲乙", "", "集团有限公司", ""),
}


@pytest.mark.parametrize(("name", "expected"), PARTS.items(), ids=PARTS)
def test_the_parts_of_a_name(name, expected):
    parts = split_name(name, WORDS)
    assert (parts.regions, parts.trade_name, parts.trade, parts.form.word, parts.branch) == expected


def test_a_branch_names_its_parent_and_is_not_it():
    parts = split_name("A市甲乙纺织有限公司A东区分公司", WORDS)
    assert parts.parent == "A市甲乙纺织有限公司"
    assert compare(split_name(parts.parent, WORDS), parts, WORDS).score < WORTH_SHOWING


@pytest.mark.parametrize("text", ["", "(", "()", "））((", "有限公司", "A市", "公", "分公司", "(有限合伙)", "A" * 300])
def test_every_text_has_parts(text):
    assert split_name(text, WORDS).branch in text


ALIKE = [
    ("甲乙（A市）纺织有限公司", "A市甲乙纺织有限公司"),
    ("A市甲乙纺织有限责任公司", "A市甲乙纺织有限公司"),
    ("甲乙纺织", "A市甲乙纺织有限公司"),
    ("甲乙公司", "A市甲乙纺织有限公司"),
    ("示例省A市甲乙纺织有限公司", "A市甲乙纺织有限公司"),
    ("A市恒锐纺织有限公司", "A市恒瑞纺织有限公司"),
    ("A市恒瑞纺只有限公司", "A市恒瑞纺织有限公司"),
    ("A老城区甲乙百货店", "A东区甲乙百货店"),
]
APART = [
    ("A市甲乙纺织有限公司", "A市丙丁纺织有限公司"),
    ("A市甲乙纺织有限公司", "A市甲乙纺织有限公司A东区分公司"),
    ("A市恒瑞纺织有限公司", "B市华达建材有限公司"),
]


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_names_worth_showing(one, other):
    assert compare(split_name(one, WORDS), split_name(other, WORDS), WORDS).score >= WORTH_SHOWING


@pytest.mark.parametrize(("one", "other"), APART)
def test_names_of_others(one, other):
    assert compare(split_name(one, WORDS), split_name(other, WORDS), WORDS).score < WORTH_SHOWING


def test_one_character_of_the_trade_name_counts_more_than_a_missing_form():
    def score(one: str) -> float:
        return compare(split_name(one, WORDS), split_name("A市恒瑞纺织有限公司", WORDS), WORDS).score

    assert score("A市恒瑞纺织") > score("A市恒锐纺织有限公司") - 0.05 > score("A市恒达纺织有限公司")


def test_a_judgement_explains_every_part():
    words = compare(split_name("A老城区恒锐百货店", WORDS), split_name("A东区恒瑞百货店", WORDS), WORDS).words
    assert words == (
        "行政区划“A老城区”与“A东区”前后沿革相承；字号“恒锐”与“恒瑞”同音不同字；行业同为“百货”；组织形式同为“店”"
    )


def test_readings():
    assert reading_keys("甲乙(A市)") == "jia-yi yi-a a-shi jya yas"
    assert reading_keys("重庆银行") == "chong-qing qing-yin yin-hang cqy qyh"
    assert split_syllables(typed_pinyin("Heng Rui"))[0] == ("heng", "rui")
    assert split_syllables(typed_pinyin("hengruifang"))[0] == ("heng", "rui", "fang")
    assert split_syllables(typed_pinyin("hrfz")) == []
    assert typed_pinyin("恒瑞") == ""


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("forms.yaml", "forms: [{words: [店]}]", "第1项缺少 kind"),
        ("trades.yaml", "trades: [纺织]", "trades 应为"),
        ("offices.yaml", "renamed: [{former: 甲局}]", "第1项应有 former、now、reform"),
        ("forms.yaml", "form: []", "应只有"),
        ("trades.yaml", "a: [", "无法读取"),
    ],
)
def test_a_bad_vocabulary_says_where(tmp_path, file, text, told):
    (tmp_path / "mine" / "names").mkdir(parents=True)
    (tmp_path / "mine" / "region.yaml").write_text("name: mine\n", encoding="utf-8")
    (tmp_path / "mine" / "names" / file).write_text(text, encoding="utf-8")
    with pytest.raises(VocabularyInvalid, match=told):
        load_vocabulary(open_profile("mine", tmp_path))
