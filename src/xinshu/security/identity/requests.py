"""Who acts in a request: the one place where a request becomes an `Actor`."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from xinshu.kernel.logs import current_trace
from xinshu.security.domain import Actor, Role
from xinshu.security.models import Mandate, User
from xinshu.security.rowsecurity import row_context

METHODS = "account_authentication_methods"  # allauth's record of what was shown in this session
_ASKING = frozenset({Role.QUERY_OFFICER, Role.QUERY_APPROVER, Role.OPERATOR})
PROVIDER = "provider"  # identified anew at the province's provider: an enterprise user's second look


def actor_of(request: HttpRequest) -> Actor:
    """The user of a request in the posts he holds now; without roles for a stranger or a disabled account."""
    user = getattr(request, "user", None)
    address = address_of(request)
    if not isinstance(user, User) or not user.is_active:
        return Actor(
            id="", name="", roles=frozenset(), unit="", region="", person="", address=address, trace=current_trace()
        )
    return Actor(
        id=str(user.pk),
        name=user.display_name,
        roles=user.roles,
        unit=user.organisation_id or "",
        region="" if user.organisation is None else user.organisation.region,
        person=str(user.person),
        address=address,
        session=session_name(request.session.session_key or ""),
        second_factor_at=second_factor_at(request),
        trace=current_trace(),
        items=_items(user),
        firms=_firms(user),
    )


def actor_by_id(user: str) -> Actor | None:
    """A user as he would act now, without a session, for work done on his behalf; None when unknown or disabled."""
    return _as_actor(User.objects.select_related("organisation").filter(pk=user, is_active=True).first())


def actor_by_name(username: str) -> Actor | None:
    """The same by the name he signs in with, for the command line."""
    return _as_actor(User.objects.select_related("organisation").filter(username=username, is_active=True).first())


def _as_actor(found: User | None) -> Actor | None:
    if found is None:
        return None
    return Actor(
        id=str(found.pk),
        name=found.display_name,
        roles=found.roles,
        unit=found.organisation_id or "",
        region="" if found.organisation is None else found.organisation.region,
        person=str(found.person),
        trace=current_trace(),
        items=_items(found),
        firms=_firms(found),
    )


def _items(user: User) -> frozenset[str]:
    """The catalogue items the posts name; none when a post is for all of them."""
    each = [post.items.split() for post in user.posts_now]
    return frozenset().union(*each) if all(each) else frozenset()


def _firms(user: User) -> frozenset[str]:
    """The firms for which a natural person who asks about subjects or approves acts himself, by any of his accounts."""
    if not user.roles & _ASKING:
        return frozenset()
    now = timezone.now()
    with transaction.atomic(), row_context(person=str(user.person)):
        held = Mandate.objects.filter(user__person=user.person, from_at__lte=now, to_at__gt=now)
        return frozenset(held.filter(Q(ended_at=None) | Q(ended_at__gt=now)).values_list("firm", flat=True))


def address_of(request: HttpRequest) -> str:
    """The address the request came from, as the server saw it; no header of the caller is believed."""
    return str(request.META.get("REMOTE_ADDR", ""))


def session_name(key: str) -> str:
    """What stands for a session where it is shown or recorded: 16 hex digits; the key itself opens it."""
    return hashlib.sha256(f"session\0{key}".encode()).hexdigest()[:16] if key else ""


def second_factor_at(request: HttpRequest) -> datetime | None:
    """When a second factor was last shown in this session, or the person last identified himself anew at the provider."""
    shown = [
        float(each["at"])
        for each in request.session.get(METHODS, [])
        if isinstance(each, dict) and each.get("method") in {"mfa", PROVIDER}
    ]
    return datetime.fromtimestamp(max(shown), UTC) if shown else None
