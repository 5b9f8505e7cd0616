"""The findings file: a supplier's text never runs in a spreadsheet; the rest stays as it is."""

from __future__ import annotations

import csv

import polars as pl
import pytest

from xinshu.catalogue.checks.findings import FINDING_SCHEMA
from xinshu.catalogue.rulebook import FINDING_COLUMNS, Finding
from xinshu.collection.findings_file import FindingsFile

RUNS = {
    "equals": "=1+1",
    "plus": "+1",
    "minus": "-1+1",
    "at": "@SUM(A1)",
    "full-width equals": "＝1+1",
    "full-width plus": "＋1",
    "full-width minus": "－1",
    "full-width at": "＠SUM(A1)",
    "after a blank": " =1+1",
    "after ideographic blanks": "\u3000\u3000＝1",
    "after a no-break space": "\u00a0=1",
    "after a zero-width space": "\u200b=1",
    "after a line end": "\n=1",
    "tab": "\tA",
    "carriage return": "\rA",
}
STAYS = {
    "name": "A市第1纺织有限公司",
    "equals inside": "a=1",
    "blank before text": " A",
    "empty": "",
    "bracket": "（-1）",
}
GUARDED = ("file", "sheet", "field", "title", "value")


def finding(text: str) -> Finding:
    """With the text in every column."""
    return Finding(text, text, 7, text, text, "length", "error", text, "第 7 行", "请改", "docs/rulebook.md#length")


def rows(path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(params=["objects", "table"])
def written(request, tmp_path):
    """A function text → the row of the findings file, written as an object or as a table."""

    def write(text: str) -> dict[str, str]:
        path = tmp_path / "findings.csv"
        with FindingsFile.writing(path) as file:
            if request.param == "objects":
                file.add_findings([finding(text)])
            else:
                file.add(pl.DataFrame([finding(text).as_dict()], schema=FINDING_SCHEMA))
            file.commit()
        (row,) = rows(path)
        return row

    return write


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in RUNS.items()])
def test_what_a_spreadsheet_would_run_gets_an_apostrophe(written, text):
    row = written(text)
    assert {name: row[name] for name in GUARDED} == dict.fromkeys(GUARDED, f"'{text}")
    assert (row["row"], row["message"]) == ("7", "第 7 行")


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in STAYS.items()])
def test_other_text_stays(written, text):
    row = written(text)
    assert {name: row[name] for name in GUARDED} == dict.fromkeys(GUARDED, text)
    assert tuple(row) == FINDING_COLUMNS


def test_without_commit_nothing_is_left(tmp_path):
    with FindingsFile.writing(tmp_path / "findings.csv") as file:
        file.add_findings([finding("x")])
    assert list(tmp_path.iterdir()) == []
