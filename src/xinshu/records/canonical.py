"""The store in canonical form: sorted by item and content, without surrogate ids, batch numbers and clock times.

Two stores are equal when these lines are (architecture.md section 9). Personal values stand as digests; the output is
for whoever may hold the keys all the same.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from uuid import UUID

from django.db import connection, transaction

from xinshu.records.services import sealed_place
from xinshu.security.sealing import Vault

_RECORDS = """
SELECT 'record', r.item_id, r.id, s.uscc, r.linked_by, r.supplier, r.authority, r.region, r.event_date, r.ends_on, r.rule_set,
       r.severity, r.public_from, r.repair_from, r.public_until, r.marks, r.payload, r.sealed, 0
FROM records_record r LEFT JOIN subjects_subject s ON s.id = r.subject_id
UNION ALL
SELECT 'revision', o.item_id, r.id, NULL, NULL, r.supplier, r.authority, r.region, r.event_date, r.ends_on, r.rule_set,
       r.severity, r.public_from, r.repair_from, r.public_until, r.marks, r.payload, r.sealed,
       row_number() OVER (PARTITION BY r.id ORDER BY r.known_until)
FROM records_revision r JOIN records_record o ON o.counterpart = r.counterpart AND o.id = r.id
"""
_NAMES = (
    "kind", "item", "id", "subject", "linked_by", "supplier", "authority", "region", "event_date", "ends_on",
    "rule_set", "severity", "public_from", "repair_from", "public_until", "marks", "payload", "sealed", "number",
)  # fmt: skip


def canonical_records(vault: Vault, items: Mapping[int, str]) -> Iterator[dict[str, object]]:
    """Records and former contents, sorted by item, payload, personal digest and number of the revision."""
    lines: list[tuple[str, dict[str, object]]] = []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL xinshu.scope = 'all'")
        cursor.execute(_RECORDS)
        for row in cursor:
            values = dict(zip(_NAMES, row, strict=True))
            record, sealed = values.pop("id"), values.pop("sealed")
            values["item"] = items[values["item"]]
            values["personal"] = _digest(vault, sealed, record)
            line: dict[str, object] = {
                name: value if isinstance(value, int | None) else str(value) for name, value in values.items()
            }
            lines.append(
                (f"{line['item']}\0{line['payload']}\0{line['personal']}\0{line['kind']}\0{line['number']:06}", line)
            )
    lines.sort(key=lambda pair: pair[0])
    yield from (line for _, line in lines)


def _digest(vault: Vault, sealed: bytes | None, record: UUID) -> str:
    if sealed is None:
        return ""
    return hashlib.sha256(vault.open_cell(bytes(sealed), sealed_place(record))).hexdigest()
