"""The first look at a chunk: which cells have to be inspected.

Compiled loops over the bytes (`scanning`) clear nearly all cells; what they name is left to `inspection.inspect`. A column
that repeats itself is judged by its different texts instead, and then the answer is exact. Needs nothing of other chunks,
so that it can run beside the judging of an earlier one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks import scanning
from xinshu.catalogue.checks.inspection import (
    INDIVIDUAL_BUSINESS_LIMIT,
    NUMBER_LENGTH,
    UNUSUAL_TIMES,
    Facts,
    Inspection,
)
from xinshu.catalogue.checks.scanning import Days, Digests, Flags, Mask
from xinshu.catalogue.domain import ItemField
from xinshu.kernel.cells import Cells, Places
from xinshu.kernel.identifiers import (
    CITIZEN_ID_CHECK_CHARACTERS,
    CITIZEN_ID_WEIGHTS,
    ORG_CODE_ALPHABET,
    ORG_CODE_WEIGHTS,
    USCC_ALPHABET,
    USCC_CATEGORIES,
    USCC_WEIGHTS,
)

_SAMPLE = 2_000
_DISTINCT_SHARE = 4  # a column repeats itself when at most a quarter of the filled cells of the sample differ
_FEW = 64  # different texts that are always few enough

_EPOCH = date(1970, 1, 1)
_FIRST_BIRTH = (date(1800, 1, 1) - _EPOCH).days
_ANY_DAY = 2**31
_NO_LIMIT = 2**62

_WORDS = {"无": scanning.NOTHING_WORD, "测": scanning.TEST_WORD} | dict.fromkeys("没暂未不空待nNuU", scanning.SHORT)
_STARTS = "0xXtT-－—–_/／\\＼|｜.．。、，,;；:：*＊?？#＃~～…+="
"""With what other placeholders begin (kernel.text.PLACEHOLDER_PATTERN); × and · are marked as odd by themselves."""
_OPENING, _CLOSING = "〔（［【", "〕）］】"


def _table(size: int, entries: dict[str, int], otherwise: int = 0) -> Flags:
    found = np.full(size, otherwise, dtype=np.uint8)
    for char, value in entries.items():
        found[ord(char)] = value
    return found


_FIRST = _table(65_536, dict.fromkeys(_STARTS, scanning.ANY) | _WORDS)
_BRACKETS = _table(65_536, dict.fromkeys(_OPENING, 1) | dict.fromkeys(_CLOSING, 2))
_BLANKS = "\t\n\v\f\r \u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


def _heads() -> Flags:
    """What a cell may be by its first character."""
    found = np.where(_FIRST == scanning.SHORT, scanning.HEAD_SHORT, np.where(_FIRST == 0, 0, scanning.HEAD_TEXT))
    found[[ord(char) for char in _BLANKS + "#E"]] |= scanning.HEAD
    return found.astype(np.uint8)


_HEADS = _heads()
_USCC_VALUES = _table(256, {char: value for value, char in enumerate(USCC_ALPHABET)}, 255)
_ORG_VALUES = _table(256, {char: value for value, char in enumerate(ORG_CODE_ALPHABET)}, 255)
# Check character of GB 11714 by the weighted sum modulo 11: 11 - sum, with 10 as X and 11 as 0.
_ORG_CHECKS = np.frombuffer(b"0X987654321", dtype=np.uint8).copy()
_CITIZEN_CHECKS = np.frombuffer(CITIZEN_ID_CHECK_CHARACTERS.encode(), dtype=np.uint8).copy()
_USCC_WEIGHTS = np.asarray(USCC_WEIGHTS, dtype=np.int64)
_ORG_WEIGHTS = np.asarray(ORG_CODE_WEIGHTS, dtype=np.int64)
_CITIZEN_WEIGHTS = np.asarray(CITIZEN_ID_WEIGHTS, dtype=np.int64)
_CATEGORIES: Mask = np.zeros((256, 256), dtype=np.bool_)
for _pair in USCC_CATEGORIES:
    _CATEGORIES[ord(_pair[0]), ord(_pair[1])] = True

_KINDS = {
    "text": scanning.TEXT,
    "name": scanning.TEXT,
    "other_no": scanning.OTHER_NUMBER,
    "document_no": scanning.DOCUMENT_NUMBER,
    "date": scanning.DATE,
    "amount": scanning.AMOUNT,
    "number": scanning.AMOUNT,
    "uscc": scanning.CREDIT_CODE,
    "org_code": scanning.ORGANISATION_CODE,
    "id_number": scanning.CITIZEN_ID,
}
_EMPTY = Inspection("")

Judge = Callable[[ItemField, str], Inspection]


@dataclass(frozen=True, slots=True)
class Distinct:
    """A column by its different texts: `numbers[row]` is the place in `found` of what was said of the row's text, which
    may be the empty one."""

    numbers: Places
    found: tuple[Inspection, ...]


@dataclass(frozen=True, slots=True)
class Digested:
    """Two digests of each cell of a key column, shape (2, rows), and the cells that comparing may read otherwise."""

    digests: Digests
    care: Mask


@dataclass(frozen=True, slots=True)
class Screened:
    """`masks`: the rows to inspect, by column. `distinct`: the columns that repeat themselves. `days`: the dates of those
    rows of a date column that need no inspection, as day numbers; NO_DAY elsewhere. `keys`: the key columns."""

    masks: dict[str, Mask] = field(default_factory=dict)
    distinct: dict[str, Distinct] = field(default_factory=dict)
    days: dict[str, Days] = field(default_factory=dict)
    keys: dict[str, Digested] = field(default_factory=dict)


def suspects(item_field: ItemField, values: pl.Series, facts: Facts) -> Mask:
    """True where the value has to be inspected. `values` has no nulls; empty values are never suspects."""
    cells = Cells.of(values.alias(item_field.code).to_frame())

    def never(_field: ItemField, _text: str) -> Inspection:
        raise AssertionError

    return screen([item_field], cells, (), {}, facts, never).masks[item_field.code]


def repeating_columns(fields: Sequence[ItemField], cells: Cells) -> frozenset[str]:
    """Columns better judged by their different values, told from the first rows. Dates never: to read one is less work than
    to look it up."""
    found = []
    for each in fields:
        if each.kind == "date":
            continue
        place = cells.place(each.code)
        rows = np.flatnonzero(cells.sizes[place, :_SAMPLE])
        if len(different(cells, place, rows)[0]) * _DISTINCT_SHARE <= len(rows):
            found.append(each.code)
    return frozenset(found)


def different(cells: Cells, place: int, rows: npt.NDArray[np.intp]) -> tuple[npt.NDArray[np.intp], Places]:
    """The first of these rows that has each different text of a column, and for each of the rows the place of its text."""
    numbers, first = np.empty(len(rows), dtype=np.int32), np.empty(len(rows), dtype=np.int32)
    table = np.full(1 << (2 * len(rows)).bit_length(), -1, dtype=np.int32)
    count = scanning.tell_apart(cells.buffer, cells.starts[place], cells.sizes[place], rows, numbers, first, table)
    return rows[first[:count]], numbers


def screen(
    fields: Sequence[ItemField],
    cells: Cells,
    repeating: Collection[str],
    keys: Mapping[str, bool],
    facts: Facts,
    judge: Judge,
) -> Screened:
    """The rows to inspect: their cell breaks a rule, or is kept in another form, or may do so.

    Args:
        fields: the columns of `cells`.
        repeating: columns to be judged by their different values.
        keys: columns to be digested, and whether as names are compared.
    """
    codes = set(repeating)
    while True:
        scan = _Scan(fields, cells, codes, keys, facts)
        lost = scan.overflown()
        if not lost:
            return scan.result(judge)
        codes -= lost  # they repeated themselves in the first rows only


class _Scan:
    """One chunk under the compiled loops: what they are asked, and what they fill."""

    def __init__(
        self, fields: Sequence[ItemField], cells: Cells, repeating: Set[str], keys: Mapping[str, bool], facts: Facts
    ) -> None:
        self._fields, self._cells, self._facts = fields, cells, facts
        self._repeating = [each.code for each in fields if each.code in repeating]
        self._dates = [each.code for each in fields if each.kind == "date" and each.code not in repeating]
        self._keys = [each.code for each in fields if each.code in keys]
        rows = cells.height
        most = max(rows // _DISTINCT_SHARE, _FEW)
        slots = 1 << (2 * most).bit_length()
        columns = len(self._repeating)
        self._out = np.zeros((len(fields), rows), dtype=np.bool_)
        self._days = np.empty((len(self._dates), rows), dtype=np.int32)
        self._numbers = np.empty((columns, rows), dtype=np.int32)
        self._firsts = np.empty((columns, most), dtype=np.int32)
        self._counts = np.zeros(columns, dtype=np.int64)
        self._digests = np.empty((len(self._keys), 2, rows), dtype=np.uint64)
        self._care = np.zeros((len(self._keys), rows), dtype=np.bool_)
        places = [cells.place(each.code) for each in fields]
        in_order = places == list(range(len(cells.columns)))
        scanning.scan(
            cells.buffer,
            cells.starts if in_order else cells.starts[places],
            cells.sizes if in_order else cells.sizes[places],
            cells.ends,
            np.array([self._asked(each, keys) for each in fields], dtype=np.int64).reshape(len(fields), 8),
            np.array([_amount_limit(each) for each in fields], dtype=np.float64),
            _FIRST,
            _HEADS,
            _BRACKETS,
            _USCC_VALUES,
            _USCC_WEIGHTS,
            _CATEGORIES,
            facts.region_table,
            _ORG_VALUES,
            _ORG_WEIGHTS,
            _ORG_CHECKS,
            _CITIZEN_WEIGHTS,
            _CITIZEN_CHECKS,
            self._out,
            self._days,
            self._numbers,
            self._firsts,
            np.full((columns, slots), -1, dtype=np.int32),
            self._counts,
            self._digests,
            self._care,
        )

    def _asked(self, each: ItemField, keys: Mapping[str, bool]) -> list[int]:
        kind = scanning.REPEATING if each.code in self._repeating else _KINDS.get(each.kind, scanning.FILLED)
        place = -1
        if kind == scanning.REPEATING:
            place = self._repeating.index(each.code)
        elif kind == scanning.DATE:
            place = self._dates.index(each.code)
        longest = (
            NUMBER_LENGTH if kind == scanning.AMOUNT else _NO_LIMIT if each.max_length is None else each.max_length
        )
        today = (self._facts.today - _EPOCH).days
        last = today if each.past_only or kind == scanning.CITIZEN_ID else _ANY_DAY
        long_numbers = each.kind == "text" and each.access == "public"
        part = self._keys.index(each.code) if each.code in keys else -1
        return [kind, longest, int(long_numbers), _FIRST_BIRTH, last, place, part, int(keys.get(each.code, False))]

    def overflown(self) -> set[str]:
        """Columns in which too many texts differ."""
        return {code for code, count in zip(self._repeating, self._counts.tolist(), strict=True) if count < 0}

    def result(self, judge: Judge) -> Screened:
        """What the loops found; the different texts of a repeating column are judged here."""
        masks = {each.code: self._out[place] for place, each in enumerate(self._fields)}
        distinct = {}
        for each in self._fields:
            if each.code in self._repeating:
                distinct[each.code] = self._told_apart(each, judge, masks)
        keys = {code: Digested(self._digests[place], self._care[place]) for place, code in enumerate(self._keys)}
        return Screened(masks, distinct, dict(zip(self._dates, self._days, strict=True)), keys)

    def _told_apart(self, each: ItemField, judge: Judge, masks: dict[str, Mask]) -> Distinct:
        place, column = self._repeating.index(each.code), self._cells.place(each.code)
        numbers = self._numbers[place]
        texts = [self._cells.text(column, row) for row in self._firsts[place, : self._counts[place]].tolist()]
        found = tuple(judge(each, text) if text else _EMPTY for text in texts)
        odd = [bool(said.problems) or said.value != text for said, text in zip(found, texts, strict=True)]
        if any(odd):
            masks[each.code] = np.array(odd, dtype=np.bool_)[numbers]
        return Distinct(numbers, found)


def _amount_limit(item_field: ItemField) -> float:
    limits = [float(INDIVIDUAL_BUSINESS_LIMIT)] if item_field.kind == "amount" else []
    if item_field.usual_amount is not None:
        limits.append(item_field.usual_amount * UNUSUAL_TIMES * (1 - 1e-9))  # binary fractions lie a little off
    return min(limits, default=float("inf"))
