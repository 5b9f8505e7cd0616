"""From whole records to what a query may see: the one serializer of the gate, by field class and mask. Pure.

A value comes through only when the query's fields have its column; a personal value stays masked unless the purpose
lifts that mask; long numbers in free text are masked always. Whoever adds a column without a class adds one nobody sees.
All records of a query that are seen alike are cut together, column by column: one subject or five thousand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from operator import itemgetter
from typing import NamedTuple

from xinshu.catalogue.domain import CatalogueItem
from xinshu.disclosure.domain import Fact, FieldKey, Heading, Opening
from xinshu.records.disclosing import WholeRecord, personal_values
from xinshu.security.masking import mask_numbers_of
from xinshu.security.sealing import Vault

_FREE_TEXT = "text"


class Column(NamedTuple):
    """A column as a query sees it. `lifted`: its mask is."""

    code: str
    personal: bool
    lifted: bool
    free_text: bool


@dataclass(frozen=True, slots=True, eq=False)
class View:
    """The columns of one item that a query sees, in the order of the item."""

    heading: Heading
    columns: tuple[Column, ...]
    opens_sealed: bool


def views_of(catalogue: Mapping[str, CatalogueItem], fields: Mapping[FieldKey, Opening]) -> dict[str, View]:
    """{item code: what is seen of its records}; items without a column in the field set are missing."""
    views = {}
    for code in dict.fromkeys(item for item, _ in fields):
        item = catalogue[code]
        seen = [each for each in item.fields if (code, each.code) in fields]
        columns = tuple(
            Column(each.code, each.personal, fields[code, each.code].unmask, each.kind == _FREE_TEXT) for each in seen
        )
        heading = Heading(item.item, item.title, tuple((each.code, each.title) for each in seen))
        views[code] = View(heading, columns, any(each.lifted and each.personal for each in columns))
    return views


@dataclass(frozen=True, slots=True)
class Serializer:
    """Cuts records to views. `items`: by their numbers in the store; `name_of`: the name of a unit."""

    items: Mapping[int, CatalogueItem]
    vault: Vault
    name_of: Callable[[str], str]

    def facts_of(self, subjects: Sequence[tuple[Sequence[WholeRecord], Mapping[str, View]]]) -> list[tuple[Fact, ...]]:
        """For each subject its records cut to its views, in their order; one without a visible value is left out."""
        places: list[list[Fact | None]] = []
        alike: dict[View, _Alike] = {}
        codes = {number: item.item for number, item in self.items.items()}
        for records, views in subjects:
            facts: list[Fact | None] = [None] * len(records)
            places.append(facts)
            for place, record in enumerate(records):
                view = views.get(codes.get(record.item_number, ""))
                if view is not None:
                    if view not in alike:
                        alike[view] = _Alike()
                    found = alike[view]
                    found.records.append(record)
                    found.places.append((facts, place))
        for view, found in alike.items():
            self._cut(view, found)
        return [tuple(fact for fact in facts if fact is not None) for facts in places]

    def _cut(self, view: View, found: _Alike) -> None:
        whole = personal_values(found.records, self.vault) if view.opens_sealed else None
        cuts = cut([each.values for each in found.records], view, whole)
        names = {supplier: self.name_of(supplier) for supplier in {each.supplier for each in found.records}}
        for record, (facts, place), (heading, values, masked) in zip(found.records, found.places, cuts, strict=True):
            if any(values):
                facts[place] = Fact(
                    heading, names[record.supplier], record.event_date, record.received_on, values, masked
                )


@dataclass(frozen=True, slots=True)
class _Alike:
    """Records seen through one view, and where the fact of each belongs."""

    records: list[WholeRecord] = field(default_factory=list)
    places: list[tuple[list[Fact | None], int]] = field(default_factory=list)


class Cut(NamedTuple):
    """A record under a view, as in `Fact`."""

    heading: Heading
    values: tuple[str, ...]
    masked: tuple[int, ...]


def cut(records: Sequence[Mapping[str, str]], view: View, whole: Sequence[Mapping[str, str]] | None) -> list[Cut]:
    """Each record cut to the view. Those filled in the same columns share a heading and are cut together.

    Args:
        whole: the personal values of each record, unmasked; None where the view lifts no mask.
    """
    shapes: dict[tuple[str, ...], list[int]] = {}
    for place, record in enumerate(records):
        shapes.setdefault(tuple(record), []).append(place)
    cuts: list[Cut] = [_NOTHING] * len(records)
    for shape, places in shapes.items():
        heading, columns = _narrowed(view, shape)
        if columns:
            some = [records[place] for place in places]
            opened = None if whole is None else [whole[place] for place in places]
            for place, values, masked in zip(places, *_rows(some, columns, opened), strict=True):
                cuts[place] = Cut(heading, values, masked)
    return cuts


_NOTHING = Cut(Heading("", "", ()), (), ())


@lru_cache(maxsize=4096)
def _narrowed(view: View, shape: tuple[str, ...]) -> tuple[Heading, tuple[Column, ...]]:
    """The part of a view that records of a shape (the codes of their columns) can fill."""
    codes = frozenset(shape)
    columns = tuple(each for each in view.columns if each.code in codes)
    titles = tuple(each for each in view.heading.columns if each[0] in codes)
    return view.heading._replace(columns=titles), columns


def _picker(columns: Sequence[Column]) -> Callable[[Mapping[str, str]], tuple[str, ...]]:
    """What takes the values of the columns out of a record that has them all."""
    if len(columns) == 1:
        (only,) = columns
        return lambda record: (record[only.code],)
    return itemgetter(*(each.code for each in columns))


def _rows(
    records: Sequence[Mapping[str, str]], columns: Sequence[Column], whole: Sequence[Mapping[str, str]] | None
) -> tuple[Iterable[tuple[str, ...]], list[tuple[int, ...]]]:
    """(values, places of masked ones) of records that have all these columns."""
    masked: list[tuple[int, ...]] = [()] * len(records)
    shown = []
    filled = zip(*map(_picker(columns), records), strict=True)
    for place, ((code, personal, lifted, free_text), found) in enumerate(zip(columns, filled, strict=True)):
        values = [each or "" for each in found] if None in found else list(found)
        if personal:
            stands = values
            if lifted and whole is not None:
                opened = [(value and each.get(code)) or "" for value, each in zip(values, whole, strict=True)]
                values = [one or value for one, value in zip(opened, stands, strict=True)]
                stands = ["" if one else value for one, value in zip(opened, stands, strict=True)]
            masked = [
                (*before, place) if "*" in value else before for before, value in zip(masked, stands, strict=True)
            ]
        elif free_text:
            values = mask_numbers_of(values)
        shown.append(values)
    return zip(*shown, strict=True), masked
