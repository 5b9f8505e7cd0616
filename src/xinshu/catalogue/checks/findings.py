"""Findings put into words, column by column: a file in which every row is late has as many findings as rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.rulebook import FINDING_COLUMNS, RULEBOOK, Finding, document_address

_FEW = 400  # below this Python's formatting is faster than setting up a columnar expression
_ROW, _VALUE = "\ue010", "\ue011"  # stand for the two arguments that differ from row to row

FINDING_SCHEMA = pl.Schema({name: pl.Int64() if name == "row" else pl.String() for name in FINDING_COLUMNS})


@dataclass(slots=True)
class FindingTable:
    """Collects the findings of one chunk; `frame()` gives them in row order."""

    file: str
    sheet: str
    fields: Sequence[str]  # column codes in the item's order
    _parts: list[pl.DataFrame] = field(default_factory=list)
    _few: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in FINDING_COLUMNS})

    def add(
        self,
        code: str,
        *,
        rows: npt.NDArray[np.int64],
        field: str = "",
        title: str = "",
        values: list[str] | str = "",
        arguments: dict[str, str | int] | None = None,
    ) -> None:
        """One rule on some rows of one column. `values` (one for all, or one a row) must be masked already."""
        found = RULEBOOK[code]
        words = {"row": _ROW, "title": title, "value": _VALUE, **(arguments or {})}
        message = found.message.format_map(words) + "。"
        fix = found.fix.format_map(words) + "。"
        constant = {
            "file": self.file,
            "sheet": self.sheet,
            "field": field,
            "title": title,
            "rule": code,
            "level": found.level,
            "doc_url": document_address(code),
        }
        if len(rows) > _FEW:
            self._many(rows, values, message, fix, constant)
            return
        numbers = rows.tolist()
        shown = [values] * len(numbers) if isinstance(values, str) else values
        self._few["row"] += numbers
        self._few["value"] += shown
        for name, template in (("message", message), ("fix", fix)):
            self._few[name] += [
                template.replace(_ROW, str(row)).replace(_VALUE, value)
                for row, value in zip(numbers, shown, strict=True)
            ]
        for name, text in constant.items():
            self._few[name] += [text] * len(numbers)

    def _many(
        self, rows: npt.NDArray[np.int64], values: list[str] | str, message: str, fix: str, constant: dict[str, str]
    ) -> None:
        given = values if isinstance(values, list) else [values]
        frame = pl.DataFrame({"row": rows})
        frame = frame.with_columns(
            pl.Series("value", given) if len(given) == len(rows) else pl.lit(given[0]).alias("value"),
            *(pl.lit(text).alias(name) for name, text in constant.items()),
        )
        frame = frame.with_columns(_worded(message).alias("message"), _worded(fix).alias("fix"))
        self._parts.append(frame.select(FINDING_COLUMNS))

    def frame(self) -> pl.DataFrame:
        """All findings, by row, field of the item, rule: the same however the file was cut into chunks."""
        places = {"": -1} | {code: place for place, code in enumerate(self.fields)}
        if not self._parts:
            return self._sorted(places)
        few = pl.DataFrame(self._few, schema=FINDING_SCHEMA)
        place = pl.col("field").replace_strict(places)
        return pl.concat([few, *(part.cast(FINDING_SCHEMA) for part in self._parts)]).sort(
            "row", place, "rule", "message"
        )

    def _sorted(self, places: dict[str, int]) -> pl.DataFrame:
        """The few, put in order here: that is less than setting up an expression."""
        few = self._few
        marks = zip(few["row"], (places[each] for each in few["field"]), few["rule"], few["message"], strict=True)
        order = [number for *_, number in sorted((*mark, number) for number, mark in enumerate(marks))]
        columns = {name: [values[number] for number in order] for name, values in few.items()}
        return pl.DataFrame(columns, schema=FINDING_SCHEMA)


def _worded(template: str) -> pl.Expr:
    """The template with the row and the value of each line put in."""
    pieces: list[pl.Expr] = []
    for part in template.replace(_ROW, f"\0{_ROW}\0").replace(_VALUE, f"\0{_VALUE}\0").split("\0"):
        if part == _ROW:
            pieces.append(pl.col("row").cast(pl.String))
        elif part == _VALUE:
            pieces.append(pl.col("value"))
        elif part:
            pieces.append(pl.lit(part))
    return pl.concat_str(pieces)


def confirmed_findings(frame: pl.DataFrame) -> pl.DataFrame:
    """The findings where the supplier has confirmed what is in doubt: a doubt only marks the row, as a warning does."""
    return frame.with_columns(pl.col("level").replace({"doubt": "warning"}))


def as_findings(frame: pl.DataFrame) -> list[Finding]:
    """The rows of a finding table as objects."""
    return [Finding(*row) for row in frame.select(FINDING_COLUMNS).iter_rows()]
