"""Signing in and out: in our words, the same answer for every wrong pair, locked after five."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from xinshu.security.services import reset_password, set_active

WRONG = "用户名或口令不正确"


@pytest.fixture
def client(site):
    return Client(headers={"host": "127.0.0.1"})


def _enter(client, name="liu", password="wrong", **more):
    return client.post("/login", {"login": name, "password": password, **more})


def test_a_stranger_is_asked_to_sign_in_and_comes_back(client, reporter):
    answer = client.get("/c/submit?page=2")
    assert (answer.status_code, answer["Location"]) == (302, "/login?next=/c/submit%3Fpage%3D2")
    page = client.get(answer["Location"]).content.decode()
    assert "登录工作台" in page
    assert 'name="next" value="/c/submit?page=2"' in page
    back = _enter(client, password=reporter.password, next="/c/submit?page=2")
    assert (back.status_code, back["Location"]) == (302, "/c/submit?page=2")


def test_signing_in_leads_to_the_form_and_out_to_the_website(client, reporter):
    answer = _enter(client, password=reporter.password)
    assert (answer.status_code, answer["Location"]) == (302, "/c")
    assert client.get("/c")["Location"] == "/c/submit"
    assert answer.cookies["sessionid"]["httponly"]
    assert answer.cookies["sessionid"]["samesite"] == "Lax"
    assert answer.cookies["sessionid"]["max-age"] == ""  # it ends with the browser
    assert client.get("/c/submit").status_code == 200
    out = client.post("/logout")
    assert (out.status_code, out["Clear-Site-Data"]) == (302, '"cache", "storage"')
    assert client.get("/c/submit").status_code == 302


def test_signing_out_takes_a_form_of_ours(browser):
    assert browser.get("/logout").status_code == 405
    assert browser.get("/c/submit").status_code == 200


def test_the_session_is_another_after_signing_in(client, reporter):
    client.get("/login")
    client.cookies["sessionid"] = "a" * 32
    _enter(client, password=reporter.password)
    assert client.cookies["sessionid"].value != "a" * 32


def test_another_site_is_no_place_to_go_to_after_signing_in(client, reporter):
    answer = _enter(client, password=reporter.password, next="https://evil.example/")
    assert answer["Location"] == "/c"


@pytest.mark.parametrize("name", [pytest.param("liu", id="known"), pytest.param("nobody", id="unknown")])
def test_a_wrong_pair_has_one_answer(client, reporter, name):
    answer = _enter(client, name)
    assert answer.status_code == 422
    assert WRONG in answer.content.decode()
    assert "sessionid" not in answer.cookies


def test_a_disabled_account_is_answered_like_a_wrong_password(client, reporter):
    set_active("liu", active=False)
    answer = _enter(client, password=reporter.password)
    assert (answer.status_code, WRONG in answer.content.decode()) == (422, True)


def test_disabling_or_a_new_password_is_felt_on_the_next_request(sign_in, reporter):
    browser = sign_in(reporter)
    set_active("liu", active=False)
    assert browser.get("/c/submit").status_code == 302
    set_active("liu", active=True)
    browser = sign_in(reporter)
    reset_password("liu")
    assert browser.get("/c/submit").status_code == 302


def test_after_five_wrong_ones_the_right_one_is_refused_under_every_host_name(client, reporter):
    for _ in range(5):
        assert WRONG in _enter(client).content.decode()
    assert "30 分钟" in _enter(client, password=reporter.password).content.decode()
    elsewhere = Client(headers={"host": "localhost"})
    assert "已锁定" in _enter(elsewhere, "LIU", reporter.password).content.decode()
    cache.clear()
    assert _enter(client, password=reporter.password).status_code == 302


def test_a_right_one_between_does_not_buy_more_guesses(client, reporter):
    for _ in range(4):
        _enter(client)
    assert _enter(client, password=reporter.password).status_code == 302
    again = Client(headers={"host": "127.0.0.1"})
    _enter(again)
    assert "已锁定" in _enter(again, password=reporter.password).content.decode()


def test_one_source_may_not_try_many_accounts(client, reporter):
    for number in range(20):
        _enter(client, f"user{number}")
    assert "已锁定" in _enter(client, password=reporter.password).content.decode()


def test_a_flood_of_requests_is_told_to_wait(client):
    for _ in range(60):
        client.post("/login")
    answer = client.post("/login")
    assert (answer.status_code, answer["Retry-After"]) == (429, "60")
    assert "1 分钟" in answer.content.decode()


@pytest.mark.parametrize("path", ["/signup", "/accounts/signup/", "/password/reset/", "/email/"])
def test_there_is_no_other_way_in(client, path):
    assert client.get(path).status_code == 404


def test_a_form_without_our_token_changes_nothing(site, reporter):
    client = Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1"})
    answer = _enter(client, password=reporter.password)
    assert answer.status_code == 403
    assert "页面已过期" in answer.content.decode()


def test_part_of_a_page_sends_the_whole_page_to_sign_in(client):
    answer = client.get(
        "/c/tray", headers={"hx-request": "true", "hx-current-url": "http://127.0.0.1/c/submit/PL-20261122-0001"}
    )
    assert answer.status_code == 401
    assert answer["HX-Redirect"] == "/login?next=/c/submit/PL-20261122-0001"
