"""双公示: the licences and penalties that came in last, by unit and region.

It lists the records of the latest batches, at least `ROWS` rows of them where there are so many: a bounded read that
needs no index of its own. Earlier records stand on the pages of their subjects.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from xinshu.catalogue.domain import CatalogueItem
from xinshu.catalogue.reference import Divisions
from xinshu.collection.queries import item_versions, latest_of_item, suppliers_of_item
from xinshu.kernel.ids import public_id
from xinshu.publication.domain import PublicRecord
from xinshu.publication.queries import PublicReference
from xinshu.publication.wording import Words, about_a_person, public_record
from xinshu.records.queries import StoredRecord, records_of_batches
from xinshu.security.domain import OrganisationFacts
from xinshu.security.queries import organisations

ROWS = 20_000  # rows of the batches looked at
ITEMS = ("administrative-license", "administrative-penalty")


@dataclass(frozen=True, slots=True)
class FeedLine:
    """One decision. `subject` is the public id of the subject's page, `name` the counterpart as the decision has it."""

    subject: str
    name: str
    record: PublicRecord


@dataclass(frozen=True, slots=True)
class Choice:
    """A value to filter by, and its name."""

    value: str
    title: str


@dataclass(frozen=True, slots=True)
class Feed:
    """A page of the feed. `total` counts all lines of the filter; `units` and `regions` are what can be chosen."""

    item: str
    title: str
    lines: tuple[FeedLine, ...]
    total: int
    units: tuple[Choice, ...]
    regions: tuple[Choice, ...]


def feed(
    item: str, *, reference: PublicReference, day: date, unit: str = "", region: str = "", offset: int = 0, limit: int
) -> Feed:
    """The decisions that came in last and are public on that day, latest decision first.

    Args:
        item: one of `ITEMS`; an item the profile does not declare gives an empty feed.
        unit: code of the unit that supplied them; region: code of that unit's region. Empty for all.
    """
    declared = reference.catalogue.get(item)
    if declared is None or declared.access != "public" or declared.publicity.by == "none":
        return Feed(item, "", (), 0, (), ())
    known = {each.uscc: each for each in organisations()}
    suppliers = [each for each in suppliers_of_item(item) if each in known]
    chosen = _chosen(suppliers, known, unit, region)
    batches = latest_of_item(item, chosen, rows=ROWS)
    records, total = records_of_batches(batches, item, day=day, offset=offset, limit=limit) if batches else ([], 0)
    words = Words(
        {code: each.name for code, each in known.items()},
        reference.rule_sets,
        item_versions({each.batch_id for each in records}),
    )
    return Feed(
        item,
        declared.title,
        tuple(_line(declared, each, day, words) for each in records if not about_a_person(each, declared)),
        total,
        tuple(Choice(code, known[code].name) for code in suppliers if not region or known[code].region == region),
        _regions(suppliers, known, reference.divisions),
    )


def _chosen(
    suppliers: Sequence[str], known: Mapping[str, OrganisationFacts], unit: str, region: str
) -> list[str] | None:
    if not unit and not region:
        return None
    return [code for code in suppliers if (not unit or code == unit) and (not region or known[code].region == region)]


def _line(item: CatalogueItem, record: StoredRecord, day: date, words: Words) -> FeedLine:
    name = record.values.get(item.roles.counterpart_name, "")
    return FeedLine(public_id(record.subject), name, public_record(item, record, day, words))


def _regions(
    suppliers: Sequence[str], known: Mapping[str, OrganisationFacts], divisions: Divisions
) -> tuple[Choice, ...]:
    codes = sorted({known[each].region for each in suppliers if known[each].region})
    return tuple(Choice(code, divisions.name(code) or code) for code in codes)
