"""Business registration number (工商注册号), 15 digits, in use before the unified code.

6 registering authority, 8 sequence, 1 check digit by ISO 7064 MOD 11,10. Source: rule of the registering authority
[sourced S17].
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, Self

from xinshu.kernel.identifiers.errors import InvalidIdentifier
from xinshu.kernel.text import normalise_cell, upper_ascii

REG_NO_SHAPE = "^[0-9]{15}$"
_SHAPE = re.compile(REG_NO_SHAPE[:-1] + r"\Z")


@dataclass(frozen=True, slots=True, order=True)
class RegNo:
    """A number of 15 digits whose check digit is right."""

    value: str

    def __post_init__(self) -> None:
        if not _SHAPE.match(self.value):
            raise InvalidIdentifier("工商注册号格式不符：应为 15 位数字", kind="reg_no", reason="shape")
        if (expected := check_digit(self.value[:14])) != self.value[14]:
            raise InvalidIdentifier(
                f"工商注册号校验码不符：按前 14 位计算，末位应为“{expected}”",
                kind="reg_no",
                reason="check_digit",
                expected=expected,
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number in a text. Raises InvalidIdentifier: shape, then check_digit."""
        return cls(normalise(text))

    @classmethod
    def is_valid(cls, text: str) -> bool:
        """Whether `parse` would accept the text."""
        try:
            cls.parse(text)
        except InvalidIdentifier:
            return False
        return True

    def format(self) -> str:
        """The written form: 15 digits without gaps."""
        return self.value

    @property
    def holder(self) -> Literal["domestic", "foreign_invested", "individual"]:
        """Kind of business by the first sequence digit: 0-3, 4-5, 6-9 [S17]."""
        digit = int(self.value[6])
        return "domestic" if digit <= 3 else "foreign_invested" if digit <= 5 else "individual"


def normalise(text: str) -> str:
    """Trimmed and half-width (letters upper-case, so that a code given instead is recognisable)."""
    return upper_ascii(normalise_cell(text))


def check_digit(body: str) -> str:
    """The 15th digit for 14 digits: ISO 7064 MOD 11,10."""
    product = 10
    for char in body:
        product = ((product + int(char)) % 10 or 10) * 2 % 11
    return str((11 - product) % 10)


def suggest(text: str) -> str | None:
    """The valid number that differs in the last digit only; None for a valid number or a wrong shape [proposed]."""
    value = normalise(text)
    if not _SHAPE.match(value):
        return None
    candidate = value[:14] + check_digit(value[:14])
    return candidate if candidate != value else None
