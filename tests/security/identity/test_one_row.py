"""Exactly one row on the audit record for each act of each route, by who may and by who may not; over all routes.

docs/routes.csv says which acts a route has. A route without a word there fails the guard beside it; one with an act that
is not tried here fails the last test.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.test import Client
from django.utils import timezone
from tests.guards.naming import named_in
from tests.guards.test_route_matrix import PROCESSES, declared_acts, stated
from tests.security.identity.seeded import GIVEN, PERSON, patterns_now, seeded, through_gateway  # noqa: F401

from xinshu.disclosure.consents import Offer, ask
from xinshu.disclosure.domain import Asked
from xinshu.disclosure.machines import register_system
from xinshu.disclosure.models import Consent, Ticket
from xinshu.disclosure.review import decide_query
from xinshu.kernel.clock import shanghai_date
from xinshu.security.audit.models import Entry
from xinshu.security.domain import Actor, Role
from xinshu.security.identity.factors import code_at, keep_totp, new_secret, step_of
from xinshu.security.identity.requests import actor_by_id
from xinshu.security.models import User
from xinshu.security.services import create_api_key, create_reporter

_O, _A, _E = Role.QUERY_OFFICER, Role.QUERY_APPROVER, Role.ENTERPRISE
ROOT = Path(__file__).parents[3]
EDITED = {"legal_basis": "另一依据", "matter_no": "SP-2", "use": "", "destroy_by": ""}


@dataclass
class Stage:
    """The seeded world, and browsers of people in it."""

    seeded: Any
    make_user: Callable[..., User]
    browser_of: Callable[..., Client]
    made: int = 0

    def enter(self, role: Role, name: str = "") -> Client:
        """Somebody of the first side's unit."""
        self.made += 1
        return self.browser_of(self.make_user(name or f"someone{self.made}", role, unit=self.seeded.unit))

    def officer(self) -> Client:
        """The officer to whom the first side's queries belong."""
        return self.browser_of(User.objects.get(username="chaxun"))

    def legal(self) -> Client:
        """The legal person of the first side's firm."""
        return self.browser_of(User.objects.get(username="faren"))

    def asked(self, *numbers: int) -> str:
        """A query of the officer's that waits for an approval."""
        codes = "\n".join(self.seeded.world.company(each) for each in numbers or (1, 2))
        told = self.officer().post("/c/query", {**GIVEN, "subjects": codes})
        return str(told["Location"])

    def approve(self, own: str, decision: str = "approve") -> Callable[[], Any]:
        ticket = Ticket.objects.get(number=own.rpartition("/")[2])
        sent = {"field_count": ticket.field_count, "subject_count": ticket.subject_count, "decision": decision}
        browser = self.enter(_A)
        return lambda: browser.post(f"{own}/review", {**sent, "reason": "不同意"})

    def consent(self, to: str = "") -> str:
        """A consent the first side's firm is asked for."""
        gate, now = self.seeded.gate, timezone.now()
        offer = Offer(
            subject=Asked("organisation", self.seeded.world.company(1)),
            grantee=to or self.seeded.unit,
            purpose="financing",
            fields=tuple(gate.openings(gate.purpose("financing", now.date()))),
            legal_basis="主体授权",
            valid_from=now - timedelta(days=1),
            valid_to=now + timedelta(days=90),
            max_uses=10,
            per_day=10,
            text_version="2026.1",
            channel="portal",
            evidence="",
        )
        return str(ask(gate, Nobody, offer, now).number)

    def agreed(self) -> Callable[[], Any]:
        number, browser = self.consent(), self.legal()
        page = browser.get(f"/me/consents/{number}").content.decode()
        sent = {"shown": re.search(r'name="shown" value="(\w+)"', page)[1], "term": "asked"}
        sent["item"] = re.findall(r'name="item" value="([\w-]+)"', page)
        return lambda: browser.post(f"/me/consents/{number}/agree", sent)

    def given(self) -> str:
        self.agreed()()
        return str(Consent.objects.order_by("-asked_at").first().number)

    def program(self, *, registered: bool = True) -> Client:
        """A program of the first side's unit."""
        made = create_api_key(self.seeded.unit, label="系统", now=timezone.now())
        if registered:
            origins = "http://127.0.0.1:1"
            register_system(made.key.id, self.seeded.unit, title="系统", origins=origins, now=timezone.now())
        headers = {"host": "127.0.0.1", "authorization": f"Bearer {made.secret}"}
        return Client(headers=headers, raise_request_exception=False)

    def body(self, *numbers: int, **changes: object) -> dict[str, object]:
        codes = [self.seeded.world.company(each) for each in numbers or (1,)]
        given = {name: GIVEN[name] for name in ("purpose", "legal_basis", "matter_no")}
        return {**given, "subjects": [{"kind": "organisation", "code": each} for each in codes], **changes}


