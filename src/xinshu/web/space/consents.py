"""`/me/consents` 授权管理: what units ask of a firm, what it gave them, who used it; agreeing and ending in two clicks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from xinshu.disclosure.consents import Less
from xinshu.disclosure.errors import NoConsent
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.own_consents import (
    Own,
    agree,
    keep_only,
    own_consent,
    own_consents,
    revoke_all,
    take_step,
    uses_of,
)
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.mandates import MandateLine, MandateState, acting_for, mine
from xinshu.security.identity.reidentifying import can_identify_again
from xinshu.security.identity.requests import actor_of
from xinshu.security.policy import StepUpRequired
from xinshu.security.routes import requires_role

OpenGate = Callable[[], Gate]
SCOPE = "consent"
_SHORT = timedelta(days=90)
_SHOWS = ("asked", "open", "ended")
_DONE = {
    "agree": "已授权，被授权机构现在可以按授权书查询",
    "revoke": "已结束，该机构即刻起不能再查询",
    "refuse": "已拒绝，该机构不能查询",
    "pause": "已暂停，恢复前该机构不能查询",
    "resume": "已恢复",
    "narrow": "范围已缩小",
    "all": "全部授权已撤回，即刻生效",
}


@dataclass(frozen=True, slots=True)
class Desk:
    """The firm whose consents are shown, who acts for it, and the others he may act for."""

    mandate: MandateLine
    actor: Actor
    others: tuple[MandateLine, ...]


def routes(open_gate: OpenGate) -> list[URLPattern]:
    """The routes; the gate is opened when first needed."""
    given = {"open_gate": open_gate}
    return [
        path("me/consents", listed, given, name="space-consents"),
        path("me/consents/end-all", end_all, given, name="space-consents-end"),
        path("me/consents/<str:number>", one, given, name="space-consent"),
        path("me/consents/<str:number>/<slug:step>", act, given, name="space-consent-act"),
    ]


@requires_role(Role.ENTERPRISE)
@require_safe
def listed(request: HttpRequest, open_gate: OpenGate) -> HttpResponse:
    """The list: what waits for an answer, what is open, what has ended."""
    return _list(request, open_gate(), timezone.now())


@requires_role(Role.ENTERPRISE)
@require_safe
def one(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """One consent in full: terms, fields, uses, and what can be done about it."""
    gate, now = open_gate(), timezone.now()
    return _one(request, gate, _desk_of(request, gate, number, now), number, now)


@requires_role(Role.ENTERPRISE)
@require_POST
def act(request: HttpRequest, open_gate: OpenGate, number: str, step: str) -> HttpResponse:
    """Agree, refuse, narrow, pause, resume or revoke."""
    gate, now = open_gate(), timezone.now()
    desk = _desk_of(request, gate, number, now)
    acting = desk or _desk(request, "", now)  # a stranger's try is on the record as one of his firm
    actor = actor_of(request) if acting is None else acting.actor
    items = frozenset(request.POST.getlist("item"))
    try:
        if step == "agree":
            agree(gate, actor, number, _less(request, items, now), request.POST.get("shown", ""), now)
        elif step == "narrow":
            keep_only(gate, actor, number, items, now)
        else:
            take_step(gate, actor, number, "revoke" if step == "refuse" else step, now)
    except NoConsent:
        raise Http404 from None
    except StepUpRequired:
        return _identify_again(request, number, items)
    except XinshuError as refused:
        return _one(request, gate, desk, number, now, refused)
    return _back(actor.unit, step)


@requires_role(Role.ENTERPRISE)
@require_POST
def end_all(request: HttpRequest, open_gate: OpenGate) -> HttpResponse:
    """End everything a firm gave."""
    gate, now = open_gate(), timezone.now()
    desk = _desk(request, request.POST.get("firm", ""), now)
    if desk is None:
        raise Http404
    revoke_all(gate, desk.actor, now)
    return _back(desk.actor.unit, "all")


def _identify_again(request: HttpRequest, number: str, items: frozenset[str]) -> HttpResponse:
    """A page, 403, that leads to the provider (or to the second factor) and back to the consent, the choice kept."""
    user: Any = request.user
    chosen = urlencode({"item": sorted(items), "term": request.POST.get("term", "")}, doseq=True)
    there = f"{reverse('space-consent', args=[number])}?{chosen}"
    way = reverse("enterprise-again" if can_identify_again(user) else "step-up")
    return _page(request, "identify_again", {"way": f"{way}?{urlencode({'next': there})}", "back": there}, 403)


def _less(request: HttpRequest, items: frozenset[str], now: datetime) -> Less:
    term = request.POST.get("term", "")
    return Less(items, now + _SHORT if term == "short" else None, 1 if term == "once" else None)


def _back(firm: str, done: str) -> HttpResponse:
    show = "ended" if done in {"revoke", "refuse", "all"} else "open"
    return redirect(f"{reverse('space-consents')}?firm={firm}&show={show}&done={done}")


def _mandates(request: HttpRequest, now: datetime) -> dict[str, MandateLine]:
    """{firm: mandate} of those whose consents the caller may settle."""
    found: dict[str, MandateLine] = {}
    for each in mine(actor_of(request), now):
        if SCOPE in each.scope and each.state is MandateState.IN_FORCE:
            found.setdefault(each.firm, each)
    return found


def _desk(request: HttpRequest, firm: str, now: datetime) -> Desk | None:
    """The desk of a firm, without one named that of the first; None where he may not act for it, or for none."""
    mandates = _mandates(request, now)
    firm = firm or next(iter(mandates), "")
    if firm not in mandates:
        return None
    actor = acting_for(actor_of(request), firm, "consent.change", now)
    return Desk(mandates[firm], actor, tuple(each for code, each in mandates.items() if code != firm))


def _desk_of(request: HttpRequest, gate: Gate, number: str, now: datetime) -> Desk | None:
    """The desk of the firm a consent is asked of; None where it is none of the caller's."""
    for firm in _mandates(request, now):
        desk = _desk(request, firm, now)
        try:
            if desk is not None and own_consent(gate, desk.actor, number, now):
                return desk
        except NoConsent:
            continue
    return None


