"""Where the records and cells of a delimited text lie, found in one compiled pass.

Quoting as RFC 4180 has it: a quote opens a quoted cell only at the cell's beginning, and inside it stands for itself
when written twice; anywhere else it is a character like any other. A text that departs from it (something after a
closing quote) is told as not regular; `delimited` then reads it by Python's csv module.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
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


@dataclass(frozen=True, slots=True)
class Survey:
    """A text seen once: how many line feeds and carriage returns it has, and whether it is well-formed UTF-8."""

    line_feeds: int = 0
    returns: int = 0
    well_formed: bool = True

    @classmethod
    def of(cls, buffer: Bytes) -> Survey:
        """Of a padded text."""
        size = len(buffer) - PADDING
        return cls(*survey(buffer, 0, size)).ended(buffer, size)

    def ended(self, buffer: Bytes, size: int) -> Survey:
        """The same when the text ends here: its last character may want bytes."""
        return replace(self, well_formed=self.well_formed and not _wants_bytes(buffer, size))


def lay_out(buffer: Bytes, delimiter: str, width: int, surveyed: Survey | None = None) -> Layout:
    """Find the records of a text and the first `width` cells of each. `buffer` is padded; it is not changed."""
    size = len(buffer) - PADDING
    most = (surveyed or Survey.of(buffer)).line_feeds
    starts, sizes = np.empty((width, most), dtype=np.int32), np.empty((width, most), dtype=np.int32)
    ends, counts = np.empty(most, dtype=np.int32), np.empty(most, dtype=np.int32)
    found, regular, is_open, doubled = _find(buffer, size, ord(delimiter), starts, sizes, ends, counts)
    if found < most:
        starts, sizes = starts[:, :found].copy(), sizes[:, :found].copy()
    return Layout(buffer, starts, sizes, ends[:found], counts[:found], regular, doubled, found if is_open else -1)


_cell_ends_at = lane_mask(lambda at, delimiter: (at(0) == delimiter) | (at(0) == _LINE_FEED))
_quotes_at = lane_mask(lambda at: at(0) == _QUOTE)
_line_feeds_at = lane_mask(lambda at: at(0) == _LINE_FEED)
_returns_at = lane_mask(lambda at: at(0) == _RETURN)


@compiled(inline=True)
def _end_record(starts: Places, sizes: Places, ends: Places, counts: Places, row: Any, column: Any, place: int) -> None:
    ends[row], counts[row] = place, column
    for missing in range(column, starts.shape[0]):
        starts[missing, row], sizes[missing, row] = 0, 0


@compiled("UniTuple(int64, 4)(uint8[::1], int64, uint8, int32[:, ::1], int32[:, ::1], int32[::1], int32[::1])")
def _find(
    buffer: Bytes, size: int, delimiter: int, starts: Places, sizes: Places, ends: Places, counts: Places
) -> tuple[int, bool, bool, bool]:
    """Records found, whether quotes are regular, whether the text ends inside a quoted cell, whether one has a doubled
    quote. Marks are looked for many bytes at a time, then taken one by one. Places in the arrays are numbers without a sign:
    those with one cost a comparison each."""
    width, most = np.uint64(starts.shape[0]), np.uint64(starts.shape[1])
    row, column, begin, closed = np.uint64(0), np.uint64(0), 0, -1
    inside, quoted, regular, doubled = False, False, True, False
    for block in range(0, size, LANES):
        wanted = first_lanes(size - block)
        marks, quotes = _cell_ends_at(buffer, block, delimiter) & wanted, _quotes_at(buffer, block) & wanted
        line_feeds = _line_feeds_at(buffer, block)
        if quotes == 0 and not quoted:  # nearly always
            while marks != 0:
                place, mark = block + lowest(marks), marks & (~marks + np.uint64(1))
                marks ^= mark
                if column < width and row < most:  # cells of an unfinished record have no room
                    starts[column, row], sizes[column, row] = begin, place - begin
                column += np.uint64(1)
                begin = place + 1
                if line_feeds & mark:
                    _end_record(starts, sizes, ends, counts, row, column, begin)
                    row, column = row + np.uint64(1), np.uint64(0)
            continue
        marks |= quotes
        while marks != 0:
            place, mark = block + lowest(marks), marks & (~marks + np.uint64(1))
            marks ^= mark
            if quotes & mark:
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
            if column < width and row < most:
                starts[column, row] = begin + 1 if quoted else begin
                sizes[column, row] = closed - begin - 1 if quoted else place - begin
            if quoted:
                regular = regular and closed == place - 1
                quoted = False
            column += np.uint64(1)
            begin = place + 1
            if line_feeds & mark:
                _end_record(starts, sizes, ends, counts, row, column, begin)
                row, column = row + np.uint64(1), np.uint64(0)
    return int(row), regular, inside, doubled


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


@compiled("Tuple((int64, int64, boolean))(uint8[::1], int64, int64)")
def survey(buffer: Bytes, begin: int, end: int) -> tuple[int, int, bool]:
    """Line feeds and carriage returns from `begin` to `end` of a padded buffer, and whether the bytes there may stand after
    those before them in well-formed UTF-8 (RFC 3629, section 4). `begin` is 0 or at least 3."""
    feeds, returns, wrong = 0, 0, np.uint64(0)
    first = np.zeros(3 + 2 * LANES, dtype=np.uint8)  # the first bytes, which have nothing before them
    for block in range(begin, end, LANES):
        wanted = first_lanes(end - block)
        feeds += how_many(_line_feeds_at(buffer, block) & wanted)
        returns += how_many(_returns_at(buffer, block) & wanted)
        if block >= 3:
            wrong |= _ill_at(buffer, block - 3) & wanted
        else:
            first[3 : 3 + LANES] = buffer[:LANES]
            wrong |= _ill_at(first, 0) & wanted
    return feeds, returns, wrong == 0


def _wants_bytes(buffer: Bytes, size: int) -> bool:
    """Whether a text that is well-formed so far ends within a character."""
    last = buffer[max(size - 3, 0) : size].tolist()[::-1]
    return any(byte >= lead for byte, lead in zip(last, (0xC0, 0xE0, 0xF0), strict=False))


def is_utf8(buffer: Bytes, size: int) -> bool:
    """Whether the first `size` bytes of a padded buffer are well-formed UTF-8."""
    return Survey(*survey(buffer, 0, size)).ended(buffer, size).well_formed
