"""Reads of the store: the records of subjects, as public on a day, whole, or as they were known at a moment.

The store is under row-level security: without a scope the application reads nothing (migration 0001).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, LiteralString
from uuid import UUID

from django.db import connection, transaction

from xinshu.catalogue.queries import item_numbers
from xinshu.kernel.database import PLANNED_ONCE, fetch
from xinshu.kernel.ids import public_id_bytes
from xinshu.kernel.text import document_key
from xinshu.records.domain import Marks, document_digest

Scope = date | Literal["all"]


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it stands, or stood. `values`: {column code: text}, empty cells missing, personal values masked.

    `person`: it is about a natural person. `linked_by`: a `subjects.domain.Basis`. `received_at` is when this content
    was first received, `first_received_at` when the record was; `public_until` is the first day no longer public.
    """

    id: UUID
    subject: UUID
    item_number: int
    item: str
    values: Mapping[str, str]
    supplier: str
    authority: str
    event_date: date | None
    ends_on: date | None
    received_at: datetime
    first_received_at: datetime
    rule_set: str | None
    severity: str | None
    public_from: date | None
    repair_from: date | None
    public_until: date | None
    marks: Marks
    batch_id: int
    row_no: int
    linked_by: int
    linked_at: datetime
    person: bool

    def public_on(self, day: date) -> bool:
        """Whether it is public on that (Shanghai) day; the same rule as the policy of the table."""
        if self.public_from is None or day < self.public_from:
            return False
        return self.public_until is None or day < self.public_until


@contextmanager
def reading(scope: Scope) -> Iterator[None]:
    """A transaction in which the store shows what is public on a day, or everything; afterwards nothing again.

    The scope ends with the transaction; inside another one it is taken back.
    """
    inside = connection.in_atomic_block
    with transaction.atomic():
        fetch(_SCOPE, [scope if scope == "all" else scope.isoformat()])
        yield
        if inside:
            fetch(_SCOPE, [""])


def records_of(subject_ids: Sequence[UUID], *, scope: Scope, known_at: datetime | None) -> list[StoredRecord]:
    """The records linked to these subjects, latest event first, those without a date last.

    Args:
        scope: a day, for what is public on it; or "all", for the gate of disclosure and the program's own upkeep.
        known_at: what the store knew at that moment: the content then, and only records linked by then. A record that
            was linked anew since counts from its present link [proposed]: former links are not kept.
    """
    ids = list(subject_ids)
    if known_at is None:
        with reading(scope):
            rows = fetch(_PRESENT, [ids])
    else:  # former contents can be read with the whole scope only
        with reading("all"), connection.cursor() as cursor:
            cursor.execute(_KNOWN_AT, {"subjects": ids, "at": known_at})
            rows = cursor.fetchall()
    names = {number: name for name, number in item_numbers().items()}
    found = [_record(row, names) for row in rows]
    if known_at is not None and scope != "all":
        found = [each for each in found if each.public_on(scope)]
    return sorted(found, key=_latest_first)


def record_named(public: str) -> StoredRecord | None:
    """The record with this public id (canonical form), whether public or not; None for one that is on no subject.

    Who asks for the public has to look at its dates first.
    """
    with reading("all"):
        rows = fetch(_NAMED, [public_id_bytes(public)])
    names = {number: name for name, number in item_numbers().items()}
    return _record(rows[0], names) if rows else None


def records_of_document(number: str, *, day: date, limit: int) -> list[StoredRecord]:
    """Records about organisations that may have this number of a document and are public on that day, latest event first.

    Args:
        number: as somebody typed it. Numbers are indexed by a digest: compare those of the records with it.
    """
    wanted = int.from_bytes(document_digest(document_key(number).encode()), signed=True)
    with reading(day):
        rows = fetch(_OF_DOCUMENT, [wanted, limit])
    names = {number: name for name, number in item_numbers().items()}
    return [_record(row, names) for row in rows]


def records_of_batches(
    batches: Sequence[int], item: str, *, day: date, offset: int, limit: int
) -> tuple[list[StoredRecord], int]:
    """The records of an item whose present content came with these batches, as public on that day, latest event first.

    Only those linked to a subject and not about a natural person. Returns the part asked for, and how many there are.
    """
    given = {"batches": list(batches), "item": item_numbers().get(item), "offset": offset, "limit": limit}
    with reading(day), connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) {_OF_BATCHES}", given)
        (total,) = cursor.fetchone()
        cursor.execute(f"SELECT {_COLUMNS.format(c='r')} {_OF_BATCHES} {_IN_ORDER}", given)
        rows = cursor.fetchall()
    names = {number: name for name, number in item_numbers().items()}
    return [_record(row, names) for row in rows], total


