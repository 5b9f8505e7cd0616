"""The columns of a chunk as they will be kept: the cells as delivered, and the few that inspection has put in another form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks.scanning import Mask, same_cells
from xinshu.kernel.cells import Cells

Rows = npt.NDArray[np.intp]


@dataclass(slots=True)
class Columns:
    """Text columns by code; a code that the file does not have is a column of empty cells."""

    cells: Cells
    changed: dict[str, dict[int, str]] = field(default_factory=dict)
    _filled: dict[str, Mask] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """Rows."""
        return self.cells.height

    def change(self, code: str, texts: dict[int, str]) -> None:
        """Keep these rows' cells in another form."""
        self.changed.setdefault(code, {}).update(texts)
        self._filled.pop(code, None)

    def filled(self, code: str) -> Mask:
        """Rows whose cell is not empty."""
        if code not in self._filled:
            if code not in self.cells.columns:
                self._filled[code] = np.zeros(self.height, dtype=np.bool_)
            else:
                mask = self.cells.sizes[self.cells.place(code)] != 0
                for row, text in self.changed.get(code, {}).items():
                    mask[row] = bool(text)
                self._filled[code] = mask
        return self._filled[code]

    def texts(self, code: str, rows: Sequence[int]) -> list[str]:
        """The cells of these rows."""
        if code not in self.cells.columns:
            return [""] * len(rows)
        place, changed = self.cells.place(code), self.changed.get(code, {})
        if not changed:
            return [self.cells.text(place, row) for row in rows]
        return [changed[row] if row in changed else self.cells.text(place, row) for row in rows]

    def equal(self, code: str, text: str, rows: Rows | None = None) -> Mask:
        """Whether the cells of these rows (None: of all) are this text; `rows` ascend, and have all the changed ones."""
        out = np.zeros(self.height if rows is None else len(rows), dtype=np.bool_)
        if code in self.cells.columns:
            place = self.cells.place(code)
            starts, sizes = self.cells.starts[place], self.cells.sizes[place]
            if rows is not None:
                starts, sizes = starts[rows], sizes[rows]
            same_cells(self.cells.buffer, starts, sizes, np.array(bytearray(text.encode()), dtype=np.uint8), out)
            changed = self.changed.get(code, {})
            numbers = list(changed) if rows is None else np.searchsorted(rows, list(changed))
            out[numbers] = [each == text for each in changed.values()]
        return out

    def series(self, code: str) -> pl.Series:
        """The whole column."""
        if code not in self.cells.columns:
            return pl.repeat("", self.height, dtype=pl.String, eager=True).alias(code)
        values, changed = self.cells.series(code), self.changed.get(code)
        return values.clone().scatter(list(changed), list(changed.values())) if changed else values

    def frame(self, codes: Sequence[str]) -> pl.DataFrame:
        """Several columns."""
        return pl.DataFrame([self.series(code) for code in codes])
