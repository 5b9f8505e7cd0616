"""Reads of the room: batches, their reports and tallies."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import connection
from django.db.models import Count, Sum

from xinshu.collection.domain import BatchReport
from xinshu.collection.models import Batch, RuleTally, Tally
from xinshu.kernel.database import fetch


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


def sum_tallies(
    since: datetime, until: datetime, by: str | None, *, items: Collection[str] | None = None
) -> list[TallyRow]:
    """Counts of the batches received in [since, until), summed by supplier, item or region, or all together.

    `items`: only batches of these items.
    """
    rows = Tally.objects.filter(batch__state="loaded", batch__received_at__gte=since, batch__received_at__lt=until)
    if items is not None:
        rows = rows.filter(batch__item__in=items)
    sums = {name: Sum(name) for name in _SUMS}
    if by is None:
        found = rows.aggregate(**sums)
        if found["rows"] is None:
            return []
        return [TallyRow("", rows.values("batch").distinct().count(), **found)]
    grouped = rows.values(_BY[by]).annotate(**sums, batches=Count("batch", distinct=True)).order_by(_BY[by])
    return [TallyRow(each[_BY[by]], each["batches"], **{name: each[name] for name in _SUMS}) for each in grouped]


def sum_rules(since: datetime, until: datetime) -> list[tuple[str, str, int]]:
    """(rule, level, findings) of the batches received in [since, until), most frequent first."""
    found = (
        RuleTally.objects.filter(batch__state="loaded", batch__received_at__gte=since, batch__received_at__lt=until)
        .values("rule", "level")
        .annotate(total=Sum("count"))
        .order_by("-total", "rule")
    )
    return [(each["rule"], each["level"], each["total"]) for each in found]


def rows_in_error(since: datetime, until: datetime, by: str | None) -> dict[str, int]:
    """{supplier, item, region, or "" for all: rows with a finding of level error, duplicates within a file apart}.

    Of the batches received in [since, until); a heading without such rows is missing.
    """
    with connection.cursor() as cursor:
        cursor.execute(_IN_ERROR.format(key=_ERROR_KEY[by]), [since, until])
        return dict(cursor.fetchall())


_ERROR_KEY = {None: "''", "supplier": "b.supplier", "item": "b.item", "region": "t.region"}
# All tallies of a batch are of its supplier's region.
_IN_ERROR = """
SELECT {key}, count(*) FROM (
    SELECT DISTINCT f.batch_id, f.row_no FROM collection_storedfinding f
    JOIN collection_batch b ON b.id = f.batch_id
    WHERE f.level = 'error' AND f.rule <> 'duplicate.in_file' AND f.row_no > 0
      AND b.state = 'loaded' AND b.received_at >= %s AND b.received_at < %s
) e JOIN collection_batch b ON b.id = e.batch_id
JOIN (SELECT batch_id, min(region) AS region FROM collection_tally GROUP BY batch_id) t ON t.batch_id = b.id
GROUP BY 1
"""


_VERSIONS = "SELECT id, item_version FROM collection_batch WHERE id = ANY(%s)"


def item_versions(batches: Collection[int]) -> dict[int, str]:
    """{batch number: version of the item's declaration its rows were judged by}."""
    return dict(fetch(_VERSIONS, [list(set(batches))]))


def latest_of_item(item: str, suppliers: Collection[str] | None, *, rows: int) -> list[int]:
    """Numbers of the batches of an item loaded last, until they hold that many rows; of these suppliers or of all."""
    batches = Batch.objects.filter(state="loaded", item=item)
    if suppliers is not None:
        batches = batches.filter(supplier__in=suppliers)
    found: list[int] = []
    for number, held in batches.order_by("-id").values_list("id", "rows").iterator(chunk_size=100):
        found.append(number)
        rows -= held
        if rows <= 0:
            break
    return found


def suppliers_of_item(item: str) -> list[str]:
    """Codes of the units that supplied loaded batches of an item."""
    return sorted(set(Batch.objects.filter(state="loaded", item=item).values_list("supplier", flat=True)))


def latest_batches(limit: int = 20) -> list[Batch]:
    """The batches loaded last."""
    return list(Batch.objects.filter(state="loaded").order_by("-id")[:limit])
