"""`xinshu account bootstrap` and `idle`, and the staff of the demo province."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connections
from django.test import Client

from xinshu.bootstrap.tasks import disable_idle_daily
from xinshu.cli import demo_staff
from xinshu.cli.app import run
from xinshu.security.audit.models import Entry
from xinshu.security.domain import Level, OrganisationFacts, Role
from xinshu.security.identity.factors import code_at, step_of
from xinshu.security.models import Post, User
from xinshu.security.rowsecurity import RoleUnsafe, require_safe_role
from xinshu.security.services import store_organisations

UNIT = "119900000000000275"


@pytest.fixture
def command(database, capsys):
    """Run `xinshu …`; its exit code, what it says and what it complains about."""
    store_organisations(
        [
            OrganisationFacts(UNIT, "示例省公共信用信息中心", "990000", Level.PROVINCE, "credit-centre"),
            OrganisationFacts("11990000000000051M", "示例省政务服务管理办公室", "990000", Level.PROVINCE, "approval"),
        ]
    )

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(arguments)
        told = capsys.readouterr()
        return code, told.out, told.err

    return call


@pytest.fixture
def bootstrap(command):
    def call(name: str = "anquan", role: str = "security_admin", unit: str = UNIT):
        return command("account", "bootstrap", name, "--organisation", unit, "--role", role, "--json")

    return call


def _browser() -> Client:
    return Client(headers={"host": "127.0.0.1"})


def test_a_new_installation_has_nobody_who_can_sign_in(database):
    assert not User.objects.exists()


def test_the_first_administrator_sets_up_a_second_factor_and_another_password(bootstrap):
    code, said, _ = bootstrap()
    assert code == 0
    password = json.loads(said)["password"]
    client = _browser()
    answer = client.post("/login", {"login": "anquan", "password": password})
    assert answer["Location"] == "/login/factor"
    assert client.get("/c/iam").status_code == 302
    client.get("/login/factor")
    secret = client.session["xinshu.totp"]
    assert client.post("/login/factor", {"code": "000000"}).status_code in {200, 422}
    shown = client.post("/login/factor", {"code": code_at(secret, step_of(datetime.now(UTC)))})
    assert "恢复码" in shown.content.decode()
    assert client.get("/c/iam").status_code == 302
    assert client.post("/login/factor")["Location"] == "/login/password"
    assert client.get("/c/iam").status_code == 302
    refused = client.post("/login/password", {"new": password, "again": password})
    assert refused.status_code == 422
    new = "Nei-Ku-Zhang-7712"
    assert client.post("/login/password", {"new": new, "again": new}).status_code == 302
    assert client.get("/c/iam").status_code == 200
    assert Entry.objects.filter(action="identity.sign_in", outcome="done").count() == 1


def test_each_kind_of_administrator_is_made_on_the_machine_once(bootstrap):
    for role in ("system_admin", "security_admin", "audit_admin"):
        assert bootstrap(f"first{role[:3]}", role)[0] == 0
        code, said, _ = bootstrap(f"second{role[:3]}", role)
        assert (code, json.loads(said)["error"]["code"]) == (2, "identity.already_bootstrapped")
    Post.objects.update(to_at=datetime(2100, 1, 1, tzinfo=UTC))
    assert bootstrap("third", "audit_admin")[0] == 2
    assert User.objects.count() == 3


@pytest.mark.parametrize("role", ["operator", "query_officer", "root"])
def test_no_other_post_is_given_on_the_machine(bootstrap, role):
    code, said, _ = bootstrap("jia", role)
    assert (code, json.loads(said)["error"]["code"]) == (2, "cli.usage")
    assert not User.objects.exists()


def test_an_unknown_organisation_makes_nobody(bootstrap):
    assert bootstrap(unit="91350100M000100Y43")[0] == 2
    assert not User.objects.exists()


@pytest.mark.parametrize(("days", "gone"), [(90, []), (91, ["jia"])])
def test_an_account_nobody_used_for_ninety_days_is_disabled_on_the_next_day(command, bootstrap, days, gone):
    bootstrap()
    moment = datetime.now(UTC)
    long_ago = moment - timedelta(days=365)
    user = User.objects.create(
        username="jia",
        display_name="甲某",
        organisation_id=UNIT,
        created_at=long_ago,
        last_login=moment - timedelta(days=days) + timedelta(minutes=5),
    )
    User.objects.filter(username="anquan").update(created_at=long_ago, last_login=None)
    assert json.loads(command("account", "idle", "--json")[1])["disabled"] == gone
    user.refresh_from_db()
    assert user.is_active is not bool(gone)
    assert User.objects.get(username="anquan").is_active  # the last security administrator stays
    kinds = [each.detail for each in Entry.objects.filter(action="identity.account")]
    assert sum("idle" in each for each in kinds) == len(gone)


def test_the_worker_disables_idle_accounts_by_itself(command):
    long_ago = datetime.now(UTC) - timedelta(days=92)
    User.objects.create(username="jia", display_name="甲某", organisation_id=UNIT, created_at=long_ago)
    disable_idle_daily(timestamp=0)
    assert not User.objects.get().is_active


def test_the_demo_has_an_account_for_each_duty_and_tells_its_secrets_once(command, capsys):
    made, there = demo_staff.make(datetime.now(UTC))
    assert there == []
    assert {role for each in made for role in each.made.account.roles} == set(Role) - {Role.REPORTER, Role.ENTERPRISE}
    for each in made:
        client = _browser()
        entered = client.post("/login", {"login": each.made.account.username, "password": each.made.password})
        assert entered["Location"] == "/login/code"
        _, said, _ = command("demo", "code", each.secret)
        assert client.post("/login/code", {"code": said.strip()}).status_code == 302
        assert client.get("/c/account").status_code == 200
    again, there = demo_staff.make(datetime.now(UTC))
    assert (again, len(there)) == ([], len(made))


def test_a_role_that_owns_a_table_or_stands_above_row_security_does_not_start(database, owner_sql):
    require_safe_role()
    owner_sql(
        "CREATE TABLE own (id int)",
        "GRANT CREATE ON SCHEMA public TO xinshu_app",
        "ALTER TABLE own OWNER TO xinshu_app",
    )
    with pytest.raises(RoleUnsafe, match="xinshu_app 是表的所有者"):
        require_safe_role()
    assert _browser().get("/readyz").status_code == 503
    owner_sql("DROP TABLE own", "REVOKE CREATE ON SCHEMA public FROM xinshu_app")
    require_safe_role()
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        [above] = cursor.fetchone()  # the embedded server's login is; one of a server of your own need not be
    with pytest.raises(RoleUnsafe, match="可绕过行级安全" if above else "是表的所有者"):
        require_safe_role("owner")


@pytest.fixture
def owner_sql():
    def run_all(*statements: str) -> None:
        with connections["owner"].cursor() as cursor:
            for each in statements:
                cursor.execute(each)

    return run_all
