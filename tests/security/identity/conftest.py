"""Accounts of all kinds, actors and browsers, in a database with two organisations."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import pytest
from django.db import connections
from django.test import Client, RequestFactory
from django.utils import timezone

from xinshu.security.domain import Actor, Level, OrganisationFacts, Role
from xinshu.security.identity.factors import note_factor
from xinshu.security.identity.sessions import begin
from xinshu.security.models import Post, User
from xinshu.security.services import store_organisations

TAX = OrganisationFacts("11990000000000043T", "示例省税务局", "990000", Level.PROVINCE, "tax")
CENTRE = OrganisationFacts("119900000000000275", "示例省公共信用信息中心", "990000", Level.PROVINCE, "credit-centre")
NOW = datetime(2026, 11, 25, 2, tzinfo=UTC)
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture
def units(database) -> tuple[str, str]:
    """Two organisations; the accounts are of the first."""
    store_organisations([CENTRE, TAX])
    return CENTRE.uscc, TAX.uscc


@pytest.fixture
def make_user(units) -> Callable[..., User]:
    """An account with posts held for years; `person`: of a natural person with other accounts."""

    def make(name: str, *roles: Role, unit: str = "", person: UUID | None = None) -> User:
        user = User(username=name, display_name=f"{name}某", organisation_id=unit or units[0])
        if person is not None:
            user.person = person
        user.save()
        for role in roles:
            Post.objects.create(
                user=user, role=role.value, organisation_id=unit or units[0], from_at=datetime(2020, 1, 1, tzinfo=UTC)
            )
        return user

    return make


@pytest.fixture
def as_actor() -> Callable[..., Actor]:
    """A user as services get him, his second factor shown just now."""

    def make(user: User, moment: datetime = NOW) -> Actor:
        return Actor(
            id=str(user.pk),
            name=user.display_name,
            roles=User.objects.get(pk=user.pk).roles,
            unit=user.organisation_id or "",
            region="990000",
            person=str(user.person),
            second_factor_at=moment,
        )

    return make


@pytest.fixture
def browser_of(database) -> Callable[..., Client]:
    """A browser with a session of the user as signing in makes it, the second factor shown unless told otherwise."""

    def make(user: User, *, factor: bool = True) -> Client:
        client = Client(headers={"host": "127.0.0.1"})
        client.force_login(user, backend=BACKEND)
        request = RequestFactory().get("/")
        request.session = client.session
        request.user = user
        begin(request, user, timezone.now())
        if factor:
            note_factor(request, user, "totp")
            request.session.save()
        return client

    return make


@pytest.fixture
def owner():
    """Run SQL as the owner of the tables."""

    def run(statement: str, values: list[object] | None = None) -> list[tuple[object, ...]]:
        with connections["owner"].cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    return run


@pytest.fixture
def stranger() -> Callable[[str], Client]:
    """A browser of nobody under one of our host names."""

    def make(host: str = "127.0.0.1", address: str = "192.0.2.9") -> Client:
        return Client(headers={"host": host}, REMOTE_ADDR=address)

    return make
