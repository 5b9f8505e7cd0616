"""The database roles: made by the first migration, without login, taken by `SET ROLE` from the one login.

`xinshu_app` is what the program works as: row-level security applies to it, it owns no table. `xinshu_loader` writes
records in bulk; it gets its rights from the migrations of `records`. Roles belong to the whole server, so several
databases on one server share them, and two installations may make them at the same moment.
Source: docs/decisions/0001-set-role-on-one-login.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import DatabaseError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from xinshu.kernel.errors import XinshuError

APP_ROLE = "xinshu_app"
LOADER_ROLE = "xinshu_loader"
ROLES = (APP_ROLE, LOADER_ROLE)

_NOT_ALLOWED = "42501"
_ATTEMPTS = 20
# Somebody may do the same at the same moment: then it is there, or (internal error "tuple concurrently updated") will be.
_UNLESS_MEANWHILE = sql.SQL(
    "DO $$ BEGIN {}; EXCEPTION WHEN duplicate_object OR unique_violation OR internal_error"
    " THEN PERFORM pg_sleep(0.05); END $$"
)
_KIND_OF = {"r": "TABLE", "p": "TABLE", "v": "TABLE", "S": "SEQUENCE"}
_RIGHTS = {"TABLE": sql.SQL("SELECT, INSERT, UPDATE, DELETE"), "SEQUENCE": sql.SQL("USAGE, SELECT")}


class RolesMissing(XinshuError):
    """The login may neither create the database roles nor become them; the fix holds the statements to run."""

    code = "database.roles_missing"


class RoleTooStrong(XinshuError):
    """A role the program works as is a superuser or bypasses row-level security."""

    code = "database.role_too_strong"


def ensure_roles(connection: BaseDatabaseWrapper, roles: Sequence[str] = ROLES) -> None:
    """Create the roles that are missing and make the login a member. Run again it changes nothing.

    Raises:
        RolesMissing: the login has not the right; names it and the statements an administrator has to run.
        RoleTooStrong: a role of that name is a superuser or bypasses row-level security.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT session_user")
        (login,) = cursor.fetchone()
        try:
            for role in roles:
                _ensure(connection, cursor, role)
        except DatabaseError as problem:
            if getattr(problem.__cause__, "sqlstate", "") != _NOT_ALLOWED:
                raise
            raise _missing(login, roles) from problem


def _ensure(connection: BaseDatabaseWrapper, cursor: CursorWrapper, role: str) -> None:
    name = sql.Identifier(role)
    if not _exists(cursor, role):
        _run(cursor, _UNLESS_MEANWHILE.format(sql.SQL("CREATE ROLE {} NOLOGIN").format(name)))
    for _attempt in range(_ATTEMPTS):
        if _may_become(connection, cursor, role):
            break
        _run(cursor, _UNLESS_MEANWHILE.format(sql.SQL("GRANT {} TO SESSION_USER").format(name)))
    cursor.execute("SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = %s", [role])
    if cursor.fetchone() != (False,):
        raise RoleTooStrong(
            f"数据库角色 {role} 是超级用户或可绕过行级安全",
            fix=f"由数据库管理员执行 ALTER ROLE {role} NOSUPERUSER NOBYPASSRLS",
        )


def grant_ordinary_rights(connection: BaseDatabaseWrapper) -> None:
    """Let the app role read and write the login's tables in the current schema, those there and those to come.

    A room that wants less for a table of its own revokes it in the migration that makes the table.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_schema()")
        (name,) = cursor.fetchone()
        schema, app = sql.Identifier(name), sql.Identifier(APP_ROLE)
        for role in ROLES:
            cursor.execute("SELECT has_schema_privilege(%s, %s, 'USAGE')", [role, name])
            if cursor.fetchone() != (True,):
                _run(cursor, sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, sql.Identifier(role)))
        for kind, rights in _RIGHTS.items():
            _run(
                cursor,
                sql.SQL("ALTER DEFAULT PRIVILEGES IN SCHEMA {} GRANT {} ON {} TO {}").format(
                    schema, rights, sql.SQL(f"{kind}S"), app
                ),
            )
        cursor.execute(
            "SELECT relname, relkind::text FROM pg_class WHERE relnamespace = %s::regnamespace"
            " AND relkind = ANY(%s) AND relowner = current_user::regrole",
            [schema.as_string(None), list(_KIND_OF)],
        )
        for table, letter in cursor.fetchall():
            kind = _KIND_OF[letter]
            _run(
                cursor,
                sql.SQL("GRANT {} ON {} {}.{} TO {}").format(
                    _RIGHTS[kind], sql.SQL(kind), schema, sql.Identifier(table), app
                ),
            )
        _run(cursor, sql.SQL("REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {}").format(app))


def _exists(cursor: CursorWrapper, role: str) -> bool:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role])
    return cursor.fetchone() is not None


def _may_become(connection: BaseDatabaseWrapper, cursor: CursorWrapper, role: str) -> bool:
    """From version 16 on a member may be one without the right to SET ROLE; before, every member has it."""
    right = "SET" if int(getattr(connection, "pg_version", 0)) >= 160000 else "MEMBER"
    cursor.execute("SELECT pg_has_role(session_user, %s, %s)", [role, right])
    return bool(cursor.fetchone() == (True,))


def _missing(login: str, roles: Sequence[str]) -> RolesMissing:
    quoted = sql.Identifier(login).as_string(None)
    create = " ".join(f"CREATE ROLE {role} NOLOGIN;" for role in roles)
    return RolesMissing(
        f"数据库登录名 {quoted} 无权创建或使用数据库角色 {'、'.join(roles)}",
        fix=f"由数据库管理员执行：{create} GRANT {', '.join(roles)} TO {quoted}; 已有的角色跳过其 CREATE ROLE，然后重新执行",
    )


def _run(cursor: CursorWrapper, statement: sql.Composed) -> None:
    cursor.execute(statement.as_string(None))
