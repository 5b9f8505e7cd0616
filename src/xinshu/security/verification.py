"""Checking an installation's own audit record: with its public keys and anchors, on its database.

The checker itself (`auditcheck`) knows neither keys nor settings; who asks records what was found (`audit.verify`).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xinshu.kernel.database import bulk_transaction
from xinshu.security.auditcheck.chain import check
from xinshu.security.auditcheck.errors import KeysMissing
from xinshu.security.auditcheck.record import Keys, Report
from xinshu.security.auditcheck.sources import DatabaseSource, read_anchors
from xinshu.security.crypto import public_key_pem, signing_keys


def trusted_keys(home: Path) -> Keys:
    """Every public key that ever signed for the record. Raises KeysMissing."""
    known = signing_keys(home, "audit")
    if not known:
        raise KeysMissing("没有可用的审计公钥", fix="先启动后台任务（xinshu up）；或用 --public-key 指定公钥文件")
    return Keys(b"".join(public_key_pem(home, "audit", each.id) for each in known))


def check_record(
    keys: Keys,
    anchors: Path,
    *,
    first_block: int = 1,
    last_block: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Report:
    """Check the database, or some of its blocks, against the anchors; without that folder the report says so."""
    kept = read_anchors(anchors, first_block) if anchors.is_dir() else None
    with bulk_transaction() as bulk:
        return check(
            DatabaseSource(bulk, first_block, last_block),
            keys,
            kept,
            first_block=first_block,
            last_block=last_block,
            progress=progress,
        )


def facts_of(report: Report, *, full: bool) -> dict[str, int | str]:
    """What the record keeps of a check. `full`: all blocks were looked at, with anchors; `said`: what is wrong."""
    facts: dict[str, int | str] = {
        "rows": report.rows,
        "blocks": report.blocks,
        "ok": int(report.ok),
        "full": int(full),
    }
    return facts if report.bad is None else {**facts, "said": report.bad.message}
