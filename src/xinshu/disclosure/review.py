"""Approvals: by another post and another person; naming field set and number of subjects; void after an edit."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from django.db import transaction
from django.db.models import F

from xinshu.disclosure import auditing
from xinshu.disclosure.asking import stored_order
from xinshu.disclosure.domain import State
from xinshu.disclosure.errors import (
    AlreadyDecided,
    ApprovalMismatch,
    ApprovedTwice,
    Incomplete,
    NotRegistered,
    SelfApproval,
)
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Approval, Ticket
from xinshu.disclosure.registration import allow, destruction, not_own
from xinshu.disclosure.tasks import ask_to_run
from xinshu.disclosure.tickets import approval_end, asked_of, digest_of, is_batch, own_ticket
from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import Actor, Role


def waiting_for(actor: Actor) -> list[Ticket]:
    """The queries of the approver's unit that wait, the oldest first; his own are not among them."""
    if Role.QUERY_APPROVER not in actor.roles:
        return []
    rows = Ticket.objects.filter(unit=actor.unit, state=State.WAITING).exclude(person=actor.person)
    return list(rows.exclude(approvals__person=actor.person, approvals__version=F("version")).order_by("registered_at"))


def decide_query(
    gate: Gate,
    actor: Actor,
    number: str,
    *,
    approve: bool,
    field_count: int,
    subject_count: int,
    reason: str,
    now: datetime,
) -> State:
    """Approve or refuse a query as it stands; the counts are those the approver was shown.

    Returns:
        Waiting while a second approval is needed, ready (for a batch: its job asked for), or refused.
    Raises:
        NotAllowed, NotRegistered, SelfApproval, OwnSubject, ApprovedTwice, AlreadyDecided, ApprovalMismatch, Incomplete;
        StepUpRequired: a batch, and the second factor was shown too long ago.
    """
    with auditing.refusals_recorded(actor, auditing.REVIEW, now, ticket=number), transaction.atomic():
        ticket = _to_decide(actor, number, now, approve=approve)
        subjects, references = asked_of(gate, ticket)
        not_own(gate, actor, subjects)
        counts = (ticket.field_count, ticket.subject_count, len(references))
        if counts != (field_count, subject_count, subject_count):
            raise ApprovalMismatch
        if not approve and not reason.strip():
            raise Incomplete("退回时填写意见")
        Approval.objects.create(
            ticket=ticket,
            version=ticket.version,
            approver=actor.id,
            person=actor.person,
            approver_name=actor.name,
            approved=approve,
            digest=digest_of(ticket, references),
            field_count=field_count,
            subject_count=subject_count,
            reason=reason.strip()[:300],
            at=now,
        )
        _decide(gate, ticket, approve, now)
        detail: dict[str, str | int] = {"approve": int(approve), "subjects": subject_count, "fields": field_count}
        auditing.write(
            auditing.entry(
                actor,
                auditing.REVIEW,
                now,
                ticket=number,
                purpose=ticket.purpose,
                trace=ticket.trace,
                detail=detail,
            )
        )
    return State(ticket.state)


def edit(
    gate: Gate,
    actor: Actor,
    number: str,
    now: datetime,
    *,
    use: str,
    destroy_by: date | None,
    matter_no: str,
    legal_basis: str,
) -> State:
    """Change what a registered query says before it is carried out; approvals it had are void.

    Raises:
        NotRegistered, AlreadyDecided, Incomplete.
    """
    with auditing.refusals_recorded(actor, auditing.REGISTER, now, ticket=number), transaction.atomic():
        ticket = own_ticket(number, actor, lock=True)
        if ticket.state not in {State.WAITING, State.READY}:
            raise AlreadyDecided
        if not matter_no.strip() or not legal_basis.strip():
            raise Incomplete
        day = shanghai_date(now)
        ticket.use, ticket.destroy_by = use.strip()[:300], destruction(destroy_by, gate.limits(day), day)
        ticket.matter_no, ticket.legal_basis = matter_no.strip()[:100], legal_basis.strip()[:300]
        ticket.version += 1
        ticket.state = State.WAITING if ticket.approvers else State.READY
        ticket.expires_at = None
        ticket.save()
        auditing.write(
            auditing.entry(
                actor,
                auditing.REGISTER,
                now,
                ticket=number,
                purpose=ticket.purpose,
                trace=ticket.trace,
                detail={"version": ticket.version},
            )
        )
    return State(ticket.state)


def withdraw(actor: Actor, number: str, now: datetime) -> None:
    """The requester takes a query back before it is carried out. Raises NotRegistered, AlreadyDecided."""
    with auditing.refusals_recorded(actor, auditing.REGISTER, now, ticket=number), transaction.atomic():
        ticket = own_ticket(number, actor, lock=True)
        if ticket.state not in {State.WAITING, State.READY}:
            raise AlreadyDecided
        ticket.state = State.VOIDED.value
        ticket.save(update_fields=["state"])
        auditing.write(
            auditing.entry(
                actor,
                auditing.REGISTER,
                now,
                ticket=number,
                purpose=ticket.purpose,
                trace=ticket.trace,
                detail={"withdrawn": 1},
            )
        )


def approvals_of(ticket: Ticket) -> Sequence[Approval]:
    """The decisions about a query, in their order."""
    return list(Approval.objects.filter(ticket=ticket).order_by("id"))


def _to_decide(actor: Actor, number: str, now: datetime, *, approve: bool) -> Ticket:
    allow(actor, auditing.REVIEW, now)
    ticket = Ticket.objects.select_for_update().filter(number=number, unit=actor.unit).first()
    if ticket is None:
        raise NotRegistered
    if actor.id == ticket.requester or actor.person == ticket.person:
        raise SelfApproval
    if ticket.state != State.WAITING:
        raise AlreadyDecided
    if Approval.objects.filter(ticket=ticket, version=ticket.version, person=actor.person).exists():
        raise ApprovedTwice
    if approve and is_batch(ticket):
        allow(actor, "disclosure.batch_approve", now, unit=ticket.unit)
    return ticket


def _decide(gate: Gate, ticket: Ticket, approve: bool, now: datetime) -> None:
    if not approve:
        ticket.state = State.REFUSED.value
        ticket.save(update_fields=["state"])
        return
    given = Approval.objects.filter(ticket=ticket, version=ticket.version, approved=True).count()
    if given < ticket.approvers:
        return
    day = shanghai_date(now)
    subjects, references = asked_of(gate, ticket)
    stored_order(gate, ticket, gate.purpose(ticket.purpose, day), subjects, references, now)  # still open
    ticket.state = State.READY.value
    ticket.expires_at = approval_end(now, gate.limits(day).approval_days)
    ticket.save(update_fields=["state", "expires_at"])
    if is_batch(ticket):
        ask_to_run(ticket.id)
