"""Mandates: who may act for a firm, for what and until when.

That somebody is a firm's legal person (法定代表人) is the identity provider's word, good for a session; he lets handlers
(经办人) act, within a scope and up to a year. Whoever has no mandate in force sees nothing of a firm: row-level security
holds below this. Source: security.md section 2 [proposed].
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from xinshu.kernel.ids import uuid7
from xinshu.security.audit.services import record
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.changes import refusals_recorded
from xinshu.security.identity.errors import MandateInvalid, MandateUnknown
from xinshu.security.identity.provider import Firm
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.rules import configured
from xinshu.security.models import Mandate, Post, User
from xinshu.security.policy import require
from xinshu.security.rowsecurity import row_context
from xinshu.security.sealing import Vault

MANDATE = "identity.mandate"
SCOPES = {"view": "查看本企业信息", "consent": "办理信息授权"}
_LEGAL_LASTS = timedelta(hours=12)  # no longer than a session: the provider is asked at each sign-in
_LONGEST = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class MandateLine:
    """A mandate as a page shows it. `scope`: keys of SCOPES. `handler`: the name of whose it is."""

    id: UUID
    firm: str
    firm_name: str
    legal: bool
    scope: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    handler: str
    handler_code: str

    @property
    def words(self) -> str:
        """The scope in words."""
        return "、".join(SCOPES[each] for each in self.scope)


def state_legal(user: User, firms: Iterable[Firm], now: datetime) -> None:
    """What the provider said at a sign-in: of these firms he is the legal person, and of no others any more."""
    stated = {each.uscc: each.name for each in firms}
    with transaction.atomic(), row_context(person=str(user.person)):
        held = _in_force(Mandate.objects.filter(user=user, capacity="legal"), now)
        held.exclude(firm__in=stated).update(ended_at=now)
        for firm, name in stated.items():
            changed = held.filter(firm=firm).update(to_at=now + _LEGAL_LASTS, firm_name=name)
            if not changed:
                Mandate.objects.create(
                    id=uuid7(now),
                    user=user,
                    firm=firm,
                    firm_name=name,
                    capacity="legal",
                    scope=" ".join(SCOPES),
                    from_at=now,
                    to_at=now + _LEGAL_LASTS,
                )


def mine(actor: Actor, now: datetime) -> list[MandateLine]:
    """The mandates in force of whoever asks, those as legal person first."""
    if not actor.person:
        return []
    with transaction.atomic(), row_context(person=actor.person):
        found = _in_force(Mandate.objects.filter(user__person=actor.person), now)
        return [_line(each) for each in found.select_related("user").order_by("-capacity", "firm", "from_at")]


def require_mandate(actor: Actor, firm: str, scope: str, now: datetime) -> Actor:
    """The actor as one of that firm. Raises MandateUnknown: no mandate in force has that scope, or there is no such firm."""
    if Role.ENTERPRISE not in actor.roles or not any(
        each.firm == firm and scope in each.scope for each in mine(actor, now)
    ):
        raise MandateUnknown
    return replace(actor, unit=firm)


def given(actor: Actor, firm: str, now: datetime) -> list[MandateLine]:
    """The handlers of a firm whose legal person asks. Raises MandateUnknown."""
    _require_legal(actor, firm, now)
    with transaction.atomic(), row_context(unit=firm):
        found = _in_force(Mandate.objects.filter(firm=firm, capacity="handler"), now)
        return [_line(each) for each in found.select_related("user").order_by("from_at")]


def give(
    actor: Actor, firm: str, *, handler: str, name: str, scope: Collection[str], to_at: datetime, now: datetime
) -> MandateLine:
    """Let a handler act for one's firm; a mandate he has of it already ends.

    Args:
        handler, name: his code (user name) and real name, which both must fit.
    Raises:
        PolicyRefused, MandateUnknown (not the firm's legal person), MandateInvalid: nothing is kept but the refusal.
    """
    with refusals_recorded(actor, MANDATE, now), transaction.atomic():
        legal = _require_legal(actor, firm, now)
        acting = replace(actor, unit=firm)
        require(acting, MANDATE, unit=firm, now=now)
        wanted = tuple(each for each in SCOPES if each in scope)
        if not wanted or set(scope) - set(SCOPES):
            raise MandateInvalid("授权范围为空或无法识别", fix="选择至少一项授权范围")
        if not now < to_at <= now + _LONGEST:
            raise MandateInvalid("截止时间应在一年以内且晚于现在", fix="改正截止日期后重新提交")
        user = _handler(actor, handler, name, now)
        with row_context(unit=firm):
            _in_force(Mandate.objects.filter(user=user, firm=firm, capacity="handler"), now).update(ended_at=now)
            made = Mandate.objects.create(
                id=uuid7(now),
                user=user,
                firm=firm,
                firm_name=legal.firm_name,
                capacity="handler",
                scope=" ".join(wanted),
                from_at=now,
                to_at=to_at,
                given_by_id=actor.id,
            )
        _record(acting, made, now, "give")
    return _line(made)


def end(actor: Actor, mandate: UUID, now: datetime) -> None:
    """End a handler's mandate at once: by the firm's legal person, or by himself. Raises MandateUnknown."""
    with refusals_recorded(actor, MANDATE, now), transaction.atomic(), row_context(every_row=True):
        found = _in_force(Mandate.objects.select_for_update(of=("self",)), now).filter(pk=mandate).first()
        if found is None or found.capacity != "handler":
            raise MandateUnknown
        if str(found.user.person) != actor.person:
            _require_legal(actor, found.firm, now)
        Mandate.objects.filter(pk=mandate).update(ended_at=now)
        _record(replace(actor, unit=found.firm), found, now, "end")


def _require_legal(actor: Actor, firm: str, now: datetime) -> MandateLine:
    for each in mine(actor, now):
        if each.legal and each.firm == firm and Role.ENTERPRISE in actor.roles:
            return each
    raise MandateUnknown


def _handler(actor: Actor, code: str, name: str, now: datetime) -> User:
    """One answer for an unknown code and a wrong name: nobody is found out by trying."""
    found = User.objects.filter(username=code.strip().lower(), is_active=True).first()
    post = Post.objects.filter(user=found, role=Role.ENTERPRISE.value, from_at__lte=now, to_at=None)
    if found is None or found.display_name != name.strip() or str(found.person) == actor.person or not post.exists():
        raise MandateInvalid("经办人编号与姓名不符", fix="请经办人先登录一次，在“我的企业”页查看其编号")
    return found


def _in_force(found: QuerySet[Mandate], now: datetime) -> QuerySet[Mandate]:
    return found.filter(Q(ended_at=None) | Q(ended_at__gt=now), from_at__lte=now, to_at__gt=now)


def _record(actor: Actor, mandate: Mandate, now: datetime, kind: str) -> None:
    reference = Vault.open(configured().home).reference("subject", mandate.firm).bytes
    detail = {"account": str(mandate.user_id), "kind": kind, "scope": mandate.scope}
    record(audit_entry(actor, MANDATE, now, object_ref=reference, ticket=str(mandate.id), detail=detail))


def _line(each: Mandate) -> MandateLine:
    return MandateLine(
        each.id,
        each.firm,
        each.firm_name,
        each.capacity == "legal",
        tuple(each.scope.split()),
        each.from_at,
        each.to_at,
        each.user.display_name,
        each.user.username,
    )
