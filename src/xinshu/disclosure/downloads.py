"""Copies for taking away: links good once for one session, fetched a few times within some days, judged anew at each
fetch; every copy has a mark of its own that leads back to its recipient."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection, transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.asking import stored_order
from xinshu.disclosure.consent_use import again, check
from xinshu.disclosure.disclosing import disclose
from xinshu.disclosure.domain import LARGEST_ON_PAPER, Purpose, Result, State
from xinshu.disclosure.errors import (
    AlreadyDecided,
    FetchesUsedUp,
    FileExpired,
    GroundsGone,
    LinkUnknown,
    NotAllowed,
    PurposeNotListed,
)
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Copy, Link, Ticket, TicketSubject
from xinshu.disclosure.paper import Heading, as_pdf
from xinshu.disclosure.registration import allow, may_ask
from xinshu.disclosure.requesters import PROGRAM
from xinshu.disclosure.results import drop_result, open_result
from xinshu.disclosure.tables import Wearer, as_csv
from xinshu.disclosure.tickets import asked_of, is_batch, own_ticket
from xinshu.disclosure.workbook import as_workbook
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.ids import public_id, uuid7
from xinshu.records.disclosing import open_scope
from xinshu.security.crypto import sha256, sm3
from xinshu.security.domain import Actor
from xinshu.security.policy import PolicyRefused

TYPES = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv; charset=utf-8",
}
_TOKEN_BYTES = 32


@dataclass(frozen=True, slots=True)
class File:
    """A copy on its way to its recipient."""

    name: str
    type: str
    content: bytes
    mark: str


def forms_of(gate: Gate, ticket: Ticket) -> list[str]:
    """The forms a result can be fetched in: a small one on paper too, a sealed one on paper only."""
    purpose = gate.rules.purpose(ticket.purpose, shanghai_date(ticket.registered_at))
    if purpose is None or purpose.sealed:
        return ["pdf"]
    return [form for form in TYPES if form != "pdf" or ticket.subject_count <= LARGEST_ON_PAPER]


def file_end(gate: Gate, ticket: Ticket) -> datetime:
    """The first instant at which the result can no longer be fetched."""
    if ticket.file_expires_at is not None:
        return ticket.file_expires_at
    done = ticket.done_at or ticket.registered_at
    return done + timedelta(days=gate.limits(shanghai_date(done)).file_days)


def make_link(gate: Gate, actor: Actor, number: str, form: str, now: datetime) -> str:
    """A token by which the caller's own session may fetch a result once.

    Raises:
        NotRegistered, LinkUnknown (no such form), StepUpRequired (a batch), and what `require_fetchable` raises.
    """
    with auditing.refusals_recorded(actor, auditing.DOWNLOAD, now, ticket=number):
        ticket = own_ticket(number, actor)
        if form not in forms_of(gate, ticket):
            raise LinkUnknown
        require_fetchable(gate, ticket, now)
        require_fresh_factor(actor, ticket, now)
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        Link.objects.create(
            token=_digest(token),
            ticket=ticket,
            session=_digest(actor.session),
            user=actor.id,
            form=form,
            made_at=now,
            expires_at=file_end(gate, ticket),
        )
    return token


def require_fetchable(gate: Gate, ticket: Ticket, now: datetime) -> None:
    """Raise FileExpired, FetchesUsedUp or AlreadyDecided unless the result may still be fetched."""
    if ticket.state == State.DESTROYED or now >= file_end(gate, ticket):
        raise FileExpired
    if ticket.state != State.DONE:
        raise AlreadyDecided
    if ticket.fetches >= gate.limits(shanghai_date(now)).fetches:
        raise FetchesUsedUp


def require_fresh_factor(actor: Actor, ticket: Ticket, now: datetime) -> None:
    """Raise StepUpRequired for a batch and a second factor shown too long ago. A program has its key and no such factor."""
    if is_batch(ticket) and not actor.id.startswith(PROGRAM):
        allow(actor, "disclosure.batch_export", now, unit=ticket.unit)


def fetch(gate: Gate, actor: Actor, token: str, now: datetime) -> File:
    """The copy behind a link, once. Role, purpose, unit and every consent the result rests on are judged anew.

    Raises:
        LinkUnknown: used, out of time, of another session, user or query: all the same answer.
        GroundsGone: something the result rests on does not hold any more. FetchesUsedUp, FileExpired, AnchorStale.
    """
    found = Link.objects.filter(token=_digest(token), session=_digest(actor.session), user=actor.id).first()
    number = "" if found is None else found.ticket.number
    with auditing.refusals_recorded(actor, auditing.DOWNLOAD, now, ticket=number), transaction.atomic():
        link = Link.objects.select_for_update().filter(token=_digest(token)).first()
        if found is None or link is None or link.used_at is not None or now >= link.expires_at:
            raise LinkUnknown
        ticket = own_ticket(number, actor, lock=True)
        require_fetchable(gate, ticket, now)
        purpose = require_grounds(gate, actor, ticket, now)
        require_fresh_factor(actor, ticket, now)
        result = open_result(gate, ticket.id) if is_batch(ticket) else _read_again(gate, actor, ticket, purpose, now)
        made = _render(gate, ticket, result, link.form, actor, now)
        link.used_at = now
        link.save(update_fields=["used_at"])
        ticket.fetches += 1
        ticket.save(update_fields=["fetches"])
        detail: dict[str, str | int] = {"mark": made.mark, "form": link.form, "fetch": ticket.fetches}
        auditing.write(
            auditing.entry(
                actor,
                auditing.DOWNLOAD,
                now,
                ref=None if is_batch(ticket) else TicketSubject.objects.get(ticket=ticket).ref,
                ticket=number,
                purpose=ticket.purpose,
                trace=ticket.trace,
                detail=detail,
            ),
            sensitive=True,
        )
    return made


def require_grounds(gate: Gate, actor: Actor, ticket: Ticket, now: datetime) -> Purpose:
    """The purpose, when everything a result rests on still holds. Raises GroundsGone, PurposeUnknown."""
    purpose = gate.purpose(ticket.purpose, shanghai_date(now))
    try:
        may_ask(gate, actor, purpose, now)
    except (NotAllowed, PolicyRefused, PurposeNotListed) as gone:
        raise GroundsGone(gone.message) from gone
    rows = TicketSubject.objects.filter(ticket=ticket, consent__isnull=False)
    if check(gate, rows.values_list("consent_id", flat=True), now):
        raise GroundsGone("有主体的授权已不再有效")
    return purpose


def confirm_destroyed(gate: Gate, actor: Actor, number: str, how: str, now: datetime) -> None:
    """The requester confirms that all copies were destroyed; our own file goes too. Raises NotRegistered, AlreadyDecided."""
    with auditing.refusals_recorded(actor, auditing.DESTROY, now, ticket=number), transaction.atomic():
        ticket = own_ticket(number, actor, lock=True)
        if ticket.state != State.DONE:
            raise AlreadyDecided
        ticket.state, ticket.destroyed_at, ticket.destroyed_how = State.DESTROYED.value, now, how.strip()[:200]
        ticket.save(update_fields=["state", "destroyed_at", "destroyed_how"])
        auditing.write(
            auditing.entry(actor, auditing.DESTROY, now, ticket=number, purpose=ticket.purpose, trace=ticket.trace)
        )
        drop_result(gate, ticket.id)


def _read_again(gate: Gate, actor: Actor, ticket: Ticket, purpose: Purpose, now: datetime) -> Result:
    """The result of a single query anew, on the consent it was answered on; nothing is counted twice."""
    subjects, references = asked_of(gate, ticket)
    order = stored_order(gate, ticket, purpose, subjects, references, now)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {open_scope()}")
    return disclose(gate, actor, order, now, grounds=again(ticket, order.fields, references)).result


def note_copy(ticket: Ticket, form: str, actor: Actor, now: datetime, content: bytes, made: UUID | None = None) -> str:
    """Write down that a copy leaves the platform, and for whom; returns its mark. `made`: where the mark stands in it."""
    made = made or uuid7(now)
    Copy.objects.create(
        id=made,
        mark=public_id(made),
        ticket=ticket,
        form=form,
        recipient=actor.id,
        recipient_name=actor.name,
        address=actor.address,
        made_at=now,
        digest=sha256(content).hex() if content else "",
    )
    return public_id(made)


def _render(gate: Gate, ticket: Ticket, result: Result, form: str, actor: Actor, now: datetime) -> File:
    made: UUID = uuid7(now)
    mark = public_id(made)
    unit = gate.units()[actor.unit].name
    wearer = Wearer(mark, ticket.number, unit, actor.name, now, result.purpose)
    if form == "pdf":
        until = "" if ticket.destroy_by is None else ticket.destroy_by.isoformat()
        content = as_pdf(result, wearer, Heading(ticket.legal_basis, ticket.matter_no, until))
    elif form == "xlsx":
        content = as_workbook(result, wearer, gate.vault)
    else:
        content = as_csv(result, wearer, gate.vault)
    note_copy(ticket, form, actor, now, content, made)
    return File(f"{ticket.number}.{form}", TYPES[form], content, mark)


def _digest(token: str) -> str:
    return sm3(token.encode()).hex()
