"""Reads for the supplier of a batch: its batches, what became of each row, the findings by problem.

Every question is asked for one supplier: a batch of another is answered like none.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Literal

from django.db import connection
from django.db.models import Q, QuerySet

from xinshu.catalogue.domain import CatalogueItem
from xinshu.collection.models import Batch, DoubtfulRow, HandIn, RuleTally, StoredFinding
from xinshu.collection.outcome import held_place
from xinshu.collection.queries import findings_path
from xinshu.security.masking import mask, mask_numbers
from xinshu.security.sealing import Vault

__all__ = ["Batch", "HandIn", "StoredFinding"]  # rows as they are stored, for readers to name; nobody else writes them

Level = Literal["", "error", "doubt", "warning"]
_NATURAL_PERSON = "自然人"
_FILE_FINDINGS = 100


@dataclass(frozen=True, slots=True)
class Totals:
    """What became of the rows of a loaded batch: rows = accepted + errors + doubts + duplicates, always.

    `errors`: rows held back with at least one finding of level error; `doubts`: held back without; `duplicates`: second
    and later rows of one key in the file.
    """

    accepted: int
    errors: int
    doubts: int
    duplicates: int
    rows: int


@dataclass(frozen=True, slots=True)
class Filter:
    """Which findings are shown. Empty: every one that keeps a row back; `level` warning: those that do not."""

    rule: str = ""
    field: str = ""
    level: Level = ""


@dataclass(frozen=True, slots=True)
class RowTitle:
    """What a held row is about, personal values masked."""

    subject: str
    document_no: str


def batch_of(label: str, supplier: str) -> Batch | None:
    """The supplier's batch of that number; None also for another's."""
    return Batch.objects.filter(label=label, supplier=supplier).first()


def batches_of(supplier: str) -> QuerySet[Batch]:
    """The supplier's batches, the newest first, with the hand-ins of each at hand."""
    return Batch.objects.filter(supplier=supplier).order_by("-id").prefetch_related("hand_ins")


def confirmation_of(batch: Batch) -> Batch | None:
    """The batch of the same file in which its supplier confirmed what is in doubt; None when nobody did."""
    same = Batch.objects.filter(supplier=batch.supplier, item=batch.item, digest=batch.digest, confirmed=True)
    return same.order_by("-id").first()


def last_hand_in(batch: Batch) -> HandIn | None:
    """The latest hand-in of a batch; None for one that came by command line."""
    return HandIn.objects.filter(batch=batch).select_related("batch").order_by("-received_at", "-id").first()


def hand_ins_of(supplier: str, since: datetime, limit: int) -> list[HandIn]:
    """The supplier's hand-ins: those not finished, and those finished after `since`; the newest first."""
    wanted = Q(finished_at=None) | Q(finished_at__gte=since)
    found = HandIn.objects.filter(wanted, batch__supplier=supplier).select_related("batch")
    return list(found.order_by("-received_at", "-id")[:limit])


def ahead_of(hand_in: HandIn) -> int:
    """How many hand-ins of anybody came before this one and are not finished."""
    return HandIn.objects.filter(finished_at=None, received_at__lt=hand_in.received_at).count()


def totals_of(batch: Batch) -> Totals:
    """The totals of a loaded batch."""
    with connection.cursor() as cursor:
        cursor.execute(_ERROR_ROWS, [batch.id])
        (errors,) = cursor.fetchone()
    accepted = batch.new + batch.updated + batch.unchanged
    return Totals(accepted, errors, batch.doubtful - errors, batch.duplicates, batch.rows)


_ERROR_ROWS = """
SELECT count(*) FROM collection_doubtfulrow d WHERE d.batch_id = %s AND NOT d.duplicate AND EXISTS (
    SELECT 1 FROM collection_storedfinding f
    WHERE f.batch_id = d.batch_id AND f.row_no = d.row_no AND f.level = 'error')
"""


def problems_of(batch: Batch) -> list[RuleTally]:
    """Findings counted by rule, the most frequent first."""
    return list(RuleTally.objects.filter(batch=batch).order_by("-count", "rule"))


def fields_of(batch: Batch) -> list[tuple[str, str]]:
    """(column code, title) of the fields that have findings, by title."""
    found = StoredFinding.objects.filter(batch=batch, row_no__gt=0).exclude(field="")
    return list(found.values_list("field", "title").distinct().order_by("title"))


def findings_of(batch: Batch, chosen: Filter) -> QuerySet[StoredFinding]:
    """The findings on rows that the filter leaves, in the file's order."""
    found = StoredFinding.objects.filter(batch=batch, row_no__gt=0)
    found = found.filter(level=chosen.level) if chosen.level else found.exclude(level="warning")
    if chosen.rule:
        found = found.filter(rule=chosen.rule)
    if chosen.field:
        found = found.filter(field=chosen.field)
    return found.order_by("row_no", "id")


def file_findings(batch: Batch, home: Path) -> list[dict[str, str]]:
    """What was found on the file as a whole (row 0), from its findings file: the reasons of a refused one too."""
    path = findings_path(home, batch)
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(islice(_whole_file(csv.DictReader(file)), _FILE_FINDINGS))


def _whole_file(lines: Iterator[dict[str, str]]) -> Iterator[dict[str, str]]:
    """The findings on row 0; they come before all others."""
    for line in lines:
        if line["row"] != "0":
            return
        yield line


def row_titles(batch: Batch, rows: Collection[int], *, item: CatalogueItem, vault: Vault) -> dict[int, RowTitle]:
    """{row number: what the row is about} of rows that were held back; others are missing."""
    found = DoubtfulRow.objects.filter(batch=batch, row_no__in=set(rows))
    titles = {}
    for each in found:
        raw = json.loads(vault.open_cell(bytes(each.sealed), held_place(batch.id, each.row_no)))
        titles[each.row_no] = _title(raw, item)
    return titles


def _title(raw: Mapping[str, object], item: CatalogueItem) -> RowTitle:
    """Rows held by the file's rules are flat; those held by the store's have a personal part of their own."""
    cells = raw["row"] if isinstance(raw.get("row"), dict) else raw
    assert isinstance(cells, dict)
    roles = item.roles
    name, kind, number, document = (
        str(cells.get(code or "") or "")
        for code in (roles.counterpart_name, roles.counterpart_kind, roles.id_no, roles.document_no)
    )
    field = item.field(roles.counterpart_name)
    always = field.mask != "none" and not field.personal_when
    personal = always or bool(number) or kind == _NATURAL_PERSON
    return RowTitle(mask(name, "name") if personal else mask_numbers(name), mask_numbers(document))
