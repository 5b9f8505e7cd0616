"""Single queries: registered and answered at once, or registered for approval and carried out afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.counting import COUNT_PERSON, COUNT_UNIT, oddities, require_person, require_unit
from xinshu.disclosure.disclosing import Opened, Order, disclose
from xinshu.disclosure.domain import Asked, Outcome, Purpose, Request, Result, State
from xinshu.disclosure.errors import AlreadyDecided, FieldShut, NotApproved
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Ticket, TicketSubject
from xinshu.disclosure.registration import Judged, judge, may_ask, may_see, not_own, read_fields
from xinshu.disclosure.tickets import (
    asked_of,
    is_batch,
    new_ticket,
    own_ticket,
    require_approved,
    store,
    store_counted,
    unsealed,
)
from xinshu.kernel.clock import shanghai_date
from xinshu.records.disclosing import open_scope
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.domain import Actor

OPERATOR_PURPOSE = "data-upkeep"
_LOOKED_AT = 20  # the last single queries of a person, when their sequence is looked at


@dataclass(frozen=True, slots=True)
class Answer:
    """A registered query; `result` is None while it waits for its approvals or is worked on by a job."""

    number: str
    state: State
    result: Result | None


def query(gate: Gate, actor: Actor, request: Request, now: datetime) -> Answer:
    """Register a query about one subject and answer it, or have it wait for an approval.

    Self-service needs the purpose on the unit's list and fields it opens without review. Nothing is left of a refused
    query but its row on the audit record.

    Raises:
        Refused: by purpose, unit, subject, fields or limit; each with its own code.
        AuditUnavailable: the record could not be written; nothing was disclosed.
    """
    with auditing.refusals_recorded(actor, auditing.QUERY, now, purpose=request.purpose):
        judged = judge(gate, actor, request, now)
        if judged.approvers or len(judged.subjects) > 1:
            return register(gate, actor, judged, now)
        with transaction.atomic():
            ticket = new_ticket(judged, actor, now, ready=True)
            ticket.state, ticket.done_at, ticket.disclosed = State.DONE.value, now, 1
            unit, person = store_counted(gate, ticket, judged, judged.day)
            require_unit(unit, judged.limits)
            require_person(person, judged.limits)
            opened = disclose(gate, actor, order_of(judged, ticket), now)
            _settle(ticket, opened)
            auditing.write_disclosures(opened.entries, now)
            for each in _alarm(gate, actor, ticket, judged, person, now):
                auditing.write(each)
        return Answer(ticket.number, State.DONE, opened.result)


def register(gate: Gate, actor: Actor, judged: Judged, now: datetime) -> Answer:
    """Write a query that waits for its approvals; one that needs none is ready."""
    with transaction.atomic():
        ticket = new_ticket(judged, actor, now, ready=not judged.approvers)
        store(gate, ticket, judged)
        detail: dict[str, str | int] = {"subjects": ticket.subject_count, "fields": ticket.field_count}
        auditing.write(
            auditing.entry(
                actor,
                auditing.BATCH_APPLY if is_batch(ticket) else auditing.REGISTER,
                now,
                ticket=ticket.number,
                purpose=ticket.purpose,
                trace=ticket.trace,
                detail=detail,
            )
        )
    return Answer(ticket.number, State(ticket.state), None)


def carry_out(gate: Gate, actor: Actor, number: str, now: datetime) -> Answer:
    """Answer a single query that has been approved; once.

    Raises:
        NotRegistered, NotApproved, EditedAfterApproval, ApprovalExpired, AlreadyDecided and what `query` raises.
    """
    with auditing.refusals_recorded(actor, auditing.QUERY, now, ticket=number):
        with transaction.atomic():
            ticket = own_ticket(number, actor, lock=True)
            if ticket.state == State.WAITING:
                raise NotApproved
            if ticket.state != State.READY or is_batch(ticket):
                raise AlreadyDecided
            order = approved_order(gate, actor, ticket, now)
            limits = gate.limits(order.day)
            with connection.cursor() as cursor:
                given: dict[str, Any] = {"unit": ticket.unit, "person": ticket.person, "day": order.day, "count": 1}
                cursor.execute(_COUNT, given)
                unit, person = cursor.fetchone()[:2]
            require_unit(unit, limits)
            require_person(person, limits)
            opened = disclose(gate, actor, order, now)
            ticket.state, ticket.done_at, ticket.disclosed = State.DONE.value, now, 1
            ticket.save(update_fields=["state", "done_at", "disclosed"])
            TicketSubject.objects.filter(ticket=ticket).update(outcome=Outcome.DISCLOSED)
            _settle(ticket, opened)
            auditing.write_disclosures(opened.entries, now)
        return Answer(number, State.DONE, opened.result)


def approved_order(gate: Gate, actor: Actor, ticket: Ticket, now: datetime) -> Order:
    """What a stored query may be carried out as, now: approvals, content, purpose, unit and role are judged anew."""
    subjects, references = asked_of(gate, ticket)
    require_approved(ticket, references, now)
    day = shanghai_date(now)
    purpose = gate.purpose(ticket.purpose, day)
    may_ask(gate, actor, purpose, now)
    not_own(gate, actor, subjects)
    order = stored_order(gate, ticket, purpose, subjects, references, now)
    may_see(actor, order.fields, now)
    return order


def stored_order(
    gate: Gate, ticket: Ticket, purpose: Purpose, subjects: Sequence[Asked], references: Sequence[UUID], now: datetime
) -> Order:
    """The order of a stored query. Raises FieldShut when the purpose does not open its fields any more."""
    named = frozenset(read_fields(ticket.fields))
    fields = gate.default_fields(purpose)
    if named:
        openings = gate.openings(purpose)
        if not named <= openings.keys():
            raise FieldShut
        fields = {key: opening for key, opening in openings.items() if key in named}
    return Order(
        ticket.number,
        ticket.trace,
        purpose,
        ticket.unit,
        ticket.platform,
        ticket.requester_name,
        subjects,
        references,
        fields,
        bool(named),
        ticket.since,
        ticket.until,
        shanghai_date(now),
        action_of(ticket),
    )


def order_of(judged: Judged, ticket: Ticket) -> Order:
    """The order of a query that is answered as it is registered."""
    return Order(
        ticket.number,
        ticket.trace,
        judged.purpose,
        ticket.unit,
        ticket.platform,
        ticket.requester_name,
        judged.subjects,
        judged.references,
        judged.fields,
        bool(judged.request.fields),
        judged.request.since,
        judged.request.until,
        judged.day,
        action_of(ticket),
    )


def action_of(ticket: Ticket) -> str:
    """Under which action the disclosures of a query stand on the audit record."""
    if ticket.purpose == OPERATOR_PURPOSE:
        return auditing.OPERATOR
    return auditing.BATCH_QUERY if is_batch(ticket) else auditing.QUERY


def _settle(ticket: Ticket, opened: Opened) -> None:
    """Correct the row where the subject was not disclosed, and note the consent it rests on."""
    (subject,) = opened.result.subjects
    if subject.outcome is not Outcome.DISCLOSED:
        ticket.disclosed, ticket.unauthorised = 0, int(subject.outcome is Outcome.UNAUTHORISED)
        Ticket.objects.filter(id=ticket.id).update(disclosed=0, unauthorised=ticket.unauthorised)
    consent = next(iter(opened.consents.values()), None)
    if consent is not None:
        ticket.trace = opened.entries[0].trace
        Ticket.objects.filter(id=ticket.id).update(trace=ticket.trace)
    if subject.outcome is not Outcome.DISCLOSED or consent is not None:
        TicketSubject.objects.filter(ticket=ticket).update(outcome=subject.outcome, consent=consent)


def _alarm(gate: Gate, actor: Actor, ticket: Ticket, judged: Judged, total: int, now: datetime) -> list[AuditEntry]:
    """Look at the last single queries of a person every so often: near sequence, outside office hours."""
    codes: list[str] = []
    if total % _LOOKED_AT == 0:
        rows = TicketSubject.objects.filter(ticket__requester=actor.id, ticket__kind=ticket.kind, kind="organisation")
        codes = [unsealed(gate, each).code for each in rows.order_by("-ticket__registered_at")[:_LOOKED_AT]]
    elif total != judged.limits.off_hours_subjects:
        return []
    odd = oddities(codes, total, now, judged.limits)
    if not odd:
        return []
    return [
        auditing.entry(
            actor, auditing.ALARM, now, ticket=ticket.number, purpose=ticket.purpose, trace=ticket.trace, detail=odd
        )
    ]


_COUNT = f"""
WITH u AS ({COUNT_UNIT}), p AS ({COUNT_PERSON}) SELECT u.subjects, p.subjects, {open_scope()} FROM u, p
"""
