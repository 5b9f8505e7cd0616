"""Row-level security in the database, behind the policy: what a query may see is in the transaction's context.

A room whose table holds subject data that are not public puts `protect(table, unit=…, person=…)` into the migration that
makes it, and reads inside `with row_context(…)`. Without a context the application role sees and changes no row; FORCE
holds for a table's owner too, if he is no superuser. The context ends with its transaction.
Source: security.md section 3; docs/decisions/0001.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from xinshu.kernel.errors import XinshuError
from xinshu.security.roles import APP_ROLE

_SETTINGS = ("xinshu.unit", "xinshu.person", "xinshu.rows")

FUNCTIONS = """
CREATE FUNCTION xinshu_unit() RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT coalesce(current_setting('xinshu.unit', true), '') $$;
CREATE FUNCTION xinshu_person() RETURNS text LANGUAGE sql STABLE AS
    $$ SELECT coalesce(current_setting('xinshu.person', true), '') $$;
CREATE FUNCTION xinshu_all_rows() RETURNS boolean LANGUAGE sql STABLE AS
    $$ SELECT coalesce(current_setting('xinshu.rows', true), '') = 'all' $$;
"""
UNDO_FUNCTIONS = "DROP FUNCTION xinshu_unit(), xinshu_person(), xinshu_all_rows();"


class RoleUnsafe(XinshuError):
    """The role the program works as owns tables or stands above row-level security; the program does not start."""

    code = "database.role_unsafe"


def protect(table: str, *, unit: str = "", person: str = "") -> str:
    """The SQL that puts a table under row-level security, also for its owner.

    Args:
        unit: an SQL expression over a row: the code of the unit or firm it belongs to.
        person: the same: the person (text) it belongs to. At least one is named.
    """
    owned = [
        f"{mine}() <> '' AND ({row}) = {mine}()"
        for row, mine in ((unit, "xinshu_unit"), (person, "xinshu_person"))
        if row
    ]
    if not owned:
        raise ValueError("name a unit or a person")
    may = " OR ".join(["xinshu_all_rows()", *(f"({each})" for each in owned)])
    return (
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY; ALTER TABLE {table} FORCE ROW LEVEL SECURITY;"
        f" CREATE POLICY {table}_rows ON {table} FOR ALL TO {APP_ROLE} USING ({may}) WITH CHECK ({may});"
    )


@contextmanager
def row_context(*, unit: str = "", person: str = "", every_row: bool = False, using: str = "default") -> Iterator[None]:
    """For the block, in the transaction under way, what rows may be seen: those of the unit, of the person.

    `every_row`: for upkeep by the program and for services that have judged by the policy themselves.

    Raises:
        RuntimeError: outside a transaction; the context would not end.
    """
    connection = connections[using]
    if not connection.in_atomic_block:
        raise RuntimeError("a context of rows belongs to a transaction")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"current_setting('{each}', true)" for each in _SETTINGS))
        before = [each or "" for each in cursor.fetchone()]
    _set(connection, [unit, person, "all" if every_row else ""])
    yield
    _set(connection, before)  # after an error the transaction takes it back


def require_safe_role(using: str = "default") -> None:
    """Raise RoleUnsafe unless the role the program works as owns no table and does not bypass row-level security."""
    with connections[using].cursor() as cursor:
        cursor.execute(
            "SELECT r.rolname, r.rolsuper OR r.rolbypassrls,"
            " EXISTS (SELECT FROM pg_class WHERE relowner = r.oid AND relkind IN ('r', 'p'))"
            " FROM pg_roles r WHERE r.rolname = current_user"
        )
        name, above, owns = cursor.fetchone()
    if above or owns:
        raise RoleUnsafe(
            f"程序使用的数据库角色 {name} {'可绕过行级安全' if above else '是表的所有者'}",
            fix="由数据库管理员改用 xinshu_app 角色，并收回该角色的所有权和 SUPERUSER、BYPASSRLS 权限",
        )


def _set(connection: BaseDatabaseWrapper, values: list[str]) -> None:
    with connection.cursor() as cursor:
        calls = ", ".join(f"set_config('{each}', %s, true)" for each in _SETTINGS)
        cursor.execute(f"SELECT {calls}", values)
