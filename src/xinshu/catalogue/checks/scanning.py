"""Compiled loops that look at the bytes of cells: which ones have to be inspected, which texts are the same, digests.

They may name too many cells, never too few: what they clear, `inspection.inspect` neither changes nor flags
(`tests/catalogue/test_screening.py` compares the two). `screening` says what is asked of which column; nothing here
knows an item.

`scan` goes through a chunk by blocks of rows that stay in the processor's cache while every column is looked at. Long because
numba keeps compiled code by the file it comes from, and would not notice a change in another one.
"""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

import numpy as np
import numpy.typing as npt

from xinshu.kernel.cells import Bytes, Places
from xinshu.kernel.compiled import compiled, load_word
from xinshu.kernel.lanes import LANES, At, Lanes, first_lanes, lane_mask, lowest
from xinshu.kernel.patterns import CAN_MATCH, Pattern, matching, pattern_of

Mask = npt.NDArray[np.bool_]
Flags = npt.NDArray[np.uint8]
Days = npt.NDArray[np.int32]
Numbers = npt.NDArray[np.int64]
Digests = npt.NDArray[np.uint64]

NO_DAY = -(2**31)
ANY, SHORT, NOTHING_WORD, TEST_WORD = 1, 2, 3, 4
"""How a placeholder may begin, in the table of first characters: in a cell of any length, in a short one, with 无, with 测."""
HEAD, HEAD_TEXT, HEAD_SHORT = 1, 2, 4
"""What a cell may be by its first character: a blank or an error value, a placeholder of any length, one of few bytes."""
FILLED, TEXT, OTHER_NUMBER, DOCUMENT_NUMBER, DATE, AMOUNT, CREDIT_CODE, ORGANISATION_CODE, CITIZEN_ID, REPEATING = (
    range(10)
)
"""What is asked of a column. FILLED names every cell that is not empty."""

_ROWS = 256  # rows looked at in all columns before the next ones
_RUN = 11  # the shortest number looked for is a mobile phone's
_NOWHERE = 2**31 - 1  # after every text
_NORMAL = 1024  # bytes of a text that are compared in their normal form here
_SHORT_BYTES = 15  # the longest placeholder that begins like an ordinary word has 12 bytes
_ONE, _TWO = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53)  # odd numbers that spread bits well
_HALF = np.uint64(32)
_RARE = ("屯屾", "浜浗", "烫", "拷", "徃", "檺", "锟")  # each word of text.is_garbled has one of these characters


@compiled(inline=True)
def _digit_like(byte: int) -> bool:
    return (0x30 <= byte <= 0x39) | (byte == 0x20) | (byte == 0x2D)


@compiled()
def _long_number(buffer: Bytes, begin: int, end: int) -> int:
    """Where in the run of digits, blanks and hyphens that begins here a long number may begin, or -1."""
    stop = begin
    while stop < end and _digit_like(buffer[stop]):
        stop += 1
    while begin < stop and not 0x30 <= buffer[begin] <= 0x39:
        begin += 1
    return begin if stop - begin >= _RUN else -1


@compiled(inline=True)
def _row_of(ends: Places, row: int, place: int) -> int:
    """The row in which a place lies, `row` or a later one."""
    while row < len(ends) and ends[row] <= place:
        row += 1
    return row


@compiled()
def _mark_cell(starts: Places, sizes: Places, row: int, place: int, odd: Mask) -> None:
    """Mark the cell of a row in which a place lies, if any."""
    for column in range(starts.shape[0]):
        start = starts[column, row]
        if start <= place < start + sizes[column, row]:
            odd[column, row] = True
            break


def _odd(at: At) -> Lanes:
    """Where a character begins that a cell is to be inspected for."""
    byte, one, two = at(0), at(1), at(2)
    control = ((byte < 0x20) & (byte != 0x09) & (byte != 0x0A)) | (byte == 0x7F)
    # two-byte characters and U+0800-U+1FFF, private use, planes 3 and up
    foreign = byte.between(0xC2, 0xE1) | (byte == 0xEE) | (byte >= 0xF3)
    general = (byte == 0xE2) & (  # U+200B-U+200F, U+202A-U+202E, U+2040-U+207F
        (one == 0x81) | ((one == 0x80) & (two.between(0x8B, 0x8F) | two.between(0xAA, 0xAE)))
    )
    wide = (byte == 0xEF) & (  # private use, U+FEC0-U+FEFF, full-width letters and digits, U+FFFD-U+FFFF
        (one < 0xA4)
        | (one == 0xBB)
        | ((one == 0xBC) & (two.between(0x90, 0x99) | two.between(0xA1, 0xBA)))
        | ((one == 0xBD) & (two < 0x9B))
        | ((one == 0xBF) & (two >= 0xBD))
    )
    found = control | foreign | general | wide
    rare = [char.encode() for char in "".join(_RARE)]
    for lead in sorted({each[0] for each in rare}):
        tails = [(one == each[1]) & (two == each[2]) for each in rare if each[0] == lead]
        found |= (byte == lead) & reduce(or_, tails)
    return found


