"""Whoever registered a query, as a job or a download acts for him: his posts as they are at that moment."""

from __future__ import annotations

from xinshu.disclosure.models import Ticket
from xinshu.security.domain import Actor, Role


def requester_of(ticket: Ticket) -> Actor:
    """interim"""
    return Actor(
        id=ticket.requester,
        name=ticket.requester_name,
        roles=frozenset({Role.QUERY_OFFICER}),
        unit=ticket.unit,
        region="",
        person=ticket.person,
        trace=ticket.trace,
    )
