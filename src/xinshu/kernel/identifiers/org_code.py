"""Organisation code (组织机构代码), 8 characters and a check character, often written XXXXXXXX-X.

Source: GB 11714 [recalled; verified against codes in public records].
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from xinshu.kernel.identifiers.errors import InvalidIdentifier
from xinshu.kernel.text import normalise_cell, upper_ascii

ORG_CODE_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"  # the value is the index
ORG_CODE_WEIGHTS: tuple[int, ...] = (3, 7, 9, 10, 5, 8, 4, 2)
ORG_CODE_SHAPE = "^[0-9A-Z]{9}$"
ORG_CODE_HYPHEN = "^([0-9A-Z]{8})[-－‐‑–—−]([0-9A-Z])$"
"""The hyphenated spelling after trimming and upper-casing; the code is its two groups joined."""

_VALUES = {char: index for index, char in enumerate(ORG_CODE_ALPHABET)}
_SHAPE = re.compile(ORG_CODE_SHAPE[:-1] + r"\Z")
_HYPHEN = re.compile(ORG_CODE_HYPHEN)


@dataclass(frozen=True, slots=True, order=True)
class OrgCode:
    """A code of nine characters, without hyphen, whose check character is right."""

    value: str

    def __post_init__(self) -> None:
        if not _SHAPE.match(self.value):
            raise InvalidIdentifier(
                "组织机构代码格式不符：应为 8 位数字或大写字母加 1 位校验码", kind="org_code", reason="shape"
            )
        if (expected := check_character(self.value[:8])) != self.value[8]:
            raise InvalidIdentifier(
                f"组织机构代码校验码不符：按前 8 位计算，末位应为“{expected}”",
                kind="org_code",
                reason="check_character",
                expected=expected,
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code in a text, with or without hyphen. Raises InvalidIdentifier: shape, then check_character."""
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
        """The written form, XXXXXXXX-X."""
        return f"{self.value[:8]}-{self.value[8]}"


def normalise(text: str) -> str:
    """Trimmed, half-width, upper-case, without the hyphen before the check character."""
    return _HYPHEN.sub(r"\1\2", upper_ascii(normalise_cell(text)))


def check_character(body: str) -> str:
    """The ninth character for eight of 0-9 A-Z: 11 - sum mod 11, written X for 10 and 0 for 11."""
    total = sum(_VALUES[char] * weight for char, weight in zip(body, ORG_CODE_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def suggest(text: str) -> str | None:
    """The valid code that differs in the last character only; None for a valid code or a wrong shape [proposed]."""
    value = normalise(text)
    if not _SHAPE.match(value):
        return None
    candidate = value[:8] + check_character(value[:8])
    return candidate if candidate != value else None
