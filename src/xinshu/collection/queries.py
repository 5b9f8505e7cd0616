"""Reads of the room: batches, their reports and tallies."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db.models import Sum

from xinshu.collection.domain import BatchReport
from xinshu.collection.models import Batch, RuleTally, Tally


@dataclass(frozen=True, slots=True)
class TallyRow:
    """Summed counts of loaded batches under one heading (a supplier, an item, a region, or all)."""

    key: str
    batches: int
    rows: int
    new: int
    updated: int
    unchanged: int
    doubtful: int
    duplicates: int
    unlinked: int
    late: int


def findings_path(home: Path, batch: Batch) -> Path:
    """Where the findings file of a batch is."""
    return home / "findings" / f"{batch.label}.csv"


def batch_report(batch: Batch, home: Path, *, repeated: bool = False) -> BatchReport:
    """The report of a batch as it stands."""
    rules = dict(RuleTally.objects.filter(batch=batch).order_by("-count", "rule").values_list("rule", "count"))
    return BatchReport(
        batch.file,
        batch.label,
        batch.item,
        batch.supplier,
        batch.received_at,
        batch.rows,
        batch.new,
        batch.updated,
        batch.unchanged,
        batch.doubtful,
        batch.duplicates,
        batch.unlinked,
        batch.seconds,
        rules,
        findings_path(home, batch),
        repeated,
    )


_SUMS = ("rows", "new", "updated", "unchanged", "doubtful", "duplicates", "unlinked", "late")
_BY = {"supplier": "batch__supplier", "item": "batch__item", "region": "region"}


def sum_tallies(since: datetime, until: datetime, by: str | None) -> list[TallyRow]:
    """Counts of the batches received in [since, until), summed by supplier, item or region, or all together."""
    rows = Tally.objects.filter(batch__state="loaded", batch__received_at__gte=since, batch__received_at__lt=until)
    sums = {name: Sum(name) for name in _SUMS}
    if by is None:
        found = rows.aggregate(**sums)
        if found["rows"] is None:
            return []
        return [TallyRow("", rows.values("batch").distinct().count(), **found)]
    grouped = rows.values(_BY[by]).annotate(**sums).order_by(_BY[by])
    counts = {
        key: rows.filter(**{_BY[by]: key}).values("batch").distinct().count()
        for key in {each[_BY[by]] for each in grouped}
    }
    return [TallyRow(each[_BY[by]], counts[each[_BY[by]]], **{name: each[name] for name in _SUMS}) for each in grouped]


def sum_rules(since: datetime, until: datetime) -> list[tuple[str, str, int]]:
    """(rule, level, findings) of the batches received in [since, until), most frequent first."""
    found = (
        RuleTally.objects.filter(batch__state="loaded", batch__received_at__gte=since, batch__received_at__lt=until)
        .values("rule", "level")
        .annotate(total=Sum("count"))
        .order_by("-total", "rule")
    )
    return [(each["rule"], each["level"], each["total"]) for each in found]


def latest_batches(limit: int = 20) -> list[Batch]:
    """The batches loaded last."""
    return list(Batch.objects.filter(state="loaded").order_by("-id")[:limit])
