"""The figures of a month. Pure; the formulas and their sources: docs/quality.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from xinshu.kernel.clock import SHANGHAI, InvalidInstant

By = Literal["supplier", "item", "region"]
_MONTH = re.compile(r"([0-9]{4})-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class QualityRow:
    """Counters under one heading (`key` a code, `name` its name; both empty for all together).

    reported = accepted + doubtful + duplicates; `unlinked` and `late` are among the accepted. `in_error`: rows that break
    a hard check. `due`: accepted rows of items that have a deadline. `rank`: by load rate, equal rates share a place,
    None without a rate or for all together.
    """

    key: str
    name: str
    batches: int
    reported: int
    accepted: int
    updated: int
    doubtful: int
    duplicates: int
    unlinked: int
    in_error: int
    due: int
    late: int
    rank: int | None = None

    @property
    def load_rate(self) -> float | None:
        """入库率, 0 to 1."""
        return _share(self.accepted, self.reported)

    @property
    def compliance_rate(self) -> float | None:
        """合规率, 0 to 1: rows that pass every hard check."""
        return _share(self.reported - self.in_error, self.reported)

    @property
    def timeliness_rate(self) -> float | None:
        """及时率, 0 to 1, of the rows that have a deadline."""
        return _share(self.due - self.late, self.due)

    def as_dict(self) -> dict[str, object]:
        """The form of one row in `xinshu quality --json`."""
        return {
            "key": self.key,
            "name": self.name,
            "rank": self.rank,
            "batches": self.batches,
            "reported": self.reported,
            "accepted": self.accepted,
            "updated": self.updated,
            "doubtful": self.doubtful,
            "duplicates": self.duplicates,
            "unlinked": self.unlinked,
            "in_error": self.in_error,
            "due": self.due,
            "late": self.late,
            "load_rate": self.load_rate,
            "compliance_rate": self.compliance_rate,
            "timeliness_rate": self.timeliness_rate,
        }


@dataclass(frozen=True, slots=True)
class QualityTable:
    """The figures of a month. `rows` are empty when no heading was asked for, else ranked ones first."""

    month: str
    by: By | None
    total: QualityRow
    rows: tuple[QualityRow, ...]

    def as_dict(self) -> dict[str, object]:
        """The form of `xinshu quality --json`."""
        return {
            "month": self.month,
            "by": self.by,
            "total": self.total.as_dict(),
            "rows": [each.as_dict() for each in self.rows],
        }


def per_cent(rate: float | None) -> str:
    """A rate as it stands on a screen: 96.4%, — where there is none."""
    return "—" if rate is None else f"{rate:.1%}"


def month_bounds(month: str) -> tuple[datetime, datetime]:
    """The first instants of a Shanghai month and of the next one. Raises InvalidInstant for anything but YYYY-MM."""
    found = _MONTH.fullmatch(month.strip())
    if found is None or found[1] in {"0000", "9999"}:
        raise InvalidInstant(f"月份“{month[:40]}”无法识别", fix="写成 2026-11")
    start = datetime(int(found[1]), int(found[2]), 1, tzinfo=SHANGHAI)
    return start, (start + timedelta(days=31)).replace(day=1)


def ranked(rows: Sequence[QualityRow]) -> tuple[QualityRow, ...]:
    """The rows by load rate, highest first, with their places; rows without a rate last, without a place."""
    with_rate = sorted(
        ((each.load_rate, each) for each in rows if each.load_rate is not None),
        key=lambda pair: (-pair[0], pair[1].key),
    )
    places = [replace(each, rank=1 + sum(other > rate for other, _ in with_rate)) for rate, each in with_rate]
    rest = sorted((each for each in rows if each.load_rate is None), key=lambda each: each.key)
    return (*places, *rest)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
