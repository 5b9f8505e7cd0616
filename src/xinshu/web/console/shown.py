"""How a result is laid out on the desk and on a card: by item, without what stands in its head already."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from xinshu.disclosure.domain import Cell, Disclosed, Fact
from xinshu.disclosure.gate import Gate

_SOURCE = "数据来源单位"  # stands in the line under each record


@dataclass(frozen=True, slots=True)
class Record:
    """One record: its cells but for those that repeat the subject or the source."""

    cells: tuple[Cell, ...]
    source: str
    event_date: date | None
    received_on: date


@dataclass(frozen=True, slots=True)
class Group:
    """The records of one item."""

    title: str
    records: tuple[Record, ...]


def groups_of(gate: Gate, subject: Disclosed) -> list[Group]:
    """The records of a subject by item: what the registry says first, then as they came."""
    found: dict[str, list[Fact]] = {}
    for fact in subject.facts:
        found.setdefault(fact.item, []).append(fact)
    first = [item for item in found if item in gate.catalogue and gate.catalogue[item].creates_subjects]
    order = [*first, *(item for item in found if item not in first)]
    return [Group(found[item][0].title, tuple(_records(subject, found[item]))) for item in order]


def _records(subject: Disclosed, facts: Iterable[Fact]) -> Iterable[Record]:
    known = {subject.code, subject.name}
    for fact in facts:
        cells = tuple(each for each in fact.cells if each.value not in known and not each.title.startswith(_SOURCE))
        yield Record(cells, fact.source, fact.event_date, fact.received_on)
