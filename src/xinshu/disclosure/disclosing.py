"""The moment of disclosure: grounds, reading, masking and what goes on the audit record.

Single and batch go through the same steps here; nothing else reads subjects' data.
Source: security.md sections 0 (fail closed, check at use) and 4.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from xinshu.disclosure import auditing
from xinshu.disclosure.assembling import Facts, Headings, Serializer, Sight, View, views_of
from xinshu.disclosure.consent_use import Grounds, Use, take
from xinshu.disclosure.domain import Asked, Disclosed, FieldKey, Head, Opening, Outcome, Purpose, Result, Told
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.results import Line, Sheet, read_facts
from xinshu.records.disclosing import Holdings, Known, holdings_of
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.domain import Actor

_PART = 400  # subjects that are read and cut together
_NO_FACTS = Facts(b"", 0)


@dataclass(frozen=True, slots=True)
class Order:
    """A query that may be carried out now: approved where it had to be, its content unchanged."""

    number: str
    trace: str
    purpose: Purpose
    unit: str
    platform: str
    person_name: str
    subjects: Sequence[Asked]
    references: Sequence[UUID]
    fields: Mapping[FieldKey, Opening]
    named: bool  # the query names its fields
    since: date | None
    until: date | None
    day: date
    action: str


@dataclass(frozen=True, slots=True)
class Carried:
    """What came of it: of each subject what was said, and the consent it rests on."""

    told: Sequence[Told]
    consents: Mapping[UUID, UUID]
    entries: Sequence[AuditEntry]


@dataclass(frozen=True, slots=True)
class Opened(Carried):
    """The same with the result itself."""

    result: Result


def disclose(
    gate: Gate, actor: Actor, order: Order, now: datetime, *, grounds: Mapping[UUID, Grounds] | None = None
) -> Opened:
    """Read, cut and mask; inside the transaction that registered or approved the query, its store scope open.

    The audit rows come back in `entries`; the caller writes them before it commits.

    Args:
        grounds: consents that were judged and counted before, for a copy of an earlier result; else they are taken now.
    """
    headings, lines = Headings(), list[Line]()
    carried = _carry(gate, actor, order, now, grounds, headings, lines.extend)
    subjects = tuple(
        Disclosed(each.code, each.name, each.outcome, read_facts(facts, headings.all), each.status, each.withheld)
        for each, facts in lines
    )
    ticket, purpose, unit, person, at, checked, not_checked = _head(gate, order, now)
    result = Result(ticket, purpose, unit, person, at, subjects, checked, not_checked)
    return Opened(carried.told, carried.consents, carried.entries, result)


def disclose_into(sheet: Sheet, gate: Gate, actor: Actor, order: Order, now: datetime) -> Carried:
    """The same into a file, a part of the subjects at a time: as they are read their facts are written, never all held."""
    headings = Headings()
    carried = _carry(gate, actor, order, now, None, headings, sheet.take)
    sheet.close(_head(gate, order, now), headings.all)
    return carried


def _head(gate: Gate, order: Order, now: datetime) -> Head:
    plan = _plan_of(gate, order)
    return Head(order.number, order.purpose.title, order.unit, order.person_name, now, plan.checked, plan.not_checked)


def _carry(
    gate: Gate,
    actor: Actor,
    order: Order,
    now: datetime,
    grounds: Mapping[UUID, Grounds] | None,
    headings: Headings,
    take: Callable[[Sequence[Line]], None],
) -> Carried:
    """Part by part: this thread reads the store while another cuts and takes the part before."""
    grounds = _grounds(gate, order, now) if grounds is None else grounds
    looking = _Looking(gate, order, grounds, _serializer(gate, headings))

    def cut(part: range, held: Holdings) -> list[Told]:
        lines = looking.lines(part, held)
        take(lines)
        return [told for told, _ in lines]

    count = len(order.subjects)
    parts = [range(start, min(start + _PART, count)) for start in range(0, count, _PART)]
    told = cut(parts[0], looking.read(parts[0])) if len(parts) == 1 else _in_turns(parts, looking.read, cut)
    consents = {ref: ground.consent.id for ref, ground in grounds.items() if ground.consent is not None}
    return Carried(told, consents, _entries(actor, order, told, grounds, now))


def _in_turns(
    parts: Sequence[range], read: Callable[[range], Holdings], cut: Callable[[range, Holdings], list[Told]]
) -> list[Told]:
    told: list[Told] = []
    with ThreadPoolExecutor(1) as pool:
        before: Future[list[Told]] | None = None
        for part in parts:
            held = read(part)
            if before is not None:
                told += before.result()
            before = pool.submit(cut, part, held)
        if before is not None:
            told += before.result()
    return told


@dataclass(frozen=True, slots=True)
class _Plan:
    """What follows from a purpose and a field set alone: fields that need no consent, their views, what is looked at."""

    free: Mapping[FieldKey, Opening]
    views: Mapping[str, View]
    sight: Sight
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]


def _plan_of(gate: Gate, order: Order) -> _Plan:
    """Worked out once for a purpose's own field set, anew for a query that names its fields."""

    def make() -> _Plan:
        free = {key: opening for key, opening in order.fields.items() if not opening.consent}
        views = views_of(gate.catalogue, free)
        return _Plan(
            free,
            views,
            Sight.of(views),
            checked_items(gate, order.fields),
            not_checked(gate, order.purpose, order.fields),
        )

    return make() if order.named else gate.remembered("plan", order.purpose, make)


