"""The two roles of the database: who the program is, what it may, and how the roles come to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
from django.db import ProgrammingError, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import sql

from xinshu.security.roles import APP_ROLE, LOADER_ROLE, RolesMissing, RoleTooStrong, ensure_roles


@pytest.fixture
def make_names(database: object) -> Iterator[Callable[[], str]]:
    """Names of roles and logins that are dropped after the test."""
    made: list[str] = []

    def make() -> str:
        made.append(f"xinshu_test_{uuid4().hex[:12]}")
        return made[-1]

    yield make
    with connections["owner"].cursor() as cursor:
        for name in reversed(made):
            cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name])
            if cursor.fetchone():
                cursor.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(name)).as_string(None))


@pytest.fixture
def new_connection(make_names: object) -> Iterator[Callable[[], BaseDatabaseWrapper]]:
    """Connections of the owner besides Django's own, usable from any thread."""
    made: list[BaseDatabaseWrapper] = []

    def make() -> BaseDatabaseWrapper:
        made.append(connections.create_connection("owner"))
        made[-1].inc_thread_sharing()
        return made[-1]

    yield make
    for connection in made:
        connection.close()


def _fetch(alias: str, statement: str) -> tuple[object, ...]:
    with connections[alias].cursor() as cursor:
        cursor.execute(statement)
        return cursor.fetchone()


@pytest.mark.parametrize(
    ("alias", "is_app"), [pytest.param("default", True, id="default"), pytest.param("owner", False, id="owner")]
)
def test_the_program_works_as_the_app_role_and_only_migrations_as_the_login(database, alias, is_app):
    current, session = _fetch(alias, "SELECT current_user, session_user")
    assert (current == APP_ROLE) is is_app
    assert session != APP_ROLE


def test_neither_role_can_log_in_or_stands_above_row_level_security(database):
    for role in (APP_ROLE, LOADER_ROLE):
        found = _fetch(
            "owner", f"SELECT rolcanlogin, rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = '{role}'"
        )
        assert found == (False, False, False, False)


def test_the_app_role_owns_nothing(database):
    assert _fetch("owner", f"SELECT count(*) FROM pg_class WHERE relowner = '{APP_ROLE}'::regrole") == (0,)


def test_the_app_role_reads_and_writes_tables_made_before_and_after_the_roles(database):
    with connections["owner"].cursor() as cursor:
        cursor.execute("CREATE TABLE later (id bigserial PRIMARY KEY)")
    with connections["default"].cursor() as cursor:
        for table in ("later", "django_session", "django_content_type", "procrastinate_jobs", "security_user"):
            cursor.execute(f"SELECT has_table_privilege('{table}', 'SELECT, INSERT, UPDATE, DELETE')")
            assert cursor.fetchone() == (True,), table
        cursor.execute("INSERT INTO later DEFAULT VALUES RETURNING id")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param("CREATE TABLE mine (id int)", id="make a table"),
        pytest.param("DROP TABLE security_user", id="drop a table"),
        pytest.param("ALTER TABLE security_user DISABLE ROW LEVEL SECURITY", id="switch off a policy"),
        pytest.param("DELETE FROM django_migrations", id="forget a migration"),
        pytest.param("TRUNCATE django_session", id="truncate"),
    ],
)
def test_the_app_role_cannot_change_the_schema(database, statement):
    with pytest.raises(ProgrammingError), transaction.atomic(), connections["default"].cursor() as cursor:
        cursor.execute(statement)


def test_the_loader_role_has_no_right_yet(database):
    assert _fetch("owner", f"SELECT has_table_privilege('{LOADER_ROLE}', 'security_user', 'SELECT')") == (False,)


def test_making_the_roles_again_changes_nothing(make_names):
    names = [make_names(), make_names()]
    ensure_roles(connections["owner"], names)
    ensure_roles(connections["owner"], names)
    assert _fetch("owner", f"SELECT count(*) FROM pg_roles WHERE rolname = ANY(ARRAY{names})") == (2,)


def _become_new_login(connection: BaseDatabaseWrapper, login: str, rights: str) -> None:
    """From now on the connection's session_user is a login of these rights, made for the test."""
    with connections["owner"].cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = session_user")
        if cursor.fetchone() != (True,):
            pytest.skip("only a superuser can play another login; the embedded server's login is one")
        cursor.execute(f"CREATE ROLE {login} LOGIN {rights}")
    _play(connection, login)


def _play(connection: BaseDatabaseWrapper, login: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET SESSION AUTHORIZATION {login}")


def test_two_installations_on_one_server_may_make_the_roles_at_the_same_moment(make_names, new_connection):
    names = [make_names() for _ in range(4)]
    login = make_names()
    several = [new_connection() for _ in range(4)]
    _become_new_login(several[0], login, "CREATEROLE")
    for connection in several[1:]:
        _play(connection, login)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda connection: ensure_roles(connection, names), several))
    for name in names:
        assert _fetch("owner", f"SELECT pg_has_role('{login}', '{name}', 'MEMBER')") == (True,)


def test_a_login_that_may_make_roles_can_work_as_them(make_names, new_connection):
    login, role = make_names(), make_names()
    connection = new_connection()
    _become_new_login(connection, login, "CREATEROLE")
    ensure_roles(connection, [role])
    with connection.cursor() as cursor:
        cursor.execute(f"SET ROLE {role}")
        cursor.execute("SELECT current_user, session_user")
        assert cursor.fetchone() == (role, login)


@pytest.mark.parametrize("there", [pytest.param(False, id="roles missing"), pytest.param(True, id="roles not granted")])
def test_a_login_without_the_right_is_told_what_to_run(make_names, new_connection, there):
    login, role = make_names(), make_names()
    if there:
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"CREATE ROLE {role} NOLOGIN")
    connection = new_connection()
    _become_new_login(connection, login, "")
    with pytest.raises(RolesMissing) as caught:
        ensure_roles(connection, [role])
    assert login in caught.value.message
    assert f"CREATE ROLE {role} NOLOGIN;" in caught.value.fix
    assert f'GRANT {role} TO "{login}";' in caught.value.fix


@pytest.mark.parametrize("right", ["SUPERUSER", "BYPASSRLS"])
def test_a_role_that_would_defeat_row_level_security_is_refused(make_names, new_connection, right):
    login, role = make_names(), make_names()
    _become_new_login(new_connection(), login, "")  # skips where roles cannot be made this strong
    with connections["owner"].cursor() as cursor:
        cursor.execute(f"CREATE ROLE {role} NOLOGIN {right}")
    with pytest.raises(RoleTooStrong, match=role):
        ensure_roles(connections["owner"], [role])
