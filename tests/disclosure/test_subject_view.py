"""`/api/v1/subjects/CODE`: the public page as data, for any key, and never more than that."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest
from django.test import Client, override_settings
from django.urls import clear_url_caches
from django.utils import timezone
from tests.disclosure.conftest import NOW, PERSON
from tests.disclosure.test_interface import client

from xinshu.gateway import problems
from xinshu.gateway.subjects import subject_routes
from xinshu.kernel.clock import shanghai_date
from xinshu.kernel.profiles import open_profile
from xinshu.project.gateway import settings as gateway
from xinshu.publication.queries import PublicReference, public_profile
from xinshu.security.services import create_api_key


@pytest.fixture
def reference(gate) -> PublicReference:
    return PublicReference.load(open_profile(gate.settings.profile, gate.settings.profiles_dir))


@pytest.fixture
def program(gate, world, reference) -> Client:
    module = ModuleType("subject_view_test_urls")
    module.urlpatterns = subject_routes(lambda: reference)
    module.handler404, module.handler500 = problems.not_found, problems.failed
    sys.modules[module.__name__] = module
    with override_settings(ROOT_URLCONF=module.__name__, MIDDLEWARE=gateway.MIDDLEWARE):
        clear_url_caches()
        yield client(create_api_key(world.source, label="任何系统", now=NOW))
    clear_url_caches()
    del sys.modules[module.__name__]


def test_it_says_what_the_public_page_says(program, world, reference):
    told = program.get(f"/api/v1/subjects/{world.company(1)}")
    page = public_profile(world.company(1), reference=reference, day=shanghai_date(timezone.now()))
    assert (told.status_code, told["Cache-Control"]) == (200, "no-store")
    assert told.json() == json.loads(json.dumps(page.as_dict()))
    assert "A市第1纺织有限公司" in told.content.decode()


def test_without_a_key_there_is_nothing(program, world):
    told = Client(headers={"host": "127.0.0.1"}).get(f"/api/v1/subjects/{world.company(1)}")
    assert (told.status_code, told.json()["code"]) == (401, "gateway.key_missing")


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        pytest.param("91990101MA0999999X", "subjects.not_found", id="nobody's"),
        pytest.param("x", "subjects.not_found", id="no code"),
        pytest.param("a" * 500, "subjects.not_found", id="long"),
        pytest.param("%00", "gateway.not_found", id="NUL: no such address"),
    ],
)
def test_an_unknown_code_is_a_problem_of_its_own(code, problem, program):
    told = program.get(f"/api/v1/subjects/{code}")
    assert (told.status_code, told.json()["code"]) == (404, problem)


def test_what_is_not_public_stays_in(program, world):
    row = world.penalty(3, 3, 法定代表人证件类型="身份证", 法定代表人证件号码=PERSON)
    world.penalise([row])
    told = program.get(f"/api/v1/subjects/{world.company(3)}")
    assert told.status_code == 200
    assert PERSON not in told.content.decode()
    assert "证件号码" not in told.content.decode()