Nobody = Actor(id="u-0", name="某", roles=frozenset({_O}), unit="", region="", person="p-0")


@pytest.fixture
def stage(seeded, make_user, browser_of) -> Stage:  # noqa: F811
    return Stage(seeded, make_user, browser_of)


def post(browser: Client, address: str, sent: object = None, **more: object) -> Callable[[], Any]:
    return lambda: browser.post(address, sent or {}, **more)


def get(browser: Client, address: str) -> Callable[[], Any]:
    return lambda: browser.get(address)


def _json(program: Client, address: str, body: object) -> Callable[[], Any]:
    return lambda: program.post(f"/api/v1/{address}", json.dumps(body), content_type="application/json")


def _sign_in(stage):
    made = create_reporter("baosong", display_name="某", organisation=stage.seeded.unit)
    sent = {"login": "baosong", "password": made.password}
    return post(Client(headers={"host": "127.0.0.1"}), "/login", sent)


def _with_app(stage) -> tuple[Client, str]:
    user, secret = stage.make_user("yanzheng", _O, unit=stage.seeded.unit), new_secret()
    keep_totp(user, secret)
    return stage.browser_of(user), secret


def _step_up(stage):
    browser, secret = _with_app(stage)
    return post(browser, "/c/step-up", {"code": code_at(secret, step_of(timezone.now()))})


def _recovery(stage):
    return post(_with_app(stage)[0], "/c/account/recovery")


def _password(stage):
    user = stage.make_user("koulin", _O, unit=stage.seeded.unit)
    user.set_password("Old-word-of-ours-1")
    user.save()
    new = "Quite-another-0-word"
    return post(stage.browser_of(user), "/c/account/password", {"old": "Old-word-of-ours-1", "new": new, "again": new})


def _key_gone(stage):
    return post(stage.officer(), f"/c/account/key/{stage.seeded.ids['key']}/remove")


def _account(stage):
    sent = {"username": "xinren", "name": "新某", "organisation": stage.seeded.unit}
    return post(stage.enter(Role.SYSTEM_ADMIN), "/c/iam/accounts", sent)


def _switch(stage):
    return post(stage.enter(Role.SYSTEM_ADMIN), f"/c/iam/accounts/{stage.seeded.ids['user']}", {"verb": "off"})


def _propose(stage):
    sent = {"user": stage.seeded.ids["user"], "role": "steward", "kind": "give", "reason": "工作需要"}
    return post(stage.enter(Role.SECURITY_ADMIN), "/c/iam/changes", sent)


def _settle(stage):
    sent = {"verb": "approve", "version": "1"}
    return post(stage.enter(Role.SECURITY_ADMIN), f"/c/iam/changes/{stage.seeded.ids['change']}", sent)


def _take_back_a_proposal(stage):
    browser = stage.browser_of(User.objects.get(username="xitong"))
    return post(browser, f"/c/iam/changes/{stage.seeded.ids['change']}", {"verb": "withdraw", "version": "1"})


