"""Batch queries: applied for, approved, carried out by a job as one transaction, kept as one sealed file.

Run twice a job does it once; killed at any point nothing was disclosed and the next run does it whole.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog
from django.db import connection, transaction

from xinshu.disclosure import auditing
from xinshu.disclosure.asking import approved_order
from xinshu.disclosure.counting import count_unit, note_person, oddities
from xinshu.disclosure.disclosing import Carried, disclose_into
from xinshu.disclosure.domain import Outcome, State
from xinshu.disclosure.errors import ApprovalExpired, EditedAfterApproval
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Ticket
from xinshu.disclosure.requesters import requester_of
from xinshu.disclosure.results import drop_result, keeping_result
from xinshu.disclosure.tasks import ask_to_run
from xinshu.kernel.database import only_one
from xinshu.kernel.errors import XinshuError
from xinshu.records.disclosing import open_scope
from xinshu.security.domain import Actor

MOST_ATTEMPTS = 5
_PATIENCE = timedelta(seconds=30)
_log = structlog.get_logger(__name__)
_ENDS = {ApprovalExpired.code: State.EXPIRED, EditedAfterApproval.code: State.VOIDED}


def run_batch(gate: Gate, ticket: UUID, now: datetime) -> State | None:
    """Carry out an approved batch; None where there is nothing to do (done already, or being done elsewhere).

    A refusal ends the query with its code: nothing of it was disclosed. A failure is tried again, at most five times.
    """
    with only_one(f"query batch {ticket}") as mine:
        found = Ticket.objects.filter(id=ticket, kind="batch", state__in=[State.READY, State.RUNNING]).first()
        if not mine or found is None:
            return None
        Ticket.objects.filter(id=ticket).update(
            state=State.RUNNING, attempts=found.attempts + 1, started_at=found.started_at or now, step="查询"
        )
        actor = requester_of(found)
        try:
            with auditing.refusals_recorded(
                actor, auditing.BATCH_QUERY, now, ticket=found.number, purpose=found.purpose
            ):
                _run(gate, actor, ticket, now)
        except XinshuError as refused:
            return _refused(gate, found, refused, now)
        except Exception:
            _log.exception("query batch failed", ticket=found.number)
            if found.attempts + 1 >= MOST_ATTEMPTS:
                return _end(found, State.FAILED, "internal", now)
            ask_to_run(ticket, after=timedelta(seconds=5 * 2**found.attempts))
            return State.RUNNING
    return State.DONE


def ask_for_unfinished(now: datetime) -> int:
    """Ask again for approved batches whose job was lost with its process; returns how many."""
    count = 0
    rows = Ticket.objects.filter(
        kind="batch", state__in=[State.READY, State.RUNNING], registered_at__lt=now - _PATIENCE
    )
    for found in rows:
        with only_one(f"query batch {found.id}") as idle:
            if idle:
                ask_to_run(found.id)
                count += 1
    return count


def _run(gate: Gate, actor: Actor, number: UUID, now: datetime) -> None:
    """One transaction: count, disclose, seal the file, record."""
    with transaction.atomic():
        ticket = Ticket.objects.select_for_update().get(id=number)
        order = approved_order(gate, actor, ticket, now)
        limits = gate.limits(order.day)
        total = count_unit(ticket.unit, order.day, len(order.subjects), limits)
        note_person(ticket.person, order.day, len(order.subjects))
        with connection.cursor() as cursor:
            cursor.execute(f"SELECT {open_scope()}")
        with _no_collection(), keeping_result(gate, ticket.id) as sheet:
            carried = disclose_into(sheet, gate, actor, order, now)
        _settle(ticket, carried, now, now + timedelta(days=limits.file_days))
        odd = oddities([each.code for each in order.subjects if each.kind == "organisation"], total, now, limits)
        alarm = (
            []
            if not odd
            else [
                auditing.entry(
                    actor,
                    auditing.ALARM,
                    now,
                    ticket=ticket.number,
                    purpose=ticket.purpose,
                    trace=ticket.trace,
                    detail=odd,
                )
            ]
        )
        auditing.write_disclosures([*carried.entries, *alarm], now)


@contextmanager
def _no_collection() -> Iterator[None]:
    """A batch makes some hundred thousand small objects without a cycle: looking for cycles among them only costs."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _settle(ticket: Ticket, carried: Carried, now: datetime, expires: datetime) -> None:
    """What became of each subject, and the query itself."""
    outcomes = [each.outcome.value for each in carried.told]
    given: dict[str, Any] = {
        "ticket": ticket.id,
        "outcomes": outcomes,
        "references": list(carried.consents),
        "consents": list(carried.consents.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_OUTCOMES, given)
        if carried.consents:
            cursor.execute(_CONSENTS, given)
    ticket.state, ticket.step, ticket.share = State.DONE.value, "", 1.0
    ticket.done_at, ticket.file_expires_at = now, expires
    ticket.disclosed = outcomes.count(Outcome.DISCLOSED)
    ticket.unauthorised = outcomes.count(Outcome.UNAUTHORISED)
    ticket.save(update_fields=["state", "step", "share", "done_at", "file_expires_at", "disclosed", "unauthorised"])


def _refused(gate: Gate, ticket: Ticket, refused: XinshuError, now: datetime) -> State:
    drop_result(gate, ticket.id)
    return _end(ticket, _ENDS.get(refused.code, State.FAILED), refused.code, now)


def _end(ticket: Ticket, state: State, code: str, now: datetime) -> State:
    Ticket.objects.filter(id=ticket.id).update(state=state, code=code, step="", done_at=now)
    return state


_OUTCOMES = """
UPDATE disclosure_ticketsubject s SET outcome = v.outcome
FROM unnest(%(outcomes)s::text[]) WITH ORDINALITY AS v(outcome, place)
WHERE s.ticket_id = %(ticket)s AND s.position = v.place - 1
"""
_CONSENTS = """
UPDATE disclosure_ticketsubject s SET consent_id = v.consent
FROM unnest(%(references)s::uuid[], %(consents)s::uuid[]) AS v(ref, consent)
WHERE s.ticket_id = %(ticket)s AND s.ref = v.ref
"""
