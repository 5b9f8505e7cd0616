"""Whoever registered a query, as a job acts for him: in the posts he holds at that moment."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

from xinshu.disclosure.models import System, Ticket
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.requests import actor_by_id

PROGRAM = "key:"
"""Before the id of a program."""


def requester_of(ticket: Ticket) -> Actor:
    """The requester now. Unknown, disabled or moved to another unit he has no posts, and his query is refused."""
    found = actor_by_id(ticket.requester) if _is_user(ticket.requester) else machine_requester(ticket.requester)
    if found is None or found.unit != ticket.unit:
        found = Actor(
            id=ticket.requester,
            name=ticket.requester_name,
            roles=frozenset(),
            unit=ticket.unit,
            region="",
            person=ticket.person,
        )
    return replace(found, trace=ticket.trace)


def _is_user(requester: str) -> bool:
    try:
        UUID(requester)
    except ValueError:
        return False
    return True


def machine_requester(requester: str) -> Actor | None:
    """A program as it may act now; None when its system was shut out."""
    system = System.objects.filter(code=requester.removeprefix(PROGRAM), active=True).first()
    if system is None or not requester.startswith(PROGRAM):
        return None
    return Actor(
        id=requester,
        name=system.title,
        roles=frozenset({Role.QUERY_OFFICER}),
        unit=system.unit,
        region="",
        person=requester,
    )
