"""What the gate does by itself: files whose days are over go, requesters are reminded of destruction, consents expire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q

from xinshu.disclosure.consents import expire
from xinshu.disclosure.domain import State
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Answer, Ticket
from xinshu.disclosure.results import drop_result, kept_results
from xinshu.kernel.clock import shanghai_date

_ANSWERS_KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Swept:
    """How many files, reminders, consents and queries a pass dealt with."""

    files: int
    reminders: int
    consents: int
    expired: int


def sweep(gate: Gate, now: datetime) -> Swept:
    """One pass; again is free."""
    kept = set(kept_results(gate))
    wanted = Q(state__in=[State.READY, State.RUNNING]) | Q(state=State.DONE, file_expires_at__gt=now)
    over = kept - set(Ticket.objects.filter(wanted, id__in=kept).values_list("id", flat=True))
    for ticket in over:
        drop_result(gate, ticket)
    day = shanghai_date(now)
    due = day + timedelta(days=gate.limits(day).remind_days)
    reminders = Ticket.objects.filter(state=State.DONE, reminded_at=None, destroy_by__lte=due)
    late = Ticket.objects.filter(Q(state=State.READY, expires_at__lte=now))
    Answer.objects.filter(at__lt=now - _ANSWERS_KEPT).delete()
    return Swept(
        len(over), reminders.update(reminded_at=now), expire(now), late.update(state=State.EXPIRED, done_at=now)
    )
