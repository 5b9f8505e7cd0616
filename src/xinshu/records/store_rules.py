"""The rules of store scope: what the registry and the stored records say about a row (docs/checks.md, "Store rules")."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import psycopg

from xinshu.catalogue.domain import ItemField
from xinshu.catalogue.rulebook import Finding, make_finding
from xinshu.records.domain import LoadContext
from xinshu.security.masking import mask
from xinshu.subjects.domain import Link
from xinshu.subjects.services import suggest


class Rows(Protocol):
    """What the rules need of a chunk."""

    row_numbers: list[int]
    event_dates: list[date | None]

    def text(self, row: int, column: str) -> str:
        """One value."""


@dataclass(slots=True)
class Judged:
    """Findings of a chunk, and the rows that have to wait."""

    findings: list[Finding] = field(default_factory=list)
    held: set[int] = field(default_factory=set)


def judge_links(
    connection: psycopg.Connection,
    context: LoadContext,
    rows: Rows,
    links: Mapping[int, Link | None],
    similar: Mapping[int, str],
) -> Judged:
    """Judge the rows of `links` (index in the chunk → what they resolved to)."""
    judged = Judged()
    for row, link in links.items():
        if link is None:
            judged.findings.append(_unknown(connection, context, rows, row))
        elif not link.name_known:
            judged.held.add(row)
            judged.findings.append(
                _finding(
                    context,
                    rows,
                    row,
                    "subject.name_mismatch",
                    context.item.roles.counterpart_name,
                    other=rows.text(row, "uscc") or rows.text(row, "org_code"),
                    expected=link.known_name,
                )
            )
        elif link.closed_on is not None and (event := rows.event_dates[row]) is not None and link.closed_on < event:
            judged.findings.append(
                _finding(
                    context,
                    rows,
                    row,
                    "subject.closed",
                    context.item.roles.counterpart_name,
                    date=link.closed_on.isoformat(),
                    reason=link.status,
                )
            )
        if row in similar and row not in judged.held:
            judged.held.add(row)
            judged.findings.append(_similar(context, rows, row, similar[row]))
    return judged


def _unknown(connection: psycopg.Connection, context: LoadContext, rows: Rows, row: int) -> Finding:
    roles = context.item.roles
    uscc = rows.text(row, "uscc")
    coded = uscc != "" and not uscc.startswith("00000000000000000")
    if coded and roles.uscc is not None:
        return _finding(context, rows, row, "subject.unknown", roles.uscc)
    if rows.text(row, "org_code") and roles.org_code is not None:
        return _finding(context, rows, row, "subject.unknown", roles.org_code)
    if rows.text(row, "person") != "true":
        found = suggest(connection, rows.text(row, "name_norm"))
        if found is not None:
            words = {"expected": found.name, "reason": found.explanation}
            return _finding(context, rows, row, "subject.suggestion", roles.counterpart_name, **words)
    return _finding(context, rows, row, "subject.unknown", roles.counterpart_name)


def _similar(context: LoadContext, rows: Rows, row: int, payload: str) -> Finding:
    code = context.item.roles.document_no or context.item.roles.counterpart_name
    return _finding(context, rows, row, "duplicate.similar", code, other=json.loads(payload).get(code, ""))


_COLUMN_OF = {"uscc": "uscc", "org_code": "org_code", "document_no": "document_no"}


def _finding(context: LoadContext, rows: Rows, row: int, rule: str, code: str, **words: str) -> Finding:
    item_field: ItemField = context.item.field(code)
    roles = context.item.roles
    column = next((name for role, name in _COLUMN_OF.items() if getattr(roles, role) == code), "counterpart_name")
    value = rows.text(row, column)
    if rows.text(row, "person") == "true" and column == "counterpart_name":
        value = mask(value, "name")
    return make_finding(
        rule,
        row=rows.row_numbers[row],
        field=code,
        title=item_field.title,
        value=value,
        file=context.file,
        **words,
    )
