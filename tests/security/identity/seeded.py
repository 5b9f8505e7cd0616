"""A small world with things that belong to somebody: a unit's batch, queries, keys, sessions, proposals; all routes over it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest
from allauth.mfa.models import Authenticator
from django.db import connections
from django.test import Client, override_settings
from django.urls import clear_url_caches, get_resolver
from django.utils import timezone

from xinshu.disclosure.consents import Offer, ask
from xinshu.disclosure.domain import Asked
from xinshu.disclosure.gate import Gate
from xinshu.disclosure.machines import register_system
from xinshu.disclosure.models import Ticket
from xinshu.disclosure.paper_consents import Paper, register
from xinshu.gateway import routes as gateway_routes
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.identifiers import CitizenId
from xinshu.project import urls as web_urls
from xinshu.project.gateway import settings as gateway_settings
from xinshu.project.gateway import urls as gateway_urls
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.changes import Proposal, propose
from xinshu.security.identity.mandates import give, state_legal
from xinshu.security.identity.provider import Firm
from xinshu.security.models import SignedSession
from xinshu.security.queries import organisations
from xinshu.security.services import create_api_key
from xinshu.web.console import paper, query
from xinshu.web.console import routes as console
from xinshu.web.space import consents
from xinshu.web.space import routes as space

PERSON = next(f"11010118990101001{last}" for last in "0123456789X" if CitizenId.is_valid(f"11010118990101001{last}"))
HANDLER = "jingban"
MATTER = "SP-2026-8713"
GIVEN = {
    "purpose": "administrative-approval",
    "legal_basis": "《中华人民共和国行政许可法》",
    "matter_no": MATTER,
    "kind": "organisation",
    "use": "核查申请人信用状况",
}


@dataclass
class Seeded:
    """Ids of what belongs to unit and people of the first side, and browsers and a program of a second one."""

    unit: str
    other: str
    ids: dict[str, str]
    secrets: dict[str, str]
    gate: Gate
    world: object


def _module(name: str, base: ModuleType, *own: object) -> ModuleType:
    made = ModuleType(name)
    names = {each.name for each in own}
    made.urlpatterns = [each for each in base.urlpatterns if each.name not in names] + list(own)
    for handler in ("handler403", "handler404", "handler429", "handler500"):
        if hasattr(base, handler):
            setattr(made, handler, getattr(base, handler))
    return made


@pytest.fixture
def seeded(world, make_user, browser_of, as_actor) -> Iterator[Seeded]:
    """The first side handed in a batch with a person's number, asked two queries and proposed a change of posts."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("UPDATE security_audit_watch SET fresh_until = %s", [datetime(9000, 1, 1, tzinfo=UTC)])
    unit = world.source
    other = next(each.uscc for each in organisations() if each.uscc != unit and each.kind == "ecology")
    world.register([world.registration(1)])
    row = world.penalty(1, 法定代表人证件类型="身份证", 法定代表人证件号码=PERSON)
    report = world.penalise([row, world.penalty(2, 2)])
    gate = Gate.open(world.desk.settings)
    modules = (
        _module(
            "seeded_web_urls",
            web_urls,
            *console.routes(lambda: world.desk),
            *query.routes(lambda: gate),
            *paper.routes(lambda: gate),
            *space.routes(lambda: gate),
            *consents.routes(lambda: gate),
        ),
        _module(
            "seeded_gateway_urls",
            gateway_urls,
            *gateway_routes.routes(lambda: world.desk),
            *gateway_routes.query_routes(lambda: gate),
        ),
    )
    for each in modules:
        sys.modules[each.__name__] = each
    with override_settings(ROOT_URLCONF="seeded_web_urls"):
        clear_url_caches()
        officer = make_user("chaxun", Role.QUERY_OFFICER, unit=unit)
        browser = browser_of(officer)
        told = browser.post("/c/query", {**GIVEN, "subjects": world.company(1)})
        assert told.status_code == 200, told.content.decode()
        ticket = Ticket.objects.get()
        link = browser.post(f"/c/query/{ticket.number}/link", {"form": "pdf"})["Location"]
        consent = _consent(gate, as_actor(officer), unit, world)
        admin = make_user("xitong", Role.SYSTEM_ADMIN, unit=unit)
        proposal = Proposal(user=officer.pk, role=Role.ENTERPRISE, give=True, reason="某项事由")
        change = propose(as_actor(admin, timezone.now()), proposal, timezone.now())
        key = Authenticator.objects.create(user_id=officer.pk, type="webauthn", data={})
        ids = {
            "label": report.batch,
            "number": ticket.number,
            "token": link.rsplit("/", 1)[-1],
            "consent": consent,
            "paper": _paper(gate, as_actor(officer, timezone.now())),
            "user": str(officer.pk),
            "change": str(change.pk),
            "key": str(key.pk),
            "entry": "1",
            "firm": world.company(1),
            "mandate": _mandate(make_user, as_actor, world),
            "name": SignedSession.objects.get(user=officer).name,
        }
        secrets = {
            "a person's number": PERSON,
            "the matter of a query": MATTER,
            "a query": ticket.number,
            "an officer": officer.username,
            "a session": ids["name"],
            "a link": ids["token"],
            "a handler": HANDLER,
            "a mandate": ids["mandate"],
        }
        yield Seeded(unit, other, ids, secrets, gate, world)
    clear_url_caches()
    for each in modules:
        del sys.modules[each.__name__]


