"""`/c/iam` 组织与权限: accounts, their posts, and changes of posts that one proposes and another decides."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from xinshu.kernel.errors import XinshuError
from xinshu.security.domain import ADMINISTRATORS, ROLE_WORDS, Role
from xinshu.security.identity.accounts import create_account, renew_password, switch_account
from xinshu.security.identity.changes import Proposal, decide_change, propose, withdraw
from xinshu.security.identity.errors import ChangeUnknown
from xinshu.security.identity.overview import account_lines, changes
from xinshu.security.identity.requests import actor_of
from xinshu.security.policy import StepUpRequired, decide
from xinshu.security.queries import organisations
from xinshu.security.routes import requires_role
from xinshu.web.console.own_account import to_step_up

_PER_PAGE = 50
_WORDS = {role.value: word for role, word in ROLE_WORDS.items() if role is not Role.ENTERPRISE}


@requires_role(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
@require_safe
def iam(request: HttpRequest) -> HttpResponse:
    """The page: proposals that wait, accounts, and the forms of what the caller may do."""
    return _page(request)


@requires_role(Role.SYSTEM_ADMIN)
@require_POST
def make_account(request: HttpRequest) -> HttpResponse:
    """An account without posts; its one-time password is shown this once."""

    def act() -> HttpResponse:
        made = create_account(
            actor_of(request),
            request.POST.get("username", ""),
            display_name=request.POST.get("name", ""),
            organisation=request.POST.get("organisation", ""),
            now=timezone.now(),
            same_person_as=_uuid(request.POST.get("same", "")),
            id_number=request.POST.get("id_number", "").strip(),
        )
        return render(request, "console/iam_password.html", {"made": made})

    return _try(request, act)


@requires_role(Role.SYSTEM_ADMIN)
@require_POST
def switch(request: HttpRequest, user: UUID) -> HttpResponse:
    """Disable, enable, or give a new one-time password."""

    def act() -> HttpResponse:
        actor, now, verb = actor_of(request), timezone.now(), request.POST.get("verb", "")
        if verb == "password":
            return render(request, "console/iam_password.html", {"made": renew_password(actor, user, now)})
        switch_account(actor, user, now, active=verb == "on")
        return redirect("iam")

    return _try(request, act)


@requires_role(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
@require_POST
def put_forward(request: HttpRequest) -> HttpResponse:
    """Propose a post to be given or ended."""

    def act() -> HttpResponse:
        user, role = _uuid(request.POST.get("user", "")), request.POST.get("role", "")
        if user is None or role not in _WORDS:
            raise ChangeUnknown
        propose(
            actor_of(request),
            Proposal(
                user=user,
                role=Role(role),
                give=request.POST.get("kind") != "end",
                reason=request.POST.get("reason", ""),
                items=request.POST.get("items", ""),
            ),
            timezone.now(),
        )
        return redirect("iam")

    return _try(request, act)


@requires_role(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
@require_POST
def settle(request: HttpRequest, change: UUID) -> HttpResponse:
    """Approve, refuse or withdraw a proposal."""

    def act() -> HttpResponse:
        actor, now, verb = actor_of(request), timezone.now(), request.POST.get("verb", "")
        version = request.POST.get("version", "")
        if verb == "withdraw":
            withdraw(actor, change, now)
        else:
            number = int(version) if version.isascii() and version.isdigit() else 0
            decide_change(actor, change, number, now, approve=verb == "approve")
        return redirect("iam")

    return _try(request, act)


def _try(request: HttpRequest, act: Callable[[], HttpResponse]) -> HttpResponse:
    """Do it; a refusal is told on the page, an unknown object as any unknown address, a stale factor by the step-up."""
    try:
        return act()
    except ChangeUnknown:
        raise Http404 from None
    except StepUpRequired:
        return to_step_up(request)
    except XinshuError as refused:
        return _page(request, refused)


def _page(request: HttpRequest, problem: XinshuError | None = None) -> HttpResponse:
    actor, now = actor_of(request), timezone.now()
    query, number = request.GET.get("q", "").strip(), request.GET.get("page", "1")
    page = max(1, int(number)) if number.isascii() and number.isdigit() and len(number) < 6 else 1
    enterprise = request.GET.get("of") == "enterprise"
    found, total = account_lines(query, (page - 1) * _PER_PAGE, _PER_PAGE, enterprise=enterprise)
    may: dict[str, Any] = {
        name: decide(actor, f"identity.{name}", now=now).code in {"", StepUpRequired.code}
        for name in ("account", "role_propose", "role_change")
    }
    context = {
        "problem": problem,
        "may": may,
        "me": actor.person,
        "accounts": found,
        "total": total,
        "query": query,
        "enterprise": enterprise,
        "of": "&of=enterprise" if enterprise else "",
        "number": page,
        "more": page * _PER_PAGE < total,
        "waiting": changes(state="proposed"),
        "settled": changes(state="", limit=20),
        "roles": _WORDS,
        "administrators": "、".join(ROLE_WORDS[each] for each in ROLE_WORDS if each in ADMINISTRATORS),
        "organisations": organisations(),
    }
    return render(request, "console/iam.html", context, status=422 if problem else 200)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
