"""Changes of posts by two persons: one proposes, another decides, once.

The order of checks is the policy's (`decide`), then who the two are, then the posts themselves; the row is locked, its
version compared, and the decision's key is the change's, so that of any number at once one decides.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from xinshu.kernel.errors import XinshuError
from xinshu.kernel.ids import uuid7
from xinshu.security.audit.services import record, record_refusal
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.errors import (
    ChangeDecided,
    ChangeIncomplete,
    ChangePointless,
    ChangeUnknown,
    LastSecurityAdministrator,
    OwnRecord,
    SamePerson,
)
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.separation import require_separate
from xinshu.security.identity.sessions import End, end_all
from xinshu.security.models import Post, RoleChange, RoleDecision, User
from xinshu.security.policy import require

PROPOSE, DECIDE = "identity.role_propose", "identity.role_change"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A post to give (or, not `give`, to end). `organisation`: USCC, empty for the user's own."""

    user: UUID
    role: Role
    give: bool
    reason: str
    organisation: str = ""
    items: str = ""


def propose(actor: Actor, proposal: Proposal, now: datetime) -> RoleChange:
    """Put a change before another to decide.

    Raises:
        PolicyRefused, OwnRecord, ChangeIncomplete, ChangePointless, DutiesExclusive, CoolOff, ChangeUnknown: nothing is
            kept but the refusal on the record.
    """
    with refusals_recorded(actor, PROPOSE, now), transaction.atomic():
        require(actor, PROPOSE, now=now)
        user = User.objects.filter(pk=proposal.user).first()
        if user is None:
            raise ChangeUnknown
        if str(user.person) == actor.person:
            raise OwnRecord
        if not proposal.reason.strip():
            raise ChangeIncomplete("事由")
        change = RoleChange(
            id=uuid7(now),
            user=user,
            organisation_id=proposal.organisation or user.organisation_id,
            role=proposal.role.value,
            items=" ".join(proposal.items.split()),
            kind="give" if proposal.give else "end",
            reason=proposal.reason.strip()[:200],
            proposed_by_id=actor.id,
            proposed_at=now,
        )
        _check(change, now)
        change.save(force_insert=True)
        record(audit_entry(actor, PROPOSE, now, ticket=str(change.id), detail=_detail(change)))
    return change


def decide_change(actor: Actor, change_id: UUID, version: int, now: datetime, *, approve: bool) -> RoleChange:
    """Decide, once and for all; an approved change is in force at once and ends the user's sessions.

    Args:
        version: of the change as the decider saw it.
    Raises:
        PolicyRefused, ChangeUnknown, ChangeDecided (also another version), SamePerson, OwnRecord, and as `propose`.
    """
    with refusals_recorded(actor, DECIDE, now, ticket=str(change_id)), transaction.atomic():
        require(actor, DECIDE, now=now)
        change = _locked(change_id)
        if str(change.proposed_by.person) == actor.person:
            raise SamePerson
        if str(change.user.person) == actor.person:
            raise OwnRecord
        if change.state != "proposed" or change.version != version:
            raise ChangeDecided(_decider(change))
        if approve:
            _check(change, now)
            _apply(change, now)
        RoleDecision.objects.create(change=change, approved=approve, decided_by_id=actor.id, decided_at=now)
        change.state, change.version = ("approved" if approve else "refused"), version + 1
        change.save(update_fields=["state", "version"])
        record(
            audit_entry(
                actor,
                DECIDE,
                now,
                ticket=str(change.id),
                detail={**_detail(change), "approved": "yes" if approve else "no"},
            )
        )
    return change


def withdraw(actor: Actor, change_id: UUID, now: datetime) -> RoleChange:
    """The proposer takes a proposal back. Raises ChangeUnknown (also another's), ChangeDecided."""
    with refusals_recorded(actor, PROPOSE, now, ticket=str(change_id)), transaction.atomic():
        change = _locked(change_id)
        if str(change.proposed_by.person) != actor.person:
            raise ChangeUnknown
        if change.state != "proposed":
            raise ChangeDecided(_decider(change))
        change.state, change.version = "withdrawn", change.version + 1
        change.save(update_fields=["state", "version"])
        record(audit_entry(actor, PROPOSE, now, ticket=str(change.id), detail={**_detail(change), "withdrawn": "yes"}))
    return change


@contextmanager
def refusals_recorded(actor: Actor, action: str, now: datetime, *, ticket: str = "") -> Iterator[None]:
    """A refusal inside the block is on the record under its own code, also when its transaction was rolled back."""
    try:
        yield
    except XinshuError as refused:
        record_refusal(audit_entry(actor, action, now, code=refused.code, ticket=ticket))
        raise


def _check(change: RoleChange, now: datetime) -> None:
    """What must hold when it is proposed and again when it comes into force."""
    role = Role(change.role)
    held = Post.objects.filter(user=change.user, role=role.value, to_at=None).exists()
    if held == (change.kind == "give"):
        raise ChangePointless(held)
    if change.kind == "give":
        if role is Role.REPORTER and change.organisation_id is None:
            raise ChangeIncomplete("单位")
        require_separate(change.user.person, role, now)
        return
    if role is Role.SECURITY_ADMIN:
        others = Post.objects.filter(role=role.value, to_at=None, user__is_active=True).exclude(user=change.user)
        if not others.select_for_update().exists():
            raise LastSecurityAdministrator


def _apply(change: RoleChange, now: datetime) -> None:
    if change.kind == "give":
        Post.objects.create(
            user=change.user,
            organisation_id=change.organisation_id,
            role=change.role,
            items=change.items,
            from_at=now,
        )
    else:
        Post.objects.filter(user=change.user, role=change.role, to_at=None).update(to_at=now)
    end_all(change.user, End.POSTS, now)


def _locked(change_id: UUID) -> RoleChange:
    found = RoleChange.objects.select_for_update(of=("self",)).filter(pk=change_id).first()
    if found is None:
        raise ChangeUnknown
    return found


def _decider(change: RoleChange) -> str:
    found = RoleDecision.objects.filter(change=change).select_related("decided_by").first()
    return "" if found is None else found.decided_by.display_name


def _detail(change: RoleChange) -> dict[str, str | int]:
    return {"account": str(change.user_id), "post": change.role, "kind": change.kind}
