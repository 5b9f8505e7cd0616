"""The gate over a world: three registered enterprises with penalties, officers, an anchored audit record."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest
from django.db import connections
from django.test import Client, RequestFactory, override_settings
from django.urls import clear_url_caches
from django.utils import timezone

from xinshu.disclosure import batches
from xinshu.disclosure.consents import Offer, ask, give
from xinshu.disclosure.domain import Asked, Request
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.requesters import requester_of
from xinshu.kernel.identifiers import CitizenId
from xinshu.project import urls
from xinshu.security.domain import Actor, Level, OrganisationFacts, Role
from xinshu.security.identity.sessions import begin
from xinshu.security.models import Post, User
from xinshu.security.queries import organisations
from xinshu.security.services import store_organisations
from xinshu.web.console import card, paper, query
from xinshu.web.space import consents

NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Shanghai
BANK = "91990102MA000900X0"
EVIDENCE = "ab" * 32
PERSON = next(f"11010118990101001{last}" for last in "0123456789X" if CitizenId.is_valid(f"11010118990101001{last}"))


@pytest.fixture
def anchored(database) -> Callable[[datetime | None], None]:
    """Set until when the audit record counts as anchored; at first for ever."""

    def until(moment: datetime | None) -> None:
        with connections["owner"].cursor() as cursor:
            cursor.execute("UPDATE security_audit_watch SET fresh_until = %s", [moment])

    until(datetime(9000, 1, 1, tzinfo=UTC))
    return until


def _still_officer(ticket) -> Actor:
    """The requester of a query as a job finds him; real accounts are in test_pages.py."""
    return Actor(
        id=ticket.requester,
        name=ticket.requester_name,
        roles=frozenset({Role.QUERY_OFFICER}),
        unit=ticket.unit,
        region="",
        person=ticket.person,
        trace=ticket.trace,
    )


@pytest.fixture
def gate(world, anchored, monkeypatch) -> Gate:
    """The gate of the world; enterprises 1 to 3 are registered, 1 and 2 have a penalty."""
    monkeypatch.setattr("xinshu.disclosure.batches.requester_of", _still_officer)
    world.register([world.registration(n) for n in (1, 2, 3)])
    world.penalise([world.penalty(1), world.penalty(2, 2)])
    store_organisations([OrganisationFacts(BANK, "示例农商银行", "990100", Level.CITY, "bank")])
    return Gate.open(world.desk.settings)


@pytest.fixture
def make_actor(world) -> Callable[..., Actor]:
    """A query officer of the world's unit; name only what is different."""

    def make(name: str = "liu", **changes: object) -> Actor:
        given = {
            "id": f"u-{name}",
            "name": name,
            "roles": frozenset({Role.QUERY_OFFICER}),
            "unit": world.source,
            "region": "990100",
            "person": f"p-{name}",
            "address": "192.0.2.7",
            "session": f"s-{name}",
            "second_factor_at": NOW,
            "trace": "TR-0123456789abcdef",
            **changes,
        }
        return Actor(**given)

    return make


@pytest.fixture
def officer(make_actor) -> Actor:
    return make_actor()


@pytest.fixture
def approver(make_actor) -> Actor:
    return make_actor("chen", roles=frozenset({Role.QUERY_APPROVER}))


@pytest.fixture
def banker(make_actor) -> Actor:
    return make_actor("qian", unit=BANK)


@pytest.fixture
def make_request(world) -> Callable[..., Request]:
    """A valid request about the first enterprise."""

    def make(*numbers: int, **changes: object) -> Request:
        subjects = tuple(Asked("organisation", world.company(n)) for n in numbers or (1,))
        given = Request(
            purpose="administrative-approval",
            legal_basis="《中华人民共和国行政许可法》",
            matter_no="SP-2026-0001",
            subjects=subjects,
            use="核查申请人信用状况",
        )
        return replace(given, **changes)

    return make


