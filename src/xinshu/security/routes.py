"""What a route demands of its caller, stated on the view. A test walks every URLconf: no view without a statement.

This is the coarse gate at the door. Whether a caller may see one record is decided where the record is read.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from xinshu.security.domain import Role

_View = TypeVar("_View", bound=Callable[..., HttpResponseBase])


@dataclass(frozen=True, slots=True)
class Authorisation:
    """Who may call. `roles` empty and not `public`: nobody."""

    public: bool
    roles: frozenset[Role] = frozenset()


def public(view: _View) -> _View:
    """Anybody may call this view; for a class give `public(SomeView.as_view())`."""
    view.authorisation = Authorisation(public=True)  # type: ignore[attr-defined]
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
                return redirect_to_login(request.get_full_path())
            if not request.user.is_active or request.user.role not in allowed:
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded.authorisation = Authorisation(public=False, roles=allowed)  # type: ignore[attr-defined]
        return guarded

    return decorate


def authorisation_of(view: object) -> Authorisation | None:
    """What the view states, or None when it states nothing."""
    stated = getattr(view, "authorisation", None)
    return stated if isinstance(stated, Authorisation) else None
