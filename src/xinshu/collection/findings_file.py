"""The findings file of a batch: a CSV with the columns of a finding, UTF-8 with BOM so that spreadsheets read it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TextIO

import polars as pl

from xinshu.catalogue.checks.findings import FINDING_SCHEMA
from xinshu.catalogue.rulebook import BLOCKING_LEVELS, FINDING_COLUMNS, Finding
from xinshu.kernel.text import INVISIBLE

# What a spreadsheet may run: the signs in both widths, after blanks and invisible characters too.
_FORMULA = f"^(?:[\\s\\x00-\\x20{INVISIBLE}]*[=+\\-@＝＋－＠]|[\t\r\n])"
_FOREIGN = ("file", "sheet", "field", "title", "value")  # columns that hold a supplier's own text


class FindingsFile:
    """Written beside its place and put there by `commit`; without it nothing is left."""

    def __init__(self, target: Path, part: Path, file: TextIO) -> None:
        self._target, self._part, self._file = target, part, file
        self._done = False

    @classmethod
    @contextmanager
    def writing(cls, target: Path) -> Iterator[Self]:
        """Open a new findings file for the block."""
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = target.with_suffix(f".{os.getpid()}.part")
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(FINDING_COLUMNS)
            written = cls(target, part, file)
            try:
                yield written
            finally:
                if not written._done:
                    part.unlink(missing_ok=True)

    def add(self, frame: pl.DataFrame) -> None:
        """Append a finding table (columns FINDING_COLUMNS, possibly none and no rows).

        A supplier's text that a spreadsheet would run as a formula gets an apostrophe before it.
        """
        if not frame.height:
            return
        buffer = io.BytesIO()
        guarded = (
            pl.when(pl.col(name).str.contains(_FORMULA)).then("'" + pl.col(name)).otherwise(pl.col(name)).alias(name)
            for name in _FOREIGN
        )
        frame.with_columns(guarded).select(FINDING_COLUMNS).write_csv(buffer, include_header=False)
        self._file.write(buffer.getvalue().decode())

    def add_findings(self, findings: Sequence[Finding]) -> None:
        """Append findings given as objects; as `add`."""
        self.add(pl.DataFrame([each.as_dict() for each in findings], schema=FINDING_SCHEMA))

    def commit(self) -> None:
        """Put the file in its place."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._part.replace(self._target)
        self._done = True

    def discard(self) -> None:
        """Leave the file that is there."""
        self._part.unlink(missing_ok=True)
        self._done = True


@dataclass(frozen=True, slots=True)
class Reason:
    """One finding as its supplier reads it beside the row. `field`: column code, empty when it is about the row."""

    field: str
    level: str
    text: str


@dataclass(slots=True)
class Reasons:
    """The findings of a file by row. `of_file`: those on row 0. `blocked`: rows held back."""

    by_row: dict[int, list[Reason]] = field(default_factory=dict)
    of_file: list[Reason] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those of a findings file. OSError when there is none."""
        reasons = cls()
        csv.field_size_limit(max(csv.field_size_limit(), 1 << 24))
        with path.open(encoding="utf-8-sig", newline="") as file:
            for line in csv.DictReader(file):
                row, level = int(line["row"]), line["level"]
                text = line["message"].removeprefix(f"第 {row} 行") + line["fix"]
                found = Reason(line["field"].removeprefix("'"), level, text)
                (reasons.by_row.setdefault(row, []) if row else reasons.of_file).append(found)
                if row and level in BLOCKING_LEVELS:
                    reasons.blocked.add(row)
        return reasons
