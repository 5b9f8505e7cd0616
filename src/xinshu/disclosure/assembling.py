"""From whole records to what a query may see: the one serializer of the gate, by field class and mask. Pure.

A value comes through only when the query's fields have its column; a personal value stays masked unless the purpose
lifts that mask; long numbers in free text are masked always. Whoever adds a column without a class adds one nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NamedTuple

from xinshu.catalogue.domain import CatalogueItem
from xinshu.disclosure.domain import Cell, Fact, FieldKey, Opening
from xinshu.kernel.clock import shanghai_date
from xinshu.records.disclosing import WholeRecord
from xinshu.security.masking import mask_numbers
from xinshu.security.sealing import Vault

_FREE_TEXT = "text"
_SHORTEST_NUMBER = 11  # of those that are masked in free text


class Column(NamedTuple):
    """A column as a query sees it. `lifted`: its mask is."""

    code: str
    title: str
    personal: bool
    lifted: bool
    free_text: bool


@dataclass(frozen=True, slots=True)
class View:
    """The columns of one item that a query sees, in the order of the item."""

    item: CatalogueItem
    columns: tuple[Column, ...]
    opens_sealed: bool


def views_of(catalogue: Mapping[str, CatalogueItem], fields: Mapping[FieldKey, Opening]) -> dict[str, View]:
    """{item code: what is seen of its records}; items without a column in the field set are missing."""
    views = {}
    for code in dict.fromkeys(item for item, _ in fields):
        item = catalogue[code]
        columns = tuple(
            Column(each.code, each.title, each.personal, fields[code, each.code].unmask, each.kind == _FREE_TEXT)
            for each in item.fields
            if (code, each.code) in fields
        )
        views[code] = View(item, columns, any(each.lifted and each.personal for each in columns))
    return views


@dataclass(frozen=True, slots=True)
class Serializer:
    """Cuts records to views. `items`: by their numbers in the store; `name_of`: the name of a unit."""

    items: Mapping[int, CatalogueItem]
    vault: Vault
    name_of: Callable[[str], str]
    _days: dict[datetime, date] = field(default_factory=dict, repr=False)

    def facts_of(self, records: Iterable[WholeRecord], views: Mapping[str, View]) -> tuple[Fact, ...]:
        """The records of one subject cut to the views, in their order; one without a visible value is left out."""
        found = []
        for record in records:
            item = self.items.get(record.item_number)
            view = None if item is None else views.get(item.item)
            if view is None:
                continue
            opened = view.opens_sealed and record.sealed is not None
            cells = cells_of(record.values, view, record.personal(self.vault) if opened else {})
            if cells:
                source, day = self.name_of(record.supplier), self._day(record.received_at)
                found.append(Fact(view.item.item, view.item.title, source, record.event_date, day, cells))
        return tuple(found)

    def _day(self, moment: datetime) -> date:
        """Records of one batch were received at one moment."""
        if moment not in self._days:
            self._days[moment] = shanghai_date(moment)
        return self._days[moment]


def cells_of(values: Mapping[str, str], view: View, personal: Mapping[str, str]) -> tuple[Cell, ...]:
    """The filled values of a record under a view; `personal` are the whole values of those that stand masked."""
    cells = []
    for code, title, is_personal, lifted, free_text in view.columns:
        value = values.get(code)
        if not value:
            continue
        if is_personal:
            whole = personal.get(code) if lifted else None
            cells.append(Cell(code, title, whole or value, whole is None and "*" in value))
        elif free_text and len(value) >= _SHORTEST_NUMBER:
            cells.append(Cell(code, title, mask_numbers(value)))
        else:
            cells.append(Cell(code, title, value))
    return tuple(cells)
