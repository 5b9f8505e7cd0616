"""The loops of the serializer, compiled: which form of a value is shown, and the facts of many records as JSON.

They decide by the flags of a column alone and know no item. Values are copied as the store wrote them, quotes and escapes
included.
"""

from __future__ import annotations

from xinshu.kernel.compiled import compiled
from xinshu.kernel.flat_json import Bytes, Ints, Mask, Small
from xinshu.kernel.packing import copy_bytes

PERSONAL, LIFTED, FREE = 1, 2, 4
"""Flags of a column: its values are personal; their mask is lifted; long numbers in it are masked."""
FEWEST_DIGITS = 10
"""So many digits, blanks and hyphens in a row may be a number that is masked (`masking.mask_numbers` decides)."""
_ERA = 146_097  # days of 400 years
_FROM_MARCH = 730_425  # from 0000-03-01 to 2000-01-01
_FRAME = 64
"""Bytes of a fact beside its values, its prefix and its days, at most, without the places of masked ones."""


@compiled()
def _has(data: Bytes, start: int, size: int, sign: int) -> bool:
    at, end = start, start + size
    while at < end and data[at] != sign:
        at += 1
    return at < end


@compiled()
def _has_long_number(data: Bytes, start: int, size: int) -> bool:
    """Never missed: the lead bytes are those of all characters that a regular expression takes for digits (a test looks
    at each)."""
    run, at, end = 0, start, start + size
    while at < end:
        byte = data[at]
        if byte < 0x80:
            digit = 0x30 <= byte <= 0x39 or byte == 0x20 or byte == 0x2D  # noqa: PLR1714 - compiled
            at += 1
        elif byte < 0xE0:
            digit = byte == 0xD9 or byte == 0xDB or byte == 0xDF  # noqa: PLR1714 - compiled
            at += 2
        elif byte < 0xF0:
            digit = byte <= 0xE1 or byte == 0xEA
            if byte == 0xEF:
                digit = data[at + 1] == 0xBC and 0x90 <= data[at + 2] <= 0x99
            at += 3
        else:
            digit = True
            at += 4
        run = run + 1 if digit else 0
        if run == FEWEST_DIGITS:
            return True
    return False


@compiled(
    "int64(uint8[::1], int64[:, ::1], int32[:, ::1], int32[:, ::1], int32[::1], int32[::1], uint8[::1], boolean[:, ::1],"
    " boolean[:, ::1], boolean[::1])"
)
def judge(
    data: Bytes,
    starts: Ints,
    sizes: Small,
    own_sizes: Small,
    views: Small,
    firsts: Small,
    flags: Bytes,
    masked: Mask,
    numbers: Mask,
    filled: Mask,
) -> int:
    """Look at the values of every record: which stand masked, which texts may hold a long number, which records have a
    value at all. A value that was opened takes the place of the masked one: its size is in `own_sizes`, else that is 0.

    Returns the bytes of all values that may be shown.
    """
    room = 0
    for row in range(len(views)):
        first = firsts[views[row]]
        for column in range(firsts[views[row] + 1] - first):
            size, flag = sizes[row, column], flags[first + column]
            if size < 0:
                continue
            room += size + 3
            if size <= 2:
                own_sizes[row, column] = 0
                continue
            filled[row] = True
            if flag & PERSONAL and flag & LIFTED and own_sizes[row, column] > 2:
                room += own_sizes[row, column]
                continue
            own_sizes[row, column] = 0
            if flag & PERSONAL:
                masked[row, column] = _has(data, starts[row, column], size, 0x2A)
            elif flag & FREE:
                numbers[row, column] = _has_long_number(data, starts[row, column], size)
    return room


@compiled()
def _write_digits(out: Bytes, at: int, digits: int, number: int) -> int:
    """Write a number with so many digits; the place after it."""
    for place in range(at + digits - 1, at - 1, -1):
        out[place] = 0x30 + number % 10
        number //= 10
    return at + digits


