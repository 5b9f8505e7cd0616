"""The one masker: how a personal value looks where it may not be shown whole.

Source: security.md section 5 [proposed]: names keep the first character, id numbers the first and last character,
phones 3 + 4, accounts the last 4, addresses up to the county.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Literal

from xinshu.kernel.identifiers import CitizenId

Mask = Literal["none", "name", "id", "phone", "address", "account"]

_COUNTY = re.compile(r"^(.*?(?:县|区|旗|市(?!.*(?:县|区|旗|市))))")
_DIGIT_RUN = re.compile(
    r"(\d(?<![0-9A-Za-z]\d)[\d \-]{9,}[\dXxＸｘ])(?![0-9A-Za-z])"
)  # a digit first: the scan skips to one
_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_CARD = re.compile(r"[0-9]{16,19}")


def mask(value: str, kind: Mask) -> str:
    """The masked form of a value; the empty string stays empty. A compound or foreign name keeps one character too."""
    if not value or kind == "none":
        return value
    if kind == "name":
        return value[0] + "*" * max(1, min(len(value) - 1, 2))
    if kind == "id":
        return value[0] + "*" * (len(value) - 2) + value[-1] if len(value) > 2 else "*" * len(value)
    if kind == "phone":
        return value[:3] + "****" + value[-4:] if len(value) >= 11 else "*" * len(value)
    if kind == "account":
        return "*" * max(len(value) - 4, 4) + value[-4:] if len(value) > 4 else "*" * len(value)
    found = _COUNTY.match(value)
    return (found.group(1) if found else value[:3]) + "****"


def mask_numbers_of(texts: list[str]) -> list[str]:
    """The same for many texts, in one go: a mask is as long as what it masks and never reaches across a NUL."""
    found = mask_numbers("\0".join(texts)).split("\0")
    return found if len(found) == len(texts) else [mask_numbers(each) for each in texts]


def mask_numbers(text: str) -> str:
    """Free text with every long run of digits (id number, phone, card) masked; the rest unchanged."""
    return _DIGIT_RUN.sub(lambda run: run.group(1)[0] + "*" * (len(run.group(1)) - 2) + run.group(1)[-1], text)


def mask_personal_numbers(text: str) -> str:
    """Free text for the public: numbers of a citizen, a mobile phone or a bank card are masked, however they are written
    (spaced, hyphened, in full-width digits); other long numbers stay."""
    return _DIGIT_RUN.sub(_masked_if_personal, text)


def _masked_if_personal(run: re.Match[str]) -> str:
    written = run.group(1)
    number = re.sub(r"[ \-]", "", unicodedata.normalize("NFKC", written)).upper()
    if CitizenId.is_valid(number) or _MOBILE.fullmatch(number) or (_CARD.fullmatch(number) and passes_luhn(number)):
        return written[0] + "*" * (len(written) - 2) + written[-1]
    return written


def passes_luhn(digits: str) -> bool:
    """Whether the last digit of a card number is the check digit of the others (ISO/IEC 7812-1 annex B) [recalled]."""
    doubled = [int(char) * (2 if place % 2 else 1) for place, char in enumerate(reversed(digits))]
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0
