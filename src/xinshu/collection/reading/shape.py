"""The shapes that reading passes on, and the recognition of headings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.rulebook import Finding, make_finding, printable
from xinshu.collection.errors import FileRefused
from xinshu.kernel.cells import Cells
from xinshu.kernel.settings import Settings
from xinshu.kernel.text import normalise_cell, normalise_name

_NAMES = 30  # unknown columns named in a finding
ALWAYS_TEXT = frozenset({"uscc", "id_number"})  # kinds in which even a short number is a code stored as a number
_LONGEST_TITLE = 120
REASONS_TITLE, ROW_TITLE = "问题说明", "原行号"
"""Columns that annotated workbooks have in addition; a file that still has them is read as if it had not."""
HEADING_ROWS = 20  # how far down a heading is looked for, under title rows


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """Limits of one reading; all from settings. Sizes in bytes."""

    max_bytes: int
    max_rows: int
    max_columns: int
    cell_max_chars: int
    max_unpacked_bytes: int
    chunk_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The limits of the command line and the watched folder."""
        return cls(
            settings.file_max_bytes,
            settings.file_max_rows,
            settings.file_max_columns,
            settings.cell_max_chars,
            settings.workbook_max_unpacked_bytes,
            settings.chunk_bytes,
        )


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What is being read: the item whose columns are looked for, the name shown in findings, the limits."""

    item: CatalogueItem
    file: str
    limits: ReadLimits

    def refuse(self, rule: str, reason: str, fix: str) -> FileRefused:
        """The error that ends the reading, with one finding on row 0."""
        return FileRefused((make_finding(rule, row=0, file=self.file, reason=reason, expected=fix),))


@dataclass(frozen=True, slots=True)
class RawChunk:
    """Rows as delivered. `cells` has a column for each known column of the file; blank rows are left out.

    `rows`: row numbers. `shape`: {index: what is wrong with the row's cells}. `done`: share of the file read, 0-1.
    """

    cells: Cells
    rows: npt.NDArray[np.int64]
    shape: dict[int, str] = field(default_factory=dict)
    sheet: str = ""
    done: float = 0.0

    @property
    def frame(self) -> pl.DataFrame:
        """The cells as text columns without nulls."""
        return self.cells.frame()


@dataclass(frozen=True, slots=True)
class Heading:
    """A recognised heading: `codes[i]` is the column code of the file's column i, or None when it is ignored."""

    codes: tuple[str | None, ...]
    findings: tuple[Finding, ...] = ()

    @property
    def known(self) -> dict[str, int]:
        """The place in the file of each known column."""
        return {code: place for place, code in enumerate(self.codes) if code is not None}

    def select(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The known columns of a frame whose columns are in file order, renamed to their codes."""
        wanted = {name: code for name, code in zip(frame.columns, self.codes, strict=False) if code is not None}
        return frame.select(list(wanted)).rename(wanted)


@dataclass(frozen=True, slots=True)
class OpenedFile:
    """A file whose heading is known: its warnings and its chunks, to be read once."""

    findings: tuple[Finding, ...]
    chunks: Iterator[RawChunk]


@lru_cache(maxsize=4096)
def title_key(title: str) -> str:
    """A heading in the form in which headings are compared."""
    return normalise_name(normalise_cell(title)).strip("*＊")


def title_map(item: CatalogueItem) -> dict[str, str]:
    """{comparable heading: column code} of all titles, codes and aliases of the item."""
    known: dict[str, str] = {}
    for each in item.fields:
        for alias in each.aliases:
            known[title_key(alias)] = each.code
    for each in item.fields:
        known[title_key(each.code)] = each.code
        known[title_key(each.title)] = each.code
    return known


def count_known(cells: Sequence[str], known: dict[str, str]) -> int:
    """How many cells of a row are headings of the item."""
    return sum(1 for cell in cells if len(cell) <= _LONGEST_TITLE and title_key(cell) in known)


def find_heading(rows: Sequence[Sequence[str]], known: dict[str, str]) -> int:
    """The index of the row that looks most like the heading; 0 when none has a known title."""
    scores = [count_known(row, known) for row in rows[:HEADING_ROWS]]
    best = max(scores, default=0)
    return scores.index(best) if best else 0


def read_heading(cells: Sequence[str], plan: ReadPlan, *, sheet: str = "") -> Heading:
    """Match a heading with the item.

    Raises:
        FileRefused: a column twice (column.duplicate), one required for every row absent (column.missing), or too
            many columns (file.limit).
    """
    if len(cells) > plan.limits.max_columns:
        raise plan.refuse(
            "file.limit", f"共 {len(cells)} 列，超过 {plan.limits.max_columns} 列", "请按模板保留目录内的列"
        )
    known = title_map(plan.item)
    codes = tuple(known.get(title_key(cell)) if cell.strip() else None for cell in cells)
    own = {title_key(REASONS_TITLE), title_key(ROW_TITLE)}
    unknown = [
        normalise_cell(cell)
        for cell, code in zip(cells, codes, strict=True)
        if code is None and cell.strip() and title_key(cell) not in own
    ]
    used = [code for code in codes if code is not None]
    twice = sorted({plan.item.field(code).title for code in used if used.count(code) > 1})
    missing = [each.title for each in plan.item.fields if each.required and each.code not in used]
    findings = []
    if unknown:
        names = printable("、".join(name[:40] for name in unknown[:_NAMES]))
        names += f" 等 {len(unknown)} 列" if len(unknown) > _NAMES else ""
        findings.append(make_finding("column.unknown", row=0, file=plan.file, sheet=sheet, names=names))
    if twice:
        findings.append(make_finding("column.duplicate", row=0, file=plan.file, sheet=sheet, names="、".join(twice)))
    findings += [
        make_finding("column.missing", row=0, file=plan.file, sheet=sheet, names=title, title=title)
        for title in missing
    ]
    if twice or missing:
        raise FileRefused(tuple(findings))
    return Heading(codes, tuple(findings))
