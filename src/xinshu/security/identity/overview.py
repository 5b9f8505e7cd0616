"""Reads for the page of accounts and posts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from xinshu.security.domain import ROLE_WORDS, Role
from xinshu.security.models import Post, RoleChange, User


@dataclass(frozen=True, slots=True)
class StaffLine:
    """An account in a list. `alike`: how many other accounts the same person has."""

    id: UUID
    username: str
    name: str
    organisation: str
    duty: str
    active: bool
    seen_at: datetime | None
    alike: int


@dataclass(frozen=True, slots=True)
class ChangeLine:
    """A change of posts in a list. `decided_by` empty while nobody has."""

    id: UUID
    version: int
    username: str
    name: str
    person: str
    word: str
    kind: str
    items: str
    reason: str
    proposed_by: str
    proposer: str
    proposed_at: datetime
    state: str
    state_word: str
    decided_by: str
    decided_at: datetime | None


def account_lines(query: str, start: int, count: int, *, enterprise: bool = False) -> tuple[list[StaffLine], int]:
    """Accounts of staff by name, or of enterprise users, some of them, and how many there are."""
    found = User.objects.select_related("organisation")
    acting = Q(pk__in=Post.objects.filter(role=Role.ENTERPRISE.value).values("user"))
    found = found.filter(acting) if enterprise else found.exclude(acting)
    if query:
        found = found.filter(
            Q(username__icontains=query) | Q(display_name__icontains=query) | Q(organisation__name__icontains=query)
        )
    page = list(found.order_by("username").prefetch_related("posts")[start : start + count])
    people: dict[UUID, int] = {}
    for person in User.objects.filter(person__in=[each.person for each in page]).values_list("person", flat=True):
        people[person] = people.get(person, 0) + 1
    lines = [
        StaffLine(
            each.pk,
            each.username,
            each.display_name,
            "" if each.organisation is None else each.organisation.name,
            each.duty,
            each.is_active,
            each.last_login,
            people[each.person] - 1,
        )
        for each in page
    ]
    return lines, found.count()


def changes(*, state: str, limit: int = 100) -> list[ChangeLine]:
    """Changes of posts, the latest first: of one state, or (empty) those that are settled."""
    found = RoleChange.objects.select_related("user", "proposed_by", "decision__decided_by")
    found = found.filter(state=state) if state else found.exclude(state="proposed")
    return [_line(each) for each in found[:limit]]


def _line(change: RoleChange) -> ChangeLine:
    decision = getattr(change, "decision", None)
    return ChangeLine(
        change.pk,
        change.version,
        change.user.username,
        change.user.display_name,
        str(change.user.person),
        ROLE_WORDS[Role(change.role)],
        "授予" if change.kind == "give" else "收回",
        change.items,
        change.reason,
        change.proposed_by.display_name,
        str(change.proposed_by.person),
        change.proposed_at,
        change.state,
        change.get_state_display(),
        "" if decision is None else decision.decided_by.display_name,
        None if decision is None else decision.decided_at,
    )
