"""The findings file of a batch: a CSV with the columns of a finding, UTF-8 with BOM so that spreadsheets read it."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self, TextIO

import polars as pl

from xinshu.catalogue.rulebook import FINDING_COLUMNS, Finding

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


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
        """Append a finding table (columns FINDING_COLUMNS, possibly none and no rows)."""
        if not frame.height:
            return
        buffer = io.BytesIO()
        guarded = [
            pl.when(pl.col(name).str.contains(r"^[=+\-@\t\r]")).then(pl.lit("'") + pl.col(name)).otherwise(pl.col(name))
            for name in ("sheet", "title", "value")
        ]
        frame.with_columns(
            each.alias(name) for each, name in zip(guarded, ("sheet", "title", "value"), strict=True)
        ).select(FINDING_COLUMNS).write_csv(buffer, include_header=False)
        self._file.write(buffer.getvalue().decode())

    def add_findings(self, findings: Sequence[Finding]) -> None:
        """Append findings given as objects. A value that a spreadsheet would run as a formula is put in quotes."""
        writer = csv.writer(self._file, lineterminator="\n")
        for each in findings:
            values = (getattr(each, name) for name in FINDING_COLUMNS)
            writer.writerow(f"'{value}" if str(value).startswith(_FORMULA) else value for value in values)

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
