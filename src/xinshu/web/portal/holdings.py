"""What the home page tells of the platform: what it holds, and how the latest files fared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.rulebook import RULEBOOK
from xinshu.collection.domain import BatchReport
from xinshu.collection.queries import batch_report, latest_batches, sum_tallies
from xinshu.security.queries import organisations
from xinshu.subjects.queries import registered_names

LATEST = 20  # batches on the home page
_BEGINNING, _END = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_LEVELS = {"error": "错误", "doubt": "疑问", "warning": "提醒"}


@dataclass(frozen=True, slots=True)
class Held:
    """Number of records of one item in the store."""

    title: str
    count: int


@dataclass(frozen=True, slots=True)
class FileLine:
    """One file of the latest loading."""

    report: BatchReport
    item: str
    supplier: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """Findings of one rule over the files listed. `level` in words; rows with an error or a doubt are held back."""

    rule: str
    name: str
    level: str
    count: int
    holds_back: bool


@dataclass(frozen=True, slots=True)
class Loading:
    """The latest batches and their sums; rows = accepted + doubtful + duplicates."""

    files: tuple[FileLine, ...]
    rules: tuple[RuleLine, ...]
    rows: int
    accepted: int
    doubtful: int
    duplicates: int
    unlinked: int

    @property
    def load_rate(self) -> float | None:
        """入库率, 0 to 1; None when no row came."""
        return self.accepted / self.rows if self.rows else None

    @property
    def latest(self) -> datetime:
        """The last moment of receipt."""
        return max(each.report.received_at for each in self.files)


def subjects_held() -> int:
    """Number of subjects in the registry."""
    return registered_names()


def records_held(catalogue: Mapping[str, CatalogueItem]) -> list[Held]:
    """Records in the store by item, most first; each record counts once however often it came."""
    counts = {each.key: each.new for each in sum_tallies(_BEGINNING, _END, "item")}
    held = [Held(item.title, counts[name]) for name, item in catalogue.items() if counts.get(name)]
    return sorted(held, key=lambda each: -each.count)


def latest_loading(home: Path, catalogue: Mapping[str, CatalogueItem]) -> Loading | None:
    """The batches loaded last, newest first; None before the first."""
    reports = [batch_report(each, home) for each in latest_batches(LATEST)]
    if not reports:
        return None
    names = {each.uscc: each.name for each in organisations()}
    files = tuple(
        FileLine(
            each,
            catalogue[each.item].title if each.item in catalogue else each.item,
            names.get(each.supplier, each.supplier),
        )
        for each in reports
    )
    return Loading(
        files,
        _rules(reports),
        sum(each.rows for each in reports),
        sum(each.accepted for each in reports),
        sum(each.doubtful for each in reports),
        sum(each.duplicates for each in reports),
        sum(each.unlinked for each in reports),
    )


def _rules(reports: list[BatchReport]) -> tuple[RuleLine, ...]:
    counts: dict[str, int] = {}
    for report in reports:
        for rule, count in report.by_rule.items():
            counts[rule] = counts.get(rule, 0) + count
    lines = [
        RuleLine(code, found.name, _LEVELS[found.level], count, found.level != "warning")
        for code, count in counts.items()
        if (found := RULEBOOK.get(code)) is not None
    ]
    return tuple(sorted(lines, key=lambda line: (not line.holds_back, -line.count, line.rule)))
