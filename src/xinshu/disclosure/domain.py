"""Words of the gate: purposes and what they open, limits, subjects asked about, what comes out.

Pure and frozen. Source: security.md section 4 [proposed]; access classes architecture.md section 9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Literal, NamedTuple

from xinshu.catalogue.domain import Access, CatalogueItem, ItemField, Mask
from xinshu.rules.domain import Period, Provenance

SubjectKind = Literal["organisation", "person"]
FieldKey = tuple[str, str]
"""(item code, column code)."""
LARGEST_ON_PAPER = 200
"""Subjects of a result that goes on paper; more go out as CSV or workbook, and a sealed one has no more."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a purpose says of one field: whether it is opened, on which conditions, and which masks are lifted."""

    open: bool = False
    review: bool = False
    consent: bool = False
    unmask: bool = False


SHUT = Opening()


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a purpose. `items` None = any item; `names` empty = every column of the class."""

    items: frozenset[str] | None
    access: frozenset[Access]
    names: frozenset[str]
    review: bool
    consent: bool
    unmask: frozenset[Mask]

    def covers(self, item: CatalogueItem, field: ItemField) -> bool:
        """Whether the line opens the field. A field that is barred, or of an unknown class, is never covered."""
        if field.access == "barred" or field.access not in self.access:
            return False
        if self.items is not None and item.item not in self.items:
            return False
        return not self.names or field.name in self.names


@dataclass(frozen=True, slots=True)
class Purpose:
    """A purpose as it holds in a period. `units`: kinds of organisations that may state it, None = any.

    `approvers`: people who must approve even a single query. `sealed`: the result is shown to nobody but its requester
    and only as a sealed copy. `outside`: what no query looks at and the result has to name.
    """

    id: str
    title: str
    scene: Literal["government", "authorised", "upkeep"]
    period: Period
    provenance: Provenance
    legal_basis: tuple[str, ...]
    units: frozenset[str] | None
    subjects: frozenset[SubjectKind]
    approvers: int
    sealed: bool
    outside: tuple[str, ...]
    opens: tuple[Entry, ...]

    def opening(self, item: CatalogueItem, field: ItemField) -> Opening:
        """What the purpose says of a field; of several lines the mildest: one that opens without conditions wins."""
        found = [each for each in self.opens if each.covers(item, field)]
        if not found:
            return SHUT
        best = min(found, key=lambda each: (each.consent, each.review))
        return Opening(True, best.review, best.consent, field.mask in best.unmask)

    def openings(self, catalogue: Mapping[str, CatalogueItem]) -> dict[FieldKey, Opening]:
        """{(item, column): what the purpose says} of every field it opens, in the order of the catalogue."""
        pairs = ((item, field) for item in catalogue.values() for field in item.fields)
        found = (((item.item, field.code), self.opening(item, field)) for item, field in pairs)
        return {key: opening for key, opening in found if opening.open}

    def on_list_of(self, kind: str) -> bool:
        """Whether a unit of this kind may state the purpose."""
        return self.units is None or kind in self.units


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits and periods of a day; all of them count subjects. `off_hours`: (from hour, to hour), Shanghai."""

    period: Period
    provenance: Provenance
    per_batch: int
    per_unit_day: int
    per_person_day: int
    approval_days: int
    file_days: int
    fetches: int
    remind_days: int
    longest_use_days: int
    run: int
    off_hours: tuple[int, int]
    off_hours_subjects: int

    def off_hour(self, hour: int) -> bool:
        """Whether an hour (Shanghai) lies outside office hours."""
        start, end = self.off_hours
        return hour >= start or hour < end if start > end else start <= hour < end


@dataclass(frozen=True, slots=True)
class GateRules:
    """The dated data of the gate."""

    purposes: tuple[Purpose, ...]
    limits: tuple[Limits, ...]

    def purpose(self, code: str, day: date) -> Purpose | None:
        """The version of a purpose in force on a day, None where there is none."""
        return next((each for each in self.purposes if each.id == code and day in each.period), None)

    def in_force(self, day: date) -> tuple[Purpose, ...]:
        """The purposes in force on a day, in file order."""
        return tuple(each for each in self.purposes if day in each.period)

    def limits_on(self, day: date) -> Limits | None:
        """The limits in force on a day."""
        return next((each for each in self.limits if day in each.period), None)