def _serializer(gate: Gate, headings: Headings) -> Serializer:
    units = gate.units()

    def name_of(unit: str) -> str:
        return units[unit].name if unit in units else unit

    return Serializer(gate.vault, name_of, headings)


def checked_items(gate: Gate, fields: Mapping[FieldKey, Opening]) -> tuple[str, ...]:
    """Titles of the items a field set looks at, in the order of the catalogue."""
    return tuple(gate.catalogue[item].title for item in dict.fromkeys(item for item, _ in fields))


def not_checked(gate: Gate, purpose: Purpose, fields: Mapping[FieldKey, Opening]) -> tuple[str, ...]:
    """Titles of the items a field set does not look at, then what no query of the purpose looks at."""
    seen = {item for item, _ in fields}
    return (*(item.title for code, item in gate.catalogue.items() if code not in seen), *purpose.outside)


class _Looking:
    """Reads and cuts parts of an order. Views follow from what a consent adds to the fields that need none; most consents
    of a batch add the same."""

    def __init__(self, gate: Gate, order: Order, grounds: Mapping[UUID, Grounds], serializer: Serializer) -> None:
        self._gate, self._order, self._grounds, self._serializer = gate, order, grounds, serializer
        self._plan = _plan_of(gate, order)
        self._items = gate.items_by_number()
        self._sight = self._plan.sight.among(self._items)
        self._made: dict[frozenset[FieldKey], tuple[Mapping[str, View], Sight]] = {}

    def read(self, part: range) -> Holdings:
        """What is held of those of the part that may be read at all."""
        codes: dict[int, str] = {}
        persons: list[tuple[int, UUID]] = []
        for place in part:
            asked, ref = self._order.subjects[place], self._order.references[place]
            if not self._plan.free and self._grounds[ref].consent is None:
                continue
            if asked.kind == "organisation":
                codes[place] = asked.code
            else:
                persons += [(place, index) for index in self._gate.person_indexes(asked.code)]
        always = [number for number, item in self._items.items() if item.creates_subjects]
        return holdings_of(codes, persons, self._order.since, self._order.until, always)

    def lines(self, part: range, held: Holdings) -> list[Line]:
        """What is said of the subjects of a part, and their facts."""
        seen = {place: self._seen(self._grounds.get(self._order.references[place])) for place in part}
        facts = self._serializer.facts_of(
            held, {place: sight for place, (_, sight) in seen.items() if place in held.known}
        )
        return [
            (
                self._told(place, held.known.get(place), views, facts.get(place, _NO_FACTS).number),
                facts.get(place, _NO_FACTS),
            )
            for place, (views, _) in seen.items()
        ]

    def _seen(self, ground: Grounds | None) -> tuple[Mapping[str, View], Sight]:
        if ground is None or ground.consent is None:
            return self._plan.views, self._sight
        found = self._made.get(ground.fields)
        if found is None:
            fields = {
                key: opening
                for key, opening in self._order.fields.items()
                if key in self._plan.free or key in ground.fields
            }
            views = views_of(self._gate.catalogue, fields)
            found = self._made[ground.fields] = views, Sight.of(views).among(self._items)
        return found

    def _told(self, place: int, known: Known | None, views: Mapping[str, View], facts: int) -> Told:
        """Without grounds for anything the answer does not tell whether the subject is known."""
        order, catalogue = self._order, self._gate.catalogue
        asked = order.subjects[place]
        if not views:
            return Told(asked.code, "", Outcome.UNAUTHORISED, "", (), 0)
        withheld: tuple[str, ...] = ()
        if order.references[place] in self._grounds:
            items = {item for item, column in order.fields if item not in views}
            withheld = tuple(catalogue[item].title for item in catalogue if item in items)
        if known is None:
            return Told(asked.code, asked.name, Outcome.NONE_FOUND, "", withheld, 0)
        outcome = Outcome.DISCLOSED if facts or asked.kind == "organisation" else Outcome.NONE_FOUND
        return Told(asked.code, known.name or asked.name, outcome, known.status, withheld, facts)


def _grounds(gate: Gate, order: Order, now: datetime) -> dict[UUID, Grounds]:
    """The consents, where some field needs one; empty where none does."""
    plan = _plan_of(gate, order)
    if len(plan.free) == len(order.fields):
        return {}
    wanted = frozenset(key for key in order.fields if key not in plan.free)
    use = Use(order.unit, order.platform, order.purpose.id, wanted, order.named)
    return take(gate, use, order.references, now, order.day)


def _entries(
    actor: Actor, order: Order, told: Sequence[Told], grounds: Mapping[UUID, Grounds], now: datetime
) -> list[AuditEntry]:
    """One row for each subject: disclosed or not found with the count of records, refused with its own code."""
    rows, single = [], len(order.references) == 1
    for reference, each in zip(order.references, told, strict=True):
        ground, trace = grounds.get(reference), order.trace
        if single and ground is not None and ground.consent is not None:
            trace = ground.consent.trace  # one number from the consent to the destruction
        refused = each.outcome is Outcome.UNAUTHORISED
        detail: dict[str, str | int] = {} if refused else {"facts": each.facts, "outcome": each.outcome.value}
        if ground is not None and ground.consent is not None:
            detail["consent"] = ground.consent.number
        rows.append(
            auditing.entry(
                actor,
                order.action,
                now,
                ref=reference,
                ticket=order.number,
                purpose=order.purpose.id,
                code=(ground.refusal if ground is not None else "") if refused else "",
                trace=trace,
                detail=detail,
            )
        )
    return rows
