"""Sessions: how long they last to the second, and what ends them before."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
from django.contrib.sessions.models import Session
from django.utils import timezone

from xinshu.security.domain import ADMINISTRATORS, Role
from xinshu.security.identity import sessions
from xinshu.security.identity.accounts import renew_password, switch_account
from xinshu.security.identity.changes import Proposal, decide_change, propose
from xinshu.security.identity.sessions import SessionRules, end_all, verdict
from xinshu.security.models import SignedSession
from xinshu.security.services import reset_password, set_active

IDLE, ADMIN_IDLE, ABSOLUTE = timedelta(minutes=30), timedelta(minutes=15), timedelta(hours=12)
RULES = SessionRules(IDLE, ADMIN_IDLE, ABSOLUTE)
SECOND = timedelta(seconds=1)


@pytest.mark.parametrize("late", [-SECOND, timedelta(0), SECOND])
@pytest.mark.parametrize(
    ("roles", "age", "rest", "why"),
    [
        pytest.param({Role.QUERY_OFFICER}, IDLE, IDLE, "idle", id="staff at rest"),
        pytest.param(set(), IDLE, IDLE, "idle", id="nobody's posts at rest"),
        *(
            pytest.param({each}, ADMIN_IDLE, ADMIN_IDLE, "idle", id=f"{each} at rest")
            for each in sorted(ADMINISTRATORS)
        ),
        pytest.param({Role.QUERY_OFFICER}, ABSOLUTE, timedelta(0), "absolute", id="staff at work"),
        pytest.param({Role.SECURITY_ADMIN}, ABSOLUTE, timedelta(0), "absolute", id="administrator at work"),
    ],
)
def test_a_session_ends_after_the_last_second_of_its_limit(now, roles, age, rest, why, late):
    seen = now - rest - (late if rest else timedelta(0))
    found = verdict(now - age - late, seen, frozenset(roles), RULES, now)
    assert found == (why if late > timedelta(0) else None)


@pytest.fixture
def clock(monkeypatch):
    """Let time pass for the sessions."""
    passed = [timedelta(0)]
    monkeypatch.setattr(sessions, "timezone", SimpleNamespace(now=lambda: timezone.now() + passed[0]))

    def wait(how_long: timedelta) -> None:
        passed[0] += how_long

    return wait


def _in(client) -> bool:
    return client.get("/c/account").status_code == 200


@pytest.mark.parametrize(
    ("role", "limit"),
    [pytest.param(Role.OPERATOR, IDLE, id="staff"), pytest.param(Role.AUDIT_ADMIN, ADMIN_IDLE, id="administrator")],
)
def test_a_browser_at_rest_is_out_after_the_limit_and_its_cookie_is_dead(make_user, browser_of, clock, role, limit):
    client = browser_of(make_user("jia", role))
    cookie = client.cookies["sessionid"].value
    for _ in range(2):
        clock(limit - timedelta(seconds=5))
        assert _in(client)  # each use begins the rest anew
    clock(limit + SECOND)
    assert not _in(client)
    assert not Session.objects.filter(session_key=cookie).exists()
    assert SignedSession.objects.get().end_reason == "idle"
    client.cookies["sessionid"] = cookie
    assert not _in(client)


def test_a_page_that_asks_by_itself_keeps_no_session_alive(make_user, browser_of, clock):
    client = browser_of(make_user("jia", Role.REPORTER))
    clock(IDLE - timedelta(seconds=20))
    assert client.get("/c/tray").status_code == 200
    clock(timedelta(seconds=21))
    assert client.get("/c/tray").status_code == 302


def test_a_session_in_use_ends_after_twelve_hours(make_user, browser_of, clock):
    client = browser_of(make_user("jia", Role.OPERATOR))
    for _ in range(47):
        clock(timedelta(minutes=15))
        assert _in(client)
    clock(timedelta(minutes=15, seconds=1))
    assert not _in(client)
    assert SignedSession.objects.get().end_reason == "absolute"


def test_an_administrator_has_one_session_and_others_may_have_more(make_user, browser_of):
    officer, admin = make_user("jia", Role.QUERY_OFFICER), make_user("yi", Role.SYSTEM_ADMIN)
    first, second = browser_of(officer), browser_of(officer)
    assert _in(first)
    assert _in(second)
    first, second = browser_of(admin), browser_of(admin)
    assert not _in(first)
    assert _in(second)


@pytest.mark.parametrize(
    "act",
    [
        pytest.param(lambda user, admin, now: reset_password(user.username), id="password by command"),
        pytest.param(lambda user, admin, now: set_active(user.username, active=False), id="disabled by command"),
        pytest.param(lambda user, admin, now: renew_password(admin, user.pk, now), id="password by an administrator"),
        pytest.param(
            lambda user, admin, now: switch_account(admin, user.pk, now, active=False),
            id="disabled by an administrator",
        ),
    ],
)
def test_a_new_password_or_disabling_is_felt_on_the_next_request(make_user, browser_of, as_actor, now, act):
    user, admin = make_user("jia", Role.OPERATOR), make_user("yi", Role.SYSTEM_ADMIN)
    client = browser_of(user)
    assert _in(client)
    act(user, as_actor(admin), now)
    assert not _in(client)


def test_a_post_taken_away_is_felt_on_the_next_request(make_user, browser_of, as_actor, now):
    user = make_user("jia", Role.QUERY_OFFICER)
    one, other = make_user("yi", Role.SYSTEM_ADMIN), make_user("bing", Role.SECURITY_ADMIN)
    client = browser_of(user)
    assert client.get("/c/query").status_code == 200
    change = propose(as_actor(one), Proposal(user=user.pk, role=Role.QUERY_OFFICER, give=False, reason="调离"), now)
    assert client.get("/c/query").status_code == 200
    decide_change(as_actor(other), change.pk, change.version, now, approve=True)
    assert client.get("/c/query").status_code == 302
    assert SignedSession.objects.get().end_reason == "posts"


def test_a_step_up_gives_the_session_another_key_and_the_old_one_opens_nothing(make_user, browser_of, monkeypatch):
    client = browser_of(make_user("jia", Role.OPERATOR))
    old = client.cookies["sessionid"].value
    monkeypatch.setattr("xinshu.web.console.own_account.accept_code", lambda *_: SimpleNamespace(type="totp"))
    assert client.post("/c/step-up", {"code": "123456", "next": "/c/account"}).status_code == 302
    assert client.cookies["sessionid"].value != old
    assert _in(client)
    client.cookies["sessionid"] = old
    assert not _in(client)


def test_ending_all_but_one_leaves_that_one(make_user, browser_of, now):
    user = make_user("jia", Role.OPERATOR)
    first, second = browser_of(user), browser_of(user)
    keep = SignedSession.objects.get(session_key=second.cookies["sessionid"].value)
    assert end_all(user, sessions.End.BY_USER, now, but=keep.name) == 1
    assert not _in(first)
    assert _in(second)


def test_nobody_ends_anothers_session(make_user, browser_of):
    mine, other = browser_of(make_user("jia", Role.OPERATOR)), make_user("yi", Role.OPERATOR)
    theirs = browser_of(other)
    name = SignedSession.objects.get(user=other).name
    assert mine.post(f"/c/account/sessions/{name}/end").status_code == 404
    assert mine.post("/c/account/sessions/0123456789abcdef/end").status_code == 404
    assert _in(theirs)
