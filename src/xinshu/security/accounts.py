"""Verbs on accounts and API keys. A password or secret is made here, returned once and kept as a digest only."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import string
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from xinshu.kernel.ids import PUBLIC_ID_ALPHABET
from xinshu.kernel.logs import current_trace
from xinshu.security.audit.domain import AuditEntry
from xinshu.security.audit.services import record
from xinshu.security.domain import AccountFacts, Actor, KeyFacts, NewAccount, NewKey, Role
from xinshu.security.errors import AccountTaken, AccountUnknown, KeyUnknown, OrganisationUnknown, UsernameInvalid
from xinshu.security.identity.passwords import change_password
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.sessions import End, end_all
from xinshu.security.models import ApiKey, Organisation, Post, User

_USERNAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{2,39}")
_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)
_EASILY_MISREAD = set("0O1lI")
_PASSWORD_LENGTH = 20
_KEY_ID_LENGTH = 12
_SECRET_BYTES = 32
_KEY = re.compile(r"xs_([0-9A-Z]{12})_([A-Za-z0-9_-]{43})")
_USE_NOTED_EVERY = timedelta(minutes=1)


def create_reporter(
    username: str, *, display_name: str, organisation: str, temporary: bool = False, now: datetime | None = None
) -> NewAccount:
    """Make a reporter (报送员) of an organisation, with a random password; a `temporary` one is changed at first use.

    Raises:
        UsernameInvalid, AccountTaken, OrganisationUnknown: nothing is made.
    """
    moment = now or timezone.now()
    with transaction.atomic():
        user, password = new_user(username, display_name=display_name, organisation=organisation), random_password()
        change_password(user, password, moment, temporary=temporary)
        Post.objects.create(user=user, organisation_id=organisation, role=Role.REPORTER.value, from_at=moment)
        record(by_machine(user, "make_reporter", moment))
    return NewAccount(account_facts(user), password)


def new_user(username: str, *, display_name: str, organisation: str) -> User:
    """A user not yet stored. Raises UsernameInvalid, AccountTaken, OrganisationUnknown."""
    if not _USERNAME.fullmatch(username):
        raise UsernameInvalid(username)
    if not Organisation.objects.filter(uscc=organisation).exists():
        raise OrganisationUnknown(organisation)
    if User.objects.filter(username__iexact=username).exists():
        raise AccountTaken(username)
    return User(username=username, display_name=display_name.strip() or username, organisation_id=organisation)


def reset_password(username: str, *, temporary: bool = False) -> NewAccount:
    """Give a user a new random password; whoever is signed in as this user is signed out. Raises AccountUnknown."""
    user, password, now = _user(username), random_password(), timezone.now()
    with transaction.atomic():
        change_password(user, password, now, temporary=temporary)
        end_all(user, End.PASSWORD, now)
        record(by_machine(user, "password", now))
    return NewAccount(account_facts(user), password)


def set_active(username: str, *, active: bool) -> AccountFacts:
    """Let a user sign in or not; takes effect at the user's next request. Raises AccountUnknown."""
    user, now = _user(username), timezone.now()
    with transaction.atomic():
        user.is_active = active
        user.save(update_fields=["is_active"])
        if not active:
            end_all(user, End.DISABLED, now)
        record(by_machine(user, "on" if active else "off", now))
    return account_facts(user)


def create_api_key(organisation: str, *, label: str, now: datetime) -> NewKey:
    """Make a key for the programs of an organisation. Raises OrganisationUnknown."""
    if not Organisation.objects.filter(uscc=organisation).exists():
        raise OrganisationUnknown(organisation)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    key = ApiKey.objects.create(
        id="".join(secrets.choice(PUBLIC_ID_ALPHABET) for _ in range(_KEY_ID_LENGTH)),
        digest=_digest(secret),
        organisation_id=organisation,
        label=label.strip()[:100],
        created_at=now,
    )
    return NewKey(key_facts(key), f"xs_{key.id}_{secret}")


def revoke_api_key(key: str, now: datetime) -> KeyFacts:
    """End a key at once; ended before, it keeps its date. Raises KeyUnknown."""
    found = ApiKey.objects.filter(id=key).first()
    if found is None:
        raise KeyUnknown(key)
    if found.revoked_at is None:
        found.revoked_at = now
        found.save(update_fields=["revoked_at"])
    return key_facts(found)


def use_api_key(secret: str, now: datetime) -> KeyFacts | None:
    """The key somebody shows, or None for a wrong or ended one; notes the use once a minute."""
    shape = _KEY.fullmatch(secret)
    found = None if shape is None else ApiKey.objects.filter(id=shape[1], revoked_at=None).first()
    if shape is None or found is None or not hmac.compare_digest(found.digest, _digest(shape[2])):
        return None
    if found.last_used_at is None or now - found.last_used_at >= _USE_NOTED_EVERY:
        ApiKey.objects.filter(id=found.id).update(last_used_at=now)
    return key_facts(found)


def account_facts(user: User) -> AccountFacts:
    """A user as other rooms see it."""
    return AccountFacts(user.username, user.display_name, user.roles, user.organisation_id or "", user.is_active)


def key_facts(key: ApiKey) -> KeyFacts:
    """A key as other rooms see it."""
    return KeyFacts(key.id, key.organisation_id, key.label, key.created_at, key.last_used_at, key.revoked_at)


def by_machine(user: User, kind: str, now: datetime) -> AuditEntry:
    """Who may run commands on the machine may do this; that it was done is on the record."""
    machine = Actor(id="system", name="", roles=frozenset(), unit="", region="", person="", trace=current_trace())
    return audit_entry(machine, "identity.account", now, detail={"account": str(user.pk), "kind": kind})


def _user(username: str) -> User:
    found = User.objects.filter(username=username).first()
    if found is None:
        raise AccountUnknown(username)
    return found


def random_password() -> str:
    """20 letters and digits that are hard to misread, of each class at least one: over 110 bits."""
    classes = ["".join(sorted(set(each) - _EASILY_MISREAD)) for each in _CLASSES]
    characters = [secrets.choice(each) for each in classes]
    characters += [secrets.choice("".join(classes)) for _ in range(_PASSWORD_LENGTH - len(classes))]
    secrets.SystemRandom().shuffle(characters)
    return "".join(characters)


def _digest(secret: str) -> str:
    """The secret has 256 random bits: no slow derivation is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()
