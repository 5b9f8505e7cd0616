"""`/login/enterprise`: coming in by the province's unified sign-in."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from xinshu.security.audit.services import record_refusal
from xinshu.security.domain import Role
from xinshu.security.identity.enterprise import known_or_new
from xinshu.security.identity.errors import IdentityProviderRefused
from xinshu.security.identity.provider import ask, available, take
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.reidentifying import STEP_UP, can_identify_again, identified_again, remember
from xinshu.security.identity.requests import actor_of
from xinshu.security.routes import public, requires_role

HOME, SIGN_IN = "/me", "identity.sign_in"


@public
@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider; back to `next`, a page of ours."""
    if not available():
        raise Http404
    there = _ours(request)
    try:
        return redirect(ask(request, there, timezone.now()))
    except IdentityProviderRefused as refused:
        return _refused(request, refused)


@requires_role(Role.ENTERPRISE)
@never_cache
@require_safe
def again(request: HttpRequest) -> HttpResponse:
    """To the provider once more, for what asks for a person who identified himself just now; back to `next`."""
    user: Any = request.user
    if not can_identify_again(user):
        raise Http404
    there = _ours(request)
    try:
        return redirect(ask(request, there, timezone.now(), again=str(user.pk)))
    except IdentityProviderRefused as refused:
        refused.again = True
        return _refused(request, refused)


@public
@never_cache
@require_safe
def back(request: HttpRequest) -> HttpResponse:
    """From the provider: signed in, or told that it did not work; the reason is on the record."""
    if not available():
        raise Http404
    now = timezone.now()
    try:
        answer = take(request, now)
        if answer.again:
            identified_again(request, answer, now)
            return redirect(answer.next)
        user = known_or_new(answer.claims, now)
    except IdentityProviderRefused as refused:
        return _refused(request, refused)
    told: HttpResponse = perform_login(request, Login(user=user, redirect_url=answer.next))
    remember(request, user, answer)
    return told


def _ours(request: HttpRequest) -> str:
    """Where to go afterwards: `next`, if it is a page of ours."""
    there = request.GET.get("next", "")
    return there if url_has_allowed_host_and_scheme(there, {request.get_host()}, request.is_secure()) else HOME


def _refused(request: HttpRequest, refused: IdentityProviderRefused) -> HttpResponse:
    record_refusal(
        audit_entry(
            actor_of(request),
            STEP_UP if refused.again else SIGN_IN,
            timezone.now(),
            code=refused.code,
            detail={"reason": refused.reason},
        )
    )
    context = {"problem": refused, "again": refused.again}
    return render(request, "space/refused.html", context, status=403)
