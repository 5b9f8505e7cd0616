"""Reads for the gate of disclosure: whole records, sealed cells too. Only `xinshu.disclosure` may import this module
(pyproject.toml, import-linter).

One statement finds the subjects, those merged into them, and their records; a subject without records has one row too.
What is read stays as it came, in columns: values are looked at where they are cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, LiteralString
from uuid import UUID

import numpy as np
import numpy.typing as npt

from xinshu.kernel.database import PLANNED_ONCE, fetch_raw
from xinshu.records.rendering import place_of
from xinshu.security.sealing import Vault

NO_DAY = np.iinfo(np.int32).min
"""An event without a day; it sorts before all days."""


@dataclass(frozen=True, slots=True)
class Known:
    """A subject the registry or the store knows; a person has neither name nor status there."""

    name: str = ""
    status: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """What there is of the subjects asked about, in columns: a row for each record, subject by subject, the latest event
    first.

    `known`: {place of the subject in the question: it}. `places`: whose record it is; `items`: numbers of the items;
    `events`, `received`: days since 2000-01-01 (Shanghai), `NO_DAY` without one; `payloads`: values by column as JSON, the
    personal ones masked; `sealed`: those whole, `open_personal` opens them.
    """

    known: dict[int, Known]
    places: npt.NDArray[np.int32]
    items: npt.NDArray[np.int16]
    events: npt.NDArray[np.int32]
    received: npt.NDArray[np.int32]
    ids: Sequence[bytes]
    suppliers: Sequence[bytes]
    payloads: Sequence[bytes]
    sealed: Sequence[bytes | None]


def open_personal(ids: Sequence[bytes], sealed: Sequence[bytes], vault: Vault) -> list[bytes]:
    """The personal values of records by column, as JSON. Raises SealBroken."""
    return vault.open_cells(sealed, [place_of(each) for each in ids])


def open_scope() -> str:
    """The statement part by which the transaction may read the whole store; it ends with the transaction."""
    return f"set_config('xinshu.scope', 'all', true), {PLANNED_ONCE}"


def holdings_of(
    codes: dict[int, str],
    persons: Sequence[tuple[int, UUID]],
    since: date | None,
    until: date | None,
    always: Sequence[int] = (),
) -> Holdings:
    """What there is of organisations, by credit code, and of natural persons, by blind index of the id number.

    Inside a transaction whose scope is open.

    Args:
        codes: {place in the question: code}. persons: (place, index) pairs; a person may have several indexes.
        since, until: days of the event; records without a day, and those of the items `always` (by their numbers:
            registrations; of organisations only) count whatever the days.
    """
    rows: list[tuple[Any, ...]] = []
    found: list[tuple[Any, ...]] = []
    period = {"since": since, "until": until}
    if len(codes) == 1:  # by the one value: the shortest plan
        ((place, code),) = codes.items()
        rows += fetch_raw(_ORGANISATION, {"place": place, "code": code, "always": list(always), **period})
    elif codes:
        given = {"places": list(codes), "codes": list(codes.values()), "always": list(always), **period}
        rows += fetch_raw(_ORGANISATIONS, given)
    if persons:
        places, indexes = zip(*persons, strict=True)
        found = fetch_raw(_PERSONS, {"places": list(places), "indexes": list(indexes), "always": [], **period})
    known = {_number(row[0]): Known(row[1].decode(), row[2].decode()) for row in rows if row[1] is not None}
    known.update({_number(place): Known() for place in {row[0] for row in found}})
    return _gather(known, [row for row in rows if row[3] is not None] + found)


def _number(place: bytes) -> int:
    return int.from_bytes(place, "big")


def _gather(known: dict[int, Known], some: Sequence[tuple[Any, ...]]) -> Holdings:
    columns: Sequence[Sequence[Any]] = list(zip(*some, strict=True)) if some else [()] * _WIDTH
    places, _, _, ids, items, suppliers, events, received, payloads, sealed = columns
    numbers = np.frombuffer(b"".join(places), dtype=">i4").astype(np.int32)
    days = np.frombuffer(b"".join(events), dtype=">i4").astype(np.int32)
    halves = np.frombuffer(b"".join(ids), dtype=">u8").astype(np.uint64).reshape(len(some), 2)
    order = np.lexsort((halves[:, 1], halves[:, 0], -days.astype(np.int64), numbers))
    if (np.diff(order) != 1).any():
        picks = order.tolist()
        ids, suppliers, payloads, sealed = (
            [column[each] for each in picks] for column in (ids, suppliers, payloads, sealed)
        )
    return Holdings(
        known,
        numbers[order],
        np.frombuffer(b"".join(items), dtype=">i2").astype(np.int16)[order],
        days[order],
        np.frombuffer(b"".join(received), dtype=">i4").astype(np.int32)[order],
        ids,
        suppliers,
        payloads,
        sealed,
    )


_WIDTH = 10
_RECORD: LiteralString = """
    r.id, r.item_id, r.supplier, coalesce(r.event_date, '-infinity'), (r.received_at AT TIME ZONE 'Asia/Shanghai')::date,
    r.payload, r.sealed
"""
_PERIOD: LiteralString = """
    (r.event_date IS NULL OR r.item_id = ANY(%(always)s::int[]) OR ((%(since)s::date IS NULL OR r.event_date >= %(since)s::date)
     AND (%(until)s::date IS NULL OR r.event_date <= %(until)s::date)))
"""
# First a row for each subject, then one for each record. From the subjects to the index, whatever the statistics say.
_OF_FAMILY: LiteralString = f"""
WITH RECURSIVE family AS (
    {{asked}}
    UNION ALL
    SELECT f.place, NULL, NULL, m.loser_id FROM family f
    JOIN subjects_merge m ON m.winner_id = f.id AND m.undone_at IS NULL
)
SELECT f.place, f.name, f.status, NULL::uuid, NULL::int2, NULL, NULL::date, NULL::date, NULL, NULL::bytea
FROM family f WHERE f.name IS NOT NULL
UNION ALL
SELECT f.place, NULL, NULL, r.* FROM family f
CROSS JOIN LATERAL (SELECT {_RECORD} FROM records_record r WHERE r.subject_id = f.id AND {_PERIOD} OFFSET 0) r
"""
_SUBJECT: LiteralString = "s.name::text AS name, s.status::text AS status, s.id FROM"
_ORGANISATION: LiteralString = _OF_FAMILY.format(
    asked=f"SELECT %(place)s::int AS place, {_SUBJECT} subjects_subject s WHERE s.uscc = %(code)s"
)
_ORGANISATIONS: LiteralString = _OF_FAMILY.format(
    asked=f"""
    SELECT a.place, {_SUBJECT} unnest(%(places)s::int[], %(codes)s::text[]) AS a(place, code)
    CROSS JOIN LATERAL (SELECT * FROM subjects_subject s WHERE s.uscc = a.code OFFSET 0) s"""
)
_PERSONS: LiteralString = f"""
SELECT a.place, NULL, NULL, r.* FROM unnest(%(places)s::int[], %(indexes)s::uuid[]) AS a(place, index)
CROSS JOIN LATERAL (SELECT {_RECORD} FROM records_record r WHERE r.person_index = a.index AND {_PERIOD} OFFSET 0) r
"""
