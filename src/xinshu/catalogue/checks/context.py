"""What a row as a whole says about its cells: conditions as masks over a chunk, and candidates kept or dropped by them."""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import polars as pl

from xinshu.catalogue.checks.columns import Columns
from xinshu.catalogue.checks.inspection import Facts, Problem
from xinshu.catalogue.checks.scanning import NO_DAY, Days, Mask
from xinshu.catalogue.checks.screening import Screened
from xinshu.catalogue.domain import CatalogueItem, Condition, ItemField
from xinshu.catalogue.rulebook import BLOCKING_LEVELS
from xinshu.kernel.identifiers import Uscc

CITIZEN_ID_TYPES = frozenset({"身份证", "居民身份证"})
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks need besides item and rows.

    `due`: last day of reporting for an event date, or None where the item has no deadline. `due_days`: its length in
    working days, for the message. `supplier`: USCC of the supplier, empty when unknown. `confirmed`: the supplier has
    said that what is in doubt is right.
    """

    facts: Facts
    file: str
    supplier: str = ""
    due: Callable[[date], date] | None = None
    due_days: int = 0
    confirmed: bool = False

    @property
    def holding(self) -> frozenset[str]:
        """The levels of findings that keep a row back."""
        return frozenset({"error"}) if self.confirmed else BLOCKING_LEVELS


@dataclass(slots=True)
class RowFacts:
    """Masks of one chunk, computed once each."""

    item: CatalogueItem
    columns: Columns
    screened: Screened
    _conditions: dict[Condition, Mask] = field(default_factory=dict)
    _days: dict[str, Days] = field(default_factory=dict)

    @property
    def height(self) -> int:
        """Rows."""
        return self.columns.height

    @property
    def frame(self) -> pl.DataFrame:
        """The normalised values of all fields, no nulls; made anew each time."""
        return self.columns.frame([each.code for each in self.item.fields])

    def holds(self, conditions: tuple[Condition, ...]) -> Mask:
        """Rows where all the conditions hold; every row when there is none."""
        result = np.ones(self.height, dtype=np.bool_)
        for condition in conditions:
            if condition not in self._conditions:
                self._conditions[condition] = self._one(condition)
            result &= self._conditions[condition]
        return result

    def filled(self, code: str) -> Mask:
        """Rows whose cell of this column is not empty."""
        return self.columns.filled(code)

    def among(self, code: str, wanted: Set[str]) -> Mask:
        """Rows whose cell is one of these texts; the empty one is none of them."""
        if code in self.screened.distinct:
            return self._answers(code, lambda value: value in wanted) & self.filled(code)
        found = np.zeros(self.height, dtype=np.bool_)
        for text in wanted:
            found |= self.columns.equal(code, text)
        return found

    def placeholder(self, code: str) -> Mask:
        """Rows whose credit code is the one that stands for none; screening names every such cell."""
        if code in self.screened.distinct or code not in self.screened.masks:
            return self.among(code, {Uscc.PLACEHOLDER})
        found = np.zeros(self.height, dtype=np.bool_)
        rows = np.flatnonzero(self.screened.masks[code])
        found[rows] = self.columns.equal(code, Uscc.PLACEHOLDER, rows)
        return found

    def _answers(self, code: str, ask: Callable[[str], bool]) -> Mask:
        """What is said of each cell of a column; nothing is to be made of the answer for an empty one."""
        distinct = self.screened.distinct.get(code)
        if distinct is not None:
            answers = np.array([ask(each.value) for each in distinct.found], dtype=np.bool_)
            return answers[distinct.numbers]
        filled = np.flatnonzero(self.filled(code))
        result = np.zeros(self.height, dtype=np.bool_)
        if len(filled):
            values = self.columns.series(code).gather(filled.astype(np.uint32))
            result[filled] = values.is_in([value for value in values.unique().to_list() if ask(value)]).to_numpy()
        return result

    def days(self, code: str) -> Days:
        """The column as days since 1970-01-01; NO_DAY where there is no date."""
        if code not in self._days:
            distinct = self.screened.distinct.get(code)
            if distinct is not None:
                told = np.array([_day_number(each.value) for each in distinct.found], dtype=np.int32)
                self._days[code] = told[distinct.numbers]
                return self._days[code]
            days = self.screened.days.get(code)
            rows = np.arange(self.height) if days is None else np.flatnonzero(self.screened.masks[code])
            days = np.empty(self.height, dtype=np.int32) if days is None else days
            if len(rows):
                days[rows] = [_day_number(text) for text in self.columns.texts(code, rows.tolist())]
            self._days[code] = days
        return self._days[code]

    def required(self, code: str) -> Mask:
        """Rows in which the field has to be filled, by itself or by a row rule."""
        if self.item.field(code).required:
            return np.ones(self.height, dtype=np.bool_)
        result = np.zeros(self.height, dtype=np.bool_)
        for rule in self.item.rules:
            if rule.rule in {"conditional.required", "amount.required"} and code in rule.fields:
                result |= self.holds(rule.when)
        return result

    def personal(self, item_field: ItemField) -> Mask:
        """Rows in which the field holds personal data, or may: what the condition reads is not in its code list."""
        if not item_field.personal_when:
            return np.full(self.height, item_field.mask != "none")
        result = self.holds(item_field.personal_when)
        for condition in item_field.personal_when:
            values = self.item.field(condition.field).values
            if condition.any_of and values:
                listed = Condition(condition.field, any_of=tuple(each.value for each in values))
                result = result | (self.filled(condition.field) & ~self.holds((listed,)))
        return result

    def keep(self, item_field: ItemField, problem: Problem) -> tuple[Problem, Mask | None]:
        """The problem as it is reported, and the rows it is reported for (None: all)."""
        if problem.rule == "text.placeholder":
            return problem, self.required(item_field.code)
        if problem.rule == "uscc.placeholder":
            allowed = item_field.placeholder_code_when
            rows = ~self.holds(allowed) if allowed else None
            return Problem("uscc.check_character", problem.arguments), rows
        if problem.rule == "amount.unit.individual":
            kind = self.item.roles.counterpart_kind
            rows = self.holds((Condition(kind, any_of=("个体工商户",)),)) if kind else self.holds(()) & False
            return Problem("amount.unit", problem.arguments), rows
        if item_field.kind == "id_number":
            return problem, self._citizen_rows(item_field)
        return problem, None

    def _citizen_rows(self, item_field: ItemField) -> Mask | None:
        """An id number is judged as a citizen's only where the id type says so or says nothing."""
        roles = self.item.roles
        type_code = roles.id_type if item_field.code == roles.id_no else _sibling(self.item, item_field.code)
        if type_code is None:
            return None
        return self.among(type_code, CITIZEN_ID_TYPES) | ~self.filled(type_code)

    def _one(self, condition: Condition) -> Mask:
        filled = self.filled(condition.field)
        if condition.present or condition.absent:
            return filled if condition.present else ~filled
        item_field = self.item.field(condition.field)
        whole = item_field.kind == "code" and not item_field.open_values
        wanted = set(condition.any_of or condition.none_of)
        found = self._answers(condition.field, lambda value: _among(value, wanted, whole))
        return filled & (found if condition.any_of else ~found)


def _among(value: str, wanted: Set[str], whole: bool) -> bool:
    """Whether a cell is among those wanted; unless taken as a whole, one of the values joined in it, without what was added
    to it."""
    if whole:
        return value in wanted
    return bool(value) and any(part.split("-")[0] in wanted for part in value.split("；"))


def _day_number(text: str) -> int:
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        return NO_DAY


def _sibling(item: CatalogueItem, code: str) -> str | None:
    """The id-type column beside another id-number column: X_FR_ZJHM has X_FR_ZJLX."""
    candidate = code.replace("ZJHM", "ZJLX")
    return candidate if candidate != code and candidate in item.by_code else None


def describe(conditions: tuple[Condition, ...], item: CatalogueItem) -> str:
    """Conditions in words for a message: 行政相对人类别为自然人."""
    parts = []
    for condition in conditions:
        title = item.field(condition.field).title
        if condition.present:
            parts.append(f"填有「{title}」")
        elif condition.absent:
            parts.append(f"「{title}」为空")
        elif condition.any_of:
            parts.append(f"「{title}」为{'或'.join(condition.any_of)}")
        else:
            parts.append(f"「{title}」不为{'或'.join(condition.none_of)}")
    return "、".join(parts)
