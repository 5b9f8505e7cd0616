"""docs/controls.csv: every control of trust has a test, and every named test exists."""

from __future__ import annotations

import ast
import csv
import re
from functools import cache
from pathlib import Path

import pytest

_HEAD = ["control", "section", "clause", "test"]
_CLAUSE = re.compile(r"(?:MLPS|CE|ASVS) [0-9]+(?:\.[0-9]+)*[a-g]?|-")  # GB/T 22239 8.1.x, GB/T 39786, ASVS 5.0


@cache
def named_in(path: Path) -> frozenset[str]:
    """Names of the tests of a module, those of a class as `Class::test`."""
    found = set()
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            found |= {f"{node.name}::{each.name}" for each in node.body if isinstance(each, ast.FunctionDef)}
    return frozenset(name for name in found if name.split("::")[-1].startswith("test_"))


def complaints(rows: list[dict[str, str]], root: Path) -> list[str]:
    """What is wrong with the table."""
    found = []
    for row in rows:
        path, _, name = row["test"].partition("::")
        if not path.startswith("tests/") or not (root / path).is_file():
            found.append(f"{row['test']}: no such file")
        elif name not in named_in(root / path):
            found.append(f"{row['test']}: no such test")
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
