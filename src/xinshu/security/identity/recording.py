"""Entries of the audit about identity: who acted, in one form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from xinshu.security.audit.domain import AuditEntry, Outcome
from xinshu.security.domain import Actor


def audit_entry(
    actor: Actor,
    action: str,
    now: datetime,
    *,
    code: str = "",
    object_ref: bytes = b"",
    ticket: str = "",
    detail: Mapping[str, str | int] | None = None,
) -> AuditEntry:
    """An entry of an act of this actor; with a `code` it was refused."""
    return AuditEntry(
        at=now,
        actor=actor.id,
        role=",".join(sorted(actor.roles)),
        unit=actor.unit,
        address=actor.address,
        action=action,
        object_ref=object_ref,
        ticket=ticket,
        outcome=Outcome.REFUSED if code else Outcome.DONE,
        code=code,
        trace=actor.trace,
        detail=detail or {},
    )
