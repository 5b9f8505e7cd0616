"""Purging what the law no longer asks to be kept: whole blocks, by a job, leaving a signed stub; the heads stay.

Kept at least three years by the database's own clock; the database refuses anything younger (audit/ddl.py).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from xinshu.kernel.database import bulk_transaction
from xinshu.security.audit.ddl import KEPT_YEARS
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.audit.format import STUB_FORMAT, canonical, instant
from xinshu.security.audit.sealer import Sealer
from xinshu.security.audit.services import record_with

_DUE = f"""
SELECT min(number), max(number) FROM security_audit_block b
WHERE number > coalesce((SELECT max(last_block) FROM security_audit_stub), 0)
  AND number < (SELECT min(number) FROM security_audit_block WHERE stored_at >= now() - interval '{KEPT_YEARS} years')
"""


@dataclass(frozen=True, slots=True)
class Purged:
    """Which blocks lost their rows."""

    first_block: int
    last_block: int
    rows: int


def purge(sealer: Sealer, now: datetime) -> Purged | None:
    """Purge the blocks all of which are older than three years; None when there are none.

    The newest block always stays. The purge itself is recorded. Raises AnchorFailed, and then nothing is purged.
    """
    with bulk_transaction() as bulk:
        first, last = bulk.execute(_DUE).fetchone() or (None, None)
        if first is None:
            return None
        heads = bulk.execute(
            "SELECT head FROM security_audit_block WHERE number IN (%s, %s) ORDER BY number", [first, last]
        ).fetchall()
        oldest, newest = json.loads(heads[0][0]), json.loads(heads[-1][0])
        statement = canonical(
            {
                "after": newest["after"],
                "before": oldest["before"],
                "first": oldest["first"],
                "first_block": first,
                "format": STUB_FORMAT,
                "last": newest["last"],
                "last_block": last,
                "purged_at": instant(now),
                "reason": f"kept {KEPT_YEARS} years",
            }
        )
        signature = str(sealer.signer.sign(statement.encode()))
        bulk.execute(
            "INSERT INTO security_audit_stub (first_block, last_block, statement, signature) VALUES (%s, %s, %s, %s)",
            [first, last, statement, signature],
        )
        found = bulk.execute("SELECT security_audit_purge(%s, %s)", [first, last]).fetchone()
        rows = int(found[0]) if found else 0
        record_with(
            bulk,
            [
                AuditEntry(
                    at=now,
                    actor="system",
                    role="",
                    unit="",
                    address="",
                    action="audit.purge",
                    detail={"first_block": first, "last_block": last, "rows": rows},
                )
            ],
        )
        sealer.anchors.keep_stub(first, last, statement, signature)
    return Purged(first, last, rows)
