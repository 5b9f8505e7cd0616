"""Rows told apart by several columns, over the chunks of a whole file: each different one gets a number, once.

What is asked of a row (whose is it, when is it public) is then asked once for each number. Compared byte for byte.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from xinshu.kernel.cells import PADDING, Bytes, Places
from xinshu.kernel.compiled import compiled, load_word

Numbers = npt.NDArray[np.int64]

_FEW = 1 << 12
_FREE = -1


class Different:
    """The different rows seen so far, as (texts, whole numbers)."""

    def __init__(self, texts: int, wholes: int) -> None:
        self._texts, self._wholes = texts, wholes
        self.count = 0
        self._arena = np.zeros(1 << 16, dtype=np.uint8)
        self._ends = np.zeros(_FEW, dtype=np.int64)
        self._sizes = np.zeros((_FEW, texts), dtype=np.int32)
        self._kept = np.zeros((_FEW, wholes), dtype=np.int64)
        self._hashes = np.zeros(_FEW, dtype=np.uint64)
        self._table = np.full(2 * _FEW, _FREE, dtype=np.int64)

    def number(self, buffer: Bytes, starts: Places, sizes: Places, wholes: Numbers) -> Numbers:
        """The number of each row, from 0 up, a new one for a row not seen before.

        Args:
            buffer: padded. starts, sizes: of the texts, shape (texts, rows). wholes: shape (wholes, rows).
        """
        rows = starts.shape[1]
        self._grow(rows, int(sizes.sum(dtype=np.int64)))
        numbers = np.empty(rows, dtype=np.int64)
        self.count = _number(
            buffer,
            starts,
            sizes,
            wholes,
            self._arena,
            self._ends,
            self._sizes,
            self._kept,
            self._hashes,
            self._table,
            self.count,
            numbers,
        )
        return numbers

    def row(self, number: int) -> tuple[list[str], list[int]]:
        """The texts and whole numbers of one of them."""
        place = int(self._ends[number - 1]) if number else 0
        texts = []
        for size in self._sizes[number].tolist():
            texts.append(self._arena[place : place + size].tobytes().decode())
            place += size
        return texts, self._kept[number].tolist()

    def _grow(self, rows: int, size: int) -> None:
        used = int(self._ends[self.count - 1]) if self.count else 0
        if used + size + PADDING > len(self._arena):
            self._arena = _longer(self._arena, 2 * (used + size + PADDING))
        if self.count + rows > len(self._ends):
            room = 2 * (self.count + rows)
            self._ends, self._sizes = _longer(self._ends, room), _longer(self._sizes, room)
            self._kept, self._hashes = _longer(self._kept, room), _longer(self._hashes, room)
            self._table = np.full(1 << (2 * room).bit_length(), _FREE, dtype=np.int64)
            _fill(self._hashes, self.count, self._table)


def _longer(array: npt.NDArray[Any], room: int) -> npt.NDArray[Any]:
    grown = np.zeros((room, *array.shape[1:]), dtype=array.dtype)
    grown[: len(array)] = array
    return grown


@compiled("void(uint64[::1], int64, int64[::1])")
def _fill(hashes: npt.NDArray[np.uint64], count: int, table: Numbers) -> None:
    for number in range(count):
        slot = np.int64(hashes[number] & np.uint64(len(table) - 1))
        while table[slot] >= 0:
            slot = (slot + 1) & (len(table) - 1)
        table[slot] = number


@compiled(inline=True)
def _word(buffer: Bytes, at: Any, left: Any) -> Any:
    word = load_word(buffer, at)
    if left < 8:
        word &= (np.uint64(1) << np.uint64(8 * left)) - np.uint64(1)
    return word


@compiled()
def _equal(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    wholes: Numbers,
    row: int,
    arena: Bytes,
    ends: Numbers,
    kept_sizes: Places,
    kept: Numbers,
    number: int,
) -> bool:
    for column in range(wholes.shape[0]):
        if kept[number, column] != wholes[column, row]:
            return False
    place = ends[number - 1] if number > 0 else 0
    for column in range(starts.shape[0]):
        size = sizes[column, row]
        if kept_sizes[number, column] != size:
            return False
        for at in range(size):
            if arena[place + at] != buffer[starts[column, row] + at]:
                return False
        place += size
    return True


@compiled(
    "int64(uint8[::1], int32[:, ::1], int32[:, ::1], int64[:, ::1], uint8[::1], int64[::1], int32[:, ::1], int64[:, ::1],"
    " uint64[::1], int64[::1], int64, int64[::1])"
)
def _number(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    wholes: Numbers,
    arena: Bytes,
    ends: Numbers,
    kept_sizes: Places,
    kept: Numbers,
    hashes: npt.NDArray[np.uint64],
    table: Numbers,
    count: int,
    numbers: Numbers,
) -> int:
    factor, half = np.uint64(0x9FB21C651E98DF25), np.uint64(32)
    for row in range(starts.shape[1]):
        state = np.uint64(0x9E3779B97F4A7C15)
        for column in range(starts.shape[0]):
            at, size = np.int64(starts[column, row]), np.int64(sizes[column, row])
            state = (state ^ np.uint64(size)) * factor
            for place in range(0, size, 8):
                state = (state ^ _word(buffer, at + place, size - place)) * factor
                state ^= state >> half
        for column in range(wholes.shape[0]):
            state = (state ^ np.uint64(wholes[column, row])) * factor
            state ^= state >> half
        slot = np.int64(state & np.uint64(len(table) - 1))
        while True:
            number = table[slot]
            if number < 0:
                break
            if hashes[number] == state and _equal(
                buffer, starts, sizes, wholes, row, arena, ends, kept_sizes, kept, number
            ):
                break
            slot = (slot + 1) & (len(table) - 1)
        if number < 0:
            number = count
            end = ends[count - 1] if count > 0 else 0
            for column in range(starts.shape[0]):
                size = sizes[column, row]
                for place in range(size):
                    arena[end + place] = buffer[starts[column, row] + place]
                end += size
                kept_sizes[count, column] = size
            for column in range(wholes.shape[0]):
                kept[count, column] = wholes[column, row]
            ends[count], hashes[count], table[slot] = end, state, count
            count += 1
        numbers[row] = number
    return count
