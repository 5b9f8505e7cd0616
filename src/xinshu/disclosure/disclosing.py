"""The moment of disclosure: grounds, reading, masking and what goes on the audit record.

Single and batch go through the same steps here; nothing else reads subjects' data.
Source: security.md sections 0 (fail closed, check at use) and 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from xinshu.disclosure import auditing
from xinshu.disclosure.assembling import Serializer, View, views_of
from xinshu.disclosure.consent_use import Grounds, Use, take
from xinshu.disclosure.domain import Asked, Disclosed, Fact, FieldKey, Opening, Outcome, Purpose, Result
from xinshu.disclosure.gate import Gate
from xinshu.records.disclosing import Holdings, holdings_of, holdings_of_persons
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.domain import Actor

_NOTHING = Holdings("", "", ())


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
class Opened:
    """What came of it: the result, and for each subject the consent it rests on."""

    result: Result
    consents: Mapping[UUID, UUID]
    entries: Sequence[AuditEntry]


def disclose(
    gate: Gate, actor: Actor, order: Order, now: datetime, *, grounds: Mapping[UUID, Grounds] | None = None
) -> Opened:
    """Read, cut and mask; inside the transaction that registered or approved the query, its store scope open.

    The audit rows come back in `entries`; the caller writes them before it commits.

    Args:
        grounds: consents that were judged and counted before, for a copy of an earlier result; else they are taken now.
    """
    grounds = _grounds(gate, order, now) if grounds is None else grounds
    held = _read(gate, order, grounds)
    plan = _plan_of(gate, order)
    cut_views, seen = _Views(gate, order, plan.free), []
    for asked, reference in zip(order.subjects, order.references, strict=True):
        ground = grounds.get(reference)
        views = plan.views if ground is None or ground.consent is None else cut_views.of(ground)
        seen.append((asked, held.get(_key(asked, reference)), views, ground))
    records = [(() if holdings is None else holdings.records, views) for _, holdings, views, _ in seen]
    facts = _serializer(gate).facts_of(records)
    subjects = [_subject(gate, order, *each, found) for each, found in zip(seen, facts, strict=True)]
    result = Result(
        order.number,
        order.purpose.title,
        order.unit,
        order.person_name,
        now,
        tuple(subjects),
        plan.checked,
        plan.not_checked,
    )
    consents = {ref: ground.consent.id for ref, ground in grounds.items() if ground.consent is not None}
    return Opened(result, consents, list(_entries(actor, order, result, grounds, now)))


@dataclass(frozen=True, slots=True)
class _Plan:
    """What follows from a purpose and a field set alone: fields that need no consent, their views, what is looked at."""

    free: Mapping[FieldKey, Opening]
    views: Mapping[str, View]
    checked: tuple[str, ...]
    not_checked: tuple[str, ...]


def _plan_of(gate: Gate, order: Order) -> _Plan:
    """Worked out once for a purpose's own field set, anew for a query that names its fields."""

    def make() -> _Plan:
        free = {key: opening for key, opening in order.fields.items() if not opening.consent}
        return _Plan(
            free,
            views_of(gate.catalogue, free),
            checked_items(gate, order.fields),
            not_checked(gate, order.purpose, order.fields),
        )

    return make() if order.named else gate.remembered("plan", order.purpose, make)


def _serializer(gate: Gate) -> Serializer:
    units = gate.units()

    def name_of(unit: str) -> str:
        return units[unit].name if unit in units else unit

    return Serializer(gate.items_by_number(), gate.vault, name_of)


def checked_items(gate: Gate, fields: Mapping[FieldKey, Opening]) -> tuple[str, ...]:
    """Titles of the items a field set looks at, in the order of the catalogue."""
    return tuple(gate.catalogue[item].title for item in dict.fromkeys(item for item, _ in fields))


def not_checked(gate: Gate, purpose: Purpose, fields: Mapping[FieldKey, Opening]) -> tuple[str, ...]:
    """Titles of the items a field set does not look at, then what no query of the purpose looks at."""
    seen = {item for item, _ in fields}
    return (*(item.title for code, item in gate.catalogue.items() if code not in seen), *purpose.outside)


