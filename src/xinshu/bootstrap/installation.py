"""An installation: its database server for as long as it is needed, Django, its tables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import django
import psycopg
from django.apps import apps
from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from xinshu.bootstrap.errors import DatabaseTooOld, DatabaseUnreachable, NotInitialised
from xinshu.kernel import embedded
from xinshu.kernel.settings import Settings
from xinshu.project.databases import OWNER_ALIAS, databases
from xinshu.project.environment import name_django_settings

_OLDEST_SERVER = 150000
_MIGRATION_LOCK = 0x58_49_4E_53_48_55  # "XINSHU": one migration of a database at a time


@contextlib.contextmanager
def open_installation(settings: Settings) -> Iterator[None]:
    """Have the database server at hand for the block: starts the embedded one, or checks the one given.

    Raises:
        SettingInvalid, EmbeddedDatabaseFailed, DatabaseUnreachable, DatabaseTooOld: each says which setting to look at.
    """
    databases(settings)  # refuses a URL that leads nowhere
    with contextlib.ExitStack() as stack:
        conninfo = settings.database_url
        if not conninfo:
            server = stack.enter_context(embedded.running(embedded.locate(settings)))
            conninfo = server.conninfo()
        _check_server(conninfo)
        stack.callback(_close_connections)  # before the embedded server stops
        yield


def django_ready() -> None:
    """Set Django up in this process; again is free. Needs no database. Raises SettingInvalid."""
    if not apps.ready:
        name_django_settings()
        django.setup()


def migrate() -> None:
    """Create or upgrade the tables as the owner. Two processes at once: one waits, then finds nothing to do.

    Raises:
        RolesMissing, RoleTooStrong: see `xinshu.security.roles`.
    """
    django_ready()
    lock = connections.create_connection(OWNER_ALIAS)
    try:
        with lock.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [_MIGRATION_LOCK])
            call_command("migrate", database=OWNER_ALIAS, interactive=False, verbosity=0)
    finally:
        lock.close()
        connections[OWNER_ALIAS].close()


def require_migrated() -> None:
    """Raise NotInitialised unless every migration of this version has been applied."""
    django_ready()
    executor = MigrationExecutor(connections[OWNER_ALIAS])
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    connections[OWNER_ALIAS].close()
    if waiting:
        raise NotInitialised(f"数据库尚未初始化或需要升级（有 {len(waiting)} 步未执行）", fix="先执行 xinshu init")


def _check_server(conninfo: str) -> None:
    try:
        with psycopg.connect(conninfo, connect_timeout=10) as connection:
            version = connection.info.server_version
    except psycopg.Error as problem:
        reason = str(problem).strip().splitlines()[-1]
        raise DatabaseUnreachable(
            f"不能连接数据库：{reason}",
            fix="检查 DATABASE_URL 的主机、端口、用户名、密码和数据库名；删去 DATABASE_URL 则使用内置数据库",
        ) from None
    if version < _OLDEST_SERVER:
        raise DatabaseTooOld(
            f"数据库是 PostgreSQL {version // 10000}", fix="使用 PostgreSQL 15 以上，或删去 DATABASE_URL 使用内置数据库"
        )


def _close_connections() -> None:
    if apps.ready:
        connections.close_all()
