"""Requests of one address are limited; others, health pages and the machine itself are not held up by them."""

from __future__ import annotations

import threading
from collections import Counter

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory, override_settings

from xinshu.project import rate
from xinshu.project.gateway import settings as gateway_settings
from xinshu.project.gateway.rate import GatewayRateMiddleware
from xinshu.project.rate import Buckets, RateMiddleware, counted_as


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_worth_at_once_and_then_evenly():
    clock = Clock()
    buckets = Buckets(60, clock)
    assert [buckets.wait("a") for _ in range(60)] == [0.0] * 60
    assert buckets.wait("a") == pytest.approx(1.0)
    assert buckets.wait("b") == 0.0
    clock.now = 0.99
    assert buckets.wait("a") > 0
    clock.now = 1.0
    assert buckets.wait("a") == 0.0
    assert buckets.wait("a") > 0
    clock.now = 1000.0
    assert [buckets.wait("a") for _ in range(61)].count(0.0) == 60


def test_threads_share_one_budget():
    buckets, let = Buckets(100, Clock()), Counter()

    def ask() -> None:
        for _ in range(50):
            let[buckets.wait("a") == 0.0] += 1

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert let == {True: 100, False: 300}


@pytest.mark.parametrize("step", [0, 1])
def test_addresses_without_end_do_not_fill_the_memory(monkeypatch, step):
    monkeypatch.setattr(rate, "_MOST_KEPT", 100)
    clock = Clock()
    buckets = Buckets(60, clock)
    for number in range(1000):
        clock.now += step
        buckets.wait(f"a{number}")
    assert len(buckets._left) <= 100


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("", ""),
        ("unix", ""),
    ],
)
def test_what_an_address_is_counted_as(address, name):
    assert counted_as(address) == name


@pytest.mark.parametrize("kind", [RateMiddleware, GatewayRateMiddleware])
def test_over_five_times_the_limit_only_the_flood_is_told_to_wait(settings_with, kind):
    ask = RequestFactory()
    with override_settings(XINSHU=settings_with(requests_per_minute=60)):
        middleware = kind(lambda _request: HttpResponse("ok"))
    flood = [middleware(ask.get("/search", REMOTE_ADDR="203.0.113.9")) for _ in range(300)]
    assert 60 <= [each.status_code for each in flood].count(200) <= 62
    assert {each.status_code for each in flood} == {200, 429}
    assert flood[-1]["Retry-After"] == "1"
    assert flood[-1]["Cache-Control"] == "no-store"
    for address, path in (("203.0.113.10", "/search"), ("203.0.113.9", "/healthz"), ("127.0.0.1", "/search")):
        assert all(middleware(ask.get(path, REMOTE_ADDR=address)).status_code == 200 for _ in range(60))


def test_a_program_is_told_as_a_problem_with_its_code(settings_with):
    limited = override_settings(
        ROOT_URLCONF=gateway_settings.ROOT_URLCONF,
        MIDDLEWARE=gateway_settings.MIDDLEWARE,
        XINSHU=settings_with(requests_per_minute=2),
    )
    with limited:
        client = Client(headers={"host": "127.0.0.1"}, REMOTE_ADDR="203.0.113.9")
        answers = [client.get("/api/v1/nothing") for _ in range(3)]
    assert [each.status_code for each in answers] == [404, 404, 429]
    assert answers[-1].json()["code"] == "gateway.too_many"
    assert int(answers[-1]["Retry-After"]) > 0
    assert "default-src 'self'" in answers[-1]["Content-Security-Policy"]


def test_no_limit_when_it_is_switched_off(settings_with):
    with override_settings(XINSHU=settings_with(requests_per_minute=0)):
        middleware = RateMiddleware(lambda _request: HttpResponse("ok"))
    asked = RequestFactory().get("/", REMOTE_ADDR="203.0.113.9")
    assert all(middleware(asked).status_code == 200 for _ in range(1000))
