"""`/c/consents` 纸质授权: consents of natural persons on paper: registered by an officer, confirmed by an approver, ended."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from xinshu.collection.channels.uploads import take_upload
from xinshu.collection.channels.workfolder import work_folder
from xinshu.disclosure.auditing import PAPER_REGISTER
from xinshu.disclosure.domain import Purpose
from xinshu.disclosure.errors import FileExpired, NoConsent
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.paper_consents import (
    Paper,
    consented,
    decide_paper,
    end_paper,
    purposes_on_paper,
    register,
    scan_of,
)
from xinshu.disclosure.paper_lists import PaperLine, paper_of_unit, papers_of_unit, shown_paper
from xinshu.disclosure.paper_scans import MOST_BYTES
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.errors import XinshuError
from xinshu.security.audit.services import record_refusal
from xinshu.security.domain import Role
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of
from xinshu.security.policy import StepUpRequired
from xinshu.security.routes import requires_role
from xinshu.web.console.own_account import to_step_up

OpenGate = Callable[[], Gate]
_STATUS = {NoConsent.code: 404, FileExpired.code: 404}
_FIELDS = ("purpose", "name", "code", "document_no", "first", "last", "max_uses", "digest")
_SHOWS = ("waiting", "open", "ended")
_NO_DAY = date.min


def routes(open_gate: OpenGate) -> list[URLPattern]:
    """The routes; the gate is opened when first needed."""
    given = {"open_gate": open_gate}
    own = "c/consents/<str:number>"
    return [
        path("c/consents", listed, given, name="console-papers"),
        path("c/consents/new", new, given, name="console-paper-new"),
        path(own, one, given, name="console-paper"),
        path(f"{own}/scan", scan, given, name="console-paper-scan"),
        path(f"{own}/review", review, given, name="console-paper-review"),
        path(f"{own}/end", end, given, name="console-paper-end"),
    ]


@requires_role(Role.QUERY_OFFICER, Role.QUERY_APPROVER)
@require_safe
def listed(request: HttpRequest, open_gate: OpenGate) -> HttpResponse:
    """The list: what waits for a confirmation, what is in force, what has ended."""
    gate, actor, now = open_gate(), actor_of(request), timezone.now()
    lines = papers_of_unit(gate, actor, now)
    groups = {
        "waiting": [each for each in lines if each.waiting],
        "open": [each for each in lines if each.open],
        "ended": [each for each in lines if not each.waiting and not each.open],
    }
    show = request.GET.get("show", "")
    show = show if show in _SHOWS else ("waiting" if groups["waiting"] else "open")
    context = {
        "groups": groups,
        "show": show,
        "lines": groups[show],
        "officer": Role.QUERY_OFFICER in actor.roles,
        "possible": bool(purposes_on_paper(gate, actor, shanghai_date(now))),
    }
    return _page(request, "papers", context, 200)


@requires_role(Role.QUERY_OFFICER)
@csrf_exempt  # checked inside, after the caller is known: the check reads the body, files and all
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest, open_gate: OpenGate) -> HttpResponse:
    """The form, for one purpose; POST registers."""
    gate = open_gate()
    if request.method != "POST":
        return _form(request, gate)
    with work_folder(gate.settings.home) as folder:
        try:
            file, problem = take_upload(request, folder, MOST_BYTES), None
        except XinshuError as refused:
            file, problem = None, refused
        return _register(request, gate, b"" if file is None else file.read(), problem)


@csrf_protect
def _register(request: HttpRequest, gate: Gate, scan: bytes, problem: XinshuError | None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    if problem is not None:  # before the gate could see it
        record_refusal(audit_entry(actor, PAPER_REGISTER, now, code=problem.code))
        return _form(request, gate, problem=problem, status=422)
    try:
        made = register(gate, actor, _paper(request, scan), now)
    except XinshuError as refused:
        return _form(request, gate, problem=refused, status=422)
    return HttpResponseRedirect(reverse("console-paper", args=[made.number]), status=303)


@requires_role(Role.QUERY_OFFICER, Role.QUERY_APPROVER)
@require_safe
def one(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """One consent: what was registered, by whom, who confirmed it, and what can be done about it."""
    return _one(request, open_gate(), number)


@requires_role(Role.QUERY_OFFICER, Role.QUERY_APPROVER)
@require_safe
def scan(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """The scan as a download; that it was looked at is on the record."""
    gate = open_gate()
    try:
        name, kind, content = scan_of(gate, actor_of(request), number, timezone.now())
    except XinshuError as refused:
        return _one(request, gate, number, problem=refused)
    told = HttpResponse(content, content_type=kind)
    told["Content-Disposition"] = f'attachment; filename="{name}"'
    told["Cache-Control"] = "no-store"
    return told


@requires_role(Role.QUERY_APPROVER)
@require_POST
def review(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """Confirm or send back, bound to the terms the page showed."""
    gate = open_gate()

    def work() -> None:
        decide_paper(
            gate,
            actor_of(request),
            number,
            approve=request.POST.get("decision") == "approve",
            shown=request.POST.get("shown", ""),
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )

    return _done(request, gate, number, work)


@requires_role(Role.QUERY_OFFICER, Role.QUERY_APPROVER)
@require_POST
def end(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """The person took it back."""
    gate, how = open_gate(), request.POST.get("how", "")
    return _done(request, gate, number, lambda: end_paper(actor_of(request), number, how, timezone.now()))


def _paper(request: HttpRequest, scan: bytes) -> Paper:
    given = _given(request)
    uses = given["max_uses"]
    return Paper(
        name=given["name"],
        code=given["code"],
        purpose=given["purpose"],
        items=frozenset(request.POST.getlist("item")),
        first=_day(given["first"]),
        last=_day(given["last"]),
        max_uses=int(uses) if uses.isascii() and uses.isdigit() and len(uses) < 7 else 0,
        document_no=given["document_no"],
        scan=scan,
        digest=given["digest"],
    )


def _given(request: HttpRequest) -> dict[str, str]:
    return {name: request.POST.get(name, "").strip() for name in _FIELDS}


def _day(text: str) -> date:
    """A day of the form; one that cannot be read is long over, which is refused."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        return _NO_DAY