def _list(request: HttpRequest, gate: Gate, now: datetime) -> HttpResponse:
    firm = request.GET.get("firm", "")
    desk = _desk(request, firm, now)
    if desk is None:
        if firm:
            raise Http404
        return _page(request, "consents_none", {}, 200)
    owns = own_consents(gate, desk.actor, now)
    groups = {
        "asked": [each for each in owns if each.asked and not each.over],
        "open": [each for each in owns if each.open and not each.over],
    }
    groups["ended"] = [each for each in owns if each not in groups["asked"] and each not in groups["open"]]
    show = request.GET.get("show", "")
    context = {
        "desk": desk,
        "groups": groups,
        "show": show if show in _SHOWS else ("asked" if groups["asked"] else "open"),
        "uses": uses_of(gate, owns),
        "short": now + _SHORT,
        "done": _DONE.get(request.GET.get("done", ""), ""),
    }
    return _page(request, "consents", context, 200)


def _one(
    request: HttpRequest,
    gate: Gate,
    desk: Desk | None,
    number: str,
    now: datetime,
    problem: XinshuError | None = None,
) -> HttpResponse:
    if desk is None:
        raise Http404
    own: Own = own_consent(gate, desk.actor, number, now)
    context = {
        "desk": desk,
        "own": own,
        "uses": uses_of(gate, [own]),
        "short": now + _SHORT,
        "ending": request.GET.get("end") == "1" and own.open,
        "chosen": request.GET.getlist("item"),
        "term": request.GET.get("term", ""),
        "problem": problem,
    }
    return _page(request, "consent", context, 200 if problem is None else 422)


def _page(request: HttpRequest, name: str, context: dict[str, object], status: int) -> HttpResponse:
    told = render(request, f"space/{name}.html", context, status=status)
    told["Cache-Control"] = "no-store"
    return told
