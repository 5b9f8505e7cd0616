"""Who may call: the statements on views and what they do."""

from __future__ import annotations

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.test import RequestFactory

from xinshu.security.audit.models import Entry
from xinshu.security.domain import Role
from xinshu.security.routes import authorisation_of, public, requires_role


def _view(_request):
    return HttpResponse("seen")


def _call(view, user):
    request = RequestFactory().get("/c/batches?page=2")
    request.user = user
    return view(request)


def _user(role: Role, *, active: bool = True):
    return SimpleNamespace(is_authenticated=True, is_active=active, roles=frozenset({role}))


def test_a_user_with_one_of_the_roles_comes_in():
    view = requires_role(Role.OPERATOR, Role.REPORTER)(_view)
    assert _call(view, _user(Role.REPORTER)).content == b"seen"
    assert authorisation_of(view).roles == {Role.OPERATOR, Role.REPORTER}


def test_a_stranger_is_sent_to_sign_in_and_back():
    answer = _call(requires_role(Role.OPERATOR)(_view), AnonymousUser())
    assert answer.status_code == 302
    assert answer["Location"] == "/login?next=/c/batches%3Fpage%3D2"


@pytest.mark.parametrize(
    "user",
    [
        pytest.param(_user(Role.REPORTER), id="another role"),
        pytest.param(_user(Role.OPERATOR, active=False), id="switched off"),
    ],
)
def test_others_are_refused_and_that_is_recorded(database, user):
    with pytest.raises(PermissionDenied):
        _call(requires_role(Role.OPERATOR)(_view), user)
    stored = Entry.objects.get()
    assert (stored.action, stored.outcome, stored.code) == ("identity.refused", "refused", "policy.role_missing")


def test_a_role_must_be_named():
    with pytest.raises(ValueError, match="role"):
        requires_role()


def test_only_a_statement_of_ours_counts():
    def forged(_request):
        return HttpResponse()

    forged.authorisation = "public"
    assert authorisation_of(forged) is None
    assert authorisation_of(public(lambda request: HttpResponse())).public


@pytest.mark.parametrize(
    ("settings", "urls"),
    [
        ("xinshu.project.settings", "xinshu.project.urls"),
        ("xinshu.project.gateway.settings", "xinshu.project.gateway.urls"),
    ],
)
def test_each_process_loads_its_routes_by_its_own_settings(settings, urls):
    """In a process of its own: here the website's apps are all there, which the gateway does without."""
    script = f"import django, importlib; django.setup(); print(len(importlib.import_module({urls!r}).urlpatterns))"
    told = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": settings},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    assert int(told.stdout) > 5