def _form(request: HttpRequest, gate: Gate, *, problem: XinshuError | None = None, status: int = 200) -> HttpResponse:
    now = timezone.now()
    day = shanghai_date(now)
    purposes = purposes_on_paper(gate, actor_of(request), day)
    wanted = request.POST.get("purpose") or request.GET.get("purpose") or ""
    chosen = next((each for each in purposes if each.id == wanted), purposes[0] if len(purposes) == 1 else None)
    context = {
        "purposes": purposes,
        "chosen": chosen,
        "items": [] if chosen is None else _items(gate, chosen),
        "ticked": request.POST.getlist("item"),
        "given": _given(request),
        "today": day,
        "most": MOST_BYTES // 1024 // 1024,
        "longest": gate.limits(day).longest_use_days,
        "problem": problem,
    }
    return _page(request, "paper_new", context, status)


def _items(gate: Gate, purpose: Purpose) -> list[tuple[str, str, list[str]]]:
    """(item, its title, titles of its columns) of what a consent opens under a purpose."""
    columns, found = gate.columns(), dict[str, list[str]]()
    for key in consented(gate, purpose):
        found.setdefault(key[0], []).append(columns[key].title)
    return [(item, gate.catalogue[item].title, titles) for item, titles in found.items()]


def _one(request: HttpRequest, gate: Gate, number: str, *, problem: XinshuError | None = None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    look = paper_of_unit if problem is None else shown_paper
    try:
        line: PaperLine = look(gate, actor, number, now)
    except XinshuError as refused:
        return _page(request, "paper_refused", {"problem": refused}, _STATUS.get(refused.code, 422))
    context = {"line": line, "problem": problem, "ending": request.GET.get("end") == "1"}
    return _page(request, "paper", context, 200 if problem is None else _STATUS.get(problem.code, 422))


def _done(request: HttpRequest, gate: Gate, number: str, work: Callable[[], object]) -> HttpResponse:
    try:
        work()
    except StepUpRequired:
        return to_step_up(request)
    except XinshuError as refused:
        return _one(request, gate, number, problem=refused)
    return HttpResponseRedirect(reverse("console-paper", args=[number]), status=303)


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    told = render(request, f"console/{name}.html", {"section": "/c/consents", **context}, status=status)
    told["Cache-Control"] = "no-store"
    return told
