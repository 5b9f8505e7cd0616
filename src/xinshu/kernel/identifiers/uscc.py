"""Unified social credit code (统一社会信用代码), 18 characters.

Position 1 registering authority, 2 category, 3-8 region (GB/T 2260), 9-17 organisation code, 18 check character.
Source: GB 32100-2015 [sourced S17 S18 S43; the check rule recalled and verified against codes in public records].
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Self

from xinshu.kernel.identifiers import org_code as org
from xinshu.kernel.identifiers.errors import InvalidIdentifier
from xinshu.kernel.text import normalise_cell, upper_ascii

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # the standard leaves out I, O, S, V and Z; the value is the index
USCC_WEIGHTS: tuple[int, ...] = tuple(pow(3, place, 31) for place in range(17))
USCC_SHAPE = f"^[{USCC_ALPHABET}]{{18}}$"

USCC_CATEGORIES: Mapping[str, str] = {
    "11": "机关",
    "12": "事业单位",
    "13": "编办直接管理机构编制的群众团体",
    "19": "机构编制管理的其他组织",
    "21": "外国常驻新闻机构",
    "29": "外交管理的其他组织",
    "31": "律师执业机构",
    "32": "公证处",
    "33": "基层法律服务所",
    "34": "司法鉴定机构",
    "35": "仲裁委员会",
    "39": "司法行政管理的其他组织",
    "41": "外国在华文化中心",
    "49": "文化管理的其他组织",
    "51": "社会团体",
    "52": "民办非企业单位",
    "53": "基金会",
    "59": "民政管理的其他组织",
    "61": "外国旅游部门常驻代表机构",
    "62": "港澳台地区旅游部门常驻内地（大陆）代表机构",
    "69": "旅游管理的其他组织",
    "71": "宗教活动场所",
    "72": "宗教院校",
    "79": "宗教管理的其他组织",
    "81": "基层工会",
    "89": "工会管理的其他组织",
    "91": "企业",
    "92": "个体工商户",
    "93": "农民专业合作社",
    "A1": "军队事业单位",
    "A9": "军队管理的其他组织",
    "N1": "组级集体经济组织",
    "N2": "村级集体经济组织",
    "N3": "乡镇级集体经济组织",
    "N9": "农业管理的其他组织",
    "Y1": "其他",
}
"""{first two characters: kind of organisation}; [sourced S17 S43]."""

_VALUES = {char: index for index, char in enumerate(USCC_ALPHABET)}
_SHAPE = re.compile(USCC_SHAPE[:-1] + r"\Z")


@dataclass(frozen=True, slots=True, order=True)
class Uscc:
    """A code with a right check character and a known category. The region and the organisation part are not judged:
    abolished regions stay valid, and a failing organisation part is only worth a warning (`org_code_is_valid`)."""

    value: str

    PLACEHOLDER: ClassVar[str] = "0" * 17 + "X"  # submitted where no code exists; never valid, never a key [S21]

    def __post_init__(self) -> None:
        if not _SHAPE.match(self.value):
            raise InvalidIdentifier(
                "统一社会信用代码格式不符：应为 18 位数字或大写字母（不用 I、O、S、V、Z）", kind="uscc", reason="shape"
            )
        if (expected := check_character(self.value[:17])) != self.value[17]:
            raise InvalidIdentifier(
                f"统一社会信用代码校验码不符：按前 17 位计算，末位应为“{expected}”",
                kind="uscc",
                reason="check_character",
                expected=expected,
            )
        if self.value[:2] not in USCC_CATEGORIES:
            raise InvalidIdentifier(
                f"统一社会信用代码前两位“{self.value[:2]}”不是已知的登记管理部门和机构类别",
                kind="uscc",
                reason="category",
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The code in a text. Raises InvalidIdentifier: shape, then check_character, then category."""
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
        """The written form: 18 characters without gaps."""
        return self.value

    @property
    def org_code(self) -> str:
        """Characters 9-17: the organisation code with its own check character."""
        return self.value[8:17]

    @property
    def org_code_is_valid(self) -> bool:
        """Whether characters 9-17 pass GB 11714."""
        return org.OrgCode.is_valid(self.org_code)

    @property
    def region(self) -> str:
        """Characters 3-8: region of the registering authority when the code was given."""
        return self.value[2:8]

    @property
    def category(self) -> str:
        """The first two characters, a key of USCC_CATEGORIES."""
        return self.value[:2]


def normalise(text: str) -> str:
    """Trimmed, half-width, upper-case. Nothing else is changed and nothing is judged."""
    return upper_ascii(normalise_cell(text))


def check_character(body: str) -> str:
    """The 18th character for 17 characters of the alphabet. Raises KeyError for any other character."""
    total = sum(_VALUES[char] * weight for char, weight in zip(body, USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def suggest(text: str) -> str | None:
    """The valid code that differs in the last character only, if its organisation part passes too; else None.

    A suggestion is never applied by itself: other single-character changes fit as well [proposed].
    """
    value = normalise(text)
    if not _SHAPE.match(value) or not org.OrgCode.is_valid(value[8:17]):
        return None
    candidate = value[:17] + check_character(value[:17])
    return candidate if candidate != value and Uscc.is_valid(candidate) else None
