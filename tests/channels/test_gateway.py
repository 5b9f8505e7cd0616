"""The interface: keys, receipts, problem details; each organisation for itself."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from types import ModuleType
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, override_settings
from django.urls import clear_url_caches

from xinshu.collection.channels.loading import load_hand_in
from xinshu.collection.models import Batch, HandIn
from xinshu.gateway import problems
from xinshu.gateway.routes import routes
from xinshu.project.gateway import settings as gateway
from xinshu.security.queries import organisations
from xinshu.security.services import create_api_key, revoke_api_key

NOW = datetime(2026, 9, 8, 4, 0, tzinfo=UTC)
ITEM = "administrative-penalty"


@pytest.fixture
def gate(world):
    """The gateway at the world's desk."""
    module = ModuleType("gateway_test_urls")
    module.urlpatterns = routes(lambda: world.desk)
    module.handler404, module.handler500 = problems.not_found, problems.failed
    sys.modules[module.__name__] = module
    with override_settings(ROOT_URLCONF=module.__name__, MIDDLEWARE=gateway.MIDDLEWARE):
        clear_url_caches()
        yield
    clear_url_caches()
    del sys.modules[module.__name__]


@pytest.fixture
def key(world):
    return create_api_key(world.source, label="每日推送", now=NOW)


@pytest.fixture
def program(gate, key) -> Client:
    """A program of the world's source."""
    return _with(key.secret)


def _with(secret: str) -> Client:
    return Client(
        headers={"host": "127.0.0.1", "authorization": f"Bearer {secret}"},
        enforce_csrf_checks=True,
        raise_request_exception=False,
    )


def _post(client: Client, content: bytes, name: str = "处罚.csv", item: str = ITEM, **headers: str):
    return client.post("/api/v1/batches", {"item": item, "file": SimpleUploadedFile(name, content)}, headers=headers)


@pytest.fixture
def good(world) -> bytes:
    return world.file([world.penalty(1), world.penalty(1, 2, 处罚决定日期="x")]).read_bytes()


def _work(world) -> None:
    for found in HandIn.objects.filter(finished_at=None):
        load_hand_in(world.desk, found.id)


def test_a_file_is_taken_and_its_receipt_follows_it(world, program, good):
    answer = _post(program, good)
    told = answer.json()
    assert answer.status_code == 202
    assert (told["state"], told["channel"], told["source"], told["file"]) == (
        "queued",
        "http",
        world.source,
        "处罚.csv",
    )
    assert re.fullmatch(r"[0-9a-f]{64}", told["sha256"])
    _work(world)
    done = program.get(answer["Location"]).json()
    assert done["state"] == "done"
    assert (done["result"]["rows"], done["result"]["accepted"], done["result"]["doubtful"]) == (2, 1, 1)
    assert done["result"]["by_rule"]
    lines = b"".join(program.get(f"{answer['Location']}/findings.csv").streaming_content).decode("utf-8-sig")
    assert "处罚决定日期" in lines


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("", id="none"),
        pytest.param("Bearer", id="empty"),
        pytest.param("Basic {secret}", id="another scheme"),
        pytest.param("Bearer {secret}x", id="wrong"),
        pytest.param("{secret}", id="bare"),
    ],
)
def test_without_the_key_nothing_is_told_or_read(gate, key, good, header):
    client = Client(headers={"host": "127.0.0.1", "authorization": header.format(secret=key.secret)})
    for answer in (_post(client, good), client.get("/api/v1/batches"), client.get("/api/v1/batches/PL-20260908-0001")):
        assert answer.status_code == 401
        assert answer["Content-Type"] == "application/problem+json"
        assert answer["WWW-Authenticate"].startswith("Bearer")
        assert answer.json()["code"] == "gateway.key_missing"
    assert not Batch.objects.exists()


def test_a_revoked_key_ends_at_once(program, key):
    assert program.get("/api/v1/batches").status_code == 200
    revoke_api_key(key.key.id, NOW)
    assert program.get("/api/v1/batches").status_code == 401


def test_a_session_is_no_key(gate, world):
    client = Client(headers={"host": "127.0.0.1"})
    client.cookies["sessionid"] = "a" * 32
    assert client.get("/api/v1/batches").status_code == 401


@pytest.mark.parametrize("tail", ["", "/findings.csv"])
def test_another_organisation_s_batch_is_answered_like_none(world, program, good, tail):
    _post(program, good)
    _work(world)
    label = Batch.objects.get().label
    other = next(each.uscc for each in organisations() if each.uscc != world.source)
    foreign = _with(create_api_key(other, label="", now=NOW).secret)
    answers = [foreign.get(f"/api/v1/batches/{each}{tail}") for each in (label, "PL-20200101-0001")]
    bodies = [{key: value for key, value in each.json().items() if key != "trace"} for each in answers]
    assert answers[0].status_code == 404
    assert bodies[0] == bodies[1]
    assert foreign.get("/api/v1/batches").json() == {"batches": [], "next": None}


