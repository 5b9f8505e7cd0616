"""Vectorised filters: which values of a column might have a problem or need normalising.

Each filter may name too many values, never too few: `tests/catalogue/test_prefilter.py` compares every filter with
`inspection.inspect`. A value that is cleared here is kept as it stands.

A filter is a pair: expressions over the cells, collected for all columns of a chunk in one go, and what to make of their
results.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks.inspection import INDIVIDUAL_BUSINESS_LIMIT, NUMBER_LENGTH, UNUSUAL_TIMES, Facts
from xinshu.catalogue.domain import ItemField
from xinshu.kernel.identifiers import (
    CITIZEN_ID_CHECK_CHARACTERS,
    CITIZEN_ID_WEIGHTS,
    ORG_CODE_ALPHABET,
    ORG_CODE_WEIGHTS,
    USCC_ALPHABET,
    USCC_CATEGORIES,
    USCC_WEIGHTS,
)
from xinshu.kernel.text import INVISIBLE, WHITE_SPACE

Mask = npt.NDArray[np.bool_]

_BLANK = "".join(f"\\x{{{ord(char):x}}}" for char in WHITE_SPACE)
_RARE = "锟拷烫屯鏈鍏涓浜琛"
_RARE_ONES = "|".join(_RARE)  # a few literals: searched many bytes at a time
_UNUSUAL = "".join(f"\\x{{{ord(char):x}}}" for char in INVISIBLE)
# Anything that is_garbled, has_full_width_alnum or normalise_cell could act on, and what an error value begins with, in
# one scan. Mojibake of UTF-8 read as Latin-1 always holds a letter of U+00A1-U+00FF; mojibake of UTF-8 read as GBK holds
# one of a few rare characters.
_SUSPECT = (
    rf"^[{_BLANK}#]|^Err:|[{_BLANK}]$|[{_UNUSUAL}\x{{0}}-\x{{8}}\x{{b}}\x{{c}}\x{{e}}-\x{{1f}}\x{{7f}}-\x{{ff}}\x{{152}}-\x{{192}}"
    r"\x{2c6}-\x{2dc}\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{e000}-\x{f8ff}\x{fffd}-\x{ffff}"
    rf"\x{{f0000}}-\x{{10ffff}}{_RARE}]"
)
# How every placeholder begins (kernel.text.PLACEHOLDER_PATTERN): a few words, or a mark. Blanks, invisible and full-width
# characters before it are suspects by themselves. Spelled out: a class of "all but letters" takes long to compile.
_PLACEHOLDER_LIKE = (
    r"^(?:无|没有|暂无|未知|不[详明清适]|空|待|测试|[tT][eE][sSſ]|[nN]|[uU][nN][dD]|0|[xX]|×"
    r"|[-－—–_/／\\＼|｜.．。、，,;；:：*＊?？#＃~～…·+=])"
)
_LONG_NUMBER = r"[0-9][0-9 \-]{9}"
_CLEAN_DOCUMENT_NO = r"^[\p{Han}A-Za-z]+[〔（(\[［【](?:19|20)[0-9]{2}[〕）)\]］】]第?[0-9]+号$"
_SCIENTIFIC = r"^[0-9](?:\.[0-9]+)?[Ee]\+?[0-9]{2,}$"
_CLEAN_DATE = r"^[12][0-9]{3}-[0-9]{2}-[0-9]{2}$"
_CLEAN_NUMBER = r"^(?:0|[1-9][0-9]*)(?:\.[0-9]*[1-9])?$"

_ALPHABET_VALUES = np.full(256, 255, dtype=np.uint8)
_ALPHABET_VALUES[np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)] = np.arange(31, dtype=np.uint8)
_ORG_VALUES = np.full(256, 255, dtype=np.uint8)
_ORG_VALUES[np.frombuffer(ORG_CODE_ALPHABET.encode(), dtype=np.uint8)] = np.arange(36, dtype=np.uint8)
# Check character of GB 11714 by the weighted sum modulo 11: 11 - sum, with 10 as X and 11 as 0.
_ORG_CHECKS = np.frombuffer(b"0X987654321", dtype=np.uint8)
_CITIZEN_CHECKS = np.frombuffer(CITIZEN_ID_CHECK_CHARACTERS.encode(), dtype=np.uint8)
_FIRST_BIRTH = date(1800, 1, 1)
_SPARSE = 3  # columns filled in less than this part of the rows are looked at without their empty cells
_CATEGORY_KNOWN: Mask = np.zeros((256, 256), dtype=np.bool_)
for _pair in USCC_CATEGORIES:
    _CATEGORY_KNOWN[ord(_pair[0]), ord(_pair[1])] = True


@dataclass(frozen=True, slots=True)
class _Filter:
    """`ask`: expressions over a column, one value a row. `gather`: expressions giving one list each, of other lengths.
    `judge`: their results (one series each, first those of `ask`) to a mask of suspects."""

    ask: Callable[[ItemField, pl.Expr, Facts], list[pl.Expr]]
    gather: Callable[[pl.Expr, Facts], list[pl.Expr]] = lambda _cell, _facts: []
    judge: Callable[[list[pl.Series], Facts], Mask] = lambda found, _facts: np.asarray(found[0].to_numpy())


def suspects(item_field: ItemField, values: pl.Series, facts: Facts) -> Mask:
    """True where the value has to be inspected. `values` has no nulls; empty values are never suspects."""
    return suspect_masks([item_field], pl.DataFrame({item_field.code: values}), facts)[item_field.code]


def suspect_masks(fields: Sequence[ItemField], frame: pl.DataFrame, facts: Facts) -> dict[str, Mask]:
    """`suspects` of several columns of a frame, by column code; one pass for all."""
    filled = frame.select((pl.col(each.code) != "") for each in fields)
    masks: dict[str, Mask] = {}
    dense = []
    for each in fields:
        rows = filled[each.code]
        if rows.sum() * _SPARSE > frame.height:
            dense.append(each)
            continue
        masks[each.code] = rows.to_numpy().copy()
        if masks[each.code].any():
            some = pl.DataFrame({each.code: frame[each.code].filter(rows)})
            masks[each.code][masks[each.code]] = _masks([each], some, facts)[each.code]
    return masks | _masks(dense, frame, facts)


def _masks(fields: Sequence[ItemField], frame: pl.DataFrame, facts: Facts) -> dict[str, Mask]:
    asked = {each.code: _filter(each).ask(each, pl.col(each.code), facts) for each in fields}
    lists = {each.code: _filter(each).gather(pl.col(each.code), facts) for each in fields}
    rows, gathered = _answers(frame, asked), _answers(frame, lists)  # apart: a list beside rows would stand in each row
    return {
        each.code: _filter(each).judge([*rows[each.code], *(every[0] for every in gathered[each.code])], facts)
        for each in fields
    }


def _answers(frame: pl.DataFrame, asked: dict[str, list[pl.Expr]]) -> dict[str, list[pl.Series]]:
    found = iter(frame.select(_numbered(asked)).get_columns())
    return {code: [next(found) for _ in expressions] for code, expressions in asked.items()}


def _numbered(asked: dict[str, list[pl.Expr]]) -> list[pl.Expr]:
    return [
        expression.alias(f"{code}/{place}")
        for code, expressions in asked.items()
        for place, expression in enumerate(expressions)
    ]


def _filter(item_field: ItemField) -> _Filter:
    return _BY_KIND.get(item_field.kind, _EVERYTHING)


def _everything(_field: ItemField, cell: pl.Expr, _facts: Facts) -> list[pl.Expr]:
    return [cell != ""]


def _plain(item_field: ItemField, cell: pl.Expr, _facts: Facts) -> list[pl.Expr]:
    return [_scan(f"{_SCIENTIFIC}|{_SUSPECT}", item_field, cell)]


def _named(item_field: ItemField, cell: pl.Expr, _facts: Facts) -> list[pl.Expr]:
    return [_scan(f"{_PLACEHOLDER_LIKE}|{_SUSPECT}", item_field, cell)]


def _text(item_field: ItemField, cell: pl.Expr, _facts: Facts) -> list[pl.Expr]:
    numbers = f"{_LONG_NUMBER}|" if item_field.access == "public" else ""
    return [_scan(f"{numbers}{_PLACEHOLDER_LIKE}|{_SUSPECT}", item_field, cell)]


def _scan(pattern: str, item_field: ItemField, cell: pl.Expr) -> pl.Expr:
    """One pass over the text, and the length in bytes, which is never below the length in characters."""
    return (cell != "") & _or_long(cell.str.contains(pattern), item_field, cell)


def _or_long(found: pl.Expr, item_field: ItemField, cell: pl.Expr) -> pl.Expr:
    return found if item_field.max_length is None else found | (cell.str.len_bytes() > item_field.max_length)


def _document_no(item_field: ItemField, cell: pl.Expr, _facts: Facts) -> list[pl.Expr]:
    """A number in the usual shape is no placeholder: no placeholder has brackets with a year."""
    found = ~cell.str.contains(_CLEAN_DOCUMENT_NO) | cell.str.contains(_RARE_ONES)
    return [(cell != "") & _or_long(found, item_field, cell)]


def _date(item_field: ItemField, cell: pl.Expr, facts: Facts) -> list[pl.Expr]:
    parsed = cell.str.to_date("%Y-%m-%d", strict=False)
    found = ~cell.str.contains(_CLEAN_DATE) | parsed.is_null()
    return [(cell != "") & (found | (parsed > facts.today) if item_field.past_only else found)]


def _amount(item_field: ItemField, cell: pl.Expr, _facts: Facts) -> list[pl.Expr]:
    found = ~cell.str.contains(_CLEAN_NUMBER) | (cell.str.len_bytes() > NUMBER_LENGTH)
    limits = [float(INDIVIDUAL_BUSINESS_LIMIT)] if item_field.kind == "amount" else []
    if item_field.usual_amount is not None:
        limits.append(item_field.usual_amount * UNUSUAL_TIMES * (1 - 1e-9))  # binary fractions lie a little off
    if limits:
        found |= cell.cast(pl.Float64, strict=False).fill_null(float("inf")) >= min(limits)
    return [(cell != "") & found]


def _of_size(size: int) -> Callable[[ItemField, pl.Expr, Facts], list[pl.Expr]]:
    """Which cells are filled, and which have that many bytes."""
    return lambda _field, cell, _facts: [cell != "", cell.str.len_bytes() == size]


def _bytes_of(size: int) -> Callable[[pl.Expr, Facts], list[pl.Expr]]:
    """The bytes of the cells that have so many."""

    def gather(cell: pl.Expr, _facts: Facts) -> list[pl.Expr]:
        shaped = cell.filter(cell.str.len_bytes() == size)
        return [shaped.cast(pl.Binary).bin.reinterpret(dtype=pl.Array(pl.UInt8, size)).implode()]

    return gather


def _characters(found: list[pl.Series]) -> tuple[Mask, npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Filled cells, the places of those of the right size, and their bytes, one row each."""
    return found[0].to_numpy().copy(), np.flatnonzero(found[1].to_numpy()), found[2].to_numpy()