class _Views:
    """Views by what a consent adds to the fields that need none; most consents of a batch add the same."""

    def __init__(self, gate: Gate, order: Order, free: Mapping[FieldKey, Opening]) -> None:
        self._gate, self._order, self._free = gate, order, free
        self._made: dict[frozenset[FieldKey], dict[str, View]] = {}

    def of(self, ground: Grounds) -> dict[str, View]:
        if ground.fields not in self._made:
            seen = {
                key: opening for key, opening in self._order.fields.items() if key in self._free or key in ground.fields
            }
            self._made[ground.fields] = views_of(self._gate.catalogue, seen)
        return self._made[ground.fields]


def _grounds(gate: Gate, order: Order, now: datetime) -> dict[UUID, Grounds]:
    """The consents, where some field needs one; empty where none does."""
    plan = _plan_of(gate, order)
    if len(plan.free) == len(order.fields):
        return {}
    wanted = frozenset(key for key in order.fields if key not in plan.free)
    use = Use(order.unit, order.platform, order.purpose.id, wanted, order.named)
    return take(gate, use, order.references, now, order.day)


def _read(gate: Gate, order: Order, grounds: Mapping[UUID, Grounds]) -> dict[str | UUID, Holdings]:
    """What is held of the subjects that may be read at all."""
    shut = not _plan_of(gate, order).free
    readable = [
        (asked, ref)
        for asked, ref in zip(order.subjects, order.references, strict=True)
        if not shut or grounds[ref].consent is not None
    ]
    codes = [asked.code for asked, _ in readable if asked.kind == "organisation"]
    persons = {
        index: ref for asked, ref in readable if asked.kind == "person" for index in gate.person_indexes(asked.code)
    }
    held: dict[Any, Holdings] = {}
    if codes:
        always = [number for number, item in gate.items_by_number().items() if item.creates_subjects]
        held.update(holdings_of(codes, order.since, order.until, always))
    if persons:
        found = holdings_of_persons(list(persons), order.since, order.until)
        held.update({persons[index]: holdings for index, holdings in found.items()})
    return held


def _key(asked: Asked, reference: UUID) -> str | UUID:
    return reference if asked.kind == "person" else asked.code


def _subject(
    gate: Gate,
    order: Order,
    asked: Asked,
    held: Holdings | None,
    views: Mapping[str, View],
    ground: Grounds | None,
    facts: tuple[Fact, ...],
) -> Disclosed:
    """One subject of the result. Without grounds for anything the answer does not tell whether it is known."""
    if not views:
        return Disclosed(asked.code, "", Outcome.UNAUTHORISED)
    withheld: tuple[str, ...] = ()
    if ground is not None:
        items = {item for item, column in order.fields if item not in views}
        withheld = tuple(gate.catalogue[item].title for item in gate.catalogue if item in items)
    if held is None:
        return Disclosed(asked.code, asked.name, Outcome.NONE_FOUND, withheld=withheld)
    known = bool(facts) or asked.kind == "organisation"
    outcome = Outcome.DISCLOSED if known else Outcome.NONE_FOUND
    return Disclosed(asked.code, held.name or asked.name, outcome, facts, held.status, withheld)


def _entries(
    actor: Actor, order: Order, result: Result, grounds: Mapping[UUID, Grounds], now: datetime
) -> list[AuditEntry]:
    """One row for each subject: disclosed or not found with the count of records, refused with its own code."""
    rows, single = [], len(order.references) == 1
    for reference, each in zip(order.references, result.subjects, strict=True):
        ground, trace = grounds.get(reference), order.trace
        if single and ground is not None and ground.consent is not None:
            trace = ground.consent.trace  # one number from the consent to the destruction
        refused = each.outcome is Outcome.UNAUTHORISED
        detail: dict[str, str | int] = {} if refused else {"facts": each.count(), "outcome": each.outcome.value}
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
