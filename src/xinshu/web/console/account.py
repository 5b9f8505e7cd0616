"""Signing in and out, by allauth; no sign-up, no e-mail. And the pages that tell a person to come in otherwise."""

from __future__ import annotations

from typing import Any

from allauth.account.views import LoginView, LogoutView
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from xinshu.security.identity.provider import available
from xinshu.security.identity.reidentifying import way_out
from xinshu.security.routes import public


class SignIn(LoginView):  # type: ignore[misc]
    """`/login`: user name and password, in our words."""

    template_name = "console/sign_in.html"

    def get_form(self, form_class: type | None = None) -> Any:
        """allauth's form, its fields named as in the rest of the console and tied to their error."""
        form = super().get_form(form_class)
        form.fields["login"].label, form.fields["password"].label = "用户名", "口令"
        for field in form.fields.values():
            field.widget.attrs = {
                **{key: value for key, value in field.widget.attrs.items() if key != "placeholder"},
                "class": "input",
            }
            if form.is_bound and form.errors:
                field.widget.attrs |= {"aria-describedby": "sign-in-error", "aria-invalid": "true"}
            field.error_messages["required"] = f"请填写{field.label}"
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """allauth's context but for its `site`, which would hide ours."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        context["enterprise"] = available()
        return {key: value for key, value in context.items() if key != "site"}

    def form_invalid(self, form: Any) -> HttpResponse:
        """The page again, 422: browsers and programs see that nobody was signed in."""
        answer: HttpResponse = self.render_to_response(self.get_context_data(form=form), status=422)
        return answer


class SignOut(LogoutView):  # type: ignore[misc]
    """`/logout`: our session ends first; who came in by the province's provider is then led there to end its session too.

    A page leads there, since a form may not (CSP form-action); whether the provider answers changes nothing here.
    """

    def post(self, *args: Any, **kwargs: Any) -> HttpResponse:
        """End the session."""
        there = way_out(self.request)
        told: HttpResponse = super().post(*args, **kwargs)
        if not there:
            return told
        page = render(self.request, "console/signed_out.html", {"there": there})
        page["Cache-Control"] = "no-store"
        return page


sign_in = public(SignIn.as_view())
sign_out = public(require_POST(SignOut.as_view()))


@public
@never_cache
def expired(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the right token, usually from a page left open too long: 403, nothing was changed."""
    del reason  # Django names it
    return render(request, "console/expired.html", status=403)


@never_cache
def too_many(request: HttpRequest) -> HttpResponse:
    """Too many requests to the sign-in page from one place: 429."""
    answer = render(request, "console/too_many.html", status=429)
    answer["Retry-After"] = "60"
    return answer
