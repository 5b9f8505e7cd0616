"""`/login/enterprise`: coming in by the province's unified sign-in."""

from __future__ import annotations

from allauth.account.internal.flows.login import perform_login
from allauth.account.models import Login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from xinshu.security.audit.services import record_refusal
from xinshu.security.identity.enterprise import known_or_new
from xinshu.security.identity.errors import IdentityProviderRefused
from xinshu.security.identity.provider import ask, available, take
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of
from xinshu.security.routes import public

HOME = "/me"


@public
@never_cache
@require_safe
def begin(request: HttpRequest) -> HttpResponse:
    """To the provider; back to `next`, a page of ours."""
    if not available():
        raise Http404
    there = request.GET.get("next", "")
    if not url_has_allowed_host_and_scheme(there, {request.get_host()}, request.is_secure()):
        there = HOME
    try:
        return redirect(ask(request, there))
    except IdentityProviderRefused as refused:
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
        user = known_or_new(answer.claims, now)
    except IdentityProviderRefused as refused:
        return _refused(request, refused)
    signed_in: HttpResponse = perform_login(request, Login(user=user, redirect_url=answer.next))
    return signed_in


def _refused(request: HttpRequest, refused: IdentityProviderRefused) -> HttpResponse:
    record_refusal(
        audit_entry(
            actor_of(request),
            "identity.sign_in",
            timezone.now(),
            code=refused.code,
            detail={"reason": refused.reason},
        )
    )
    return render(request, "space/refused.html", {"problem": refused}, status=403)
