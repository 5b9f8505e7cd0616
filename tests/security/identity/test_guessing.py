"""Guessing: unknown users are answered alike, guesses from many places are slowed, nobody outside locks the last one out."""

from __future__ import annotations

import os
import re
import statistics
import time

import pytest
from django.core.cache import cache
from django.utils import timezone

from xinshu.security.audit.models import Entry
from xinshu.security.domain import Role
from xinshu.security.identity.passwords import change_password

PASSWORD = "Nei-Ku-Zhang-7712"
TRIES = int(os.environ.get("TRIES", "24"))  # 200 for the full run, docs/identity.md


@pytest.fixture
def staff(make_user):
    def make(name: str, role: Role = Role.OPERATOR, *, active: bool = True):
        user = make_user(name, role)
        change_password(user, PASSWORD, timezone.now())
        user.is_active = active
        user.save()
        return user

    return make


def _try(client, name: str, password: str = "wrong"):
    return client.post("/login", {"login": name, "password": password})


def _plain(answer, name: str) -> tuple[int, str, list[str]]:
    body = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", answer.content.decode()).replace(name, "")
    return answer.status_code, body, sorted(key for key in answer.headers if key != "X-Trace")


def test_unknown_disabled_and_known_users_are_answered_alike(staff, stranger):
    staff("jia")
    staff("yi", active=False)
    known, unknown = (_plain(_try(stranger(), name), name) for name in ("jia", "bing"))
    disabled = _plain(_try(stranger(), "yi", PASSWORD), "yi")
    assert known == unknown == disabled
    assert known[0] == 422


def test_the_time_of_the_answer_does_not_tell_who_is_known(staff, stranger):
    staff("jia")
    spent: dict[str, list[float]] = {"jia": [], "bing": []}
    client = stranger()
    for number in range(2 * TRIES):
        name = ("jia", "bing")[number % 2]
        cache.clear()
        begun = time.perf_counter()
        _try(client, name)
        spent[name].append(time.perf_counter() - begun)
    known, unknown = (statistics.median(each) for each in spent.values())
    noise = max(statistics.quantiles(each, n=4)[2] - statistics.quantiles(each, n=4)[0] for each in spent.values())
    assert abs(known - unknown) <= max(noise, 0.1 * known), (known, unknown, noise)


def test_guesses_from_many_places_lock_the_account(staff, stranger):
    staff("jia")
    for number in range(5):
        _try(stranger(address=f"192.0.2.{number}"), "jia")
    told = _try(stranger(address="198.51.100.1"), "jia", PASSWORD)
    assert "已锁定" in told.content.decode()
    assert list(Entry.objects.order_by("id").values_list("code", flat=True)) == ["identity.wrong_credentials"] * 5 + [
        "identity.locked"
    ]


def test_an_outsider_cannot_lock_out_the_last_security_administrator(staff, stranger):
    staff("anquan", Role.SECURITY_ADMIN)
    for number in range(15):
        _try(stranger(address=f"192.0.2.{number % 3}"), "anquan")
    assert "已锁定" in _try(stranger(address="192.0.2.1"), "anquan", PASSWORD).content.decode()
    told = _try(stranger(address="198.51.100.1"), "anquan", PASSWORD)
    assert (told.status_code, told["Location"]) == (302, "/login/factor")


def test_of_two_security_administrators_each_is_locked(staff, stranger):
    for name in ("anquan", "baomi"):
        staff(name, Role.SECURITY_ADMIN)
    for number in range(5):
        _try(stranger(address=f"192.0.2.{number}"), "anquan")
    assert "已锁定" in _try(stranger(address="198.51.100.1"), "anquan", PASSWORD).content.decode()


def test_what_was_typed_as_a_name_is_not_kept(staff, stranger):
    _try(stranger(), PASSWORD)
    assert not Entry.objects.filter(detail__contains=PASSWORD).exists()
