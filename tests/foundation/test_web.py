"""What every answer of the web process has, and the health pages."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from xinshu.bootstrap.audit import seal_record
from xinshu.project.middleware import DoorMiddleware, HeadersMiddleware
from xinshu.security.domain import Level, OrganisationFacts
from xinshu.security.models import Post, User
from xinshu.security.queries import organisation, organisations
from xinshu.security.services import store_organisations

_TAX = OrganisationFacts("11990000000000043T", "示例省税务局", "990000", Level.PROVINCE, "tax")


@pytest.fixture
def client() -> Client:
    return Client(headers={"host": "127.0.0.1"})


def test_the_process_is_alive_without_a_database(client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_process_is_ready_with_a_database(client, database):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"database": "ok", "audit": "stale"})


def test_the_process_tells_that_the_audit_is_anchored(client, database, settings_with, tmp_path):
    (tmp_path / "home").mkdir()
    seal_record(settings_with(home=tmp_path / "home"), datetime.now(UTC))
    assert client.get("/readyz").json() == {"database": "ok", "audit": "ok"}


def test_the_process_is_not_ready_without_a_database_and_tells_no_details(client):
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": "unavailable", "audit": "stale"})


def test_the_process_is_not_ready_before_the_tables_are_made(client, empty_database):
    assert client.get("/readyz").status_code == 503


@pytest.mark.parametrize("path", ["/healthz", "/no-such-page"])
def test_every_answer_has_the_headers(client, path):
    answer = client.get(path)
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert "unsafe" not in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"
    assert re.fullmatch(r"TR-[0-9a-f]{16}", answer["X-Trace"])


def test_each_request_has_its_own_trace(client):
    assert client.get("/healthz")["X-Trace"] != client.get("/healthz")["X-Trace"]


def test_health_pages_take_no_post(client):
    assert client.post("/healthz").status_code == 405


def test_another_host_name_is_refused():
    assert Client(headers={"host": "evil.example"}).get("/healthz").status_code == 400


@pytest.mark.parametrize(("secure", "flag"), [pytest.param(True, True, id="tls"), pytest.param(False, "", id="plain")])
def test_cookies_are_secure_when_the_request_is(secure, flag):
    def view(_request):
        answer = HttpResponse()
        answer.set_cookie("sessionid", "x")
        return answer

    answer = HeadersMiddleware(view)(RequestFactory().get("/", secure=secure))
    assert answer.cookies["sessionid"]["secure"] == flag


def test_over_tls_browsers_are_told_to_come_by_tls_for_a_year(client):
    assert client.get("/healthz", secure=True)["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert "Strict-Transport-Security" not in client.get("/healthz")


@pytest.mark.parametrize("urls", ["xinshu.project.urls", "xinshu.project.gateway.urls"])
@pytest.mark.parametrize("method", ["TRACE", "TRACK", "CONNECT", "PROPFIND", "X"])
def test_methods_nobody_answers_are_refused_everywhere(client, urls, method):
    for path in ("/healthz", "/", "/no-such-page", "/static/parts/base.css"):
        with override_settings(ROOT_URLCONF=urls):
            answer = client.generic(method, path, headers={"Cookie": "secret=1"})
        assert (answer.status_code, answer.content) == (405, b"")
        assert "default-src 'self'" in answer["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("proxies", "passed", "expected"),
    [
        pytest.param(0, "203.0.113.9", "127.0.0.1", id="no proxy of ours: the header is the caller's own"),
        pytest.param(1, "203.0.113.9", "203.0.113.9", id="one"),
        pytest.param(1, "10.9.9.9, 203.0.113.9", "203.0.113.9", id="one, and the caller claims another"),
        pytest.param(2, "10.9.9.9, 203.0.113.9, 192.0.2.1", "203.0.113.9", id="two"),
        pytest.param(2, "203.0.113.9", "127.0.0.1", id="fewer than there are"),
        pytest.param(1, "", "127.0.0.1", id="none said"),
        pytest.param(1, "x'; --", "127.0.0.1", id="no address"),
        pytest.param(1, "[2001:DB8::0:1]", "2001:db8::1", id="version 6"),
    ],
)
def test_the_address_is_the_one_our_own_proxies_saw(settings_with, proxies, passed, expected):
    seen = []
    request = RequestFactory().get("/", headers={"x-forwarded-for": passed})
    with override_settings(XINSHU=settings_with(trusted_proxies=proxies)):
        DoorMiddleware(lambda given: seen.append(given.META["REMOTE_ADDR"]) or HttpResponse())(request)
    assert seen == [expected]


def test_an_answer_that_ends_the_session_clears_what_the_browser_keeps():
    def out(_request):
        answer = HttpResponse()
        answer.delete_cookie("sessionid")
        return answer

    assert HeadersMiddleware(out)(RequestFactory().get("/"))["Clear-Site-Data"] == '"cache", "storage"'
    assert "Clear-Site-Data" not in HeadersMiddleware(lambda _request: HttpResponse())(RequestFactory().get("/"))


def test_an_installation_has_no_account(database):
    assert User.objects.count() == 0


def test_a_user_without_a_password_cannot_sign_in(database):
    User.objects.create(username="ann", display_name="安")
    assert authenticate(username="ann", password="") is None


def test_a_password_is_stored_by_scrypt(database):
    user = User(username="ann", display_name="安")
    user.set_password("一个足够长的口令短语啊啊")
    user.save()
    assert user.password.startswith("scrypt$")
    assert authenticate(username="ann", password="一个足够长的口令短语啊啊") == user
    assert authenticate(username="ann", password="一个足够长的口令短语啊") is None


def test_a_short_password_is_refused():
    from django.contrib.auth.password_validation import validate_password

    with pytest.raises(ValidationError):
        validate_password("Xy3$kq9")


def test_a_reporter_belongs_to_an_organisation(database):
    user = User.objects.create(username="bob", display_name="博")
    with pytest.raises(IntegrityError), transaction.atomic():
        Post.objects.create(user=user, role="reporter", from_at=user.created_at)


def test_organisations_are_stored_once_and_brought_up_to_date(database):
    renamed = OrganisationFacts(_TAX.uscc, "国家税务总局示例省税务局", "990100", Level.CITY, "tax")
    assert store_organisations([_TAX]) == 1
    assert store_organisations([_TAX, renamed]) == 1
    assert organisations() == [renamed]
    assert organisation(_TAX.uscc) == renamed
    assert organisation("91350100M000100Y43") is None
    assert store_organisations([]) == 0
    assert organisations() == [renamed]
