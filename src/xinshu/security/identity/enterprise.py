"""Accounts of enterprise users: made at the first sign-in by the provider, without a password.

Neither the provider's id of a person nor the number of his identity paper is kept: keyed references stand for both
(docs/decisions/0016-enterprise-identity.md).
"""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from allauth.socialaccount.models import SocialAccount
from django.db import connection, transaction

from xinshu.kernel.ids import PUBLIC_ID_ALPHABET
from xinshu.security.domain import Role
from xinshu.security.identity.errors import IdentityProviderRefused
from xinshu.security.identity.mandates import state_legal
from xinshu.security.identity.people import person_reference
from xinshu.security.identity.provider import NAME, Claims
from xinshu.security.identity.rules import configured
from xinshu.security.models import Post, User
from xinshu.security.sealing import Vault

_CODE_LENGTH = 8


def known_or_new(claims: Claims, now: datetime) -> User:
    """The account of whom the provider vouches for, and of which firms he is the legal person.

    Raises:
        IdentityProviderRefused: the account is disabled, or the provider's id came with another name or paper before.
    """
    vault = Vault.open(configured().home)
    known = subject_reference(vault, claims.subject)
    person = person_reference(vault, *claims.paper)
    with transaction.atomic():
        _one_at_a_time(known)
        found = SocialAccount.objects.select_related("user").filter(provider=NAME, uid=known).first()
        user = _new(claims, known, person, now) if found is None else found.user
        assert isinstance(user, User)
        if not user.is_active:
            raise IdentityProviderRefused("disabled")
        if user.display_name != claims.name or user.person != person:
            raise IdentityProviderRefused("subject")
        state_legal(user, claims.firms, now)
    return user


def subject_reference(vault: Vault, subject: str) -> str:
    """What stands for the provider's id of a person, in hexadecimal; ids that differ in case alone are two."""
    provider = configured().provider
    issuer = "" if provider is None else provider.url
    return vault.reference("oidc", f"{issuer}\0{subject}".encode().hex()).hex


def _one_at_a_time(known: str) -> None:
    """Two first sign-ins of a person at once make one account; holds until the transaction's end."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"xinshu.oidc.{known}"])


def _new(claims: Claims, known: str, person: UUID, now: datetime) -> User:
    code = "".join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(_CODE_LENGTH)).lower()
    user = User(username=f"q{code}", display_name=claims.name[:100], person=person, created_at=now)
    user.set_unusable_password()
    user.save()
    Post.objects.create(user=user, role=Role.ENTERPRISE.value, from_at=now)
    SocialAccount.objects.create(user=user, provider=NAME, uid=known)
    return user