def test_the_list_is_read_in_pages(world, program):
    for number in range(5):
        world.penalise([world.penalty(number + 1)])
    seen, cursor = [], ""
    while True:
        page = program.get(f"/api/v1/batches?limit=2{cursor}").json()
        seen += [each["batch"] for each in page["batches"]]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"
    assert seen == list(Batch.objects.order_by("-id").values_list("label", flat=True))
    assert {each["channel"] for each in page["batches"]} == {"cli"}


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "limit=٣", "cursor=PL-20200101-0001"])
def test_odd_pages_are_refused(program, query):
    answer = program.get(f"/api/v1/batches?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "gateway.page_invalid")


def test_a_file_whose_doubts_are_confirmed_is_a_batch_of_its_own(world, program):
    world.register([world.registration(1)])
    content = world.file([world.penalty(1, **{"罚款金额（万元）": "20000"})]).read_bytes()
    told = []
    for confirmed in ("", "true", "yes"):
        body = {"item": ITEM, "confirmed": confirmed, "file": SimpleUploadedFile("行政处罚.csv", content)}
        taken = program.post("/api/v1/batches", body).json()
        load_hand_in(world.desk, UUID(taken["hand_in"]))
        found = program.get(f"/api/v1/batches/{taken['batch']}").json()
        told.append((found["confirmed"], found["result"]["accepted"], found["result"]["repeated"]))
    assert told == [(False, 0, False), (True, 1, False), (False, 0, True)]


def test_an_idempotency_key_gives_the_first_answer_again(program, good):
    first = _post(program, good, **{"idempotency-key": "k-1"})
    again = _post(program, good, **{"idempotency-key": "k-1"})
    assert (again.status_code, again.json()["hand_in"]) == (202, first.json()["hand_in"])
    other = _post(program, good + b"\n", **{"idempotency-key": "k-1"})
    assert (other.status_code, other.json()["code"]) == (422, "channel.idempotency_key_reused")
    body = {"item": ITEM, "confirmed": "true", "file": SimpleUploadedFile("行政处罚.csv", good)}
    confirmed = program.post("/api/v1/batches", body, headers={"idempotency-key": "k-1"})
    assert confirmed.json()["code"] == "channel.idempotency_key_reused"
    odd = _post(program, good, **{"idempotency-key": "k" * 201})
    assert odd.json()["code"] == "gateway.idempotency_key_invalid"
    assert HandIn.objects.count() == 1


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        pytest.param({"item": ITEM}, "channel.file_missing", id="no file"),
        pytest.param({"item": "nothing", "file": SimpleUploadedFile("a.csv", b"x")}, "channel.item_missing", id="item"),
        pytest.param({"item": ITEM, "file": "text"}, "channel.file_missing", id="a text for a file"),
    ],
)
def test_what_cannot_be_taken_is_a_problem_with_a_code(program, fields, code):
    answer = program.post("/api/v1/batches", fields)
    told = answer.json()
    assert (answer.status_code, told["code"], told["status"]) == (422, code, 422)
    assert told["title"]
    assert told["detail"]
    assert told["trace"] == answer["X-Trace"]


def test_over_the_limit_is_413_and_nothing_is_kept(world, program, settings_with):
    small = settings_with(home=world.desk.settings.home, profile="demo", web_max_bytes=1000)
    world.desk = replace(world.desk, settings=small)
    answer = _post(program, b"x" * 1001)
    assert (answer.status_code, answer.json()["code"]) == (413, "channel.file_too_large")
    assert list((small.home / "work").iterdir()) == []


def test_other_addresses_methods_and_faults_are_problems_too(program, monkeypatch):
    assert program.get("/api/v1/nothing").json()["code"] == "gateway.not_found"
    assert program.get("/c/submit").json()["code"] == "gateway.not_found"
    wrong = program.delete("/api/v1/batches")
    assert (wrong.status_code, wrong.json()["code"]) == (405, "gateway.method")
    monkeypatch.setattr("xinshu.gateway.batches.batches_of", lambda _: 1 / 0)
    fault = program.get("/api/v1/batches")
    assert (fault.status_code, fault.json()["code"]) == (500, "gateway.internal")
    assert "division" not in fault.content.decode()


def test_the_process_of_its_own_starts_with_the_interface_only():
    script = (
        "from xinshu.project.gateway.wsgi import application; from django.urls import resolve, Resolver404\n"
        "resolve('/api/v1/batches'); resolve('/healthz')\n"
        "try: resolve('/login')\nexcept Resolver404: print('only the interface')"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout.strip() == "only the interface", done.stderr


def test_no_answer_sets_a_cookie(program, good):
    assert not _post(program, good).cookies
    assert not program.get("/api/v1/batches").cookies
