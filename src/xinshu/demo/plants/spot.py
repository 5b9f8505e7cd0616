"""Where an error is planted, and which cells of a row could take it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from random import Random

from xinshu.catalogue.domain import TEXT_KINDS, Condition, ItemField
from xinshu.demo.domain import Consequence, Row, Table
from xinshu.demo.world import World
from xinshu.kernel.identifiers import Uscc

Planter = Callable[[Row, "Spot"], "list[Consequence] | None"]
"""Spoils the row and returns the findings of the cells it touched; None when this row cannot take the error. Findings of
row rules (conditional.*, amount.required) are added by `row_consequences`."""

_NO_CODE = frozenset({"", Uscc.PLACEHOLDER})


@dataclass(frozen=True, slots=True)
class Spot:
    """The file in the making, its random numbers, what all files share, and rows that may not be touched."""

    table: Table
    world: World
    dice: Random
    protected: set[int]

    def pick(self, fields: Iterable[ItemField]) -> ItemField | None:
        """One of the fields by chance, None when there is none."""
        found = list(fields)
        return found[self.dice.randrange(len(found))] if found else None

    def filled(self, row: Row, kinds: Collection[str]) -> list[ItemField]:
        """Fields of these kinds with a good value in the row.

        Left out: a placeholder code, the source code (other rules look at it too), and the counterpart's kind where
        the row depends on it for its placeholder code.
        """
        roles = self.table.item.roles
        return [
            each
            for each in self.table.item.fields
            if each.kind in kinds
            and each.code != roles.source_code
            and row.text(each.code) not in _NO_CODE
            and not (each.code == roles.counterpart_kind and row.kind == "nameless")
        ]

    def required(self, row: Row, item_field: ItemField) -> bool:
        """Whether the field has to be filled in this row."""
        return item_field.required or any(
            item_field.code in rule.fields and all_hold(row, rule.when)
            for rule in self.table.item.rules
            if rule.rule in {"conditional.required", "amount.required"}
        )


def holds(value: str, condition: Condition) -> bool:
    """Whether a condition of a row rule holds for the canonical value of its field."""
    if condition.present or condition.absent:
        return bool(value) == condition.present
    parts = {part.split("-")[0] for part in value.split("；")}
    hit = bool(parts.intersection(condition.any_of or condition.none_of))
    return hit if condition.any_of else bool(value) and not hit


def all_hold(row: Row, conditions: Iterable[Condition]) -> bool:
    """Whether all conditions hold."""
    return all(holds(row.text(each.field), each) for each in conditions)


def row_consequences(row: Row, spot: Spot, already: set[str]) -> list[Consequence]:
    """Findings of the row rules about filled and empty cells, but on fields that have an ending finding already."""
    found: list[Consequence] = []
    ended = set(already)
    for rule in sorted(
        spot.table.item.rules, key=lambda each: each.rule
    ):  # amount.required replaces conditional.required
        if rule.rule == "date.order" or not all_hold(row, rule.when):
            continue
        for code in rule.fields:
            value = row.text(code)
            wrong = {
                "amount.required": value in {"", "0"},
                "conditional.required": not value,
                "conditional.forbidden": bool(value),
            }[rule.rule]
            if wrong and code not in ended:
                ended.add(code)
                found.append((code, rule.rule))
    return found


def is_text(item_field: ItemField) -> bool:
    """Whether the field holds words: text, names, document numbers."""
    return item_field.kind in TEXT_KINDS


def clear_other_numbers(row: Row, spot: Spot) -> None:
    """Take out the numbers that belong to the counterpart named before."""
    for code in (spot.table.item.roles.org_code, spot.table.item.roles.reg_no):
        if code is not None:
            row.values[code] = ""
