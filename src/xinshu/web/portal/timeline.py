"""A profile in the shape its page shows: the timeline by year, and the bar of a publicity period. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from xinshu.publication.domain import PublicProfile, PublicPublicity, PublicRecord

SHOWN = 50  # entries of the timeline; the sections have all records
_TONES = {"minor": "mild", "general": "warn", "ordinary": "warn"}


@dataclass(frozen=True, slots=True)
class Bar:
    """Places on a bar from the first to the last day of publicity, in per cent of its length as text.

    `anchor`: to which side of its place the word "today" is set, so that it stays on the bar.
    """

    today: str
    earliest: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One record on the timeline. `tone` colours its severity; `days` are left until repair may be asked for."""

    record: PublicRecord
    tone: str
    bar: Bar | None
    days: int | None


@dataclass(frozen=True, slots=True)
class Year:
    """The entries of one year, latest first; `title` is 2026年, or says that the date is missing."""

    title: str
    entries: tuple[Entry, ...]


def years(profile: PublicProfile, limit: int = SHOWN) -> tuple[Year, ...]:
    """The latest records by year."""
    shown = profile.timeline[:limit]
    return tuple(
        Year(title, tuple(entry(each, profile.day) for each in records)) for title, records in groupby(shown, _year)
    )


def entry(record: PublicRecord, day: date) -> Entry:
    """One record with what its page needs on that day."""
    publicity = record.publicity
    if publicity is None:
        return Entry(record, "", None, None)
    return Entry(record, tone(publicity), bar(publicity, day), publicity.days_to_repair(day))


def tone(publicity: PublicPublicity) -> str:
    """Which tag shows the class; the word stands in it, so colour is never alone. Red means serious only."""
    return _TONES.get(publicity.severity_name, "bad")


def bar(publicity: PublicPublicity, day: date) -> Bar | None:
    """Where today and the earliest repair lie between the ends; None for a period without an end."""
    if publicity.until is None or publicity.until <= publicity.since:
        return None
    whole = (publicity.until - publicity.since).days
    today = _place((day - publicity.since).days, whole)
    earliest = (
        "" if publicity.repair_from is None else f"{_place((publicity.repair_from - publicity.since).days, whole):.1f}%"
    )
    anchor = "start" if today < 10 else "end" if today > 90 else "middle"
    return Bar(f"{today:.1f}%", earliest, anchor)


def _place(days: int, whole: int) -> float:
    return min(max(days / whole, 0.0), 1.0) * 100


def _year(record: PublicRecord) -> str:
    day = record.provenance.event_date
    return "未注明日期" if day is None else f"{day.year}年"


def entries_by_section(profile: PublicProfile) -> Sequence[tuple[str, str, tuple[Entry, ...]]]:
    """(item, title, entries) of the sections that have records."""
    return [
        (each.item, each.title, tuple(entry(record, profile.day) for record in each.records))
        for each in profile.sections
        if each.records
    ]
