"""Keeping the audit record: sealing and purging with the keys and the place of anchors of this installation."""

from __future__ import annotations

from datetime import datetime

import structlog

from xinshu.kernel.errors import XinshuError
from xinshu.kernel.settings import Settings
from xinshu.security.audit.retention import Purged, purge
from xinshu.security.audit.sealer import Sealed, Sealer, seal

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
