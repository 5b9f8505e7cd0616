"""`/me` 我的企业: the firms somebody may act for, who else may, and who looked at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, time
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from xinshu.disclosure.gate import Gate
from xinshu.kernel.clock import SHANGHAI
from xinshu.kernel.errors import XinshuError
from xinshu.security.audit.queries import Found, by_subject
from xinshu.security.audit.services import record_alone
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.errors import MandateUnknown
from xinshu.security.identity.mandates import SCOPES, MandateLine, end, give, given, mine, require_mandate
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of
from xinshu.security.queries import organisation_names
from xinshu.security.routes import requires_role

OpenGate = Callable[[], Gate]
_LOOKS = 20
_OUTCOMES = {"done": "已提供", "refused": "未提供", "failed": "未完成"}


@dataclass(frozen=True, slots=True)
class Look:
    """One look at a firm: when, by which unit, for what; never by which official."""

    at: datetime
    unit: str
    purpose: str
    outcome: str
    ticket: str


@dataclass(frozen=True, slots=True)
class FirmCard:
    """A firm of whoever asks."""

    mandate: MandateLine
    handlers: list[MandateLine]
    looks: list[Look] | None


@requires_role(Role.ENTERPRISE)
@require_safe
def home(request: HttpRequest, open_gate: OpenGate) -> HttpResponse:
    """The page."""
    return _page(request, open_gate())


@requires_role(Role.ENTERPRISE)
@require_POST
def give_mandate(request: HttpRequest, open_gate: OpenGate) -> HttpResponse:
    """Let a handler act for one's firm."""
    day = parse_date_or_none(request.POST.get("until", ""))
    try:
        give(
            actor_of(request),
            request.POST.get("firm", ""),
            handler=request.POST.get("handler", ""),
            name=request.POST.get("name", ""),
            scope=request.POST.getlist("scope"),
            to_at=timezone.now() if day is None else day,
            now=timezone.now(),
        )
    except MandateUnknown:
        raise Http404 from None
    except XinshuError as refused:
        return _page(request, open_gate(), refused)
    return redirect("space")


@requires_role(Role.ENTERPRISE)
@require_POST
def end_mandate(request: HttpRequest, mandate: UUID) -> HttpResponse:
    """End a handler's mandate, as the legal person or as himself."""
    try:
        end(actor_of(request), mandate, timezone.now())
    except MandateUnknown:
        raise Http404 from None
    return redirect("space")


def parse_date_or_none(text: str) -> datetime | None:
    """The end of that day in Shanghai."""
    try:
        day = parse_date(text)
    except ValueError:
        return None
    return None if day is None else datetime.combine(day, time(23, 59, 59), SHANGHAI)


def _page(request: HttpRequest, gate: Gate, problem: XinshuError | None = None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    firms: dict[str, FirmCard] = {}
    for each in mine(actor, now):
        if each.firm not in firms:
            firms[each.firm] = FirmCard(
                each, given(actor, each.firm, now) if each.legal else [], _looks(gate, actor, each, now)
            )
    context = {
        "problem": problem,
        "firms": firms.values(),
        "legal": [each.mandate for each in firms.values() if each.mandate.legal],
        "scopes": SCOPES,
    }
    answer = render(request, "space/home.html", context, status=422 if problem else 200)
    answer["Cache-Control"] = "no-store"
    return answer


def _looks(gate: Gate, actor: Actor, mandate: MandateLine, now: datetime) -> list[Look] | None:
    """Who looked, for those who may know; that this was asked is on the record too."""
    if "view" not in mandate.scope:
        return None
    acting = require_mandate(actor, mandate.firm, "view", now)
    reference = gate.vault.reference("subject", mandate.firm).bytes
    record_alone(audit_entry(acting, "disclosure.own", now, object_ref=reference))
    found = [
        each
        for each in by_subject(reference, limit=_LOOKS * 3, disclosures_only=True)
        if each.action != "disclosure.own"
    ][:_LOOKS]
    units = organisation_names({each.unit for each in found})
    titles = {each.id: each.title for each in gate.rules.purposes}
    return [_look(each, units, titles) for each in found]


def _look(found: Found, units: dict[str, str], titles: dict[str, str]) -> Look:
    return Look(
        found.at,
        units.get(found.unit, found.unit) or "平台",
        titles.get(found.purpose, found.purpose),
        _OUTCOMES.get(found.outcome, found.outcome),
        found.ticket,
    )
