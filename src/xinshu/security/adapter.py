"""What allauth asks of us at signing in: nobody signs up, every refusal looks alike, each is on the audit record."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from xinshu.security.audit.services import record, record_refusal
from xinshu.security.domain import Role
from xinshu.security.identity.errors import CredentialsWrong, SignInLocked
from xinshu.security.identity.passwords import too_late
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import actor_of, address_of, session_name
from xinshu.security.identity.sessions import End, begin, end
from xinshu.security.models import Post, SignedSession, User

WRONG, LOCKED = CredentialsWrong.code, SignInLocked.code


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """allauth's adapter for accounts that an administrator makes."""

    error_messages: ClassVar[dict[str, str]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": "用户名或口令不正确。请核对大小写；连续 5 次不正确将锁定 30 分钟。",
        "too_many_login_attempts": "不正确的次数过多，已锁定。请 30 分钟后再试，或联系管理员重置口令。",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: `xinshu account` makes accounts."""
        del request
        return False

    def get_login_stages(self) -> list[str]:
        """Set up a second factor, show it, change an old password."""
        own = "xinshu.security.identity.stages"
        return [f"{own}.FactorStage", "allauth.mfa.stages.AuthenticateStage", f"{own}.PasswordStage"]

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Refuse what is locked. Raises ValidationError; the refusal is recorded."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self._refused(request, LOCKED, str(credentials.get("username", "")))
            raise

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The user, if active and, with a one-time password, in time: allauth would tell a disabled one apart."""
        user = super().authenticate(request, **credentials)
        if isinstance(user, User) and user.is_active and not too_late(user, timezone.now()):
            return user
        self._refused(request, WRONG, str(credentials.get("username", "")))
        return None

    def login(self, request: HttpRequest, user: User) -> None:
        """Begin the session, of which there is an entry, or none of it."""
        now = timezone.now()
        with transaction.atomic():
            super().login(request, user)
            begin(request, user, now)
            record(audit_entry(actor_of(request), "identity.sign_in", now))

    def logout(self, request: HttpRequest) -> None:
        """End the session."""
        now, actor = timezone.now(), actor_of(request)
        with transaction.atomic():
            name = session_name(request.session.session_key or "")
            for each in SignedSession.objects.filter(name=name, ended_at=None):
                end(each, End.SIGNED_OUT, now)
            record(audit_entry(actor, "identity.sign_out", now))
            super().logout(request)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One budget for an account, whichever of our host names is used.

        The last security administrator has one for each source: nobody outside can lock him out of the platform.
        """
        name = str(credentials.get("username", "")).lower()
        alone = _security_administrators() == [name]
        return f"login:{name}:{address_of(request)}" if alone else f"login:{name}"

    @staticmethod
    def _refused(request: HttpRequest, code: str, username: str) -> None:
        """On the record, with the account if there is one; what was typed as a name may be a password and is not kept."""
        account = User.objects.filter(username__iexact=username).values_list("pk", flat=True).first()
        entry = audit_entry(
            actor_of(request),
            "identity.sign_in",
            timezone.now(),
            code=code,
            detail={"account": "" if account is None else str(account)},
        )
        record_refusal(entry)


def _security_administrators() -> list[str]:
    """Names of those who can sign in as security administrator, two at most."""
    found = Post.objects.filter(role=Role.SECURITY_ADMIN.value, to_at=None, user__is_active=True)
    return [each.lower() for each in found.values_list("user__username", flat=True)[:2]]
