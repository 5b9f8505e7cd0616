"""docs/controls.csv: every control of trust has a test, and every named test exists."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from tests.guards.naming import complaint_about

_HEAD = ["control", "section", "clause", "test"]
_CLAUSE = re.compile(r"(?:MLPS|CE|ASVS) [0-9]+(?:\.[0-9]+)*[a-g]?|-")  # GB/T 22239 8.1.x, GB/T 39786, ASVS 5.0


def complaints(rows: list[dict[str, str]], root: Path) -> list[str]:
    """What is wrong with the table."""
    found = []
    for row in rows:
        wrong = complaint_about(row["test"], root) if "::" in row["test"] else f"{row['test']}: no such test"
        found += [wrong] if wrong else []
        if not row["control"].strip() or not re.fullmatch(r"[0-9]", row["section"]):
            found.append(f"{row['test']}: control and section of security.md (0-9) are needed")
        found += [
            f"{row['test']}: {each!r} is no clause" for each in row["clause"].split("; ") if not _CLAUSE.fullmatch(each)
        ]
    doubled = {(row["control"], row["test"]) for row in rows}
    return found if len(doubled) == len(rows) else [*found, "a line stands there twice"]


def test_every_named_test_exists(root):
    with (root / "docs" / "controls.csv").open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file, strict=True)
        rows = list(reader)
    assert reader.fieldnames == _HEAD
    assert all(None not in row and None not in row.values() for row in rows), "a comma too many or too few"
    assert rows
    assert complaints(rows, root) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({"test": "tests/guards/test_controls.py::test_nothing"}, "no such test", id="test"),
        pytest.param({"test": "tests/guards/test_gone.py::test_nothing"}, "no such file", id="file"),
        pytest.param({"test": "tests/guards/test_controls.py::complaints"}, "no such test", id="not a test"),
        pytest.param({"clause": "GDPR 5"}, "is no clause", id="clause"),
        pytest.param({"control": " "}, "are needed", id="control"),
    ],
)
def test_the_guard_sees_a_gap(root, changes, expected):
    good = {
        "control": "a",
        "section": "6",
        "clause": "MLPS 4.3a",
        "test": "tests/guards/test_controls.py::test_the_guard_sees_a_gap",
    }
    assert complaints([good], root) == []
    (found,) = complaints([{**good, **changes}], root)
    assert expected in found
