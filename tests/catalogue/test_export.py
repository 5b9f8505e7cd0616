"""Export: what is written reads back as the same item, to the same bytes. And the JSON Schema of a row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from xinshu.catalogue.domain import CatalogueItem, CodeValue
from xinshu.catalogue.export import export_code_lists, export_item
from xinshu.catalogue.jsonschema import example_row, row_schema
from xinshu.catalogue.loading import load_catalogue, load_code_lists, load_item_file
from xinshu.kernel.profiles import open_profile

PROFILE = open_profile("base", Path(__file__).parents[2] / "profiles")
ITEMS = load_catalogue(PROFILE)
LISTS = load_code_lists(PROFILE)
PENALTY = ITEMS["administrative-penalty"]

every_item = pytest.mark.parametrize("item", ITEMS.values(), ids=lambda item: item.item)


def _round_trip(item: CatalogueItem, folder: Path) -> CatalogueItem:
    path = folder / f"{item.item}.yaml"
    path.write_text(export_item(item), encoding="utf-8")
    return load_item_file(path, LISTS)


@every_item
def test_export_reads_back_as_the_same_item_and_bytes(item, tmp_path):
    back = _round_trip(item, tmp_path)
    assert back == item
    assert export_item(back) == export_item(item)


@every_item
def test_the_shipped_file_is_the_export_below_its_comment(item):
    path = PROFILE.find(f"catalogue/{item.item}.yaml")
    comment, body = path.read_text(encoding="utf-8").split("\n", 1)
    assert comment.startswith("# ")
    assert body == export_item(item)


def test_code_lists_read_back():
    text = PROFILE.find("catalogue/_code_lists.yaml").read_text(encoding="utf-8")
    assert text.split("\n", 1)[1] == export_code_lists(LISTS.values())


def test_values_without_a_list_are_written_in_the_field(tmp_path):
    field = replace(
        PENALTY.fields[1],
        code_list=None,
        values=(CodeValue("自然人", ("01",), "person"), *PENALTY.fields[1].values[::2]),
    )
    item = replace(PENALTY, fields=(PENALTY.fields[0], field, *PENALTY.fields[2:]))
    back = _round_trip(item, tmp_path)
    assert back.field("CF_XDR_LB") == field


@pytest.mark.parametrize(
    "text",
    ["yes", "null", "1e3", "2026-04-01", "a: b", "# 不是注释", "[甲]", "甲, 乙",
     '引"号', "反\\斜", "~", "- 甲", "甲 #乙", "=", "<<", "0x1F", "1_000", "on"],
    ids=repr,
)  # fmt: skip
def test_texts_that_look_like_something_else_stay_texts(text, tmp_path):
    item = replace(PENALTY, description=text)
    assert _round_trip(item, tmp_path).description == text
    assert yaml.safe_load(export_item(item))["description"] == text


@settings(max_examples=150, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12))
def test_any_text_survives(text):
    small = replace(PENALTY, fields=PENALTY.fields[:1], rules=(), legal_basis=text)
    assert yaml.safe_load(export_item(small))["xinshu"]["legal_basis"] == text


def _errors(item: CatalogueItem, row: dict[str, object]) -> list[str]:
    validator = jsonschema.Draft202012Validator(
        row_schema(item), format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    return [error.message for error in validator.iter_errors(row)]


@every_item
def test_the_example_satisfies_the_json_schema(item):
    jsonschema.Draft202012Validator.check_schema(row_schema(item))
    assert _errors(item, example_row(item)) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"CF_XDR_MC": ""}, id="required and empty"),
        pytest.param({"CF_XDR_MC": "长" * 201}, id="too long"),
        pytest.param({"CF_XDR_LB": "公司"}, id="not in the list"),
        pytest.param({"CF_CFLB": "罚款；开除"}, id="one of several not in the list"),
        pytest.param({"CF_JDRQ": "2026/05/12"}, id="not an ISO date"),
        pytest.param({"CF_JDRQ": "2026-02-30"}, id="no such day"),
        pytest.param({"CF_NR_FK": "2"}, id="amount as text"),
        pytest.param({"CF_NR_FK": -1}, id="negative amount"),
        pytest.param({"CF_NR_FK": 0}, id="fine of nothing"),
        pytest.param({"CF_CFLB": "罚款；没收违法所得"}, id="confiscation without an amount"),
        pytest.param({"CF_CFLB": "吊销许可证件"}, id="revocation without the licence"),
        pytest.param({"CF_XDR_SHXYM": "99010012345678901I"}, id="letter outside the alphabet"),
        pytest.param({"CF_XDR_ZJHM": "110105194912310021"}, id="id number of an organisation"),
        pytest.param({"CF_XDR_SHXYM": ""}, id="organisation without a code"),
        pytest.param({"CF_XDR_LB": "自然人"}, id="person with a company's codes"),
        pytest.param({"NEW": "甲"}, id="unknown column"),
    ],
)
def test_the_json_schema_refuses(change):
    assert _errors(PENALTY, {**example_row(PENALTY), **change})


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"CF_CFLB": "罚款；其他-责令改正"}, id="other kind with its words"),
        pytest.param({"CF_GSJZQ": ""}, id="optional date empty"),
        pytest.param({"CF_NR_WFFF": None}, id="optional amount null"),
        pytest.param({"CF_XDR_LB": "个体工商户", "CF_XDR_SHXYM": "00000000000000000X"}, id="placeholder code"),
    ],
)
def test_the_json_schema_accepts(change):
    assert _errors(PENALTY, {**example_row(PENALTY), **change}) == []
