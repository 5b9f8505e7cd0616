"""`/c/query`: the desk of queries. Scene, purpose and basis first; then subjects; a result bears its watermark.

A page of a result is made for the request that asked and kept nowhere; it is not on a list and has no address.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from xinshu.disclosure.asking import Answer, carry_out
from xinshu.disclosure.asking import query as ask
from xinshu.disclosure.domain import Asked, Request, State
from xinshu.disclosure.downloads import confirm_destroyed, fetch, file_end, forms_of, make_link
from xinshu.disclosure.errors import AlreadyDecided, GroundsGone, LinkUnknown, NotRegistered
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.queries import STATE_WORDS, looked_at, my_queries, purposes_of, registered, shown_query
from xinshu.disclosure.review import approvals_of, decide_query, edit, waiting_for, withdraw
from xinshu.disclosure.tables import OUTCOMES
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import Role
from xinshu.security.identity.requests import actor_of
from xinshu.security.policy import StepUpRequired
from xinshu.security.routes import requires_role
from xinshu.web.console.own_account import to_step_up
from xinshu.web.console.shown import groups_of

OpenGate = Callable[[], Gate]
_STATUS = {NotRegistered.code: 404, LinkUnknown.code: 404, GroundsGone.code: 403}
_EDITABLE = ("legal_basis", "matter_no", "use", "destroy_by")
_FIELDS = ("purpose", "legal_basis", "matter_no", "kind", "subjects", "use", "destroy_by")


def routes(open_gate: OpenGate) -> list[URLPattern]:
    """The routes; the gate is opened when first needed."""
    given = {"open_gate": open_gate}
    own = "c/query/<str:number>"
    return [
        path("c/query", desk, given, name="console-query"),
        path("c/query/file/<str:token>", file, given, name="console-query-file"),
        path(own, one, given, name="console-query-one"),
        path(f"{own}/edit", change, given, name="console-query-edit"),
        path(f"{own}/withdraw", take_back, given, name="console-query-withdraw"),
        path(f"{own}/review", review, given, name="console-query-review"),
        path(f"{own}/answer", answer, given, name="console-query-answer"),
        path(f"{own}/link", link, given, name="console-query-link"),
        path(f"{own}/destroy", destroy, given, name="console-query-destroy"),
    ]


@requires_role(Role.QUERY_OFFICER, Role.QUERY_APPROVER)
@require_http_methods(["GET", "HEAD", "POST"])
def desk(request: HttpRequest, open_gate: OpenGate) -> HttpResponse:
    """The form, the caller's queries and what waits for him; POST asks."""
    gate = open_gate()
    if request.method != "POST":
        return _desk(request, gate)
    try:
        found = ask(gate, actor_of(request), _request(request), timezone.now())
    except XinshuError as refused:
        return _desk(request, gate, problem=refused, status=422)
    return _answered(request, gate, found)


