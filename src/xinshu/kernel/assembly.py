"""Texts put together from cells by compiled loops: JSON objects, names in their comparable form, keys.

All that is made for a chunk is written one after another into one stretch of bytes; a text is known by place and size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from xinshu.kernel.cells import PADDING, Bytes, Places
from xinshu.kernel.compiled import compiled, load_word
from xinshu.kernel.packing import copy_bytes

Rows = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
Table = npt.NDArray[np.int32]

_SAME, _UNKNOWN = 0, -2
_LEAST_ROOM = 1 << 16
_LONGEST_ESCAPE = 6
_LONGEST_CHARACTER = 3  # bytes; longer ones are left to Python


@dataclass(frozen=True, slots=True)
class Written:
    """Texts of some rows: row r is `bytes[starts[r]:][:sizes[r]]` of the writer they belong to."""

    starts: Places
    sizes: Places

    def of(self, rows: Rows) -> Written:
        """Those of some of the rows."""
        return Written(self.starts[rows], self.sizes[rows])

    def put(self, rows: Rows, others: Written) -> Written:
        """The same with other texts in these rows."""
        starts, sizes = self.starts.copy(), self.sizes.copy()
        starts[rows], sizes[rows] = others.starts, others.sizes
        return Written(starts, sizes)


@dataclass(frozen=True, slots=True)
class Source:
    """Cells to write from: cell (c, r) is `buffer[starts[c, r]:][:sizes[c, r]]`, or in `extra` where the place lies beyond
    the buffer. Both are padded."""

    buffer: Bytes
    extra: Bytes
    starts: Places
    sizes: Places


@dataclass(slots=True)
class Writer:
    """The stretch of bytes, which grows; `place` is its end."""

    out: Bytes = field(default_factory=lambda: np.empty(_LEAST_ROOM, dtype=np.uint8))
    place: int = 0

    def room(self, size: int) -> None:
        """See that so many bytes can be written, and the padding."""
        wanted = self.place + size + PADDING
        if wanted > len(self.out):
            grown = np.empty(max(wanted, 2 * len(self.out)), dtype=np.uint8)
            grown[: self.place] = self.out[: self.place]
            self.out = grown

    def finished(self) -> Bytes:
        """All that was written, padded."""
        self.room(0)
        self.out[self.place : self.place + PADDING] = 0
        return self.out[: self.place + PADDING]

    def texts(self, texts: Iterable[str]) -> Written:
        """Append texts."""
        encoded = [text.encode() for text in texts]
        whole = b"".join(encoded)
        sizes = np.fromiter(map(len, encoded), dtype=np.int32, count=len(encoded))
        self.room(len(whole))
        self.out[self.place : self.place + len(whole)] = np.frombuffer(whole, dtype=np.uint8)
        starts = (self.place + np.cumsum(sizes, dtype=np.int64) - sizes).astype(np.int32)
        self.place += len(whole)
        return Written(starts, sizes)

    def read(self, texts: Written) -> list[str]:
        """What was written there."""
        whole = self.out[: self.place].data
        return [
            str(whole[start : start + size], "utf-8")
            for start, size in zip(texts.starts.tolist(), texts.sizes.tolist(), strict=True)
        ]

    def objects(
        self, source: Source, rows: Rows, names: Sequence[str], *, bare: bool = False
    ) -> tuple[Written, Places]:
        """One JSON object for each of these rows, its keys in column order, empty values left out.

        Args:
            bare: an object without any value is the empty text.
        Returns:
            The objects; and for each column and row where the value stands as it is, -1 where it had to be escaped.
        """
        heads = [f'"{name}":"'.encode() for name in names]
        ends = np.cumsum([len(each) for each in heads], dtype=np.int32)
        sizes = source.sizes[:, rows]
        plain = int(sizes.sum(dtype=np.int64)) + (int(ends[-1]) + 2 * len(heads) + 2) * len(rows) if heads else 0
        found = Written(np.empty(len(rows), dtype=np.int32), np.empty(len(rows), dtype=np.int32))
        values = np.empty(sizes.shape, dtype=np.int32)
        for room in (plain + plain // 16 + _LEAST_ROOM, _LONGEST_ESCAPE * plain + _LEAST_ROOM):
            self.room(room)
            stop = _write_objects(
                source.buffer,
                source.extra,
                source.starts,
                source.sizes,
                rows,
                np.frombuffer(bytearray(b"".join(heads)), dtype=np.uint8),
                ends,
                bare,
                self.out,
                self.place,
                found.starts,
                found.sizes,
                values,
            )
            if stop >= 0:
                break
        self.place = stop
        return found, values

    def cells(self, source: Source, column: int, rows: Rows) -> Written:
        """Append the cells of one column in these rows as they are."""
        sizes = source.sizes[column][rows]
        self.room(int(sizes.sum(dtype=np.int64)))
        starts = np.empty(len(rows), dtype=np.int32)
        self.place = _copy_cells(
            source.buffer, source.extra, source.starts[column], source.sizes[column], rows, self.out, self.place, starts
        )
        return Written(starts, sizes)

    def joined(self, parts: Sequence[Written], separator: str = "") -> Written:
        """For each row its texts one after another, the separator (one ASCII character) between them."""
        starts, sizes = np.stack([each.starts for each in parts]), np.stack([each.sizes for each in parts])
        found = Written(np.empty(starts.shape[1], dtype=np.int32), np.empty(starts.shape[1], dtype=np.int32))
        self.room(int(sizes.sum(dtype=np.int64)) + starts.size)
        mark = ord(separator) if separator else -1
        self.place = _join(self.out, self.place, starts, sizes, mark, found.starts, found.sizes)
        return found

    def translated(self, texts: Written, table: Table, otherwise: Callable[[str], str]) -> Written:
        """Each text with every character replaced as `character_table` was told; unchanged ones stay where they are.

        Args:
            otherwise: the same in Python, for texts that have a character the table does not know.
        """
        found = Written(texts.starts.copy(), texts.sizes.copy())
        odd = np.zeros(len(texts.starts), dtype=np.bool_)
        self.room(_LONGEST_CHARACTER * int(texts.sizes.sum(dtype=np.int64)))
        self.place = _translate(self.out, self.place, found.starts, found.sizes, table, odd)
        rest = np.flatnonzero(odd)
        if not len(rest):
            return found
        return found.put(rest, self.texts(map(otherwise, self.read(texts.of(rest)))))


def character_table(replacements: Mapping[str, str]) -> Table:
    """For `Writer.translated`: a number for every character that UTF-8 writes in at most three bytes."""
    table = np.zeros(1 << 16, dtype=np.int32)
    for char, other in replacements.items():
        if len(other) > 1 or (other and ord(other) >= len(table)):
            if ord(char) < len(table):
                table[ord(char)] = _UNKNOWN
        elif ord(char) < len(table):
            table[ord(char)] = ord(other) if other else -1
    return table


@compiled(inline=True)
def _to_escape(word: int) -> bool:
    """Whether a byte of eight is a quote, a backslash or a control character; may also say so without reason."""
    ones, highs = np.uint64(0x0101010101010101), np.uint64(0x8080808080808080)
    quote, slash = word ^ np.uint64(0x2222222222222222), word ^ np.uint64(0x5C5C5C5C5C5C5C5C)
    low = (word - np.uint64(0x2020202020202020)) & ~word
    return bool((low | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & highs)


@compiled(inline=True)
def _has_to_escape(data: Bytes, at: Any, size: int) -> bool:
    place = 0
    while place + 8 <= size:
        if _to_escape(load_word(data, at + place)):
            return True
        place += 8
    while place < size:
        byte = data[at + place]
        if byte < 0x20 or byte == 0x22 or byte == 0x5C:  # noqa: PLR1714 - compiled
            return True
        place += 1
    return False


@compiled()
def _escape(data: Bytes, at: Any, size: int, out: Bytes, place: int) -> int:
    for place_in in range(size):
        byte = data[at + place_in]
        if byte >= 0x20:
            if byte == 0x22 or byte == 0x5C:  # noqa: PLR1714 - compiled
                out[place] = 0x5C
                place += 1
            out[place] = byte
            place += 1
            continue
        out[place] = 0x5C
        short = 0
        if byte == 8:
            short = 0x62
        elif byte == 9:
            short = 0x74
        elif byte == 10:
            short = 0x6E
        elif byte == 12:
            short = 0x66
        elif byte == 13:
            short = 0x72
        if short:
            out[place + 1] = short
            place += 2
            continue
        out[place + 1], out[place + 2], out[place + 3] = 0x75, 0x30, 0x30
        out[place + 4] = 0x30 + (byte >> 4)
        low = byte & 15
        out[place + 5] = 0x30 + low if low < 10 else 0x57 + low
        place += 6
    return place


@compiled(
    "int64(uint8[::1], uint8[::1], int32[:, ::1], int32[:, ::1], int64[::1], uint8[::1], int32[::1], boolean, uint8[::1],"
    " int64, int32[::1], int32[::1], int32[:, ::1])"
)
def _write_objects(
    buffer: Bytes,
    extra: Bytes,
    starts: Places,
    sizes: Places,
    rows: Rows,
    heads: Bytes,
    head_ends: Places,
    bare: bool,
    out: Bytes,
    place: int,
    object_starts: Places,
    object_sizes: Places,
    values: Places,
) -> int:
    limit = len(buffer)
    for number in range(len(rows)):
        row, begin = rows[number], place
        if place + 2 > len(out):
            return -1
        out[place] = 0x7B
        place += 1
        for column in range(starts.shape[0]):
            size = sizes[column, row]
            values[column, number] = 0
            if size == 0:
                continue
            first = head_ends[column - 1] if column > 0 else 0
            head = head_ends[column] - first
            if place + head + 6 * size + 3 > len(out):
                return -1
            copy_bytes(out, place, heads, first, head)
            place += head
            start = np.int64(starts[column, row])
            data, at = (buffer, start) if start < limit else (extra, start - limit)
            if _has_to_escape(data, at, size):
                values[column, number] = -1
                place = _escape(data, at, size, out, place)
            else:
                values[column, number] = place
                copy_bytes(out, place, data, at, size)
                place += size
            out[place], out[place + 1] = 0x22, 0x2C
            place += 2
        if place == begin + 1:
            if bare:
                place = begin
            else:
                out[place] = 0x7D
                place += 1
        else:
            out[place - 1] = 0x7D  # in the place of the last comma
        object_starts[number], object_sizes[number] = begin, place - begin
    return place


@compiled("int64(uint8[::1], uint8[::1], int32[::1], int32[::1], int64[::1], uint8[::1], int64, int32[::1])")
def _copy_cells(
    buffer: Bytes, extra: Bytes, starts: Places, sizes: Places, rows: Rows, out: Bytes, place: int, found: Places
) -> int:
    limit = len(buffer)
    for number in range(len(rows)):
        start, size = starts[rows[number]], sizes[rows[number]]
        found[number] = place
        if start < limit:
            copy_bytes(out, place, buffer, start, size)
        else:
            copy_bytes(out, place, extra, start - limit, size)
        place += size
    return place


@compiled("int64(uint8[::1], int64, int32[:, ::1], int32[:, ::1], int64, int32[::1], int32[::1])")
def _join(
    out: Bytes, place: int, starts: Places, sizes: Places, separator: int, found: Places, found_sizes: Places
) -> int:
    for row in range(starts.shape[1]):
        begin = place
        for part in range(starts.shape[0]):
            if part > 0 and separator >= 0:
                out[place] = separator
                place += 1
            copy_bytes(out, place, out, starts[part, row], sizes[part, row])
            place += sizes[part, row]
        found[row], found_sizes[row] = begin, place - begin
    return place


@compiled(inline=True)
def _character_at(data: Bytes, at: Any) -> Any:
    """The number of a character of at most three bytes; beyond 65 535 for a longer one."""
    byte = data[at]
    if byte < 0x80:
        return np.int64(byte)
    if byte < 0xE0:
        return np.int64((byte & 0x1F) << 6 | (data[at + 1] & 0x3F))
    if byte < 0xF0:
        return np.int64((byte & 0x0F) << 12 | (data[at + 1] & 0x3F) << 6 | (data[at + 2] & 0x3F))
    return np.int64(1 << 16)


@compiled(inline=True)
def _width(char: Any) -> int:
    return 1 if char < 0x80 else 2 if char < 0x800 else 3


@compiled()
def _changes(data: Bytes, at: Any, end: Any, table: Table) -> int:
    """0: no character of the text is replaced; 1: some are; 2: one is of four bytes or has a replacement not in the table."""
    found = 0
    while at < end:
        char = _character_at(data, at)
        if char > 0xFFFF or table[char] == -2:
            return 2
        if table[char]:
            found = 1
        at += _width(char)
    return found


@compiled("int64(uint8[::1], int64, int32[::1], int32[::1], int32[::1], boolean[::1])")
def _translate(out: Bytes, place: int, starts: Places, sizes: Places, table: Table, odd: Mask) -> int:
    for row in range(len(starts)):
        at = np.int64(starts[row])
        end = at + sizes[row]
        found = _changes(out, at, end, table)
        odd[row] = found == 2
        if found != 1:
            continue
        begin = place
        while at < end:
            char = _character_at(out, at)
            at += _width(char)
            other = table[char]
            if other == -1:
                continue
            if other:
                char = np.int64(other)
            if char < 0x80:
                out[place] = char
            elif char < 0x800:
                out[place], out[place + 1] = 0xC0 | char >> 6, 0x80 | char & 0x3F
            else:
                out[place], out[place + 1], out[place + 2] = (
                    0xE0 | char >> 12,
                    0x80 | char >> 6 & 0x3F,
                    0x80 | char & 0x3F,
                )
            place += _width(char)
        starts[row], sizes[row] = begin, place - begin
    return place
