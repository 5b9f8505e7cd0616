"""`/c/account`: one's own posts, password, second factors and sessions; and `/c/step-up`."""

from __future__ import annotations

from typing import Any

from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm
from allauth.mfa.webauthn.internal import auth as webauthn
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from xinshu.security.audit.services import record
from xinshu.security.domain import ROLE_WORDS, Role
from xinshu.security.identity.factors import (
    accept_code,
    activate_totp,
    has_second_factor,
    needs_second_factor,
    new_recovery_codes,
    new_secret,
    note_factor,
)
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of, session_name
from xinshu.security.identity.sessions import End, end, end_all, go_on, open_sessions, rotate
from xinshu.security.matrix import STEP_UP
from xinshu.security.routes import requires_sign_in
from xinshu.web.console.entering import factor_refused, grouped, picture, take_password

_IN_SPACE, _IN_CONSOLE = "space/account_frame.html", "console/account_frame.html"
_ASK_SECRET = "xinshu.totp.new"  # noqa: S105 - a key of the session


@requires_sign_in
@require_safe
def account(request: HttpRequest) -> HttpResponse:
    """The page."""
    return _page(request)


@requires_sign_in
@require_POST
def password(request: HttpRequest) -> HttpResponse:
    """Another password, shown the present one; all other sessions end."""
    user: Any = request.user
    if not user.check_password(request.POST.get("old", "")):
        return _page(request, problem="原口令不正确")
    problems = take_password(user, request)
    if problems:
        return _page(request, problem="；".join(problems))
    _noted(request, "password")
    end_all(user, End.PASSWORD, timezone.now(), but=session_name(request.session.session_key or ""))
    go_on(request, user)
    return _done(request, "口令已更换，其他会话已结束")


@requires_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def app(request: HttpRequest) -> HttpResponse:
    """`/c/account/app`: another authenticator app in place of the present one, after a step-up."""
    user: Any = request.user
    if has_second_factor(user) and not _fresh(request):
        return to_step_up(request)
    secret = request.session.setdefault(_ASK_SECRET, new_secret())
    problem = ""
    if request.method == "POST":
        if activate_totp(user, secret, request.POST.get("code", ""), timezone.now()):
            del request.session[_ASK_SECRET]
            note_factor(request, user, "totp")
            _noted(request, "totp")
            return render(request, "console/account_codes.html", {"codes": new_recovery_codes(user)})
        problem = "验证码不正确。核对手机时间是否准确，输入最新的 6 位数字。"
        factor_refused(request, user)
    context = {"secret": grouped(secret), "picture": picture(user, secret), "problem": problem}
    return render(request, "console/account_app.html", context, status=422 if problem else 200)


@requires_sign_in
@require_POST
def recovery(request: HttpRequest) -> HttpResponse:
    """New recovery codes, after a step-up."""
    if not _fresh(request):
        return to_step_up(request)
    _noted(request, "recovery_codes")
    return render(request, "console/account_codes.html", {"codes": new_recovery_codes(_user(request))})


@requires_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def key(request: HttpRequest) -> HttpResponse:
    """`/c/account/key`: a security key (WebAuthn) is added, after a step-up."""
    user: Any = request.user
    if has_second_factor(user) and not _fresh(request):
        return to_step_up(request)
    form = AddWebAuthnForm(user=user, data=request.POST or None)
    if request.method == "POST" and form.is_valid():
        webauthn.WebAuthn.add(user, form.cleaned_data["name"][:60], form.cleaned_data["credential"])
        _noted(request, "webauthn")
        return _done(request, "安全密钥已登记")
    bad = request.method == "POST"
    context = {"options": webauthn.begin_registration(user, passwordless=False), "bad": bad}
    return render(request, "console/account_key.html", context, status=422 if bad else 200)


