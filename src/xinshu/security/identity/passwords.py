"""Passwords: what a new one must be, which were used before, when one must be changed.

Source: GB/T 22239-2019 8.1.4.1 a [recalled], figures in `identity.yaml`. It departs from ASVS 5.0 items 6.2.5 and 6.2.10.
"""

from __future__ import annotations

import unicodedata
from datetime import datetime

from django.apps import apps
from django.contrib.auth.hashers import check_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from xinshu.kernel.clock import shanghai_date
from xinshu.security.domain import STAFF
from xinshu.security.identity.errors import AccountExternal
from xinshu.security.identity.models import UsedPassword
from xinshu.security.identity.rules import PasswordRules, configured
from xinshu.security.models import User

_CONTEXT = ("xinshu", "信枢", "credit", "xinyong", "信用平台", "password", "口令", "admin")
_SHORTEST_WORD = 3
_LONGEST = 256


class PasswordPolicy:
    """Django's validator of our rules; the common passwords are another validator's."""

    def validate(self, password: str, user: User | None = None) -> None:
        """Raises ValidationError, in words."""
        faults = faults_of(password, configured().rules(shanghai_date(timezone.now())).password, words_about(user))
        if faults:
            raise ValidationError(faults)

    def get_help_text(self) -> str:
        """The rules in a sentence."""
        rules = configured().rules(shanghai_date(timezone.now())).password
        return f"至少 {rules.min_length} 个字符，含大写、小写、数字、符号、汉字中的至少 {rules.classes} 类"


def faults_of(password: str, rules: PasswordRules, words: tuple[str, ...]) -> list[str]:
    """What is wrong with a new password, in words; nothing for a good one. `words`: what others know of the user."""
    faults = []
    if len(password) < rules.min_length:
        faults.append(f"口令至少 {rules.min_length} 个字符")
    if len(password) > _LONGEST:
        faults.append(f"口令最长 {_LONGEST} 个字符")
    if len({_class_of(each) for each in password}) < rules.classes:
        faults.append(f"口令应含大写字母、小写字母、数字、符号、汉字中的至少 {rules.classes} 类")
    folded = unicodedata.normalize("NFKC", password).casefold()
    if any(len(word) >= 2 and word in folded for word in words):
        faults.append("口令不能含用户名、姓名、单位或平台名称等容易猜到的词")
    if len(set(folded)) < rules.min_length // 2:
        faults.append("口令中重复的字符过多")
    return faults


def words_about(user: User | None) -> tuple[str, ...]:
    """Context words: the platform's, and those of the user and the organisation."""
    own = [] if user is None else [user.username, user.display_name]
    if user is not None and user.organisation is not None:
        own.append(user.organisation.name)
    long_enough = [each for each in own if len(each) >= _SHORTEST_WORD or not each.isascii()]
    return tuple(unicodedata.normalize("NFKC", each).casefold() for each in (*_CONTEXT, *long_enough))


def change_password(user: User, password: str, now: datetime, *, temporary: bool = False) -> None:
    """Set a password chosen by the user, or made for him once (`temporary`). Whoever is signed in as him is signed out.

    Raises:
        ValidationError: it breaks the rules, or is one of the last ones; in words.
        AccountExternal: he comes in by the province's sign-in; with a password somebody else could.
    """
    by_provider = apps.get_model("socialaccount", "SocialAccount")  # the gateway has no such app and sets no password
    if by_provider._default_manager.filter(user_id=user.pk).exists():
        raise AccountExternal
    rules = configured().rules(shanghai_date(now)).password
    validate_password(password, user)
    with transaction.atomic():
        if not temporary:
            recent = UsedPassword.objects.filter(user=user).order_by("-set_at", "-id")[: rules.not_last]
            if any(check_password(password, each.digest) for each in recent):
                raise ValidationError(f"不能使用最近 {rules.not_last} 次用过的口令")
        user.set_password(password)
        user.password_set_at, user.password_temporary = now, temporary
        user.save()
        UsedPassword.objects.create(user=user, digest=user.password, set_at=now)
        kept = UsedPassword.objects.filter(user=user).order_by("-set_at", "-id")[: rules.not_last]
        UsedPassword.objects.filter(user=user).exclude(id__in=[each.id for each in kept]).delete()


def must_change(user: User, now: datetime) -> bool:
    """At sign-in: a one-time password, or one of staff that is older than the rules allow."""
    days = configured().rules(shanghai_date(now)).password.max_days
    old = bool(days and user.roles & STAFF and (now - user.password_set_at).days >= days)
    return user.password_temporary or old


def too_late(user: User, now: datetime) -> bool:
    """A one-time password that was not used in time."""
    return (
        user.password_temporary
        and now - user.password_set_at > configured().rules(shanghai_date(now)).password.temporary
    )


def _class_of(character: str) -> str:
    if character.isascii():
        return (
            "digit"
            if character.isdigit()
            else "lower"
            if character.islower()
            else ("upper" if character.isupper() else "sign")
        )
    return "letter" if character.isalpha() else "sign"