def _of_auditor(address: str, *, sent: object = None):
    def prepare(stage):
        browser = stage.enter(Role.AUDIT_ADMIN)
        return get(browser, address) if sent is None else post(browser, address, sent)

    return prepare


def _subject(stage):
    return post(stage.enter(Role.AUDIT_ADMIN), "/c/audit/subject", {"code": stage.seeded.world.company(1)})


def _single(stage):
    return post(stage.officer(), "/c/query", {**GIVEN, "subjects": stage.seeded.world.company(1)})


def _batch(stage):
    codes = "\n".join(stage.seeded.world.company(each) for each in (1, 2))
    return post(stage.officer(), "/c/query", {**GIVEN, "subjects": codes})


def _of_person(stage):
    return post(
        stage.officer(), "/c/query", {**GIVEN, "purpose": "award-evaluation", "kind": "person", "subjects": PERSON}
    )


def _download(stage):
    browser, number = stage.officer(), stage.seeded.ids["number"]
    token = browser.post(f"/c/query/{number}/link", {"form": "csv"})["Location"]
    return get(browser, token)


def _answer(stage):
    own = _of_person(stage)()["Location"]
    stage.approve(own)()
    return post(stage.officer(), f"{own}/answer")


def _paper(stage):
    day = shanghai_date(timezone.now())
    sent = {
        "purpose": "award-evaluation",
        "name": "某",
        "code": PERSON,
        "item": ["tax-credit-rating"],
        "first": day.isoformat(),
        "last": (day + timedelta(days=9)).isoformat(),
        "max_uses": "1",
        "document_no": "1",
        "digest": "ab" * 32,
    }
    return post(stage.officer(), "/c/consents/new", sent)


def _paper_of(way: str, sent: object = None):
    return lambda stage: post(stage.officer(), f"/c/consents/{stage.seeded.ids['paper']}{way}", sent)


def _confirm(stage):
    own, browser = f"/c/consents/{stage.seeded.ids['paper']}", stage.enter(_A)
    shown = re.search(r'name="shown" value="(\w+)"', browser.get(own).content.decode())[1]
    return post(browser, f"{own}/review", {"shown": shown, "decision": "approve"})


def _end_all(stage):
    stage.given()
    return post(stage.legal(), "/me/consents/end-all", {"firm": stage.seeded.world.company(1)})


def _consent_step(step: str):
    return lambda stage: post(stage.legal(), f"/me/consents/{stage.given()}/{step}")


def _mandate(stage):
    handler = stage.make_user("jingban2", _E)
    last = (shanghai_date(timezone.now()) + timedelta(days=30)).isoformat()
    sent = {"handler": "jingban2", "name": handler.display_name, "scope": "view", "last": last}
    return post(stage.legal(), f"/me/firms/{stage.seeded.ids['firm']}/mandates", sent)


def _api_waiting(stage, *numbers: int, **changes: object) -> tuple[Client, str]:
    program = stage.program()
    told = _json(program, "queries", stage.body(fields=["administrative-penalty.CF_FR_ZJHM"]))()
    return program, told.json()["number"]


def _api_answer(stage):
    program, number = _api_waiting(stage)
    ticket = Ticket.objects.get(number=number)
    sent = {"approve": True, "field_count": ticket.field_count, "subject_count": 1, "reason": ""}
    approver = stage.make_user("shenhe", _A, unit=stage.seeded.unit)
    now = timezone.now()
    decide_query(stage.seeded.gate, actor_by_id(str(approver.pk)), number, now=now, **sent)
    return _json(program, f"queries/{number}/answer", {})


def _api_file(stage):
    program = stage.program()
    number = _json(program, "queries", stage.body())().json()["number"]
    return _json(program, f"queries/{number}/file", {"form": "csv"})


