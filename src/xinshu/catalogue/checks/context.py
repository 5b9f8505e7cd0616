"""What a row as a whole says about its cells: conditions as masks over a chunk, and candidates kept or dropped by them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import numpy.typing as npt
import polars as pl

from xinshu.catalogue.checks.inspection import Facts, Problem
from xinshu.catalogue.domain import CatalogueItem, Condition, ItemField

Mask = npt.NDArray[np.bool_]
NO_DAY = -(2**31)
CITIZEN_ID_TYPES = ("身份证", "居民身份证", "")


@dataclass(frozen=True, slots=True)
class CheckContext:
    """What the checks need besides item and rows.

    `due`: last day of reporting for an event date, or None where the item has no deadline. `due_days`: its length in
    working days, for the message. `supplier`: USCC of the supplier, empty when unknown.
    """

    facts: Facts
    file: str
    supplier: str = ""
    due: Callable[[date], date] | None = None
    due_days: int = 0


@dataclass(slots=True)
class RowFacts:
    """Masks of one chunk, computed once each. `frame` holds the normalised values, no nulls."""

    item: CatalogueItem
    frame: pl.DataFrame
    _conditions: dict[Condition, Mask] = field(default_factory=dict)
    _days: dict[str, npt.NDArray[np.int32]] = field(default_factory=dict)
    _filled: dict[str, Mask] = field(default_factory=dict)

    def foresee(self) -> None:
        """Answer in one pass what the rules of the item are going to ask."""
        item = self.item
        conditions = {each for rule in item.rules for each in rule.when}
        conditions |= {each for item_field in item.fields for each in item_field.personal_when}
        simple = [each for each in conditions if self._is_simple(each)]
        dates = {code for rule in item.rules if rule.rule == "date.order" for code in rule.fields}
        if item.roles.event_date is not None:
            dates.add(item.roles.event_date)
        codes = [each.code for each in item.fields]
        answers = self.frame.select(
            *((pl.col(code) != "").alias(f"filled/{code}") for code in codes),
            *(_simple(each).alias(f"condition/{place}") for place, each in enumerate(simple)),
            *(_day_number(pl.col(code)).alias(f"day/{code}") for code in sorted(dates)),
        )
        self._filled = {code: answers[f"filled/{code}"].to_numpy() for code in codes}
        self._conditions = {each: answers[f"condition/{place}"].to_numpy() for place, each in enumerate(simple)}
        self._days = {code: answers[f"day/{code}"].to_numpy() for code in dates}

    def holds(self, conditions: tuple[Condition, ...]) -> Mask:
        """Rows where all the conditions hold; every row when there is none."""
        result = np.ones(self.frame.height, dtype=np.bool_)
        for condition in conditions:
            if condition not in self._conditions:
                self._conditions[condition] = self._one(condition)
            result &= self._conditions[condition]
        return result

    def filled(self, code: str) -> Mask:
        """Rows whose cell of this column is not empty."""
        if code not in self._filled:
            self._filled[code] = (self.frame[code] != "").to_numpy()
        return self._filled[code]

    def days(self, code: str) -> npt.NDArray[np.int32]:
        """The column as days since 1970-01-01; NO_DAY where there is no date. Polars takes for dates a few texts that
        are none: what `inspect` says of the cell comes first."""
        if code not in self._days:
            self._days[code] = self.frame.select(_day_number(pl.col(code))).to_series().to_numpy()
        return self._days[code]

    def required(self, code: str) -> Mask:
        """Rows in which the field has to be filled, by itself or by a row rule."""
        if self.item.field(code).required:
            return np.ones(self.frame.height, dtype=np.bool_)
        result = np.zeros(self.frame.height, dtype=np.bool_)
        for rule in self.item.rules:
            if rule.rule in {"conditional.required", "amount.required"} and code in rule.fields:
                result |= self.holds(rule.when)
        return result

    def personal(self, item_field: ItemField) -> Mask:
        """Rows in which the field holds personal data, or may: what the condition reads is not in its code list."""
        if not item_field.personal_when:
            return np.full(self.frame.height, item_field.mask != "none")
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
        return np.asarray(self.frame[type_code].is_in(CITIZEN_ID_TYPES).to_numpy())

    def _one(self, condition: Condition) -> Mask:
        if self._is_simple(condition):
            return np.asarray(self.frame.select(_simple(condition)).to_series().to_numpy())
        column = self.frame[condition.field]
        wanted = set(condition.any_of or condition.none_of)
        hit = [
            value
            for value in column.unique().to_list()
            if value and any(part.split("-")[0] in wanted for part in value.split("；"))
        ]
        found = np.asarray(column.is_in(hit).to_numpy())
        if condition.any_of:
            return found
        return np.asarray(~found & (column != "").to_numpy())

    def _is_simple(self, condition: Condition) -> bool:
        """Whether the cell as a whole answers: nothing joined, nothing added to a code."""
        if condition.present or condition.absent:
            return True
        item_field = self.item.field(condition.field)
        return item_field.kind == "code" and not item_field.open_values


def _simple(condition: Condition) -> pl.Expr:
    cell = pl.col(condition.field)
    if condition.present or condition.absent:
        return cell != "" if condition.present else cell == ""
    found = cell.is_in(sorted(condition.any_of or condition.none_of))
    return found if condition.any_of else ~found & (cell != "")


def _day_number(cell: pl.Expr) -> pl.Expr:
    return cell.str.to_date("%Y-%m-%d", strict=False).to_physical().fill_null(NO_DAY)


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
