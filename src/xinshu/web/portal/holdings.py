"""What the pages tell of the platform: what it holds, how all files fared together, and the latest of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.rulebook import RULEBOOK
from xinshu.collection.domain import BatchReport
from xinshu.collection.queries import batch_report, latest_batches, sum_rules, sum_tallies
from xinshu.kernel.clock import SHANGHAI
from xinshu.security.queries import organisations
from xinshu.subjects.queries import registered_names

LATEST = 20  # files on the page of loading
DAYS = 30
_BEGINNING, _END = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_LEVELS = {"error": "错误", "doubt": "疑问", "warning": "提醒"}


@dataclass(frozen=True, slots=True)
class Held:
    """Number of records of one item in the store."""

    title: str
    count: int


@dataclass(frozen=True, slots=True)
class Flow:
    """Records that were new or changed today and in the last `DAYS` days."""

    today: int
    lately: int


@dataclass(frozen=True, slots=True)
class FileLine:
    """One of the latest files."""

    report: BatchReport
    item: str
    supplier: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """Findings of one rule over all files. `level` in words; rows with an error or a doubt are held back."""

    rule: str
    name: str
    level: str
    count: int
    holds_back: bool


@dataclass(frozen=True, slots=True)
class Loading:
    """All batches together, and the latest files; rows = accepted + doubtful + duplicates."""

    batches: int
    rows: int
    accepted: int
    doubtful: int
    duplicates: int
    unlinked: int
    rules: tuple[RuleLine, ...]
    files: tuple[FileLine, ...]

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
    """Records in the store by item, most first, registrations apart; each counts once however often it came."""
    counts = {each.key: each.new for each in sum_tallies(_BEGINNING, _END, "item")}
    held = [
        Held(item.title, counts[name])
        for name, item in catalogue.items()
        if counts.get(name) and not item.creates_subjects
    ]
    return sorted(held, key=lambda each: -each.count)


def latest_receipt() -> datetime | None:
    """The moment the last file was received; None before the first."""
    found = latest_batches(1)
    return found[0].received_at if found else None


def flow(items: Sequence[str], day: date) -> Flow:
    """What came of these items, to the end of that Shanghai day."""
    morning = datetime.combine(day, time.min, SHANGHAI)
    until = morning + timedelta(days=1)
    return Flow(_came(morning, until, items), _came(until - timedelta(days=DAYS), until, items))


def _came(since: datetime, until: datetime, items: Sequence[str]) -> int:
    return sum(each.new + each.updated for each in sum_tallies(since, until, None, items=items))


def loading(home: Path, catalogue: Mapping[str, CatalogueItem]) -> Loading | None:
    """How the files fared; None before the first."""
    sums = sum_tallies(_BEGINNING, _END, None)
    if not sums:
        return None
    total = sums[0]
    return Loading(
        total.batches,
        total.rows,
        total.new + total.updated + total.unchanged,
        total.doubtful,
        total.duplicates,
        total.unlinked,
        _rules(),
        _files(home, catalogue),
    )


def _files(home: Path, catalogue: Mapping[str, CatalogueItem]) -> tuple[FileLine, ...]:
    names = {each.uscc: each.name for each in organisations()}
    return tuple(
        FileLine(
            report,
            catalogue[report.item].title if report.item in catalogue else report.item,
            names.get(report.supplier, report.supplier),
        )
        for report in (batch_report(each, home) for each in latest_batches(LATEST))
    )


def _rules() -> tuple[RuleLine, ...]:
    lines = [
        RuleLine(rule, RULEBOOK[rule].name, _LEVELS[level], count, level != "warning")
        for rule, level, count in sum_rules(_BEGINNING, _END)
        if rule in RULEBOOK and level in _LEVELS
    ]
    return tuple(sorted(lines, key=lambda line: (not line.holds_back, -line.count, line.rule)))