@requires_role(Role.QUERY_OFFICER, Role.QUERY_APPROVER)
@require_safe
def one(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """A query as it stands: what was registered, decisions, copies; never its data."""
    return _one(request, open_gate(), number)


@requires_role(Role.QUERY_APPROVER)
@require_POST
def review(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """Approve or send back, naming the counts the page showed."""
    counts = [request.POST.get(name, "") for name in ("field_count", "subject_count")]
    fields, subjects = (int(each) if each.isascii() and each.isdigit() else -1 for each in counts)

    def decide() -> None:
        decide_query(
            open_gate(),
            actor_of(request),
            number,
            approve=request.POST.get("decision") == "approve",
            field_count=fields,
            subject_count=subjects,
            reason=request.POST.get("reason", ""),
            now=timezone.now(),
        )

    return _done(request, open_gate(), number, decide)


@requires_role(Role.QUERY_OFFICER)
@require_POST
def answer(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """The result of a single query that was approved; once."""
    gate = open_gate()
    try:
        found = carry_out(gate, actor_of(request), number, timezone.now())
    except XinshuError as refused:
        return _one(request, gate, number, problem=refused)
    return _answered(request, gate, found)


@requires_role(Role.QUERY_OFFICER)
@require_POST
def link(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """Make a link for this session and go there."""
    gate = open_gate()
    try:
        token = make_link(gate, actor_of(request), number, request.POST.get("form", ""), timezone.now())
    except StepUpRequired:
        return to_step_up(request)
    except XinshuError as refused:
        return _one(request, gate, number, problem=refused)
    return HttpResponseRedirect(reverse("console-query-file", args=[token]), status=303)


@requires_role(Role.QUERY_OFFICER)
@require_safe
def file(request: HttpRequest, open_gate: OpenGate, token: str) -> HttpResponse:
    """The copy behind a link."""
    try:
        found = fetch(open_gate(), actor_of(request), token, timezone.now())
    except StepUpRequired:
        return to_step_up(request)
    except XinshuError as refused:
        return _refused(request, refused)
    told = HttpResponse(found.content, content_type=found.type)
    told["Content-Disposition"] = f'attachment; filename="{found.name}"'
    told["Cache-Control"] = "no-store"
    return told


@requires_role(Role.QUERY_OFFICER)
@require_POST
def destroy(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """The requester confirms that his copies are gone."""
    gate, how = open_gate(), request.POST.get("how", "")
    return _done(request, gate, number, lambda: confirm_destroyed(gate, actor_of(request), number, how, timezone.now()))


@requires_role(Role.QUERY_OFFICER)
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """What a registered query says may be changed before it is carried out; POST changes it, which voids its approvals."""
    gate = open_gate()
    if request.method != "POST":
        return _edit_page(request, gate, number)
    given = {name: request.POST.get(name, "").strip() for name in _EDITABLE}
    try:
        edit(
            gate,
            actor_of(request),
            number,
            timezone.now(),
            use=given["use"],
            destroy_by=_day(given["destroy_by"]),
            matter_no=given["matter_no"],
            legal_basis=given["legal_basis"],
        )
    except XinshuError as refused:
        return _edit_page(request, gate, number, problem=refused)
    return HttpResponseRedirect(reverse("console-query-one", args=[number]), status=303)


@requires_role(Role.QUERY_OFFICER)
@require_POST
def take_back(request: HttpRequest, open_gate: OpenGate, number: str) -> HttpResponse:
    """The requester takes a query back before it is carried out."""
    return _done(request, open_gate(), number, lambda: withdraw(actor_of(request), number, timezone.now()))


def _request(request: HttpRequest) -> Request:
    given = {name: request.POST.get(name, "").strip() for name in _FIELDS}
    kind = "person" if given["kind"] == "person" else "organisation"
    codes = [line.strip() for line in given["subjects"].splitlines() if line.strip()]
    return Request(
        purpose=given["purpose"],
        legal_basis=given["legal_basis"],
        matter_no=given["matter_no"],
        subjects=tuple(Asked(kind, code) for code in codes),  # type: ignore[arg-type]
        use=given["use"],
        destroy_by=_day(given["destroy_by"]),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _desk(request: HttpRequest, gate: Gate, *, problem: XinshuError | None = None, status: int = 200) -> HttpResponse:
    actor, day = actor_of(request), shanghai_date(timezone.now())
    officer = Role.QUERY_OFFICER in actor.roles
    context = {
        "officer": officer,
        "purposes": purposes_of(gate, actor, day) if officer else [],
        "limits": gate.limits(day),
        "given": {name: request.POST.get(name, "") for name in _FIELDS},
        "mine": [_line(gate, each) for each in my_queries(actor)],
        "waiting": [_line(gate, each) for each in waiting_for(actor)],
        "problem": problem,
    }
    return _page(request, "query", context, status)


def _answered(request: HttpRequest, gate: Gate, found: Answer) -> HttpResponse:
    if found.result is None:
        return HttpResponseRedirect(reverse("console-query-one", args=[found.number]), status=303)
    actor = actor_of(request)
    ticket = shown_query(actor, found.number)
    if gate.purpose(ticket.purpose, shanghai_date(timezone.now())).sealed:
        return HttpResponseRedirect(reverse("console-query-one", args=[found.number]), status=303)
    subjects = [
        {"subject": each, "outcome": OUTCOMES[each.outcome], "groups": groups_of(gate, each)}
        for each in found.result.subjects
    ]
    unit = gate.units()[actor.unit].name
    context = {
        "ticket": ticket,
        "result": found.result,
        "subjects": subjects,
        "unit": unit,
        "forms": forms_of(gate, ticket),
    }
    return _page(request, "query_result", context, 200)


def _one(request: HttpRequest, gate: Gate, number: str, *, problem: XinshuError | None = None) -> HttpResponse:
    actor = actor_of(request)
    try:
        ticket = looked_at(actor, number, timezone.now()) if problem is None else shown_query(actor, number)
    except NotRegistered as unknown:
        return _refused(request, unknown)
    done = ticket.state == State.DONE
    mine = ticket.requester == actor.id
    context = {
        "line": _line(gate, ticket),
        "ticket": ticket,
        "mine": mine,
        "approvals": [(each, each.version == ticket.version) for each in approvals_of(ticket)],
        "may_change": mine and ticket.state in {State.WAITING, State.READY} and Role.QUERY_OFFICER in actor.roles,
        "ending": request.GET.get("end") == "1",
        "asked": registered(gate, ticket),
        "may_review": ticket.state == State.WAITING
        and Role.QUERY_APPROVER in actor.roles
        and actor.person != ticket.person,
        "may_answer": mine and ticket.state == State.READY and ticket.kind == "single",
        "forms": forms_of(gate, ticket) if mine and done else [],
        "sealed": gate.purpose(ticket.purpose, shanghai_date(ticket.registered_at)).sealed,
        "file_end": file_end(gate, ticket) if done else None,
        "fetches": gate.limits(shanghai_date(timezone.now())).fetches,
        "problem": problem,
    }
    status = 200 if problem is None else _STATUS.get(problem.code, 422)
    return _page(request, "query_one", context, status)


def _edit_page(request: HttpRequest, gate: Gate, number: str, *, problem: XinshuError | None = None) -> HttpResponse:
    """The form; for a query that cannot be changed any more, and for another's, the page that says so."""
    actor = actor_of(request)
    try:
        ticket = looked_at(actor, number, timezone.now()) if problem is None else shown_query(actor, number)
        if ticket.requester != actor.id:
            raise NotRegistered
    except NotRegistered as unknown:
        return _refused(request, unknown)
    if ticket.state not in {State.WAITING, State.READY}:
        return _one(request, gate, number, problem=problem or AlreadyDecided())
    given = {name: request.POST.get(name, "") if problem else getattr(ticket, name) for name in _EDITABLE}
    approved = any(each.approved and each.version == ticket.version for each in approvals_of(ticket))
    context = {"line": _line(gate, ticket), "ticket": ticket, "given": given, "approved": approved, "problem": problem}
    return _page(request, "query_edit", context, 200 if problem is None else _STATUS.get(problem.code, 422))


def _line(gate: Gate, ticket: Any) -> dict[str, Any]:
    """A query in a list: its purpose and state in words."""
    found = gate.rules.purpose(ticket.purpose, shanghai_date(ticket.registered_at))
    return {
        "ticket": ticket,
        "purpose": ticket.purpose if found is None else found.title,
        "state": STATE_WORDS[State(ticket.state)],
    }


def _done(request: HttpRequest, gate: Gate, number: str, work: Callable[[], None]) -> HttpResponse:
    """Do it and go back to the query, or show why not."""
    try:
        work()
    except StepUpRequired:
        return to_step_up(request)
    except XinshuError as refused:
        return _one(request, gate, number, problem=refused)
    return HttpResponseRedirect(reverse("console-query-one", args=[number]), status=303)


def _refused(request: HttpRequest, refused: XinshuError) -> HttpResponse:
    return _page(request, "query_refused", {"problem": refused}, _STATUS.get(refused.code, 422))


def _page(request: HttpRequest, name: str, context: dict[str, Any], status: int) -> HttpResponse:
    told = render(request, f"console/{name}.html", context, status=status)
    told["Cache-Control"] = "no-store"
    return told
