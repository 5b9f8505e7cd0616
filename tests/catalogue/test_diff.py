"""Comparison of two versions, in words; and the documentation page."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from xinshu.catalogue.diff import diff
from xinshu.catalogue.document import item_page, write_docs
from xinshu.catalogue.domain import CatalogueItem, CodeValue, Condition, ItemField, RowRule
from xinshu.catalogue.loading import load_catalogue
from xinshu.kernel.profiles import open_profile

ITEMS = load_catalogue(open_profile("base", Path(__file__).parents[2] / "profiles"))
PENALTY = ITEMS["administrative-penalty"]
NEW_FIELD = ItemField("X_NEW", "新数据项", "new_one", "text", required=True, access="gov")


def _field(**changes: object) -> CatalogueItem:
    """The penalty with its document number changed."""
    fields = tuple(replace(each, **changes) if each.code == "CF_WSH" else each for each in PENALTY.fields)
    return replace(PENALTY, fields=fields)


def _values(code: str, values: tuple[CodeValue, ...]) -> CatalogueItem:
    return replace(
        PENALTY, fields=tuple(replace(each, values=values) if each.code == code else each for each in PENALTY.fields)
    )


CFLB = PENALTY.field("CF_CFLB").values


@pytest.mark.parametrize(
    ("changed", "where", "words", "breaking"),
    [
        pytest.param(_field(max_length=64), "CF_WSH", "最大长度由“128”改为“64”", True, id="shorter"),
        pytest.param(_field(max_length=256), "CF_WSH", "最大长度由“128”改为“256”", False, id="longer"),
        pytest.param(_field(required=False), "CF_WSH", "必填由“是”改为“否”", False, id="no longer required"),
        pytest.param(_field(access="gov"), "CF_WSH", "公开属性由“公开”改为“政务共享”", False, id="access"),
        pytest.param(_field(kind="text"), "CF_WSH", "类型由“文书号”改为“文字”", True, id="kind"),
        pytest.param(_field(aliases=()), "CF_WSH", "别名由", True, id="aliases dropped"),
        pytest.param(_values("CF_CFLB", CFLB[1:]), "CF_CFLB", "取消取值“警告”", True, id="value dropped"),
        pytest.param(_values("CF_CFLB", (*CFLB, CodeValue("训诫"))), "CF_CFLB", "增加取值“训诫”", False, id="new value"),
        pytest.param(
            replace(PENALTY, fields=(*PENALTY.fields, NEW_FIELD)), "X_NEW", "增加数据项“新数据项”", True, id="new field"
        ),
        pytest.param(replace(PENALTY, fields=PENALTY.fields[:-1]), "X_LY", "删除数据项“所属领域”", True, id="field gone"),
        pytest.param(replace(PENALTY, key=PENALTY.key[1:]), "key", "自然键由", True, id="key"),
        pytest.param(replace(PENALTY, rules=PENALTY.rules[:-1]), "rules", "取消规则：“公示截止期”", False, id="rule gone"),
        pytest.param(
            replace(PENALTY, rules=(*PENALTY.rules, RowRule("conditional.required", ("BZ",), (Condition("X_LY", present=True),)))),
            "rules", "增加规则：“所属领域”已填写时，“备注”必填", True, id="new rule",
        ),
        pytest.param(replace(PENALTY, deadline=None), "deadline", "报送期限规则由“dual-publicity”改为“空”", False, id="deadline"),
        pytest.param(
            replace(PENALTY, roles=replace(PENALTY.roles, headline="CF_CFLB")), "roles", "公示标题", False, id="role"
        ),
        pytest.param(
            replace(PENALTY, publicity=replace(PENALTY.publicity, severity_field=None)),
            "publicity", "所读的数据项改变", False, id="publicity columns",
        ),
        pytest.param(replace(PENALTY, fields=PENALTY.fields[::-1]), "fields", "顺序", False, id="order"),
    ],
)  # fmt: skip
def test_a_change_is_told_in_words(changed, where, words, breaking):
    changes = diff(PENALTY, changed)
    assert [(each.where, each.breaking) for each in changes] == [(where, breaking)]
    assert words in changes[0].text


def test_the_version_alone_is_no_change():
    assert diff(PENALTY, replace(PENALTY, version="2026.2")) == []


def test_there_and_back_are_opposites():
    changed = replace(PENALTY, fields=(*PENALTY.fields[:-1], NEW_FIELD))
    there = {(each.kind, each.where) for each in diff(PENALTY, changed)}
    back = {(each.kind, each.where) for each in diff(changed, PENALTY)}
    assert there == {("added", "X_NEW"), ("removed", "X_LY")}
    assert back == {("removed", "X_NEW"), ("added", "X_LY")}


@pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.item)
def test_a_page_has_every_column_and_rule(item):
    page = item_page(item)
    assert all(f"| {field.title} | `{field.code}` |" in page for field in item.fields)
    assert page.count("（`date.order`）") == sum(rule.rule == "date.order" for rule in item.rules)


def test_a_page_lets_no_markup_through():
    page = item_page(
        replace(
            PENALTY, description="<script>", fields=(replace(PENALTY.fields[1], note="甲|乙<b>"),), rules=(), key=()
        )
    )
    assert "<script>" not in page
    assert "甲\\|乙&lt;b>" in page


def test_write_docs_replaces_pages_and_leaves_other_files(tmp_path):
    write_docs(ITEMS.values(), tmp_path)
    (tmp_path / "mine.md").write_text("# 别人的页\n", encoding="utf-8")
    write_docs([PENALTY], tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["README.md", "administrative-penalty.md", "mine.md"]
