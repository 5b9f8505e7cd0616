"""`/me` 我的企业: the firms somebody may act for, who else may, and who looked at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from xinshu.disclosure.gate import Gate
from xinshu.kernel.clock import SHANGHAI, shanghai_date
from xinshu.kernel.errors import XinshuError
from xinshu.security.audit.actions import ACTIONS, Kind
from xinshu.security.audit.queries import Found, by_subject
from xinshu.security.audit.services import record_alone
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.changes import refusals_recorded
from xinshu.security.identity.errors import MandateEnded, MandateInvalid, MandateNotBegun, MandateUnknown
from xinshu.security.identity.mandates import LONGEST, MandateState, acting_for, end, give, given, mine
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of
from xinshu.security.matrix import SCOPES
from xinshu.security.policy import PolicyRefused
from xinshu.security.queries import organisation_names
from xinshu.security.routes import requires_role

OpenGate = Callable[[], Gate]
OWN = "disclosure.own"
# Not a look at the subject: what it does itself, and what the platform notices about those who ask.
LOOKS = frozenset(code for code, each in ACTIONS.items() if each.kind is Kind.DISCLOSURE) - {OWN, "disclosure.alarm"}
_PER_PAGE = 50
_OUTCOMES = {"done": "已提供", "refused": "未提供", "failed": "未完成"}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a firm: when, by which unit, what it did and for what; never by which official."""

    at: datetime
    unit: str
    title: str
    purpose: str
    ticket: str
    outcome: str
    given: bool


@requires_role(Role.ENTERPRISE)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """`/me`: the firms."""
    return _shown(request, "space/home.html", {"mandates": mine(actor_of(request), timezone.now())})


@requires_role(Role.ENTERPRISE)
@require_safe
def firm(request: HttpRequest, firm: str) -> HttpResponse:
    """`/me/firms/USCC`: what one may do for a firm, and for its legal person: who else may."""
    return _firm(request, firm)


@requires_role(Role.ENTERPRISE)
@require_safe
def looks(request: HttpRequest, open_gate: OpenGate, firm: str) -> HttpResponse:
    """`/me/firms/USCC/looks`: who looked. That this was asked is on the record too."""
    gate, actor, now = open_gate(), actor_of(request), timezone.now()
    try:
        with refusals_recorded(actor, OWN, now):
            acting = acting_for(actor, firm, OWN, now)
    except MandateUnknown:
        raise Http404 from None
    except (MandateEnded, MandateNotBegun, PolicyRefused) as refused:
        return _shown(request, "space/looks.html", {"problem": refused, "firm": firm}, status=403)
    reference = gate.vault.reference("subject", firm).bytes
    record_alone(audit_entry(acting, OWN, now, object_ref=reference))
    before = request.GET.get("before", "")
    older_than = int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    found = by_subject(reference, limit=_PER_PAGE + 1, older_than=older_than, actions=LOOKS)
    context = {
        "firm": firm,
        "name": next((each.firm_name for each in mine(actor, now) if each.firm == firm), firm),
        "looks": _lines(gate, found[:_PER_PAGE]),
        "before": found[_PER_PAGE - 1].id if len(found) > _PER_PAGE else None,
        "now": now,
        "later_page": older_than is not None,
    }
    return _shown(request, "space/looks.html", context)


@requires_role(Role.ENTERPRISE)
@require_POST
def give_mandate(request: HttpRequest, firm: str) -> HttpResponse:
    """Let a handler act for one's firm."""
    asked, now = request.POST, timezone.now()
    first, last = _day(asked.get("first", "")), _day(asked.get("last", ""))
    try:
        give(
            actor_of(request),
            firm,
            handler=asked.get("handler", ""),
            name=asked.get("name", ""),
            scope=asked.getlist("scope"),
            from_at=None if first is None else _begin(first),
            to_at=now if last is None else _begin(last + timedelta(days=1)),
            now=now,
        )
    except MandateUnknown:
        raise Http404 from None
    except MandateInvalid as refused:
        return _firm(request, firm, refused, 422)
    except (MandateEnded, MandateNotBegun, PolicyRefused) as refused:
        return _firm(request, firm, refused, 403)
    return redirect("space-firm", firm)


@requires_role(Role.ENTERPRISE)
@require_POST
def end_mandate(request: HttpRequest, mandate: UUID) -> HttpResponse:
    """End a handler's mandate, as the legal person or as himself."""
    try:
        end(actor_of(request), mandate, timezone.now())
    except MandateUnknown:
        raise Http404 from None
    except MandateEnded:
        pass  # as wished
    there = request.POST.get("firm", "")
    return redirect("space-firm", there) if _is_mine(actor_of(request), there) else redirect("space")


def _firm(request: HttpRequest, code: str, problem: XinshuError | None = None, status: int = 200) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    held = [each for each in mine(actor, now) if each.firm == code]
    if not held:
        raise Http404
    legal = next((each for each in held if each.legal), None)
    today = shanghai_date(now)
    context = {
        "problem": problem,
        "held": held,
        "legal": legal,
        "may_view": any("view" in each.scope and each.state is MandateState.IN_FORCE for each in held),
        "handlers": given(actor, code, now) if legal else [],
        "scopes": SCOPES,
        "asked": request.POST,
        "asked_scopes": request.POST.getlist("scope") or ["view"],
        "first": today,
        "longest": today + LONGEST - timedelta(days=1),
    }
    return _shown(request, "space/firm.html", context, status)


def _is_mine(actor: Actor, firm: str) -> bool:
    return any(each.firm == firm for each in mine(actor, timezone.now()))


def _shown(request: HttpRequest, template: str, context: Mapping[str, object], status: int = 200) -> HttpResponse:
    answer = render(request, template, context, status=status)
    answer["Cache-Control"] = "no-store"
    return answer


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None


def _begin(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI)


def _lines(gate: Gate, found: list[Found]) -> list[Look]:
    units = organisation_names({each.unit for each in found})
    titles = {each.id: each.title for each in gate.rules.purposes}
    return [
        Look(
            each.at,
            units.get(each.unit, each.unit) or "本平台",
            ACTIONS[each.action].title,
            titles.get(each.purpose, each.purpose),
            each.ticket,
            _OUTCOMES.get(each.outcome, each.outcome),
            each.outcome == "done",
        )
        for each in found
    ]
