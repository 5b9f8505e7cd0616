"""Mandates: who may act for a firm, for what, from when and until when.

That somebody is a firm's legal person (法定代表人) is the identity provider's word, good for a session; he lets handlers
(经办人) act, within a scope and up to a year, and takes it back. A mandate is the firm's: it outlives a change of legal
person, and the next one sees and ends it. Row-level security holds below this. Source: security.md section 2 [proposed].
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q, QuerySet

from xinshu.kernel.ids import uuid7
from xinshu.security.audit.services import record
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.changes import refusals_recorded
from xinshu.security.identity.errors import MandateEnded, MandateInvalid, MandateNotBegun, MandateUnknown
from xinshu.security.identity.provider import Firm
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.rules import configured
from xinshu.security.matrix import LEGAL, SCOPES
from xinshu.security.models import Mandate, Post, User
from xinshu.security.policy import require
from xinshu.security.rowsecurity import row_context
from xinshu.security.sealing import Vault

MANDATE = "identity.mandate"
LONGEST = timedelta(days=366)
_LEGAL_LASTS = timedelta(hours=12)  # no longer than a session: the provider is asked at each sign-in
_REMEMBERED = timedelta(days=366)  # how long ended ones are shown


class MandateState(StrEnum):
    """Where a mandate stands at a moment."""

    TO_COME = "to_come"
    IN_FORCE = "in_force"
    EXPIRED = "expired"
    TAKEN_BACK = "taken_back"


@dataclass(frozen=True, slots=True)
class MandateLine:
    """A mandate as a page shows it. `scope`: keys of SCOPES. In force from `from_at` on and before `to_at`."""

    id: UUID
    firm: str
    firm_name: str
    legal: bool
    scope: tuple[str, ...]
    from_at: datetime
    to_at: datetime
    ended_at: datetime | None
    state: MandateState
    handler: str
    handler_code: str
    giver: str

    @property
    def words(self) -> str:
        """The scope in words."""
        return "、".join(SCOPES[each] for each in self.scope)

    @property
    def last_day(self) -> datetime:
        """A moment of the last day it is or was good for."""
        return self.ended_at or self.to_at - timedelta(seconds=1)


def state_legal(user: User, firms: Iterable[Firm], now: datetime) -> None:
    """What the provider said at a sign-in: of these firms he is the legal person, and of no others any more."""
    stated = {each.uscc: each.name for each in firms}
    with transaction.atomic(), row_context(person=str(user.person)):
        held = _in_force(Mandate.objects.filter(user=user, capacity="legal"), now)
        for each in held.exclude(firm__in=stated):
            Mandate.objects.filter(pk=each.pk).update(ended_at=now)
            _record(_himself(user), each, now, "legal_end")
        for firm, name in stated.items():
            if held.filter(firm=firm).update(to_at=now + _LEGAL_LASTS, firm_name=name):
                continue
            made = Mandate.objects.create(
                id=uuid7(now),
                user=user,
                firm=firm,
                firm_name=name,
                capacity="legal",
                scope=" ".join(SCOPES),
                from_at=now,
                to_at=now + _LEGAL_LASTS,
            )
            _record(_himself(user), made, now, "legal")


def mine(actor: Actor, now: datetime) -> list[MandateLine]:
    """The mandates of whoever asks, in force or to come, those as legal person first."""
    if not actor.person:
        return []
    with transaction.atomic(), row_context(person=actor.person):
        found = _not_over(Mandate.objects.filter(user__person=actor.person), now)
        found = found.select_related("user", "given_by").order_by("-capacity", "firm", "from_at")
        return [_line(each, now) for each in found]


def acting_for(actor: Actor, firm: str, action: str, now: datetime) -> Actor:
    """The actor as one of that firm, allowed to do this for it: what the policy says of the mandates in force.

    Args:
        action: a key of `matrix.OPERATIONS`.
    Raises:
        MandateUnknown: he never had one, or there is no such firm. MandateEnded, MandateNotBegun.
        PolicyRefused: MandateScope above all. Recording the refusal is the caller's (`refusals_recorded`).
    """
    if Role.ENTERPRISE not in actor.roles or not actor.person:
        raise MandateUnknown
    with transaction.atomic(), row_context(person=actor.person):
        held = list(Mandate.objects.filter(user__person=actor.person, firm=firm))
    states = {each.pk: _state(each, now) for each in held}
    good = [each for each in held if states[each.pk] is MandateState.IN_FORCE]
    if not good:
        raise _why(states.values())
    lets = {scope for each in good for scope in each.scope.split()}
    lets |= {LEGAL for each in good if each.capacity == "legal"}
    acting = replace(actor, unit=firm, mandate=frozenset(lets))
    require(acting, action, unit=firm, now=now)
    return acting


def given(actor: Actor, firm: str, now: datetime) -> list[MandateLine]:
    """The handlers of a firm whose legal person asks, also those to come and those of the last year.

    Raises MandateUnknown, MandateEnded, PolicyRefused.
    """
    acting_for(actor, firm, MANDATE, now)
    since = now - _REMEMBERED
    with transaction.atomic(), row_context(unit=firm):
        found = Mandate.objects.filter(firm=firm, capacity="handler", to_at__gt=since)
        found = found.filter(Q(ended_at=None) | Q(ended_at__gt=since)).select_related("user", "given_by")
        lines = [_line(each, now) for each in found.order_by("-from_at", "-id")]
    return sorted(lines, key=lambda each: each.state in {MandateState.EXPIRED, MandateState.TAKEN_BACK})


def give(
    actor: Actor,
    firm: str,
    *,
    handler: str,
    name: str,
    scope: Collection[str],
    to_at: datetime,
    now: datetime,
    from_at: datetime | None = None,
) -> MandateLine:
    """Let a handler act for one's firm.

    Args:
        handler, name: his code (user name) and real name, which both must fit.
        from_at: when it begins; at once when left out or past.
    Raises:
        MandateUnknown, MandateEnded, PolicyRefused (not its legal person), MandateInvalid: nothing is kept but the refusal.
    """
    with refusals_recorded(actor, MANDATE, now), transaction.atomic():
        acting = acting_for(actor, firm, MANDATE, now)
        begins = max(from_at or now, now)
        wanted = _checked(scope, begins, to_at, now)
        user = _handler(actor, handler, name, now)
        with row_context(unit=firm):
            _one_at_a_time(firm)
            held = Mandate.objects.filter(firm=firm)
            if _not_over(held.filter(user__person=user.person, capacity="handler"), now).exists():
                raise MandateInvalid("该经办人已有本企业的授权", fix="先收回原授权，再重新授权")
            made = Mandate.objects.create(
                id=uuid7(now),
                user=user,
                firm=firm,
                firm_name=held.filter(capacity="legal").latest("from_at").firm_name,
                capacity="handler",
                scope=" ".join(wanted),
                from_at=begins,
                to_at=to_at,
                given_by_id=actor.id,
            )
        _record(acting, made, now, "give")
    return _line(made, now)


def end(actor: Actor, mandate: UUID, now: datetime) -> None:
    """End a handler's mandate at once: by the firm's legal person, or by himself.

    Raises MandateUnknown (also when it is another's), MandateEnded.
    """
    with refusals_recorded(actor, MANDATE, now, ticket=str(mandate)), transaction.atomic():
        with row_context(every_row=True):
            found = Mandate.objects.select_for_update(of=("self",)).filter(pk=mandate, capacity="handler").first()
            own = found is not None and str(found.user.person) == actor.person
            if found is None or not (own or _is_legal(actor, found.firm, now)):
                raise MandateUnknown
            if _state(found, now) in {MandateState.EXPIRED, MandateState.TAKEN_BACK}:
                raise MandateEnded
            Mandate.objects.filter(pk=mandate).update(ended_at=now)
        _record(replace(actor, unit=found.firm), found, now, "give_up" if own else "end")


def _checked(scope: Collection[str], begins: datetime, to_at: datetime, now: datetime) -> list[str]:
    wanted = [each for each in SCOPES if each in scope]
    if not wanted or set(scope) - set(SCOPES):
        raise MandateInvalid("授权范围为空或无法识别", fix="选择至少一项授权范围")
    if not begins < to_at <= now + LONGEST:
        raise MandateInvalid("截止日期应晚于起始日期，且在一年以内", fix="改正起止日期后重新提交")
    return wanted


def _handler(actor: Actor, code: str, name: str, now: datetime) -> User:
    """One answer for an unknown code and a wrong name: nobody is found out by trying."""
    found = User.objects.filter(username=code.strip().lower(), is_active=True).first()
    post = Post.objects.filter(user=found, role=Role.ENTERPRISE.value, from_at__lte=now, to_at=None)
    if found is None or found.display_name != name.strip() or str(found.person) == actor.person or not post.exists():
        raise MandateInvalid("经办人编号与姓名不符", fix="请经办人先登录一次，在“我的企业”页查看其编号")
    return found


def _is_legal(actor: Actor, firm: str, now: datetime) -> bool:
    held = Mandate.objects.filter(user__person=actor.person, firm=firm, capacity="legal")
    return Role.ENTERPRISE in actor.roles and bool(actor.person) and _in_force(held, now).exists()


def _one_at_a_time(firm: str) -> None:
    """Mandates of a firm are given one after the other; holds until the transaction's end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"xinshu.mandate.{firm}"])


def _not_over(found: QuerySet[Mandate], now: datetime) -> QuerySet[Mandate]:
    return found.filter(Q(ended_at=None) | Q(ended_at__gt=now), to_at__gt=now)


def _in_force(found: QuerySet[Mandate], now: datetime) -> QuerySet[Mandate]:
    return _not_over(found, now).filter(from_at__lte=now)


def _state(each: Mandate, now: datetime) -> MandateState:
    if each.ended_at is not None and each.ended_at <= now:
        return MandateState.TAKEN_BACK
    if each.to_at <= now:
        return MandateState.EXPIRED
    return MandateState.TO_COME if now < each.from_at else MandateState.IN_FORCE


def _why(states: Collection[MandateState]) -> MandateUnknown | MandateNotBegun | MandateEnded:
    """Why none of somebody's mandates of a firm is good now."""
    if not states:
        return MandateUnknown()
    return MandateNotBegun() if MandateState.TO_COME in states else MandateEnded()


def _himself(user: User) -> Actor:
    return Actor(
        id=str(user.pk),
        name=user.display_name,
        roles=frozenset({Role.ENTERPRISE}),
        unit="",
        region="",
        person=str(user.person),
    )


def _record(actor: Actor, mandate: Mandate, now: datetime, kind: str) -> None:
    reference = Vault.open(configured().home).reference("subject", mandate.firm).bytes
    detail = {"account": str(mandate.user_id), "kind": kind, "scope": mandate.scope}
    record(audit_entry(actor, MANDATE, now, object_ref=reference, ticket=str(mandate.id), detail=detail))


def _line(each: Mandate, now: datetime) -> MandateLine:
    return MandateLine(
        each.id,
        each.firm,
        each.firm_name,
        each.capacity == "legal",
        tuple(each.scope.split()),
        each.from_at,
        each.to_at,
        each.ended_at,
        _state(each, now),
        each.user.display_name,
        each.user.username,
        "" if each.given_by is None else each.given_by.display_name,
    )