def _uscc(found: list[pl.Series], facts: Facts) -> Mask:
    suspect, places, characters = _characters(found)
    if not len(places):
        return suspect
    numbers = _ALPHABET_VALUES[characters]
    total = numbers[:, :17].astype(np.float32) @ np.asarray(USCC_WEIGHTS, dtype=np.float32)  # exact: below 2**24
    digits = characters[:, 2:8] - np.uint8(ord("0"))
    region = digits.astype(np.float32) @ np.array([100_000, 10_000, 1_000, 100, 10, 1], dtype=np.float32)
    good: Mask = np.asarray((numbers < 31).all(axis=1) & (digits <= 9).all(axis=1))
    remainders = np.mod(-total.astype(np.int32), 31)
    good = np.asarray(good & (remainders == numbers[:, 17]) & _CATEGORY_KNOWN[characters[:, 0], characters[:, 1]])
    good[good] = facts.region_table[region[good].astype(np.int32)]
    suspect[places[good]] = False
    return suspect


def _org_code(found: list[pl.Series], _facts: Facts) -> Mask:
    suspect, places, characters = _characters(found)
    if not len(places):
        return suspect
    numbers = _ORG_VALUES[characters[:, :8]]
    expected = _ORG_CHECKS[numbers.astype(np.int32) @ np.asarray(ORG_CODE_WEIGHTS, dtype=np.int32) % 11]
    suspect[places[(numbers < 36).all(axis=1) & (characters[:, 8] == expected)]] = False
    return suspect


