"""What the interface answers is what its OpenAPI document says, and what it takes is what the document allows."""

from __future__ import annotations

import importlib

import pytest
from jsonschema import Draft202012Validator
from tests.disclosure.test_interface import bank, bank_key, body, interface, lasting, post  # noqa: F401

from xinshu.gateway.openapi import document


@pytest.fixture(scope="module")
def fits():
    """Whether a value is one of a schema of the document, in words."""
    made = document(importlib.import_module("xinshu.project.gateway.urls").urlpatterns)

    def complaints(value: object, name: str) -> list[str]:
        schema = {"$ref": f"#/components/schemas/{name}", "components": made["components"]}
        return [each.message for each in Draft202012Validator(schema).iter_errors(value)]

    return complaints


def test_a_query_its_state_and_its_answer_fit(fits, bank, body, lasting):  # noqa: F811
    assert fits(body, "Query") == []
    found = post(bank, "queries", body).json()
    assert fits(found, "QueryAnswer") == []
    assert found["subjects"][0]["facts"]
    assert fits(bank.get(f"/api/v1/queries/{found['number']}").json(), "QueryState") == []


def test_a_consent_and_the_list_of_them_fit(fits, bank, world, lasting):  # noqa: F811
    listed = bank.get("/api/v1/consents").json()
    assert listed["consents"]
    assert fits(listed, "Consents") == []
    offer = {
        "subject": {"kind": "organisation", "code": world.company(2)},
        "purpose": "financing",
        "fields": ["tax-arrears.QSYE"],
        "legal_basis": "主体授权",
        "valid_from": "2026-11-22T00:00:00+08:00",
        "valid_to": "2027-11-22T00:00:00+08:00",
        "max_uses": 1,
        "per_day": 1,
        "text_version": "1",
        "channel": "api",
    }
    assert fits(offer, "ConsentAsked") == []
    told = post(bank, "consents", offer)
    assert (told.status_code, fits(told.json(), "Consent")) == (201, [])


@pytest.mark.parametrize(
    "changes",
    [{"state": "done"}, {"subjects": []}, {"subjects": [{"kind": "firm", "code": "x"}]}, {"purpose": None}],
)
def test_what_the_document_shuts_out_is_refused_with_a_problem_that_fits(fits, bank, body, changes):  # noqa: F811
    wrong = {**body, **changes}
    assert fits(wrong, "Query") != []
    told = post(bank, "queries", wrong)
    assert told.status_code == 422
    assert fits(told.json(), "Problem") == []
