"""Accounts of staff: made by a system administrator, or on the machine itself for the first administrators."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from django.db import transaction

from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.identifiers import CitizenId
from xinshu.security.accounts import account_facts, by_machine, new_user, random_password
from xinshu.security.audit.services import record
from xinshu.security.domain import ROLE_WORDS, Actor, NewAccount, Role
from xinshu.security.identity.changes import refusals_recorded
from xinshu.security.identity.errors import AlreadyBootstrapped, ChangeUnknown, LastSecurityAdministrator, PersonDiffers
from xinshu.security.identity.factors import keep_totp, new_secret
from xinshu.security.identity.passwords import change_password
from xinshu.security.identity.people import ID_CARD, person_reference
from xinshu.security.identity.recording import audit_entry
from xinshu.security.identity.rules import configured
from xinshu.security.identity.separation import require_separate
from xinshu.security.identity.sessions import End, end_all
from xinshu.security.models import Post, User
from xinshu.security.policy import require
from xinshu.security.sealing import Vault

ACCOUNT = "identity.account"


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """An account of a demonstration, and the secret (base 32) of its authenticator app."""

    made: NewAccount
    secret: str = field(repr=False)


def create_account(
    actor: Actor,
    username: str,
    *,
    display_name: str,
    organisation: str,
    now: datetime,
    same_person_as: UUID | None = None,
    id_number: str = "",
) -> NewAccount:
    """An account without posts and with a one-time password; posts come by two persons.

    Args:
        same_person_as: another account of the same natural person, so that they count as one where persons are compared.
        id_number: of the person's identity card, so that he is one with whom the province's sign-in knows by it. Not kept: a
            keyed reference stands for it.
    Raises:
        InvalidIdentifier, PersonDiffers, PolicyRefused, UsernameInvalid, AccountTaken, OrganisationUnknown, ChangeUnknown: nothing is made.
    """
    with refusals_recorded(actor, ACCOUNT, now), transaction.atomic():
        require(actor, ACCOUNT, now=now)
        user = new_user(username, display_name=display_name, organisation=organisation)
        if same_person_as is not None:
            user.person = _user(same_person_as).person
        if id_number:
            person = person_reference(Vault.open(configured().home), ID_CARD, CitizenId.parse(id_number).value)
            if same_person_as is not None and user.person != person:
                raise PersonDiffers
            user.person = person
        password = random_password()
        change_password(user, password, now, temporary=True)
        record(audit_entry(actor, ACCOUNT, now, detail={"account": str(user.pk), "kind": "make"}))
    return NewAccount(account_facts(user), password)


def renew_password(actor: Actor, user_id: UUID, now: datetime) -> NewAccount:
    """A one-time password for somebody who lost his; his sessions end. Raises PolicyRefused, ChangeUnknown."""
    with refusals_recorded(actor, ACCOUNT, now), transaction.atomic():
        require(actor, ACCOUNT, now=now)
        user, password = _user(user_id), random_password()
        change_password(user, password, now, temporary=True)
        end_all(user, End.PASSWORD, now)
        record(audit_entry(actor, ACCOUNT, now, detail={"account": str(user.pk), "kind": "password"}))
    return NewAccount(account_facts(user), password)


def switch_account(actor: Actor, user_id: UUID, now: datetime, *, active: bool) -> None:
    """Let somebody sign in or not, from his next request on.

    Raises PolicyRefused, ChangeUnknown, LastSecurityAdministrator.
    """
    with refusals_recorded(actor, ACCOUNT, now), transaction.atomic():
        require(actor, ACCOUNT, now=now)
        user = _user(user_id)
        if not active and _is_last_security_administrator(user):
            raise LastSecurityAdministrator
        _switch(user, active=active, now=now)
        record(audit_entry(actor, ACCOUNT, now, detail={"account": str(user.pk), "kind": "on" if active else "off"}))


def bootstrap_administrator(
    username: str, *, display_name: str, organisation: str, role: Role, now: datetime
) -> NewAccount:
    """The first administrator of a kind, made on the machine; further ones only by two persons.

    Raises:
        AlreadyBootstrapped: somebody holds or held such a post. UsernameInvalid, AccountTaken, OrganisationUnknown.
    """
    with transaction.atomic():
        if Post.objects.filter(role=role.value).exists():
            raise AlreadyBootstrapped(ROLE_WORDS[role])
        user = new_user(username, display_name=display_name, organisation=organisation)
        password = random_password()
        change_password(user, password, now, temporary=True)
        _give(user, role, now)
        record(by_machine(user, f"bootstrap_{role.value}", now))
    return NewAccount(account_facts(user), password)


def make_demo_staff(username: str, *, display_name: str, organisation: str, role: Role, now: datetime) -> DemoStaff:
    """A demonstration's account with a second factor set up, whose secret is told once as the password is."""
    with transaction.atomic():
        made = make_demo_account(username, display_name=display_name, organisation=organisation, role=role, now=now)
        secret = new_secret()
        keep_totp(User.objects.get(username=username), secret)
    return DemoStaff(made, secret)


def make_demo_account(username: str, *, display_name: str, organisation: str, role: Role, now: datetime) -> NewAccount:
    """An account with a post and a lasting password: for demonstrations and tests, where no two persons are at hand."""
    with transaction.atomic():
        user = new_user(username, display_name=display_name, organisation=organisation)
        password = random_password()
        change_password(user, password, now)
        _give(user, role, now)
        record(by_machine(user, f"demo_{role.value}", now))
    return NewAccount(account_facts(user), password)


def disable_idle(now: datetime) -> list[str]:
    """Disable the accounts of staff nobody signed in with for longer than the rules allow; returns their names.

    The last security administrator stays.
    """
    gone = []
    for user in _idle(now):
        if _is_last_security_administrator(user):  # asked again: the one before may have been the last but one
            continue
        with transaction.atomic():
            _switch(user, active=False, now=now)
            record(by_machine(user, "idle", now))
        gone.append(user.username)
    return gone


def idle_accounts(now: datetime) -> int:
    """How many accounts of staff are open that `disable_idle` would disable."""
    return len(_idle(now))


def _idle(now: datetime) -> list[User]:
    limit = now - configured().rules(shanghai_date(now)).account_idle
    found = User.objects.filter(is_active=True, created_at__lt=limit).prefetch_related("posts")
    return [
        each
        for each in found
        if each.roles != {Role.ENTERPRISE}
        and (each.last_login or each.created_at) < limit
        and not _is_last_security_administrator(each)
    ]


def _give(user: User, role: Role, now: datetime) -> None:
    require_separate(user.person, role, now)
    Post.objects.create(user=user, organisation_id=user.organisation_id, role=role.value, from_at=now)


def _switch(user: User, *, active: bool, now: datetime) -> None:
    user.is_active = active
    fields = ["is_active"]
    if active:
        user.last_login = now  # its rest counts from here
        fields.append("last_login")
    user.save(update_fields=fields)
    if not active:
        end_all(user, End.DISABLED, now)


def _is_last_security_administrator(user: User) -> bool:
    held = Post.objects.filter(role=Role.SECURITY_ADMIN.value, to_at=None, user__is_active=True)
    return held.filter(user=user).exists() and not held.exclude(user=user).exists()


def _user(user_id: UUID) -> User:
    found = User.objects.filter(pk=user_id).first()
    if found is None:
        raise ChangeUnknown
    return found