@compiled()
def _write_day(out: Bytes, at: int, day: int) -> int:
    """Write a day of the years 1 to 9999, counted from 2000-01-01, as an ISO text in quotes; the place after it.

    Eras of 400 years that begin in March, as in `days_from_civil` of H. Hinnant (public domain)."""
    day += _FROM_MARCH
    era, left = day // _ERA, day % _ERA
    year = (left - left // 1460 + left // 36524 - left // 146096) // 365
    left -= 365 * year + year // 4 - year // 100
    month = (5 * left + 2) // 153
    left -= (153 * month + 2) // 5
    out[at] = 0x22
    at = _write_digits(out, at + 1, 4, era * 400 + year + (1 if month >= 10 else 0))
    out[at] = 0x2D
    at = _write_digits(out, at + 1, 2, month + 3 if month < 10 else month - 9)
    out[at] = 0x2D
    at = _write_digits(out, at + 1, 2, left + 1)
    out[at] = 0x22
    return at + 1


@compiled()
def _write_number(out: Bytes, at: int, number: int) -> int:
    """Write a number below a thousand in decimal; the place after it."""
    if number >= 100:
        out[at] = 0x30 + number // 100
        at += 1
    if number >= 10:
        out[at] = 0x30 + number // 10 % 10
        at += 1
    out[at] = 0x30 + number % 10
    return at + 1


@compiled()
def _write_values(
    data: Bytes, starts: Ints, sizes: Small, own: Bytes, own_starts: Ints, own_sizes: Small, out: Bytes, at: int
) -> int:
    """Write the values of a record and a comma after each; the place after them, without the last comma."""
    begin = at
    for column in range(len(sizes)):
        if sizes[column] < 0:
            continue
        if own_sizes[column] > 0:
            copy_bytes(out, at, own, own_starts[column], own_sizes[column])
            at += own_sizes[column]
        elif sizes[column] > 0:
            copy_bytes(out, at, data, starts[column], sizes[column])
            at += sizes[column]
        else:
            out[at], out[at + 1] = 0x22, 0x22
            at += 2
        out[at] = 0x2C
        at += 1
    return max(at - 1, begin)


@compiled()
def _write_masked(sizes: Small, masked: Mask, out: Bytes, at: int) -> int:
    """The same for the places of those that stand masked, among the columns that there are."""
    place, begin = 0, at
    for column in range(len(sizes)):
        if masked[column]:
            at = _write_number(out, at, place)
            out[at] = 0x2C
            at += 1
        place += sizes[column] >= 0
    return max(at - 1, begin)


@compiled(
    "void(uint8[::1], int64[:, ::1], int32[:, ::1], uint8[::1], int64[:, ::1], int32[:, ::1], boolean[:, ::1], boolean[::1],"
    " uint8[::1], int64[::1], int64[::1], int32[::1], int32[::1], boolean[::1], int32[::1], uint8[::1], int64[::1])"
)
def write(
    data: Bytes,
    starts: Ints,
    sizes: Small,
    own: Bytes,
    own_starts: Ints,
    own_sizes: Small,
    masked: Mask,
    filled: Mask,
    prefixes: Bytes,
    prefix_starts: Ints,
    prefix_sizes: Ints,
    prefix_of: Small,
    events: Small,
    dated: Mask,
    received: Small,
    out: Bytes,
    ends: Ints,
) -> None:
    """The fact of each record that has a value, and a comma: `[heading,source,event,received,[values],[masked]],`.

    Args:
        own: bytes in which opened values lie; those of size 0 are taken from `data`.
        prefixes: the parts up to the source; `prefix_of`: which one a record has.
        events, received: days from 2000-01-01; `dated`: whether there is a day of the event.
        ends: set to where the fact of each record ends in `out`.
    """
    at = 0
    for row in range(len(filled)):
        if filled[row]:
            prefix = prefix_of[row]
            copy_bytes(out, at, prefixes, prefix_starts[prefix], prefix_sizes[prefix])
            at += prefix_sizes[prefix]
            if dated[row]:
                at = _write_day(out, at, events[row])
            else:
                out[at], out[at + 1], out[at + 2], out[at + 3] = 0x6E, 0x75, 0x6C, 0x6C
                at += 4
            out[at] = 0x2C
            at = _write_day(out, at + 1, received[row])
            out[at], out[at + 1] = 0x2C, 0x5B
            at = _write_values(data, starts[row], sizes[row], own, own_starts[row], own_sizes[row], out, at + 2)
            out[at], out[at + 1], out[at + 2] = 0x5D, 0x2C, 0x5B
            at = _write_masked(sizes[row], masked[row], out, at + 3)
            out[at], out[at + 1], out[at + 2] = 0x5D, 0x5D, 0x2C
            at += 3
        ends[row] = at


def room_for(records: int, columns: int, values: int, prefixes: int) -> int:
    """Bytes that are enough for `write`. `values`: as `judge` says; `prefixes`: bytes of those of all records."""
    return records * (_FRAME + 4 * columns) + values + prefixes
