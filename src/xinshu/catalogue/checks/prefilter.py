"""Vectorised filters: which values of a column might have a problem or need normalising.

Each filter may name too many values, never too few: `tests/catalogue/test_prefilter.py` compares every filter with
`inspection.inspect`. A value that is cleared here is kept as it stands.
"""

from __future__ import annotations

from collections.abc import Callable
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
_UNUSUAL = "".join(f"\\x{{{ord(char):x}}}" for char in INVISIBLE)
# Anything that is_garbled, has_full_width_alnum or normalise_cell could act on, and what an error value begins with, in
# one scan. Mojibake of UTF-8 read as Latin-1 always holds a letter of U+00A1-U+00FF; mojibake of UTF-8 read as GBK holds
# one of a few rare characters.
_SUSPECT = (
    rf"^[{_BLANK}#]|^Err:|[{_BLANK}]$|[{_UNUSUAL}\x{{0}}-\x{{8}}\x{{b}}\x{{c}}\x{{e}}-\x{{1f}}\x{{7f}}-\x{{ff}}\x{{152}}-\x{{192}}"
    r"\x{2c6}-\x{2dc}\x{ff10}-\x{ff19}\x{ff21}-\x{ff3a}\x{ff41}-\x{ff5a}\x{e000}-\x{f8ff}\x{fffd}-\x{ffff}"
    rf"\x{{f0000}}-\x{{10ffff}}{_RARE}]"
)
# How every placeholder begins (kernel.text.PLACEHOLDER_PATTERN): a few words, or a mark.
_PLACEHOLDER_LIKE = (
    r"^\s*(?:无|没有|暂无|未知|不[详明清适]|空|待|测试|[tT][eE][sSſ]|[nN]|[uU][nN][dD]|0|[xX]|×|[^\p{L}\p{N}《“（〔])"
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
_CATEGORY_KNOWN: Mask = np.zeros((256, 256), dtype=np.bool_)
for _pair in USCC_CATEGORIES:
    _CATEGORY_KNOWN[ord(_pair[0]), ord(_pair[1])] = True


def suspects(item_field: ItemField, values: pl.Series, facts: Facts) -> Mask:
    """True where the value has to be inspected. `values` has no nulls; empty values are never suspects."""
    found = _BY_KIND.get(item_field.kind, _everything)(item_field, values, facts)
    return np.asarray(found & (values != "").to_numpy())


def _everything(_field: ItemField, values: pl.Series, _facts: Facts) -> Mask:
    return np.ones(len(values), dtype=np.bool_)


def _plain(item_field: ItemField, values: pl.Series, _facts: Facts) -> Mask:
    return _scan(f"{_SCIENTIFIC}|{_SUSPECT}", item_field, values)


def _named(item_field: ItemField, values: pl.Series, _facts: Facts) -> Mask:
    return _scan(f"{_PLACEHOLDER_LIKE}|{_SUSPECT}", item_field, values)


def _text(item_field: ItemField, values: pl.Series, _facts: Facts) -> Mask:
    numbers = f"{_LONG_NUMBER}|" if item_field.access == "public" else ""
    return _scan(f"{numbers}{_PLACEHOLDER_LIKE}|{_SUSPECT}", item_field, values)


def _scan(pattern: str, item_field: ItemField, values: pl.Series) -> Mask:
    """One pass over the text, and the length in bytes, which is never below the length in characters."""
    found: Mask = values.str.contains(pattern).to_numpy()
    if item_field.max_length is not None:
        found = found | (values.str.len_bytes().to_numpy() > item_field.max_length)
    return found


def _document_no(item_field: ItemField, values: pl.Series, _facts: Facts) -> Mask:
    clean = values.str.contains(_CLEAN_DOCUMENT_NO).to_numpy()
    found: Mask = ~clean | values.str.contains(f"{_PLACEHOLDER_LIKE}|[{_RARE}]").to_numpy()
    if item_field.max_length is not None:
        found |= values.str.len_bytes().to_numpy() > item_field.max_length
    return found


def _date(item_field: ItemField, values: pl.Series, facts: Facts) -> Mask:
    parsed = values.str.to_date("%Y-%m-%d", strict=False)
    found: Mask = ~values.str.contains(_CLEAN_DATE).to_numpy() | parsed.is_null().to_numpy()
    if item_field.past_only:
        found |= _after(parsed, facts.today)
    return found


def _after(parsed: pl.Series, day: date) -> Mask:
    return np.asarray((parsed > day).fill_null(True).to_numpy())


def _amount(item_field: ItemField, values: pl.Series, _facts: Facts) -> Mask:
    found: Mask = ~values.str.contains(_CLEAN_NUMBER).to_numpy()
    limits = [float(INDIVIDUAL_BUSINESS_LIMIT)] if item_field.kind == "amount" else []
    if item_field.usual_amount is not None:
        limits.append(item_field.usual_amount * UNUSUAL_TIMES * (1 - 1e-9))  # binary fractions lie a little off
    if limits:
        numbers = values.cast(pl.Float64, strict=False).fill_null(np.inf).to_numpy()
        found = found | (numbers >= min(limits))
    return found | (values.str.len_bytes().to_numpy() > NUMBER_LENGTH)


def _uscc(_field: ItemField, values: pl.Series, facts: Facts) -> Mask:
    found = np.ones(len(values), dtype=np.bool_)
    places, characters = _shaped(values, 18)
    if not len(places):
        return found
    numbers = _ALPHABET_VALUES[characters]
    total = numbers[:, :17].astype(np.float32) @ np.asarray(USCC_WEIGHTS, dtype=np.float32)  # exact: below 2**24
    digits = characters[:, 2:8] - np.uint8(ord("0"))
    region = digits.astype(np.float32) @ np.array([100_000, 10_000, 1_000, 100, 10, 1], dtype=np.float32)
    good: Mask = np.asarray((numbers < 31).all(axis=1) & (digits <= 9).all(axis=1))
    remainders = np.mod(-total.astype(np.int32), 31)
    good = np.asarray(good & (remainders == numbers[:, 17]) & _CATEGORY_KNOWN[characters[:, 0], characters[:, 1]])
    good[good] = facts.region_table[region[good].astype(np.int32)]
    found[places[good]] = False
    return found


def _shaped(values: pl.Series, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """Places of the values of that many bytes, and their bytes, one row each."""
    shaped = values.str.len_bytes() == size
    places = np.flatnonzero(shaped.to_numpy())
    if not len(places):
        return places, np.zeros((0, size), dtype=np.uint8)
    characters = values.filter(shaped).cast(pl.Binary).bin.reinterpret(dtype=pl.Array(pl.UInt8, size)).to_numpy()
    return places, characters


def _org_code(_field: ItemField, values: pl.Series, _facts: Facts) -> Mask:
    found = np.ones(len(values), dtype=np.bool_)
    places, characters = _shaped(values, 9)
    numbers = _ORG_VALUES[characters[:, :8]]
    expected = _ORG_CHECKS[numbers.astype(np.int32) @ np.asarray(ORG_CODE_WEIGHTS, dtype=np.int32) % 11]
    found[places[(numbers < 36).all(axis=1) & (characters[:, 8] == expected)]] = False
    return found


def _id_number(_field: ItemField, values: pl.Series, facts: Facts) -> Mask:
    """A clean number has 18 characters, a birth date from 1800 to the day of receipt, and the right last character."""
    found = np.ones(len(values), dtype=np.bool_)
    places, characters = _shaped(values, 18)
    if not len(places):
        return found
    digits = characters[:, :17] - np.uint8(ord("0"))
    total = digits.astype(np.int32) @ np.asarray(CITIZEN_ID_WEIGHTS, dtype=np.int32)
    born = values.gather(places.astype(np.uint32)).str.slice(6, 8).str.to_date("%Y%m%d", strict=False)
    dated = ((born >= _FIRST_BIRTH) & (born <= facts.today)).fill_null(False).to_numpy()
    good = (digits <= 9).all(axis=1) & (characters[:, 17] == _CITIZEN_CHECKS[total % 11]) & dated
    found[places[good]] = False
    return found


_BY_KIND: dict[str, Callable[[ItemField, pl.Series, Facts], Mask]] = {
    "text": _text,
    "name": _named,
    "document_no": _document_no,
    "other_no": _plain,
    "date": _date,
    "amount": _amount,
    "number": _amount,
    "uscc": _uscc,
    "org_code": _org_code,
    "id_number": _id_number,
}
