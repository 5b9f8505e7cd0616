"""What a route demands of its caller, stated on the view. A test walks every URLconf: no view without a statement.

This is the coarse gate at the door. Whether a caller may see one record is decided where the record is read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import urlsplit

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone

from xinshu.security.audit.services import record_refusal
from xinshu.security.domain import Role
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of
from xinshu.security.policy import RoleMissing

_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Who may call. None of these: nobody. `key`: programs with an API key. `signed_in`: anybody who is, for his own."""

    public: bool
    roles: frozenset[Role] = frozenset()
    key: bool = False
    signed_in: bool = False


def public(view: _View) -> _View:
    """Anybody may call this view; for a class give `public(SomeView.as_view())`."""
    view.authorisation = Authorisation(public=True)  # type: ignore[attr-defined]
    return view


def requires_key(view: _View) -> _View:
    """Only programs with an API key. The view itself asks for the key: it is told as the interface tells errors."""
    view.authorisation = Authorisation(public=False, key=True)  # type: ignore[attr-defined]
    return view


def requires_sign_in(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Anybody signed in, for what is his own; strangers go to the sign-in page."""

    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not request.user.is_authenticated or not request.user.is_active:
            return _to_sign_in(request)
        return view(request, *args, **kwargs)

    guarded.authorisation = Authorisation(public=False, signed_in=True)  # type: ignore[attr-defined]
    return guarded


def passive(view: _View) -> _View:
    """A page asks for this by itself while it waits: such a request does not keep a session alive."""
    view.passive = True  # type: ignore[attr-defined]
    return view


def requires_role(*roles: Role) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Only signed-in, active users with one of the roles; others get 403, strangers go to the sign-in page.

    Raises ValueError when no role is named.
    """
    if not roles:
        raise ValueError("name at least one role")
    allowed = frozenset(roles)

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return _to_sign_in(request)
            if not request.user.is_active or not request.user.roles & allowed:
                _record(request)
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.authorisation = Authorisation(public=False, roles=allowed)  # type: ignore[attr-defined]
        return guarded

    return decorate


def _record(request: HttpRequest) -> None:
    """That somebody came to a door that is not his."""
    actor = actor_of(request)
    record_refusal(
        audit_entry(
            actor, "identity.refused", timezone.now(), code=RoleMissing.code, detail={"route": _route_of(request)}
        )
    )


def _route_of(request: HttpRequest) -> str:
    """The pattern of the address, without the ids in it."""
    return "" if request.resolver_match is None else request.resolver_match.route


def _to_sign_in(request: HttpRequest) -> HttpResponseBase:
    """To the sign-in page and back; a part of a page fetched by htmx takes the whole page there."""
    if request.headers.get("HX-Request") != "true":
        return redirect_to_login(request.get_full_path())
    there = urlsplit(request.headers.get("HX-Current-URL", "/"))
    answer = HttpResponse(status=401)
    answer["HX-Redirect"] = redirect_to_login(there.path or "/")["Location"]
    return answer


def authorisation_of(view: object) -> Authorisation | None:
    """What the view states, or None when it states nothing."""
    stated = getattr(view, "authorisation", None)
    return stated if isinstance(stated, Authorisation) else None