def former_contents(records: Sequence[UUID], *, known_at: datetime | None) -> list[Mapping[str, str]]:
    """The values these records had before those they have (at that moment), latest first."""
    with reading("all"), connection.cursor() as cursor:
        cursor.execute(_FORMER, {"records": list(records), "at": known_at})
        return [json.loads(payload) for (payload,) in cursor.fetchall()]


def most_recorded(day: date) -> UUID | None:
    """The subject with records of the most items public on that day, of equals the one with the most records.

    Reads the whole store: for demonstrations.
    """
    with reading(day), connection.cursor() as cursor:
        cursor.execute(_MOST_RECORDED)
        found = cursor.fetchone()
    return None if found is None else found[0]


def _latest_first(record: StoredRecord) -> tuple[int, float, UUID]:
    day = record.event_date.toordinal() if record.event_date is not None else 0
    return -day, -record.received_at.timestamp(), record.id


def _record(row: tuple[Any, ...], names: Mapping[int, str]) -> StoredRecord:
    record, subject, number, payload, *content, marks, batch, row_no, linked_by, linked_at, person = row
    values: Mapping[str, str] = json.loads(payload)
    rest = [*content, Marks(marks), batch, row_no, linked_by, linked_at, person]
    return StoredRecord(record, subject, number, names.get(number, ""), values, *rest)


_COLUMNS: LiteralString = """
    r.id, r.subject_id, r.item_id, {c}.payload, {c}.supplier, {c}.authority, {c}.event_date, {c}.ends_on,
    {c}.received_at, r.first_received_at, {c}.rule_set, {c}.severity, {c}.public_from, {c}.repair_from,
    {c}.public_until, {c}.marks, {c}.batch_id, {c}.row_no, r.linked_by, r.linked_at, r.person_index IS NOT NULL
"""
_SCOPE: LiteralString = f"SELECT set_config('xinshu.scope', %s, true), {PLANNED_ONCE}"
_OF_SUBJECTS: LiteralString = f"SELECT {_COLUMNS.format(c='r')} FROM records_record r WHERE r.subject_id = ANY("
_PRESENT: LiteralString = f"{_OF_SUBJECTS}%s)"
_NAMED: LiteralString = f"""
SELECT {_COLUMNS.format(c="r")} FROM records_record r
WHERE substr(sha256(uuid_send(r.id)), 1, 10) = %s AND r.subject_id IS NOT NULL
"""
_OF_DOCUMENT: LiteralString = f"""
SELECT {_COLUMNS.format(c="r")} FROM records_record r
WHERE r.document = %s AND r.subject_id IS NOT NULL AND r.person_index IS NULL
ORDER BY r.event_date DESC NULLS LAST, r.id LIMIT %s
"""
_OF_BATCHES = """
FROM records_record r WHERE r.batch_id = ANY(%(batches)s) AND r.item_id = %(item)s
AND r.subject_id IS NOT NULL AND r.person_index IS NULL
"""
_IN_ORDER = "ORDER BY r.event_date DESC NULLS LAST, r.id LIMIT %(limit)s OFFSET %(offset)s"
_KNOWN_AT = f"""
{_OF_SUBJECTS}%(subjects)s) AND r.linked_at <= %(at)s AND r.received_at <= %(at)s
UNION ALL
SELECT {_COLUMNS.format(c="v")} FROM records_record r
JOIN records_revision v ON v.counterpart = r.counterpart AND v.id = r.id
WHERE r.subject_id = ANY(%(subjects)s) AND r.linked_at <= %(at)s
  AND v.received_at <= %(at)s AND %(at)s < v.known_until
"""
_FORMER = """
SELECT v.payload FROM records_record r
JOIN records_revision v ON v.counterpart = r.counterpart AND v.id = r.id
WHERE r.id = ANY(%(records)s) AND (%(at)s::timestamptz IS NULL OR v.known_until <= %(at)s)
ORDER BY v.received_at DESC, v.id
"""
_MOST_RECORDED = """
SELECT subject_id FROM records_record WHERE subject_id IS NOT NULL
GROUP BY subject_id ORDER BY count(DISTINCT item_id) DESC, count(*) DESC, subject_id LIMIT 1
"""
