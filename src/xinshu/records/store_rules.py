"""The rules of store scope: what the registry and the stored records say about a row (docs/checks.md, "Store rules")."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol

import numpy as np
import numpy.typing as npt
import polars as pl
import psycopg

from xinshu.catalogue.checks.findings import FindingTable
from xinshu.kernel.identifiers import Uscc
from xinshu.records.domain import LoadContext
from xinshu.security.masking import mask
from xinshu.subjects.domain import Link
from xinshu.subjects.services import suggest


class Rows(Protocol):
    """What the rules need of a chunk."""

    @property
    def row_numbers(self) -> npt.NDArray[np.int64]:
        """Of the file."""

    def event_date(self, row: int) -> date | None:
        """Of one row."""

    def text(self, row: int, column: str) -> str:
        """One value."""

    def about_person(self, row: int) -> bool:
        """Whether it is about a natural person."""


Words = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class Judged:
    """What was found, grouped so that it is put into words once: {(rule, column code, words): rows}; and the rows that
    have to wait. Rows are indexes in the chunk."""

    found: dict[tuple[str, str, Words], list[int]] = field(default_factory=dict)
    held: set[int] = field(default_factory=set)

    def note(self, row: int, rule: str, code: str, **words: str) -> None:
        """One finding."""
        self.found.setdefault((rule, code, tuple(words.items())), []).append(row)

    def table(self, context: LoadContext, rows: Rows) -> pl.DataFrame:
        """The findings in words, in row order."""
        table = FindingTable(context.file, "", [each.code for each in context.item.fields])
        for (rule, code, words), places in self.found.items():
            table.add(
                rule,
                rows=rows.row_numbers[places],
                field=code,
                title=context.item.field(code).title,
                values=_values(context, rows, code, places),
                arguments=dict(words),
            )
        return table.frame()


def judge_links(
    connection: psycopg.Connection,
    context: LoadContext,
    rows: Rows,
    links: Mapping[int, Link | None],
    similar: Mapping[int, str],
    bearers: dict[str, int],
) -> Judged:
    """Judge the rows of `links` (index in the chunk → what they resolved to). `bearers` is kept for `suggest`."""
    judged = Judged()
    name = context.item.roles.counterpart_name
    for row, link in links.items():
        if link is None:
            _unknown(judged, connection, context, rows, row, bearers)
        elif link.other_name is not None:
            judged.held.add(row)
            other = rows.text(row, "uscc") or rows.text(row, "org_code")
            judged.note(row, "subject.name_mismatch", name, other=other, expected=link.other_name)
        elif link.closed_on is not None and (event := rows.event_date(row)) is not None and link.closed_on < event:
            judged.note(row, "subject.closed", name, date=link.closed_on.isoformat(), reason=link.status or "")
        if row in similar and row not in judged.held:
            if not context.confirmed:
                judged.held.add(row)
            code = context.item.roles.document_no or name
            judged.note(row, "duplicate.similar", code, other=json.loads(similar[row]).get(code, ""))
    return judged


def _unknown(
    judged: Judged,
    connection: psycopg.Connection,
    context: LoadContext,
    rows: Rows,
    row: int,
    bearers: dict[str, int],
) -> None:
    roles = context.item.roles
    uscc = rows.text(row, "uscc")
    if uscc not in {"", Uscc.PLACEHOLDER} and roles.uscc is not None:
        judged.note(row, "subject.unknown", roles.uscc)
        return
    if rows.text(row, "org_code") and roles.org_code is not None:
        judged.note(row, "subject.unknown", roles.org_code)
        return
    if not rows.about_person(row):
        found = suggest(connection, rows.text(row, "name_norm"), bearers)
        if found is not None:
            words = {"expected": found.name, "reason": found.explanation}
            judged.note(row, "subject.suggestion", roles.counterpart_name, **words)
            return
    judged.note(row, "subject.unknown", roles.counterpart_name)


_COLUMN_OF = {"uscc": "uscc", "org_code": "org_code", "document_no": "document_no"}


def _values(context: LoadContext, rows: Rows, code: str, places: Sequence[int]) -> list[str]:
    """The cells the findings are about; names of persons masked."""
    roles = context.item.roles
    column = next((name for role, name in _COLUMN_OF.items() if getattr(roles, role) == code), "counterpart_name")
    values = [rows.text(place, column) for place in places]
    if column != "counterpart_name":
        return values
    return [
        mask(value, "name") if rows.about_person(place) else value for value, place in zip(values, places, strict=True)
    ]
