"""Keeping the audit record of this installation: sealing, checking, collecting evidence, purging."""

from __future__ import annotations

from datetime import datetime
from importlib.metadata import version
from pathlib import Path

import structlog

from xinshu.kernel.errors import XinshuError
from xinshu.kernel.logs import current_trace
from xinshu.kernel.settings import Settings
from xinshu.ops.evidence import Collected, Period, collect
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.audit.retention import Purged, purge
from xinshu.security.audit.sealer import Sealed, Sealer, seal
from xinshu.security.audit.services import record_alone
from xinshu.security.auditcheck.record import Report
from xinshu.security.verification import check_record, facts_of, trusted_keys

QUEUE = "audit"  # has a worker of its own: long loads must not keep the record from being sealed

_log = structlog.get_logger(__name__)


def seal_record(settings: Settings, now: datetime, *, thorough: bool = False) -> Sealed | None:
    """Seal and anchor what is recorded; None when another process is at it. Raises AnchorFailed."""
    return seal(Sealer.of(settings), now, thorough=thorough)


def seal_at_start(settings: Settings, now: datetime) -> None:
    """The same before the programs start, so that sensitive reads need not wait a minute; what fails is for the worker."""
    try:
        seal_record(settings, now, thorough=True)
    except XinshuError as problem:
        _log.warning("audit not sealed", code=problem.code, problem=problem.message)


def purge_record(settings: Settings, now: datetime) -> Purged | None:
    """Purge the blocks that are older than the law asks for. Raises AnchorFailed."""
    return purge(Sealer.of(settings), now)


def check_whole_record(settings: Settings, now: datetime) -> Report:
    """Check everything with keys and anchors; what was found is itself recorded. Raises KeysMissing, AuditUnavailable."""
    report = check_record(trusted_keys(settings.home), settings.audit_anchors)
    full = settings.audit_anchors.is_dir()
    record_alone(_by_machine("audit.verify", now, facts_of(report, full=full)))
    if report.bad is not None:
        _log.error("audit record not in order", problem=report.bad.message)
    return report


def collect_evidence(
    settings: Settings, folder: Path, period: Period, now: datetime, actor: str = "system"
) -> Collected:
    """Evidence of a period, on the record as collected. Raises EvidenceExists, KeysMissing, AuditUnavailable."""
    made = collect(settings, folder, period, now, version("xinshu"))
    record_alone(_by_machine("audit.evidence", now, made.facts(), actor))
    return made


def collect_ended(settings: Settings, kind: str, now: datetime) -> Collected | None:
    """Evidence of the last whole quarter or year, in `XINSHU_HOME/evidence`; None when it is there already."""
    period = Period.ended(kind, now)
    folder = settings.home / "evidence" / period.name
    return None if folder.is_dir() and any(folder.iterdir()) else collect_evidence(settings, folder, period, now)


def _by_machine(action: str, now: datetime, detail: dict[str, int | str], actor: str = "system") -> AuditEntry:
    return AuditEntry(
        at=now, actor=actor, role="", unit="", address="", action=action, trace=current_trace(), detail=detail
    )
