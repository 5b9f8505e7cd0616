"""The serializer once more, plainly: record by record, with a dictionary for each. What the compiled one has to equal."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np

from xinshu.catalogue.domain import CatalogueItem
from xinshu.disclosure.assembling import Facts, Headings, Serializer, Sight, View
from xinshu.disclosure.domain import Fact
from xinshu.disclosure.results import read_facts
from xinshu.records.disclosing import NO_DAY, Holdings, Known
from xinshu.security.masking import mask_numbers

EPOCH = 730_120  # ordinal of 2000-01-01


class OpenVault:
    """Opens what was never sealed; remembers how many cells it was asked for."""

    asked = 0

    def open_cells(self, sealed: Sequence[bytes], places: Sequence[bytes]) -> list[bytes]:
        assert len(sealed) == len(places)
        self.asked += len(sealed)
        return list(sealed)


def plain_fact(
    view: View, values: Mapping[str, str | None], whole: Mapping[str, str | None], beside: Fact
) -> Fact | None:
    """One record under a view; None where nothing of it is seen. `beside`: source and days."""
    seen = [each for each in zip(view.columns, view.heading.columns, strict=True) if each[0].code in values]
    shown, masked = [], []
    for place, (column, _) in enumerate(seen):
        value = values[column.code] or ""
        if column.personal:
            own = (whole.get(column.code) or "") if column.lifted and value else ""
            if not own and "*" in value:
                masked.append(place)
            value = own or value
        elif column.free_text:
            value = mask_numbers(value)
        shown.append(value)
    if not any(shown):
        return None
    heading = view.heading._replace(columns=tuple(title for _, title in seen))
    return beside._replace(heading=heading, values=tuple(shown), masked=tuple(masked))


class Row:
    """A record as it lies in the store: of which subject and item, its values and the sealed ones as JSON."""

    def __init__(self, place: int, item: int, payload: str, sealed: str | None, beside: Fact) -> None:
        self.place, self.item, self.beside = place, item, beside
        self.payload, self.sealed = payload.encode(), None if sealed is None else sealed.encode()

    @property
    def values(self) -> Mapping[str, str | None]:
        return json.loads(self.payload)

    @property
    def whole(self) -> Mapping[str, str | None]:
        return {} if self.sealed is None else json.loads(self.sealed)


def held(rows: Sequence[Row]) -> Holdings:
    """As they are read, in their order."""
    days = [NO_DAY if row.beside.event_date is None else row.beside.event_date.toordinal() - EPOCH for row in rows]
    return Holdings(
        {row.place: Known("某公司", "存续") for row in rows},
        np.array([row.place for row in rows], dtype=np.int32),
        np.array([row.item for row in rows], dtype=np.int16),
        np.array(days, dtype=np.int32),
        np.array([row.beside.received_on.toordinal() - EPOCH for row in rows], dtype=np.int32),
        [UUID(int=number).bytes for number in range(len(rows))],
        [row.beside.source.encode() for row in rows],
        [row.payload for row in rows],
        [row.sealed for row in rows],
    )


def cut(
    rows: Sequence[Row], sights: Mapping[int, Sight], vault: OpenVault | None = None
) -> dict[int, tuple[Fact, ...]]:
    """{place of a subject: its facts} by the serializer."""
    headings = Headings()
    found: dict[int, Facts] = Serializer(vault or OpenVault(), str, headings).facts_of(held(rows), sights)
    facts = {place: read_facts(each, headings.all) for place, each in found.items()}
    assert {place: len(each) for place, each in facts.items()} == {place: each.number for place, each in found.items()}
    return facts


def sight(views: Mapping[str, View], items: Mapping[int, CatalogueItem]) -> Sight:
    """What is seen of a subject."""
    return Sight.of(views).among(items)
