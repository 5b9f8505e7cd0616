"""The rows of a query: written when it is registered, read when it is approved or carried out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from uuid import UUID

from xinshu.disclosure.counting import COUNT_PERSON, COUNT_UNIT
from xinshu.disclosure.domain import Asked, Kind, State
from xinshu.disclosure.errors import ApprovalExpired, EditedAfterApproval, NotRegistered
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Approval, Ticket, TicketSubject
from xinshu.disclosure.registration import Judged, content_digest, subjects_digest, ticket_number, write_fields
from xinshu.kernel.database import fetch
from xinshu.kernel.ids import uuid7
from xinshu.kernel.logs import current_trace
from xinshu.records.disclosing import open_scope
from xinshu.security.domain import Actor


def new_ticket(judged: Judged, actor: Actor, now: datetime, *, ready: bool) -> Ticket:
    """The row of a request, not written yet."""
    made, request = uuid7(now), judged.request
    return Ticket(
        id=made,
        number=ticket_number(made),
        trace=actor.trace or current_trace(),
        kind=judged.kind.value,
        state=(State.READY if ready else State.WAITING).value,
        purpose=judged.purpose.id,
        purpose_from=judged.purpose.period.first,
        legal_basis=request.legal_basis.strip(),
        matter_no=request.matter_no.strip(),
        unit=actor.unit,
        platform=request.platform,
        requester=actor.id,
        person=actor.person,
        requester_name=actor.name,
        channel=request.channel,
        subject_count=len(judged.subjects),
        subjects_digest=subjects_digest(judged.references),
        fields=write_fields(judged.fields) if request.fields else "",
        field_count=len(judged.fields),
        since=request.since,
        until=request.until,
        use=request.use.strip(),
        destroy_by=judged.destroy_by,
        approvers=judged.approvers,
        registered_at=now,
    )


def subject_place(ticket: UUID, position: int) -> bytes:
    """What the sealed subject of a query is bound to."""
    return b"disclosure_ticketsubject\0sealed\0" + ticket.bytes + position.to_bytes(4, "big")


def seal_subjects(gate: Gate, ticket: UUID, subjects: Sequence[Asked]) -> list[bytes]:
    """The subjects as sealed cells."""
    values = [json.dumps([each.code, each.name]).encode() for each in subjects]
    return gate.vault.seal_many(values, [subject_place(ticket, position) for position in range(len(values))])


def store(gate: Gate, ticket: Ticket, judged: Judged) -> None:
    """Write the query and its subjects."""
    ticket.save(force_insert=True)
    sealed = seal_subjects(gate, ticket.id, judged.subjects)
    TicketSubject.objects.bulk_create(
        [
            TicketSubject(ticket=ticket, position=position, kind=asked.kind, ref=reference, sealed=cell)
            for position, (asked, reference, cell) in enumerate(
                zip(judged.subjects, judged.references, sealed, strict=True)
            )
        ],
        batch_size=1000,
    )


def store_counted(gate: Gate, ticket: Ticket, judged: Judged, day: date) -> tuple[int, int]:
    """The same for a single query that is answered at once, in one statement that also counts it and opens the store
    to this transaction; returns the sums of the day of the unit and of the person, this query included."""
    given = {f"t{number}": getattr(ticket, name) for number, name in enumerate(_TICKET_COLUMNS)}
    (sealed,) = seal_subjects(gate, ticket.id, judged.subjects)
    given |= {
        "unit": ticket.unit,
        "person": ticket.person,
        "day": day,
        "count": 1,
        "kind": judged.subjects[0].kind,
        "ref": judged.references[0],
        "sealed": sealed,
    }
    unit, person = fetch(_COUNTED, given)[0][:2]
    return unit, person


_TICKET_COLUMNS = [str(each.column) for each in Ticket._meta.concrete_fields]
_COUNTED = f"""
WITH u AS ({COUNT_UNIT}), p AS ({COUNT_PERSON}),
t AS (INSERT INTO disclosure_ticket ({", ".join(f'"{each}"' for each in _TICKET_COLUMNS)})
      VALUES ({", ".join(f"%(t{number})s" for number in range(len(_TICKET_COLUMNS)))}) RETURNING id),