class Kind(StrEnum):
    """How many subjects a query asks about."""

    SINGLE = "single"
    BATCH = "batch"


class State(StrEnum):
    """Where a query stands."""

    WAITING = "waiting"  # for its approvals
    READY = "ready"  # may be carried out
    RUNNING = "running"
    DONE = "done"
    REFUSED = "refused"  # by an approver
    VOIDED = "voided"  # edited after an approval, or withdrawn
    EXPIRED = "expired"
    FAILED = "failed"
    DESTROYED = "destroyed"  # its destruction was confirmed


class Outcome(StrEnum):
    """What became of one subject of a query. `unauthorised` does not tell whether the platform knows the subject."""

    DISCLOSED = "disclosed"
    NONE_FOUND = "none_found"
    UNAUTHORISED = "unauthorised"


@dataclass(frozen=True, slots=True)
class Asked:
    """One subject as asked for: an organisation by its code, or a person by id number (the kind of paper 身份证)."""

    kind: SubjectKind
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is registered before anything is read: security.md section 4.

    `fields`: (item, column) pairs, empty = all the purpose opens without review. `since`, `until`: the period asked
    about (event dates), None = open. `use`: what the result is used for; `destroy_by`: the day by which copies are
    destroyed. `platform`: USCC of the platform a financing query comes through, empty when it comes directly.
    """

    purpose: str
    legal_basis: str
    matter_no: str
    subjects: tuple[Asked, ...]
    fields: tuple[FieldKey, ...] = ()
    since: date | None = None
    until: date | None = None
    use: str = ""
    destroy_by: date | None = None
    channel: str = "console"
    platform: str = ""


class Cell(NamedTuple):
    """One value under its heading. `masked`: it stands here masked."""

    code: str
    title: str
    value: str
    masked: bool = False


class Heading(NamedTuple):
    """The columns of an item that a query sees: (code, title) of each, in the order of the item."""

    item: str
    title: str
    columns: tuple[tuple[str, str], ...]


class Fact(NamedTuple):
    """One record of a subject, cut to the fields the query may see.

    `values`: one for each column of the heading, empty where nothing was filled in; `masked`: places of those that stand
    here masked. A batch has some hundred thousand values: they become cells only where they are shown.
    """

    heading: Heading
    source: str
    event_date: date | None
    received_on: date
    values: tuple[str, ...]
    masked: tuple[int, ...] = ()

    @property
    def item(self) -> str:
        """Code of the item."""
        return self.heading.item

    @property
    def title(self) -> str:
        """Title of the item."""
        return self.heading.title

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The filled values under their headings."""
        columns = enumerate(zip(self.heading.columns, self.values, strict=True))
        return tuple(Cell(*column, value, place in self.masked) for place, (column, value) in columns if value)


@dataclass(frozen=True, slots=True)
class Disclosed:
    """One subject of a result. Of an unauthorised one there is the code that was asked for and nothing else."""

    code: str
    name: str
    outcome: Outcome
    facts: tuple[Fact, ...] = ()
    status: str = ""
    withheld: tuple[str, ...] = ()  # titles of items left out because their consent is missing

    def count(self) -> int:
        """How many records."""
        return len(self.facts)


class Told(NamedTuple):
    """What is said of one subject, as in `Disclosed`; `facts`: how many there are."""

    code: str
    name: str
    outcome: Outcome
    status: str
    withheld: tuple[str, ...]
    facts: int


class Head(NamedTuple):
    """What a result says as a whole, as in `Result`."""

    ticket: str
    purpose: str
    unit: str
    person: str
    at: datetime
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Result:
    """What a query brought. `not_checked`: titles of items and sources the query did not look at."""

    ticket: str
    purpose: str
    unit: str
    person: str
    at: datetime
    subjects: tuple[Disclosed, ...]
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]

    def disclosed(self) -> Iterator[Disclosed]:
        """Those with data."""
        return (each for each in self.subjects if each.outcome is Outcome.DISCLOSED)
