"""Reads for the gate of disclosure: whole records, sealed cells too. Only `xinshu.disclosure` may import this module
(pyproject.toml, import-linter).

One statement finds the subjects, those merged into them, and their records; a subject without records has one row too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID

import orjson
from django.db import connection

from xinshu.kernel.database import PLANNED_ONCE, fetch
from xinshu.records.services import sealed_place
from xinshu.security.sealing import Vault

_NONE: Mapping[str, str] = {}


class WholeRecord(NamedTuple):
    """A record with everything the store has of it; `values` are masked, `personal_values` opens them.

    `received_on`: the Shanghai day.
    """

    id: UUID
    item_number: int
    supplier: str
    event_date: date | None
    received_on: date
    values: Mapping[str, str]
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class Holdings:
    """A subject the registry or the store knows, and its records, latest event first."""

    name: str
    status: str
    records: tuple[WholeRecord, ...]


def personal_values(records: Sequence[WholeRecord], vault: Vault) -> list[Mapping[str, str]]:
    """For each record {column: the value itself} of its personal values. Raises SealBroken."""
    held = [each for each in records if each.sealed is not None]
    opened = vault.open_cells([each.sealed or b"" for each in held], [sealed_place(each.id) for each in held])
    values = dict(zip((each.id for each in held), _parsed([each.decode() for each in opened]), strict=True))
    return [values.get(each.id, _NONE) for each in records]


def open_scope() -> str:
    """The statement part by which the transaction may read the whole store; it ends with the transaction."""
    return f"set_config('xinshu.scope', 'all', true), {PLANNED_ONCE}"


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
    payloads = _parsed([row[8] or "null" for row in rows])
    for (key, name, status, record, item, supplier, event_date, received_on, _, sealed), values in zip(
        rows, payloads, strict=True
    ):
        if key not in found:
            found[key] = (name, status, [])
        if record is not None:
            whole = None if sealed is None else bytes(sealed)
            found[key][2].append(WholeRecord(record, item, supplier, event_date, received_on, values, whole))
    return {
        key: Holdings(name, status, tuple(sorted(records, key=_latest_first)))
        for key, (name, status, records) in found.items()
    }


def _latest_first(record: WholeRecord) -> tuple[int, int]:
    """By the program: sorted by the server, whole records of a batch would go through files."""
    return -(record.event_date.toordinal() if record.event_date is not None else 0), record.id.int


def _parsed(texts: Sequence[str]) -> list[Any]:
    """The values of many JSON texts, parsed as one."""
    found: list[Any] = orjson.loads(f"[{','.join(texts)}]")
    if len(found) != len(texts):
        raise ValueError("a text holds more than one value")
    return found


_RECORD = """
    r.id, r.item_id, r.supplier, r.event_date, (r.received_at AT TIME ZONE 'Asia/Shanghai')::date, r.payload, r.sealed
"""
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
SELECT f.uscc, f.name, f.status, {_RECORD}
FROM family f LEFT JOIN records_record r ON r.subject_id = f.id AND {_PERIOD}
"""
_PERSONS = f"""
SELECT r.person_index, '', '', {_RECORD}
FROM records_record r WHERE r.person_index = ANY(%(indexes)s) AND {_PERIOD}
"""
