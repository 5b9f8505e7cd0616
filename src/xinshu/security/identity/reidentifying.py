"""Identifying oneself once more at the provider (step-up of enterprise users), and signing out there too.

What is needed to sign out (the id token) lies sealed in the session; it holds the provider's id of the person.
Source: OpenID Connect Core 3.1.2.1, OpenID Connect RP-Initiated Logout 1.0 section 2 [recalled].
"""

from __future__ import annotations

import base64
from datetime import datetime
from urllib.parse import urlencode

from allauth.account.internal.flows.login import record_authentication
from allauth.socialaccount.models import SocialAccount
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from xinshu.security.audit.services import record
from xinshu.security.crypto.errors import SealBroken
from xinshu.security.identity.enterprise import known_or_new, subject_reference
from xinshu.security.identity.errors import IdentityProviderRefused
from xinshu.security.identity.provider import NAME, Answer, available
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.requests import PROVIDER, actor_of
from xinshu.security.identity.rules import configured
from xinshu.security.identity.sessions import rotate
from xinshu.security.models import User
from xinshu.security.sealing import Vault

STEP_UP = "identity.step_up"
_TOKEN, _END = "xinshu.oidc.token", "xinshu.oidc.end"  # keys of the session


def can_identify_again(user: User) -> bool:
    """Whether the user comes in by the provider, and there is one."""
    return available() and SocialAccount.objects.filter(user_id=user.pk, provider=NAME).exists()


def identified_again(request: HttpRequest, answer: Answer, now: datetime) -> None:
    """Take an answer to being asked again: the very user of the session; the session gets another key.

    Raises IdentityProviderRefused: another user's, or another person at the provider.
    """
    user = request.user
    if not isinstance(user, User) or answer.again != str(user.pk) or answer.identified_at is None:
        raise IdentityProviderRefused("other_person", again=True)
    known = subject_reference(Vault.open(configured().home), answer.claims.subject)
    own = SocialAccount.objects.filter(user_id=user.pk, provider=NAME, uid=known)
    if not own.exists():
        raise IdentityProviderRefused("other_person", again=True)
    known_or_new(answer.claims, now)  # the same paper and name, not disabled, and of these firms
    with transaction.atomic():
        rotate(request)
        record_authentication(request, user, PROVIDER, at=answer.identified_at.timestamp())
        record(audit_entry(actor_of(request), STEP_UP, now, detail={"kind": PROVIDER}))
    remember(request, user, answer)


def remember(request: HttpRequest, user: User, answer: Answer) -> None:
    """Keep in the session what signing out at the provider will need."""
    sealed = Vault.open(configured().home).seal(answer.token.encode(), _place(user))
    request.session[_TOKEN] = base64.b64encode(sealed).decode()
    request.session[_END] = answer.end_session


def way_out(request: HttpRequest) -> str:
    """The address at which the provider ends its session of whoever signs out here; empty for all others.

    Asks nobody: a provider that is down does not keep a session of ours open.
    """
    user, provider = request.user, configured().provider
    there = request.session.get(_END, "")
    if not isinstance(user, User) or provider is None or not there:
        return ""
    back = request.build_absolute_uri(reverse("account_login"))
    asked = {"client_id": provider.client, "post_logout_redirect_uri": back}
    try:
        sealed = base64.b64decode(request.session.get(_TOKEN, ""))
        asked["id_token_hint"] = Vault.open(configured().home).open_cell(sealed, _place(user)).decode()
    except (SealBroken, ValueError):  # the key was rotated away: the provider then asks whom it should sign out
        pass
    return f"{there}{'&' if '?' in there else '?'}{urlencode(asked)}"


def _place(user: User) -> bytes:
    return b"session\0id_token\0" + user.pk.bytes
