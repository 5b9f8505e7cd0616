"""Staff sign in with two factors: the password alone opens nothing, a code works once."""

from __future__ import annotations

from django.test import Client
from django.utils import timezone

from xinshu.security.domain import Role
from xinshu.security.identity.accounts import make_demo_account
from xinshu.security.identity.factors import code_at, keep_totp, new_secret, step_of
from xinshu.security.models import User


def test_staff_needs_the_second_factor_and_a_code_works_once(site, world):
    made = make_demo_account(
        "chaxun", display_name="甲某", organisation=world.source, role=Role.SECURITY_ADMIN, now=timezone.now()
    )
    secret = new_secret()
    keep_totp(User.objects.get(username="chaxun"), secret)
    current = step_of(timezone.now())
    for code, status in ((code_at(secret, current - 3), 422), (code_at(secret, current), 302)):
        client = Client(headers={"host": "127.0.0.1"})
        answer = client.post("/login", {"login": "chaxun", "password": made.password})
        assert answer["Location"] == "/login/code"
        assert client.get("/c/iam").status_code == 302
        assert client.get("/login/code").status_code == 200
        assert client.post("/login/code", {"code": code}).status_code == status
    assert client.get("/c/iam").status_code == 200
    assert client.get("/c/account").status_code == 200
    again = Client(headers={"host": "127.0.0.1"})
    again.post("/login", {"login": "chaxun", "password": made.password})
    assert again.post("/login/code", {"code": code_at(secret, current)}).status_code == 422