def _bytes_and_births(cell: pl.Expr, facts: Facts) -> list[pl.Expr]:
    born = cell.filter(cell.str.len_bytes() == 18).str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
    dated = ((born >= _FIRST_BIRTH) & (born <= facts.today)).fill_null(False)
    return [*_bytes_of(18)(cell, facts), dated.implode()]


def _id_number(found: list[pl.Series], _facts: Facts) -> Mask:
    """A clean number has 18 characters, a birth date from 1800 to the day of receipt, and the right last character."""
    suspect, places, characters = _characters(found)
    if not len(places):
        return suspect
    digits = characters[:, :17] - np.uint8(ord("0"))
    total = digits.astype(np.int32) @ np.asarray(CITIZEN_ID_WEIGHTS, dtype=np.int32)
    dated = found[3].to_numpy()
    good = (digits <= 9).all(axis=1) & (characters[:, 17] == _CITIZEN_CHECKS[total % 11]) & dated
    suspect[places[good]] = False
    return suspect


_EVERYTHING = _Filter(_everything)
_BY_KIND: dict[str, _Filter] = {
    "text": _Filter(_text),
    "name": _Filter(_named),
    "document_no": _Filter(_document_no),
    "other_no": _Filter(_plain),
    "date": _Filter(_date),
    "amount": _Filter(_amount),
    "number": _Filter(_amount),
    "uscc": _Filter(_of_size(18), _bytes_of(18), _uscc),
    "org_code": _Filter(_of_size(9), _bytes_of(9), _org_code),
    "id_number": _Filter(_of_size(18), _bytes_and_births, _id_number),
}
