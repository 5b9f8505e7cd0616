"""Reads of the record: by subject, by query, by whatever an auditor looks for. Reading is recorded by the caller."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection

from xinshu.security.audit.actions import ACTIONS, Kind

_DAY = timedelta(days=1)
_COLUMNS = (
    "e.id, l.seq, l.block, e.at, e.actor, e.role, e.unit, e.address, e.action, e.object_ref, e.ticket, e.purpose,"
    " e.outcome, e.code, e.trace, e.detail"
)
_FROM = "FROM security_audit_entry e LEFT JOIN security_audit_link l ON l.entry_id = e.id"


@dataclass(frozen=True, slots=True)
class Found:
    """An entry as it is read. `seq`, `block`: None while it waits for being sealed. `object_ref`: empty or 32 hex digits."""

    id: int
    seq: int | None
    block: int | None
    at: datetime
    actor: str
    role: str
    unit: str
    address: str
    action: str
    object_ref: str
    ticket: str
    purpose: str
    outcome: str
    code: str
    trace: str
    detail: dict[str, str | int]

    def facts(self) -> dict[str, Any]:
        """As JSON has it."""
        return {name: getattr(self, name) for name in self.__slots__} | {"at": self.at.isoformat()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """What is looked for; what is empty does not matter. `since` ≤ at < `until`. `older_than`: an arrival number."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    unit: str = ""
    action: str = ""
    actions: frozenset[str] = frozenset()
    kind: Kind | None = None
    ticket: str = ""
    purpose: str = ""
    outcome: str = ""
    code: str = ""
    trace: str = ""
    address: str = ""
    object_ref: bytes = b""
    older_than: int | None = None


def search(wanted: Filter, *, limit: int = 50) -> list[Found]:
    """The newest entries that fit, the last to arrive first."""
    where, values = _conditions(wanted)
    return _read(f"SELECT {_COLUMNS} {_FROM} WHERE {where} ORDER BY e.id DESC LIMIT %s", [*values, limit])


def by_subject(
    object_ref: bytes,
    *,
    limit: int = 50,
    older_than: int | None = None,
    actions: frozenset[str] = frozenset(),
) -> list[Found]:
    """Who looked at a subject, when and why; also who was refused it. The newest first. `actions`: these alone."""
    return search(Filter(object_ref=object_ref, older_than=older_than, actions=actions), limit=limit)


def trail(ticket: str, *, limit: int = 10_000) -> list[Found]:
    """Everything recorded of a query or case, in the order of arrival."""
    return _read(
        f"SELECT {_COLUMNS} {_FROM} WHERE e.ticket = %s AND e.ticket <> '' ORDER BY e.id LIMIT %s", [ticket, limit]
    )


def entry(number: int) -> Found | None:
    """The entry with that arrival number."""
    found = _read(f"SELECT {_COLUMNS} {_FROM} WHERE e.id = %s", [number])
    return found[0] if found else None


def refusals_since(moment: datetime, *, action: str = "") -> int:
    """How many acts were refused since then, all or those of one action."""
    where = "at >= %s AND outcome = 'refused' AND (%s = '' OR action = %s)"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM security_audit_entry WHERE {where}", [moment, action, action])
        return int(cursor.fetchone()[0])


def last_full_check() -> datetime | None:
    """When the whole record was last checked with its anchors and found in order."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT max(at) FROM security_audit_entry WHERE action = 'audit.verify'"
            """ AND detail LIKE '%"full":1,%' AND detail LIKE '%"ok":1%'"""
        )
        found: datetime | None = cursor.fetchone()[0]
    return found


def blocks_of(since: int | datetime | None, until: int | datetime | None) -> tuple[int, int | None]:
    """The blocks that hold a range: numbers of rows, or days by the time of sealing (`until` with that whole day).

    Returns:
        (first, last): first is 1 from the beginning, last None to the end. A range without blocks gives (1, 0).
    """
    first: int | None = 1
    last: int | None = None
    if since is not None:
        column = "last_seq" if isinstance(since, int) else "sealed_at"
        first = _number(f"SELECT min(number) FROM security_audit_block WHERE {column} >= %s", since)
    if until is not None:
        column, end = ("first_seq", until + 1) if isinstance(until, int) else ("sealed_at", until + _DAY)
        last = _number(f"SELECT max(number) FROM security_audit_block WHERE {column} < %s", end)
    if first is None or (until is not None and last is None):
        return 1, 0
    return first, last


def _number(statement: str, value: int | datetime) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, [value])
        found = cursor.fetchone()
    return None if found is None or found[0] is None else int(found[0])


def _conditions(wanted: Filter) -> tuple[str, list[Any]]:
    given: list[tuple[str, Any]] = [
        (f"e.{name} = %s", getattr(wanted, name))
        for name in ("actor", "unit", "action", "ticket", "purpose", "outcome", "code", "trace", "address")
        if getattr(wanted, name)
    ]
    if wanted.ticket:
        given.append(("e.ticket <> %s", ""))  # lets the partial index be used
    if wanted.object_ref:
        given += [("e.object_ref = %s", wanted.object_ref), ("e.object_ref <> %s", b"")]
    if wanted.actions:
        given.append(("e.action = ANY(%s)", sorted(wanted.actions)))
    if wanted.kind is not None:
        given.append(("e.action = ANY(%s)", [code for code, each in ACTIONS.items() if each.kind is wanted.kind]))
    for condition, value in (
        ("e.at >= %s", wanted.since),
        ("e.at < %s", wanted.until),
        ("e.id < %s", wanted.older_than),
    ):
        if value is not None:
            given.append((condition, value))
    return " AND ".join(condition for condition, _ in given) or "true", [value for _, value in given]


def _read(statement: str, values: list[Any]) -> list[Found]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [
            Found(*[*row[:9], bytes(row[9]).hex(), *row[10:15], json.loads(row[15]) if row[15] else {}])
            for row in cursor.fetchall()
        ]
