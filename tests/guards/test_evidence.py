"""The threat model and the clause maps: all evidence exists, every row has evidence or a gap, nothing claims too much."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.guards.naming import complaint_about

_REFERENCE = re.compile(r"`((?:tests|src|docs|profiles|scripts|bench|requirements|README|Makefile|pyproject)[^`]*)`")
_NOTHING = {"", "–", "-"}
_CLAIMS = re.compile(r"\bcertified\b|通过认证|已通过等保|已通过密评", re.IGNORECASE)
_MARKS = {"sourced", "recalled"}


@dataclass(frozen=True)
class Row:
    """A line of a table of evidence: its cells by the heading, its place for complaints."""

    place: str
    cells: dict[str, str]


def rows_of(name: str, text: str) -> list[Row]:
    """The lines of every table that has a column `evidence`."""
    found: list[Row] = []
    head: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|"):
            head = []
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
        if not head:
            head = cells
        elif "evidence" in head and not all(set(cell) <= set(":-") for cell in cells):
            cells += [""] * (len(head) - len(cells))
            found.append(Row(f"{name}:{number}", dict(zip(head, cells, strict=True))))
    return found


def complaints(rows: list[Row], root: Path) -> list[str]:
    """What is wrong with the rows."""
    found = []
    for row in rows:
        gap = next((text for head, text in row.cells.items() if "gap" in head), "")
        if not _REFERENCE.search(row.cells["evidence"]) and gap in _NOTHING:
            found.append(f"{row.place}: neither evidence nor a gap")
        wrong = [complaint_about(reference, root) for reference in _REFERENCE.findall(" ".join(row.cells.values()))]
        found += [f"{row.place}: {each}" for each in wrong if each]
        if "mark" in row.cells and row.cells["mark"] not in _MARKS:
            found.append(f"{row.place}: {row.cells['mark']!r} is no mark")
    return found


def pages(root: Path) -> list[Path]:
    return [root / "docs" / "threat-model.md", *sorted((root / "docs" / "clauses").glob("*.md"))]


def test_all_evidence_exists_and_every_row_has_some_or_a_gap(root):
    found = []
    for page in pages(root):
        rows = rows_of(page.name, page.read_text(encoding="utf-8"))
        assert len(rows) > 20, page
        found += complaints(rows, root)
    assert found == []


def test_a_number_stands_once_in_each_map(root):
    for page in pages(root):
        numbers = [next(iter(row.cells.values())) for row in rows_of(page.name, page.read_text(encoding="utf-8"))]
        assert sorted({each for each in numbers if numbers.count(each) > 1}) == [], page


def test_nothing_claims_what_only_others_can_say(root, tracked):
    read = [
        name
        for name in tracked
        if name.startswith(("README", "CHANGELOG", "docs/", "profiles/", "src/")) and not name.endswith(".png")
    ]
    assert len(read) > 200
    found = [name for name in read if _CLAIMS.search((root / name).read_text(encoding="utf-8", errors="replace"))]
    assert found == []


_HEAD = "| clause | evidence | gap | mark |\n|---|---|---|---|\n"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        pytest.param("| 1 | – | – | sourced |", "neither evidence nor a gap", id="nothing"),
        pytest.param("| 1 | `tests/guards/test_gone.py::test_x` | – | sourced |", "no such file", id="file"),
        pytest.param("| 1 | `tests/guards/test_evidence.py::test_x` | – | sourced |", "no such test", id="test"),
        pytest.param("| 1 | `src/xinshu/gone.py` | – | sourced |", "no such file", id="source"),
        pytest.param("| 1 | – | operator | surely |", "is no mark", id="mark"),
        pytest.param("| 1 | – | see `docs/gone.md` | sourced |", "no such file", id="gap"),
        pytest.param("| 1 | – |", "neither evidence nor a gap", id="short"),
    ],
)
def test_the_guard_sees_a_fault(root, line, expected):
    good = "| 2 | `tests/guards/test_evidence.py::test_the_guard_sees_a_fault` | – | recalled |"
    assert complaints(rows_of("x.md", _HEAD + good), root) == []
    assert any(expected in each for each in complaints(rows_of("x.md", f"{_HEAD}{good}\n{line}"), root))


@pytest.mark.parametrize("claim", ["It is Certified.", "系统已通过认证"])
def test_the_guard_sees_a_claim(claim):
    assert _CLAIMS.search(claim)
    assert not _CLAIMS.search("a certificate of the signer; 身份认证")
