"""Reads of the room for pages: queries of the caller, those he may look at, and what stands beside them."""

from __future__ import annotations

from datetime import date, datetime

from xinshu.disclosure.domain import Purpose, State
from xinshu.disclosure.errors import NotRegistered
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.models import Ticket
from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import Actor, Role

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


def overdue_destructions(now: datetime) -> int:
    """How many results should have been destroyed by now without anybody having said so."""
    return Ticket.objects.filter(state=State.DONE, destroy_by__lt=shanghai_date(now)).count()