def _api_consent(stage):
    now = timezone.now()
    body = {
        "subject": {"kind": "organisation", "code": stage.seeded.world.company(1)},
        "purpose": "fiscal-funds",
        "fields": ["tax-arrears.QSYE"],
        "legal_basis": "主体授权",
        "valid_from": now.isoformat(),
        "valid_to": (now + timedelta(days=9)).isoformat(),
        "max_uses": 1,
        "per_day": 1,
        "text_version": "1",
        "channel": "api",
    }
    return _json(stage.program(), "consents", body)


# (process, route, action): how somebody who may do it does it.
ALLOWED: dict[tuple[str, str, str], Callable[[Stage], Callable[[], Any]]] = {
    ("web", "login", "identity.sign_in"): _sign_in,
    ("web", "logout", "identity.sign_out"): lambda stage: post(stage.officer(), "/logout"),
    ("web", "c/step-up", "identity.step_up"): _step_up,
    ("web", "c/account/recovery", "identity.factor"): _recovery,
    ("web", "c/account/password", "identity.factor"): _password,
    ("web", "c/iam/accounts", "identity.account"): _account,
    ("web", "c/iam/accounts/<uuid:user>", "identity.account"): _switch,
    ("web", "c/iam/changes", "identity.role_propose"): _propose,
    ("web", "c/iam/changes/<uuid:change>", "identity.role_change"): _settle,
    ("web", "c/iam/changes/<uuid:change>", "identity.role_propose"): _take_back_a_proposal,
    ("web", "c/audit", "audit.view"): _of_auditor("/c/audit"),
    ("web", "c/audit", "audit.search"): _of_auditor("/c/audit?outcome=refused"),
    ("web", "c/audit/entry/<int:number>", "audit.view"): _of_auditor("/c/audit/entry/1"),
    ("web", "c/audit/subject", "audit.subject"): _subject,
    ("web", "c/audit/chain", "audit.view"): _of_auditor("/c/audit/chain"),
    ("web", "c/risks", "risk.view"): _of_auditor("/c/risks"),
    ("web", "c/query", "disclosure.query"): _single,
    ("web", "c/query", "disclosure.batch_apply"): _batch,
    ("web", "c/query", "disclosure.register"): _of_person,
    ("web", "c/query/file/<str:token>", "disclosure.download"): _download,
    ("web", "c/query/<str:number>/edit", "disclosure.register"): lambda stage: post(
        stage.officer(), f"{stage.asked()}/edit", EDITED
    ),
    ("web", "c/query/<str:number>/withdraw", "disclosure.register"): lambda stage: post(
        stage.officer(), f"{stage.asked()}/withdraw"
    ),
    ("web", "c/query/<str:number>/review", "disclosure.review"): lambda stage: stage.approve(stage.asked()),
    ("web", "c/query/<str:number>/answer", "disclosure.query"): _answer,
    ("web", "c/query/<str:number>/destroy", "disclosure.destroy"): lambda stage: post(
        stage.officer(), f"/c/query/{stage.seeded.ids['number']}/destroy", {"how": "已删除"}
    ),
    ("web", "c/consents/new", "consent.paper_register"): _paper,
    ("web", "c/consents/<str:number>/scan", "consent.paper_view"): lambda stage: get(
        stage.officer(), f"/c/consents/{stage.seeded.ids['paper']}/scan"
    ),
    ("web", "c/consents/<str:number>/review", "consent.paper_confirm"): _confirm,
    ("web", "c/consents/<str:number>/end", "consent.paper_end"): _paper_of("/end", {"how": "来函"}),
    ("web", "me/consents/end-all", "consent.revoke"): _end_all,
    ("web", "me/consents/<str:number>/<slug:step>", "consent.give"): lambda stage: stage.agreed(),
    ("web", "me/consents/<str:number>/<slug:step>", "consent.change"): _consent_step("pause"),
    ("web", "me/consents/<str:number>/<slug:step>", "consent.revoke"): _consent_step("revoke"),
    ("web", "me/firms/<str:firm>/looks", "disclosure.own"): lambda stage: get(
        stage.legal(), f"/me/firms/{stage.seeded.ids['firm']}/looks"
    ),
    ("web", "me/firms/<str:firm>/mandates", "identity.mandate"): _mandate,
    ("web", "me/mandates/<uuid:mandate>/end", "identity.mandate"): lambda stage: post(
        stage.legal(), f"/me/mandates/{stage.seeded.ids['mandate']}/end", {"firm": stage.seeded.ids["firm"]}
    ),
    ("gateway", "api/v1/queries", "disclosure.query"): lambda stage: _json(stage.program(), "queries", stage.body()),
    ("gateway", "api/v1/queries", "disclosure.register"): lambda stage: _json(
        stage.program(), "queries", stage.body(fields=["administrative-penalty.CF_FR_ZJHM"])
    ),
    ("gateway", "api/v1/queries/<str:number>/answer", "disclosure.query"): _api_answer,
    ("gateway", "api/v1/queries/<str:number>/file", "disclosure.download"): _api_file,
    ("gateway", "api/v1/cards", "disclosure.register"): lambda stage: _json(
        stage.program(), "cards", stage.body(viewer="张某 1001")
    ),
    ("gateway", "api/v1/query-batches", "disclosure.batch_apply"): lambda stage: _json(
        stage.program(), "query-batches", stage.body(1, 2)
    ),
    ("gateway", "api/v1/consents", "consent.ask"): _api_consent,
}
# Acts that take a provider, a sealed record, a device or steps before them: the tests that count their rows.
ELSEWHERE = {
    (
        "web",
        "login/code",
        "identity.sign_in",
    ): "tests/security/identity/test_factors.py::test_after_five_wrong_codes_the_right_one_is_refused_and_all_are_recorded",
    (
        "web",
        "login/factor",
        "identity.sign_in",
    ): "tests/console/test_second_factor.py::test_staff_needs_the_second_factor_and_a_code_works_once",
    (
        "web",
        "login/password",
        "identity.sign_in",
    ): "tests/console/test_second_factor.py::test_staff_needs_the_second_factor_and_a_code_works_once",
    (
        "web",
        "login/enterprise/back",
        "identity.sign_in",
    ): "tests/security/identity/test_provider.py::test_a_legal_person_comes_in_and_sees_his_firm",
    (
        "web",
        "login/enterprise/back",
        "identity.step_up",
    ): "tests/security/identity/test_provider.py::test_identifying_again_asks_for_a_new_sign_in_and_is_noted",
    (
        "web",
        "c/account/app",
        "identity.factor",
    ): "tests/security/identity/test_factors.py::test_a_recovery_code_works_once_and_new_ones_end_the_old",
    (
        "web",
        "c/account/key",
        "identity.factor",
    ): "tests/security/identity/test_factors.py::test_a_security_key_is_a_second_factor_and_its_answer_works_once",
    (
        "web",
        "c/account/key/<int:number>/remove",
        "identity.factor",
    ): "tests/security/identity/test_factors.py::test_the_last_factor_of_staff_is_not_removed",
    (
        "web",
        "c/audit/proof/<int:seq>",
        "audit.prove",
    ): "tests/console/test_audit_pages.py::test_each_look_of_the_auditor_is_itself_on_the_record",
    (
        "web",
        "c/audit/chain",
        "audit.verify",
    ): "tests/console/test_audit_pages.py::test_each_look_of_the_auditor_is_itself_on_the_record",
    (
        "web",
        "embed/card/<str:token>",
        "disclosure.query",
    ): "tests/disclosure/test_cards.py::test_the_page_is_shut_to_others_and_the_link_used_up",
}