_ANY = ""
_ODD_PATTERNS: tuple[Pattern, ...] = (
    (("0", "012345678BCDEF"),),  # control characters
    (("1D", _ANY),),
    (("CF", "23456789ABCDEF"),),  # two-byte characters, planes 3 and up
    (("E", "012E"),),  # U+0800-U+2FFF, private use
    (("E", "F"), (_ANY, "0123456789ABDEF")),  # U+F000-U+FFFF but what stands beside the comma U+FF0C
    (("E", "F"), ("89A", _ANY)),
    (("E", "F"), (_ANY, _ANY), ("9", "0123456789")),  # full-width digits and capitals
    (("E", "F"), (_ANY, _ANY), ("AB", _ANY)),
)
_RARE_PATTERNS: tuple[Pattern, ...] = (*map(pattern_of, _RARE), (("7", "F"),))


def _perhaps_odd(at: At) -> Lanes:
    """Where `_odd` may say yes, in a third of the instructions."""
    return matching(at, _ODD_PATTERNS) | matching(at, _RARE_PATTERNS)


_odd_at = lane_mask(_odd)
_perhaps_odd_at = lane_mask(_perhaps_odd if CAN_MATCH else _odd)
_digit_like_at = lane_mask(lambda at: at(0).between(0x30, 0x39) | at(0).among(0x20, 0x2D))


@compiled(inline=True)
def _later(here: Any, next_ones: Any, distance: int) -> Any:
    """The answers so many places on."""
    return (here >> np.uint64(distance)) | (next_ones << np.uint64(LANES - distance))


@compiled(inline=True)
def _run_starts(before: Any, here: Any, following: Any) -> Any:
    """Where runs of at least `_RUN` (11) begin in 64 answers, known those before and after them."""
    two, more_two = here & _later(here, following, 1), following & (following >> np.uint64(1))
    four, more_four = two & _later(two, more_two, 2), more_two & (more_two >> np.uint64(2))
    eight = four & _later(four, more_four, 4)
    return eight & _later(four, more_four, _RUN - 4) & ~((here << np.uint64(1)) | (before >> np.uint64(63)))


@compiled()
def _mark(
    buffer: Bytes,
    begin: int,
    end: int,
    starts: Places,
    sizes: Places,
    ends: Places,
    top: int,
    odd: Mask,
    runs: Places,
    first_runs: Places,
) -> None:
    """Mark the odd cells of the rows from `top` on whose text lies from `begin` to `end`. Fills `runs` with the places
    where a long number may begin, in ascending order, and `first_runs` with the number in `runs` of each row's first one
    (of the one after it, or of a last place that is none, where a row has none)."""
    row, found, filled = top, 0, 0
    before, here = np.uint64(0), _digit_like_at(buffer, begin) & first_lanes(end - begin)
    for block in range(begin, end, LANES):
        following = np.uint64(0)
        if block + LANES < end:
            following = _digit_like_at(buffer, block + LANES) & first_lanes(end - block - LANES)
        odd_ones = np.uint64(0)
        if _perhaps_odd_at(buffer, block) != 0:
            odd_ones = _odd_at(buffer, block) & first_lanes(end - block)
        events = odd_ones | _run_starts(before, here, following)
        before, here = here, following
        while events != 0:
            lane = lowest(events)
            events &= events - np.uint64(1)
            if (odd_ones >> np.uint64(lane)) & np.uint64(1):
                row = _row_of(ends, row, block + lane)
                if row < len(ends):
                    _mark_cell(starts, sizes, row, block + lane, odd)
                continue
            place = block + lane
            if not 0x30 <= buffer[place] <= 0x39:  # a run that begins with a digit is one as it stands
                place = _long_number(buffer, place, end)
            if place >= 0:
                row = _row_of(ends, row, place)
                while filled <= row - top and filled < len(first_runs):
                    first_runs[filled] = found
                    filled += 1
                runs[found] = place
                found += 1
    runs[found] = _NOWHERE
    first_runs[filled:] = found


