"""A profile in the shape its page shows: head, counts, the timeline by year, the bar of a publicity period. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from xinshu.publication.domain import PublicField, PublicProfile, PublicPublicity, PublicRecord, PublicSection

SHOWN = 20  # entries of the timeline, and records of a section, before a link to all
ENDING_DAYS = 30  # a permit that ends within so many days is marked
# Shown in the counts even at zero: what people come to look for. Other items at zero are named in one line.
ALWAYS_COUNTED = ("administrative-license", "administrative-penalty", "serious-dishonesty-list")
_HEAD = ("企业类型", "法定代表人", "成立日期")  # headings of the registration that stand in the head
_ROOM = 20  # per cent of the bar the words of an end take
_TONES = {"minor": "mild", "general": "warn", "ordinary": "warn"}
_ICONS = (
    ("license", "doc"),
    ("permit", "doc"),
    ("penalty", "gavel"),
    ("commitment", "pen"),
    ("credit-a", "medal"),
    ("rating", "medal"),
    ("reward", "medal"),
    ("list", "list"),
)


@dataclass(frozen=True, slots=True)
class Bar:
    """Places on a bar from the first to the last day of publicity, in per cent of its length as text.

    `anchor`: to which side of its place the word "today" is set, so that it stays on the bar. `step`: a class that puts
    the words of the earliest repair under its place; empty where they would meet those of an end.
    """

    today: str
    earliest: str
    anchor: str
    step: str = ""


@dataclass(frozen=True, slots=True)
class State:
    """Whether a permit is in force, in words; `tone` colours the words, `icon` stands before them."""

    words: str
    tone: str
    icon: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One record on the timeline. `tone` colours its severity; `days` are left until repair may be asked for.

    `state`: of a permit; None for other records and for permits without an end.
    """

    record: PublicRecord
    icon: str
    tone: str
    bar: Bar | None
    days: int | None
    state: State | None


@dataclass(frozen=True, slots=True)
class Year:
    """The entries of one year, latest first; `title` is 2026年, or says that the date is missing."""

    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Severity:
    """A severity that stands in a section, and its tone."""

    title: str
    tone: str


@dataclass(frozen=True, slots=True)
class Count:
    """How many records of one item are public, with the severities among them."""

    item: str
    title: str
    number: int
    severities: tuple[Severity, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """The section of one item: the records shown, and how many there are."""

    item: str
    title: str
    entries: tuple[Entry, ...]
    total: int

    @property
    def left_out(self) -> int:
        """Records not shown."""
        return self.total - len(self.entries)


@dataclass(frozen=True, slots=True)
class Timeline:
    """The records of one item or of all. `chips`: the items one can choose, `shown` entries of `total`."""

    item: str
    chips: tuple[Count, ...]
    years: tuple[Year, ...]
    shown: int
    total: int
    whole: int

    @property
    def left_out(self) -> int:
        """Entries not shown."""
        return self.total - self.shown


@dataclass(frozen=True, slots=True)
class Shaped:
    """A profile as its page shows it. `none`: titles of the items without records that are not counted one by one."""

    head: tuple[PublicField, ...]
    counts: tuple[Count, ...]
    none: tuple[str, ...]
    timeline: Timeline
    sections: tuple[Listed, ...]


def shape(profile: PublicProfile, permits: Collection[str], *, item: str = "", every: bool = False) -> Shaped:
    """The page of a profile.

    Args:
        permits: names of the items whose records are permits with a last day.
        item: show the timeline of this item only; a name without records counts as none given.
        every: show all entries, not only the latest.
    """
    counts = tuple(_count(each) for each in _in_order(profile.sections))
    filled = tuple(each for each in counts if each.number)
    item = item if any(each.item == item for each in filled) else ""
    chosen = [each for each in profile.timeline if not item or each.item == item]
    shown = chosen if every else chosen[:SHOWN]
    entries = [entry(each, profile.day, permits) for each in shown]
    years = tuple(Year(title, tuple(group)) for title, group in groupby(entries, _year))
    return Shaped(
        tuple(each for each in profile.registration if each.title in _HEAD),
        tuple(each for each in counts if each.number or each.item in ALWAYS_COUNTED),
        tuple(each.title for each in counts if not each.number and each.item not in ALWAYS_COUNTED),
        Timeline(item, filled, years, len(shown), len(chosen), profile.total),
        tuple(_sections(profile, permits, every=every)),
    )


def entry(record: PublicRecord, day: date, permits: Collection[str]) -> Entry:
    """One record with what its page needs on that day."""
    publicity = record.publicity
    state = _state(record, day) if record.item in permits else None
    if publicity is None:
        return Entry(record, icon(record.item), "", None, None, state)
    return Entry(record, icon(record.item), tone(publicity), bar(publicity, day), publicity.days_to_repair(day), state)


def icon(item: str) -> str:
    """The drawing beside records of an item; by a word of its name, so that a new item has one."""
    return next((drawn for word, drawn in _ICONS if word in item), "doc")


def tone(publicity: PublicPublicity) -> str:
    """Which tag shows the class; the word stands in it, so colour is never alone. Red means serious only."""
    return _TONES.get(publicity.severity_name, "bad")


def bar(publicity: PublicPublicity, day: date) -> Bar | None:
    """Where today and the earliest repair lie between the ends; None for a period without an end."""
    if publicity.until is None or publicity.until <= publicity.since:
        return None
    whole = (publicity.until - publicity.since).days
    today = _place((day - publicity.since).days, whole)
    anchor = "start" if today < 10 else "end" if today > 90 else "middle"
    if publicity.repair_from is None:
        return Bar(f"{today:.1f}%", "", anchor)
    earliest = _place((publicity.repair_from - publicity.since).days, whole)
    step = f"at-{5 * round(earliest / 5)}" if _ROOM <= earliest <= 100 - _ROOM else ""
    return Bar(f"{today:.1f}%", f"{earliest:.1f}%", anchor, step)


def _place(days: int, whole: int) -> float:
    return min(max(days / whole, 0.0), 1.0) * 100


def _state(record: PublicRecord, day: date) -> State | None:
    if record.state:
        return State(record.state, "", "ban")
    if record.ends_on is None:
        return None
    left = (record.ends_on - day).days
    return State(f"{left}天后到期", "mild", "clock") if left <= ENDING_DAYS else State("有效期内", "ok", "check")


def _year(each: Entry) -> str:
    day = each.record.provenance.event_date
    return "未注明日期" if day is None else f"{day.year}年"


def _count(section: PublicSection) -> Count:
    found = dict.fromkeys(Severity(p.severity, tone(p)) for p in (each.publicity for each in section.records) if p)
    return Count(section.item, section.title, len(section.records), tuple(found))


def _in_order(sections: Sequence[PublicSection]) -> list[PublicSection]:
    """Those always counted first, the others in the order of the catalogue."""
    first = {name: place for place, name in enumerate(ALWAYS_COUNTED)}
    return sorted(sections, key=lambda each: first.get(each.item, len(first)))


def _sections(profile: PublicProfile, permits: Collection[str], *, every: bool) -> Iterator[Listed]:
    for each in _in_order(profile.sections):
        if each.records:
            shown = each.records if every else each.records[:SHOWN]
            entries = tuple(entry(record, profile.day, permits) for record in shown)
            yield Listed(each.item, each.title, entries, len(each.records))
