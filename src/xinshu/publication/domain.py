"""What a public page shows of a subject. Pure and frozen; every value is text as the public may read it.

Source: architecture.md section 9 (access classes, publicity, identifiers).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

EXPIRED = "已过期"
INVALID = "已失效"


@dataclass(frozen=True, slots=True)
class PublicField:
    """One value under its Chinese heading."""

    title: str
    value: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a record comes from. `source` is the name of the unit that supplied it, its code where it has no name."""

    source: str
    event_date: date | None
    received_on: date
    catalogue_version: str


@dataclass(frozen=True, slots=True)
class PublicPublicity:
    """How long a record is shown and by what rule; `until` is the first day no longer shown, None when open.

    `severity` is the class in words (一般), `severity_name` its name in the rule set (general). `stands_in`: the
    authority named no class, the rule set's default counts.
    """

    severity: str
    severity_name: str
    stands_in: bool
    since: date
    repair_from: date | None
    until: date | None
    rule_set: str
    document: str

    def days_to_repair(self, day: date) -> int | None:
        """Days left until repair may be asked for, 0 when it may, None where it may not before the end."""
        return None if self.repair_from is None else max(0, (self.repair_from - day).days)


@dataclass(frozen=True, slots=True)
class PublicRecord:
    """One record. `state`: for a permit 已失效 when its authority says that it is no longer valid, 已过期 after its last
    day; else empty."""

    id: str
    item: str
    item_title: str
    headline: str
    document_no: str
    authority: str
    ends_on: date | None
    state: str
    fields: tuple[PublicField, ...]
    provenance: Provenance
    publicity: PublicPublicity | None


@dataclass(frozen=True, slots=True)
class PublicRecordPage:
    """One record with whom it is about. `first_received` and `corrected_on`: when it first came in, and when its present
    content did if that was later (Shanghai days)."""

    record: PublicRecord
    code: str
    name: str
    first_received: date
    corrected_on: date | None


@dataclass(frozen=True, slots=True)
class PublicSection:
    """The records of one item, latest event first; empty when there are none."""

    item: str
    title: str
    records: tuple[PublicRecord, ...]


@dataclass(frozen=True, slots=True)
class PublicProfile:
    """What the public may see of one subject on `day`; with `known_at`, as the platform knew it at that moment.

    `sections` has every item that can be public, in the order of the catalogue, those without records too.
    `merged_into`: code of the subject this one is judged to be part of, empty when none.
    """

    code: str
    public_id: str
    name: str
    status: str
    region: str
    former_names: tuple[str, ...]
    merged_into: str
    day: date
    known_at: datetime | None
    registration: tuple[PublicField, ...]
    registration_from: Provenance | None
    sections: tuple[PublicSection, ...]

    @property
    def total(self) -> int:
        """Number of records shown."""
        return sum(len(each.records) for each in self.sections)

    @property
    def none_found(self) -> str:
        """What zero reads: never that there is nothing, only that nothing was found by then."""
        return f"截至 {self.day} 未查到公示记录"

    @property
    def timeline(self) -> tuple[PublicRecord, ...]:
        """All records, latest event first, those without a date last; of one day in the order of the catalogue."""
        return tuple(sorted(self._records(), key=lambda record: -_ordinal(record.provenance.event_date)))

    def _records(self) -> Iterator[PublicRecord]:
        for section in self.sections:
            yield from section.records

    def as_dict(self) -> dict[str, Any]:
        """The form of `xinshu subject --json`: dates as ISO text, `counts` by item beside the sections."""
        whole = asdict(self)
        whole["counts"] = {each.item: len(each.records) for each in self.sections}
        whole["none_found"] = self.none_found if not self.total else ""
        plain: dict[str, Any] = _plain(whole)
        return plain


def _ordinal(day: date | None) -> int:
    return 0 if day is None else day.toordinal()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return value.isoformat() if isinstance(value, date) else value