s AS (INSERT INTO disclosure_ticketsubject (ticket_id, position, kind, ref, sealed, outcome)
      SELECT t.id, 0, %(kind)s, %(ref)s, %(sealed)s, 'disclosed' FROM t)
SELECT u.subjects, p.subjects, {open_scope()} FROM u, p
"""


def own_ticket(number: str, actor: Actor, *, lock: bool = False) -> Ticket:
    """A query of the caller's own. Raises NotRegistered for an unknown one and for another's alike."""
    rows = Ticket.objects.select_for_update() if lock else Ticket.objects
    found = rows.filter(number=number, requester=actor.id, unit=actor.unit).first()
    if found is None:
        raise NotRegistered
    return found


def asked_of(gate: Gate, ticket: Ticket) -> tuple[list[Asked], list[UUID]]:
    """The subjects of a query, unsealed, and their references, in their order."""
    rows = list(
        TicketSubject.objects.filter(ticket=ticket)
        .order_by("position")
        .values_list("position", "kind", "ref", "sealed")
    )
    places = [subject_place(ticket.id, position) for position, _, _, _ in rows]
    opened = gate.vault.open_cells([bytes(sealed) for _, _, _, sealed in rows], places)
    subjects = [Asked(row[1], *json.loads(each)) for row, each in zip(rows, opened, strict=True)]  # type: ignore[arg-type]
    return subjects, [ref for _, _, ref, _ in rows]


def references_of(ticket: Ticket) -> list[UUID]:
    """What stands for the subjects of a query, in their order."""
    return list(TicketSubject.objects.filter(ticket=ticket).order_by("position").values_list("ref", flat=True))


def unsealed(gate: Gate, row: TicketSubject) -> Asked:
    """The subject of a row."""
    code, name = json.loads(gate.vault.open_cell(bytes(row.sealed), subject_place(row.ticket_id, row.position)))
    return Asked(row.kind, code, name)  # type: ignore[arg-type]


def digest_of(ticket: Ticket, references: Sequence[UUID]) -> str:
    """Digest of what an approval covers, from the rows as they are now."""
    return content_digest(
        number=ticket.number,
        version=ticket.version,
        purpose=ticket.purpose,
        purpose_from=ticket.purpose_from,
        legal_basis=ticket.legal_basis,
        matter_no=ticket.matter_no,
        unit=ticket.unit,
        platform=ticket.platform,
        requester=ticket.requester,
        fields=ticket.fields,
        field_count=ticket.field_count,
        since=ticket.since,
        until=ticket.until,
        use=ticket.use,
        destroy_by=ticket.destroy_by,
        subject_count=ticket.subject_count,
        subjects=subjects_digest(references),
    )


def require_approved(ticket: Ticket, references: Sequence[UUID], now: datetime) -> None:
    """Raise unless as many people as needed approved exactly this content, and not too long ago.

    Raises:
        EditedAfterApproval: content and approval differ. ApprovalExpired: at or after the last instant.
    """
    if not ticket.approvers:
        return
    digest = digest_of(ticket, references)
    persons = {each.person for each in Approval.objects.filter(ticket=ticket, approved=True, digest=digest)}
    if len(persons - {ticket.person}) < ticket.approvers:
        raise EditedAfterApproval
    if ticket.expires_at is None or now >= ticket.expires_at:
        raise ApprovalExpired


def approval_end(now: datetime, days: int) -> datetime:
    """The first instant an approval of now no longer holds."""
    return now + timedelta(days=days)


def is_batch(ticket: Ticket) -> bool:
    """Whether it asks about several subjects."""
    return ticket.kind == Kind.BATCH
