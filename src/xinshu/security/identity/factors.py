"""Second factors: TOTP codes that work once, recovery codes, security keys. The secrets are sealed; SMS is none.

TOTP: RFC 6238, 30 seconds, six digits; a code of the step before or after is taken, of two steps before not (5.2), and
none twice: the last step used is kept with the secret. allauth's own memory of used codes is shorter than their life.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.core.internal.cryptokit import compare_user_code
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.base.forms import BaseAuthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit, post_authentication
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from xinshu.kernel.ids import uuid7
from xinshu.security.domain import STAFF
from xinshu.security.identity.models import FactorSecret
from xinshu.security.identity.rules import configured
from xinshu.security.identity.sealed import factor_place
from xinshu.security.models import User
from xinshu.security.sealing import Vault

_PERIOD = 30
_TOLERANCE = 1
_WRONG = "验证码不正确。每个动态口令只能使用一次，请等待下一个。"


class MfaAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """allauth's adapter whose secrets lie sealed in a table of ours; with them stands the row's id."""

    error_messages = {**DefaultMFAAdapter.error_messages, "incorrect_code": _WRONG}  # noqa: RUF012 - allauth's form

    def encrypt(self, text: str) -> str:
        """Seal; returns the id of the row."""
        row = uuid7(timezone.now())
        sealed = Vault.open(configured().home).seal(text.encode(), factor_place(row))
        FactorSecret.objects.create(id=row, sealed=sealed)
        return str(row)

    def decrypt(self, encrypted_text: str) -> str:
        """Open. Raises SealBroken."""
        row = UUID(encrypted_text)
        sealed = FactorSecret.objects.get(id=row).sealed
        return Vault.open(configured().home).open_cell(bytes(sealed), factor_place(row)).decode()

    def get_totp_issuer(self) -> str:
        """What an authenticator app shows."""
        return "信枢"


def needs_second_factor(user: User) -> bool:
    """Staff do, unless all their posts are among those the setting exempts (`XINSHU_WITHOUT_SECOND_FACTOR`).

    Who comes in by the province's sign-in has no password here; how strongly he is known is the provider's to say.
    """
    if user.roles and not user.roles & STAFF:
        return user.has_usable_password()
    return not user.roles or bool((user.roles & STAFF) - configured().without_second_factor)


def has_second_factor(user: User) -> bool:
    """A TOTP secret or a security key; recovery codes alone are none."""
    return bool(
        Authenticator.objects.filter(
            user_id=user.pk, type__in=(Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        ).exists()
    )


def new_secret() -> str:
    """A TOTP secret, base 32."""
    return str(generate_totp_secret())


def step_of(now: datetime) -> int:
    """The number of the 30-second step."""
    return int(now.timestamp()) // _PERIOD


def code_at(secret: str, step: int) -> str:
    """The code of a secret in a step."""
    return str(format_hotp_value(hotp_value(secret, step)))


def activate_totp(user: User, secret: str, code: str, now: datetime) -> bool:
    """Keep a secret as the user's second factor, in place of the one before, when the code shows that he has it."""
    step = _step_of_code(secret, code, after=0, now=now)
    if step is None:
        return False
    keep_totp(user, secret, step)
    return True


def keep_totp(user: User, secret: str, step: int = 0) -> Authenticator:
    """The same without asking for a code (a demonstration's users)."""
    with transaction.atomic():
        Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.TOTP).delete()
        kept = TOTP.activate(user, secret).instance
        kept.data["step"] = step
        kept.save()
    return kept


def new_recovery_codes(user: User) -> list[str]:
    """Ten codes that work once each, in place of those before; told once."""
    with transaction.atomic():
        Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.RECOVERY_CODES).delete()
        return [str(each) for each in RecoveryCodes.activate(user).get_unused_codes()]


def accept_code(user: User, code: str, now: datetime) -> Authenticator | None:
    """The factor whose code this is, which is used up by that; None for a wrong one. Two at once: one is accepted."""
    with transaction.atomic():
        factors = Authenticator.objects.select_for_update().filter(user_id=user.pk).order_by("-type")
        for each in factors:
            if each.type == Authenticator.Type.TOTP and _use_totp(each, code, now):
                return each
            if each.type == Authenticator.Type.RECOVERY_CODES and each.wrap().validate_code(code):
                return each
    return None


def note_factor(request: HttpRequest, user: User, kind: str) -> None:
    """In this session a second factor was shown now."""
    record_authentication(request, user, "mfa", type=kind, reauthenticated=True)


class CodeForm(BaseAuthenticateForm):  # type: ignore[misc]
    """allauth's form of the second step of signing in; the code is judged by `accept_code`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].label = "动态口令或恢复码"
        self.fields["code"].error_messages["required"] = "请填写动态口令"
        self.fields["code"].widget.attrs = {
            "class": "input",
            "autocomplete": "one-time-code",
            "inputmode": "numeric",
            "autofocus": True,
        }

    def clean_code(self) -> str:
        """Raises ValidationError for a wrong code, and for the sixth in half an hour."""
        clear = check_rate_limit(self.user)
        found = accept_code(self.user, self.cleaned_data["code"], timezone.now())
        if found is None:
            raise ValidationError(_WRONG)
        found.user = self.user
        self.authenticator = found
        clear()
        return str(self.cleaned_data["code"])

    def save(self, *, again: bool = False) -> None:
        """Note it in the session. `again`: as a step-up."""
        post_authentication(context.request, self.authenticator, reauthenticated=again)


def _use_totp(factor: Authenticator, code: str, now: datetime) -> bool:
    secret = MfaAdapter().decrypt(factor.data["secret"])
    step = _step_of_code(secret, code, after=int(factor.data.get("step", 0)), now=now)
    if step is None:
        return False
    factor.data["step"] = step
    factor.save(update_fields=["data"])
    return True


def _step_of_code(secret: str, code: str, *, after: int, now: datetime) -> int | None:
    current = step_of(now)
    for step in range(current - _TOLERANCE, current + _TOLERANCE + 1):
        if step > after and compare_user_code(actual=code, expected=code_at(secret, step)):
            return step
    return None