def last_row() -> int:
    found = Entry.objects.order_by("-id").values_list("id", flat=True).first()
    return found or 0


def rows_since(before: int) -> list[tuple[str, str, str]]:
    return list(Entry.objects.filter(id__gt=before).order_by("id").values_list("action", "outcome", "code"))


@pytest.mark.parametrize(
    ("process", "route", "action"), [pytest.param(*each, id=" ".join(each[1:])) for each in ALLOWED]
)
def test_an_act_leaves_exactly_one_row(process, route, action, stage, through_gateway):  # noqa: F811
    prepare = ALLOWED[process, route, action]
    if process == "gateway":
        with through_gateway():
            go = prepare(stage)
            before = last_row()
            told = go()
    else:
        go = prepare(stage)
        before = last_row()
        told = go()
    assert told.status_code < 400, told.content.decode()[:2000]
    assert rows_since(before) == [(action, "done", "")]


def doors() -> list[tuple[str, frozenset[Role]]]:
    return [(route, who) for route, who in stated(patterns_now()) if who.split()[0] in set(Role)]


def test_who_may_not_leaves_exactly_one_row_at_every_door(stage):
    browsers: dict[Role, Client] = {}
    tried = 0
    for route, who in doors():
        role = next(each for each in Role if each.value not in who.split())
        if role not in browsers:
            browsers[role] = stage.enter(role)
        address = "/" + re.sub(r"<uuid:\w+>", str(UUID(int=1)), re.sub(r"<(int):\w+>", "1", route))
        address = re.sub(r"<[^>]+>", "x", address)
        for call in (browsers[role].get, browsers[role].post):
            before = last_row()
            assert call(address).status_code == 403, address
            assert rows_since(before) == [("identity.refused", "refused", "policy.role_missing")], address
        tried += 1
    assert tried > 40


