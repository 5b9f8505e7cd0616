"""Identifiers in bulk: credit codes, organisation codes, old registration numbers, and citizen ids of persons born
before 1900. Numbered by a sequence, so that no two are the same; every check character is right.

Sources of the check rules: xinshu.kernel.identifiers.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from xinshu.kernel.identifiers import ORG_CODE_WEIGHTS, USCC_ALPHABET, USCC_WEIGHTS
from xinshu.kernel.identifiers import org_code as org
from xinshu.kernel.identifiers import reg_no as reg
from xinshu.kernel.identifiers import uscc as credit
from xinshu.kernel.identifiers.citizen_id import check_character

Integers = npt.NDArray[np.int64]

_ALPHABET = np.frombuffer(USCC_ALPHABET.encode(), dtype=np.uint8)
_USCC_VALUES = np.zeros(256, dtype=np.int64)
_USCC_VALUES[_ALPHABET] = np.arange(len(USCC_ALPHABET))
_ORG_VALUES = np.zeros(256, dtype=np.int64)
_ORG_VALUES[np.frombuffer(org.ORG_CODE_ALPHABET.encode(), dtype=np.uint8)] = np.arange(36)
_ORG_CHECKS = np.frombuffer(b"0123456789X0", dtype=np.uint8)  # at index: 11 - weighted sum mod 11
_BODIES = 31**6
_STEP = 48_271_117  # prime, so the sequence runs through all bodies before it repeats
_FIRST_BIRTH = date(1850, 1, 1)
_BIRTH_DAYS = 18_200  # to October 1899
_BIRTH_STEP = 7_919


def credit_codes(prefixes: list[str], regions: list[str], sequence: Integers) -> list[str]:
    """Valid credit codes; organisation part MA + six characters that follow from the sequence number."""
    count = len(prefixes)
    marks = np.zeros((count, 18), dtype=np.uint8)
    heads = "".join(prefix + region + "MA" for prefix, region in zip(prefixes, regions, strict=True))
    marks[:, :10] = np.frombuffer(heads.encode(), dtype=np.uint8).reshape(count, 10)
    bodies = (sequence * _STEP + 7) % _BODIES
    for place in range(15, 9, -1):
        marks[:, place] = _ALPHABET[bodies % 31]
        bodies //= 31
    total = _ORG_VALUES[marks[:, 8:16]] @ np.asarray(ORG_CODE_WEIGHTS, dtype=np.int64)
    marks[:, 16] = _ORG_CHECKS[11 - total % 11]
    total = _USCC_VALUES[marks[:, :17]] @ np.asarray(USCC_WEIGHTS, dtype=np.int64)
    marks[:, 17] = _ALPHABET[-total % 31]
    return [code.decode() for code in marks.view("S18").reshape(count).tolist()]


def credit_code(prefix: str, region: str, sequence: int) -> str:
    """One code of the same sequence."""
    return credit_codes([prefix], [region], np.asarray([sequence], dtype=np.int64))[0]


def with_check(body: str) -> str:
    """Seventeen characters and the check character that belongs to them."""
    return body + credit.check_character(body)


def registration_number(region: str, sequence: int) -> str:
    """An old registration number of fifteen digits."""
    body = f"{region}{sequence % 100_000_000:08}"
    return body + reg.check_digit(body)


def citizen_number(region: str, sequence: int) -> str:
    """A citizen id of a person born in 1850 to 1899, different for every sequence number below 18 million."""
    born = _FIRST_BIRTH + timedelta(days=sequence * _BIRTH_STEP % _BIRTH_DAYS)
    body = f"{region}{born:%Y%m%d}{sequence // _BIRTH_DAYS % 1000:03}"
    return body + check_character(body)


def amount_text(value: float) -> str:
    """An amount in 万元 with at most two decimals and no trailing zeros."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
