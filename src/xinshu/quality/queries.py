"""The figures of a month, from the tallies of its batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import Divisions
from xinshu.collection.queries import TallyRow, rows_in_error, sum_tallies
from xinshu.quality.domain import By, QualityRow, QualityTable, month_bounds, ranked
from xinshu.security.queries import organisations


@dataclass(frozen=True, slots=True)
class _Span:
    since: datetime
    until: datetime


def monthly(
    month: str,
    by: By | None,
    *,
    catalogue: Mapping[str, CatalogueItem],
    divisions: Divisions,
    known_at: datetime | None = None,
) -> QualityTable:
    """The figures of the batches received in a Shanghai month.

    Args:
        month: YYYY-MM.
        by: one row for each supplier, item or region; None for the total alone.
        known_at: only what was received before that moment.
    Raises:
        InvalidInstant: `month` is no month.
    """
    since, until = month_bounds(month)
    span = _Span(since, until if known_at is None else min(until, known_at))
    timed = [item.item for item in catalogue.values() if item.deadline is not None]
    whole = _rows(span, None, timed, {})
    total = whole[0] if whole else QualityRow("", "", *([0] * 10))
    if by is None:
        return QualityTable(month, None, total, ())
    return QualityTable(month, by, total, ranked(_rows(span, by, timed, _names(by, catalogue, divisions))))


def _rows(span: _Span, by: By | None, timed: list[str], names: Mapping[str, str]) -> list[QualityRow]:
    wrong = rows_in_error(span.since, span.until, by)
    due = {each.key: each for each in sum_tallies(span.since, span.until, by, items=timed)}
    return [
        _row(each, names.get(each.key, ""), wrong.get(each.key, 0), due.get(each.key))
        for each in sum_tallies(span.since, span.until, by)
    ]


def _row(tally: TallyRow, name: str, in_error: int, due: TallyRow | None) -> QualityRow:
    return QualityRow(
        tally.key,
        name,
        tally.batches,
        tally.rows,
        _accepted(tally),
        tally.updated,
        tally.doubtful,
        tally.duplicates,
        tally.unlinked,
        in_error,
        _accepted(due) if due is not None else 0,
        due.late if due is not None else 0,
    )


def _accepted(tally: TallyRow) -> int:
    return tally.new + tally.updated + tally.unchanged


def _names(by: By, catalogue: Mapping[str, CatalogueItem], divisions: Divisions) -> dict[str, str]:
    if by == "supplier":
        return {each.uscc: each.name for each in organisations()}
    if by == "item":
        return {name: item.title for name, item in catalogue.items()}
    return {code: each.name for code, each in divisions.by_code.items()}
