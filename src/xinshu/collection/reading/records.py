"""Where the records and cells of a delimited text lie, found in one compiled pass.

Quoting as RFC 4180 has it: a quote opens a quoted cell only at the cell's beginning, and inside it stands for itself
when written twice; anywhere else it is a character like any other. A text that departs from it (something after a
closing quote) is told as not regular; `delimited` then reads it by Python's csv module.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from xinshu.kernel.cells import PADDING, Bytes, Places
from xinshu.kernel.compiled import compiled
from xinshu.kernel.lanes import LANES, first_lanes, how_many, lane_mask, lowest

_QUOTE, _LINE_FEED, _RETURN = ord('"'), ord("\n"), ord("\r")


@dataclass(frozen=True, slots=True)
class Layout:
    """The structure of a text (LF line ends) that begins where a record begins.

    `starts`, `sizes`: shape (width, records), cells without their quotes; a cell that a record does not have is empty.
    `ends`: the place after each record's line feed. `counts`: cells of each record. `regular`: quotes stand where
    RFC 4180 has them. `doubled`: a quoted cell may have quotes written twice. `open_record`: the 0-based number of the
    record in which a quoted cell is still open, or -1.
    """

    buffer: Bytes
    starts: Places
    sizes: Places
    ends: Places
    counts: Places
    regular: bool
    doubled: bool
    open_record: int

    @property
    def height(self) -> int:
        """Whole records."""
        return len(self.ends)

    @property
    def cut(self) -> int:
        """The place after the last whole record."""
        return int(self.ends[-1]) if len(self.ends) else 0

    @property
    def rest(self) -> bytes:
        """The text after the last whole record."""
        return self.buffer[self.cut : len(self.buffer) - PADDING].tobytes()

    @property
    def longest(self) -> int:
        """Bytes of the longest whole record, its line feed included."""
        return int(np.diff(self.ends, prepend=0).max(initial=0))

    def record(self, number: int) -> bytes:
        """The bytes of one whole record, without its line feed."""
        start = int(self.ends[number - 1]) if number else 0
        return self.buffer[start : int(self.ends[number]) - 1].tobytes()


def padded(*parts: bytes) -> Bytes:
    """The parts one after another, with the padding that compiled loops need."""
    buffer = np.empty(sum(map(len, parts)) + PADDING, dtype=np.uint8)
    at = 0
    for part in parts:
        buffer[at : at + len(part)] = np.frombuffer(part, dtype=np.uint8)
        at += len(part)
    buffer[at:] = 0
    return buffer


def lay_out(buffer: Bytes, delimiter: str, width: int) -> Layout:
    """Find the records of a text and the first `width` cells of each. `buffer` is padded; it is not changed."""
    size = len(buffer) - PADDING
    most, _ = count_line_ends(buffer, size)
    starts, sizes = np.empty((width, most), dtype=np.int32), np.empty((width, most), dtype=np.int32)
    ends, counts = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    found, regular, is_open, doubled = _find(buffer, size, ord(delimiter), starts, sizes, ends, counts)
    if found < most:
        starts, sizes = starts[:, :found].copy(), sizes[:, :found].copy()
    return Layout(buffer, starts, sizes, ends[:found], counts[:found], regular, doubled, found if is_open else -1)


_marks_at = lane_mask(lambda at, delimiter: (at(0) == delimiter) | at(0).among(_LINE_FEED, _QUOTE))
_line_feeds_at = lane_mask(lambda at: at(0) == _LINE_FEED)
_returns_at = lane_mask(lambda at: at(0) == _RETURN)


@compiled("UniTuple(int64, 2)(uint8[::1], int64)")
def count_line_ends(buffer: Bytes, size: int) -> tuple[int, int]:
    """How many line feeds and carriage returns stand among the first `size` bytes of a padded buffer."""
    feeds, returns = 0, 0
    for block in range(0, size, LANES):
        wanted = first_lanes(size - block)
        feeds += how_many(_line_feeds_at(buffer, block) & wanted)
        returns += how_many(_returns_at(buffer, block) & wanted)
    return feeds, returns


@compiled("UniTuple(int64, 4)(uint8[::1], int64, uint8, int32[:, ::1], int32[:, ::1], int32[::1], int32[::1])")
def _find(
    buffer: Bytes, size: int, delimiter: int, starts: Places, sizes: Places, ends: Places, counts: Places
) -> tuple[int, bool, bool, bool]:
    """Records found, whether quotes are regular, whether the text ends inside a quoted cell, whether one has a doubled
    quote. Marks are looked for many bytes at a time, then taken one by one."""
    width, most = starts.shape
    row, column, begin, closed = 0, 0, 0, -1
    inside, quoted, regular, doubled = False, False, True, False
    for block in range(0, size, LANES):
        marks = _marks_at(buffer, block, delimiter) & first_lanes(size - block)
        while marks != 0:
            place = block + lowest(marks)
            marks &= marks - np.uint64(1)
            byte = buffer[place]
            if byte == _QUOTE:
                if inside:
                    inside, closed = False, place
                elif place == begin:
                    inside, quoted = True, True
                elif quoted:
                    inside = closed == place - 1
                    doubled = doubled or inside
                    regular = regular and inside
                continue
            if inside:
                continue
            if column < width and row < most:  # cells of an unfinished record have no room
                starts[column, row] = begin + 1 if quoted else begin
                sizes[column, row] = closed - begin - 1 if quoted else place - begin
            if quoted and closed != place - 1:
                regular = False
            quoted = False
            column += 1
            begin = place + 1
            if byte == _LINE_FEED:
                ends[row], counts[row] = begin, column
                for missing in range(column, width):
                    starts[missing, row], sizes[missing, row] = 0, 0
                row, column = row + 1, 0
    return row, regular, inside, doubled


@compiled("void(uint8[::1], int32[:, ::1], int32[:, ::1])")
def halve_quotes(buffer: Bytes, starts: Places, sizes: Places) -> None:
    """Make one of the quotes written twice in quoted cells, in place; to be done once."""
    for row in range(starts.shape[1]):
        for column in range(starts.shape[0]):
            start, size = starts[column, row], sizes[column, row]
            if size < 2 or buffer[start - 1] != _QUOTE or buffer[start + size] != _QUOTE:  # not a quoted cell
                continue
            kept, at = start, start
            while at < start + size:
                byte = buffer[at]
                buffer[kept] = byte
                kept += 1
                at += 2 if byte == _QUOTE else 1
            sizes[column, row] = kept - start


def _ill(byte: Any, one: Any, two: Any, three: Any) -> Any:
    """Whether bytes cannot stand after these (`one` directly before each)."""
    return (
        (byte.between(0x80, 0xBF) ^ ((one >= 0xC0) | (two >= 0xE0) | (three >= 0xF0)))
        | one.between(0xC0, 0xC1)
        | (one >= 0xF5)
        | ((one == 0xE0) & (byte < 0xA0))
        | ((one == 0xED) & (byte >= 0xA0))
        | ((one == 0xF0) & (byte < 0x90))
        | ((one == 0xF4) & (byte >= 0x90))
    )


_ill_at = lane_mask(lambda at: _ill(at(3), at(2), at(1), at(0)))
"""Asked three places before the bytes it is about."""


@compiled("boolean(uint8[::1], int64)")
def is_utf8(buffer: Bytes, size: int) -> bool:
    """Whether the first `size` bytes of a padded buffer are well-formed UTF-8 (RFC 3629, section 4)."""
    first = np.zeros(3 + 2 * LANES, dtype=np.uint8)  # the first bytes, which have nothing before them
    first[3 : 3 + min(size, LANES)] = buffer[: min(size, LANES)]
    wrong = _ill_at(first, 0) & first_lanes(size)
    for block in range(LANES, size, LANES):
        wrong |= _ill_at(buffer, block - 3) & first_lanes(size - block)
    if size and (
        buffer[size - 1] >= 0xC0 or (size > 1 and buffer[size - 2] >= 0xE0) or (size > 2 and buffer[size - 3] >= 0xF0)
    ):
        return False
    return bool(wrong == 0)