API = {
    "api/v1/queries": lambda stage: stage.body(),
    "api/v1/query-batches": lambda stage: stage.body(1, 2),
    "api/v1/cards": lambda stage: stage.body(viewer="张某"),
    "api/v1/consents": lambda stage: {},
    "api/v1/queries/<str:number>/answer": lambda stage: {},
    "api/v1/queries/<str:number>/file": lambda stage: {"form": "csv"},
}


def test_a_program_that_may_not_leaves_exactly_one_row_at_every_call(stage, through_gateway):  # noqa: F811
    acting = {route for (process, route), acts in declared_acts(ROOT).items() if process == "gateway" and acts}
    assert acting == set(API)
    program = stage.program(registered=False)
    with through_gateway():
        for route, body in API.items():
            address = route.removeprefix("api/v1/").replace("<str:number>", "CX-0000000000000000")
            before = last_row()
            assert _json(program, address, body(stage))().status_code == 403, route
            (row,) = rows_since(before)
            assert row[1:] == ("refused", "disclosure.system_unknown"), route


def test_a_wrong_password_a_wrong_code_and_an_unknown_card_leave_one_row_each(stage):
    wrong = post(Client(headers={"host": "127.0.0.1"}), "/login", {"login": "nobody", "password": "x"})
    browser, _ = _with_app(stage)
    for go, action, code in [
        (wrong, "identity.sign_in", "identity.wrong_credentials"),
        (post(browser, "/c/step-up", {"code": "000000"}), "identity.step_up", "identity.wrong_factor"),
        (get(Client(headers={"host": "127.0.0.1"}), "/embed/card/x"), "disclosure.query", "disclosure.link_unknown"),
    ]:
        before = last_row()
        assert go().status_code >= 400
        assert [row[1:] for row in rows_since(before)] == [("refused", code)], action


def test_every_act_of_every_route_is_tried():
    declared = {(*where, act) for where, acts in declared_acts(ROOT).items() for act in acts}
    assert {where[0] for where in declared} <= set(PROCESSES)
    assert declared == set(ALLOWED) | set(ELSEWHERE)
    for test in ELSEWHERE.values():
        path, _, name = test.partition("::")
        assert name in named_in(ROOT / path), test
