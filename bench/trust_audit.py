"""The audit record: sealing and checking, against the rows a second that the issue asks for.

Rows are made in the database at once (the writer of single entries is measured with disclosure); sealing and checking are
the program's own, with signatures, anchors and chain. Times of both grow with the rows, so that a smaller record tells the
speed of a larger one; `--audit-rows 1000000` checks the million itself.
"""

from __future__ import annotations

import shutil
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.lines import Line
from xinshu.kernel.database import bulk_transaction
from xinshu.security.audit.anchors import AnchorStore
from xinshu.security.audit.sealer import Sealer, seal
from xinshu.security.auditcheck.chain import check
from xinshu.security.auditcheck.record import Keys
from xinshu.security.auditcheck.sources import DatabaseSource, read_anchors
from xinshu.security.crypto import public_key_pem, signer

_SEAL_FLOOR = 5_000  # rows a second
_CHECK_FLOOR = 1_000_000 / 60
_FILL = """
INSERT INTO security_audit_entry (at, actor, role, unit, address, action, object_ref, ticket, purpose, outcome, code,
    before_digest, after_digest, trace, detail)
SELECT now(), 'u-' || n %% 997, 'query_officer', '11990000000000043T', '192.0.2.' || n %% 250, 'disclosure.query',
    decode(md5(n::text), 'hex'), 'CX-2026-' || n, '行政审批', 'done', '', '', '', 'TR-' || left(md5(n::text), 16),
    '{"items":12,"records":' || n %% 40 || '}'
FROM generate_series(1, %s) n
"""


def run(home: Path, rows: int) -> list[Line]:
    """Fill a record, seal it, check it with its anchors. A tenth is sealed and checked first, unmeasured."""
    home.mkdir(parents=True, exist_ok=True)
    anchors = home / "bench-anchors"
    sealer = Sealer(signer(home, "audit"), AnchorStore(anchors), timedelta(minutes=15))
    keys = Keys(public_key_pem(home, "audit"))
    _fill(max(rows // 10, 1))
    seal(sealer, datetime.now(UTC))
    _check(keys, anchors)
    _fill(rows)
    started = time.perf_counter()
    sealed = seal(sealer, datetime.now(UTC))
    sealing = time.perf_counter() - started
    if sealed is None or sealed.rows != rows:
        raise RuntimeError(f"sealed {sealed}")
    checked, checking = _check(keys, anchors)
    shutil.rmtree(anchors)
    return [
        Line(f"audit: sealing, {rows:,} rows", rows / sealing, "/s", "the issue's floor", _SEAL_FLOOR, 1.0),
        Line(f"audit: verify, {checked:,} rows", checked / checking, "/s", "1 M rows in 60 s", _CHECK_FLOOR, 1.0),
    ]


def _fill(rows: int) -> None:
    with bulk_transaction() as bulk:
        bulk.execute(_FILL, [rows])


def _check(keys: Keys, anchors: Path) -> tuple[int, float]:
    started = time.perf_counter()
    with bulk_transaction() as bulk:
        report = check(DatabaseSource(bulk), keys, read_anchors(anchors))
    if not report.ok or report.unanchored:
        raise RuntimeError(f"the record is not in order: {report.bad}")
    return report.rows, time.perf_counter() - started
