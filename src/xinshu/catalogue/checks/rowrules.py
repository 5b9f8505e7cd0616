"""What a row says about its cells once every column is judged: candidates settled, and the rules over several columns.

Works on one chunk. Follows docs/checks.md, "One cell" 1, 2 and 5 and "One row".
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import numpy.typing as npt

from xinshu.catalogue.checks.context import CheckContext, RowFacts, describe
from xinshu.catalogue.checks.inspection import Problem
from xinshu.catalogue.checks.scanning import NO_DAY, Mask
from xinshu.catalogue.domain import ItemField, RowRule
from xinshu.catalogue.rulebook import BLOCKING_LEVELS, RULEBOOK

Rows = npt.NDArray[np.int64]
_EPOCH = date(1970, 1, 1)
_NO_DATE = frozenset({"date.format", "text.garbled"})


@dataclass(frozen=True, slots=True)
class Hit:
    """A problem on some rows (indexes in the chunk) of one column; `values` are the cells as delivered, or one for all."""

    field: ItemField
    problem: Problem
    rows: Rows
    values: list[str] | str

    def narrowed(self, wanted: Mask) -> Hit:
        """The hit on those of its rows that are wanted; may be left without any."""
        if wanted.all():
            return self
        values = self.values
        if not isinstance(values, str):
            values = [value for value, keep in zip(values, wanted.tolist(), strict=True) if keep]
        return Hit(self.field, self.problem, self.rows[wanted], values)


def mark_blocked(hits: list[Hit], rows: Mask, levels: Set[str] = BLOCKING_LEVELS) -> Mask:
    """`rows` with those rows set that a hit of these levels (error or doubt) is about."""
    for hit in hits:
        if RULEBOOK[hit.problem.rule].level in levels:
            rows[hit.rows] = True
    return rows


@dataclass(slots=True)
class RowJudge:
    """Adds to the hits of one chunk what the rows as a whole say. Call in the order settle, row_rules, late, source."""

    facts: RowFacts
    context: CheckContext
    hits: list[Hit]
    _empty: dict[str, Mask] = field(default_factory=dict)  # cells already reported as empty

    def settle(self) -> None:
        """Keep candidates where the row asks for them; a kept placeholder ends its cell."""
        settled: list[Hit] = []
        ended: dict[str, Mask] = {}
        for hit in sorted(self.hits, key=lambda each: each.problem.rule != "text.placeholder"):
            problem, kept = self.facts.keep(hit.field, hit.problem)
            if kept is None and hit.field.code not in ended and problem.rule != "text.placeholder":
                settled.append(hit if problem is hit.problem else Hit(hit.field, problem, hit.rows, hit.values))
                continue
            wanted = np.ones(len(hit.rows), dtype=np.bool_) if kept is None else kept[hit.rows]
            stopped = ended.setdefault(hit.field.code, self._none())
            if problem.rule == "text.placeholder":
                stopped[hit.rows[wanted]] = True
            elif problem.rule != "text.width":
                wanted &= ~stopped[hit.rows]
            if wanted.any():
                settled.append(Hit(hit.field, problem, hit.rows, hit.values).narrowed(wanted))
        self.hits = settled

    def row_rules(self) -> None:
        """Required and forbidden cells, amounts that have to be there, dates in order."""
        for item_field in self.facts.item.fields:
            if item_field.required:
                self._missing(item_field, Problem("required"), ~self.facts.filled(item_field.code))
        for rule in sorted(self.facts.item.rules, key=lambda each: each.rule):  # amount.required comes first
            if rule.rule == "date.order":
                self._date_order(rule)
                continue
            rows = self.facts.holds(rule.when)
            reason = {"reason": describe(rule.when, self.facts.item)}
            for item_field in map(self.facts.item.field, rule.fields):
                filled = self.facts.filled(item_field.code)
                if rule.rule == "conditional.forbidden":
                    self._forbid(item_field, Problem(rule.rule, {**reason}), rows & filled)
                elif rule.rule == "conditional.required":
                    self._missing(item_field, Problem(rule.rule, {**reason}), rows & ~filled)
                elif rule.rule == "amount.required":
                    zero = self.facts.among(item_field.code, {"0"})
                    self._missing(item_field, Problem(rule.rule, {**reason}), rows & (zero | ~filled))

    def late(self) -> Mask:
        """Rows received after the reporting deadline of their event date."""
        late, code = self._none(), self.facts.item.roles.event_date
        if self.context.due is None or code is None:
            return late
        days = self._days(code)
        for day in np.unique(days).tolist():
            event = _EPOCH + timedelta(days=day) if day != NO_DAY else None
            if event is None or event > self.context.facts.today:
                continue
            last = self.context.due(event)
            if last < self.context.facts.today:
                late |= days == day
                problem = Problem("late", {"days": self.context.due_days, "date": last.isoformat()})
                self._add(self.facts.item.field(code), problem, days == day, event.isoformat())
        return late

    def source(self, supplier: str) -> None:
        """Rows whose source is a right code, but not the supplier's. Nothing when the supplier is not known."""
        code = self.facts.item.roles.source_code
        if code is None or not supplier:
            return
        wrong = self.facts.filled(code) & ~self.facts.among(code, {supplier})
        wrong &= ~mark_blocked([hit for hit in self.hits if hit.field.code == code], self._none())
        self._add(self.facts.item.field(code), Problem("source.differs", {"expected": supplier}), wrong)

    def _missing(self, item_field: ItemField, problem: Problem, rows: Mask) -> None:
        """An empty cell (or an amount of zero) is reported once, by the first rule that asks for it."""
        known = self._empty.setdefault(item_field.code, self._none())
        self._add(item_field, problem, rows & ~known)
        known |= rows

    def _forbid(self, item_field: ItemField, problem: Problem, rows: Mask) -> None:
        if not rows.any():
            return
        others = [hit.field.code != item_field.code or not rows[hit.rows].any() for hit in self.hits]
        self.hits = [
            hit if keep else hit.narrowed(~rows[hit.rows]) for hit, keep in zip(self.hits, others, strict=True)
        ]
        self._add(item_field, problem, rows)

    def _date_order(self, rule: RowRule) -> None:
        start, end = map(self.facts.item.field, rule.fields)
        began, ended = self._days(start.code), self._days(end.code)
        wrong = (ended < began) & (ended != NO_DAY) & (began != NO_DAY)
        for day in np.unique(began[wrong]).tolist():
            words = {"other": start.title, "date": (_EPOCH + timedelta(days=day)).isoformat()}
            self._add(end, Problem("date.order", {**words}), wrong & (began == day))

    def _days(self, code: str) -> npt.NDArray[np.int32]:
        """The good dates of a column as days since 1970-01-01, NO_DAY elsewhere."""
        days = self.facts.days(code)
        for hit in self.hits:
            if hit.field.code == code and hit.problem.rule in _NO_DATE:
                days = days.copy()
                days[hit.rows] = NO_DAY
        return days

    def _add(self, item_field: ItemField, problem: Problem, chosen: Mask, value: str | None = None) -> None:
        rows = np.flatnonzero(chosen)
        if len(rows):
            values = self.facts.columns.texts(item_field.code, rows.tolist()) if value is None else value
            self.hits.append(Hit(item_field, problem, rows, values))

    def _none(self) -> Mask:
        return np.zeros(self.facts.height, dtype=np.bool_)
