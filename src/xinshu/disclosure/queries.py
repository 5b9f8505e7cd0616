"""Reads of the room for pages: queries of the caller, those he may look at, and what stands beside them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from xinshu.disclosure import auditing
from xinshu.disclosure.domain import Purpose, State
from xinshu.disclosure.errors import NotRegistered
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Ticket, TicketSubject
from xinshu.disclosure.registration import read_fields
from xinshu.disclosure.tickets import unsealed
from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import Actor, Role
from xinshu.security.masking import mask

STATE_WORDS = {
    State.WAITING: "待审核",
    State.READY: "已审核",
    State.RUNNING: "查询中",
    State.DONE: "已完成",
    State.REFUSED: "已退回",
    State.VOIDED: "已作废",
    State.EXPIRED: "已过期",
    State.FAILED: "未通过",
    State.DESTROYED: "已销毁",
}
_SHOWN = 20


def purposes_of(gate: Gate, actor: Actor, day: date) -> list[Purpose]:
    """The purposes on the list of the caller's unit; upkeep is not for the desk."""
    unit = gate.units().get(actor.unit)
    if unit is None:
        return []
    return [each for each in gate.rules.in_force(day) if each.scene != "upkeep" and each.on_list_of(unit.kind)]


def my_queries(actor: Actor) -> list[Ticket]:
    """The caller's last queries, the newest first."""
    return list(Ticket.objects.filter(requester=actor.id).order_by("-registered_at")[:_SHOWN])


def shown_query(actor: Actor, number: str) -> Ticket:
    """A query its requester, or an approver of its unit, may look at. Raises NotRegistered, for all others alike."""
    found = Ticket.objects.filter(number=number, unit=actor.unit).first()
    if found is None or not (found.requester == actor.id or Role.QUERY_APPROVER in actor.roles):
        raise NotRegistered
    return found


def looked_at(actor: Actor, number: str, now: datetime) -> Ticket:
    """The same for whoever asks by its number; a refusal is on the record. Raises NotRegistered."""
    with auditing.refusals_recorded(actor, auditing.QUERY, now, ticket=number):
        return shown_query(actor, number)


@dataclass(frozen=True, slots=True)
class Registered:
    """What a query asks for, in words: classes of information with their columns, and its first subjects."""

    items: tuple[tuple[str, tuple[str, ...]], ...]
    subjects: tuple[tuple[str, str], ...]
    more: int


def registered(gate: Gate, ticket: Ticket) -> Registered:
    """For its requester and its approvers. Numbers of persons are masked. Raises PurposeUnknown."""
    purpose = gate.purpose(ticket.purpose, shanghai_date(ticket.registered_at))
    fields = read_fields(ticket.fields) or tuple(gate.default_fields(purpose))
    columns = gate.columns()
    items: dict[str, list[str]] = {}
    for key in fields:
        if key in columns:
            items.setdefault(gate.catalogue[key[0]].title, []).append(columns[key].title)
    rows = TicketSubject.objects.filter(ticket=ticket).order_by("position")[:_SHOWN]
    asked = [unsealed(gate, each) for each in rows]
    named = [(mask(each.code, "id") if each.kind == "person" else each.code, each.name) for each in asked]
    return Registered(
        tuple((title, tuple(titles)) for title, titles in items.items()),
        tuple(named),
        ticket.subject_count - len(named),
    )


def overdue_destructions(now: datetime) -> int:
    """How many results should have been destroyed by now without anybody having said so."""
    return Ticket.objects.filter(state=State.DONE, destroy_by__lt=shanghai_date(now)).count()
