"""Text cells of a table in one stretch of bytes, each known by its place and size.

Reading finds the places, checks look at the bytes, Polars takes the columns as they lie. Knows nothing of what the
texts mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.kernel.arrow import text_series
from xinshu.kernel.compiled import WORD, compiled, load_word

Bytes = npt.NDArray[np.uint8]
Places = npt.NDArray[np.int32]

PADDING = 96
"""Bytes after the text of a buffer that compiled loops may read."""


@dataclass(frozen=True, slots=True)
class Texts:
    """`columns` x rows texts: text (c, r) is `buffer[starts[c, r]:][:sizes[c, r]]`; places may lie in any order and share
    bytes. `buffer` ends with `PADDING` bytes of no meaning."""

    columns: tuple[str, ...]
    buffer: Bytes
    starts: Places
    sizes: Places

    @property
    def height(self) -> int:
        """Rows."""
        return int(self.starts.shape[1])

    def place(self, column: str) -> int:
        """The index of a column."""
        return self.columns.index(column)

    def at(self, rows: npt.NDArray[np.intp]) -> Texts:
        """Those of these rows."""
        return Texts(self.columns, self.buffer, self.starts.take(rows, axis=1), self.sizes.take(rows, axis=1))

    def text(self, place: int, row: int) -> str:
        """One text. Raises UnicodeDecodeError where it is none."""
        return self.raw(place, row).decode()

    def raw(self, place: int, row: int) -> bytes:
        """Its bytes."""
        start = int(self.starts[place, row])
        return self.buffer[start : start + int(self.sizes[place, row])].tobytes()


@dataclass(frozen=True, slots=True)
class Cells(Texts):
    """The cells of a table, valid UTF-8. `ends[r]`: place after row r; every cell of a row that is not empty lies between
    the end of the row before and this one.
    """

    ends: Places

    @classmethod
    def of(cls, frame: pl.DataFrame) -> Self:
        """The cells of text columns without nulls, copied row after row with a line feed after each cell."""
        shape = (frame.width, frame.height)
        if 0 in shape:
            nothing, ends = np.zeros(shape, dtype=np.int32), np.zeros(frame.height, dtype=np.int32)
            return cls(tuple(frame.columns), np.zeros(PADDING, dtype=np.uint8), nothing, nothing, ends)
        rows = frame.select(pl.concat_str(pl.all(), separator="\n")).to_series()
        text = f"{rows.str.join(chr(10)).item()}\n".encode()
        buffer = np.zeros(len(text) + PADDING, dtype=np.uint8)
        buffer[: len(text)] = np.frombuffer(text, dtype=np.uint8)
        sizes = np.stack([values.str.len_bytes().to_numpy() for values in frame.get_columns()]).astype(np.int32)
        ends = np.cumsum((sizes + 1).T.ravel(), dtype=np.int32).reshape(shape[::-1])
        starts = np.ascontiguousarray(ends.T) - sizes - 1
        return cls(tuple(frame.columns), buffer, starts, sizes, ends[:, -1].copy())

    def keep(self, rows: npt.NDArray[np.intp]) -> Cells:
        """The same with these rows only, in ascending order."""
        starts, sizes = self.starts.take(rows, axis=1), self.sizes.take(rows, axis=1)
        return Cells(self.columns, self.buffer, starts, sizes, self.ends[rows])

    def series(self, column: str) -> pl.Series:
        """One column as Polars has it; it points into the buffer."""
        place = self.place(column)
        views = np.empty((1, self.height, 4), dtype=np.uint32)
        _write_views(self.buffer, self.starts[place : place + 1], self.sizes[place : place + 1], views)
        return text_series(column, views[0], self.buffer)

    def frame(self) -> pl.DataFrame:
        """The columns as Polars has them; they point into the buffer."""
        views = np.empty((len(self.columns), self.height, 4), dtype=np.uint32)
        _write_views(self.buffer, self.starts, self.sizes, views)
        return pl.DataFrame([text_series(name, views[at], self.buffer) for at, name in enumerate(self.columns)])


_LOW = np.array([(1 << 8 * size) - 1 for size in range(WORD)] + [(1 << 64) - 1], dtype=np.uint64)
"""Masks for the first 0 to 8 bytes of a word."""


@compiled("void(uint8[::1], int32[:, ::1], int32[:, ::1], uint32[:, :, ::1])")
def _write_views(buffer: Bytes, starts: Places, sizes: Places, views: npt.NDArray[np.uint32]) -> None:
    for column in range(starts.shape[0]):
        for row in range(starts.shape[1]):
            size, start = sizes[column, row], starts[column, row]
            view = views[column, row]
            view[0] = size
            first = load_word(buffer, start)
            if size <= 12:
                first &= _LOW[min(size, 8)]
                rest = load_word(buffer, start + 8) & _LOW[max(size - 8, 0)]
                view[1] = first & 0xFFFFFFFF
                view[2] = first >> 32
                view[3] = rest & 0xFFFFFFFF
            else:
                view[1] = first & 0xFFFFFFFF
                view[2] = 0
                view[3] = start