@compiled(inline=True)
def _character(buffer: Bytes, at: int) -> Any:
    """The code point of a three-byte character."""
    return (buffer[at] & 0x0F) << 12 | (buffer[at + 1] & 0x3F) << 6 | (buffer[at + 2] & 0x3F)


@compiled(inline=True)
def _blank_at(buffer: Bytes, at: int, size: int) -> bool:
    """Whether a white space begins there. Those of two bytes, and U+1680, are marked as odd."""
    byte = buffer[at]
    if byte == 0x20 or 0x09 <= byte <= 0x0D:
        return True
    if size < 3 or byte not in (0xE2, 0xE3):
        return False
    char = _character(buffer, at)
    return 0x2000 <= char <= 0x200A or char in (0x2028, 0x2029, 0x202F, 0x205F, 0x3000)


@compiled(inline=True)
def _placeholder_like(buffer: Bytes, at: int, size: int, first: Flags) -> bool:
    """Whether the cell begins as a placeholder may."""
    byte = buffer[at]
    kind = first[byte] if byte < 0x80 else (first[_character(buffer, at)] if size >= 3 and byte >= 0xE0 else 0)
    if kind == 0:
        return False
    if kind == SHORT:
        return size <= _SHORT_BYTES
    if kind == NOTHING_WORD:  # 无, 无无, 无数据, 无内容, 无信息
        return size < 6 or _character(buffer, at + 3) in (0x65E0, 0x6570, 0x5185, 0x4FE1)
    if kind == TEST_WORD:  # 测试
        return size < 6 or _character(buffer, at + 3) == 0x8BD5
    return True


@compiled()
def _odd_text(buffer: Bytes, at: int, size: int, first: Flags, scientific: bool) -> bool:
    """Whether a text of allowed length begins or ends as one that has to be inspected."""
    byte = buffer[at]
    return (
        byte == 0x23  # an error value of a spreadsheet: #DIV/0!, Err:502
        or (byte == 0x45 and size > 3 and buffer[at + 1] == 0x72 and buffer[at + 2] == 0x72)
        or _blank_at(buffer, at, size)
        or _blank_at(buffer, at + size - 1, 1)
        or (size >= 3 and _blank_at(buffer, at + size - 3, 3) and buffer[at + size - 3] >= 0xE0)
        or (not scientific and _placeholder_like(buffer, at, size, first))
        or (
            scientific
            and size >= 4
            and 0x30 <= byte <= 0x39
            and (buffer[at + 1] | 0x20 == 0x65 or buffer[at + 1] == 0x2E)
        )
    )


@compiled()
def _odd_texts(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    runs: Places,
    first_runs: Places,
    longest: int,
    first: Flags,
    heads: Flags,
    long_numbers: bool,
    scientific: bool,
    out: Mask,
) -> None:
    """Texts, those with odd characters named already: `runs` and `first_runs` are the places of long numbers (`_mark`), looked
    for if wanted, `longest` the bytes allowed, `first` and `heads` tables of first characters, `scientific` whether numbers such
    as 9.1E+17 are looked for. Nearly all texts are cleared by what can be answered without a branch."""
    always = np.uint8(HEAD | (0 if scientific else HEAD_TEXT))
    short = np.uint8(HEAD | (0 if scientific else HEAD_TEXT | HEAD_SHORT))
    for row in range(len(starts)):
        size, at = sizes[row], starts[row]
        end = at + size
        last, middle, third = buffer[end - 1], buffer[end - 2], buffer[end - 3]
        tail = (
            (last == 0x20)
            | ((last >= 0x09) & (last <= 0x0D))
            | ((third == 0xE3) & (middle == 0x80) & (last == 0x80))
            | ((third == 0xE2) & (middle <= 0x81) & (middle >= 0x80))
        )
        byte, second = buffer[at], buffer[at + 1]
        char = byte if byte < 0x80 else _character(buffer, at) & 0xFFFF
        head = heads[char] & (short if size <= _SHORT_BYTES else always)
        number = scientific & (((second | 0x20) == 0x65) | (second == 0x2E))
        run = long_numbers & (runs[first_runs[row]] < end)
        if (tail | (head != 0) | number | run | (size > longest)) & (size != 0):
            at_run = first_runs[row]
            while runs[at_run] < at:
                at_run += 1
            out[row] = (
                out[row]
                or size > longest
                or (long_numbers and runs[at_run] < end)
                or _odd_text(buffer, at, size, first, scientific)
            )


