"""What signing in asks for between the password and the session: a second factor to be set up, a password to be changed.

allauth walks through the stages (`AccountAdapter.get_login_stages`); until the last is done nobody is signed in.
"""

from __future__ import annotations

from typing import Any

from allauth.account.stages import LoginStage
from allauth.core.internal.httpkit import headed_redirect_response
from allauth.mfa.stages import AuthenticateStage
from django.utils import timezone

from xinshu.security.identity.factors import has_second_factor, needs_second_factor
from xinshu.security.identity.passwords import must_change

FACTOR, PASSWORD = "xinshu_factor", "xinshu_password"


class FactorStage(LoginStage):  # type: ignore[misc]
    """Who needs a second factor and has none sets one up before he is in."""

    key = FACTOR
    urlname = "sign-in-factor"

    def handle(self) -> tuple[Any, bool]:
        """(where to go, whether to go on)."""
        user = self.login.user
        if user is None or has_second_factor(user) or not needs_second_factor(user):
            return None, True
        return headed_redirect_response(self.urlname), True

    def done(self) -> Any:
        """The factor set up just now was shown: it is not asked for again."""
        self.controller.set_handled(AuthenticateStage.key)
        return self.exit()


class PasswordStage(LoginStage):  # type: ignore[misc]
    """A one-time password, or one that is too old, is changed before its user is in."""

    key = PASSWORD
    urlname = "sign-in-password"

    def handle(self) -> tuple[Any, bool]:
        """(where to go, whether to go on)."""
        user = self.login.user
        if user is None or not must_change(user, timezone.now()):
            return None, True
        return headed_redirect_response(self.urlname), True