@pytest.fixture
def make_consent(gate, world, banker) -> Callable[..., object]:
    """A consent of the n-th enterprise to the bank, given; name only what is different."""

    def make(number: int = 1, *, given: bool = True, **changes: object):
        purpose = gate.purpose("financing", NOW.date())
        offer = {
            "subject": Asked("organisation", world.company(number)),
            "grantee": BANK,
            "purpose": "financing",
            "fields": tuple(gate.openings(purpose)),
            "legal_basis": "主体授权",
            "valid_from": NOW - timedelta(days=1),
            "valid_to": NOW + timedelta(days=90),
            "max_uses": 10,
            "per_day": 10,
            "text_version": "2026.1",
            "channel": "portal",
            "evidence": EVIDENCE,
            **changes,
        }
        consent = ask(gate, banker, Offer(**offer), NOW - timedelta(days=1))
        return give(gate, banker, consent.number, NOW - timedelta(hours=1)) if given else consent

    return make


@pytest.fixture
def financing(make_request) -> Callable[..., Request]:
    """A bank's request."""

    def make(*numbers: int, **changes: object) -> Request:
        return make_request(*numbers, **{"purpose": "financing", "legal_basis": "主体授权", **changes})

    return make


@pytest.fixture
def audited(database) -> Callable[..., list[dict[str, object]]]:
    """The audit rows, in their order."""

    def rows(**wanted: object) -> list[dict[str, object]]:
        with connections["owner"].cursor() as cursor:
            cursor.execute(
                "SELECT action, outcome, code, ticket, purpose, object_ref, actor, trace, detail"
                " FROM security_audit_entry ORDER BY id"
            )
            names = [each.name for each in cursor.description]
            found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        return [row for row in found if all(row[name] == value for name, value in wanted.items())]

    return rows


@pytest.fixture
def site(gate, monkeypatch):
    """The website whose pages of disclosure work at the world's gate; jobs act for the real requester."""
    monkeypatch.setattr(batches, "requester_of", requester_of)
    module = ModuleType("disclosure_test_urls")
    own = [route for pages in (query, card, paper, consents) for route in pages.routes(lambda: gate)]
    names = {each.name for each in own}
    module.urlpatterns = [each for each in urls.urlpatterns if each.name not in names] + own
    for name in ("handler403", "handler404", "handler429", "handler500"):
        setattr(module, name, getattr(urls, name))
    sys.modules[module.__name__] = module
    with override_settings(ROOT_URLCONF=module.__name__):
        clear_url_caches()
        yield gate
    clear_url_caches()
    del sys.modules[module.__name__]


def browser_of(user: User, factor: datetime | None = None) -> Client:
    """A browser with a session of the user as signing in makes it; `factor`: when the second factor was shown, now at first."""
    client = Client(headers={"host": "127.0.0.1"})
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    request = RequestFactory().get("/")
    request.session = client.session
    begin(request, user, timezone.now())
    shown = (factor or timezone.now()).timestamp()
    request.session["account_authentication_methods"] = [{"method": "mfa", "type": "totp", "at": shown}]
    request.session.save()
    return client


@pytest.fixture
def enter(site, world):
    """A browser signed in as a new user with a role, of the world's unit unless another is named.

    `factor`: when the second factor was shown, just now at first.
    """

    def make(name: str, role: Role, unit: str = "", *, factor: datetime | None = None) -> Client:
        user = User.objects.create(username=name, display_name=f"{name}某", organisation_id=unit or world.source)
        since = timezone.now() - timedelta(days=1)
        Post.objects.create(user=user, role=role.value, organisation_id=unit or world.source, from_at=since)
        return browser_of(user, factor)

    return make


@pytest.fixture
def personnel(gate, make_actor, world):
    """The human resources department: an officer and two approvers; a person with a penalty of his own."""
    unit = next(each.uscc for each in organisations() if each.kind == "human-resources")
    person = {
        "行政相对人名称": "王小明",
        "行政相对人类别": "自然人",
        "自然人证件类型": "身份证",
        "自然人证件号码": PERSON,
    }
    row = world.penalty(1, 77, **person) | {"行政相对人代码_1(统一社会信用代码)": "", "法定代表人": ""}
    assert world.penalise([row]).accepted == 1
    approver = frozenset({Role.QUERY_APPROVER})
    return (
        make_actor("ren", unit=unit),
        make_actor("shen", unit=unit, roles=approver),
        make_actor("hui", unit=unit, roles=approver),
    )
