"""The one writer of the audit. An entry is in the transaction of the act it is about: both happen or neither does.

Fails closed: an entry that cannot be written raises AuditUnavailable, and its act must not happen.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import psycopg
import structlog
from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from xinshu.kernel.database import fetch
from xinshu.security.audit.domain import AnchorState, AuditEntry, detail_text
from xinshu.security.audit.errors import AnchorStale, AuditUnavailable

_COLUMNS = (
    "at, actor, role, unit, address, action, object_ref, ticket, purpose, outcome, code, before_digest, after_digest,"
    " trace, detail"
)
_VALUES = ", ".join(["%s"] * 15)
_INSERT = f"INSERT INTO security_audit_entry ({_COLUMNS}) VALUES ({_VALUES}) RETURNING id"
_INSERT_IF_FRESH = (
    f"INSERT INTO security_audit_entry ({_COLUMNS}) SELECT {_VALUES}"
    " WHERE EXISTS (SELECT FROM security_audit_watch WHERE fresh_until >= %s) RETURNING id"
)
_COPY = f"COPY security_audit_entry ({_COLUMNS}) FROM STDIN"
_FEW = 8  # up to here single statements are faster than COPY

_log = structlog.get_logger(__name__)


def record(entry: AuditEntry, *, using: str = "default", sensitive: bool = False) -> int:
    """Write an entry in the transaction under way; returns its arrival number.

    Args:
        sensitive: the act reads what must not be read while the record is not anchored; asked in the same statement.
    Raises:
        AuditUnavailable: it cannot be written. AnchorStale: `sensitive`, and not anchored at `entry.at`.
        RuntimeError: outside a transaction the entry would not be tied to its act.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise RuntimeError("an audit entry belongs into the transaction of its act")
    statement, values = (_INSERT_IF_FRESH, (*_row(entry), entry.at)) if sensitive else (_INSERT, _row(entry))
    try:
        if using == DEFAULT_DB_ALIAS:  # once prepared it is planned no more
            found = next(iter(fetch(statement, values)), None)
        else:
            with connection.cursor() as cursor:
                cursor.execute(statement, values)
                found = cursor.fetchone()
    except DatabaseError as problem:
        raise _unavailable(problem) from problem
    if found is None:
        raise AnchorStale
    return int(found[0])


def record_many(entries: Sequence[AuditEntry], *, using: str = "default") -> None:
    """Write entries, in their order, in the transaction under way. Raises as `record`."""
    connection = connections[using]
    if not connection.in_atomic_block:
        raise RuntimeError("audit entries belong into the transaction of their act")
    try:
        with connection.cursor() as cursor:
            if len(entries) <= _FEW:
                for each in entries:
                    cursor.execute(_INSERT, _row(each))
            else:
                with cursor.copy(_COPY) as copy:
                    for each in entries:
                        copy.write_row(_row(each))
    except (DatabaseError, psycopg.Error) as problem:  # Django does not translate those of COPY
        raise _unavailable(problem) from problem


def record_with(bulk: psycopg.Connection, entries: Sequence[AuditEntry]) -> None:
    """The same for an act that works on a connection of the driver's own (`kernel.database.bulk_transaction`)."""
    try:
        with bulk.cursor() as cursor:
            cursor.executemany(_INSERT.removesuffix(" RETURNING id"), [_row(each) for each in entries])
    except psycopg.Error as problem:
        raise _unavailable(problem) from problem


def record_refusal(entry: AuditEntry, *, using: str = "default") -> int:
    """Write the entry of a refusal so that it outlives the rollback of its transaction.

    Raises:
        AuditUnavailable: it cannot be written; the act stays refused.
    """
    return record_alone(entry, using=using)


def record_alone(entry: AuditEntry, *, using: str = "default") -> int:
    """Write an entry by itself, at once; inside a transaction on a connection of its own. Before what it is about is done.

    Raises:
        AuditUnavailable: it cannot be written.
    """
    connection = connections[using]
    own = connections.create_connection(using) if connection.in_atomic_block else connection
    try:
        with own.cursor() as cursor:
            cursor.execute(_INSERT, _row(entry))
            return int(cursor.fetchone()[0])
    except DatabaseError as problem:
        raise _unavailable(problem) from problem
    finally:
        if own is not connection:
            own.close()


def anchor_state(now: datetime, *, using: str = "default") -> AnchorState:
    """Whether everything recorded was sealed and anchored lately enough (`XINSHU_AUDIT_STALE_MINUTES`).

    Before the first pass of the sealer it is not. Raises AuditUnavailable when the database does not tell.
    """
    try:
        with connections[using].cursor() as cursor:
            cursor.execute("SELECT checked_at, fresh_until, anchored_block FROM security_audit_watch")
            checked_at, fresh_until, block = cursor.fetchone()
    except DatabaseError as problem:
        raise _unavailable(problem) from problem
    return AnchorState(fresh_until is not None and now <= fresh_until, checked_at, fresh_until, block)


def require_fresh(now: datetime) -> None:
    """Raise AnchorStale unless the record is anchored; for reads that do not write by `record(sensitive=True)`."""
    if not anchor_state(now).fresh:
        raise AnchorStale


def _row(entry: AuditEntry) -> tuple[datetime | str | bytes, ...]:
    return (
        entry.at,
        entry.actor,
        entry.role,
        entry.unit,
        entry.address,
        entry.action,
        entry.object_ref,
        entry.ticket,
        entry.purpose,
        entry.outcome.value,
        entry.code,
        entry.before,
        entry.after,
        entry.trace,
        detail_text(entry.detail),
    )


def _unavailable(problem: Exception) -> AuditUnavailable:
    """The values of the entry stay out of the log."""
    _log.error("audit entry not written", sqlstate=getattr(problem.__cause__ or problem, "sqlstate", None))
    return AuditUnavailable()
