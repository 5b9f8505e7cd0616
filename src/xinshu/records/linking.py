"""Late linking: records that waited for their subject are tied to it when its registration arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import numpy as np
import polars as pl
import psycopg

from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel.arrays import Uuids, accept_arrays
from xinshu.kernel.cells import Cells, Texts
from xinshu.kernel.database import looking_up
from xinshu.kernel.identifiers import Uscc
from xinshu.kernel.text import normalise_name
from xinshu.records.domain import DIGEST_BYTES
from xinshu.subjects.services import REPORTED, resolve


def link_waiting(
    connection: psycopg.Connection,
    identity: Callable[[str], bytes],
    subjects: Sequence[tuple[UUID, str, str]],
    *,
    catalogue: Mapping[int, CatalogueItem],
    now: datetime,
) -> int:
    """Tie waiting records to these subjects, by the same rules as when they are loaded; returns how many.

    Args:
        identity: the digest under which counterparts are stored.
        subjects: (subject, USCC, comparable name) of registrations just made or changed.
        catalogue: {number: item}, to find name and codes in a record's payload.
    """
    if not subjects or not _anything_waits(connection):
        return 0
    forms = b"".join(
        identity(form) for _, uscc, name in subjects for form in (f"U{uscc}", f"O{uscc[8:17]}", f"N{_key_form(name)}")
    )
    with connection.cursor(binary=True) as cursor, looking_up(cursor):
        accept_arrays(cursor)
        identities = Uuids(np.frombuffer(forms, dtype=np.uint8).reshape(-1, DIGEST_BYTES))
        waiting = cursor.execute(_WAITING, [identities]).fetchall()
    if not waiting:
        return 0
    found = resolve(connection, _reported([(catalogue[item], payload) for _, _, payload, item in waiting]))
    links = [found.link(row) for row in range(len(waiting))]
    ready = [
        (UUID(bytes=link.subject), int(link.basis), now, counterpart, record)
        for (counterpart, record, *_), link in zip(waiting, links, strict=True)
        if link is not None and link.other_name is None
    ]
    if ready:
        with connection.cursor() as cursor:
            cursor.executemany(_LINK, ready)
    return len(ready)


def _anything_waits(connection: psycopg.Connection) -> bool:
    with connection.cursor() as cursor, looking_up(cursor):
        return cursor.execute(_ANY_WAITING).fetchone() is not None


def _reported(records: Sequence[tuple[CatalogueItem, str]]) -> Texts:
    """What records (item, payload) say about their counterparts."""
    rows = []
    for item, payload in records:
        values, roles = json.loads(payload), item.roles
        uscc = values.get(roles.uscc or "", "")
        others = (values.get(roles.org_code or "", ""), values.get(roles.reg_no or "", ""))
        name = normalise_name(values.get(roles.counterpart_name, ""))
        rows.append(("" if uscc == Uscc.PLACEHOLDER else uscc, *others, name))
    return Cells.of(pl.DataFrame(rows, schema=dict.fromkeys(REPORTED, pl.String), orient="row"))


def _key_form(name_norm: str) -> str:
    return name_norm.replace("(", "〔").replace(")", "〕")


_ANY_WAITING = "SELECT 1 FROM records_record WHERE subject_id IS NULL LIMIT 1"
# Whether a record waits is asked of those found by their counterpart: with no statistics the index of waiting ones would
# look better, and all of them be read for each counterpart (54 s for 15 000 beside 41 000 waiting, instead of 0.05).
_WAITING = """
SELECT r.counterpart, r.id, r.payload, r.item_id FROM unnest(%s) k (counterpart)
CROSS JOIN LATERAL (
    SELECT counterpart, id, payload, item_id, subject_id FROM records_record WHERE counterpart = k.counterpart OFFSET 0) r
WHERE r.subject_id IS NULL
"""
_LINK = """
UPDATE records_record SET subject_id = %s, linked_by = %s, linked_at = %s WHERE counterpart = %s AND id = %s
"""
