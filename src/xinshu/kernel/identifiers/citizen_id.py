"""Citizen identity number (公民身份号码), 18 characters; the old 15 digits are converted.

6 region, 8 birth date, 3 sequence, 1 check character. Source: GB 11643 [recalled].
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Self

from xinshu.kernel.identifiers.errors import InvalidIdentifier
from xinshu.kernel.text import normalise_cell, upper_ascii

CITIZEN_ID_WEIGHTS: tuple[int, ...] = tuple(pow(2, 17 - place, 11) for place in range(17))
CITIZEN_ID_CHECK_CHARACTERS = "10X98765432"  # at index: weighted sum mod 11
CITIZEN_ID_SHAPE = "^[0-9]{17}[0-9X]$"
CITIZEN_ID_OLD_SHAPE = "^[0-9]{15}$"
CITIZEN_ID_FIRST_YEAR = 1800  # [proposed] an earlier birth year is a slip of the pen

_SHAPE = re.compile(CITIZEN_ID_SHAPE[:-1] + r"\Z")
_OLD_SHAPE = re.compile(CITIZEN_ID_OLD_SHAPE[:-1] + r"\Z")


@dataclass(frozen=True, slots=True, order=True)
class CitizenId:
    """A number of 18 characters with a possible birth date and a right check character. Its repr hides the number."""

    value: str = field(repr=False)

    def __post_init__(self) -> None:
        if not _SHAPE.match(self.value):
            raise InvalidIdentifier(
                "公民身份号码格式不符：应为 17 位数字加 1 位数字或 X（旧号码为 15 位数字）",
                kind="citizen_id",
                reason="shape",
            )
        if _birth_date(self.value) is None:
            raise InvalidIdentifier(
                "公民身份号码第 7 至 14 位不是存在的出生日期", kind="citizen_id", reason="birth_date"
            )
        if (expected := check_character(self.value[:17])) != self.value[17]:
            raise InvalidIdentifier(
                f"公民身份号码校验码不符：按前 17 位计算，末位应为“{expected}”",
                kind="citizen_id",
                reason="check_digit",
                expected=expected,
            )

    @classmethod
    def parse(cls, text: str, today: date | None = None) -> Self:
        """The number in a text, 15 digits converted.

        Args:
            today: the day after which no one can be born yet; None leaves the future out of the judgement.
        Raises:
            InvalidIdentifier: shape, then birth_date, then check_digit.
        """
        value = normalise(text)
        if _OLD_SHAPE.match(value):
            value = from_15(value)
        born = _birth_date(value) if _SHAPE.match(value) else None
        if born is not None and today is not None and born > today:
            raise InvalidIdentifier("公民身份号码中的出生日期晚于当日", kind="citizen_id", reason="birth_date")
        return cls(value)

    @classmethod
    def is_valid(cls, text: str, today: date | None = None) -> bool:
        """Whether `parse` would accept the text."""
        try:
            cls.parse(text, today)
        except InvalidIdentifier:
            return False
        return True

    def format(self) -> str:
        """The written form: 18 characters without gaps. Personal: never on a public page."""
        return self.value

    @property
    def region(self) -> str:
        """The first six digits: place of first registration."""
        return self.value[:6]

    @property
    def birth_date(self) -> date:
        """Digits 7-14."""
        return date(int(self.value[6:10]), int(self.value[10:12]), int(self.value[12:14]))


def _birth_date(value: str) -> date | None:
    try:
        born = date(int(value[6:10]), int(value[10:12]), int(value[12:14]))
    except ValueError:
        return None
    return born if born.year >= CITIZEN_ID_FIRST_YEAR else None


def normalise(text: str) -> str:
    """Trimmed, half-width, upper-case. 15 digits stay 15: `parse` converts them."""
    return upper_ascii(normalise_cell(text))


def from_15(value: str) -> str:
    """The 18 characters for an old number of 15 digits: century 19 inserted, check character added. The birth date is
    not judged. Raises ValueError unless there are exactly 15 digits."""
    if not _OLD_SHAPE.match(value):
        raise ValueError("an old citizen number has exactly 15 digits")
    body = f"{value[:6]}19{value[6:]}"
    return body + check_character(body)


def check_character(body: str) -> str:
    """The 18th character for 17 digits."""
    total = sum(int(char) * weight for char, weight in zip(body, CITIZEN_ID_WEIGHTS, strict=True))
    return CITIZEN_ID_CHECK_CHARACTERS[total % 11]


def suggest(text: str) -> str | None:
    """The valid number that differs in the last character only; None for a valid number, a wrong shape or an
    impossible birth date [proposed]."""
    value = normalise(text)
    if not _SHAPE.match(value) or _birth_date(value) is None:
        return None
    candidate = value[:17] + check_character(value[:17])
    return candidate if candidate != value else None