@requires_sign_in
@require_POST
def remove_key(request: HttpRequest, number: int) -> HttpResponse:
    """A security key of one's own is removed, after a step-up; never the last factor of one who needs one."""
    user: Any = request.user
    found = Authenticator.objects.filter(user_id=user.pk, pk=number, type=Authenticator.Type.WEBAUTHN).first()
    if found is None:
        raise Http404
    if not _fresh(request):
        return to_step_up(request)
    others = Authenticator.objects.filter(user_id=user.pk).exclude(pk=number)
    left = others.exclude(type=Authenticator.Type.RECOVERY_CODES)
    if needs_second_factor(user) and not left.exists():
        return _page(request, problem="这是最后一个第二因素，先登记另一个再删除")
    found.delete()
    _noted(request, "webauthn_removed")
    return _done(request, "安全密钥已删除")


@requires_sign_in
@require_POST
def end_session(request: HttpRequest, name: str) -> HttpResponse:
    """Another session of one's own is ended."""
    found = [each for each in open_sessions(_user(request)) if each.name == name]
    if not found:
        raise Http404
    end(found[0], End.BY_USER, timezone.now())
    return _done(request, "会话已结束")


@requires_sign_in
@require_http_methods(["GET", "HEAD", "POST"])
def step_up(request: HttpRequest) -> HttpResponse:
    """The second factor again, for what asks for a fresh one; the session gets another key."""
    user: Any = request.user
    there = request.POST.get("next") or request.GET.get("next") or ""
    if not url_has_allowed_host_and_scheme(there, {request.get_host()}, request.is_secure()):
        there = "/c/account"
    problem = ""
    if request.method == "POST":
        problem = _show_factor(request, user)
        if not problem:
            return redirect(there)
        factor_refused(request, user)
    keys = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN).exists()
    context = {
        "next": there,
        "problem": problem,
        "none": not has_second_factor(user),
        "options": webauthn.begin_authentication(user) if keys else None,
    }
    return render(request, "console/step_up.html", context, status=422 if problem else 200)


def to_step_up(request: HttpRequest) -> HttpResponse:
    """A page, 403, that leads to the step-up and back."""
    there = request.get_full_path() if request.method in {"GET", "HEAD"} else request.headers.get("Referer", "")
    return render(request, "console/step_up_needed.html", {"next": there}, status=403)


def _show_factor(request: HttpRequest, user: Any) -> str:
    """Take the factor of the form; what is wrong with it, in words."""
    try:
        clear = check_rate_limit(user)
        if request.POST.get("credential"):
            form = AuthenticateWebAuthnForm(user=user, data=request.POST)
            kind = "webauthn" if form.is_valid() else ""
        else:
            found = accept_code(user, request.POST.get("code", ""), timezone.now())
            kind = "" if found is None else str(found.type)
    except ValidationError as refused:
        return str(refused.messages[0])
    if not kind:
        return "验证码不正确。每个动态口令只能使用一次，请等待下一个。"
    clear()
    with transaction.atomic():
        rotate(request)
        note_factor(request, user, kind)
        record(audit_entry(actor_of(request), "identity.step_up", timezone.now()))
    return ""


def _fresh(request: HttpRequest) -> bool:
    shown = actor_of(request).second_factor_at
    return shown is not None and timezone.now() - shown <= STEP_UP


def _noted(request: HttpRequest, kind: str) -> None:
    with transaction.atomic():
        record(audit_entry(actor_of(request), "identity.factor", timezone.now(), detail={"kind": kind}))


def _done(request: HttpRequest, text: str) -> HttpResponse:
    request.session["xinshu.done"] = text
    return redirect("account")


def _user(request: HttpRequest) -> Any:
    return request.user


def _page(request: HttpRequest, problem: str = "") -> HttpResponse:
    user: Any = request.user
    kinds = {each.type: each for each in Authenticator.objects.filter(user_id=user.pk)}
    context = {
        "frame": _IN_SPACE if user.roles == {Role.ENTERPRISE} else _IN_CONSOLE,
        "problem": problem,
        "done": "" if problem else request.session.pop("xinshu.done", ""),
        "own_password": user.has_usable_password(),
        "posts": [{"word": ROLE_WORDS[each], "role": each} for each in ROLE_WORDS if each in user.roles],
        "app": kinds.get(Authenticator.Type.TOTP),
        "codes": kinds.get(Authenticator.Type.RECOVERY_CODES),
        "keys": Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN),
        "sessions": open_sessions(user),
        "this": session_name(request.session.session_key or ""),
    }
    return render(request, "console/account.html", context, status=422 if problem else 200)
