"""The registry of rule codes, and the page generated from it."""

from __future__ import annotations

import re
from pathlib import Path
from string import Formatter

import pytest

from xinshu.catalogue.rulebook import (
    BLOCKING_LEVELS,
    FINDING_COLUMNS,
    RULEBOOK,
    codes,
    make_finding,
    printable,
    render_markdown,
)

PAGE = Path(__file__).parents[2] / "docs/rulebook.md"
every_rule = pytest.mark.parametrize("rule", RULEBOOK.values(), ids=lambda rule: rule.code)
ARGUMENTS = {"row", "title", "value", "expected", "date", "limit", "other", "reason", "names", "found", "days"}
STORE = {
    "subject.name_mismatch": "error",
    "subject.unknown": "warning",
    "subject.suggestion": "warning",
    "subject.closed": "warning",
    "duplicate.similar": "doubt",
}


def test_the_page_is_current():
    assert PAGE.read_text(encoding="utf-8") == render_markdown()


def test_scopes_and_levels_are_those_fixed_for_the_store():
    assert {code: RULEBOOK[code].level for code in codes("store")} == STORE
    assert set(codes("file")) | set(codes("store")) == set(RULEBOOK)


@every_rule
def test_codes_and_words(rule):
    assert re.fullmatch(r"[a-z_]+(\.[a-z_]+)*", rule.code)
    assert rule.level in {*BLOCKING_LEVELS, "warning"}
    text = rule.message + rule.fix
    assert {name for _, name, _, _ in Formatter().parse(text) if name} <= ARGUMENTS
    assert not re.search(r"[!！。]$|请勿|非法|无效|系统异常", text)
    assert rule.fix


@every_rule
def test_a_finding_of_every_rule_can_be_put_into_words(rule):
    found = make_finding(
        rule.code,
        row=3,
        field="F",
        title="项",
        value="{值}",
        file="a.csv",
        **dict.fromkeys(ARGUMENTS - {"row", "title", "value"}, "x"),
    )
    assert tuple(found.as_dict()) == FINDING_COLUMNS
    assert found.doc_url == f"/docs/rulebook#{rule.code}"
    assert f'<a id="{rule.code}">' in PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("a\n\x1b[31mb\x7f", "a␊␛[31mb␡", id="control characters"),
        pytest.param("a\u202eb\u200b", "ab", id="direction and zero width"),
        pytest.param("a\x85\u2028b", "a��b", id="other line ends"),
        pytest.param("示例（1）", "示例（1）", id="ordinary"),
    ],
)
def test_printable(text, shown):
    assert printable(text) == shown
