"""Reading a file of bytes: what was read, or why it was refused. Makes `hostile` importable."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.loading import load_catalogue
from xinshu.collection.errors import FileRefused
from xinshu.collection.reading import ReadLimits, ReadPlan, open_file
from xinshu.kernel.profiles import open_profile

sys.path.insert(0, str(Path(__file__).parent))

LIMITS = ReadLimits(64 << 20, 10_000, 300, 1_000, 128 << 20, 1 << 20)


@dataclass(slots=True)
class Read:
    """What came out of a file. `rows`: [(row number, {column code: text})]; `refused`: rules of row 0 that stopped it."""

    rows: list[tuple[int, dict[str, str]]]
    shape: dict[int, str]
    warnings: list[str]
    refused: list[str]
    reason: str = ""
    worded: bool = True
    words: list[str] = field(default_factory=list)

    @property
    def values(self) -> list[dict[str, str]]:
        """The filled cells of each row."""
        return [{code: text for code, text in row.items() if text} for _, row in self.rows]

    @property
    def numbers(self) -> list[int]:
        """The row numbers."""
        return [number for number, _ in self.rows]


@pytest.fixture(scope="session")
def certificate() -> CatalogueItem:
    """A small item: 合同履约 with three columns asked for, to keep files short."""
    items = load_catalogue(open_profile("demo", Path(__file__).parents[2] / "profiles"))
    penalty = items["administrative-penalty"]
    wanted = ("CF_XDR_MC", "CF_XDR_SHXYM", "CF_WSH", "CF_SY", "CF_NR_FK", "CF_JDRQ", "BZ")
    asked = {"CF_XDR_MC", "CF_WSH"}
    fields = tuple(replace(penalty.field(code), required=code in asked) for code in wanted)
    return replace(penalty, fields=fields, rules=(), key=("CF_WSH",))


@pytest.fixture
def read(tmp_path: Path, certificate: CatalogueItem) -> Callable[..., Read]:
    """Read bytes under a file name, with changed limits."""

    def run(content: bytes, name: str = "数据.csv", **limits: int) -> Read:
        path = tmp_path / name
        path.write_bytes(content)
        return run_path(path, certificate, **limits)

    return run


@pytest.fixture
def read_path(certificate: CatalogueItem) -> Callable[..., Read]:
    """Read whatever is at a path."""
    return lambda path, **limits: run_path(path, certificate, **limits)


def run_path(path: Path, item: CatalogueItem, **limits: int) -> Read:
    """Read a file to its end."""
    found = Read([], {}, [], [])
    try:
        opened = open_file(path, ReadPlan(item, path.name, replace(LIMITS, **limits)))
        found.warnings = [each.rule for each in opened.findings]
        found.words = [each.message for each in opened.findings]
        for chunk in opened.chunks:
            assert chunk.frame.null_count().sum_horizontal().sum() == 0
            assert len(chunk.rows) == chunk.frame.height
            numbers = chunk.rows.tolist()
            found.rows += list(zip(numbers, chunk.frame.to_dicts(), strict=True))
            found.shape |= {numbers[index]: why for index, why in chunk.shape.items()}
    except FileRefused as refused:
        found.refused = [each.rule for each in refused.findings]
        found.reason = refused.message
        found.worded = all(each.row == 0 and each.message[-1] == each.fix[-1] == "。" for each in refused.findings)
    return found
