"""From whole records to what a query may see: the one serializer of the gate, by field class and mask. Pure.

A value comes through only when the query's fields have its column; a personal value stays masked unless the purpose
lifts that mask; long numbers in free text are masked always. Whoever adds a column without a class adds one nobody sees.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from xinshu.catalogue.domain import CatalogueItem, ItemField
from xinshu.disclosure.domain import Cell, Fact, FieldKey, Opening
from xinshu.kernel.clock import shanghai_date
from xinshu.records.disclosing import WholeRecord
from xinshu.security.masking import mask_numbers

_FREE_TEXT = "text"


@dataclass(frozen=True, slots=True)
class View:
    """The columns of one item that a query sees, in the order of the item: (field, mask lifted)."""

    item: CatalogueItem
    columns: tuple[tuple[ItemField, bool], ...]
    opens_sealed: bool


def views_of(catalogue: Mapping[str, CatalogueItem], fields: Mapping[FieldKey, Opening]) -> dict[str, View]:
    """{item code: what is seen of its records}; items without a column in the field set are missing."""
    views = {}
    for code in dict.fromkeys(item for item, _ in fields):
        item = catalogue[code]
        columns = tuple((each, fields[code, each.code].unmask) for each in item.fields if (code, each.code) in fields)
        views[code] = View(item, columns, any(lifted and each.personal for each, lifted in columns))
    return views


def facts_of(
    records: Iterable[WholeRecord],
    views: Mapping[str, View],
    items: Mapping[int, CatalogueItem],
    open_personal: Callable[[WholeRecord], Mapping[str, str]],
    name_of: Callable[[str], str],
) -> tuple[Fact, ...]:
    """The records of one subject cut to the views, in their order; a record without a visible value is left out."""
    found = []
    for record in records:
        item = items.get(record.item_number)
        view = None if item is None else views.get(item.item)
        if view is None:
            continue
        cells = cells_of(record, view, open_personal)
        if cells:
            found.append(
                Fact(
                    view.item.item,
                    view.item.title,
                    name_of(record.supplier),
                    record.event_date,
                    shanghai_date(record.received_at),
                    cells,
                )
            )
    return tuple(found)


def cells_of(
    record: WholeRecord, view: View, open_personal: Callable[[WholeRecord], Mapping[str, str]]
) -> tuple[Cell, ...]:
    """The filled values of a record under a view."""
    personal = open_personal(record) if view.opens_sealed and record.sealed is not None else {}
    values, cells = record.values, []
    for field, lifted in view.columns:
        value = values.get(field.code)
        if not value:
            continue
        if field.personal:
            whole = personal.get(field.code) if lifted else None
            cells.append(Cell(field.code, field.title, whole or value, whole is None and "*" in value))
        else:
            cells.append(Cell(field.code, field.title, mask_numbers(value) if field.kind == _FREE_TEXT else value))
    return tuple(cells)
