"""Reads for the gate of disclosure: whole records, sealed cells too. Only `xinshu.disclosure` may import this module
(pyproject.toml, import-linter).

One statement finds the subjects, those merged into them, and their records; a subject without records has one row too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import connection

from xinshu.kernel.database import fetch
from xinshu.records.services import sealed_place
from xinshu.security.sealing import Vault


@dataclass(frozen=True, slots=True)
class WholeRecord:
    """A record with everything the store has of it; `values` are masked, `personal` opens them."""

    id: UUID
    item_number: int
    supplier: str
    event_date: date | None
    received_at: datetime
    values: Mapping[str, str]
    sealed: bytes | None

    def personal(self, vault: Vault) -> Mapping[str, str]:
        """{column: the value itself} of the personal values. Raises SealBroken."""
        if self.sealed is None:
            return {}
        opened: Mapping[str, str] = json.loads(vault.open_cell(self.sealed, sealed_place(self.id)))
        return opened


@dataclass(frozen=True, slots=True)
class Holdings:
    """A subject the registry or the store knows, and its records, latest event first."""

    name: str
    status: str
    records: tuple[WholeRecord, ...]


def open_scope() -> str:
    """The statement part by which the transaction may read the whole store; it ends with the transaction."""
    return "set_config('xinshu.scope', 'all', true)"


def close_scope() -> None:
    """Shut the store again before the transaction goes on with other work."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('xinshu.scope', '', true)")


def holdings_of(
    codes: Sequence[str], since: date | None, until: date | None, always: Sequence[int] = ()
) -> dict[str, Holdings]:
    """{credit code: what there is} of the organisations among the codes; unknown ones are missing.

    Inside a transaction whose scope is open. `since`, `until`: days of the event; records without a day, and those of the
    items `always` (by their numbers: registrations), count whatever the days.
    """
    given = {"codes": list(codes), "since": since, "until": until, "always": list(always)}
    return _gather(fetch(_ORGANISATIONS, given))


def holdings_of_persons(indexes: Sequence[UUID], since: date | None, until: date | None) -> dict[UUID, Holdings]:
    """{blind index of the id number: what there is} of natural persons; those without records are missing."""
    with connection.cursor() as cursor:
        cursor.execute(_PERSONS, {"indexes": list(indexes), "since": since, "until": until, "always": []})
        return _gather(cursor.fetchall())


def _gather(rows: Sequence[tuple[Any, ...]]) -> dict[Any, Holdings]:
    found: dict[Any, tuple[str, str, list[WholeRecord]]] = {}
    for key, name, status, record, item, supplier, event_date, received_at, payload, sealed in rows:
        held = found.setdefault(key, (name, status, []))
        if record is not None:
            whole = None if sealed is None else bytes(sealed)
            held[2].append(WholeRecord(record, item, supplier, event_date, received_at, json.loads(payload), whole))
    return {
        key: Holdings(name, status, tuple(sorted(records, key=_latest_first)))
        for key, (name, status, records) in found.items()
    }


def _latest_first(record: WholeRecord) -> tuple[int, UUID]:
    return -(record.event_date.toordinal() if record.event_date is not None else 0), record.id


_PERIOD = """
    (r.event_date IS NULL OR r.item_id = ANY(%(always)s::int[]) OR ((%(since)s::date IS NULL OR r.event_date >= %(since)s::date)
     AND (%(until)s::date IS NULL OR r.event_date <= %(until)s::date)))
"""
_ORGANISATIONS = f"""
WITH RECURSIVE family AS (
    SELECT uscc, name, status, id FROM subjects_subject WHERE uscc = ANY(%(codes)s::text[])
    UNION ALL
    SELECT f.uscc, f.name, f.status, m.loser_id FROM family f
    JOIN subjects_merge m ON m.winner_id = f.id AND m.undone_at IS NULL
)
SELECT f.uscc, f.name, f.status, r.id, r.item_id, r.supplier, r.event_date, r.received_at, r.payload, r.sealed
FROM family f LEFT JOIN records_record r ON r.subject_id = f.id AND {_PERIOD}
"""
_PERSONS = f"""
SELECT r.person_index, '', '', r.id, r.item_id, r.supplier, r.event_date, r.received_at, r.payload, r.sealed
FROM records_record r WHERE r.person_index = ANY(%(indexes)s) AND {_PERIOD}
"""
