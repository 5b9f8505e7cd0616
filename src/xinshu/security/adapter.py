"""What allauth asks of us at the sign-in page: nobody signs up, a disabled user is answered like a wrong password."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest


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

    def authenticate(self, request: HttpRequest, **credentials: Any) -> AbstractBaseUser | None:
        """The user, if active: allauth would tell a disabled one apart."""
        user = super().authenticate(request, **credentials)
        return user if user is not None and user.is_active else None

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """One budget for an account, whichever of our host names is used."""
        del request
        return f"login:{credentials.get('username', '').lower()}"
