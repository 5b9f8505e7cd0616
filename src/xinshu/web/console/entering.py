"""Signing in after the password: the second factor, setting one up, a new password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import segno
from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.stagekit import stash_login
from allauth.mfa.base.views import AuthenticateView
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_http_methods

from xinshu.security.audit.services import record_refusal
from xinshu.security.identity.errors import FactorWrong
from xinshu.security.identity.factors import (
    MfaAdapter,
    activate_totp,
    new_recovery_codes,
    new_secret,
    note_factor,
)
from xinshu.security.identity.passwords import change_password
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of
from xinshu.security.identity.stages import FACTOR, PASSWORD
from xinshu.security.routes import public

_View = Callable[[HttpRequest], HttpResponse]


class SecondFactor(AuthenticateView):  # type: ignore[misc]
    """`/login/code`: a code of the app, a recovery code, or a security key."""

    template_name = "console/sign_in_code.html"

    def form_invalid(self, form: Any) -> HttpResponse:
        """The page again, 422; the refusal is recorded."""
        del form  # the context has it
        factor_refused(self.request, self.stage.login.user)
        answer: HttpResponse = self.render_to_response(self.get_context_data(), status=422)
        return answer

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth's context but for its `site`, which would hide ours; the keys only for who has one."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["keys"] = bool(context["js_data"]["request_options"]["publicKey"].get("allowCredentials"))
        context["problems"] = [
            each for form in (self.auth_form, self.webauthn_form) if form.is_bound for each in _problems(form)
        ]
        return {key: value for key, value in context.items() if key != "site"}


def _in_stage(stage: str) -> Callable[[_View], _View]:
    """Only while signing in, at that stage; others are sent to the beginning."""
    decorate: Callable[[_View], _View] = login_stage_required(stage=stage, redirect_urlname="account_login")
    return decorate


second_factor = public(SecondFactor.as_view())


def _problems(form: Any) -> list[str]:
    return [str(each) for errors in form.errors.values() for each in errors]


@public
@_in_stage(FACTOR)
@require_http_methods(["GET", "HEAD", "POST"])
def set_up_factor(request: HttpRequest) -> HttpResponse:
    """`/login/factor`: a new secret is shown, a code of it taken; then the recovery codes, once."""
    stage = request._login_stage  # type: ignore[attr-defined]
    user, state = stage.login.user, stage.state
    if "codes" in state:
        if request.method == "POST":
            del state["codes"]
            note_factor(request, user, "totp")
            return _answer(stage.done())
        return render(request, "console/recovery_codes.html", {"codes": state["codes"]})
    secret = request.session.setdefault("xinshu.totp", new_secret())
    problem = ""
    if request.method == "POST":
        if activate_totp(user, secret, request.POST.get("code", ""), timezone.now()):
            del request.session["xinshu.totp"]
            state["codes"] = new_recovery_codes(user)
            _keep(request, stage)
            return render(request, "console/recovery_codes.html", {"codes": state["codes"]})
        problem = "验证码不正确。核对手机时间是否准确，输入最新的 6 位数字。"
        factor_refused(request, user)
    return render(
        request,
        "console/sign_in_factor.html",
        {"secret": grouped(secret), "picture": picture(user, secret), "problem": problem},
        status=422 if problem else 200,
    )


@public
@_in_stage(PASSWORD)
@require_http_methods(["GET", "HEAD", "POST"])
def new_password(request: HttpRequest) -> HttpResponse:
    """`/login/password`: a password of one's own in place of a one-time or old one."""
    stage = request._login_stage  # type: ignore[attr-defined]
    problems: list[str] = []
    if request.method == "POST":
        problems = take_password(stage.login.user, request)
        if not problems:
            return _answer(stage.exit())
    return render(request, "console/sign_in_password.html", {"problems": problems}, status=422 if problems else 200)


def take_password(user: Any, request: HttpRequest) -> list[str]:
    """Set the password of a form (`new`, `again`); what is wrong with it, in words."""
    new = request.POST.get("new", "")
    if new != request.POST.get("again", ""):
        return ["两次输入的口令不一致"]
    try:
        change_password(user, new, timezone.now())
    except ValidationError as refused:
        return list(refused.messages)
    return []


def factor_refused(request: HttpRequest, user: Any) -> None:
    """A wrong second factor, on the record."""
    record_refusal(
        audit_entry(
            actor_of(request),
            "identity.sign_in",
            timezone.now(),
            code=FactorWrong.code,
            detail={"account": str(user.pk)},
        )
    )


def picture(user: Any, secret: str) -> SafeString:
    """The QR code of a secret for an authenticator app, as SVG."""
    code = segno.make(MfaAdapter().build_totp_url(user, secret), error="m")
    return mark_safe(code.svg_inline(scale=4, svgclass="qr", lineclass=None, omitsize=False))  # noqa: S308 - segno's


def grouped(secret: str) -> str:
    """A secret in groups of four, to be typed."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def _keep(request: HttpRequest, stage: Any) -> None:
    """allauth keeps the login between requests in the session: with what the stage knows now."""
    stash_login(request, stage.login)


def _answer(response: Any) -> HttpResponse:
    """allauth's answer, typed."""
    found: HttpResponse = response
    return found
