"""The interface's OpenAPI document is valid, has every route with every method, and no others."""

from __future__ import annotations

import importlib
from functools import partial

import pytest
from django.test import Client, override_settings
from django.urls import path
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from xinshu.gateway.openapi import OPERATIONS, PREFIX, calls, document
from xinshu.gateway.queries import request_of
from xinshu.gateway.schemas import QUERY, SCHEMAS
from xinshu.project.gateway import settings as gateway
from xinshu.security.routes import requires_key

URLS = "xinshu.project.gateway.urls"


@pytest.fixture(scope="module")
def routes():
    return importlib.import_module(URLS).urlpatterns


def test_the_document_is_valid_openapi(routes):
    made = document(routes)
    assert made["openapi"] == "3.1.0"
    validate(made)
    with pytest.raises(OpenAPIValidationError):
        validate({**made, "paths": {"/x": {"get": {"responses": 5}}}})


def test_every_call_of_the_interface_is_in_it_and_no_other(routes):
    told = {(route, method) for route, method, _ in calls(routes)}
    assert told == set(OPERATIONS)
    made = document(routes)["paths"]
    assert sum(len(each) for each in made.values()) == len(told)
    assert "/api/v1/queries/{number}/answer" in made


def test_a_new_route_without_a_line_is_a_fault(routes):
    new = path(f"{PREFIX}news", requires_key(partial(print)), name="news")
    with pytest.raises(KeyError):
        document([*routes, new])


def test_only_the_document_itself_is_told_without_a_key(routes):
    made = document(routes)["paths"]
    free = {(where, method) for where, each in made.items() for method, said in each.items() if "security" not in said}
    assert free == {("/api/v1/openapi.json", "get")}


def test_every_schema_is_used_and_every_operation_has_a_name_of_its_own(routes):
    made = document(routes)
    text = str(made)
    assert [name for name in SCHEMAS if f"#/components/schemas/{name}'" not in text] == []
    names = [said["operationId"] for each in made["paths"].values() for said in each.values()]
    assert len(names) == len(set(names))


def test_it_is_served_to_anybody(routes):
    with override_settings(ROOT_URLCONF=URLS, MIDDLEWARE=gateway.MIDDLEWARE):
        told = Client(headers={"host": "127.0.0.1"}).get("/api/v1/openapi.json")
        assert (told.status_code, told.json()) == (200, document(routes))
        assert Client(headers={"host": "127.0.0.1"}).post("/api/v1/openapi.json").status_code == 405


def test_the_names_of_a_query_are_those_that_are_taken():
    body = dict.fromkeys(QUERY, "") | {"subjects": [], "fields": []}
    assert request_of(body).subjects == ()
