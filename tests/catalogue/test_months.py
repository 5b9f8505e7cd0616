"""Periods of a month: the usual spellings become yyyyMM, anything else is no month."""

from __future__ import annotations

import pytest


@pytest.mark.parametrize(
    ("spelling", "rules"),
    [
        pytest.param("202604", [], id="as asked"),
        pytest.param("2026年4月", [], id="in words"),
        pytest.param("2026-12", [], id="with a hyphen"),
        pytest.param("2026/4", [], id="with a slash"),
        pytest.param("202613", ["date.format"], id="thirteenth month"),
        pytest.param("2026-0", ["date.format"], id="month nought"),
        pytest.param("20264", ["date.format"], id="without its nought"),
        pytest.param("2026-04-01", ["date.format"], id="a day"),
    ],
)
def test_spellings_of_a_month(make_row, check, spelling, rules):
    found = check(make_row("utility-payment", ZQ=spelling), item="utility-payment")
    assert [(each.rule, each.field) for each in found] == [(rule, "ZQ") for rule in rules]


def test_one_month_in_two_spellings_is_one_key(make_row, check):
    rows = [make_row("utility-payment", ZQ=spelling) for spelling in ("202604", "2026年04月")]
    assert [each.rule for each in check(*rows, item="utility-payment")] == ["duplicate.in_file"]