@compiled(inline=True)
def _digits(buffer: Bytes, at: int, count: int) -> int:
    """The number that so many digits make; -1 when one is none."""
    number = 0
    for place in range(at, at + count):
        digit = buffer[place] - 0x30
        if not 0 <= digit <= 9:
            return -1
        number = number * 10 + digit
    return number


@compiled(inline=True)
def _day_number(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a date of the Gregorian calendar; NO_DAY when there is none."""
    if year < 1 or not 1 <= month <= 12 or day < 1:
        return NO_DAY
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 30 if month in (4, 6, 9, 11) else (28 + leap if month == 2 else 31)
    if day > last:
        return NO_DAY
    shifted = year - (month <= 2)  # years from March: the leap day comes last
    of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    return shifted * 365 + shifted // 4 - shifted // 100 + shifted // 400 + of_year - 719468


@compiled()
def _odd_dates(buffer: Bytes, starts: Places, sizes: Places, last: int, out: Mask, days: Days) -> None:
    """Dates other than yyyy-mm-dd, impossible or after day number `last`; `days`: day number of the others, NO_DAY."""
    for row in range(len(starts)):
        size, at = sizes[row], starts[row]
        day = NO_DAY
        if size == 10 and buffer[at + 4] == 0x2D and buffer[at + 7] == 0x2D and 0x31 <= buffer[at] <= 0x32:
            year, month, of_month = _digits(buffer, at, 4), _digits(buffer, at + 5, 2), _digits(buffer, at + 8, 2)
            day = _day_number(year, month, of_month)
        out[row] = size != 0 and (day == NO_DAY or day > last)
        days[row] = NO_DAY if out[row] else day


@compiled()
def _plain_number(buffer: Bytes, at: int, size: int, longest: int, limit: float) -> bool:
    if size > longest or not 0x30 <= buffer[at] <= 0x39:
        return False
    value, place, end = 0.0, at, at + size
    while place < end and 0x30 <= buffer[place] <= 0x39:
        value = value * 10 + (buffer[place] - 0x30)
        place += 1
    if place - at > 1 and buffer[at] == 0x30:
        return False
    if place < end:
        if buffer[place] != 0x2E or not 0x31 <= buffer[end - 1] <= 0x39 or place == end - 1:
            return False
        part = 0.1
        for digit in range(place + 1, end):
            if not 0x30 <= buffer[digit] <= 0x39:
                return False
            value += (buffer[digit] - 0x30) * part
            part /= 10
    return value < limit


@compiled()
def _odd_amounts(buffer: Bytes, starts: Places, sizes: Places, longest: int, limit: float, out: Mask) -> None:
    """Numbers not in plain decimal form (no zeros that say nothing), too long, or from `limit` on."""
    for row in range(len(starts)):
        size, at = sizes[row], starts[row]
        out[row] = size != 0 and not _plain_number(buffer, at, size, longest, limit)


@compiled()
def _odd_credit_codes(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    values: Flags,
    weights: npt.NDArray[np.int64],
    categories: Mask,
    regions: Mask,
    out: Mask,
) -> None:
    """Credit codes (GB 32100-2015) that are not clean. `values`: number of each byte, 255 for none."""
    for row in range(len(starts)):
        size, at = sizes[row], starts[row]
        if size != 18:
            out[row] = size != 0
            continue
        total, good = 0, True
        for place in range(17):
            number = values[buffer[at + place]]
            good = good and number < 31
            total += number * weights[place]
        region = _digits(buffer, at + 2, 6)
        good = good and -total % 31 == values[buffer[at + 17]] and region >= 0
        out[row] = not (good and categories[buffer[at], buffer[at + 1]] and regions[region])


@compiled()
def _odd_organisation_codes(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    values: Flags,
    weights: npt.NDArray[np.int64],
    checks: Flags,
    out: Mask,
) -> None:
    """Organisation codes (GB 11714-1997) that are not nine clean characters. `checks`: check character of each
    remainder."""
    for row in range(len(starts)):
        size, at = sizes[row], starts[row]
        if size != 9:
            out[row] = size != 0
            continue
        total, good = 0, True
        for place in range(8):
            number = values[buffer[at + place]]
            good = good and number < 36
            total += number * weights[place]
        out[row] = not (good and buffer[at + 8] == checks[total % 11])


@compiled()
def _odd_citizen_ids(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    weights: npt.NDArray[np.int64],
    checks: Flags,
    first: int,
    last: int,
    out: Mask,
) -> None:
    """Citizen ids (GB 11643-1999) other than 18 clean characters with a birth date from day `first` to day `last`."""
    for row in range(len(starts)):
        size, at = sizes[row], starts[row]
        if size != 18:
            out[row] = size != 0
            continue
        total, good = 0, _digits(buffer, at, 9) >= 0 and _digits(buffer, at + 9, 8) >= 0
        for place in range(17):
            total += (buffer[at + place] - 0x30) * weights[place]
        birth = _day_number(_digits(buffer, at + 6, 4), _digits(buffer, at + 10, 2), _digits(buffer, at + 12, 2))
        out[row] = not (good and buffer[at + 17] == checks[total % 11] and first <= birth <= last)


@compiled(inline=True)
def _bracket(buffer: Bytes, at: int, end: int, ascii_one: int, ascii_two: int, marks: Flags, kind: int) -> int:
    """The bytes of an opening or closing bracket there, or 0."""
    if at >= end:
        return 0
    byte = buffer[at]
    if byte in (ascii_one, ascii_two):
        return 1
    if byte < 0xE0 or at + 3 > end:
        return 0
    return 3 if marks[_character(buffer, at)] == kind else 0


def _not_of_issuer(at: At) -> Lanes:
    """Where no letter and no Han character stands."""
    byte = at(0)
    signs = (byte < 0x41) | byte.between(0x5B, 0x60) | byte.between(0x7B, 0x7F)
    return signs | byte.between(0xC0, 0xE3) | (byte >= 0xEA)


_not_of_issuer_at = lane_mask(_not_of_issuer)
_not_digit_at = lane_mask(lambda at: (at(0) < 0x30) | (at(0) >= 0x3A))


@compiled(inline=True)
def _year_in_brackets(buffer: Bytes, place: int) -> bool:
    """Whether 〔1900〕 to 〔2099〕 stands there."""
    word = load_word(buffer, place)
    year = word >> np.uint64(24)
    century, rest = year & np.uint64(0xFFFF), year & np.uint64(0xFFFF0000)
    more = (rest + np.uint64(0x06060000)) & np.uint64(0xF0F00000)  # two digits: no half beyond 9
    return bool(
        (word & np.uint64(0xFFFFFF) == 0x9480E3)
        & ((century == 0x3931) | (century == 0x3032))
        & (rest & np.uint64(0xF0F00000) == 0x30300000)
        & (more == 0x30300000)
        & (load_word(buffer, place + 7) & np.uint64(0xFFFFFF) == 0x9580E3)
    )


@compiled()
def _other_year_in_brackets(buffer: Bytes, place: int, end: int, brackets: Flags) -> int:
    """The place after a year in other brackets; -1 when there is none."""
    opening = _bracket(buffer, place, end, 0x28, 0x5B, brackets, 1)
    place += opening
    if opening == 0 or place + 4 > end or not 1900 <= _digits(buffer, place, 4) <= 2099:
        return -1
    closing = _bracket(buffer, place + 4, end, 0x29, 0x5D, brackets, 2)
    return place + 4 + closing if closing else -1


@compiled(inline=True)
def _document_number(buffer: Bytes, at: int, size: int, brackets: Flags) -> bool:
    end, place, others = at + size, at, np.uint64(0)
    while place < end and others == 0:  # who issued it
        others = _not_of_issuer_at(buffer, place)
        place += lowest(others) if others != 0 else LANES
    if place == at:
        return False
    place = place + 10 if _year_in_brackets(buffer, place) else _other_year_in_brackets(buffer, place, end, brackets)
    if place < 0:
        return False
    if load_word(buffer, place) & np.uint64(0xFFFFFF) == 0xACACE7:  # 第
        place += 3
    others = _not_digit_at(buffer, place)
    digits = lowest(others) if others != 0 else LANES
    place += digits
    return digits > 0 and place + 3 == end and load_word(buffer, place) & np.uint64(0xFFFFFF) == 0xB78FE5  # 号


@compiled()
def _odd_document_numbers(
    buffer: Bytes, starts: Places, sizes: Places, longest: int, brackets: Flags, out: Mask
) -> None:
    """Document numbers not of the form 某某〔2026〕第17号. `brackets`: 1 opening, 2 closing, by code point."""
    for row in range(len(starts)):
        size, at = sizes[row], starts[row]
        out[row] = size != 0 and (out[row] or size > longest or not _document_number(buffer, at, size, brackets))


@compiled()
def _digest(buffer: Bytes, at: int, size: int, factor: Any) -> Any:
    """64 bits of a text, for tables (no secret in it)."""
    state = np.uint64(size + 1) * np.uint64(0x9E3779B97F4A7C15)
    place = 0
    while place < size:
        word = load_word(buffer, at + place)
        if place + 8 > size:
            word &= (np.uint64(1) << np.uint64(8 * (size - place))) - np.uint64(1)
        state = (state ^ word) * factor
        state ^= state >> _HALF
        place += 8
    return state


@compiled()
def _digest_twice(buffer: Bytes, at: int, size: int, digests: Digests, row: int) -> None:
    """`_digest` with both factors."""
    one = two = np.uint64(size + 1) * np.uint64(0x9E3779B97F4A7C15)
    place = 0
    while place < size:
        word = load_word(buffer, at + place)
        if place + 8 > size:
            word &= (np.uint64(1) << np.uint64(8 * (size - place))) - np.uint64(1)
        one, two = (one ^ word) * _ONE, (two ^ word) * _TWO
        one, two = one ^ (one >> _HALF), two ^ (two >> _HALF)
        place += 8
    digests[0, row], digests[1, row] = one, two


@compiled(inline=True)
def _same(buffer: Bytes, one: int, other: int, size: int) -> bool:
    place = 0
    while place + 8 <= size:
        if load_word(buffer, one + place) != load_word(buffer, other + place):
            return False
        place += 8
    while place < size:
        if buffer[one + place] != buffer[other + place]:
            return False
        place += 1
    return True


@compiled()
def _tell_apart(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    top: int,
    bottom: int,
    numbers: Places,
    first: Places,
    table: Places,
    count: int,
) -> int:
    """Go on numbering the different texts of a column; how many there are by now, or -1 when `first` has no more room."""
    for row in range(top, bottom):
        at, size = starts[row], sizes[row]
        if row > 0 and size == sizes[row - 1] and _same(buffer, starts[row - 1], at, size):  # very often
            numbers[row] = numbers[row - 1]
            continue
        slot = np.int64(_digest(buffer, at, size, _ONE) & np.uint64(len(table) - 1))
        while True:
            number = table[slot]
            if number < 0:
                if count == len(first):
                    return -1
                table[slot], first[count], numbers[row] = count, row, count
                count += 1
                break
            other = first[number]
            if sizes[other] == size and _same(buffer, starts[other], at, size):
                numbers[row] = number
                break
            slot = (slot + 1) & (len(table) - 1)
    return count


def _changed(at: At) -> Lanes:
    """Where comparing may change a character: all but Han characters, A-Z, 0-9, hyphens and 〔〕."""
    byte, one, two = at(0), at(1), at(2)
    other_bracket = (byte == 0xE3) & ((one != 0x80) | (two < 0x94) | (two >= 0x96))
    signs = (byte < 0x2D) | byte.between(0x2E, 0x2F) | byte.between(0x3A, 0x40) | byte.between(0x5B, 0x7F)
    return signs | byte.between(0xC0, 0xE2) | other_bracket | (byte >= 0xEA)


_changed_at = lane_mask(_changed)


@compiled()
def _normal(buffer: Bytes, at: int, end: int) -> bool:
    """Whether comparing changes no character of a text."""
    changed = np.uint64(0)
    for block in range(at, end, LANES):
        changed |= _changed_at(buffer, block) & first_lanes(end - block)
    return bool(changed == 0)


@compiled()
def _write_normal(buffer: Bytes, at: int, end: int, out: Bytes) -> int:
    """Write a text as it is compared, if it has nothing to change but brackets and small letters; its bytes, or -1."""
    size = 0
    while at < end:
        byte = buffer[at]
        bracket = 0
        if byte == 0x28 or byte == 0x5B:  # noqa: PLR1714 - compiled, a comparison of two is faster than a tuple
            bracket, width = 0x94, 1
        elif byte == 0x29 or byte == 0x5D:  # noqa: PLR1714
            bracket, width = 0x95, 1
        elif byte == 0xE3 or byte == 0xEF:  # noqa: PLR1714
            char = _character(buffer, at)
            width = 3
            if char in (0xFF08, 0xFF3B, 0x3010, 0x3014):
                bracket = 0x94
            elif char in (0xFF09, 0xFF3D, 0x3011, 0x3015):
                bracket = 0x95
            else:
                return -1
        elif 0xE4 <= byte <= 0xE9:
            width = 3
        elif 0x30 <= byte <= 0x39 or 0x41 <= (byte & 0xDF) <= 0x5A or byte == 0x2D:
            width = 1
        else:
            return -1
        if size + 3 > len(out) - 8:
            return -1
        if bracket:
            out[size], out[size + 1], out[size + 2] = 0xE3, 0x80, bracket
            size += 3
        elif width == 3:
            out[size], out[size + 1], out[size + 2] = byte, buffer[at + 1], buffer[at + 2]
            size += 3
        else:
            out[size] = byte - 32 if byte >= 0x61 else byte
            size += 1
        at += width
    return size


@compiled()
def _key_texts(
    buffer: Bytes, starts: Places, sizes: Places, name: bool, digests: Digests, care: Mask, normal: Bytes
) -> None:
    """Two digests of each cell. `care`: cells of a `name` column that read otherwise as they are compared, in a way not
    known here. `normal`: room to write in."""
    for row in range(len(starts)):
        at, size = starts[row], sizes[row]
        if name and not _normal(buffer, at, at + size):
            written = _write_normal(buffer, at, at + size, normal)
            care[row] = written < 0
            if written >= 0:
                _digest_twice(normal, 0, written, digests, row)
        else:
            _digest_twice(buffer, at, size, digests, row)


@compiled("void(uint8[::1], int32[::1], int32[::1], uint64[:, ::1])", short=True)
def digest_cells(buffer: Bytes, starts: Places, sizes: Places, digests: Digests) -> None:
    """Two digests of each cell; the buffer is padded."""
    for row in range(len(starts)):
        _digest_twice(buffer, starts[row], sizes[row], digests, row)


@compiled(
    "void(uint8[::1], int32[:, ::1], int32[:, ::1], int32[::1], int64[:, ::1], float64[::1], uint8[::1],"
    " uint8[::1], uint8[::1], uint8[::1], int64[::1], boolean[:, ::1], boolean[::1], uint8[::1], int64[::1], uint8[::1],"
    " int64[::1], uint8[::1], boolean[:, ::1], int32[:, ::1], int32[:, ::1], int32[:, ::1], int32[:, ::1], int64[::1],"
    " uint64[:, :, ::1], boolean[:, ::1])"
)
def scan(
    buffer: Bytes,
    starts: Places,
    sizes: Places,
    ends: Places,
    asked: Numbers,
    limits: npt.NDArray[np.float64],
    first: Flags,
    heads: Flags,
    brackets: Flags,
    credit_values: Flags,
    credit_weights: Numbers,
    categories: Mask,
    regions: Mask,
    organisation_values: Flags,
    organisation_weights: Numbers,
    organisation_checks: Flags,
    citizen_weights: Numbers,
    citizen_checks: Flags,
    out: Mask,
    days: Days,
    numbers: Places,
    firsts: Places,
    tables: Places,
    counts: Numbers,
    digests: Digests,
    care: Mask,
) -> None:
    """Look at all cells of a chunk. Long because compiled code takes arrays one by one, and every kind of question has its
    branch.

    Args:
        asked: shape (columns, 8): what is asked of the column, the longest text in bytes, 1 when long numbers count, first and
            last day, the place of the column in `days` or in `numbers`, `firsts`, `tables` and `counts`, its place in
            `digests` and `care` (-1: none), 1 when its digests are of normalised text.
        limits: the amount from which on a number is named.
        first, brackets: what characters may begin a placeholder; 1 opening, 2 closing bracket; both by code point.
        heads: HEAD, HEAD_TEXT, … by code point.
        out: the cells named; zeros at first. days: day numbers of good dates, else NO_DAY.
        numbers, firsts, tables, counts: as `_tell_apart` has them; `tables` begin with -1, their width is a power of 2.
        digests, care: two digests of each cell of a key column, and the cells that normalising may change.
    """
    begin = 0
    normal, first_runs = np.empty(_NORMAL, dtype=np.uint8), np.empty(_ROWS, dtype=np.int32)
    for top in range(0, len(ends), _ROWS):
        bottom = min(top + _ROWS, len(ends))
        runs = np.empty((ends[bottom - 1] - begin) // _RUN + 2, dtype=np.int32)
        _mark(buffer, begin, ends[bottom - 1], starts, sizes, ends, top, out, runs, first_runs[: bottom - top])
        begin = ends[bottom - 1]
        for column in range(len(starts)):
            at, size, found = starts[column, top:bottom], sizes[column, top:bottom], out[column, top:bottom]
            kind, longest, long_numbers = asked[column, 0], asked[column, 1], asked[column, 2]
            early, late, place, part = asked[column, 3], asked[column, 4], asked[column, 5], asked[column, 6]
            if kind == REPEATING:
                found[:] = False
                if counts[place] >= 0:
                    counts[place] = _tell_apart(
                        buffer,
                        starts[column],
                        sizes[column],
                        top,
                        bottom,
                        numbers[place],
                        firsts[place],
                        tables[place],
                        counts[place],
                    )
            elif kind in (TEXT, OTHER_NUMBER):
                _odd_texts(
                    buffer,
                    at,
                    size,
                    runs,
                    first_runs,
                    longest,
                    first,
                    heads,
                    long_numbers == 1,
                    kind == OTHER_NUMBER,
                    found,
                )
            elif kind == DOCUMENT_NUMBER:
                _odd_document_numbers(buffer, at, size, longest, brackets, found)
            elif kind == DATE:
                _odd_dates(buffer, at, size, late, found, days[place, top:bottom])
            elif kind == AMOUNT:
                _odd_amounts(buffer, at, size, longest, limits[column], found)
            elif kind == CREDIT_CODE:
                _odd_credit_codes(buffer, at, size, credit_values, credit_weights, categories, regions, found)
            elif kind == ORGANISATION_CODE:
                _odd_organisation_codes(
                    buffer, at, size, organisation_values, organisation_weights, organisation_checks, found
                )
            elif kind == CITIZEN_ID:
                _odd_citizen_ids(buffer, at, size, citizen_weights, citizen_checks, early, late, found)
            else:
                for row in range(bottom - top):
                    found[row] = size[row] != 0
            if part >= 0:
                _key_texts(
                    buffer,
                    at,
                    size,
                    asked[column, 7] == 1,
                    digests[part, :, top:bottom],
                    care[part, top:bottom],
                    normal,
                )


@compiled("void(uint8[::1], int32[::1], int32[::1], uint8[::1], boolean[::1])", short=True)
def same_cells(buffer: Bytes, starts: Places, sizes: Places, text: Bytes, out: Mask) -> None:
    """Name the cells that hold this text."""
    for row in range(len(starts)):
        out[row] = sizes[row] == len(text)
        for place in range(len(text) if out[row] else 0):
            if buffer[starts[row] + place] != text[place]:
                out[row] = False
                break


@compiled("int64(uint8[::1], int32[::1], int32[::1], int64[::1], int32[::1], int32[::1], int32[::1])", short=True)
def tell_apart(
    buffer: Bytes, starts: Places, sizes: Places, rows: Numbers, numbers: Places, first: Places, table: Places
) -> int:
    """Number the different texts of some rows' cells in the order of their coming; how many there are.

    Args:
        numbers: filled, one for each of `rows`. first: filled, the place in `rows` of each text's first cell.
        table: begins with -1; its length is a power of 2 above the number of rows.
    """
    count = 0
    for at in range(len(rows)):
        start, size = starts[rows[at]], sizes[rows[at]]
        slot = np.int64(_digest(buffer, start, size, _ONE) & np.uint64(len(table) - 1))
        while table[slot] >= 0:
            other = rows[first[table[slot]]]
            if sizes[other] == size and _same(buffer, starts[other], start, size):
                break
            slot = (slot + 1) & (len(table) - 1)
        if table[slot] < 0:
            table[slot], first[count] = count, at
            count += 1
        numbers[at] = table[slot]
    return count
