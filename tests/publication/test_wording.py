"""Access classes and personal values, item by item, without a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from xinshu.catalogue.domain import Condition
from xinshu.catalogue.loading import load_catalogue
from xinshu.kernel.profiles import open_profile
from xinshu.publication.wording import holds, public_fields

CATALOGUE = load_catalogue(open_profile("demo", Path(__file__).parents[2] / "profiles"))


@pytest.mark.parametrize("item", CATALOGUE.values(), ids=list(CATALOGUE))
def test_only_public_columns_come_through(item):
    values = {each.code: f"值{number}" for number, each in enumerate(item.fields)} | {"UNKNOWN": "未申报的列"}
    shown = public_fields(item, values)
    assert bool(shown) == (item.access == "public")  # what only consent opens shows nothing, not even a name
    titles = {each.title for each in item.fields if each.access == "public" and each.kind != "id_number"}
    assert {each.title for each in shown} <= titles
    assert "未申报的列" not in {each.value for each in shown}
    order = [each.title for each in item.fields]
    assert [order.index(each.title) for each in shown] == sorted(order.index(each.title) for each in shown)


def test_empty_values_are_left_out():
    item = CATALOGUE["administrative-penalty"]
    assert [each.title for each in public_fields(item, {"CF_WSH": "A〔2026〕1号", "CF_NR": ""})] == [
        "行政处罚决定书文号"
    ]


@pytest.mark.parametrize(
    ("kind", "shown"),
    [pytest.param("个体工商户", False, id="personal"), pytest.param("法人及非法人组织", True, id="of an organisation")],
)
def test_a_number_that_is_personal_is_not_shown_even_masked(kind, shown):
    values = {"CF_XDR_LB": kind, "CF_XDR_SWDJ": "1*************5"}
    titles = [each.title for each in public_fields(CATALOGUE["administrative-penalty"], values)]
    assert ("行政相对人代码_4(税务登记号)" in titles) is shown


@pytest.mark.parametrize(
    ("condition", "value", "result"),
    [
        pytest.param(Condition("A", any_of=("x",)), "x", True, id="any of"),
        pytest.param(Condition("A", any_of=("x",)), "y；x", True, id="any of several"),
        pytest.param(Condition("A", any_of=("x",)), "", False, id="any of, empty"),
        pytest.param(Condition("A", none_of=("x",)), "y", True, id="none of"),
        pytest.param(Condition("A", none_of=("x",)), "x；y", False, id="none of several"),
        pytest.param(Condition("A", none_of=("x",)), "", False, id="none of, empty"),
        pytest.param(Condition("A", present=True), "x", True, id="present"),
        pytest.param(Condition("A", present=True), "", False, id="present, empty"),
        pytest.param(Condition("A", absent=True), "", True, id="absent"),
        pytest.param(Condition("A", absent=True), "x", False, id="absent, filled"),
    ],
)
def test_conditions(condition, value, result):
    assert holds(condition, {"A": value}) is result