def _mandate(make_user, as_actor, world) -> str:
    """Of a handler, given by the legal person of the first side's firm."""
    now = timezone.now()
    legal, handler = make_user("faren", Role.ENTERPRISE), make_user(HANDLER, Role.ENTERPRISE)
    firm = world.company(1)
    state_legal(legal, [Firm(firm, "某厂")], now)
    given = {"handler": HANDLER, "name": handler.display_name, "scope": ["view"], "to_at": now + timedelta(days=30)}
    return str(give(as_actor(legal, now), firm, now=now, **given).id)


def _consent(gate: Gate, actor: Actor, unit: str, world) -> str:
    now = timezone.now()
    offer = Offer(
        subject=Asked("organisation", world.company(1)),
        grantee=unit,
        purpose="financing",
        fields=tuple(gate.openings(gate.purpose("financing", now.date()))),
        legal_basis="主体授权",
        valid_from=now - timedelta(days=1),
        valid_to=now + timedelta(days=90),
        max_uses=10,
        per_day=10,
        text_version="2026.1",
        channel="portal",
        evidence="ab" * 32,
    )
    return str(ask(gate, actor, offer, now).number)


def _paper(gate: Gate, actor: Actor) -> str:
    """A consent on paper that the first side's officer registered."""
    now = timezone.now()
    day = shanghai_date(now)
    paper = Paper(
        name="王小明",
        code=PERSON,
        purpose="award-evaluation",
        items=frozenset({"tax-credit-rating"}),
        first=day,
        last=day + timedelta(days=30),
        max_uses=1,
        document_no="授权书〔2026〕12号",
        scan=b"%PDF-1.7 a paper %%EOF",
    )
    return str(register(gate, actor, paper, now).number)


@pytest.fixture
def through_gateway() -> Callable[[], override_settings]:
    """`with through_gateway():` requests go to the gateway's routes."""
    return lambda: override_settings(ROOT_URLCONF="seeded_gateway_urls", MIDDLEWARE=gateway_settings.MIDDLEWARE)


@pytest.fixture
def program(seeded) -> Client:
    """A program of the other unit, registered for querying."""
    now = timezone.now()
    made = create_api_key(seeded.other, label="外部系统", now=now)
    register_system(made.key.id, seeded.other, title="外部系统", origins="", now=now)
    return Client(
        headers={"host": "127.0.0.1", "authorization": f"Bearer {made.secret}"}, raise_request_exception=False
    )


def patterns_now() -> list[object]:
    """The routes requests go to now."""
    return list(get_resolver().url_patterns)
