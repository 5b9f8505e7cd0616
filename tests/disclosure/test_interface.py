"""The gate for programs: who may ask, problem details, first answers told again."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest
from django.test import Client, override_settings
from django.urls import clear_url_caches
from tests.disclosure.conftest import BANK, NOW

from xinshu.disclosure.consents import revoke
from xinshu.disclosure.machines import close_system, register_system
from xinshu.disclosure.models import Answer, Consent, Ticket
from xinshu.gateway import problems
from xinshu.gateway.routes import query_routes
from xinshu.project.gateway import settings as gateway
from xinshu.security.services import create_api_key


@pytest.fixture
def interface(gate):
    module = ModuleType("gate_interface_test_urls")
    module.urlpatterns = query_routes(lambda: gate)
    module.handler404, module.handler500 = problems.not_found, problems.failed
    sys.modules[module.__name__] = module
    with override_settings(ROOT_URLCONF=module.__name__, MIDDLEWARE=gateway.MIDDLEWARE):
        clear_url_caches()
        yield
    clear_url_caches()
    del sys.modules[module.__name__]


@pytest.fixture
def bank_key(interface):
    return create_api_key(BANK, label="信贷系统", now=NOW)


@pytest.fixture
def bank(bank_key) -> Client:
    """The bank's loan system, registered for querying."""
    register_system(bank_key.key.id, BANK, title="信贷系统", origins="", now=NOW)
    return client(bank_key)


def client(key) -> Client:
    return Client(headers={"host": "127.0.0.1", "authorization": f"Bearer {key.secret}"}, raise_request_exception=False)


def post(program, address, body, **headers):
    return program.post(f"/api/v1/{address}", json.dumps(body), content_type="application/json", headers=headers)


@pytest.fixture
def body(world):
    return {
        "purpose": "financing",
        "legal_basis": "主体授权",
        "matter_no": "DK-0091",
        "subjects": [{"kind": "organisation", "code": world.company(1)}],
    }


@pytest.fixture
def lasting(make_consent):
    """A consent that holds while the test runs by the clock of the machine."""
    from datetime import UTC, datetime, timedelta

    return make_consent(valid_to=datetime.now(UTC) + timedelta(days=30), max_uses=1, per_day=1)


def test_a_program_asks_with_consent(bank, body, lasting):
    told = post(bank, "queries", body)
    found = told.json()
    assert (told.status_code, told["Cache-Control"]) == (200, "no-store")
    assert found["subjects"][0]["outcome"] == "disclosed"
    assert "行政处罚" in {fact["title"] for fact in found["subjects"][0]["facts"]}
    assert bank.get(f"/api/v1/queries/{found['number']}").json()["state"] == "done"


def test_a_key_that_is_not_registered_may_not_ask(bank_key, body, lasting, audited):
    told = post(client(bank_key), "queries", body)
    assert (told.status_code, told.json()["code"]) == (403, "disclosure.system_unknown")
    assert (audited()[-1]["code"], audited()[-1]["actor"]) == ("disclosure.system_unknown", f"key:{bank_key.key.id}")
    assert Ticket.objects.count() == 0


def test_a_system_shut_out_is_out_at_once(bank, bank_key, body, lasting):
    assert close_system(bank_key.key.id)
    assert post(bank, "queries", body).status_code == 403


def test_the_first_answer_is_told_again_and_counted_once(bank, body, lasting):
    first = post(bank, "queries", body, **{"Idempotency-Key": "k1"})
    again = post(bank, "queries", body, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()) == (200, first.json())
    assert Consent.objects.get().used == 1
    other = post(bank, "queries", {**body, "matter_no": "DK-2"}, **{"Idempotency-Key": "k1"})
    assert (other.status_code, other.json()["code"]) == (422, "disclosure.idempotency_key_reused")
    Answer.objects.update(sealed=None)
    assert post(bank, "queries", body, **{"Idempotency-Key": "k1"}).status_code == 409


def test_a_consent_withdrawn_since_shuts_the_first_answer(bank, banker, body, lasting):
    post(bank, "queries", body, **{"Idempotency-Key": "k1"})
    Consent.objects.update(state="given")
    revoke(banker, lasting.number, NOW)
    again = post(bank, "queries", body, **{"Idempotency-Key": "k1"})
    assert (again.status_code, again.json()["code"]) == (403, "disclosure.grounds_gone")


def test_several_subjects_wait_for_an_approval(bank, body, world):
    several = [*body["subjects"], {"kind": "organisation", "code": world.company(2)}]
    told = post(bank, "query-batches", {**body, "subjects": several})
    assert (told.status_code, told.json()["state"]) == (202, "waiting")


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        pytest.param({"unit": BANK}, 422, "disclosure.body_invalid", id="server-owned part"),
        pytest.param({"subjects": "x"}, 422, "disclosure.body_invalid", id="no list"),
        pytest.param({"subjects": []}, 422, "disclosure.body_invalid", id="nobody"),
        pytest.param({"matter_no": ""}, 422, "disclosure.registration_incomplete", id="no matter"),
        pytest.param(
            {"purpose": "award-evaluation", "fields": ["tax-arrears.QSYE"]}, 403, "disclosure.field_shut", id="field"
        ),
        pytest.param({"purpose": "civil-service"}, 403, "disclosure.purpose_not_listed", id="purpose"),
    ],
)
def test_a_wrong_call_is_a_problem_with_its_code(changes, status, code, bank, body):
    told = post(bank, "queries", {**body, **changes})
    assert (told.status_code, told.json()["code"]) == (status, code)
    assert told["Content-Type"] == "application/problem+json"


def test_a_consent_is_asked_for_here_and_not_given(bank, body, audited):
    asked = {
        "subject": body["subjects"][0],
        "purpose": "financing",
        "fields": ["tax-arrears.QSYE"],
        "legal_basis": "主体授权",
        "valid_from": "2026-01-01T00:00:00+08:00",
        "valid_to": "2030-01-01T00:00:00+08:00",
        "max_uses": 3,
        "per_day": 1,
        "text_version": "2026.1",
        "channel": "portal",
    }
    told = post(bank, "consents", asked).json()
    assert told["state"] == "asked"
    assert bank.get(f"/api/v1/consents/{told['number']}").json() == told
    assert bank.get("/api/v1/consents").json()["consents"] == [told]
    assert bank.get("/api/v1/consents/SQ-0").status_code == 404
    assert audited()[-1]["code"] == "disclosure.no_consent"
    wrong = post(bank, "consents", {**asked, "fields": ["administrative-penalty.BZ"]}).json()
    assert wrong["code"] == audited()[-1]["code"] == "disclosure.consent_terms"


def test_anothers_query_is_unknown(bank, body, lasting, gate, officer, make_request, audited):
    from xinshu.disclosure.asking import query

    number = query(gate, officer, make_request(), NOW).number
    assert bank.get(f"/api/v1/queries/{number}").json()["code"] == "disclosure.not_registered"
    assert (audited()[-1]["code"], audited()[-1]["ticket"]) == ("disclosure.not_registered", number)
