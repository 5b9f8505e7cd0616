"""Pure types of the registry: how a record came to its subject, and how alike two names are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import IntEnum
from typing import NamedTuple, Self
from uuid import UUID

import numpy as np
import numpy.typing as npt

CLOSED_STATES = frozenset({"注销", "吊销", "撤销"})
# Bigrams that nearly every company name holds: they say nothing about which company it is.
_EMPTY_BIGRAMS = frozenset(
    (
        "有限",
        "限公",
        "公司",
        "限责",
        "责任",
        "任公",
        "股份",
        "份有",
        "集团",
        "团有",
        "合作",
        "作社",
        "专业",
        "业合",
        "经营",
        "营部",
    )
)
_ALIKE = 0.7
_SHORTEST = 4


class Basis(IntEnum):
    """By what a record is tied to its subject, strongest first. Source: docs/rules.md section 1.6 [proposed]."""

    USCC = 1
    ORG_CODE = 2
    REG_NO_AND_NAME = 3
    UNIQUE_NAME = 4
    REGISTRATION = 5


class Link(NamedTuple):
    """The subject of a row, as the 16 bytes of its id.

    `other_name`: the subject's name where the row's is neither its present nor a former one, else None. `status` and
    `closed_on` only for a subject that is cancelled or revoked.
    """

    subject: bytes
    basis: Basis
    other_name: str | None = None
    status: str | None = None
    closed_on: date | None = None


NOBODY = 0
"""In the place of a `Basis`."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """Whose some rows are, in columns: `subjects` (shape (rows, 16), the bytes of ids) and by what they were found, NOBODY
    where there is none; and the links about which there is more to say, {row: link}."""

    subjects: npt.NDArray[np.uint8]
    bases: npt.NDArray[np.int64]
    telling: dict[int, Link]

    @classmethod
    def nothing(cls, rows: int) -> Self:
        """Nobody was found."""
        return cls(np.zeros((rows, 16), dtype=np.uint8), np.full(rows, NOBODY, dtype=np.int64), {})

    def link(self, row: int) -> Link | None:
        """Whose one row is."""
        if row in self.telling or self.bases[row] == NOBODY:
            return self.telling.get(row)
        return Link(self.subjects[row].tobytes(), Basis(int(self.bases[row])))


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A similar name: proposed to a person, never a link. `score` 0 to 1."""

    subject: UUID
    name: str
    score: float
    explanation: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of a search. `matched`: what matched, in words; `field`: the same as a code (`uscc`, `org_code`,
    `reg_no`, `name`, `former_name`, `short_name`, `pinyin`). `former_name`: the one that matched, else empty.
    `region` is a GB/T 2260 code."""

    uscc: str
    name: str
    status: str
    matched: str
    field: str = "name"
    former_name: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class Proposed:
    """A similar name: shown apart, never mixed with hits. `score` 0 to 1, `reasons` in words, one for each feature."""

    uscc: str
    name: str
    status: str
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found. `full`: there may be more hits. `suggestions` only where nothing was found for certain.
    `notes`: hints in words."""

    hits: tuple[Hit, ...] = ()
    suggestions: tuple[Proposed, ...] = ()
    full: bool = False
    notes: tuple[str, ...] = ()


def telling_bigrams(name: str) -> list[str]:
    """The bigrams of a comparable name by which candidates are looked up."""
    return sorted({name[i : i + 2] for i in range(len(name) - 1)} - _EMPTY_BIGRAMS)


def likeness(one: str, other: str) -> float:
    """Dice coefficient of the bigrams of two comparable names."""
    first = {one[i : i + 2] for i in range(len(one) - 1)}
    second = {other[i : i + 2] for i in range(len(other) - 1)}
    return 2 * len(first & second) / (len(first) + len(second)) if first and second else 0.0


def one_edit_apart(one: str, other: str) -> bool:
    """Whether the names differ by one character put in, left out or replaced."""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    start = next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    if len(one) == len(other):
        return one[start + 1 :] == other[start + 1 :]
    longer, shorter = (one, other) if len(one) > len(other) else (other, one)
    return longer[start + 1 :] == shorter[start:]


def judge_alike(name: str, candidate: str) -> tuple[float, str] | None:
    """Score and explanation when a candidate is near enough to be proposed, else None."""
    score = likeness(name, candidate)
    if min(len(name), len(candidate)) < _SHORTEST:
        return None
    if one_edit_apart(name, candidate):
        return max(score, 0.9), "仅相差一个字"
    if score >= _ALIKE:
        return score, f"名称相似度 {score:.0%}"
    return None
