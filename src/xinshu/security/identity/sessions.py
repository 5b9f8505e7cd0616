"""Sessions of those signed in: how long they last, and when they end before that.

Ended at rest of 30 minutes (administrators 15), after 12 hours, by another sign-in of an administrator, by a new password,
a change of posts or disablement; felt at the next request. The figures are data (`identity.yaml`).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth import logout, update_session_auth_hash
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone

from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import ADMINISTRATORS, Role
from xinshu.security.identity.models import SignedSession
from xinshu.security.identity.requests import address_of, session_name
from xinshu.security.identity.rules import SessionRules, configured
from xinshu.security.models import User

_GetResponse = Callable[[HttpRequest], HttpResponseBase]


class End(StrEnum):
    """Why a session ended."""

    SIGNED_OUT = "signed_out"
    IDLE = "idle"
    ABSOLUTE = "absolute"
    ELSEWHERE = "elsewhere"  # an administrator signed in again
    PASSWORD = "password"  # noqa: S105 - a reason
    POSTS = "posts"
    DISABLED = "disabled"
    BY_USER = "by_user"


END_WORDS = {
    End.SIGNED_OUT: "已退出",
    End.IDLE: "长时间未操作",
    End.ABSOLUTE: "已满最长时间",
    End.ELSEWHERE: "在别处登录",
    End.PASSWORD: "口令已更换",
    End.POSTS: "岗位已变更",
    End.DISABLED: "账户已停用",
    End.BY_USER: "由本人结束",
}


def verdict(
    started_at: datetime, seen_at: datetime, roles: frozenset[Role], rules: SessionRules, now: datetime
) -> End | None:
    """Why a session is over at a moment, or None. The last second of a limit still counts as inside."""
    if now - started_at > rules.absolute:
        return End.ABSOLUTE
    return End.IDLE if now - seen_at > rules.idle_of(roles) else None


def begin(request: HttpRequest, user: User, now: datetime) -> SignedSession:
    """Note the session just begun; an administrator's other ones end."""
    if request.session.session_key is None:
        request.session.save()
    key = request.session.session_key or ""
    with transaction.atomic():
        if user.roles & ADMINISTRATORS:
            end_all(user, End.ELSEWHERE, now)
        made, _ = SignedSession.objects.update_or_create(
            name=session_name(key),
            defaults={
                "user": user,
                "session_key": key,
                "address": address_of(request)[:64],
                "agent": request.headers.get("User-Agent", "")[:200],
                "started_at": now,
                "seen_at": now,
                "ended_at": None,
                "end_reason": "",
            },
        )
    return made


def rotate(request: HttpRequest) -> None:
    """Another key for the session under way (a step-up); the old one opens nothing."""
    old = session_name(request.session.session_key or "")
    request.session.cycle_key()
    _rename(old, request.session.session_key or "")


def go_on(request: HttpRequest, user: User) -> None:
    """After a new password: the session under way goes on, under another key."""
    old = session_name(request.session.session_key or "")
    update_session_auth_hash(request, user)
    _rename(old, request.session.session_key or "")


def _rename(old: str, key: str) -> None:
    SignedSession.objects.filter(name=old).update(name=session_name(key), session_key=key)


def end_all(user: User, reason: End, now: datetime, *, but: str = "") -> int:
    """End a user's sessions, all `but` one; returns how many there were."""
    found = list(SignedSession.objects.filter(user=user, ended_at=None).exclude(name=but))
    for each in found:
        end(each, reason, now)
    return len(found)


def end(session: SignedSession, reason: End, now: datetime) -> None:
    """End a session: its key opens nothing any more."""
    Session.objects.filter(session_key=session.session_key).delete()
    SignedSession.objects.filter(name=session.name, ended_at=None).update(
        ended_at=now, end_reason=reason.value, session_key=""
    )


def open_sessions(user: User) -> list[SignedSession]:
    """The sessions of a user that are open, the one last used first."""
    return list(SignedSession.objects.filter(user=user, ended_at=None).order_by("-seen_at"))


class SessionMiddleware:
    """Ends sessions that are over, before the view; notes use, unless the view is called by a page that waits by itself."""

    def __init__(self, get_response: _GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer the request; with a session that is over, as a stranger's."""
        if request.session.session_key and isinstance(request.user, User):
            now = timezone.now()
            name = session_name(request.session.session_key)
            found = SignedSession.objects.filter(name=name, user=request.user, ended_at=None).first()
            rules = configured().rules(shanghai_date(now)).session
            over = (
                End.SIGNED_OUT
                if found is None
                else verdict(found.started_at, found.seen_at, request.user.roles, rules, now)
            )
            if over is not None:
                if found is not None:
                    end(found, over, now)
                logout(request)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any) -> None:
        """A request of somebody is a sign of life, but for those a page makes by itself."""
        if getattr(view, "passive", False) or request.session.session_key is None or not isinstance(request.user, User):
            return
        SignedSession.objects.filter(name=session_name(request.session.session_key or "")).update(
            seen_at=timezone.now()
        )
