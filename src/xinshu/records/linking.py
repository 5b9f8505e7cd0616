"""Late linking: records that waited for their subject are tied to it when its registration arrives."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import psycopg

from xinshu.catalogue.domain import CatalogueItem
from xinshu.kernel import copying
from xinshu.kernel.database import looking_up
from xinshu.kernel.identifiers import Uscc
from xinshu.kernel.text import normalise_name
from xinshu.subjects.services import Reported, resolve


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
    if not subjects or connection.execute(_ANY_WAITING).fetchone() is None:
        return 0
    with connection.cursor(binary=True) as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS linking (counterpart uuid) ON COMMIT DROP")
        cursor.execute("TRUNCATE linking")
        forms = [
            identity(form)
            for _, uscc, name in subjects
            for form in (f"U{uscc}", f"O{uscc[8:17]}", f"N{_key_form(name)}")
        ]
        with cursor.copy("COPY linking FROM STDIN (FORMAT binary)") as copy:
            for block in copying.render((copying.uuids(forms),)):
                copy.write(block)
        cursor.execute("ANALYZE linking")
        with looking_up(cursor):
            waiting = cursor.execute(_WAITING).fetchall()
    if not waiting:
        return 0
    links = resolve(connection, [_reported(catalogue[item], payload) for _, _, payload, item in waiting])
    ready = [
        (UUID(bytes=link.subject), int(link.basis), now, counterpart, record)
        for (counterpart, record, *_), link in zip(waiting, links, strict=True)
        if link is not None and link.other_name is None
    ]
    if ready:
        with connection.cursor() as cursor:
            cursor.executemany(_LINK, ready)
    return len(ready)


def _reported(item: CatalogueItem, payload: str) -> Reported:
    values, roles = json.loads(payload), item.roles
    uscc = values.get(roles.uscc or "", "")
    return Reported(
        "" if uscc == Uscc.PLACEHOLDER else uscc,
        values.get(roles.org_code or "", ""),
        values.get(roles.reg_no or "", ""),
        normalise_name(values.get(roles.counterpart_name, "")),
    )


def _key_form(name_norm: str) -> str:
    return name_norm.replace("(", "〔").replace(")", "〕")


_ANY_WAITING = "SELECT 1 FROM records_record WHERE subject_id IS NULL LIMIT 1"
_WAITING = """
SELECT r.counterpart, r.id, r.payload, r.item_id FROM linking l
JOIN records_record r ON r.counterpart = l.counterpart WHERE r.subject_id IS NULL
"""
_LINK = """
UPDATE records_record SET subject_id = %s, linked_by = %s, linked_at = %s WHERE counterpart = %s AND id = %s
"""
